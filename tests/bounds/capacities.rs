//! What a memo keeps, at every capacity: no less than its bound, never more, the newest always, and of what
//! comes again the most.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use cache_core::testing::Scope;
use cache_core::{Key, Memo, Peek, memoize};
use tests::{Seeded, no_hang, secs};

/// Memos that are made for the capacity that each is to have.
#[derive(Default)]
struct Kept {
    by_default: Memo<u64>,
    lru: Memo<u64>,
}

impl Kept {
    fn of(capacity: usize) -> Self {
        let kept = Self::default();
        kept.by_default.set_capacity(capacity).unwrap();
        kept.lru.set_capacity(capacity).unwrap();
        kept
    }

    #[memoize(memo = self.by_default)]
    fn get(&self, n: u64) -> u64 {
        n + 1
    }

    #[memoize(memo = self.lru, policy = Lru)]
    fn get_lru(&self, n: u64) -> u64 {
        n + 1
    }

    /// How many of the calls found an entry.
    fn hits(&self, keys: impl IntoIterator<Item = u64>) -> u64 {
        let before = self.by_default.stats().hits;
        for n in keys {
            assert_eq!(self.get(n), n + 1);
        }
        self.by_default.stats().hits - before
    }
}

/// What is there; looked at, not read.
fn values(memo: &Memo<u64>) -> HashSet<u64> {
    let value = |key: &Key<u64>| match key.peek() {
        Peek::Fresh { value, .. } => Some(value),
        _ => None,
    };
    memo.keys().iter().filter_map(value).collect()
}

#[test]
fn small_memos_fill_up_to_the_bound_and_keep_the_newest() {
    for capacity in 1..=100_u64 {
        let kept = Kept::of(usize::try_from(capacity).unwrap());
        let memos = [&kept.by_default, &kept.lru];
        for n in 0..3 * capacity + 10 {
            kept.get(n);
            kept.get_lru(n);
            let held = usize::try_from(capacity.min(n + 1)).unwrap();
            assert_eq!(memos.map(Memo::len), [held; 2], "{capacity}");
            let before = memos.map(|memo| memo.stats().hits);
            kept.get(n);
            kept.get_lru(n);
            assert_eq!(memos.map(|memo| memo.stats().hits), before.map(|hits| hits + 1), "{capacity}");
            let evicted = (n + 1).saturating_sub(capacity);
            assert_eq!(memos.map(|memo| memo.stats().evictions), [evicted; 2], "{capacity}");
        }
    }
}

#[test]
fn small_memos_stay_within_the_bound_whatever_comes_and_goes() {
    for capacity in 1..=100_u64 {
        let kept = Kept::of(usize::try_from(capacity).unwrap());
        let memos = [&kept.by_default, &kept.lru];
        let mut random = Seeded::new(capacity);
        let (mut live, mut was_full) = (HashSet::new(), false);
        for _ in 0..600 {
            let n = random.below(2 * capacity + 2);
            if random.below(8) == 0 {
                kept.get_entry(n).invalidate();
                kept.get_lru_entry(n).invalidate();
                live.remove(&n);
            } else {
                kept.get(n);
                kept.get_lru(n);
                live.insert(n);
            }
            assert!(memos.iter().all(|memo| memo.len() as u64 <= capacity), "{capacity}");
            was_full |= live.len() as u64 > capacity;
            if !was_full {
                assert_eq!(memos.map(Memo::len), [live.len(); 2], "{capacity}");
                assert_eq!(memos.map(|memo| memo.stats().evictions), [0; 2], "{capacity}");
            }
        }
        for n in 0..2 * capacity + 2 {
            kept.get(n);
            kept.get_lru(n);
        }
        assert!(memos.iter().all(|memo| memo.len() as u64 == capacity), "{capacity} is lost to what went");
    }
}

/// Those that have several shards, of which some fill up before others.
#[test]
fn large_memos_fill_up_to_the_bound() {
    for capacity in [101, 1_000, 1_024, 2_047, 2_048, 3_000, 6_751, 8_192, 20_000] {
        let kept = Kept::of(usize::try_from(capacity).unwrap());
        kept.hits(0..capacity);
        assert_eq!((kept.by_default.len() as u64, kept.by_default.stats().evictions), (capacity, 0));
        assert_eq!(kept.hits(0..capacity), capacity);
        for n in capacity..capacity + capacity / 2 {
            kept.get(n);
            assert_eq!(kept.hits([n]), 1, "the newest is there");
        }
        assert_eq!(kept.by_default.len() as u64, capacity);
        assert_eq!(kept.by_default.stats().evictions, capacity / 2);
    }
}

/// Hashes of keys are seeded anew by each process: a small memo may take one of a scan for one that comes again. So
/// there are many of the small ones.
#[test]
fn a_hot_set_survives_a_long_scan() {
    for capacity in [4, 10, 30, 100, 1_000, 5_000] {
        let hot = capacity / 2;
        let (mut left, mut all) = (0, 0);
        for _ in 0..=1_000 / capacity {
            let kept = Kept::of(usize::try_from(capacity).unwrap());
            for _ in 0..5 {
                kept.hits(0..hot);
            }
            kept.hits(1_000_000..1_000_000 + 20 * capacity);
            left += kept.hits(0..hot);
            all += hot;
        }
        assert!(left * 10 >= all * 9, "{left} of {all} are left in {capacity}");
    }
}

#[test]
fn a_scan_between_rounds_costs_the_hot_set_little() {
    for capacity in [10, 100, 1_000] {
        let kept = Kept::of(usize::try_from(capacity).unwrap());
        let hot = capacity / 2;
        let rounds = 20;
        let mut hits = 0;
        for round in 0..rounds {
            let found = kept.hits((0..2).flat_map(|_| 0..hot));
            hits += if round < 2 { 0 } else { found };
            let first = 1_000_000 * (round + 1);
            kept.hits(first..first + 2 * capacity);
        }
        let most = 2 * hot * (rounds - 2);
        assert!(hits * 10 >= most * 9, "{hits} of {most} in {capacity}");
    }
}

#[test]
fn a_loop_that_is_longer_than_the_memo_keeps_a_part() {
    for capacity in [2, 5, 10, 50, 100, 1_000, 3_000] {
        for length in [capacity + 1, capacity + capacity / 4 + 1, 2 * capacity, 4 * capacity] {
            let kept = Kept::of(usize::try_from(capacity).unwrap());
            kept.hits((0..5).flat_map(|_| 0..length));
            let rounds = 5;
            let hits = kept.hits((0..rounds).flat_map(|_| 0..length));
            // At best all that is held is found in each round.
            assert!(2 * hits >= rounds * capacity, "{hits} in {rounds} of {length} in {capacity}");
        }
    }
}

#[test]
fn what_is_of_use_follows_when_the_use_changes() {
    for capacity in [5_u64, 20, 100, 1_000, 5_000] {
        let kept = Kept::of(usize::try_from(capacity).unwrap());
        let set = capacity - capacity.div_ceil(5);
        kept.hits((0..40).flat_map(|_| 0..set));
        let other = 1_000_000..1_000_000 + set;
        kept.hits((0..20).flat_map(|_| other.clone()));
        let hits = kept.hits(other);
        assert!(hits * 10 >= set * 9, "{hits} of {set} in {capacity}");
    }
}

#[test]
fn weights_are_filled_up_and_never_passed() {
    const CAPACITY: u64 = 500;
    fn weight(values: &HashSet<u64>) -> u64 {
        values.iter().map(|value| (value % 40).max(1)).sum()
    }
    #[memoize(capacity = 500, weigh = |_key, value| usize::try_from(*value % 40).unwrap())]
    fn by_default(n: u64) -> u64 {
        n
    }
    #[memoize(capacity = 500, policy = Lru, weigh = |_key, value| usize::try_from(*value % 40).unwrap())]
    fn lru(n: u64) -> u64 {
        n
    }

    let memos = [by_default::memo(), lru::memo()];
    let mut random = Seeded::new(1);
    let mut came = HashSet::new();
    for _ in 0..2_000 {
        let n = random.below(1_000);
        by_default(n);
        lru(n);
        came.insert(n);
        assert!(by_default::key(n).is_live() && lru::key(n).is_live());
        let all: u64 = weight(&came);
        for memo in &memos {
            let held = weight(&values(memo));
            let told = u64::try_from(memo.weight()).unwrap();
            // What weighs nothing counts 1.
            assert!((held..=CAPACITY).contains(&told), "{held} held, {told} told");
            if all <= CAPACITY {
                assert_eq!((held, memo.stats().evictions), (all, 0));
            } else {
                // The next might not have fitted: less than the heaviest is free, and than what made room for it.
                assert!(held > CAPACITY - 2 * 40, "{held} held");
            }
        }
    }
}

#[test]
fn a_bound_moves_down_and_up() {
    let kept = Kept::of(300);
    kept.hits(0..300);
    let mut next = 1_000;
    for capacity in [200, 10, 1, 50, 1_000, 7, 5_000] {
        let before = values(&kept.by_default);
        kept.by_default.set_capacity(capacity).unwrap();
        assert_eq!(kept.by_default.capacity(), Some(capacity));
        let left = values(&kept.by_default);
        assert!(left.is_subset(&before));
        assert_eq!(left.len(), before.len().min(capacity), "no more goes than has to");
        assert_eq!(kept.hits(left.iter().map(|value| value - 1)), left.len() as u64, "what is left is found");
        for _ in 0..2 * capacity {
            next += 1;
            kept.get(next);
            assert_eq!(kept.hits([next]), 1);
        }
        assert_eq!(kept.by_default.len(), capacity, "it fills up to the new bound");
    }
}

#[test]
fn a_bound_comes_and_goes() {
    let kept = Kept::default();
    kept.by_default.set_capacity(usize::MAX).unwrap();
    assert_eq!(kept.by_default.capacity(), None, "there is no bound before the first call either");
    kept.hits(0..3_000);
    assert_eq!((kept.by_default.capacity(), kept.by_default.len()), (None, 3_000));
    for turn in 1..4_u64 {
        kept.by_default.set_capacity(20).unwrap();
        assert_eq!((kept.by_default.capacity(), kept.by_default.len()), (Some(20), 20));
        let left = values(&kept.by_default);
        kept.by_default.set_capacity(usize::MAX).unwrap();
        assert_eq!(kept.hits(left.iter().map(|value| value - 1)), 20, "what is left is found");
        let evictions = kept.by_default.stats().evictions;
        kept.hits(turn * 10_000..turn * 10_000 + 2_980);
        assert_eq!((kept.by_default.len(), kept.by_default.stats().evictions), (3_000, evictions));
        assert_eq!(kept.hits(turn * 10_000..turn * 10_000 + 2_980), 2_980);
    }
}

#[test]
fn entries_stay_readable_while_the_bound_moves() {
    #[memoize(capacity = 2_000)]
    fn run(n: u64) -> u64 {
        n + 1
    }

    no_hang(|| {
        let over = AtomicBool::new(false);
        thread::scope(|threads| {
            for reader in 0..2 {
                let over = &over;
                threads.spawn(move || {
                    let mut random = Seeded::new(reader);
                    while !over.load(Ordering::Relaxed) {
                        let n = random.below(3_000);
                        assert_eq!(run(n), n + 1);
                    }
                });
            }
            for _ in 0..10 {
                for capacity in [2_000, 3, 700, usize::MAX, 1, 4_000] {
                    run::memo().set_capacity(capacity).unwrap();
                    (0..100).for_each(|n| assert_eq!(run(n), n + 1));
                }
            }
            over.store(true, Ordering::Relaxed);
        });
        run::memo().set_capacity(10).unwrap();
        assert!(run::memo().len() <= 10);
        (0..20).for_each(|n| assert_eq!(run(n), n + 1));
        assert_eq!(run::memo().len(), 10, "what is held was counted right");
    });
}

/// All are fewer than the least bound: whichever way it moves, none of them is computed again.
#[test]
fn a_bound_that_moves_above_what_is_held_costs_nothing() {
    let kept = Kept::of(1_000);
    kept.hits(0..500);
    for capacity in [500, 2_000, usize::MAX, 501, 100_000, 500] {
        kept.by_default.set_capacity(capacity).unwrap();
        assert_eq!(kept.hits(0..500), 500, "{capacity}");
    }
    assert_eq!(kept.by_default.stats().evictions, 0);
}

/// Without a sweep: whatever is over holds its place only until something comes again.
#[test]
fn what_is_over_gives_way_to_what_comes_again() {
    #[derive(Default)]
    struct Brief(Memo<u64>);
    impl Brief {
        #[memoize(memo = self.0, ttl = 10)]
        fn get(&self, n: u64) -> u64 {
            n
        }
    }

    for capacity in [1, 2, 3, 4, 5, 10, 30, 100, 1_000, 3_000] {
        let scope = Scope::new();
        let _inside = scope.enter();
        let brief = Brief::default();
        brief.0.set_capacity(usize::try_from(capacity).unwrap()).unwrap();
        for n in 0..capacity {
            brief.get(n);
        }
        scope.advance(secs(10));
        let round = || {
            let before = brief.0.stats().hits;
            for n in capacity..2 * capacity {
                brief.get(n);
            }
            brief.0.stats().hits - before
        };
        let most = (0..12).map(|_| round()).max().unwrap();
        assert!(most * 10 >= capacity * 9, "{most} of {capacity} are found");
    }
}
