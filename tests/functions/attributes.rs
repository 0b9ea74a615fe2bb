//! Attributes beside ours hold for what they are about: the function that is called, or the body.

#![allow(clippy::all, clippy::pedantic, reason = "code as people write it")]

use cache_core::memoize;

#[cfg(target_arch = "x86_64")]
mod features_of_the_processor {
    use std::arch::x86_64::{_mm256_add_epi32, _mm256_extract_epi32, _mm256_set1_epi32};

    use cache_core::memoize;

    #[memoize]
    #[target_feature(enable = "avx2")]
    pub(super) fn twice(n: i32) -> i32 {
        let n = _mm256_set1_epi32(n);
        _mm256_extract_epi32::<0>(_mm256_add_epi32(n, n))
    }

    /// A call from within a function that has the feature is safe, as it was.
    #[memoize(key = (n, ..), skip(and), tags = ["attributes-wide:{n}"])]
    #[target_feature(enable = "avx2")]
    pub(super) fn and_more(n: i32, and: &i32) -> i32 {
        twice(n) + *and
    }

    #[memoize(ttl = 60, stale_while_revalidate = 60)]
    #[target_feature(enable = "avx2")]
    pub(super) async fn later(n: i32) -> i32 {
        twice(n)
    }

    pub(super) struct Wide(pub(super) i32);

    impl Wide {
        #[memoize(key = (self.0, ..))]
        #[target_feature(enable = "avx2")]
        pub(super) fn method(&self, n: i32) -> i32 {
            twice(n) + self.0
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[test]
fn a_body_has_the_features_of_the_processor_that_it_asks_for() {
    use features_of_the_processor::{Wide, and_more, later, twice};

    if !std::arch::is_x86_feature_detected!("avx2") {
        return;
    }
    // SAFETY: it has the feature.
    let (sync, method) = unsafe { ([twice(1), twice(1), and_more(2, &3)], Wide(4).method(5)) };
    assert_eq!((sync, method), ([2, 2, 7], 14));
    // SAFETY: the same.
    assert_eq!(futures::executor::block_on(unsafe { later(6) }), 12);
    // To look needs no feature.
    assert_eq!(
        (twice::memo().stats().hits, twice::key(1).get(), and_more::key(2).get()),
        (1, Some(2), Some(7))
    );
    // SAFETY: the same.
    assert_eq!(unsafe { twice::entry(1) }.refresh(), 2);
}

mod symbols {
    use cache_core::memoize;

    #[memoize]
    #[unsafe(no_mangle)]
    pub(super) fn cache_core_tests_attributes_by_name(n: u32) -> u32 {
        n + 1
    }

    #[unsafe(export_name = "cache_core_tests_attributes_exported")]
    #[memoize]
    #[inline(never)]
    pub(super) fn exported(n: u32) -> u32 {
        n + 2
    }

    pub(super) mod outside {
        unsafe extern "Rust" {
            pub(in super::super) safe fn cache_core_tests_attributes_by_name(n: u32) -> u32;
            #[link_name = "cache_core_tests_attributes_exported"]
            pub(in super::super) safe fn exported(n: u32) -> u32;
        }
    }
}

#[test]
fn a_symbol_is_that_of_the_function_that_is_called() {
    use symbols::outside;

    assert_eq!((outside::cache_core_tests_attributes_by_name(1), outside::exported(1)), (2, 3));
    assert_eq!((symbols::cache_core_tests_attributes_by_name(1), symbols::exported(1)), (2, 3));
    assert_eq!(symbols::cache_core_tests_attributes_by_name::memo().stats().hits, 1);
    assert_eq!(symbols::exported::memo().stats().hits, 1);
}

#[test]
fn hints_to_the_compiler() {
    #[memoize]
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "attributes are what is tested")]
    fn inlined(n: u32) -> u32 {
        n
    }
    #[cold]
    #[memoize]
    #[doc(hidden)]
    #[must_use = "it is all there is"]
    #[rustfmt::skip]
    #[clippy::cognitive_complexity = "100"]
    fn cold(n: u32) -> u32 {
        n
    }

    assert_eq!((inlined(1), cold(1)), (1, 1));
    assert_eq!((inlined::key(1).get(), cold::key(1).get()), (Some(1), Some(1)));
}

/// A test can be memoized, for what that is worth, with its attribute before or after ours.
mod tests_that_are_memoized {
    use cache_core::memoize;

    #[test]
    #[memoize]
    fn before() {
        assert!(super::once(1));
    }

    #[memoize]
    #[test]
    fn after() {
        assert!(super::once(1));
    }

    #[memoize]
    #[test]
    #[should_panic = "as it should"]
    fn panics() {
        panic!("as it should");
    }

    #[memoize]
    #[test]
    fn fails() -> Result<(), String> {
        Ok(())
    }

    #[memoize]
    #[tokio::test]
    async fn of_another_library() {
        assert!(super::once(1));
    }
}

#[memoize]
fn once(n: u32) -> bool {
    n > 0
}

/// An attribute that comes before ours changes the body; one after it the function that is called.
#[test]
fn attributes_of_other_libraries() {
    // It drives its function, which so becomes one that is not asynchronous: this one a call of the entry.
    #[memoize]
    #[tokio::main(flavor = "current_thread")]
    async fn after(n: u32) -> u32 {
        tokio::task::yield_now().await;
        n
    }
    #[tokio::main(flavor = "current_thread")]
    #[memoize]
    async fn before(n: u32) -> u32 {
        tokio::task::yield_now().await;
        n
    }

    assert_eq!(([after(1), after(1)], [before(2), before(2)]), ([1, 1], [2, 2]));
    assert_eq!((after::memo().stats().hits, before::memo().stats().hits), (1, 1));
}

/// Attributes within a body are about all of it.
#[test]
fn attributes_within_a_body() {
    struct Db;
    trait Reads {
        fn read(&self, pair: (u32, u32)) -> u32;
        async fn later(&self, n: u32) -> u32;
    }
    #[memoize]
    impl Reads for Db {
        #[memoize(skip(self))]
        fn read(&self, (a, b): (u32, u32)) -> u32 {
            #![allow(unused_variables, reason = "attributes are what is tested")]
            let unused = 1;
            a + b
        }
        #[memoize(skip(self))]
        async fn later(&self, n: u32) -> u32 {
            #![allow(unused_variables, reason = "attributes are what is tested")]
            let unused = 1;
            n
        }
    }
    #[memoize]
    fn free(n: u32) -> u32 {
        #![allow(unused_variables, reason = "attributes are what is tested")]
        let unused = 1;
        n
    }

    assert_eq!((Db.read((1, 2)), free(1)), (3, 1));
    assert_eq!(futures::executor::block_on(Db.later(1)), 1);
}
