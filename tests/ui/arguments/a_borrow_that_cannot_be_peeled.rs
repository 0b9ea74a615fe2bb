use cache_core::memoize;

#[derive(Clone, PartialEq, Eq, Hash)]
struct Text<'t>(&'t str);

#[memoize]
fn lives(text: Text<'_>) -> usize {
    text.0.len()
}

fn main() {
    lives(Text("tom"));
}
