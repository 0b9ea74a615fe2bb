//! Weights are whole numbers of the full range of `usize`: stored, bounded, and summed up exactly.
#![cfg(target_pointer_width = "64")]

use cache_core::testing::Scope;
use cache_core::{Memo, memoize};

const GIB: usize = 1 << 30;
/// Around where a narrower number would end, and at the end of this one.
const WEIGHTS: [usize; 12] = [
    1,
    (1 << 31) - 1,
    1 << 31,
    (1 << 31) + 1,
    (1 << 32) - 1,
    1 << 32,
    (1 << 32) + 1,
    1 << 40,
    (1 << 40) + 7,
    (1 << 63) - 1,
    1 << 63,
    usize::MAX - 1,
];

#[test]
fn an_entry_of_any_weight_is_stored_and_counted_as_it_is() {
    #[memoize(capacity = usize::MAX - 1, weigh = |_key, value| *value)]
    fn heavy(weight: usize) -> usize {
        weight
    }
    #[memoize(capacity = usize::MAX - 1, policy = Lru, weigh = |_key, value| *value)]
    fn heavy_lru(weight: usize) -> usize {
        weight
    }
    let scope = Scope::new();
    let _inside = scope.enter();
    for weight in WEIGHTS {
        for (run, memo) in [(heavy as fn(usize) -> usize, heavy::memo()), (heavy_lru, heavy_lru::memo())] {
            memo.clear();
            assert_eq!((memo.weight(), memo.len()), (0, 0));
            run(weight);
            assert_eq!((memo.weight(), memo.len()), (weight, 1));
            run(weight);
            assert_eq!(memo.stats().too_heavy, 0);
        }
        assert!(heavy::entry(weight).get().is_some(), "{weight}");
    }
    assert_eq!(heavy::memo().stats().hits, WEIGHTS.len() as u64 * 2);
}

#[test]
fn sums_are_exact_however_entries_come_and_leave() {
    #[memoize(capacity = 1 << 50, weigh = |_key, value| *value, ttl = 10, tags = ["weights:{n}"])]
    fn kept(n: usize, weight: usize) -> usize {
        let _ = n;
        weight
    }
    let scope = Scope::new();
    let _inside = scope.enter();
    let memo = kept::memo();
    let weights = [1 << 31, 1 << 32, (1 << 32) + 3, 1 << 40, 5];
    for (n, weight) in weights.into_iter().enumerate() {
        kept(n, weight);
        assert_eq!(memo.weight(), weights[..=n].iter().sum::<usize>());
    }
    // Replaced by hand, by a change, and by a new computation.
    kept::entry(0, 1 << 31).insert(1 << 41);
    assert_eq!(memo.weight(), weights[1..].iter().sum::<usize>() + (1 << 41));
    kept::entry(0, 1 << 31).update(|_| (1 << 33) + 1);
    assert_eq!(memo.weight(), weights[1..].iter().sum::<usize>() + (1 << 33) + 1);
    kept::entry(0, 1 << 31).refresh();
    assert_eq!(memo.weight(), weights.iter().sum::<usize>());
    // Taken out by key, by tag and by predicate, and by time.
    kept::entry(1, 1 << 32).invalidate();
    assert_eq!(memo.weight(), weights.iter().sum::<usize>() - (1 << 32));
    assert_eq!(cache_core::tag("weights:2").invalidate().count(), 1);
    assert_eq!(memo.weight(), (1 << 31) + (1 << 40) + 5);
    memo.invalidate_if(|_, value| *value == 1 << 40);
    assert_eq!(memo.weight(), (1 << 31) + 5);
    scope.advance(tests::secs(11));
    memo.sweep();
    assert_eq!((memo.weight(), memo.len()), (0, 0));
}

#[test]
fn a_capacity_of_more_than_32_bits_is_filled_and_never_passed() {
    #[memoize(capacity = 10 * GIB, weigh = |_key, value| *value)]
    fn sized(n: u64, weight: usize) -> usize {
        let _ = n;
        weight
    }
    #[memoize(capacity = 10 * GIB, policy = Lru, weigh = |_key, value| *value)]
    fn sized_lru(n: u64, weight: usize) -> usize {
        let _ = n;
        weight
    }
    let scope = Scope::new();
    let _inside = scope.enter();
    for (run, memo) in [(sized as fn(u64, usize) -> usize, sized::memo()), (sized_lru, sized_lru::memo())] {
        let mut filled = false;
        for n in 0..300 {
            run(n, usize::try_from(n % 6).unwrap() * GIB + 1);
            assert!(memo.weight() <= 10 * GIB, "{} at {n}", memo.weight());
            filled |= memo.weight() > 5 * GIB && memo.len() > 1;
        }
        assert!(filled);
        // Heavier than all of it: told in the statistics, and nothing leaves for it.
        let (held, len) = (memo.weight(), memo.len());
        run(1_000, 10 * GIB + 1);
        assert_eq!((memo.weight(), memo.len(), memo.stats().too_heavy), (held, len, 1));
        run(1_001, 10 * GIB);
        assert_eq!((memo.weight(), memo.len()), (10 * GIB, 1));
        memo.set_capacity(5 * GIB).unwrap();
        assert_eq!((memo.weight(), memo.len()), (0, 0));
    }
}

/// What is more than any number that can be counted is too much for any capacity.
#[test]
fn sums_do_not_overflow() {
    #[memoize(capacity = 1, weigh = |_key, value| *value)]
    fn huge(n: u32, weight: usize) -> usize {
        let _ = n;
        weight
    }
    #[memoize(capacity = 1, policy = Lru, weigh = |_key, value| *value)]
    fn huge_lru(n: u32, weight: usize) -> usize {
        let _ = n;
        weight
    }
    let scope = Scope::new();
    let _inside = scope.enter();
    for (run, memo) in [(huge as fn(u32, usize) -> usize, huge::memo()), (huge_lru, huge_lru::memo())] {
        for capacity in [usize::MAX - 1, usize::MAX] {
            memo.clear();
            memo.set_capacity(capacity).unwrap();
            for n in 0..100 {
                run(n, capacity / 2 + 1);
                assert_eq!((memo.weight(), memo.len()), (capacity / 2 + 1, 1), "there is room for one");
            }
            run(100, capacity);
            assert_eq!((memo.weight(), memo.len()), (capacity, 1));
            run(101, 3);
            assert_eq!((memo.weight(), memo.len()), (3, 1));
        }
    }
}

/// Of several memos in one field each has its own sum, and nobody can count all of them.
#[test]
fn what_several_memos_weigh_together_is_the_greatest_number_at_most() {
    #[derive(Default)]
    struct Both {
        memo: Memo<usize>,
    }
    #[memoize]
    impl Both {
        #[memoize(memo = self.memo, capacity = usize::MAX - 1, weigh = |_key, value| *value)]
        fn one(&self, weight: usize) -> usize {
            weight
        }
        #[memoize(memo = self.memo, capacity = usize::MAX - 1, weigh = |_key, value| *value)]
        fn other(&self, weight: usize) -> usize {
            weight
        }
    }
    let scope = Scope::new();
    let _inside = scope.enter();
    let both = Both::default();
    both.one(1 << 40);
    both.other(3);
    assert_eq!(both.memo.weight(), (1 << 40) + 3);
    both.one(usize::MAX - 1);
    both.other(1 << 63);
    assert_eq!(both.memo.weight(), usize::MAX);
}
