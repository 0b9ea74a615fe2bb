//! Single flight: one computation under way for a key, which the first caller leads and the others
//! wait for.
//!
//! A flight is registered in its key's shard, so that whoever writes or invalidates there finds it: a
//! flight that is no longer registered when it lands stores nothing. Whom a flight waits for is known
//! ([`graph`]), so that recursion and cycles are computed in place instead of waited for.

mod deciding;
mod graph;
mod tasks;

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use hashbrown::HashTable;

pub(crate) use deciding::{Deciding, Decisions, Remembers};
pub(crate) use graph::{Ancestry, Wait, Waits, current, under};
use tasks::Tasks;
pub(crate) use tasks::polled_under;

use crate::policy::Slot;
use crate::store::{Node, Residents};
use crate::sync::{Condvar, Mutex};
use crate::tags::{Number, Seen};
use crate::time::{Clock, HAS_THREADS, NEVER, Tick, after};

/// How many of those whom an error lets go compute at once.
const TOGETHER: u32 = 16;

/// One computation under way.
pub(crate) struct Flight<K, V> {
    pub(crate) key: K,
    pub(crate) hash: u32,
    /// The last invalidation that its computation has seen.
    pub(crate) born: Number,
    pub(crate) kind: Kind,
    /// The entry that was there when it began.
    pub(crate) old: Option<Old>,
    pub(crate) ancestry: Arc<Ancestry>,
    state: Mutex<State<V>>,
    landed: Condvar,
}

/// An entry as it was at some time: with another life it is another.
#[derive(Clone, Copy)]
pub(crate) struct Old {
    pub(crate) node: Node,
    /// When it was stored, or confirmed.
    pub(crate) since: Tick,
}

impl Old {
    pub(crate) fn of<K, V>(residents: &mut Residents<K, V>, slot: Slot) -> Option<Self> {
        let node = residents.name(slot)?;
        Some(Self { node, since: residents.at(slot)?.created() })
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
    /// Changes a value that was there: must not be stored over by, nor store over, anything else.
    Update,
}

impl Kind {
    /// Whether others may wait for it.
    fn is_shared(self) -> bool {
        matches!(self, Self::Shared | Self::Refresh)
    }
}

struct State<V> {
    landing: Option<Landing<V>>,
    /// Those who were to compute it have refused.
    refused: bool,
    /// When the next waiter is let go, once somebody waits.
    release: Option<Tick>,
    /// Those whom an error has let go and who compute now.
    computing: u32,
    /// Boxed: synchronous functions have none.
    tasks: Option<Box<Tasks>>,
}

/// How a flight ended.
pub(crate) enum Landing<V> {
    /// With a value, and the tags by which it may have been invalidated meanwhile.
    Value(V, Carried),
    /// With an error: a copy of it if it can be copied, and whether an older value may stand in for it.
    Error(Option<Arc<dyn Any + Send + Sync>>, bool),
    /// The leader panicked, or was dropped.
    Crashed,
}

/// What tags a value carries.
#[derive(Clone)]
pub(crate) enum Carried {
    /// These.
    Tags(Option<Seen>),
    /// It could not be told: who came after an invalidation must not have it.
    Unknown,
}

impl<V: Clone> Clone for Landing<V> {
    fn clone(&self) -> Self {
        match self {
            Self::Value(value, tags) => Self::Value(value.clone(), tags.clone()),
            Self::Error(error, counts) => Self::Error(error.clone(), *counts),
            Self::Crashed => Self::Crashed,
        }
    }
}

/// What a waiter gets.
pub(crate) enum Waited<V> {
    Landed(Landing<V>),
    /// It has waited long enough for something that may depend on it: it computes in place.
    LetGo,
    /// It has waited as long as it wanted to.
    Late,
    /// It waits for its own flight, and those who were to compute it have refused.
    Refused,
}

/// How long to wait.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    /// To be let go then, one for each time that this takes.
    pub(crate) max_wait: Option<Duration>,
    pub(crate) until: Option<Tick>,
    /// It is its own flight that somebody waits for.
    pub(crate) own: bool,
}

impl<K, V: Clone> Flight<K, V> {
    pub(crate) fn new(
        key: K,
        hash: u32,
        born: Number,
        kind: Kind,
        old: Option<Old>,
        ancestry: Arc<Ancestry>,
    ) -> Self {
        Self {
            key,
            hash,
            born,
            kind,
            old,
            ancestry,
            state: Mutex::new(State {
                landing: None,
                refused: false,
                release: None,
                computing: 0,
                tasks: None,
            }),
            landed: Condvar::new(),
        }
    }

    /// The entry that was there when it began.
    pub(crate) fn old_node(&self) -> Option<Node> {
        self.old.map(|old| old.node)
    }

    /// Tells everyone who waits.
    pub(crate) fn land(&self, landing: Landing<V>) {
        let mut state = self.state.lock();
        state.landing = Some(landing);
        let wakers = state.tasks.as_mut().map(|tasks| tasks.take_wakers());
        drop(state);
        self.landed.notify_all();
        wakers.into_iter().flatten().for_each(tasks::wake);
    }

    /// Waits for the flight to land, within bounds.
    pub(crate) fn wait(&self, clock: &Clock, bounds: Bounds) -> Waited<V> {
        let mut state = self.state.lock();
        loop {
            match state.look(clock.now(), bounds) {
                Ok(waited) => return waited,
                Err(look) if HAS_THREADS => self.landed.wait_for(&mut state, clock.nap(look)),
                // Who computes it does not go on before this returns.
                Err(_) => return Waited::LetGo,
            };
        }
    }

    /// Those who were to compute it have refused: its leader, who waits without being let go, is told.
    pub(crate) fn refuse(&self) {
        self.state.lock().refused = true;
        self.landed.notify_all();
    }

    /// After an error that cannot be copied: takes one of the places among those who compute for
    /// themselves. Waits for a place no longer than that, since those who hold the places may
    /// depend on the caller.
    pub(crate) fn take_place(self: &Arc<Self>, clock: &Clock, until: Tick) -> Place<K, V> {
        let mut state = self.state.lock();
        while HAS_THREADS && state.computing >= TOGETHER && clock.now() < until {
            self.landed.wait_for(&mut state, clock.nap(until));
        }
        state.computing += 1;
        drop(state);
        Place(self.clone())
    }
}

impl<V: Clone> State<V> {
    /// What a waiter finds, or when it is to look again.
    fn look(&mut self, now: Tick, bounds: Bounds) -> Result<Waited<V>, Tick> {
        if let Some(landing) = &self.landing {
            return Ok(Waited::Landed(landing.clone()));
        }
        if bounds.own && std::mem::take(&mut self.refused) {
            return Ok(Waited::Refused);
        }
        if bounds.until.is_some_and(|until| until <= now) {
            return Ok(Waited::Late);
        }
        let mut look = bounds.until.unwrap_or(NEVER);
        if let Some(max_wait) = bounds.max_wait {
            match self.let_go(now, max_wait) {
                Ok(()) => return Ok(Waited::LetGo),
                Err(release) => look = look.min(release),
            }
        }
        Err(look)
    }
}

impl<V> State<V> {
    /// Whether a waiter may go, one for each `max_wait`; else when the next one may.
    fn let_go(&mut self, now: Tick, max_wait: Duration) -> Result<(), Tick> {
        let release = *self.release.get_or_insert_with(|| after(now, max_wait));
        if release > now {
            return Err(release);
        }
        self.release = Some(after(now, max_wait));
        Ok(())
    }
}

/// A place among those who compute after an error.
pub(crate) struct Place<K, V>(Arc<Flight<K, V>>);

impl<K, V> Drop for Place<K, V> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.computing -= 1;
        let waker = state.tasks.as_mut().and_then(|tasks| tasks.take_waker());
        drop(state);
        self.0.landed.notify_one();
        waker.into_iter().for_each(tasks::wake);
    }
}

/// The flights of one shard.
pub(crate) struct Flights<K, V> {
    table: HashTable<Arc<Flight<K, V>>>,
}

impl<K, V> Flights<K, V> {
    pub(crate) fn new() -> Self {
        Self { table: HashTable::new() }
    }

    /// Whether a flight has not been taken off.
    pub(crate) fn is_on(&self, flight: &Arc<Flight<K, V>>) -> bool {
        self.table.find(u64::from(flight.hash), |known| Arc::ptr_eq(known, flight)).is_some()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Flight<K, V>>> {
        self.table.iter()
    }

    /// The flight to wait for.
    pub(crate) fn find(&self, hash: u32, eq: impl Fn(&K) -> bool) -> Option<&Arc<Flight<K, V>>> {
        self.table
            .find(u64::from(hash), |flight| flight.kind.is_shared() && flight.hash == hash && eq(&flight.key))
    }

    /// Those of a key; compares keys, so only shared access is needed.
    pub(crate) fn of(&self, hash: u32, eq: impl Fn(&K) -> bool) -> Vec<Arc<Flight<K, V>>> {
        let flights = self.table.iter_hash(u64::from(hash));
        flights.filter(|flight| flight.hash == hash && eq(&flight.key)).cloned().collect()
    }

    /// The updates of a key. Where there are none, which is mostly so, no key is compared.
    pub(crate) fn updates_of(&self, hash: u32, eq: impl Fn(&K) -> bool) -> Vec<Arc<Flight<K, V>>> {
        let updates = self.table.iter_hash(u64::from(hash)).filter(|flight| flight.kind == Kind::Update);
        updates.filter(|flight| flight.hash == hash && eq(&flight.key)).cloned().collect()
    }

    pub(crate) fn add(&mut self, flight: Arc<Flight<K, V>>) {
        self.table.insert_unique(u64::from(flight.hash), flight, |flight| u64::from(flight.hash));
    }

    /// Takes a flight off; whether it was still on.
    pub(crate) fn remove(&mut self, flight: &Arc<Flight<K, V>>) -> bool {
        let found = self.table.find_entry(u64::from(flight.hash), |known| Arc::ptr_eq(known, flight));
        let on = found.is_ok();
        if let Ok(found) = found {
            found.remove();
        }
        if self.table.is_empty() && self.table.capacity() > 64 {
            self.table = HashTable::new();
        }
        on
    }

    /// Takes those off that others wait for.
    #[cfg(all(unix, not(miri), not(loom)))]
    pub(crate) fn take_shared(&mut self) -> Vec<Arc<Flight<K, V>>> {
        self.table.extract_if(|flight| flight.kind.is_shared()).collect()
    }

    pub(crate) fn take_all(&mut self) -> HashTable<Arc<Flight<K, V>>> {
        std::mem::take(&mut self.table)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn nobody_waits_for_what_is_computed_for_its_caller_alone() {
        for (kind, is_found) in
            [(Kind::Shared, true), (Kind::Refresh, true), (Kind::Alone, false), (Kind::Update, false)]
        {
            let mut flights: Flights<u64, u64> = Flights::new();
            flights.add(Arc::new(Flight::new(1, 7, 0, kind, None, Ancestry::below(None, None, None))));
            assert_eq!(flights.find(7, |key| *key == 1).is_some(), is_found);
            assert_eq!(flights.of(7, |key| *key == 1).len(), 1);
        }
    }
}
