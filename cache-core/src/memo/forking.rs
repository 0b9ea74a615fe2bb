//! A memo around a `fork`.

use std::sync::Arc;

use super::MemoCore;
use crate::sync::{Locked, held_in};

impl MemoCore {
    /// Keeps writers off the shards that there are, and says how many these are. Who reads writes nothing but
    /// single words, so readers are let in.
    pub(crate) fn hold_shards(&self) -> usize {
        let shards = self.shards.made();
        for shard in shards {
            shard.hold();
        }
        shards.len()
    }

    /// Lets writers come again.
    pub(crate) fn release_shards(&self, count: usize) {
        for shard in self.shards.made().iter().take(count) {
            shard.release();
        }
    }

    /// How many shards were made.
    pub(crate) fn shards_made(&self) -> usize {
        self.shards.made().len()
    }

    /// The lock of the tag that stands for all keys.
    pub(crate) fn hold_memo_tag(self: Arc<Self>) -> Box<dyn Locked> {
        held_in(self, |memo| memo.memo_tag.lock(), |_| ())
    }

    /// The locks that are taken under those of tags.
    pub(crate) fn hold_rest(self: Arc<Self>) -> Vec<Box<dyn Locked>> {
        vec![
            held_in(self.clone(), |memo| memo.shards.hold(), |_| ()),
            held_in(self.clone(), |memo| memo.deferred.lock(), |_| ()),
            held_in(self.clone(), |memo| memo.backlog.hold(), |_| ()),
            held_in(self, |memo| memo.switched_off.lock(), |_| ()),
        ]
    }

    /// In the child: flights of other threads are taken off, since they never end, and removals by
    /// predicate are forgotten.
    ///
    /// # Safety
    ///
    /// There is one thread, which holds so many shards by [`hold_shards`](Self::hold_shards) and none in another
    /// way.
    pub(crate) unsafe fn forked(&self, count: usize) {
        self.predicate_removals.forget_other_threads();
        for shard in self.shards.made().iter().take(count) {
            // SAFETY: as the caller says.
            let (guard, flights) = unsafe { shard.forked() };
            for flight in flights.take_shared() {
                let renewing: Vec<_> = guard.entries.of_hash(flight.hash).map(|entry| entry.slot).collect();
                for slot in renewing {
                    guard.entries.note_renewal(slot, false);
                }
                // What it has is the user's, and may be what this thread is in the midst of.
                std::mem::forget(flight);
            }
        }
    }
}
