use cache_core::memoize;

#[memoize]
fn shout(name: impl AsRef<str>) -> String {
    name.as_ref().to_uppercase()
}

#[memoize]
async fn stored(name: impl Into<String> + Send) -> String {
    name.into()
}

#[memoize]
fn shown(name: &impl std::fmt::Display, names: &[impl Default]) -> String {
    format!("{name} and {} others", names.len())
}

#[memoize]
fn sum(numbers: impl Iterator<Item = u32> + Clone) -> u32 {
    numbers.sum()
}

fn main() {
    shout("tom");
    drop(stored("tom"));
    shown(&1, &[2]);
    sum(0..3);
}
