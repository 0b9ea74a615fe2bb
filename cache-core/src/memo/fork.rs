//! Around a `fork`. Before it all locks that outlive a call are taken, in their order (`docs/locks.md`), so that no
//! other thread is in the midst of anything; after it they are let go, in the parent and in the child. There what
//! the parent's other threads had begun is forgotten: nobody would end it.

use std::cell::Cell;
use std::sync::Arc;

use super::{MemoCore, Runtime};
use crate::sync::{
    Locked, Mutex, MutexGuard, around, forget_other_threads, held_in, hold_slots, is_comparing,
};

/// Who makes memos all the time may get in between so often.
const TRIES: usize = 1000;

/// All locks.
struct Locks {
    guards: Vec<Box<dyn Locked>>,
    /// Two threads that fork at once.
    _one: MutexGuard<'static, ()>,
}

/// Has it done around each `fork` of this process from here on.
pub(crate) fn register() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| around(before, parent, child));
}

thread_local! {
    /// Of the thread that forks, from before until after.
    static HELD: Cell<Option<Locks>> = const { Cell::new(None) };
}

extern "C" fn before() {
    // Within an `Eq` this thread holds a shard itself.
    if is_comparing() {
        return;
    }
    let locks = take_all();
    // While the thread is being torn down there is no place to keep them: they are let go at once.
    let _ = HELD.try_with(|held| held.set(locks));
}

extern "C" fn parent() {
    let _ = HELD.try_with(|held| drop(held.take()));
}

extern "C" fn child() {
    forget_other_threads();
    let Some(mut locks) = HELD.try_with(Cell::take).ok().flatten() else {
        // Some locks may be held for ever.
        return crate::time::lose_threads();
    };
    locks.guards.iter_mut().for_each(|guard| guard.forked());
}

/// None if others got in between each time.
fn take_all() -> Option<Locks> {
    (0..TRIES).find_map(|_| {
        let locks = try_all();
        if locks.is_none() {
            std::thread::yield_now();
        }
        locks
    })
}

/// None if a memo was made meanwhile, or its shards.
fn try_all() -> Option<Locks> {
    static ONE: Mutex<()> = Mutex::new(());
    let one = ONE.lock();
    let runtimes = Runtime::all();
    let (memos, made): (Vec<_>, Vec<_>) = runtimes.iter().map(|runtime| runtime.memos_made()).unzip();
    // 0
    let memos: Vec<Arc<MemoCore>> = memos.into_iter().flatten().collect();
    let guards = memos.iter().map(|memo| memo.clone().hold_backlog()).collect();
    let mut locks = Locks { guards, _one: one };
    // 1
    let mut counts = Vec::new();
    for memo in &memos {
        let (count, guard) = memo.clone().hold_shards();
        counts.push(count);
        locks.guards.push(guard);
    }
    // 2
    locks.guards.push(crate::memo::slot::hold());
    locks.guards.extend(memos.iter().map(|memo| memo.clone().hold_memo_tag()));
    // 3
    let held = |runtime: &Arc<Runtime>| held_in(runtime.clone(), |runtime| runtime.tags.hold_all(), |_| ());
    locks.guards.extend(runtimes.iter().map(held));
    // 4
    locks.guards.extend(memos.iter().flat_map(|memo| memo.clone().hold_rest()));
    if memos.iter().zip(counts).any(|(memo, count)| memo.shards_made() != count) {
        return None;
    }
    // 5
    for (runtime, made) in runtimes.iter().zip(made) {
        locks.guards.push(runtime.clone().hold_memos(made)?);
    }
    // 6 and 7
    locks.guards.extend([crate::time::hold_ticker(), crate::memo::sweeper::hold()]);
    // 9 to 12
    let held = |runtime: &Arc<Runtime>| held_in(runtime.clone(), |runtime| runtime.waits.hold(), |_| ());
    locks.guards.extend(runtimes.iter().map(held));
    let held = |runtime: &Arc<Runtime>| held_in(runtime.clone(), |runtime| runtime.clock.hold(), |_| ());
    locks.guards.extend(runtimes.iter().map(held));
    locks.guards.extend(crate::time::hold_timers());
    locks.guards.push(Runtime::hold_all());
    locks.guards.push(crate::background::hold());
    // 13
    locks.guards.push(hold_slots());
    Some(locks)
}

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
