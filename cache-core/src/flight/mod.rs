//! Single flight: one computation under way for a key, which the first caller leads and the others
//! wait for.
//!
//! A flight is registered in its key's shard, so that whoever writes or invalidates there finds it: a
//! flight that is no longer registered when it lands stores nothing. Whom a flight waits for is known
//! ([`graph`]), so that recursion and cycles are computed in place instead of waited for.

mod control;
mod graph;
mod intent;
mod limits;
mod pending_job;
mod spare;
mod waiting;

use std::collections::BTreeMap;
use std::sync::{Arc, Weak, atomic};
use std::task::Waker;

use hashbrown::HashTable;

pub(crate) use control::{BodyControl, BodyDecisions, PreviousValue};
pub(crate) use graph::{
    ContextGuard, FlightContext, Wait, Waits, current, has_invalidated, polled_with_context, with_context,
};
pub(crate) use intent::Intent;
pub use limits::{Limits, TimedOut};
pub(crate) use pending_job::{Job, PendingJob};
use waiting::Leader;
pub(crate) use waiting::{AdoptableComputation, AdoptionRule, WaitBounds, WaitOutcome, Waiter};

use crate::erased::{Erased, ErasedRef};
use crate::policy::SlotId;
use crate::sync::{AtomicUsize, Mutex, Ordering};
use crate::table::{Entries, EntryId};
use crate::tags::{Number, SharedTags, TagState};
use crate::time::{NEVER, Tick};
use crate::value::SharedError;

/// One computation under way.
pub(crate) struct Flight {
    pub(crate) key: Erased,
    pub(crate) hash: u32,
    /// The last invalidation that its computation has seen.
    pub(crate) born: Number,
    pub(crate) kind: Kind,
    /// The entry that was there when it began.
    pub(crate) old: Option<PreviousEntry>,
    pub(crate) context: Arc<FlightContext>,
    #[cfg(feature = "rayon")]
    pub(crate) begun: Tick,
    /// How many callers have joined it. It is counted under the shard, so it stands still once the flight was
    /// taken off.
    joined: AtomicUsize,
    /// While it was on its shard, a value was stored of a key that may be its own. Under the shard, too.
    preceded: atomic::AtomicBool,
    /// Until when callers that join it may have its value, though an invalidation elsewhere may not be seen by it.
    takes_until: atomic::AtomicU64,
    state: Mutex<FlightState>,
}

crate::sync::crosses_threads!(Flight {
    key,
    hash,
    born,
    kind,
    old,
    context,
    #[cfg(feature = "rayon")]
    begun,
    joined,
    preceded,
    takes_until,
    state,
});

/// An entry as it was at some time. If it was stored or confirmed since, it is another.
#[derive(Clone, Copy)]
pub(crate) struct PreviousEntry {
    pub(crate) id: EntryId,
    /// When it was stored, or confirmed.
    pub(crate) since: Tick,
}

impl PreviousEntry {
    pub(crate) fn of(entries: &mut Entries, slot: SlotId) -> Option<Self> {
        let id = entries.id_of(slot)?;
        Some(Self { id, since: entries.at(slot)?.created() })
    }
}

/// What a flight is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Computes for all who ask.
    Shared,
    /// Computes for its caller alone.
    Alone,
    /// Replaces what was there, for all who ask.
    Refresh,
    /// Changes the value that was there. It stores only if nothing else was stored meanwhile.
    Update,
}

impl Kind {
    /// Whether others may wait for it.
    fn is_shared(self) -> bool {
        matches!(self, Self::Shared | Self::Refresh)
    }
}

#[derive(Default)]
struct FlightState {
    landing: Option<Landing>,
    /// Those who were to compute it have refused.
    refused: bool,
    /// The background was given the computation, and may not have begun it.
    pending_job: Option<Weak<PendingJob>>,
    /// When workers of rayon are let go, once one waits; and whether one was.
    workers_leave: Option<Tick>,
    left_by_workers: bool,
    /// What the others take that the first of them has computed in place.
    in_place: Option<Box<Landing>>,
    /// When the next waiter is let go, once somebody waits.
    release: Option<Tick>,
    /// The task that leads it, if it is one.
    leader: Leader,
    /// Lets an executor go on with a computation that its leader has left, if no waiter begins anew. If that panics the
    /// computation is dropped, and so waiters do.
    orphan: Option<Job>,
    /// The threads and tasks that wait, by their numbers: whom to wake, unless that was done. Wakers are dropped with
    /// nothing held: one may own its task, which may wait here as well.
    waiters: BTreeMap<usize, Option<Waker>>,
    /// The flight is looked at now and then.
    timed: bool,
}

/// How a flight ended.
#[derive(Clone)]
pub(crate) enum Landing {
    /// With a value, and the tags by which it may have been invalidated meanwhile.
    Value(Erased, CarriedTags),
    /// With an error: what waiters get of it, and whether an older value may stand in for it.
    Error(SharedError, bool),
    /// The leader panicked, or was dropped.
    Crashed,
}

/// What tags a value carries.
#[derive(Clone)]
pub(crate) enum CarriedTags {
    /// These.
    Tags(Option<SharedTags>),
    /// The tags are not known, so a caller that came after an invalidation must not get the value.
    Unknown,
}

impl CarriedTags {
    /// The tags, if they are known.
    pub(crate) fn known(&self) -> Option<&[Arc<TagState>]> {
        match self {
            Self::Tags(tags) => Some(tags.as_ref().map_or(&[], |tags| tags)),
            Self::Unknown => None,
        }
    }
}

impl Flight {
    /// Whether it stays registered though this thread writes its key, because its own closure does so.
    pub(crate) fn stays_registered(&self) -> bool {
        self.kind == Kind::Update && self.context.writes_within()
    }

    pub(crate) fn new(
        key: Erased,
        hash: u32,
        born: Number,
        kind: Kind,
        old: Option<PreviousEntry>,
        context: Arc<FlightContext>,
    ) -> Self {
        Self {
            key,
            hash,
            born,
            kind,
            old,
            context,
            #[cfg(feature = "rayon")]
            begun: 0,
            joined: AtomicUsize::new(0),
            preceded: atomic::AtomicBool::new(false),
            takes_until: atomic::AtomicU64::new(NEVER),
            state: Mutex::new(FlightState::default()),
        }
    }

    /// It has begun at some time. Nobody else has it yet.
    #[cfg(feature = "rayon")]
    pub(crate) fn begun_at(self: &mut Arc<Self>, begun: Tick) {
        Arc::get_mut(self).expect("nobody else has it yet").begun = begun;
    }

    #[cfg(feature = "rayon")]
    pub(crate) fn has_let_workers_go(&self) -> bool {
        self.state.lock().left_by_workers
    }

    /// The entry that was there when it began.
    pub(crate) fn old_id(&self) -> Option<EntryId> {
        self.old.map(|old| old.id)
    }

    /// A caller is about to wait for it. Its shard is held.
    pub(crate) fn join(&self) {
        self.joined.fetch_add(1, Ordering::Relaxed);
    }

    /// How many callers have joined it, those who have left again among them. It was taken off its shard.
    pub(crate) fn joined(&self) -> usize {
        self.joined.load(Ordering::Relaxed)
    }

    /// The store behind the memo is about to be asked. Who joins from some time on may have begun after an invalidation
    /// that the answer does not show, and must not get it.
    #[cfg(feature = "store")]
    pub(crate) fn asks(&self, until: Tick) {
        self.takes_until.store(until, Ordering::SeqCst);
    }

    /// Whether who joins now may get its value.
    pub(crate) fn takes_callers_in(&self, now: impl FnOnce() -> Tick) -> bool {
        let until = self.takes_until.load(Ordering::SeqCst);
        until == NEVER || now() < until
    }

    /// Whether a value was stored, while it was on its shard, of a key that may be its own. Its shard is held.
    pub(crate) fn is_preceded(&self) -> bool {
        self.preceded.load(Ordering::Relaxed)
    }

    /// Tells everyone who waits.
    pub(crate) fn land(&self, landing: Landing) {
        // Its body may have left wakers of this flight elsewhere, which must not keep the leader's task.
        drop(self.tell(|state| {
            state.landing = Some(landing);
            state.leader.take_waker()
        }));
    }

    /// A worker of rayon stopped waiting and computed in place. The other workers that wait get its value.
    pub(crate) fn share_with_workers(&self, value: Erased) {
        // It was begun after the flight, so whoever may have the flight's value may have it.
        let landing = Box::new(Landing::Value(value, CarriedTags::Unknown));
        drop(self.tell(|state| state.in_place.replace(landing)));
    }

    /// The background was given its computation: until that is begun, whoever waits may take it.
    pub(crate) fn offer(&self, pending_job: &Arc<PendingJob>) {
        self.tell(|state| state.pending_job = Some(Arc::downgrade(pending_job)));
    }

    /// Those who were to compute it have refused: its own caller, if it waits, is to.
    pub(crate) fn refuse(&self) {
        self.tell(|state| state.refused = true);
    }
}

/// The flights of one shard.
#[derive(Default)]
pub(crate) struct Flights {
    /// Most shards have one at most.
    first: Option<Arc<Flight>>,
    /// The others. Boxed: a hit does not look at them.
    more: Option<Box<Table>>,
}

type Table = HashTable<Arc<Flight>>;

impl Flights {
    /// Whether a flight has not been taken off.
    pub(crate) fn is_on(&self, flight: &Arc<Flight>) -> bool {
        let is = |known: &Arc<Flight>| Arc::ptr_eq(known, flight);
        self.first.as_ref().is_some_and(is)
            || self.more.as_ref().is_some_and(|more| more.find(u64::from(flight.hash), is).is_some())
    }

    /// Whether there may be one: of a key of this hash.
    #[inline]
    pub(crate) fn has(&self, hash: u32) -> bool {
        !self.is_empty() && self.of_hash(hash).next().is_some()
    }

    /// Whether a flight has not been taken off, and is the only one of its hash.
    #[inline]
    pub(crate) fn is_only(&self, flight: &Arc<Flight>) -> bool {
        if self.has_no_more() {
            return self.first.as_ref().is_some_and(|first| Arc::ptr_eq(first, flight));
        }
        self.is_only_of_many(flight)
    }

    #[cold]
    fn is_only_of_many(&self, flight: &Arc<Flight>) -> bool {
        let mut flights = self.of_hash(flight.hash);
        flights.next().is_some_and(|one| Arc::ptr_eq(one, flight)) && flights.next().is_none()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Flight>> {
        self.first.iter().chain(self.more.iter().flat_map(|more| more.iter()))
    }

    /// The flight to wait for.
    pub(crate) fn find(&self, hash: u32, eq: impl Fn(ErasedRef<'_>) -> bool) -> Option<&Arc<Flight>> {
        if self.is_empty() {
            return None;
        }
        self.of_hash(hash).find(|flight| flight.kind.is_shared() && eq(flight.key.by_ref()))
    }

    fn is_empty(&self) -> bool {
        self.first.is_none() && self.has_no_more()
    }

    fn has_no_more(&self) -> bool {
        self.more.as_ref().is_none_or(|more| more.is_empty())
    }

    /// Those of a hash.
    fn of_hash(&self, hash: u32) -> impl Iterator<Item = &Arc<Flight>> {
        let more = self.more.iter().flat_map(move |more| more.iter_hash(u64::from(hash)));
        self.first.iter().chain(more).filter(move |flight| flight.hash == hash)
    }

    /// Those of a key; compares keys, so only shared access is needed.
    pub(crate) fn of(&self, hash: u32, eq: impl Fn(ErasedRef<'_>) -> bool) -> Vec<Arc<Flight>> {
        self.of_hash(hash).filter(|flight| eq(flight.key.by_ref())).cloned().collect()
    }

    /// Those of a key which end when this thread writes it.
    pub(crate) fn overtaken_by_write(
        &self,
        hash: u32,
        eq: impl Fn(ErasedRef<'_>) -> bool,
    ) -> Vec<Arc<Flight>> {
        let mut flights = self.of(hash, eq);
        flights.retain(|flight| !flight.stays_registered());
        flights
    }

    /// The updates among them. Mostly there are none, and no key is compared.
    pub(crate) fn updates_of(&self, hash: u32, eq: impl Fn(ErasedRef<'_>) -> bool) -> Vec<Arc<Flight>> {
        let updates = self.of_hash(hash).filter(|flight| flight.kind == Kind::Update);
        let updates = updates.filter(|flight| eq(flight.key.by_ref()));
        updates.filter(|flight| !flight.stays_registered()).cloned().collect()
    }

    /// A value is stored of a key of this hash: those who still compute one do not bring the first.
    pub(crate) fn precede(&self, hash: u32) {
        self.of_hash(hash).for_each(|flight| flight.preceded.store(true, Ordering::Relaxed));
    }

    #[inline]
    pub(crate) fn add(&mut self, flight: Arc<Flight>) {
        if self.first.is_none() {
            self.first = Some(flight);
            return;
        }
        let more = self.more.get_or_insert_default();
        more.insert_unique(u64::from(flight.hash), flight, |flight| u64::from(flight.hash));
    }

    /// Takes a flight off; whether it was still on.
    #[inline]
    pub(crate) fn remove(&mut self, flight: &Arc<Flight>) -> bool {
        if self.first.take_if(|first| Arc::ptr_eq(first, flight)).is_some() {
            return true;
        }
        self.remove_from_more(flight)
    }

    #[cold]
    fn remove_from_more(&mut self, flight: &Arc<Flight>) -> bool {
        let Some(more) = &mut self.more else { return false };
        let found = more.find_entry(u64::from(flight.hash), |known| Arc::ptr_eq(known, flight));
        let on = found.is_ok();
        if let Ok(found) = found {
            found.remove();
        }
        // Its capacity is less where much was taken out.
        if more.is_empty() && more.num_buckets() > 64 {
            self.more = None;
        }
        on
    }

    /// Takes those off that others wait for.
    #[cfg(all(unix, not(miri), not(loom)))]
    pub(crate) fn take_shared(&mut self) -> Vec<Arc<Flight>> {
        let first = self.first.take_if(|flight| flight.kind.is_shared());
        let more = self.more.iter_mut().flat_map(|more| more.extract_if(|flight| flight.kind.is_shared()));
        first.into_iter().chain(more).collect()
    }

    pub(crate) fn take_all(&mut self) -> impl Sized + use<> {
        (self.first.take(), self.more.take())
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::tests::test_memo::{is, stored};

    fn flight(key: u64, hash: u32) -> Arc<Flight> {
        let context = FlightContext::nested(None, None, None);
        Arc::new(Flight::new(stored(key), hash, 0, Kind::Shared, None, context))
    }

    #[test]
    fn of_many_each_is_there_until_it_is_taken_off() {
        let mut flights = Flights::default();
        let all: Vec<_> = (0..200).map(|n| flight(n, u32::try_from(n % 150).unwrap())).collect();
        for flight in &all {
            flights.add(flight.clone());
        }
        for (taken, flight) in all.iter().enumerate() {
            assert!(flights.is_on(flight) && flights.has(flight.hash));
            assert!(flights.remove(flight) && !flights.remove(flight) && !flights.is_on(flight));
            assert_eq!(flights.iter().count(), 199 - taken);
        }
        assert!(!flights.has(0) && flights.is_empty());
        assert!(flights.more.is_none(), "a table that was large is given back");
        let few = &all[..3];
        for flight in few {
            flights.add(flight.clone());
        }
        assert!(few.iter().all(|flight| flights.remove(flight)));
        assert!(flights.more.is_some(), "a small one is kept");
    }

    #[test]
    fn one_of_two_of_a_hash_is_not_the_only_one() {
        let mut flights = Flights::default();
        let [first, second, third, other] =
            [(1, 7), (2, 7), (3, 7), (4, 8)].map(|(key, hash)| flight(key, hash));
        flights.add(first.clone());
        assert!(flights.is_only(&first) && !flights.is_only(&second));
        for flight in [&second, &third, &other] {
            flights.add(flight.clone());
        }
        assert!(
            [&first, &second, &third].iter().all(|flight| !flights.is_only(flight))
                && flights.is_only(&other)
        );
        assert!(flights.remove(&second) && flights.remove(&third));
        assert!(flights.is_only(&first) && flights.is_only(&other) && !flights.is_only(&second));
    }

    #[test]
    fn nobody_waits_for_what_is_computed_for_its_caller_alone() {
        for (kind, is_found) in
            [(Kind::Shared, true), (Kind::Refresh, true), (Kind::Alone, false), (Kind::Update, false)]
        {
            let mut flights = Flights::default();
            let context = FlightContext::nested(None, None, None);
            flights.add(Arc::new(Flight::new(stored(1), 7, 0, kind, None, context)));
            assert_eq!(flights.find(7, is(1)).is_some(), is_found);
            assert_eq!(flights.of(7, is(1)).len(), 1);
        }
    }
}
