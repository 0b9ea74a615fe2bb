use cache_core::memoize;

#[memoize(on_error = |error| println!("{error}"))]
fn too_few(n: u32) -> Result<u32, String> {
    Ok(n)
}

#[memoize(on_error = |_key, error| println!("{error} {n}"))]
fn sees_arguments(n: u32) -> Result<u32, String> {
    Ok(n)
}

#[memoize(on_error = |_key, error: &u32| println!("{error}"))]
fn of_another_type(n: u32) -> Result<u32, String> {
    Ok(n)
}

fn main() {
    too_few(2).unwrap();
    sees_arguments(2).unwrap();
    of_another_type(2).unwrap();
}
