//! Short cuts for storing a plain value: one without tags, a ttl of its own, a weight or a condition.
//!
//! They store what [`store`](MemoCore::store) would, or nothing: then that decides.

use super::MemoCore;
use crate::erased::Erased;
use crate::event::Cause;
use crate::spec::Spec;
use crate::sync::{Ordering, ShardLock};
use crate::table::StoredMetadata;
use crate::tags::Carrier;
use crate::time::{NEVER, SECOND, Tick, later, ticks};

impl MemoCore {
    /// The ttl of the plain values of a memo; none if its options weigh entries, look at their times, or
    /// let them live for less than a second.
    pub(super) fn plain_ttl(spec: &Spec, weighs: bool) -> Option<Tick> {
        let rules = &spec.rules;
        let ttl = rules.ttl.map_or(NEVER, ticks);
        let is_plain = !weighs && rules.idle.is_none() && rules.jitter == 0.0 && !rules.needs_cost();
        // What ends soon is noted by the exact clock.
        (is_plain && ttl >= SECOND).then_some(ttl)
    }

    /// Puts a value in the place of the one that is there, by hand. Whether it did.
    #[inline]
    pub(super) fn overwrite(&self, key: &Erased, hash: u32, value: &Erased) -> bool {
        let Some((now, deadline)) = self.plain_times() else { return false };
        let born = self.runtime().tags.now();
        let guard = self.shard(hash).upgradable();
        // A flight of the key would end, and so would what was computed from the entry.
        let is_over = self.total_weight.load(Ordering::Relaxed) > self.capacity.load(Ordering::Relaxed);
        if guard.gated().has(hash) || self.is_tracked() || is_over {
            return false;
        }
        let Some(slot) = guard.entries.slot_of(hash, |other| self.same(other, key)) else { return false };
        let entry = guard.entries.metadata_at(slot);
        let Some(entry) = entry.filter(|entry| entry.is_plain() && self.leaves_silently(*entry)) else {
            return false;
        };
        // Loaded before the stamps: the entry is valid at this revision or not at all.
        let revision = self.revision().current();
        if !self.untouched_since(born, hash, &[]) {
            return false;
        }
        self.counters.removed(self.cause(entry, now, Cause::Replaced));
        let mut guard = ShardLock::upgrade(guard);
        let stored_metadata = StoredMetadata {
            created: now,
            deadline,
            verified: born.max(revision),
            is_error: self.is_error(value),
            extra: None,
        };
        guard.entries.overwrite(slot, value, &stored_metadata, &self.spec.rules);
        drop(guard);
        self.counters.stores.add();
        self.will_end(deadline);
        true
    }

    /// When a plain value is stored, and the first tick at which it is no longer fresh; none if the memo's are not.
    #[inline]
    pub(crate) fn plain_times(&self) -> Option<(Tick, Tick)> {
        let ttl = self.plain_ttl?;
        // What begins earlier ends earlier: of a long time that is no matter.
        let now = self.clock().coarse();
        // At the end of time nothing is fresh.
        Some((now, later(now, ttl))).filter(|(now, deadline)| now < deadline)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use crate::memo::{MemoSpec, Runtime, When};
    use crate::spec::Spec;
    use crate::sync::Ordering;
    use crate::tests::test_memo::TestMemo;
    use crate::time::{Clock, Manual};

    const SPEC: Spec = Spec::new("cache", &["key"]);

    #[test]
    fn what_would_never_be_fresh_is_not_stored() {
        let time = Arc::new(Manual::default());
        time.advance(u64::MAX);
        let spec = SPEC.ttl(Duration::from_secs(100));
        let cache = TestMemo::within(Runtime::new(Clock::Manual(time)), spec, MemoSpec::new());
        for _ in 0..3 {
            assert_eq!(cache.call(1, &[], || Ok(1)), Ok(1));
            assert!(!cache.put(2, 2, When::Always));
        }
        assert_eq!(cache.memo.counters.read().stores, 0);
    }

    #[test]
    fn a_value_that_is_written_over_another_keeps_to_a_bound_that_was_lowered() {
        let cache = TestMemo::new(SPEC.unbounded());
        assert!(cache.put(1, 1, When::Always) && cache.put(2, 2, When::Always));
        crate::sync::comparing(|| {
            cache.memo.bound(1);
            true
        });
        assert!(cache.put(1, 3, When::Always));
        assert_eq!((cache.memo.total_weight.load(Ordering::Relaxed), cache.get(1)), (1, Some(3)));
    }
}
