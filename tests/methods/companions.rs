//! Companions of methods: under another name, left out, or seen elsewhere.

use super::*;

mod inner {
    use super::*;

    pub(crate) struct Db(pub(crate) u32);

    impl Db {
        #[memoize(key = (self.0, ..), companion = feline)]
        pub(crate) fn cat(&self, n: u32) -> u32 {
            self.0 + n
        }

        #[memoize(skip(self), companion_vis = pub(crate))]
        fn secret(&self, n: u32) -> u32 {
            self.0 + n
        }

        pub(crate) fn reveal(&self, n: u32) -> u32 {
            self.secret(n)
        }

        #[memoize(skip(self), companion = false)]
        pub(crate) fn dog(&self, n: u32) -> u32 {
            self.0 + n
        }

        // The companions of `dog` would have these names.
        #[expect(clippy::unused_self, reason = "named like a companion")]
        pub(crate) fn dog_entry(&self, n: u32) -> u32 {
            n
        }
        pub(crate) const fn dog_key(n: u32) -> u32 {
            n
        }
        pub(crate) const fn dog_memo() {}
    }
}

use inner::Db;

#[test]
fn have_another_name() {
    assert_eq!(Db(1).cat(2), 3);
    assert_eq!(Db(1).feline_entry(2).get(), Some(3));
    assert!(Db(1).feline_key(2).is_live());
    assert_eq!(Db::feline_memo().len(), 1);
    assert_eq!(Db(1).feline_key(2).to_string(), "methods::companions::inner::Db::cat(1, 2)");
}

#[test]
fn are_left_out() {
    assert_eq!((Db(1).dog(2), Db(2).dog(2)), (3, 3));
    assert_eq!((Db(1).dog_entry(2), Db::dog_key(2)), (2, 2));
    Db::dog_memo();
}

#[test]
fn are_seen_where_the_method_is_not() {
    assert_eq!(Db(1).reveal(2), 3);
    assert_eq!(Db::secret_key(2).get(), Some(3));
    assert_eq!(Db(1).secret_entry(2).invalidate().count(), 1);
}
