//! What measurements share: entrants, interleaved rounds, medians and tables.

mod gate;
mod rounds;
mod summary;
mod table;
mod waiting;
mod watch;

pub(crate) use gate::{AbortOnPanic, Gate};
pub(crate) use rounds::{Plan, Samples, interleave};
pub(crate) use summary::{Quartiles, Standing, busy, median_ratio, standings};
pub(crate) use table::Table;
pub(crate) use waiting::Waiting;
pub(crate) use watch::{Times, Watch};

use crate::alloc::{self, Count};
use crate::workload::{Key, Workload, computed};

/// What an entrant is to the others.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The least that a hit can cost: the others are compared with it.
    Limit,
    /// The one whose ratio to every other is shown.
    Ours,
    Other,
}

/// Something that answers keys, and is measured doing so.
pub(crate) struct Entrant<K> {
    pub(crate) name: &'static str,
    role: Role,
    worker: Box<dyn Fn() -> Worker<K> + Sync>,
}

/// One thread's way into an entrant: answers the keys in order and adds the values up.
///
/// The loop over the keys is compiled into each worker, so that a call through the box is paid once
/// per pass, and the entrant's hit is inlined as it would be in a program that uses it.
pub(crate) type Worker<K> = Box<dyn FnMut(&[K]) -> u64>;

impl<K: Key> Entrant<K> {
    /// An entrant whose threads each call `make`, on themselves, for what answers one key.
    pub(crate) fn new<F>(name: &'static str, role: Role, make: impl Fn() -> F + Sync + 'static) -> Self
    where
        F: FnMut(K) -> u64 + 'static,
    {
        Self {
            name,
            role,
            worker: Box::new(move || {
                let mut answer = make();
                Box::new(move |keys| answer_all(keys, &mut answer))
            }),
        }
    }

    /// An entrant that is a memoized function.
    pub(crate) fn function(
        name: &'static str,
        role: Role,
        function: impl Fn(K) -> u64 + Copy + Sync + 'static,
    ) -> Self {
        Self::new(name, role, move || function)
    }

    /// The same under another name, in another role.
    pub(crate) fn called(self, name: &'static str, role: Role) -> Self {
        Self { name, role, ..self }
    }

    pub(crate) fn is_ours(&self) -> bool {
        self.role == Role::Ours
    }

    /// A worker for this thread that has answered nothing yet.
    pub(crate) fn worker(&self) -> Worker<K> {
        (self.worker)()
    }

    /// A worker for this thread that has answered every key: nothing it is asked later is new.
    pub(crate) fn warm_worker(&self, workload: &Workload<K>, thread: usize) -> Worker<K> {
        let mut worker = self.worker();
        // Twice, for entrants that admit a key, or settle it, on its second use only.
        for _ in 0..2 {
            worker(&workload.resident);
        }
        worker(&workload.sequence(thread).keys);
        worker
    }
}

#[inline(never)]
fn answer_all<K: Copy>(keys: &[K], answer: &mut impl FnMut(K) -> u64) -> u64 {
    let mut sum = 0_u64;
    for &key in keys {
        sum = sum.wrapping_add(answer(key));
    }
    sum
}

/// What one pass over the sequence allocates on the thread that makes it; nothing is known if too
/// many of its calls missed that should not. Apart from the timed rounds, so that counting does not disturb them.
pub(crate) fn allocations<K: Key>(entrant: &Entrant<K>, workload: &Workload<K>) -> Option<Count> {
    let mut worker = entrant.warm_worker(workload, 0);
    let mut turns = workload.turns(0);
    let keys = &turns.next().keys;
    let computed_before = computed();
    let count = alloc::count(|| {
        worker(keys);
    });
    let misses = computed() - computed_before;
    (workload.may_miss || !summary::void(misses, keys.len() as u64)).then_some(count)
}

/// A count as a float. Counts here stay far below 2^52, where this is exact.
#[expect(clippy::cast_precision_loss, reason = "see above")]
pub(crate) fn float(count: u64) -> f64 {
    count as f64
}
