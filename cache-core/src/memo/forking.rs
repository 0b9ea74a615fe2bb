//! A memo around a `fork`.

use std::sync::Arc;

use super::MemoCore;
use crate::sync::{Locked, held_in};

impl MemoCore {
    /// The lock of what invalidations have left for later.
    pub(crate) fn hold_backlog(self: Arc<Self>) -> Box<dyn Locked> {
        held_in(self, |memo| memo.backlog.lock(), |_| ())
    }

    /// Keeps writers off the shards that there are, and says how many these are. Who reads writes nothing but
    /// single words, so readers are let in.
    ///
    /// In the child flights of other threads are taken off, since they never end, and removals by predicate are
    /// forgotten.
    pub(crate) fn hold_shards(self: Arc<Self>) -> (usize, Box<dyn Locked>) {
        let count = self.shards_made();
        let memo = self.clone();
        let hold = move |memo: &'static Self| {
            memo.shards.made().iter().take(count).map(|shard| shard.upgradable()).collect::<Vec<_>>()
        };
        let locked = held_in(self, hold, move |shards| {
            memo.predicate_removals.forget_other_threads();
            for shard in shards {
                // SAFETY: this is the only thread. It is not within an `Eq`, where alone it would read there.
                let (guard, flights) = unsafe { shard.forked() };
                for flight in flights.take_shared() {
                    let renewing: Vec<_> =
                        guard.entries.of_hash(flight.hash).map(|entry| entry.slot).collect();
                    for slot in renewing {
                        guard.entries.note_renewal(slot, false);
                    }
                    // What it has is the user's, and may be what this thread is in the midst of.
                    std::mem::forget(flight);
                }
            }
        });
        (count, locked)
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
            held_in(self, |memo| memo.switched_off.lock(), |_| ()),
        ]
    }
}
