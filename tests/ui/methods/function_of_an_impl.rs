use cache_core::memoize;

struct Db;

impl Db {
    #[memoize]
    fn get(n: u32) -> u32 {
        n
    }
}

struct Pair<A, B>(A, B);

impl<A, B> Pair<A, B>
where
    A: Copy,
{
    /// It stands farther below.
    fn first(&self) -> A {
        self.0
    }

    #[memoize(ttl = 60)]
    async fn of_a_long_head(n: u32) -> u32 {
        n
    }
}

trait Cats {
    #[memoize]
    fn lives(n: u32) -> u32 {
        n
    }
}

impl Cats for Db {}

fn main() {
    Db::get(2);
    Pair(1, 2).first();
    drop(Pair::<u32, u32>::of_a_long_head(2));
    Db::lives(2);
}
