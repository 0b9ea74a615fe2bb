use cache_core::memoize;

#[derive(Clone, Hash)]
struct Mood(u32);

#[memoize]
fn lives(mood: Mood) -> usize {
    mood.0 as usize
}

fn main() {
    lives(Mood(1));
}
