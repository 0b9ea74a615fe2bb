//! What the handle of a disk store and its thread share.

use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, TryLockError};
use std::task::{Poll, Waker};
use std::time::Duration;

use bytes::Bytes;

use super::event::{DiskEvent, Listener};
use super::failure::{Failure, guarded};
use super::file::{Opened, Place, Refusal};
use super::queue::{Queue, Request};
use super::recency::Recency;
use super::tables::{self, Ledger};
use crate::store::clock::{Millis, StoreClock};
use crate::store::{Action, Answer, Counter, Scan, StoreError, StoreErrorKind, Stored, Write, fork};
use crate::sync::plain::Mutex;

/// A request may hold so many bytes. The database itself takes no value over 3 GiB.
const MOST_BYTES: usize = 1 << 30;
/// A scan looks at so many entries for each answer.
const PAGE: usize = 256;

/// See above.
pub(super) struct Core {
    pub(super) place: Place,
    pub(super) name: String,
    pub(super) capacity: u64,
    pub(super) sync_interval: Duration,
    pub(super) clock: StoreClock,
    pub(super) recency: Recency,
    pub(super) listener: Listener,
    /// The process that opened it. A child of `fork` has neither the thread nor the file to itself.
    pub(super) process: u32,
    state: RwLock<State>,
    /// Tasks that wait until the state can be read.
    kept_out: Mutex<Vec<Waker>>,
    pub(super) queue: Queue,
    pub(super) entries: AtomicU64,
    pub(super) bytes: AtomicU64,
}

pub(super) struct State {
    pub(super) engine: Engine,
    /// Counts the files that were opened.
    pub(super) generation: u64,
}

/// What can be done with the file.
pub(super) enum Engine {
    Writable(Opened),
    /// It is only read, for this reason.
    Readable(Opened, Failure),
    Unusable(Failure),
    Closed,
}

/// A file that was opened, and what there is to tell of it.
pub(super) struct Begun {
    pub(super) engine: Engine,
    pub(super) ledger: Ledger,
    pub(super) events: Vec<DiskEvent>,
}

/// Opens a file in the best way there is: a damaged one is set aside, one that cannot be written is read.
pub(super) fn begin(place: &Place) -> Result<Begun, Refusal> {
    let mut events = Vec::new();
    let mut opened = place.open();
    if let Err(Refusal::Failure(Failure::Damaged(reason))) = &opened {
        let moved_to = place.set_aside(false)?;
        events.push(DiskEvent::SetAside { path: place.path.clone(), moved_to, reason: reason.clone() });
        opened = place.open();
    }
    match opened {
        Ok(opened) => Ok(Begun { ledger: opened.ledger, engine: Engine::Writable(opened), events }),
        Err(Refusal::Failure(failure @ (Failure::Full(_) | Failure::ReadOnly(_)))) => {
            begin_to_read(place, failure, events)
        }
        Err(refusal) => Err(refusal),
    }
}

/// Opens a file that cannot be written, for this reason.
pub(super) fn begin_to_read(
    place: &Place,
    failure: Failure,
    mut events: Vec<DiskEvent>,
) -> Result<Begun, Refusal> {
    let opened = match place.open_to_read() {
        Ok(opened) => opened,
        // The first reason says more.
        Err(Refusal::Failure(_)) => return Err(Refusal::Failure(failure)),
        Err(refusal) => return Err(refusal),
    };
    let reason = failure.reason().to_owned();
    events.push(DiskEvent::WritesRefused { path: place.path.clone(), reason });
    Ok(Begun { ledger: opened.ledger, engine: Engine::Readable(opened, failure), events })
}

/// The parts of a store that its maker chooses.
pub(super) struct Settings {
    pub(super) place: Place,
    pub(super) capacity: u64,
    pub(super) sync_interval: Duration,
    pub(super) listener: Listener,
}

impl Core {
    pub(super) fn new(settings: Settings, engine: Engine) -> Self {
        Self {
            name: settings.place.name(),
            place: settings.place,
            capacity: settings.capacity,
            sync_interval: settings.sync_interval,
            clock: StoreClock::current(),
            recency: Recency::new(settings.capacity),
            listener: settings.listener,
            process: fork::process_id(),
            state: RwLock::new(State { engine, generation: 0 }),
            kept_out: Mutex::default(),
            queue: Queue::default(),
            entries: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        }
    }

    pub(super) fn closed(&self) -> StoreError {
        StoreError::new(StoreErrorKind::Closed, format!("{}: the store was closed", self.name))
    }

    /// Refuses in a child of `fork`. No lock may be taken before: another thread of the parent may have held it.
    pub(super) fn check_process(&self) -> Result<(), StoreError> {
        if self.process == fork::process_id() {
            return Ok(());
        }
        let message = format!(
            "{}: the store was opened by process {}, of which this one is a fork: open another",
            self.name, self.process
        );
        Err(StoreError::new(StoreErrorKind::Unavailable, message))
    }

    pub(super) fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same, unless the file is being opened or compacted.
    fn try_state(&self) -> Option<RwLockReadGuard<'_, State>> {
        match self.state.try_read() {
            Ok(state) => Some(state),
            Err(TryLockError::Poisoned(state)) => Some(state.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Changes the state while nobody reads.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let result = change(&mut state);
        drop(state);
        let kept_out = std::mem::take(&mut *self.kept_out.lock());
        kept_out.into_iter().for_each(Waker::wake);
        result
    }

    pub(super) fn note(&self, ledger: &Ledger) {
        self.entries.store(ledger.entries, Ordering::Relaxed);
        self.bytes.store(ledger.bytes, Ordering::Relaxed);
    }

    /// Reads, if that can be done at once.
    pub(super) fn try_read<T>(
        &self,
        read: impl FnOnce(&Opened, Millis) -> Result<T, Failure>,
    ) -> Option<Result<T, StoreError>> {
        let state = self.try_state()?;
        let (Engine::Writable(opened) | Engine::Readable(opened, _)) = &state.engine else {
            return Some(Err(self.unreadable(&state)));
        };
        let result = guarded(|| read(opened, self.clock.now()));
        Some(result.map_err(|failure| {
            let error = failure.error(&self.name);
            self.queue.report(state.generation, failure);
            error
        }))
    }

    /// Reads as soon as that can be done.
    pub(super) async fn read<T>(
        &self,
        read: impl Fn(&Opened, Millis) -> Result<T, Failure>,
    ) -> Result<T, StoreError> {
        poll_fn(|cx| {
            if let Some(result) = self.try_read(&read) {
                return Poll::Ready(result);
            }
            let mut kept_out = self.kept_out.lock();
            if !kept_out.iter().any(|waker| waker.will_wake(cx.waker())) {
                kept_out.push(cx.waker().clone());
            }
            drop(kept_out);
            // It may have become free in between.
            self.try_read(&read).map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }

    fn unreadable(&self, state: &State) -> StoreError {
        match &state.engine {
            Engine::Unusable(failure) => {
                // Has the thread try again.
                self.queue.report(state.generation, failure.clone());
                failure.error(&self.name)
            }
            _ => self.closed(),
        }
    }

    /// What some keys hold, and a note that they were read.
    pub(super) fn read_keys(
        &self,
        opened: &Opened,
        keys: &[Bytes],
        now: Millis,
    ) -> Result<Vec<Option<Stored>>, Failure> {
        let snapshot = opened.snapshot()?;
        let read = |key| {
            let found = snapshot.read(key, now)?;
            if found.is_some() {
                self.recency.note(key);
            }
            Ok(found)
        };
        keys.iter().map(read).collect()
    }

    /// Refuses what cannot be carried out in any case.
    pub(super) fn check(&self, batch: &[Write]) -> Result<(), StoreError> {
        self.check_process()?;
        for write in batch {
            let bytes = match &write.action {
                Action::Put { bytes, .. } => bytes.len(),
                Action::Remove | Action::Touch { .. } => 0,
            };
            let size = tables::cost(&write.key, bytes, 0);
            if write.key.len().saturating_add(bytes) > MOST_BYTES || size > self.capacity {
                let name = &self.name;
                let message =
                    format!("{name}: a key and value of {size} bytes are larger than the store takes");
                return Err(StoreError::new(StoreErrorKind::Refused, message));
            }
        }
        Ok(())
    }
}

impl Scan for Core {
    /// The keys come in their order, at most 256 in an answer.
    fn keys<'a>(&'a self, prefix: &'a [u8], from: Option<Bytes>) -> Answer<'a, (Vec<Bytes>, Option<Bytes>)> {
        if let Err(error) = self.check_process() {
            return Answer::ready(Err(error));
        }
        Answer::later(async move {
            let read = |opened: &Opened, now| {
                tables::keys(&opened.snapshot()?.entries, prefix, from.as_deref(), (PAGE, now))
            };
            let (keys, next) = self.read(read).await?;
            Ok((keys.into_iter().map(Bytes::from).collect(), next.map(Bytes::from)))
        })
    }
}

impl Counter for Core {
    fn raise<'a>(&'a self, key: &'a Bytes, initial: u64, ttl: Option<Duration>) -> Answer<'a, u64> {
        if let Err(error) = self.check(&[Write::remove(key.clone())]) {
            return Answer::ready(Err(error));
        }
        let core = self;
        let request = move |reply| Request::Raise { key: key.clone(), initial, ttl, reply };
        Answer::later(core.queue.ask(request, || core.closed()))
    }
}
