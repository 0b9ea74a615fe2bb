use cache_core::memoize;

mod cats {
    pub fn lives() -> u32 {
        9
    }
}

#[memoize]
fn cats(n: u32) -> u32 {
    n + cats::lives()
}

fn main() {
    cats(1);
}
