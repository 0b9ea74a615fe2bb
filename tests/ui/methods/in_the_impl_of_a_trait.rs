use cache_core::memoize;

trait Cats {
    fn cat(&self, n: u32) -> u32;
}

struct Db(u32);

impl Cats for Db {
    #[memoize(key = (self.0, ..))]
    fn cat(&self, n: u32) -> u32 {
        self.0 + n
    }
}

#[async_trait::async_trait]
trait Dogs {
    async fn dog(&self, n: u32) -> u32;
}

#[async_trait::async_trait]
impl Dogs for Db {
    #[memoize(key = (self.0, ..))]
    async fn dog(&self, n: u32) -> u32 {
        self.0 + n
    }
}

struct Wrapper<T>(T);

impl<T> Cats
    for Wrapper<T>
where
    T: Cats,
{
    #[memoize(skip(self))]
    fn cat(&self, n: u32) -> u32 {
        self.0.cat(n)
    }
}

fn main() {
    Db(1).cat(2);
    drop(Db(1).dog(2));
    Wrapper(Db(1)).cat(2);
}
