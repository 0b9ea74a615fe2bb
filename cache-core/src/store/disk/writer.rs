//! The thread of a disk store. It carries out what is asked for in groups, syncs the file, and tidies it when nothing
//! else is to be done.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::core::{Begun, Core, Engine, begin, begin_to_read};
use super::event::DiskEvent;
use super::failure::{Failure, guarded};
use super::file::Refusal;
use super::queue::{Job, Reply, Request};
use super::tables::{Ledger, Tables};
use crate::store::{Action, Condition, Outcome, StoreError, Write};

/// A file that could not be used is tried again after this time at the earliest.
const RETRY: Duration = Duration::from_secs(1);
/// So many entries are removed in a transaction that does nothing else.
const TIDY: usize = 256;
/// A group removes at most so many entries, and twice as many as it has writes. So the bound is reached after a while
/// when it was lowered, and no group takes long.
const ROOM: usize = 1024;
/// Expired entries are looked for no more often than this, and no less often while there are any that expire.
const SWEEP: [Duration; 2] = [Duration::from_secs(1), Duration::from_hours(1)];
/// A file is compacted if it has at least this length, if its entries are a quarter of it or less, and if they are
/// no more than this many bytes: compacting copies them, and reads wait meanwhile.
const COMPACT: (u64, u64) = (4 << 20, 64 << 20);

pub(super) struct Writer {
    core: Arc<Core>,
    ledger: Ledger,
    era: u64,
    /// Something was written since the last sync, which was then.
    unsynced: bool,
    synced: Instant,
    /// Something was written since it was last looked whether the file is worth compacting.
    untidy: bool,
    /// When a file that could not be used was tried last.
    tried: Option<Instant>,
    /// When expired entries are to be looked for.
    sweep: Option<Instant>,
    /// There is more to evict.
    crowded: bool,
    /// The length of the file after it was last compacted.
    compacted: u64,
}

/// Answers of a group, in its order.
enum Answered {
    Write(Vec<Outcome>),
    Raise(Result<u64, StoreError>),
}

/// Whether an answer is given only when the write is safe from a loss of power: it is an invalidation, or numbers one.
fn is_durable(request: &Request) -> bool {
    let removes =
        |write: &Write| matches!((&write.action, write.condition), (Action::Remove, Condition::Always));
    match request {
        Request::Write(batch, _) => batch.iter().any(removes),
        Request::Raise { .. } => true,
    }
}

fn writes(request: &Request) -> usize {
    match request {
        Request::Write(batch, _) => batch.len(),
        Request::Raise { .. } => 1,
    }
}

impl Writer {
    pub(super) fn new(core: Arc<Core>, ledger: Ledger, era: u64) -> Self {
        let now = Instant::now();
        core.note(&ledger);
        Self {
            core,
            ledger,
            era,
            unsynced: false,
            synced: now,
            untidy: true,
            tried: None,
            // There may be some from before.
            sweep: Some(now),
            crowded: true,
            compacted: 0,
        }
    }

    /// Works until the store is closed.
    pub(super) fn run(mut self) {
        let core = self.core.clone();
        let end = guarded(move || {
            loop {
                let Job { requests, trouble, closing } = self.core.queue.next(self.patience());
                let idle = requests.is_empty();
                if let Some((generation, failure)) = trouble {
                    self.trouble(generation, failure);
                }
                if !idle {
                    self.carry_out(requests);
                }
                if closing {
                    return self.close();
                }
                self.tend(idle);
            }
        });
        core.queue.end(end.map_err(|failure| failure.error(&core.name)));
    }

    /// How long there is nothing to do but what is asked for.
    fn patience(&self) -> Option<Duration> {
        if !matches!(self.core.state().engine, Engine::Writable(_)) {
            return None;
        }
        if self.crowded {
            return Some(Duration::ZERO);
        }
        let sync = (self.unsynced || self.untidy).then(|| self.synced + self.core.sync_interval);
        let next = [sync, self.sweep].into_iter().flatten().min()?;
        Some(next.saturating_duration_since(Instant::now()))
    }

    fn carry_out(&mut self, requests: Vec<Request>) {
        if let Err(failure) = self.make_writable() {
            let error = failure.error(&self.core.name);
            refuse(requests, &error);
            return;
        }
        match guarded(|| self.group(&requests)) {
            Ok(answers) => {
                for (request, answer) in requests.into_iter().zip(answers) {
                    send(request, answer);
                }
            }
            Err(failure) => {
                let error = failure.error(&self.core.name);
                self.recover(failure);
                refuse(requests, &error);
            }
        }
    }

    /// Carries out a group in one transaction.
    fn group(&mut self, requests: &[Request]) -> Result<Vec<Answered>, Failure> {
        let size: usize = requests.iter().map(writes).sum();
        let name = self.core.name.clone();
        let answers = self.transaction(ROOM + 2 * size, |tables| {
            let answers = requests.iter().map(|request| match request {
                Request::Write(batch, _) => {
                    let outcomes: Result<_, Failure> =
                        batch.iter().map(|write| tables.write(write)).collect();
                    Ok(Answered::Write(outcomes?))
                }
                Request::Raise { key, initial, ttl, .. } => {
                    Ok(Answered::Raise(tables.raise(key, *initial, *ttl, &name)?))
                }
            });
            answers.collect::<Result<Vec<_>, Failure>>()
        })?;
        if self.core.sync_interval.is_zero() || requests.iter().any(is_durable) {
            self.make_durable()?;
        }
        Ok(answers)
    }

    /// Does something in a transaction, and removes at most so many entries that have expired or have no room.
    fn transaction<T>(
        &mut self,
        most: usize,
        work: impl FnOnce(&mut Tables<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let state = self.core.state();
        let Engine::Writable(opened) = &state.engine else {
            return Err(Failure::Broken("the file is not open".into()));
        };
        let transaction = opened.database.begin_write()?;
        let mut tables = Tables::open(&transaction, self.ledger, self.era, self.core.clock.now())?;
        let result = work(&mut tables)?;
        let expires = tables.sweep(most)?;
        let now = tables.now;
        let fits = tables.evict(self.core.capacity, &self.core.recency, most)?;
        let ledger = tables.end(&self.ledger)?;
        transaction.commit()?;
        opened.renew_snapshot();
        drop(state);
        self.ledger = ledger;
        self.core.note(&ledger);
        (self.unsynced, self.untidy) = (true, true);
        self.crowded = !fits;
        self.sweep = expires.map(|at| {
            let wait = Duration::from_millis(at.saturating_sub(now));
            let wait = if wait.is_zero() { wait } else { wait.clamp(SWEEP[0], SWEEP[1]) };
            Instant::now() + wait
        });
        Ok(result)
    }

    /// Waits until all that was committed is on the disk.
    ///
    /// The file names its last two commits, and after a loss of power the database may go back to the one before the
    /// last, if pages of the last were overwritten later. So another commit follows before the sync: both hold what
    /// is acknowledged then.
    fn make_durable(&mut self) -> Result<(), Failure> {
        let state = self.core.state();
        if let Engine::Writable(opened) = &state.engine {
            opened.database.begin_write()?.commit()?;
            opened.renew_snapshot();
            opened.medium.sync()?;
        }
        drop(state);
        self.was_synced();
        Ok(())
    }

    fn was_synced(&mut self) {
        self.unsynced = false;
        self.synced = Instant::now();
    }

    /// Does what is due.
    fn tend(&mut self, idle: bool) {
        if !matches!(self.core.state().engine, Engine::Writable(_)) {
            return;
        }
        let tended = guarded(|| {
            let now = Instant::now();
            if idle && (self.crowded || self.sweep.is_some_and(|at| at <= now)) {
                self.transaction(TIDY, |_| Ok(()))?;
            }
            let is_due = self.synced + self.core.sync_interval <= now;
            if is_due && self.unsynced {
                self.make_durable()?;
            }
            if is_due && idle && self.untidy {
                self.untidy = false;
                self.compact()?;
            }
            Ok(())
        });
        if let Err(failure) = tended {
            self.recover(failure);
        }
    }

    /// Gives space back if most of the file is unused.
    fn compact(&mut self) -> Result<(), Failure> {
        let is_worth = |size: u64| {
            size >= COMPACT.0
                && self.ledger.bytes <= COMPACT.1
                && self.ledger.bytes <= size / 4
                // It may be that no more can be had.
                && size / 2 >= self.compacted
        };
        let size = match &self.core.state().engine {
            Engine::Writable(opened) => opened.medium.size()?,
            _ => return Ok(()),
        };
        if !is_worth(size) {
            return Ok(());
        }
        let after = self.core.change(|state| match &mut state.engine {
            Engine::Writable(opened) => guarded(|| {
                // Nobody reads, so no other transaction is under way.
                opened.renew_snapshot();
                opened.database.compact()?;
                opened.medium.sync()?;
                Ok(opened.medium.size()?)
            }),
            _ => Ok(size),
        })?;
        self.compacted = after;
        let path = self.core.place.path.clone();
        self.core.listener.tell(&DiskEvent::Compacted { path, before: size, after });
        Ok(())
    }

    /// A read has found something wrong.
    fn trouble(&mut self, generation: u64, failure: Failure) {
        let state = self.core.state();
        let is_usable = matches!(state.engine, Engine::Writable(_) | Engine::Readable(..));
        let is_current = state.generation == generation;
        drop(state);
        if is_current && is_usable {
            self.recover(failure);
        } else if is_current {
            let _ = self.make_writable();
        }
    }

    /// Opens the file anew after a failure, so that it can be used as far as possible.
    fn recover(&mut self, failure: Failure) {
        if matches!(failure, Failure::TooLarge(_)) {
            return;
        }
        let core = self.core.clone();
        let begun = core.change(|state| {
            state.generation += 1;
            let old = std::mem::replace(&mut state.engine, Engine::Unusable(failure.clone()));
            let (mut events, mut stays) = (Vec::new(), None);
            if let Engine::Writable(opened) | Engine::Readable(opened, _) = old {
                opened.medium.freeze();
                if let Failure::Damaged(reason) = &failure {
                    match core.place.set_aside(true) {
                        Ok(moved_to) => {
                            let (path, reason) = (core.place.path.clone(), reason.clone());
                            events.push(DiskEvent::SetAside { path, moved_to, reason });
                        }
                        Err(error) => {
                            stays = Some(format!("{reason}, and it cannot be moved aside: {error}"));
                        }
                    }
                }
                opened.discard();
            }
            let begun = match failure {
                _ if stays.is_some() => Err(Refusal::Failure(Failure::Broken(stays.unwrap_or_default()))),
                Failure::Full(_) | Failure::ReadOnly(_) => begin_to_read(&core.place, failure, Vec::new()),
                _ => begin(&core.place),
            };
            let (engine, begun) = self.begun(begun);
            state.engine = engine;
            events.into_iter().chain(begun).collect::<Vec<_>>()
        });
        self.tried = Some(Instant::now());
        core.listener.tell_all(&begun);
    }

    /// Takes over what was opened. Returns what there is to tell.
    fn begun(&mut self, begun: Result<Begun, Refusal>) -> (Engine, Vec<DiskEvent>) {
        let Begun { engine, ledger, events } = match begun {
            Ok(begun) => begun,
            Err(refusal) => {
                let failure = refusal.failure();
                let (path, reason) = (self.core.place.path.clone(), failure.reason().to_owned());
                return (Engine::Unusable(failure), vec![DiskEvent::Unusable { path, reason }]);
            }
        };
        // Numbers may begin anew, so versions must differ otherwise. If there is nothing random, they differ by one.
        self.era = crate::store::rules::random(&self.core.name).unwrap_or(self.era.wrapping_add(1));
        self.ledger = ledger;
        self.core.note(&ledger);
        (self.unsynced, self.untidy, self.crowded, self.compacted) = (false, true, true, 0);
        self.sweep = Some(Instant::now());
        (engine, events)
    }

    /// Tries whether a file that could not be written can be now.
    fn make_writable(&mut self) -> Result<(), Failure> {
        let state = self.core.state();
        let (failure, is_open) = match &state.engine {
            Engine::Writable(_) => return Ok(()),
            Engine::Readable(_, failure) => (failure.clone(), true),
            Engine::Unusable(failure) => (failure.clone(), false),
            Engine::Closed => return Err(Failure::Broken("the store was closed".into())),
        };
        drop(state);
        if self.tried.is_some_and(|tried| tried.elapsed() < RETRY) {
            return Err(failure);
        }
        self.tried = Some(Instant::now());
        if is_open && !self.core.place.can_be_written() {
            return Err(failure);
        }
        let core = self.core.clone();
        let (events, result) = core.change(|state| {
            state.generation += 1;
            let old = std::mem::replace(&mut state.engine, Engine::Unusable(failure.clone()));
            if let Engine::Writable(opened) | Engine::Readable(opened, _) = old {
                opened.discard();
            }
            let (engine, mut events) = self.begun(begin(&core.place));
            state.engine = engine;
            match &state.engine {
                Engine::Writable(_) => {
                    events.push(DiskEvent::WritesResumed { path: core.place.path.clone() });
                    (events, Ok(()))
                }
                // It was told before.
                Engine::Readable(_, failure) | Engine::Unusable(failure) => {
                    (Vec::new(), Err(failure.clone()))
                }
                Engine::Closed => (Vec::new(), Err(failure)),
            }
        });
        core.listener.tell_all(&events);
        result
    }

    fn close(&mut self) -> Result<(), Failure> {
        let old = self.core.change(|state| std::mem::replace(&mut state.engine, Engine::Closed));
        match old {
            Engine::Writable(opened) => {
                let result = opened.close();
                self.core.place.release();
                result
            }
            Engine::Readable(opened, _) => {
                opened.discard();
                Ok(())
            }
            Engine::Unusable(_) | Engine::Closed => Ok(()),
        }
    }
}

fn refuse(requests: Vec<Request>, error: &StoreError) {
    for request in requests {
        request.refuse(error.clone());
    }
}

fn send(request: Request, answer: Answered) {
    match (request, answer) {
        (Request::Write(_, reply), Answered::Write(outcomes)) => reply.send(Ok(outcomes)),
        (Request::Raise { reply, .. }, Answered::Raise(number)) => reply.send(number),
        // Answers are in the order of requests.
        (Request::Write(_, reply), Answered::Raise(_)) => drop::<Reply<_>>(reply),
        (Request::Raise { reply, .. }, Answered::Write(_)) => drop::<Reply<_>>(reply),
    }
}
