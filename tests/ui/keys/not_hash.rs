use cache_core::memoize;

struct Cat {
    mood: Mood,
}

struct Mood(u32);

#[memoize(key = cat.mood)]
fn lives(cat: &Cat) -> u32 {
    cat.mood.0
}

fn main() {
    lives(&Cat { mood: Mood(1) });
}
