use cache_core::Tag;

#[derive(Tag)]
struct By<T>(T);

#[derive(Tag)]
enum Numbered<const N: usize> {
    It,
}

fn main() {
    let _ = (By(1), Numbered::<1>::It);
}
