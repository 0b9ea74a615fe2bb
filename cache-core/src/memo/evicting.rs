//! The bound of a memo, and the eviction of entries to keep it.

use super::backlog::BATCH;
use super::{Effects, MemoCore, ShardState};
use crate::event::Cause;
use crate::policy::SlotId;
use crate::sync::Ordering;
use crate::table::MetadataRef;
use crate::time::Tick;

impl MemoCore {
    /// Takes room for a new entry, from this shard's entries if need be. The bound holds at every
    /// moment: room is made before it is used. What the entry replaces leaves its room to it: nobody
    /// else can take that in between.
    #[inline]
    pub(crate) fn reserve(
        &self,
        guard: &mut ShardState,
        weight: usize,
        replaced: Option<SlotId>,
        now: Tick,
        effects: &mut Effects,
    ) -> bool {
        let mut freed = 0;
        loop {
            let replaced = replaced.and_then(|slot| guard.entries.metadata_at(slot));
            let left = freed + replaced.map_or(0, MetadataRef::weight);
            // Where nothing else bounds a memo, the numbers of slots do.
            if (left > 0 || !guard.entries.is_full()) && self.takes(weight, left) {
                return true;
            }
            let Some(weight) = self.evict_from(guard, now, effects) else {
                self.total_weight.fetch_sub(freed, Ordering::Relaxed);
                return false;
            };
            freed += weight;
        }
    }

    /// Takes room that is there, and what has left. Whether it was enough.
    #[inline]
    fn takes(&self, weight: usize, left: usize) -> bool {
        // Anew each time: a bound that is no longer in force evicts nothing.
        let capacity = self.capacity.load(Ordering::Relaxed);
        if left == weight && self.total_weight.load(Ordering::Relaxed) <= capacity {
            // It takes the place of what has left, and the number, which all shards share, stays.
            return true;
        }
        let taken = self.total_weight.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |held| {
            // What cannot be counted is too much for any capacity.
            (held - left).checked_add(weight).filter(|held| *held <= capacity)
        });
        taken.is_ok()
    }

    /// Takes an entry out. Its weight, which is still held.
    #[inline]
    fn evict_from(&self, guard: &mut ShardState, now: Tick, effects: &mut Effects) -> Option<usize> {
        let slot = guard.entries.victim(self.spec.policy)?;
        let entry = guard.entries.metadata_at(slot)?;
        let (hash, weight) = (entry.hash, entry.weight());
        if self.is_tracked() {
            guard.dependencies.note_replaced(hash);
        }
        let cause = self.cause(entry, now, Cause::Capacity);
        if self.leaves_silently(entry) {
            self.counters.removed(cause);
            guard.entries.forget_victim(slot, hash, weight);
        } else {
            Self::take_victim(guard, slot, cause, effects);
        }
        Some(weight)
    }

    /// A function of its own, so that entries that leave silently need no room on the stack for this.
    #[cold]
    fn take_victim(guard: &mut ShardState, slot: SlotId, cause: Cause, effects: &mut Effects) {
        if let Some(entry) = guard.entries.take_victim(slot) {
            effects.push(entry, cause);
        }
    }

    /// Evicts a few entries of one shard after the other, until no more than `bound` is held. It begins with the shard
    /// of this number. `then` runs after each, under no lock.
    pub(super) fn evict_down_to(
        &self,
        bound: usize,
        from: usize,
        effects: &mut Effects,
        mut then: impl FnMut(&mut Effects),
    ) {
        let count = self.shards().len();
        let mut progress = true;
        while progress {
            progress = false;
            for at in 0..count {
                let shard = self.shards().nth((from + at) % count);
                let Some(shard) = shard.filter(|shard| shard.read().entries.len() > 0) else { continue };
                progress |= self.evict_some(&mut shard.write(), bound, effects);
                then(effects);
                if self.total_weight.load(Ordering::Relaxed) <= bound {
                    return;
                }
            }
        }
    }

    /// Evicts a few entries of a shard while more than `bound` is held. Whether it could.
    fn evict_some(&self, guard: &mut ShardState, bound: usize, effects: &mut Effects) -> bool {
        let now = self.clock().now();
        let too_much = || self.total_weight.load(Ordering::Relaxed) > bound;
        let mut evict = || {
            let weight = if too_much() { self.evict_from(guard, now, effects)? } else { return None };
            self.total_weight.fetch_sub(weight, Ordering::Relaxed);
            Some(())
        };
        (0..BATCH).take_while(|_| evict().is_some()).count() > 0
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use crate::memo::{MemoSpec, Runtime, When};
    use crate::policy::Policy;
    use crate::spec::Spec;
    use crate::sync::Ordering;
    use crate::tests::test_memo::TestMemo;
    use crate::time::Clock;

    const SPEC: Spec = Spec::new("stage", &["key"]);

    #[test]
    fn what_is_held_is_what_is_there() {
        let cache = TestMemo::new(SPEC.capacity(2));
        let held = || cache.memo.total_weight.load(Ordering::Relaxed);
        for value in 0..4 {
            assert!(cache.put(1, value, When::Always));
        }
        assert_eq!(held(), 1);
        for key in 0..10 {
            assert!(cache.put(key, key, When::IfAbsent) || key == 1);
        }
        assert_eq!(held(), 2);
        assert_eq!(cache.memo.remove_all().count(), 2);
        assert_eq!(held(), 0);
    }

    /// A weigher by value; a new value may weigh more than the one it replaces.
    #[test]
    fn a_heavier_value_takes_the_room_of_the_one_it_replaces() {
        let hooks = MemoSpec::new().weigh(|_, value: &u64| usize::try_from(*value).unwrap());
        let cache = TestMemo::within(Runtime::new(Clock::System), SPEC.capacity(10), hooks);
        assert!(cache.put(1, 4, When::Always) && cache.put(2, 4, When::Always));
        assert!(cache.put(1, 6, When::IfPresent));
        assert_eq!((cache.get(1), cache.get(2)), (Some(6), Some(4)), "there was room for both");
        assert!(cache.put(1, 10, When::Always));
        assert_eq!((cache.get(1), cache.get(2)), (Some(10), None));
        assert!(!cache.put(1, 11, When::Always));
        assert_eq!(cache.memo.counters.read().too_heavy, 1);
    }

    #[test]
    fn a_lower_bound_evicts_at_once() {
        for (policy, left) in [(Policy::Lru, Some([9, 10])), (Policy::Adaptive, None)] {
            let cache = TestMemo::new(SPEC.capacity(10).policy(policy));
            (1..=10).for_each(|key| assert!(cache.put(key, key, When::Always)));
            cache.memo.bound(2);
            assert_eq!(cache.memo.total_weight.load(Ordering::Relaxed), 2);
            let there: Vec<u64> = (1..=10).filter(|key| cache.get(*key).is_some()).collect();
            assert!(there.len() == 2 && left.is_none_or(|left| there == left), "{there:?}");
        }
    }

    #[test]
    fn a_bound_that_was_set_within_an_eq_holds() {
        let cache = TestMemo::new(SPEC.unbounded());
        assert!(cache.put(1, 1, When::Always) && cache.put(2, 2, When::Always));
        crate::sync::comparing(|| {
            cache.memo.bound(1);
            true
        });
        assert!(cache.put(3, 3, When::Always));
        assert_eq!((cache.memo.total_weight.load(Ordering::Relaxed), cache.get(3)), (1, Some(3)));
    }
}
