use std::time::Duration;

use cache_core::memoize;

trait Visitor {
    type Err: Clone + Send + Sync;
}

struct Heap;

impl Heap {
    #[memoize(skip(self, visitor), ttl = |_value| Duration::from_secs(1), on_hit = |_key, _value| (), on_store = |_key, _value| ())]
    fn visit<V: Visitor>(&self, n: &u32, visitor: &mut V) -> Result<(), V::Err> {
        let _ = (n, visitor);
        Ok(())
    }
}

#[derive(Clone)]
struct Pair<I: Iterator>(I, I::Item);

#[memoize]
impl<I> Pair<I>
where
    I: Iterator<Item: Send + Sync + Clone> + Send + Sync + Clone,
{
    #[memoize(skip(of, item), ttl = 60, on_hit = |_key, _value| ())]
    fn new(of: I, item: I::Item) -> Self {
        Self(of, item)
    }
}

fn main() {
    let _ = Pair::new([1].iter(), &1);
}
