//! Bounds hold at every moment, and what makes room is what the policy says.

use cache_core::testing::Scope;
use cache_core::{Cause, memoize};
use tests::{Count, Seeded, secs};

#[test]
fn never_more_than_the_capacity() {
    #[memoize(capacity = 100)]
    fn by_default(n: u32) -> u32 {
        n
    }
    #[memoize(capacity = 100, policy = Lru)]
    fn lru(n: u32) -> u32 {
        n
    }
    #[memoize(capacity = 5_000)]
    fn sharded(n: u32) -> u32 {
        n
    }

    for n in 0..200 {
        by_default(n);
        lru(n);
        assert!(by_default::memo().len() <= 100 && lru::memo().len() <= 100);
    }
    assert_eq!((by_default::memo().len(), lru::memo().len()), (100, 100));
    assert_eq!((by_default::memo().stats().evictions, lru::memo().stats().evictions), (100, 100));
    for n in 0..10_000 {
        sharded(n);
        if n % 100 == 0 {
            assert!(sharded::memo().len() <= 5_000);
        }
    }
    assert_eq!(sharded::memo().len(), 5_000);
    assert_eq!(sharded::memo().capacity(), Some(5_000));
}

#[test]
fn a_capacity_of_one() {
    #[memoize(capacity = 1)]
    fn run(n: u32) -> u32 {
        n
    }

    for n in 0..10 {
        assert_eq!([run(n), run(n)], [n, n]);
        assert_eq!(run::memo().len(), 1);
    }
    assert_eq!(run::memo().stats().hits, 10);
}

#[test]
fn every_memo_is_bounded_by_default() {
    #[memoize]
    fn run(n: u32) -> u32 {
        n
    }
    #[memoize(capacity = unbounded)]
    fn unbounded(n: u32) -> u32 {
        n
    }

    assert_eq!(run::memo().capacity(), Some(10_000));
    assert_eq!(unbounded::memo().capacity(), None);
    for n in 0..12_000 {
        run(n);
        unbounded(n);
    }
    assert_eq!((run::memo().len(), unbounded::memo().len()), (10_000, 12_000));
    assert_eq!(unbounded::memo().stats().evictions, 0);
}

#[test]
fn lru_evicts_what_was_touched_longest_ago() {
    #[memoize(capacity = 3, policy = Lru)]
    fn run(n: u32) -> u32 {
        n
    }
    fn live() -> Vec<u32> {
        (0..10).filter(|n| run::key(*n).is_live()).collect()
    }

    run(1);
    run(2);
    run(3);
    run(1);
    run(4);
    assert_eq!(live(), [1, 3, 4], "2 was touched longest ago");
    let _ = run::entry(3).get();
    run(5);
    assert_eq!(live(), [3, 4, 5], "`get` is a touch");
    let _ = run::entry(4).peek();
    let _ = run::key(4).ttl();
    let _ = run::memo().keys();
    run(6);
    assert_eq!(live(), [3, 5, 6], "`peek` is none");
    run::entry(3).insert(33);
    run(7);
    assert_eq!(live(), [3, 6, 7], "a write is a touch");
    run::entry(6).invalidate();
    run(8);
    assert_eq!(live(), [3, 7, 8], "a free place is taken first");
}

#[test]
fn lru_order_does_not_follow_ttl() {
    #[memoize(capacity = 2, policy = Lru, ttl = |value| std::time::Duration::from_secs(*value))]
    fn run(n: u64) -> u64 {
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    run(100);
    run(1);
    run(50);
    assert!(!run::key(100).is_live());
    assert!(run::key(1).is_live() && run::key(50).is_live());
}

#[test]
fn lru_is_exact() {
    const CAPACITY: usize = 16;
    #[memoize(capacity = 16, policy = Lru)]
    fn run(n: u64) -> u64 {
        n
    }

    let mut random = Seeded::new(1);
    let mut model: Vec<u64> = Vec::new();
    for _ in 0..5_000 {
        let n = random.below(40);
        run(n);
        model.retain(|known| *known != n);
        model.push(n);
        if model.len() > CAPACITY {
            model.remove(0);
        }
        let mut live: Vec<u64> = (0..40).filter(|n| run::key(*n).is_live()).collect();
        let mut known = model.clone();
        live.sort_unstable();
        known.sort_unstable();
        assert_eq!(live, known);
    }
}

#[test]
fn by_default_what_is_read_outlives_one_time_visitors() {
    #[memoize(capacity = 100)]
    fn run(n: u32) -> u32 {
        n
    }

    for n in 0..20 {
        for _ in 0..4 {
            run(n);
        }
    }
    for n in 1_000..1_500 {
        run(n);
    }
    let kept = (0..20).filter(|n| run::key(*n).is_live()).count();
    assert!(kept >= 18, "a scan drove out all but {kept} of what is read often");
}

#[test]
fn weights_are_bounded_too() {
    #[memoize(capacity = 100, weigh = |_key, value| value.len())]
    fn text(n: usize) -> String {
        "x".repeat(n)
    }
    fn held() -> usize {
        text::memo().keys().iter().filter_map(cache_core::Key::<_>::get).map(|text| text.len()).sum()
    }

    for n in 1..60 {
        text(n);
        assert!(held() <= 100, "{} held", held());
    }
    assert!(!text::memo().is_empty());
    // What alone weighs too much is returned and not stored.
    let before = text::memo().len();
    assert_eq!(text(101).len(), 101);
    assert!(!text::key(101).is_live());
    assert_eq!(text::memo().len(), before, "nothing made room for it");
    assert_eq!(text::memo().stats().too_heavy, 1);
    assert_eq!(text(100).len(), 100);
    assert_eq!(text::memo().len(), 1);
    assert!(text::key(100).is_live());
}

#[test]
fn a_weigher_sees_the_key_and_nothing_weighs_nothing() {
    #[memoize(capacity = 10, weigh = |key, _value| key.to_string().len() - "bounds::eviction::run(\"\")".len())]
    fn run(text: &str) -> u32 {
        u32::try_from(text.len()).unwrap()
    }
    #[memoize(capacity = 10, weigh = |_key, _value| 0)]
    fn nothing(n: u32) -> u32 {
        n
    }

    run("1234567");
    run("123");
    assert_eq!(run::memo().len(), 2);
    run("1234");
    assert!(run::memo().len() <= 2);
    (0..100).for_each(|n| {
        nothing(n);
    });
    assert_eq!(nothing::memo().len(), 10);
}

#[test]
fn replacing_changes_the_weight() {
    #[memoize(capacity = 10, policy = Lru, weigh = |_key, value| *value)]
    fn run(n: usize) -> usize {
        n
    }

    run(3);
    run(4);
    assert!(run::entry(3).insert(6));
    assert_eq!(run::memo().len(), 2, "6 and 4");
    assert!(run::entry(3).insert(7));
    assert_eq!(run::memo().len(), 1, "7 and 4 are too much");
    assert_eq!(run::entry(3).get(), Some(7));
    run::memo().clear();
    for n in 1..=4 {
        run(n);
    }
    assert_eq!(run::memo().len(), 4, "what was cleared weighs nothing");
}

#[test]
fn a_bound_can_be_moved() {
    static EVICTED: Count = Count::new();
    #[memoize(capacity = 10, on_evict = |_key, _value, cause| if cause == Cause::Capacity { EVICTED.add(); })]
    fn run(n: u32) -> u32 {
        n
    }
    #[memoize(capacity = unbounded)]
    fn unbounded(n: u32) -> u32 {
        n
    }

    (0..10).for_each(|n| {
        run(n);
        unbounded(n);
    });
    run::memo().set_capacity(4).unwrap();
    assert_eq!((run::memo().len(), EVICTED.get()), (4, 6));
    assert_eq!(run::memo().capacity(), Some(4));
    run::memo().set_capacity(6).unwrap();
    (20..40).for_each(|n| {
        run(n);
    });
    assert_eq!(run::memo().len(), 6);
    unbounded::memo().set_capacity(5).unwrap();
    assert_eq!(unbounded::memo().len(), 5);
    (20..40).for_each(|n| {
        unbounded(n);
    });
    assert_eq!(unbounded::memo().len(), 5);
    let refused = run::memo().set_capacity(0).unwrap_err();
    assert!(refused.to_string().contains("set_enabled(false)"), "{refused}");
    assert_eq!(run::memo().len(), 6);
}

#[test]
fn what_is_over_gives_way_without_being_called_evicted() {
    #[memoize(capacity = 4, ttl = 10, policy = Lru)]
    fn run(n: u32) -> u32 {
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    (0..4).for_each(|n| {
        run(n);
    });
    scope.advance(secs(10));
    (4..8).for_each(|n| {
        run(n);
    });
    assert_eq!(run::memo().len(), 4);
    let stats = run::memo().stats();
    assert_eq!((stats.evictions, stats.expirations), (0, 4));
}

/// When most have left the others move together.
#[test]
fn what_is_evicted_next_stays_so_when_a_memo_has_shrunk() {
    const KEPT: u64 = 200;
    #[memoize(capacity = 20_000, policy = Lru, ttl = |n| secs(if n % 100 == 0 { 100 } else { 1 }))]
    fn lru(n: u64) -> u64 {
        n
    }
    #[memoize(capacity = 20_000, ttl = |n| secs(if n % 100 == 0 { 100 } else { 1 }))]
    fn by_default(n: u64) -> u64 {
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    (0..100 * KEPT).for_each(|n| assert_eq!((lru(n), by_default(n)), (n, n)));
    // The last is now the oldest.
    (0..KEPT).rev().for_each(|n| assert_eq!(lru(100 * n), 100 * n));
    scope.advance(secs(1));
    lru::memo().sweep();
    by_default::memo().sweep();
    lru::memo().set_capacity(200).unwrap();
    by_default::memo().set_capacity(200).unwrap();
    assert_eq!((lru::memo().len(), by_default::memo().len()), (200, 200));
    for n in 0..KEPT {
        let (oldest, new) = (100 * (KEPT - 1 - n), 100 * (KEPT + n));
        assert!(lru::key(oldest).is_live());
        assert_eq!((lru(new), by_default(new)), (new, new));
        assert!(
            !lru::key(oldest).is_live() && lru::key(new).is_live() && by_default::key(new).is_live(),
            "{n}"
        );
        assert_eq!((lru::memo().len(), by_default::memo().len()), (200, 200), "{n}");
    }
}

#[test]
fn what_was_invalidated_has_left_its_place_to_the_next() {
    #[memoize(capacity = 3, policy = Lru)]
    fn lru(n: u64) -> u64 {
        n
    }
    #[memoize(capacity = 3)]
    fn by_default(n: u64) -> u64 {
        n
    }

    let live = || (0..100).filter(|n| lru::key(*n).is_live()).collect::<Vec<_>>();
    (0..3).for_each(|n| assert_eq!((lru(n), by_default(n)), (n, n)));
    for n in 3..50 {
        assert_eq!((lru::key(n - 3).invalidate().count(), by_default::memo().len()), (1, 3));
        by_default::memo().invalidate_matching(&format!("*({})", n - 1));
        assert_eq!((lru(n), by_default(n)), (n, n));
        assert_eq!((live(), by_default::memo().len()), (vec![n - 2, n - 1, n], 3));
        assert!(by_default::key(n).is_live());
    }
    lru::key(48).invalidate();
    assert_eq!((lru(60), lru(61), live()), (60, 61, vec![49, 60, 61]));
}
