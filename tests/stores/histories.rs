//! Processes that share a store, whose commands and replies come in any order.
//!
//! Each process has a connection on which every command waits for the test. The test draws what happens next: a call
//! begins, a command arrives, a reply comes, a caller gives up, the store loses a key. A value is never returned by a
//! read that began after an invalidation of it was acknowledged, if the call that stored it had ended before that
//! invalidation began.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use cache_core::store::{Cache, Lock, StoreError};
use cache_core::testing::scripted::Hold;
use cache_core::testing::{Scope, ScriptedStore};
use fastrand::Rng;

use crate::noop;

const TAGS: [&str; 2] = ["a", "r"];

/// Steps are numbered: that is the time.
type Step = u32;

/// What is known of a stored value.
#[derive(Clone, Default)]
struct Value {
    tags: Vec<&'static str>,
    /// When the call that stored the value first, or the one that it was computed from, had ended.
    ended: Option<Step>,
    /// What it was computed from.
    parent: Option<u64>,
}

/// What an invalidation takes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Target {
    Key,
    Tag(&'static str),
    All,
}

/// Invalidations that were acknowledged: when each began and ended.
type Invalidations = Vec<(Target, Step, Step)>;

#[derive(Default)]
struct Known {
    values: HashMap<u64, Value>,
    invalidations: Invalidations,
    reads: usize,
    found: usize,
}

impl Known {
    /// What an old value was computed from first.
    fn root(&self, mut value: u64) -> &Value {
        while let Some(parent) = self.values[&value].parent {
            value = parent;
        }
        &self.values[&value]
    }

    /// Whether a read that began at a step may return a value.
    fn check(&self, value: u64, read: Step) -> Result<(), String> {
        let root = self.root(value);
        let is_hit = |target: Target| match target {
            Target::Key | Target::All => true,
            Target::Tag(tag) => root.tags.contains(&tag),
        };
        for (target, began, ended) in &self.invalidations {
            if is_hit(*target) && *ended < read && root.ended.is_some_and(|stored| stored < *began) {
                return Err(format!(
                    "{value}, stored until {:?}, by a read at {read}, after {target:?} {began}..{ended}",
                    root.ended
                ));
            }
        }
        Ok(())
    }
}

enum Outcome {
    Read(Option<u64>),
    Stored,
    Invalidated(Target),
}

/// A call that is under way.
struct Call {
    process: usize,
    began: Step,
    /// What it stores.
    value: Option<u64>,
    future: Pin<Box<dyn Future<Output = Result<Outcome, StoreError>>>>,
}

struct World {
    rng: Rng,
    step: Step,
    next: u64,
    connections: Vec<ScriptedStore>,
    caches: Vec<Cache>,
    calls: Vec<Call>,
    known: Arc<Mutex<Known>>,
}

impl World {
    fn new(seed: u64, processes: usize, has_counter: bool) -> Self {
        let store = ScriptedStore::new();
        let connect = |_| {
            let connection = store.connect();
            connection.hold(Hold::Command);
            if has_counter { connection } else { connection.without_counter() }
        };
        let connections: Vec<ScriptedStore> = (0..processes).map(connect).collect();
        let build = |store: &ScriptedStore| Cache::builder(store.clone()).namespace("n").build().unwrap();
        Self {
            rng: Rng::with_seed(seed),
            step: 0,
            next: 0,
            caches: connections.iter().map(build).collect(),
            connections,
            calls: Vec::new(),
            known: Arc::default(),
        }
    }

    fn begin(&mut self) {
        let process = self.rng.usize(..self.caches.len());
        let cache = self.caches[process].clone();
        let tag = TAGS[self.rng.usize(..2)];
        self.next += 1;
        let new = self.next;
        let mut value = None;
        let future: Pin<Box<dyn Future<Output = _>>> = match self.rng.u8(..10) {
            0..=3 => Box::pin(async move { cache.get("k").await.map(Outcome::Read) }),
            4 | 5 => {
                let tags: Vec<_> = TAGS.into_iter().filter(|_| self.rng.bool()).collect();
                self.known
                    .lock()
                    .unwrap()
                    .values
                    .insert(new, Value { tags: tags.clone(), ..Value::default() });
                value = Some(new);
                Box::pin(async move { cache.insert("k", &new).tags(tags).await.map(|()| Outcome::Stored) })
            }
            6 => {
                let known = self.known.clone();
                let change = move |old: Option<u64>| {
                    let old = old?;
                    let mut known = known.lock().unwrap();
                    let tags = known.values[&old].tags.clone();
                    known.values.insert(new, Value { tags, ended: None, parent: Some(old) });
                    Some(new)
                };
                Box::pin(async move { cache.update("k", change).await.map(|_| Outcome::Stored) })
            }
            7 => Box::pin(async move { cache.remove("k").await.map(|_| Outcome::Invalidated(Target::Key)) }),
            8 => {
                let invalidate = cache.tag(tag).invalidate();
                Box::pin(async move { invalidate.await.map(|()| Outcome::Invalidated(Target::Tag(tag))) })
            }
            _ => Box::pin(async move { cache.clear().await.map(|()| Outcome::Invalidated(Target::All)) }),
        };
        self.calls.push(Call { process, began: self.step, value, future });
    }

    /// Polls all calls, and looks at those that have ended.
    fn poll(&mut self) -> Result<(), String> {
        let mut cx = Context::from_waker(Waker::noop());
        let mut index = 0;
        while index < self.calls.len() {
            let call = &mut self.calls[index];
            let Poll::Ready(result) = call.future.as_mut().poll(&mut cx) else {
                index += 1;
                continue;
            };
            let call = self.calls.swap_remove(index);
            self.end(&call);
            let mut known = self.known.lock().unwrap();
            match result.map_err(|error| error.to_string())? {
                Outcome::Read(found) => {
                    known.reads += 1;
                    known.found += usize::from(found.is_some());
                    found.map_or(Ok(()), |value| known.check(value, call.began))?;
                }
                Outcome::Stored => (),
                Outcome::Invalidated(target) => known.invalidations.push((target, call.began, self.step)),
            }
        }
        Ok(())
    }

    /// A call that stores has ended, or its caller has given up.
    fn end(&self, call: &Call) {
        if let Some(value) = call.value
            && let Some(value) = self.known.lock().unwrap().values.get_mut(&value)
        {
            value.ended.get_or_insert(self.step);
        }
    }

    fn advance(&mut self) -> Result<(), String> {
        self.step += 1;
        match self.rng.u8(..100) {
            0..=24 if self.calls.len() < 4 => self.begin(),
            25..=30 if !self.calls.is_empty() => {
                // The commands of a caller that gives up arrive all the same, or not.
                let index = self.rng.usize(..self.calls.len());
                let call = self.calls.swap_remove(index);
                self.end(&call);
                let _ = call.process;
            }
            31 | 32 => {
                let keys = self.connections[0].keys();
                if !keys.is_empty() {
                    let lost = keys[self.rng.usize(..keys.len())].clone();
                    self.connections[0].lose(|key| key == lost);
                }
            }
            _ => {
                let connection = &self.connections[self.rng.usize(..self.connections.len())];
                let held = connection.held();
                if !held.is_empty() {
                    let held = &held[self.rng.usize(..held.len())];
                    if held.has_arrived || self.rng.bool() {
                        connection.answer(held.number);
                    } else {
                        connection.arrive(held.number);
                    }
                }
            }
        }
        self.poll()
    }
}

/// Draws histories, and says how many reads there were and how many found a value.
fn explore(seeds: std::ops::Range<u64>, processes: usize, has_counter: bool) -> (usize, usize) {
    let (mut reads, mut found) = (0, 0);
    for seed in seeds {
        let scope = Scope::new();
        let _in_scope = scope.enter();
        let mut world = World::new(seed, processes, has_counter);
        for _ in 0..400 {
            if let Err(wrong) = world.advance() {
                panic!("seed {seed}: {wrong}");
            }
        }
        let known = world.known.lock().unwrap();
        reads += known.reads;
        found += known.found;
    }
    (reads, found)
}

fn seeds() -> u64 {
    if std::env::var_os("CACHE_CORE_LONG").is_some() { 20_000 } else { 400 }
}

#[test]
fn no_process_reads_what_another_has_invalidated() {
    let (reads, found) = explore(0..seeds(), 3, true);
    assert!(found * 20 > reads && reads > 1000, "{found} of {reads} reads found a value");
}

#[test]
fn nor_over_a_store_that_raises_numbers_by_reading_them() {
    let (reads, found) = explore(0..seeds(), 2, false);
    assert!(found * 20 > reads && reads > 1000, "{found} of {reads} reads found a value");
}

#[test]
fn what_is_computed_from_a_value_is_no_younger_than_it() {
    let scope = Scope::new();
    let _in_scope = scope.enter();
    let store = ScriptedStore::new();
    let late = store.connect();
    late.hold(Hold::Command);
    let build = |store: &ScriptedStore| Cache::builder(store.clone()).build().unwrap();
    let (cache, other) = (build(&store), build(&late));
    cache.insert("n", &1).tags(["a"]).wait().unwrap();
    let mut invalidate = other.tag("a").invalidate();
    assert!(noop(&mut invalidate).is_none());
    late.answer(1);
    assert!(noop(&mut invalidate).is_none(), "the revision is raised, and the tag still there");
    assert_eq!(cache.increment("n", 1).wait().unwrap(), 2);
    assert!(cache.extend_ttl("n", Duration::MAX).wait().unwrap());
    late.answer(2);
    assert!(noop(&mut invalidate).expect("both have answered").is_ok());
    assert_eq!(cache.get::<i64>("n").wait().unwrap(), None);
}

#[test]
fn a_lock_never_has_two_owners() {
    for seed in 0..200 {
        let scope = Scope::new();
        let _in_scope = scope.enter();
        let mut rng = Rng::with_seed(seed);
        let store = ScriptedStore::new();
        let caches: Vec<Cache> = (0..3).map(|_| Cache::builder(store.connect()).build().unwrap()).collect();
        let mut owner: Option<Lock> = None;
        for _ in 0..60 {
            let cache = &caches[rng.usize(..3)];
            if let Some(lock) = cache.lock("k", "1h").wait().unwrap() {
                assert!(owner.replace(lock).is_none(), "seed {seed}");
            }
            if rng.bool()
                && let Some(lock) = owner.take()
            {
                assert!(lock.release().wait().unwrap());
            }
        }
    }
}
