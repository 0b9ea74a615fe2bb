//! Trait implementations, called directly, through a bound, and dynamically.

use super::*;

trait Cats {
    type Cat;
    const LIVES: u32;
    fn cat(&self, name: &str) -> Self::Cat;
    fn lives(&self, n: u32) -> Option<Self::Cat>;
    fn made(n: u32) -> Self;
    fn plain(&self) -> u32 {
        Self::LIVES
    }
}

#[memoize]
impl Cats for Db {
    type Cat = String;
    const LIVES: u32 = 9;

    #[memoize(ttl = 60, tag = "trait cats", key = (self.0, ..))]
    fn cat(&self, name: &str) -> Self::Cat {
        format!("{name} of {}", self.0)
    }

    #[memoize(skip(self))]
    fn lives(&self, n: u32) -> Option<<Self as Cats>::Cat> {
        (n <= Self::LIVES).then(|| n.to_string())
    }

    #[memoize]
    fn made(n: u32) -> Self {
        Self(n)
    }
}

#[test]
fn are_answered_from_the_cache() {
    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!([Db(1).cat("tom"), Db(2).cat("tom"), Db(1).cat("tom")], ["tom of 1", "tom of 2", "tom of 1"]);
    assert_eq!((Db::cat_memo().len(), Db::cat_memo().stats().hits), (2, 1));
    assert_eq!((Db(1).lives(3), Db(2).lives(12), Db(2).lives(12)), (Some("3".into()), None, None));
    assert_eq!(Db::lives_memo().stats().hits, 1);
    assert_eq!((Db::made(3), Db::made(3)), (Db(3), Db(3)));
    assert_eq!(Db::made_memo().stats().hits, 1);
    assert_eq!(Db(1).plain(), 9);
    scope.advance(secs(61));
    assert_eq!(Db::cat_memo().len(), 0);
}

#[test]
fn have_their_companions_in_a_trait() {
    let scope = Scope::new();
    let _inside = scope.enter();
    assert!(Db(1).cat_entry("tom").get().is_none());
    Db(1).cat("tom");
    assert_eq!(<Db as DbCatsMemo>::cat_entry(&Db(1), "tom").get().as_deref(), Some("tom of 1"));
    assert_eq!(Db(1).cat_key("tom").to_string(), r#"<methods::traits::Db as Cats>::cat(1, "tom")"#);
    assert_eq!(
        cache_core::registry().invalidate("<methods::traits::Db as Cats>::cat", &(1, "tom")).unwrap().count(),
        1
    );
    Db(1).cat("tom");
    assert_eq!(cache_core::tag("trait cats").invalidate().count(), 1);
    assert_eq!(Db::made_entry(3).call(), Db(3));
    assert!(Db::made_key(3).is_live());
}

#[test]
fn are_called_through_a_bound_and_dynamically() {
    fn cat<C: Cats>(cats: &C, name: &str) -> C::Cat {
        cats.cat(name)
    }
    trait Meow {
        fn meow(&self, times: usize) -> String;
    }
    #[memoize]
    impl Meow for Db {
        #[memoize(key = (self.0, ..))]
        fn meow(&self, times: usize) -> String {
            "meow ".repeat(times)
        }
    }
    assert_eq!(cat(&Db(71), "tom"), "tom of 71");
    assert!(Db(71).cat_key("tom").is_live());
    let meow: &dyn Meow = &Db(71);
    assert_eq!(meow.meow(2), "meow meow ");
    assert!(Db(71).meow_key(2).is_live());
}

#[test]
fn of_types_that_are_called_as_brackets_are() {
    #[derive(Clone)]
    struct Slice<T>(Vec<T>);
    struct Ref;

    #[memoize]
    impl PartialEq<Slice<u8>> for Slice<u8> {
        #[memoize(key = (&self.0, &other.0))]
        fn eq(&self, other: &Slice<u8>) -> bool {
            self.0 == other.0
        }
    }
    #[memoize]
    impl PartialEq<[u8]> for Slice<u8> {
        #[memoize(key = (&self.0, ..))]
        fn eq(&self, other: &[u8]) -> bool {
            self.0 == other
        }
    }
    #[memoize]
    impl From<Ref> for Slice<u8> {
        #[memoize(skip(_of))]
        fn from(_of: Ref) -> Self {
            Self(Vec::new())
        }
    }

    assert!(Slice(vec![1]) == Slice(vec![1]) && Slice(vec![1]) == [1][..] && Slice::from(Ref) != [1][..]);
}
