//! A body that panics stores nothing and hangs nobody; what else panics disturbs no call.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use cache_core::{memoize, tag};
use tests::Count;

#[test]
fn a_panic_of_the_body_reaches_the_caller_as_it_is() {
    static RUNS: Count = Count::new();
    #[memoize]
    fn run(n: u32) -> u32 {
        assert!(RUNS.add() > 0, "number {n} is bad");
        n
    }

    let panic = catch_unwind(|| run(7)).unwrap_err();
    assert_eq!(panic.downcast_ref::<String>().unwrap(), "number 7 is bad");
    assert!(run::memo().is_empty(), "nothing half-made is stored");
    assert_eq!(run::memo().stats().panics, 1);
    assert_eq!(run(7), 7, "the next call runs again");
    assert_eq!(run(7), 7);
    assert_eq!(RUNS.get(), 2);
}

#[test]
fn a_panic_below_a_memoized_call_passes_through_all() {
    #[memoize]
    fn inner(n: u32) -> u32 {
        assert!(n < 5, "too much");
        n
    }
    #[memoize]
    fn outer(n: u32) -> u32 {
        inner(n) + 1
    }

    assert!(catch_unwind(|| outer(9)).is_err());
    assert_eq!((outer::memo().stats().panics, inner::memo().stats().panics), (1, 1));
    assert_eq!(outer(1), 2);
}

/// A hook that panics: the first call and the second get the value all the same.
macro_rules! undisturbed {
    ($($test:ident($($options:tt)*), stored: $stored:literal, panics: $panics:literal;)*) => { $(
        #[test]
        fn $test() {
            static RUNS: Count = Count::new();
            #[memoize($($options)*)]
            fn run(n: u32) -> u32 {
                RUNS.add();
                n
            }
            assert_eq!([run(7), run(7)], [7, 7]);
            assert_eq!(run::key(7).is_live(), $stored);
            assert_eq!(RUNS.get(), if $stored { 1 } else { 2 });
            run::memo().clear();
            assert_eq!(run::memo().stats().hook_panics, $panics);
            assert_eq!(run::memo().stats().panics, 0);
        }
    )* };
}

fn fail() {
    assert!(std::env::args().count() == 0, "a hook that panics");
}

undisturbed! {
    a_panic_in_on_hit(on_hit = |_key, _value| fail()), stored: true, panics: 1;
    a_panic_in_on_miss(on_miss = |_key| fail()), stored: true, panics: 1;
    a_panic_in_on_store(on_store = |_key, _value| fail()), stored: true, panics: 1;
    a_panic_in_on_evict(on_evict = |_key, _value, _cause| fail()), stored: true, panics: 1;
    a_panic_in_a_weigher(capacity = 5, weigh = |_key, _value| { fail(); 1 }), stored: false, panics: 2;
    a_panic_in_cache_if(cache_if = |_value| { fail(); true }), stored: false, panics: 2;
    a_panic_in_a_ttl(ttl = |_value| { fail(); Duration::from_secs(1) }), stored: false, panics: 2;
}

#[test]
fn a_panic_in_a_values_drop_does_not_disturb_who_replaces_it() {
    #[derive(Clone)]
    struct Brittle(u32);
    impl Drop for Brittle {
        fn drop(&mut self) {
            assert!(self.0 != 13 || std::thread::panicking(), "dropped badly");
        }
    }
    #[memoize]
    fn run(n: u32) -> std::sync::Arc<Brittle> {
        std::sync::Arc::new(Brittle(n))
    }

    std::mem::forget(run(13));
    drop(run(1));
    // The entry's is the last but one: it is the store's drop that counts.
    run::entry(13).invalidate();
    let kept = run::entry(13);
    assert!(kept.insert(std::sync::Arc::new(Brittle(13))));
    assert!(run::entry(13).insert(std::sync::Arc::new(Brittle(1))));
    assert_eq!(run(13).0, 1);
    assert_eq!(run::memo().stats().hook_panics, 1);
}

#[test]
fn a_panic_in_a_predicate_reaches_who_asked() {
    #[memoize]
    fn run(n: u32) -> u32 {
        n
    }

    run(1);
    let invalidate = AssertUnwindSafe(|| run::memo().invalidate_if(|_, _| panic!("the predicate")));
    assert!(catch_unwind(invalidate).is_err());
    assert_eq!(run(1), 1);
    assert_eq!(run::memo().clear().count(), 1);
}

#[test]
fn a_key_whose_debug_panics_is_invalidated_by_any_pattern() {
    #[derive(Clone, PartialEq, Eq, Hash)]
    struct Shy(u32);
    impl std::fmt::Debug for Shy {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("not to be seen")
        }
    }
    #[memoize]
    fn run(shy: Shy) -> u32 {
        shy.0
    }

    run(Shy(1));
    assert_eq!(run::memo().invalidate_matching("nothing").count(), 1, "too much is only a miss");
}

#[test]
fn after_a_panic_nothing_is_left_under_way() {
    #[memoize(tag = "functions::panics::left")]
    fn run(n: u32) -> u32 {
        assert!(n != 3, "three");
        n
    }

    for _ in 0..3 {
        assert!(catch_unwind(|| run(3)).is_err());
    }
    assert_eq!(run::memo().stats().waits, 0);
    assert_eq!(run::memo().stats().in_place, 0);
    assert_eq!(tag("functions::panics::left").invalidate().count(), 0);
    assert!(run::entry(3).insert(33));
    assert_eq!(run(3), 33);
}

#[test]
fn a_panic_while_a_key_is_compared_spoils_nothing() {
    use std::hash::{Hash, Hasher};
    #[derive(Clone, Debug)]
    struct Odd(u32);
    impl PartialEq for Odd {
        fn eq(&self, other: &Self) -> bool {
            assert!(self.0 != 99 && other.0 != 99, "cannot compare");
            self.0 == other.0
        }
    }
    impl Eq for Odd {}
    impl Hash for Odd {
        fn hash<H: Hasher>(&self, _: &mut H) {}
    }
    #[memoize]
    fn run(n: Odd) -> u32 {
        n.0
    }

    run(Odd(1));
    assert!(catch_unwind(|| run(Odd(99))).is_err());
    // No lock is left behind, and this thread may write again.
    assert_eq!(run(Odd(1)), 1);
    assert_eq!(run(Odd(2)), 2);
    assert_eq!(run::memo().len(), 2);
    assert_eq!(run::entry(Odd(2)).invalidate().count(), 1);
}
