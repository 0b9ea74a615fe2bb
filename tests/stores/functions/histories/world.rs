//! Processes, their store, and what is drawn.

use std::future::IntoFuture as _;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use cache_core::store::{StoreError, StoreErrorKind, caches};
use cache_core::testing::ScriptedStore;
use cache_core::testing::scripted::Hold;
use cache_core::{Applied, Task, set_executor, tag};
use fastrand::Rng;

use super::super::{Processes, SECOND};
use super::functions::{Function, Later, On, Row};
use super::ledger::{self, Change, Ledger, Reader, Target, changed};

/// How many calls are under way at most.
const AT_ONCE: usize = 6;

enum Outcome {
    Row(Row),
    Refreshed(Row),
    Found(Option<Row>),
    Inserted(bool),
    Updated(Option<Row>),
    Invalidated(Result<(), StoreError>),
    Warmed,
}

/// A call that is under way.
struct Call {
    number: u64,
    key: u8,
    reader: Reader,
    /// Where its change is.
    change: Option<usize>,
    /// What it writes.
    writes: Option<u64>,
    future: Later<Outcome>,
}

/// What has happened in a history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) reads: usize,
    /// Calls that got the value of another call.
    pub(super) shared: usize,
}

type Tasks = Arc<Mutex<Vec<Task>>>;

pub(super) struct World {
    rng: Rng,
    function: &'static Function,
    processes: Processes,
    /// How many keys there are. With one, calls meet more often.
    keys: u8,
    /// What each process does in the background.
    tasks: Vec<Tasks>,
    calls: Vec<Call>,
    now: Duration,
    counted: Counted,
}

impl Drop for World {
    fn drop(&mut self) {
        // They belong to their processes.
        let calls = std::mem::take(&mut self.calls);
        for call in calls {
            self.processes.inside(call.reader.process, || drop(call.future));
        }
    }
}

impl World {
    pub(super) fn new(seed: u64, function: &'static Function, count: usize) -> Self {
        Ledger::begin(seed);
        let processes = if function.is_shared { Processes::new(count) } else { Processes::alone() };
        let tasks: Vec<Tasks> = (0..count).map(|_| Tasks::default()).collect();
        for (at, tasks) in tasks.iter().enumerate() {
            processes.stores[at].hold(Hold::Command);
            let tasks = tasks.clone();
            let executor = move |task| tasks.lock().unwrap().push(task);
            processes.inside(at, || set_executor(executor)).expect("it is set once");
        }
        let rng = Rng::with_seed(seed);
        let (calls, now, counted) = (Vec::new(), Duration::ZERO, Counted::default());
        let keys = if seed.is_multiple_of(3) { 2 } else { 1 };
        Self { rng, function, processes, keys, tasks, calls, now, counted }
    }

    pub(super) fn counted(&self) -> Counted {
        self.counted
    }

    /// Does something.
    pub(super) fn advance(&mut self) -> Result<(), String> {
        ledger::with(|ledger| ledger.step += 1);
        match self.rng.u8(..100) {
            0..=29 if self.calls.len() < AT_ONCE => self.begin(),
            30 | 31 => self.give_up(),
            32 => self.lose(),
            33 => self.fail(),
            34..=41 => {
                let time = Duration::from_millis(self.rng.u64(..2_000));
                self.pass(time);
            }
            _ => (0..2).for_each(|_| self.deliver()),
        }
        if self.rng.u8(..20) == 0 {
            self.processes.stores.iter().for_each(ScriptedStore::up);
        }
        let share = if self.rng.bool() { 100 } else { 50 };
        self.poll(share)
    }

    /// Lets everything come to its end.
    pub(super) fn finish(&mut self) -> Result<(), String> {
        for round in 0..200 {
            ledger::with(|ledger| ledger.step += 1);
            for store in &self.processes.stores {
                store.up();
                store.release();
            }
            self.poll(100)?;
            if self.calls.is_empty() {
                return Ok(());
            }
            if round % 4 == 3 {
                // What was forgotten is never answered.
                self.pass(SECOND);
            }
        }
        Err(format!("{} calls hang", self.calls.len()))
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.processes.advance(time);
    }

    /// The store loses a key.
    fn lose(&mut self) {
        let keys = self.processes.stores[0].keys();
        if !keys.is_empty() {
            let lost = keys[self.rng.usize(..keys.len())].clone();
            self.processes.stores[0].lose(|key| key == lost);
        }
    }

    /// The store fails for one of the processes, for a while.
    fn fail(&mut self) {
        let store = &self.processes.stores[self.rng.usize(..self.processes.stores.len())];
        match self.rng.u8(..3) {
            0 => store.down(StoreErrorKind::Unavailable),
            1 => store.fail_writes(1, StoreErrorKind::Full),
            _ => store.lose_replies(1),
        }
    }

    /// A command arrives, or its reply.
    fn deliver(&mut self) {
        let store = &self.processes.stores[self.rng.usize(..self.processes.stores.len())];
        let held = store.held();
        if held.is_empty() {
            return;
        }
        let held = &held[self.rng.usize(..held.len())];
        match self.rng.u8(..80) {
            0 => drop(store.fail(held.number, StoreErrorKind::TimedOut)),
            1 => drop(store.forget(held.number)),
            _ if held.has_arrived || self.rng.bool() => drop(store.answer(held.number)),
            _ => drop(store.arrive(held.number)),
        }
    }

    /// A caller gives up. What it has sent may still arrive.
    fn give_up(&mut self) {
        if self.calls.is_empty() {
            return;
        }
        let call = self.calls.swap_remove(self.rng.usize(..self.calls.len()));
        let process = call.reader.process;
        Self::ended(&call);
        self.processes.inside(process, || drop(call.future));
    }

    /// What the call writes is there from here on, or never.
    fn ended(call: &Call) {
        ledger::with(|ledger| {
            call.writes.iter().for_each(|serial| ledger.ended(*serial));
        });
    }

    fn begin(&mut self) {
        let process = self.rng.usize(..self.processes.scopes.len());
        let key = self.rng.u8(..self.keys);
        let number = ledger::with(Ledger::number);
        let reader = Reader {
            process,
            began: ledger::with(|ledger| ledger.step),
            at: self.now,
            lag: self.function.lag,
        };
        let function = self.function;
        let (mut change, mut writes) = (None, None);
        let drawn = self.rng.u8(..100);
        let scope = self.processes.scopes[process].clone();
        let inside = scope.enter();
        let future: Later<Outcome> = match drawn {
            0..=64 => mapped((function.call)(key, number), Outcome::Row),
            65..=67 => mapped((function.get)(key), Outcome::Found),
            68 | 69 => mapped(warm(), |()| Outcome::Warmed),
            70..=72 => mapped((function.refresh)(key, number), Outcome::Refreshed),
            73..=77 => {
                let row = ledger::with(|ledger| ledger.written_row(key));
                let on = [On::Always, On::Always, On::Present, On::Absent][self.rng.usize(..4)];
                writes = Some(row.serial);
                change = Some(Self::note(Target::Key(key), reader, writes));
                mapped((function.insert)(key, row, on), Outcome::Inserted)
            }
            78..=82 => {
                change = Some(Self::note(Target::Key(key), reader, Some(0)));
                mapped((function.update)(key, changed), Outcome::Updated)
            }
            _ => {
                let (target, invalidating) = self.invalidate(key, reader);
                let at = *change.insert(target);
                let (holds, invalidating) = invalidating;
                if holds {
                    ledger::with(|ledger| ledger.changes[at].holds = Some(ledger.step));
                }
                mapped(invalidating, Outcome::Invalidated)
            }
        };
        drop(inside);
        self.calls.push(Call { number, key, reader, change, writes, future });
    }

    /// Takes note of a change that begins.
    fn note(target: Target, reader: Reader, written: Option<u64>) -> usize {
        let Reader { process, began, .. } = reader;
        let change = Change { target, process, began, holds: None, acknowledged: None, written };
        ledger::with(|ledger| {
            ledger.changes.push(change);
            ledger.changes.len() - 1
        })
    }

    /// Invalidates something. Says whether that holds in this process at once, and what to wait for.
    fn invalidate(&mut self, key: u8, reader: Reader) -> (usize, (bool, Later<Result<(), StoreError>>)) {
        let (function, owner) = (self.function, self.rng.u8(..2));
        let cache = || caches().get("shared").unwrap();
        let applied = |applied: Applied| -> (bool, Later<_>) { (true, Box::pin(applied.into_future())) };
        let (target, invalidating): (_, (bool, Later<_>)) = match self.rng.u8(..12) {
            0 | 1 => (Target::Key(key), applied((function.invalidate)(key))),
            2 => (Target::Key(key), applied((function.mark_stale)(key))),
            3 => (Target::Owner(owner), applied(tag(format!("owner:{owner}")).invalidate())),
            4 => (Target::Owner(owner), applied(tag(format!("owner:{owner}")).mark_stale())),
            5 => (Target::Key(key), applied(tag(format!("row:{key}")).invalidate())),
            6 => (Target::All, applied(tag("rows").invalidate())),
            7 => (Target::All, applied((function.clear)())),
            8 => (Target::All, applied((function.mark_all_stale)())),
            9 => (Target::Key(key), applied((function.invalidate_if)(key))),
            10 => {
                let invalidating = cache().tag(format!("owner:{owner}")).invalidate();
                (Target::Owner(owner), (false, Box::pin(invalidating)))
            }
            _ => (Target::All, (false, Box::pin(cache().clear()))),
        };
        (Self::note(target, reader, None), invalidating)
    }

    /// Polls a share of all that is under way.
    fn poll(&mut self, share: u8) -> Result<(), String> {
        let mut cx = Context::from_waker(Waker::noop());
        for (at, tasks) in self.tasks.iter().enumerate() {
            let pending = std::mem::take(&mut *tasks.lock().unwrap());
            for mut task in pending {
                let is_polled = self.rng.u8(..100) < share;
                let has_ended =
                    is_polled && self.processes.inside(at, || task.as_mut().poll(&mut cx)).is_ready();
                if has_ended {
                    self.processes.inside(at, || drop(task));
                } else {
                    tasks.lock().unwrap().push(task);
                }
            }
        }
        let mut index = 0;
        while index < self.calls.len() {
            let call = &mut self.calls[index];
            let is_new = call.reader.began == ledger::with(|ledger| ledger.step);
            let mut polled = Poll::Pending;
            if is_new || self.rng.u8(..100) < share {
                let process = call.reader.process;
                polled = self.processes.inside(process, || call.future.as_mut().poll(&mut cx));
            }
            if let Some(derived) = ledger::with(|ledger| ledger.derived.take()) {
                call.writes = Some(derived);
                if let Some(change) = call.change {
                    ledger::with(|ledger| ledger.changes[change].written = Some(derived));
                }
            }
            let Poll::Ready(outcome) = polled else {
                index += 1;
                continue;
            };
            let call = self.calls.swap_remove(index);
            Self::ended(&call);
            self.end(&call, outcome)?;
        }
        Ok(())
    }

    /// Looks at what a call has returned.
    fn end(&mut self, call: &Call, outcome: Outcome) -> Result<(), String> {
        let check = |row: Row| ledger::with(|ledger| ledger.check(row, call.key, call.reader));
        let is_own = |row: Row| ledger::with(|ledger| ledger.is_of(row, call.number));
        match outcome {
            Outcome::Row(row) => {
                self.counted.reads += 1;
                self.counted.shared += usize::from(!is_own(row));
                check(row)
            }
            Outcome::Refreshed(row) if is_own(row) => Ok(()),
            Outcome::Refreshed(row) => {
                Err(format!("a refresh has returned {row:?}, which it has not computed"))
            }
            Outcome::Found(found) => found.map_or(Ok(()), check),
            Outcome::Updated(found) => {
                self.wrote(call, found.is_some());
                Ok(())
            }
            Outcome::Inserted(is_stored) => {
                self.wrote(call, is_stored);
                Ok(())
            }
            Outcome::Invalidated(result) => {
                self.holds(call, result.is_ok());
                Ok(())
            }
            Outcome::Warmed => Ok(()),
        }
    }

    /// A write has ended.
    fn wrote(&mut self, call: &Call, is_stored: bool) {
        // If the store has failed, the value is kept in the process alone.
        let is_seen_by_all = self.function.lag.is_zero();
        if is_stored {
            self.holds(call, is_seen_by_all);
        }
    }

    /// A change holds from here on.
    fn holds(&self, call: &Call, by_all: bool) {
        let Some(change) = call.change else { return };
        ledger::with(|ledger| {
            let step = ledger.step;
            let change = &mut ledger.changes[change];
            change.holds.get_or_insert(step);
            if by_all {
                change.acknowledged = Some((step, self.now));
            }
        });
    }
}

/// Takes in what was read most. From here on the process also writes what that is.
fn warm() -> Later<()> {
    let warming = caches().get("shared").unwrap().warm(10);
    Box::pin(async move { drop(warming.await) })
}

fn mapped<T: 'static>(future: Later<T>, outcome: fn(T) -> Outcome) -> Later<Outcome> {
    Box::pin(async move { outcome(future.await) })
}
