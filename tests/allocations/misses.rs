//! A miss that nobody waits for allocates nothing but what it keeps, and small keys and values lie in place.

use cache_core::memoize;

use crate::hits::ready;
use crate::{allocations, alone};

/// How often a thread allocates that has missed before.
#[track_caller]
fn no_allocation_on_a_miss(call: impl Fn(u64)) {
    // By then tables are as large as they get.
    (0..10_000).for_each(&call);
    let count = allocations(|| (10_000..11_000).for_each(&call));
    assert_eq!(count, 0, "allocations in a thousand misses");
}

#[test]
fn each_evicts_another() {
    let _alone = alone();
    #[memoize(ttl = 300, capacity = 100)]
    fn run(n: u64) -> u64 {
        n
    }
    no_allocation_on_a_miss(|n| assert_eq!(run(n), n));
    assert_eq!((run::memo().stats().misses, run::memo().stats().evictions), (11_000, 10_900));
}

#[test]
fn one_within_another() {
    let _alone = alone();
    #[memoize(capacity = 100)]
    fn outer(n: u64) -> u64 {
        inner(n) + 1
    }
    #[memoize(capacity = 100)]
    fn inner(n: u64) -> u64 {
        n
    }
    no_allocation_on_a_miss(|n| assert_eq!(outer(n), n + 1));
    assert_eq!((outer::memo().stats().misses, inner::memo().stats().misses), (11_000, 11_000));
}

#[test]
fn what_is_returned_is_not_kept() {
    let _alone = alone();
    #[memoize]
    fn run(n: u64) -> Result<u64, u64> {
        Err(n)
    }
    no_allocation_on_a_miss(|n| assert_eq!(run(n), Err(n)));
    assert_eq!(run::memo().stats().misses, 11_000);
}

/// But for the boxes of an asynchronous function: one with its call and body, one with what drives it.
#[test]
fn asynchronous_functions() {
    let _alone = alone();
    #[memoize(capacity = 100)]
    async fn owning(n: u64) -> u64 {
        n
    }
    #[memoize(capacity = 100)]
    async fn lending(n: &u64) -> u64 {
        *n
    }
    for call in [|n| ready(owning(n)), |n| ready(lending(&n))] {
        (0..10_000).for_each(|n| assert_eq!(call(n), n));
        let count = allocations(|| (10_000..11_000).for_each(|n| assert_eq!(call(n), n)));
        assert_eq!(count, 2000, "allocations in a thousand misses");
    }
}

#[test]
fn an_insert_over_an_entry() {
    let _alone = alone();
    #[memoize(ttl = 300, capacity = 100)]
    fn run(n: u64) -> u64 {
        n
    }
    no_allocation_on_a_miss(|n| assert!(run::entry(n % 50).insert(n)));
    assert_eq!((run(10), run::memo().stats().stores), (10_960, 11_000));
}
