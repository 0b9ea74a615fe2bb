//! Conditions of what is memoized hold for all that is made of it, and so do levels of lints.
#![deny(warnings, reason = "levels of lints are what is tested")]
#![allow(clippy::non_minimal_cfg, reason = "a condition that holds is what is tested")]

use cache_core::{invalidates, memoize};

#[memoize]
#[cfg(any())]
fn two_of_one_name(n: u32) -> u32 {
    n
}

#[memoize]
#[cfg(not(any()))]
fn two_of_one_name(n: u32) -> u32 {
    n + 1
}

#[memoize]
#[cfg_attr(all(), cfg(any()), allow(dead_code))]
fn three_of_one_name(n: u32) -> u32 {
    n
}

#[memoize]
#[cfg_attr(any(), cfg(any()))]
#[cfg_attr(all(), cfg(all()), must_use)]
fn three_of_one_name(n: u32) -> u32 {
    n + 2
}

#[test]
fn functions() {
    assert_eq!((two_of_one_name(1), three_of_one_name(1)), (2, 3));
    assert!(two_of_one_name::key(1).is_live() && three_of_one_name::key(1).is_live());
}

#[test]
fn lints_under_a_condition() {
    #[memoize]
    #[cfg_attr(all(), allow(unused_variables, unused_mut), inline)]
    fn unused(a: u32) -> u32 {
        let mut b = 1;
        2
    }
    #[memoize]
    #[cfg_attr(all(), expect(unused_variables), cfg_attr(all(), expect(unused_mut)))]
    fn expected(n: u32) -> u32 {
        let mut b = 1;
        n
    }
    #[memoize]
    fn of_arguments(
        #[expect(unused_variables)] a: u32,
        #[cfg_attr(all(), allow(unused_variables))] b: u32,
        #[cfg_attr(all(), expect(unused_variables, reason = "it is"))] c: u32,
        #[cfg_attr(any(), expect(unused_variables))] d: u32,
        #[allow(clippy::ptr_arg)] e: &String,
    ) -> u32 {
        d + u32::try_from(e.len()).unwrap()
    }
    #[invalidates(memos = [of_arguments])]
    #[cfg_attr(all(), expect(unused_variables))]
    fn write(
        #[cfg(any())] missing: NoSuchType,
        #[cfg(all())] there: u32,
        #[expect(unused_mut)] mut b: u32,
    ) -> u32 {
        b
    }
    assert_eq!((unused(1), expected(1), of_arguments(1, 2, 3, 4, &"five".to_owned())), (2, 1, 8));
    assert_eq!((write(1, 2), of_arguments::memo().len()), (2, 0));
}

#[test]
fn parameters() {
    #[memoize(skip(pool))]
    fn generic<
        #[allow(non_camel_case_types)] t: Into<u32> + Copy + std::hash::Hash + Eq + Send + Sync + 'static,
        P,
    >(
        n: t,
        pool: &P,
    ) -> u32 {
        let _ = pool;
        n.into()
    }
    #[memoize]
    fn constant<#[cfg_attr(all(), allow(unused))] const N: u32>() -> u32 {
        N
    }
    assert_eq!((generic(1_u8, &""), constant::<3>()), (1, 3));
}

struct Db;

#[memoize]
impl Db {
    #[cfg(any())]
    #[memoize]
    fn one(n: u32) -> u32 {
        n
    }
    #[memoize]
    #[cfg(all())]
    fn one(n: u32) -> u32 {
        n + 1
    }
    #[cfg_attr(all(), memoize(ttl = 60), must_use)]
    fn memoized(n: u32) -> u32 {
        n
    }
    #[cfg_attr(any(), memoize)]
    fn plain(n: u32) -> u32 {
        n
    }
    #[cfg_attr(any(), memoize(skip(self)))]
    #[cfg_attr(not(any()), memoize(skip(self), ttl = 5), allow(clippy::unused_self))]
    fn one_of_two(&self, n: u32) -> u32 {
        n
    }
    /// Of the same name, which stands in nobody's way.
    #[cfg_attr(any(), memoize)]
    fn plain_key() {}
    #[memoize(skip(self))]
    #[expect(unused_variables)]
    fn with_lints(&self, #[expect(unused_mut)] mut n: u32, m: u32) -> u32 {
        n
    }
}

trait Repo {
    fn one(&self, n: u32) -> u32;
    fn memoized(&self, n: u32) -> u32;
    fn plain(&self, n: u32) -> u32;
    fn plain_key(&self) {}
}

#[memoize]
#[cfg_attr(all(), allow(unused_variables))]
impl Repo for Db {
    #[cfg(any())]
    #[memoize(skip(self))]
    fn one(&self, n: u32) -> u32 {
        n
    }
    #[cfg(all())]
    #[memoize(skip(self))]
    fn one(&self, n: u32) -> u32 {
        10
    }
    #[cfg_attr(all(), memoize(skip(self)))]
    fn memoized(&self, n: u32) -> u32 {
        20
    }
    #[cfg_attr(any(), memoize(skip(self)))]
    fn plain(&self, n: u32) -> u32 {
        30
    }
}

#[memoize]
#[cfg_attr(any(), cfg(any()))]
trait Defaults {
    #[cfg_attr(all(), memoize(skip(self)))]
    fn named(&self, n: u32) -> u32 {
        n
    }
    #[cfg_attr(any(), memoize(skip(self)))]
    fn unnamed(&self, n: u32) -> u32 {
        n
    }
}

impl Defaults for Db {}

#[test]
fn methods() {
    assert_eq!((Db::one(1), Db::memoized(1), Db::plain(1), Db.with_lints(1, 2)), (2, 1, 1, 1));
    assert!(Db::one_key(1).is_live() && Db::memoized_key(1).is_live());
    assert!(Db::with_lints_key(1, 2).is_live());
    Db::plain_key();
    let repo: &dyn Repo = &Db;
    assert_eq!((repo.one(1), repo.memoized(1), repo.plain(1)), (10, 20, 30));
    repo.plain_key();
    assert!(<Db as DbRepoMemo>::one_key(1).is_live() && <Db as DbRepoMemo>::memoized_key(1).is_live());
    assert_eq!((Db.named(1), Db.unnamed(2)), (1, 2));
    assert!(Db::named_key(1).is_live());
}
