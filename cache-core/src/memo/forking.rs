//! A memo around a `fork`.

use std::sync::Arc;

use super::{Data, TypedMemo};
use crate::sync::{Locked, held_in};

impl<K: Data, V: Data> TypedMemo<K, V> {
    /// Keeps writers off the shards that there are, and says how many these are. Who reads writes nothing but
    /// single words, so readers are let in.
    pub(super) fn keep_writers_off(&self) -> usize {
        let shards = self.shards.made();
        for shard in shards {
            shard.hold();
        }
        shards.len()
    }

    pub(super) fn let_writers_come(&self, count: usize) {
        for shard in self.shards.made().iter().take(count) {
            shard.release();
        }
    }

    pub(super) fn keep_from_the_rest(self: Arc<Self>) -> Vec<Box<dyn Locked>> {
        vec![
            held_in(self.clone(), |memo| memo.shards.hold(), |_| ()),
            held_in(self.clone(), |memo| memo.deferred.lock(), |_| ()),
            held_in(self.clone(), |memo| memo.backlog.hold(), |_| ()),
            held_in(self, |memo| memo.own_off.lock(), |_| ()),
        ]
    }

    /// In the child: computations of other threads are taken off, since they never end; nor does a judgement.
    ///
    /// # Safety
    ///
    /// See [`AnyMemo::forked`](super::AnyMemo::forked).
    pub(super) unsafe fn forget_other_threads(&self, count: usize) {
        self.judging.forget_other_threads();
        for shard in self.shards.made().iter().take(count) {
            // SAFETY: as the caller says.
            let room = unsafe { shard.forked() };
            for flight in room.flights.take_shared() {
                let renewing: Vec<_> = room.residents.of_hash(flight.hash).map(|entry| entry.slot).collect();
                for slot in renewing {
                    room.residents.note_renewal(slot, false);
                }
                // What it has is the user's, and may be what this thread is in the midst of.
                std::mem::forget(flight);
            }
        }
    }
}
