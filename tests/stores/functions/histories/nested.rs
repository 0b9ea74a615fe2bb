//! The same for functions that are not asynchronous: what others do comes between the requests of a call, and into its
//! body, and ends before the call goes on.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cache_core::store::{
    Answer, Cache, Counter, Outcome, Scan, Store, StoreErrorKind, Stored, Write, caches,
};
use cache_core::testing::ScriptedStore;
use cache_core::{Applied, memoize, tag};
use fastrand::Rng;

use super::super::Processes;
use super::functions::Row;
use super::ledger::{self, Change, Ledger, Reader, Step, Target, changed};

/// How deep what is done is within something else.
const DEPTH: u32 = 3;

thread_local! {
    static WORLD: RefCell<Option<Rc<World>>> = const { RefCell::new(None) };
}

/// Lets others do something now, perhaps.
fn interrupt() {
    let world = WORLD.with(|world| world.borrow().clone());
    if let Some(world) = world
        && world.depth.get() < DEPTH
        && world.draw(100) < 25
    {
        world.act();
    }
}

/// A store before and after each request of which others do something.
struct Interrupted(ScriptedStore);

/// Makes a request between two interruptions.
fn between<'a, T: Send + 'a>(request: impl FnOnce() -> Answer<'a, T>) -> Answer<'a, T> {
    interrupt();
    let answer = request();
    interrupt();
    answer
}

impl Store for Interrupted {
    fn name(&self) -> &str {
        self.0.name()
    }
    fn read<'a>(&'a self, keys: &'a [Bytes]) -> Answer<'a, Vec<Option<Stored>>> {
        between(|| self.0.read(keys))
    }
    fn write<'a>(&'a self, batch: &'a [Write]) -> Answer<'a, Vec<Outcome>> {
        between(|| self.0.write(batch))
    }
    fn is_shared(&self) -> bool {
        self.0.is_shared()
    }
    fn close(&self) -> Answer<'_, ()> {
        self.0.close()
    }
    fn scan(&self) -> Option<&dyn Scan> {
        self.0.scan()
    }
    fn counter(&self) -> Option<&dyn Counter> {
        Some(self)
    }
}

impl Counter for Interrupted {
    fn raise<'a>(&'a self, key: &'a Bytes, initial: u64, ttl: Option<Duration>) -> Answer<'a, u64> {
        between(|| self.0.counter().expect("it has one").raise(key, initial, ttl))
    }
}

/// A body reads the database between two interruptions.
fn read_row(key: u8, call: u64) -> Row {
    ledger::runs(call);
    interrupt();
    next_step();
    let row = ledger::read_now(key, call);
    interrupt();
    row
}

#[memoize(
    ttl = 60,
    store = "shared",
    skip(call),
    tags = ["rows", "row:{key}", "owner:{value.owner}"],
    on_evict = |_, _, _| interrupt(),
)]
fn row(key: u8, call: u64) -> Row {
    read_row(key, call)
}

pub(super) struct World {
    rng: RefCell<Rng>,
    processes: Processes,
    depth: Cell<u32>,
    /// How many calls there were, and how many got the value of another one.
    reads: Cell<(usize, usize)>,
    /// What has gone wrong first.
    wrong: RefCell<Option<String>>,
}

impl World {
    pub(super) fn new(seed: u64, processes: Processes) -> Rc<Self> {
        Ledger::begin(seed);
        for (at, store) in processes.stores.iter().enumerate() {
            let store: Arc<dyn Store> = Arc::new(Interrupted(store.clone()));
            let cache = Cache::builder_with(store).namespace("shop").build().unwrap();
            processes.inside(at, || caches().register("shared", cache)).unwrap();
        }
        let this = Rc::new(Self {
            rng: RefCell::new(Rng::with_seed(seed)),
            processes,
            depth: Cell::new(0),
            reads: Cell::new((0, 0)),
            wrong: RefCell::new(None),
        });
        WORLD.with(|world| world.replace(Some(this.clone())));
        this
    }

    /// Does several things, one after the other, and others within them. Returns how many calls there were, and how many
    /// got the value of another one.
    pub(super) fn run(&self, count: usize) -> Result<(usize, usize), String> {
        for _ in 0..count {
            self.act();
            if self.draw(20) == 0 {
                self.processes.stores.iter().for_each(ScriptedStore::up);
            }
            if let Some(wrong) = self.wrong.take() {
                return Err(wrong);
            }
        }
        WORLD.with(|world| world.replace(None));
        Ok(self.reads.get())
    }

    fn draw(&self, below: usize) -> usize {
        self.rng.borrow_mut().usize(..below)
    }

    fn check(&self, row: Row, key: u8, reader: Reader) {
        if let Err(wrong) = ledger::with(|ledger| ledger.check(row, key, reader)) {
            self.wrong.borrow_mut().get_or_insert(wrong);
        }
    }

    /// One of the processes does something.
    fn act(&self) {
        self.depth.set(self.depth.get() + 1);
        let process = self.draw(self.processes.scopes.len());
        let key = u8::from(self.draw(2) == 1);
        let reader = Reader { process, began: next_step(), at: Duration::ZERO, lag: Duration::ZERO };
        let store = &self.processes.stores[process];
        self.processes.inside(process, || match self.draw(100) {
            0..=57 => {
                let number = ledger::with(Ledger::number);
                let row = row(key, number);
                let is_own = ledger::with(|ledger| ledger.is_of(row, number));
                let (reads, shared) = self.reads.get();
                self.reads.set((reads + 1, shared + usize::from(!is_own)));
                self.check(row, key, reader);
            }
            58..=63 => row::key(key).get().into_iter().for_each(|row| self.check(row, key, reader)),
            64..=66 => {
                let number = ledger::with(Ledger::number);
                let row = row::entry(key, number).refresh();
                assert!(ledger::with(|ledger| ledger.is_of(row, number)), "a refresh has computed nothing");
            }
            67..=73 => {
                let row = ledger::with(|ledger| ledger.written_row(key));
                let change = begun(Target::Key(key), reader, Some(row.serial));
                let entry = row::entry(key, 0);
                let is_stored = match self.draw(3) {
                    0 => entry.insert_if_absent(row),
                    1 => entry.insert_if_present(row),
                    _ => entry.insert(row),
                };
                ledger::with(|ledger| ledger.ended(row.serial));
                holds(change, is_stored, is_stored);
            }
            74..=79 => {
                let change = begun(Target::Key(key), reader, Some(0));
                let derived = Cell::new(None);
                let change_row = |row| {
                    let row = changed(row);
                    derived.set(Some(row.serial));
                    row
                };
                let is_stored = row::entry(key, 0).update(change_row).is_some();
                if let Some(derived) = derived.get() {
                    ledger::with(|ledger| {
                        ledger.changes[change].written = Some(derived);
                        ledger.ended(derived);
                    });
                }
                holds(change, is_stored, is_stored);
            }
            80 => {
                let keys = store.keys();
                if !keys.is_empty() {
                    let lost = keys[self.draw(keys.len())].clone();
                    store.lose(|key| key == lost);
                }
            }
            81 => match self.draw(3) {
                0 => store.down(StoreErrorKind::Full),
                1 => store.lose_replies(1),
                _ => store.fail_writes(1, StoreErrorKind::Full),
            },
            _ => self.invalidate(key, reader),
        });
        self.depth.set(self.depth.get() - 1);
    }

    fn invalidate(&self, key: u8, reader: Reader) {
        let owner = self.draw(2);
        let owner_tag = || tag(format!("owner:{owner}"));
        let of_owner = Target::Owner(u8::from(owner == 1));
        let cache = || caches().get("shared").unwrap();
        let (target, invalidate): (Target, &dyn Fn() -> Applied) = match self.draw(9) {
            0 | 1 => (Target::Key(key), &|| row::key(key).invalidate()),
            2 => (Target::Key(key), &|| row::key(key).mark_stale()),
            3 => (of_owner, &|| owner_tag().invalidate()),
            4 => (of_owner, &|| owner_tag().mark_stale()),
            5 => (Target::All, &|| row::memo().clear()),
            6 => (Target::Key(key), &|| row::memo().invalidate_if(|_, row| row.key == key)),
            by_cache => {
                let is_tag = by_cache == 7;
                let change = begun(if is_tag { of_owner } else { Target::All }, reader, None);
                let reply = if is_tag {
                    cache().tag(owner_tag().name().clone()).invalidate()
                } else {
                    cache().clear()
                };
                let is_acknowledged = reply.wait().is_ok();
                return holds(change, true, is_acknowledged);
            }
        };
        let change = begun(target, reader, None);
        let applied = invalidate();
        holds(change, true, false);
        holds(change, true, applied.wait().is_ok());
    }
}

fn next_step() -> Step {
    ledger::with(|ledger| {
        ledger.step += 1;
        ledger.step
    })
}

/// Takes note of a change that begins.
fn begun(target: Target, Reader { process, began, .. }: Reader, written: Option<u64>) -> usize {
    ledger::with(|ledger| {
        ledger.changes.push(Change { target, process, began, holds: None, acknowledged: None, written });
        ledger.changes.len() - 1
    })
}

/// A change holds from here on: in its process, or in all.
fn holds(change: usize, here: bool, everywhere: bool) {
    let step = next_step();
    ledger::with(|ledger| {
        let change = &mut ledger.changes[change];
        if here {
            change.holds.get_or_insert(step);
        }
        if everywhere {
            change.acknowledged = Some((step, Duration::ZERO));
        }
    });
}
