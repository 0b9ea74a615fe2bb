//! The default algorithm: two queues, and a memory of the evicted.
//!
//! A newcomer enters probation; what was read twice there moves on to the main queue, of which the oldest
//! gets another round for each of its reads. Every other question is one comparison of intervals, counted in
//! misses: a key that returns so long after it came takes the place of main's oldest only if that is read
//! clearly less often than once in that time. Probation grows by the keys that win, the sooner they returned
//! the more, and shrinks slowly otherwise.
//!
//! So a loop longer than the cache keeps what is there, a scan passes through probation, and what is read
//! again soon after it came finds probation long. The queues and the second read are those of S3-FIFO (Yang,
//! Zhang, Qiu, Yue, Vinayak: "FIFO queues are all you need for cache eviction", SOSP 2023), the comparison is
//! that of LIRS (Jiang, Zhang: "LIRS: an efficient low inter-reference recency set replacement policy",
//! SIGMETRICS 2002), the moving border that of ARC (Megiddo, Modha: "ARC: a self-tuning, low overhead
//! replacement cache", FAST 2003). On a hit nothing moves: the entry's own count rises.

use super::ghosts::Ghosts;
use super::queue::{Popped, Queue};
use super::{SlotId, SlotTable};

/// So many reads on probation earn a place in main.
const EARNED: u8 = 2;
/// Probation of one entry in `n` shrinks by an entry in this many times `n` misses.
const LEAK: u32 = 5;
/// Main's oldest makes room for any newcomer if it was not read in this many times as many misses as there are
/// entries.
const STALE: u32 = 32;
/// So many of main's get another round in one eviction; the next goes, read or not.
const ROUNDS: u32 = 16;
/// Evicted keys remembered for each entry.
const GHOSTS: usize = 2;
/// Probation is at least and at most such a part of the entries.
const LEAST: u32 = 128;
const MOST: u32 = 2;
/// Slots of a queue that are looked at for one that is gone, when an entry leaves by another way: so no more are
/// gone than are not.
const TIDY: usize = 4;

/// The queues of one shard.
pub(crate) struct Adaptive {
    probation: Queue,
    main: Queue,
    /// Made when something is first evicted: what never fills never pays for it.
    ghosts: Ghosts,
    /// Misses so far.
    clock: u32,
    /// How many entries probation shall have.
    target: u32,
    /// What of the next step down has added up.
    leak: u32,
}

impl Adaptive {
    pub(super) fn new() -> Self {
        Self {
            probation: Queue::new(),
            main: Queue::new(),
            ghosts: Ghosts::default(),
            clock: 0,
            target: 1,
            leak: 0,
        }
    }

    fn len(&self) -> u32 {
        self.probation.len() + self.main.len()
    }

    /// Evicts the oldest on probation; none if it was gone or moved to main.
    fn evict_probation(&mut self, slots: &mut impl SlotTable) -> Option<SlotId> {
        let Popped { slot, since, state } = self.probation.pop(slots)?;
        let Some(reads) = state.reads else {
            slots.free(slot);
            return None;
        };
        let mut stale = None;
        if reads < EARNED {
            stale = self.contest(STALE.saturating_mul(self.len()), slots);
            if stale.is_none() {
                self.ghosts.add(state.hash, since);
                return Some(slot);
            }
        }
        slots.set_reads(slot, 0);
        self.main.push(slot, self.clock, slots);
        stale
    }

    /// Evicts the oldest of main that was not read; none if main has none but such as are gone.
    fn evict_main(&mut self, slots: &mut impl SlotTable) -> Option<SlotId> {
        let mut rounds = 0;
        loop {
            let Popped { slot, since, state } = self.main.pop(slots)?;
            match state.reads {
                Some(reads) if reads > 0 && rounds < ROUNDS => {
                    rounds += 1;
                    self.another_round(slot, reads, slots);
                }
                Some(_) => {
                    self.ghosts.add(state.hash, since);
                    return Some(slot);
                }
                None => slots.free(slot),
            }
        }
    }

    /// Takes main's oldest out if it is read less often than once in an interval. If it is read more often, it
    /// gets another round; if it was not read yet, it waits.
    fn contest(&mut self, interval: u32, slots: &mut impl SlotTable) -> Option<SlotId> {
        let (slot, since) = self.main.front()?;
        let reads = slots.state(slot).reads;
        let age = self.clock.wrapping_sub(since);
        if reads == Some(0) && age < interval {
            return None;
        }
        self.end_contest(slot, reads, age, interval, slots)
    }

    /// The same for one that does not wait.
    #[cold]
    fn end_contest(
        &mut self,
        slot: SlotId,
        reads: Option<u8>,
        age: u32,
        interval: u32,
        slots: &mut impl SlotTable,
    ) -> Option<SlotId> {
        self.main.pop(slots);
        let Some(reads) = reads else {
            slots.free(slot);
            return None;
        };
        if u64::from(age) >= u64::from(interval) * (u64::from(reads) + 1) {
            return Some(slot);
        }
        self.another_round(slot, reads, slots);
        None
    }

    fn another_round(&mut self, slot: SlotId, reads: u8, slots: &mut impl SlotTable) {
        slots.set_reads(slot, reads - 1);
        self.main.push(slot, self.clock, slots);
    }

    /// Lets probation shrink, and moves to main what it has too much.
    fn settle(&mut self, slots: &mut impl SlotTable) {
        let len = self.len();
        self.leak += self.probation.len();
        if self.leak >= LEAK.saturating_mul(len) {
            self.leak = 0;
            self.target = self.target.saturating_sub(1);
        }
        self.target = self.target.clamp(len.div_ceil(LEAST), len.div_ceil(MOST));
        if self.probation.len() > self.target {
            self.move_on(slots);
        }
    }

    /// Moves the oldest on probation to main.
    #[cold]
    fn move_on(&mut self, slots: &mut impl SlotTable) {
        if let Some(Popped { slot, .. }) = self.probation.pop(slots) {
            self.main.push(slot, self.clock, slots);
        }
    }

    #[inline]
    pub(super) fn insert(&mut self, slot: SlotId, hash: u32, slots: &mut impl SlotTable) {
        self.clock = self.clock.wrapping_add(1);
        let interval = self.ghosts.take(hash, self.clock);
        if !interval.is_some_and(|interval| self.wins(slot, hash, interval, slots)) {
            self.probation.push(slot, self.clock, slots);
        }
        self.settle(slots);
    }

    /// Puts a newcomer that returns after an interval in the place of main's oldest, if that is read clearly less often.
    /// Whether it did.
    #[cold]
    fn wins(&mut self, slot: SlotId, hash: u32, interval: u32, slots: &mut impl SlotTable) -> bool {
        // By a quarter.
        let Some(loser) = self.contest(interval.saturating_add(interval / 4), slots) else { return false };
        // Probation would have to grow by about the interval to hold this key: a step by that chance.
        let draw = (hash ^ self.clock).wrapping_mul(0x9E37_79B9);
        if (u64::from(draw) * u64::from(interval)) >> 32 < u64::from(self.probation.len()) + 2 {
            self.target += 1;
        }
        self.probation.push_front(loser, slots);
        self.main.push(slot, self.clock, slots);
        true
    }

    pub(super) fn remove(&mut self, slots: &mut impl SlotTable) {
        self.probation.tidy(TIDY, slots);
        self.main.tidy(TIDY, slots);
    }

    #[inline]
    pub(super) fn victim(&mut self, slots: &mut impl SlotTable) -> Option<SlotId> {
        self.ghosts.fit(self.len() as usize * GHOSTS);
        while self.len() > 0 {
            let probation = self.probation.len() > 0 && self.probation.len() >= self.target;
            let victim = if probation || self.main.len() == 0 {
                self.evict_probation(slots)
            } else {
                self.evict_main(slots)
            };
            if victim.is_some() {
                return victim;
            }
        }
        None
    }

    pub(super) fn renumber(&mut self, old: &impl SlotTable, new: &mut impl SlotTable, to: &[SlotId]) {
        self.probation.renumber(old, new, to);
        self.main.renumber(old, new, to);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::super::tests::Table;
    use super::*;

    /// A cache of at most so many keys.
    struct Cache {
        policy: Adaptive,
        slots: Table,
        keys: HashMap<u32, SlotId>,
        by_hash: HashMap<u32, u32>,
        capacity: usize,
    }

    fn hash(key: u32) -> u32 {
        let mixed = u64::from(key).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        u32::try_from((mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 32).unwrap()
    }

    impl Cache {
        fn new(capacity: usize) -> Self {
            Self {
                policy: Adaptive::new(),
                slots: Table::default(),
                keys: HashMap::new(),
                by_hash: HashMap::new(),
                capacity,
            }
        }

        fn get(&mut self, key: u32) -> bool {
            if let Some(slot) = self.keys.get(&key) {
                let reads = self.slots.state(*slot).reads.unwrap();
                self.slots.set_reads(*slot, (reads + 1).min(3));
                return true;
            }
            while self.keys.len() >= self.capacity {
                let victim = self.policy.victim(&mut self.slots).expect("a full cache has a victim");
                let old = self.by_hash[&self.slots.state(victim).hash];
                assert_eq!(self.keys.remove(&old), Some(victim));
                self.slots.reads[victim as usize] = None;
                self.slots.free(victim);
            }
            let slot = self.slots.put(hash(key));
            self.by_hash.insert(hash(key), key);
            self.keys.insert(key, slot);
            self.policy.insert(slot, hash(key), &mut self.slots);
            false
        }

        fn remove(&mut self, key: u32) {
            if let Some(slot) = self.keys.remove(&key) {
                self.slots.reads[slot as usize] = None;
                self.policy.remove(&mut self.slots);
            }
        }

        fn hits(&mut self, keys: impl IntoIterator<Item = u32>) -> usize {
            keys.into_iter().filter(|key| self.get(*key)).count()
        }
    }

    #[test]
    fn nothing_leaves_before_the_bound_and_the_newest_is_always_there() {
        for capacity in 1..40 {
            let mut cache = Cache::new(capacity);
            for key in 0..1000 {
                cache.get(key % 97);
                assert!(cache.get(key % 97));
                assert_eq!(cache.keys.len(), capacity.min(key as usize + 1).min(97));
            }
        }
    }

    /// A policy whose queues have so many, in slots from 0 on, those on probation first. None was read.
    fn filled(probation: u32, main: u32) -> (Adaptive, Table) {
        let (mut policy, mut slots) = (Adaptive::new(), Table::of((probation + main) as usize));
        (0..probation).for_each(|slot| policy.probation.push(slot, 0, &mut slots));
        (probation..probation + main).for_each(|slot| policy.main.push(slot, 0, &mut slots));
        (policy, slots)
    }

    #[test]
    fn both_queues_follow_what_has_moved() {
        let ((mut policy, slots), mut moved) = (filled(2, 2), Table::of(4));
        policy.renumber(&slots, &mut moved, &[3, 2, 1, 0]);
        assert_eq!((policy.evict_probation(&mut moved), policy.evict_main(&mut moved)), (Some(3), Some(1)));
        assert_eq!((policy.probation.len(), policy.main.len()), (1, 1));
    }

    #[test]
    fn two_reads_on_probation_earn_a_place_in_main() {
        for (reads, victim) in [(0, Some(0)), (1, Some(0)), (2, None), (3, None)] {
            let (mut policy, mut slots) = filled(3, 0);
            slots.set_reads(0, reads);
            assert_eq!(policy.evict_probation(&mut slots), victim, "{reads} reads");
            assert_eq!((policy.probation.len(), policy.main.len()), (2, u32::from(victim.is_none())));
        }
    }

    #[test]
    fn so_many_of_main_get_another_round_and_the_next_goes() {
        let (mut policy, mut slots) = filled(0, 20);
        (0..20).for_each(|slot| slots.set_reads(slot, 3));
        assert_eq!(policy.evict_main(&mut slots), Some(ROUNDS));
        assert_eq!(policy.main.len(), 19);
        assert!((0..20).all(|slot| slots.state(slot).reads == Some(if slot < ROUNDS { 2 } else { 3 })));
    }

    /// Read so often in so many misses, against one that returns after 100.
    #[test]
    fn the_oldest_of_main_loses_if_it_is_read_less_often() {
        for (reads, age, loses, left) in [
            (0, 99, false, 0),
            (0, 100, true, 0),
            (1, 199, false, 0),
            (1, 200, true, 1),
            (3, 399, false, 2),
            (3, 400, true, 3),
        ] {
            let (mut policy, mut slots) = filled(0, 2);
            slots.set_reads(0, reads);
            policy.clock = age;
            assert_eq!(policy.contest(100, &mut slots), loses.then_some(0), "{reads} {age}");
            assert_eq!((slots.state(0).reads, policy.main.len()), (Some(left), 2 - u32::from(loses)));
        }
    }

    #[test]
    fn who_returns_wins_by_a_quarter() {
        for (age, wins) in [(100, false), (124, false), (125, true)] {
            let (mut policy, mut slots) = filled(2, 2);
            let slot = slots.put(7);
            policy.clock = age;
            assert_eq!(policy.wins(slot, 7, 100, &mut slots), wins, "{age}");
            assert_eq!(policy.probation.len(), 2 + u32::from(wins), "the loser is on probation");
        }
    }

    #[test]
    fn probation_grows_by_those_who_win_the_sooner_they_return_the_more() {
        let grown = |interval: u32| {
            let steps = (0..1_000_u32).map(|n| {
                let (mut policy, mut slots) = filled(8, 2);
                let slot = slots.put(0);
                (policy.clock, policy.target) = (1 << 20, 0);
                assert!(policy.wins(slot, hash(n), interval, &mut slots));
                policy.target
            });
            steps.sum::<u32>()
        };
        // Ten in so many.
        assert_eq!(grown(10), 1_000);
        let (soon, late) = (grown(100), grown(1_000));
        assert!((60..140).contains(&soon) && (1..25).contains(&late), "{soon} {late}");
    }

    #[test]
    fn probation_shrinks_slowly() {
        let (mut policy, mut slots) = filled(10, 90);
        policy.target = 10;
        for _ in 0..LEAK * 100 / 10 - 1 {
            policy.settle(&mut slots);
        }
        assert_eq!((policy.target, policy.probation.len()), (10, 10));
        policy.settle(&mut slots);
        assert_eq!((policy.target, policy.probation.len(), policy.main.len()), (9, 9, 91));
    }

    #[test]
    fn a_loop_longer_than_the_cache_keeps_a_part() {
        let mut cache = Cache::new(100);
        cache.hits((0..300).chain(0..300));
        assert!(cache.hits((0..10).flat_map(|_| 0..300)) > 10 * 95);
    }

    #[test]
    fn a_scan_does_not_flush_what_is_read() {
        let mut cache = Cache::new(100);
        cache.hits((0..20).flat_map(|_| 0..80));
        cache.hits(1000..3000);
        assert!(cache.hits(0..80) > 70);
    }

    #[test]
    fn a_new_working_set_replaces_the_old_one() {
        let mut cache = Cache::new(100);
        cache.hits((0..50).flat_map(|_| 0..80));
        cache.hits((0..10).flat_map(|_| 1000..1080));
        assert_eq!(cache.hits(1000..1080), 80);
    }

    #[test]
    fn a_loop_that_changes_is_followed_though_it_returns_after_long() {
        let mut cache = Cache::new(50);
        cache.hits((0..40).flat_map(|_| 0..600));
        cache.hits((0..40).flat_map(|_| 1000..1600));
        assert!(cache.hits((0..10).flat_map(|_| 1000..1600)) > 10 * 40);
    }

    #[test]
    fn what_is_read_twice_soon_after_it_came_is_found() {
        let mut cache = Cache::new(100);
        let keys = (0..20_000_u32).flat_map(|i| [Some(i), i.checked_sub(30), i.checked_sub(40)]).flatten();
        let hits = cache.hits(keys);
        assert!(hits > 32_000, "{hits}");
    }

    #[test]
    fn slots_of_entries_that_left_do_not_pile_up() {
        let mut cache = Cache::new(64);
        for round in 0..20_000_u32 {
            cache.get(round.wrapping_mul(7) % 200);
            cache.get(round % 31);
            cache.remove(round.wrapping_mul(11) % 200);
            cache.remove(round.wrapping_mul(13) % 200);
        }
        assert!(cache.slots.reads.len() < 200, "{} slots", cache.slots.reads.len());
        for key in 0..200 {
            cache.remove(key);
        }
        assert_eq!(cache.policy.victim(&mut cache.slots), None);
        assert_eq!(cache.slots.free.len(), cache.slots.reads.len());
        assert_eq!((cache.hits(0..64), cache.hits(0..64)), (0, 64));
    }

    #[test]
    fn the_bound_may_change() {
        let mut cache = Cache::new(500);
        cache.hits((0..4).flat_map(|_| 0..2000));
        for capacity in [20, 1, 1000, 3] {
            cache.capacity = capacity;
            cache.hits((0..4).flat_map(|_| 0..2000));
            assert_eq!(cache.keys.len(), capacity);
        }
    }
}
