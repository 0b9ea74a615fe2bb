use cache_core::memoize;

#[memoize(share_error = "down")]
fn literal(n: u32) -> Result<u32, String> {
    Ok(n)
}

#[memoize(share_error = |key, error| format!("{key}: {error}"))]
fn of_two(n: u32) -> Result<u32, String> {
    Ok(n)
}

#[memoize(share_error = |error| format!("{n}: {error}"))]
fn sees_arguments(n: u32) -> Result<u32, String> {
    Ok(n)
}

#[memoize(share_error = |error| error.len())]
fn of_another_type(n: u32) -> Result<u32, String> {
    Ok(n)
}

fn main() {}
