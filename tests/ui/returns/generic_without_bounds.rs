use cache_core::memoize;

#[memoize]
fn made<T: Default>(n: u32) -> T {
    let _ = n;
    T::default()
}

#[memoize]
fn parsed<T>(text: &str) -> Result<Option<T>, T::Err>
where
    T: std::str::FromStr + Clone + Send,
{
    text.parse().map(Some)
}

fn main() {
    made::<u32>(1);
    let _ = parsed::<u32>("1");
}
