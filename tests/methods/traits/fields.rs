//! Trait implementations whose entries live in a field.

use super::*;
use cache_core::Memo;

trait Cats {
    fn cat(&self, n: u32) -> u32;
}

struct Home {
    id: u32,
    cats: Memo<u32>,
}

#[memoize]
impl Cats for Home {
    #[memoize(memo = self.cats)]
    fn cat(&self, n: u32) -> u32 {
        self.id + n
    }
}

#[test]
fn keep_what_a_trait_implementation_computes() {
    let (here, there) = (Home { id: 1, cats: Memo::new() }, Home { id: 2, cats: Memo::new() });
    assert_eq!((here.cat(1), there.cat(1), here.cat(1)), (2, 3, 2));
    assert_eq!((here.cats.len(), here.cats.stats().hits), (1, 1));
    assert!(here.cat_key(1).is_live());
    assert_eq!(here.cat_memo().clear().count(), 1);
    assert_eq!(there.cats.len(), 1);
}
