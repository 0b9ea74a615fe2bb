use cache_core::memoize;

struct Pool(u32);

#[memoize]
fn lives(pool: &Pool, moods: &[Pool], mood: Option<&Pool>) -> usize {
    let _ = mood;
    moods.len() + pool.0 as usize
}

fn main() {
    lives(&Pool(1), &[], None);
}
