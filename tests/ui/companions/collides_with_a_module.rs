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

mod pets {
    use cache_core::memoize;

    #[memoize(companion = dog_cache)]
    pub fn dogs(n: u32) -> u32 {
        n + dog_cache::lives()
    }

    pub(super) mod dog_cache {
        pub fn lives() -> u32 {
            1
        }
    }
}

fn main() {
    cats(1);
    pets::dogs(1);
}
