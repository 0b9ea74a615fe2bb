//! Which copies in the front may be used, and which may be made.
//!
//! Keys are spread over stripes. A stripe has a *generation*, and each copy names the one in which it was made. A copy
//! of another generation is not used. So a new generation makes all copies of a stripe void at once, those
//! included that are on their way to the front and arrive later. It is begun where it is not known what the front
//! holds, or will hold, under a key: the front failed, a request was dropped, or requests of one key overlapped.
//!
//! Requests that are under way are listed by key. Then these rules hold:
//!
//! - While a key is written, nobody uses its copy, and no fetch copies it.
//! - A fetch copies only if no write of the key has begun since the fetch did, and no other fetch has found the key
//!   absent.
//! - A write changes the front after the back has answered, and is acknowledged after the front has answered. If another
//!   write of the key was at the back meanwhile, the order of the two is not known. If another request is changing the
//!   front under the key, the order of these changes is not known. In both cases the write begins a new generation
//!   instead.
//!
//! So at most one request at a time changes what the front holds under a key in a generation.

use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::store::fork;
use crate::sync::plain::{Mutex, MutexGuard};
use crate::sync::{Locked, RandomState, held_in};

pub(super) struct Stripes {
    all: Box<[Mutex<Stripe>]>,
    /// Counts the requests that have changed the front, or may have.
    moment: AtomicU64,
    hasher: RandomState,
}

struct Stripe {
    generation: u64,
    /// The moment at which a write ended last.
    written: u64,
    /// The moment at which a fetch changed the front last.
    fetched: u64,
    keys: Vec<Busy>,
}

/// A key that requests are under way for, which is listed until they end. Keys with the same hash are taken for one.
#[derive(Default)]
struct Busy {
    hash: u64,
    /// The requests.
    requests: u32,
    /// Those that write.
    writes: u32,
    /// Those of the writes that the back has not answered.
    at_back: u32,
    /// Requests that are changing the front.
    at_front: u32,
    /// Whether one of the fetches may copy.
    is_fetched: bool,
    /// The number of writes that have begun.
    begun: u64,
    /// Changes when fetches that have begun may no longer copy.
    epoch: u64,
}

/// A request that is under way for a key. It ends when this is dropped. If that is too soon, the front may hold
/// anything under the key, so a new generation begins.
pub(super) struct UnderWay<'s> {
    stripes: &'s Stripes,
    hash: u64,
    role: Role,
    /// Whether it is changing the front.
    is_at_front: bool,
}

enum Role {
    Fetch {
        /// The epoch in which it may copy, if it may.
        epoch: Option<u64>,
    },
    Write {
        /// [`Busy::begun`] when it began.
        begun: u64,
        /// [`Busy::epoch`] when it began.
        epoch: u64,
        /// Whether another write was at the back when it began.
        overlaps: bool,
        /// Whether the back has not answered.
        is_at_back: bool,
    },
}

/// How a write is to change the front.
pub(super) struct Change {
    /// The generation of a copy.
    pub(super) generation: u64,
    /// Whether a fetch has found the key absent meanwhile. Then the write may copy what it has put, but not what it has
    /// found.
    pub(super) was_absent: bool,
}

impl Stripe {
    fn new_generation(&mut self) {
        self.generation = self.generation.wrapping_add(1);
    }

    /// Where the key is in the list. It is added if it is not there.
    fn place(&mut self, hash: u64) -> usize {
        self.keys.iter().position(|busy| busy.hash == hash).unwrap_or_else(|| {
            self.keys.push(Busy { hash, ..Busy::default() });
            self.keys.len() - 1
        })
    }
}

/// In the child a new generation begins: the requests of other threads never end there.
impl fork::Locks for Stripes {
    fn hold(self: Arc<Self>) -> Vec<Box<dyn Locked>> {
        let lock = |place: usize| {
            held_in(self.clone(), |stripes| stripes.all[place].lock(), |stripe| stripe.new_generation())
        };
        (0..self.all.len()).map(lock).collect()
    }
}

impl Stripes {
    /// `generation` is that of all stripes at first. It is random, so that copies of other instances are void. A new
    /// generation makes one copy of `count` void.
    pub(super) fn new(generation: u64, count: usize) -> Self {
        let stripe = || Mutex::new(Stripe { generation, written: 0, fetched: 0, keys: Vec::new() });
        Self {
            all: (0..count).map(|_| stripe()).collect(),
            moment: AtomicU64::new(0),
            hasher: RandomState::default(),
        }
    }

    fn hash(&self, key: &[u8]) -> u64 {
        self.hasher.hash_one(key)
    }

    fn lock(&self, hash: u64) -> MutexGuard<'_, Stripe> {
        // The remainder is less than the number of stripes.
        let place = usize::try_from(hash >> 32).unwrap_or_default() % self.all.len();
        self.all[place].lock()
    }

    /// Locks the stripe of a key. The place is that of the key in the list.
    fn locked(&self, hash: u64) -> (MutexGuard<'_, Stripe>, usize) {
        let mut stripe = self.lock(hash);
        let place = stripe.place(hash);
        (stripe, place)
    }

    /// The moment at which a read begins.
    pub(super) fn moment(&self) -> u64 {
        self.moment.load(Ordering::Acquire)
    }

    /// The moment at which a request ends. A read that begins then sees all that the request did to the front.
    fn next_moment(&self) -> u64 {
        self.moment.fetch_add(1, Ordering::AcqRel) + 1
    }

    /// Whether a copy may be used by a read that began at a moment, and has asked the front since.
    ///
    /// It may not if the key was written meanwhile. Otherwise a read could return the old value after another has
    /// returned the new one.
    pub(super) fn is_current(&self, key: &[u8], generation: u64, since: u64) -> bool {
        let hash = self.hash(key);
        let stripe = self.lock(hash);
        let is_written = |busy: &Busy| busy.hash == hash && busy.writes > 0;
        stripe.generation == generation && stripe.written <= since && !stripe.keys.iter().any(is_written)
    }

    /// Begins to fetch a key from the back. Only one fetch of a key at a time may copy it.
    pub(super) fn fetch(&self, key: &[u8]) -> UnderWay<'_> {
        let hash = self.hash(key);
        let (mut stripe, place) = self.locked(hash);
        let busy = &mut stripe.keys[place];
        busy.requests += 1;
        let may_copy = busy.writes == 0 && !busy.is_fetched;
        busy.is_fetched |= may_copy;
        let role = Role::Fetch { epoch: may_copy.then_some(busy.epoch) };
        drop(stripe);
        UnderWay { stripes: self, hash, role, is_at_front: false }
    }

    /// Begins to write a key.
    pub(super) fn write(&self, key: &[u8]) -> UnderWay<'_> {
        let hash = self.hash(key);
        let (mut stripe, place) = self.locked(hash);
        let busy = &mut stripe.keys[place];
        let overlaps = busy.at_back > 0;
        busy.requests += 1;
        busy.writes += 1;
        busy.at_back += 1;
        busy.begun += 1;
        busy.epoch += 1;
        let role = Role::Write { begun: busy.begun, epoch: busy.epoch, overlaps, is_at_back: true };
        drop(stripe);
        UnderWay { stripes: self, hash, role, is_at_front: false }
    }
}

impl UnderWay<'_> {
    pub(super) fn is_fetch(&self) -> bool {
        matches!(self.role, Role::Fetch { .. })
    }

    /// A fetch has found the key. Returns the generation of the copy that it is to make now, if it may.
    pub(super) fn found(&mut self) -> Option<u64> {
        let (mut stripe, place) = self.stripes.locked(self.hash);
        let busy = &mut stripe.keys[place];
        let may_copy = matches!(self.role, Role::Fetch { epoch } if epoch == Some(busy.epoch));
        busy.at_front += u32::from(may_copy);
        let generation = stripe.generation;
        drop(stripe);
        self.is_at_front = may_copy;
        may_copy.then_some(generation)
    }

    /// A fetch whose read began at a moment has found the key absent. Nobody may copy what was there before.
    ///
    /// `copy` says whether the front has a copy, if that is known. Returns whether the fetch is to remove it.
    pub(super) fn found_absent(&mut self, copy: Option<bool>, since: u64) -> bool {
        let (mut stripe, place) = self.stripes.locked(self.hash);
        let has_copy = copy == Some(true) || stripe.fetched.max(stripe.written) > since;
        let busy = &mut stripe.keys[place];
        busy.epoch += 1;
        // Somebody may be making a copy, or nobody can say whether there is one.
        let is_unknown = busy.at_front > 0 || copy.is_none();
        let removes = has_copy && !is_unknown;
        busy.at_front += u32::from(removes);
        if is_unknown {
            stripe.new_generation();
        }
        drop(stripe);
        self.is_at_front = removes;
        removes
    }

    /// The back has answered a write. Returns how the write is to change the front now. [`None`] if there is nothing to
    /// change, because no copy of the key is valid any more.
    pub(super) fn written(&mut self) -> Option<Change> {
        let (mut stripe, place) = self.stripes.locked(self.hash);
        let busy = &mut stripe.keys[place];
        let Role::Write { begun, epoch, overlaps, is_at_back } = &mut self.role else { return None };
        busy.at_back -= u32::from(std::mem::take(is_at_back));
        let is_unknown = *overlaps || *begun != busy.begun || busy.at_front > 0;
        if is_unknown {
            stripe.new_generation();
            return None;
        }
        busy.at_front += 1;
        self.is_at_front = true;
        let was_absent = *epoch != busy.epoch;
        Some(Change { generation: stripe.generation, was_absent })
    }

    /// The front has answered, or has failed so that it is not known what it holds.
    pub(super) fn front_has_answered(&mut self, is_known: bool) {
        let (mut stripe, place) = self.stripes.locked(self.hash);
        stripe.keys[place].at_front -= u32::from(std::mem::take(&mut self.is_at_front));
        if self.is_fetch() {
            stripe.fetched = self.stripes.next_moment();
        }
        if !is_known {
            stripe.new_generation();
        }
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let (mut stripe, place) = self.stripes.locked(self.hash);
        let busy = &mut stripe.keys[place];
        busy.requests -= 1;
        busy.at_front -= u32::from(self.is_at_front);
        let mut is_unknown = self.is_at_front;
        match self.role {
            Role::Fetch { epoch } => busy.is_fetched &= epoch.is_none(),
            Role::Write { is_at_back, .. } => {
                busy.writes -= 1;
                busy.at_back -= u32::from(is_at_back);
                is_unknown |= is_at_back;
                stripe.written = self.stripes.next_moment();
            }
        }
        if stripe.keys[place].requests == 0 {
            stripe.keys.swap_remove(place);
        }
        if is_unknown {
            stripe.new_generation();
        }
    }
}
