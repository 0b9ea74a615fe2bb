use cache_core::memoize;

#[derive(Clone, PartialEq)]
struct Mood(u32);

#[memoize]
fn lives(name: &str, mood: Mood) -> usize {
    name.len() + mood.0 as usize
}

fn main() {
    lives("tom", Mood(1));
}
