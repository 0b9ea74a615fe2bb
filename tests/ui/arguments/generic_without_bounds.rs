use cache_core::memoize;

#[memoize]
fn show<T: ToString + 'static>(x: T) -> String {
    x.to_string()
}

#[memoize]
fn bare<T>(x: T) -> usize {
    size_of_val(&x)
}

#[memoize]
fn compared<T: std::hash::Hash + Eq>(x: &T, y: Option<T>) -> bool {
    y.as_ref() == Some(x)
}

#[memoize]
fn borrowing<T>(list: &[T]) -> usize
where
    T: std::hash::Hash + Ord + Copy + Send + Sync,
{
    list.len()
}

fn main() {
    show(1);
    bare(1);
    compared(&1, None);
    borrowing(&[1]);
}
