use cache_core::memoize;

#[memoize]
trait Cats {
    fn id(&self) -> u32;

    #[memoize(key = (self.id(), ..))]
    async fn cat(&self, n: u32) -> u32 {
        self.id() + n
    }
}

impl Cats for u32 {
    fn id(&self) -> u32 {
        *self
    }
}

fn main() {
    drop(1.cat(2));
}
