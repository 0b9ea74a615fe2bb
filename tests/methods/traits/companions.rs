//! Companions of a trait implementation: their name and visibility.

use super::*;

pub(super) mod inner {
    use super::*;

    pub(crate) trait Cats {
        fn cat(&self, n: u32) -> u32;
    }

    #[memoize(companion = Felines, companion_vis = pub(crate))]
    impl Cats for Db {
        #[memoize(skip(self), companion = feline)]
        fn cat(&self, n: u32) -> u32 {
            n + 1
        }
    }

    pub(crate) trait Dogs {
        fn dog(&self, n: u32) -> u32;
    }

    #[memoize(companion_vis = pub(in crate::traits::companions))]
    impl Dogs for Db {
        #[memoize(skip(self))]
        fn dog(&self, n: u32) -> u32 {
            n + 2
        }
    }
}

use inner::{Cats as _, DbDogsMemo as _, Dogs as _, Felines};

#[test]
fn have_another_name_and_visibility() {
    assert_eq!((Db(1).cat(1), Db(1).dog(1)), (2, 3));
    assert_eq!(<Db as Felines>::feline_memo().len(), 1);
    assert_eq!(Db(1).feline_entry(1).get(), Some(2));
    assert_eq!(Db(1).dog_entry(1).get(), Some(3));
}
