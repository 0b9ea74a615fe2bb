use cache_core::memoize;

#[memoize]
trait Cats {
    #[memoize(key = (self.id(), ..))]
    fn cat(&self, n: u32) -> u32;

    fn id(&self) -> u32;
}

trait Dogs {
    #[memoize(skip(self))]
    fn dog(&self, n: u32) -> u32;
}

impl Cats for u32 {
    fn cat(&self, n: u32) -> u32 {
        *self + n
    }

    fn id(&self) -> u32 {
        *self
    }
}

impl Dogs for u32 {
    fn dog(&self, n: u32) -> u32 {
        *self + n
    }
}

fn main() {
    1.cat(2);
    1.dog(2);
}
