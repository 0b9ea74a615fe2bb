//! Processes that share a store and learn tags from what they compute, with commands and replies in any order.
//!
//! As in `tests/stores/histories.rs`, each command waits for the test, which draws what happens next. Here a value is as
//! old as its computation, which lies between a fetch and a publication. So it is never returned by a look that began
//! after an invalidation of it was acknowledged, if it was computed before that invalidation began. Publications that do
//! less than they should are found to break that.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use fastrand::Rng;

use super::*;
use crate::testing::scripted::Hold;

/// Steps are numbered: that is the time.
type Step = u32;

/// When a publication asks for the revision.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Asks {
    AfterTags,
    BeforeTags,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Target {
    Key(usize),
    Tag(&'static str),
    All,
}

/// A value that was computed.
struct Computed {
    key: usize,
    schema: u64,
    tags: Vec<&'static str>,
    at: Step,
}

enum Outcome {
    Looked(Result<Value, Missing>),
    Fetched(Token),
    Published(bool),
    Invalidated(Target),
}

struct Call {
    process: usize,
    key: usize,
    tags: Vec<&'static str>,
    began: Step,
    future: Pin<Box<dyn Future<Output = Result<Outcome, StoreError>>>>,
}

/// What a process has computed, and not stored yet.
struct Leader {
    process: usize,
    key: usize,
    token: Token,
    after: Vec<&'static str>,
    value: u64,
}

/// How often something happened.
#[derive(Debug, Default)]
struct Counts {
    looks: usize,
    found: usize,
    stored: usize,
    refused: usize,
}

struct World {
    asks: Asks,
    rng: Rng,
    step: Step,
    stores: Vec<ScriptedStore>,
    processes: Vec<Arc<Protocol>>,
    calls: Vec<Call>,
    leaders: Vec<Leader>,
    computed: HashMap<u64, Computed>,
    invalidations: Vec<(Target, Step, Step)>,
    counts: Counts,
}

/// Stores a value, perhaps with an order of requests that is wrong.
pub(super) async fn publish(
    asks: Asks,
    protocol: &Protocol,
    name: &StoreKey,
    token: Token,
    after: &[String],
    value: Value,
) -> Result<bool, StoreError> {
    let by = protocol.link.deadline(HOUR);
    let present = match asks {
        Asks::AfterTags => return protocol.publish_with(name, token, after, value, by).await,
        Asks::BeforeTags => protocol.read(Vec::new(), by).await?.1,
        Asks::Never => Some(token.revision),
    };
    let adopted = protocol.adopt(&token, after, by).await?;
    protocol.publish_adopted(name, token, adopted, present, value, by).await
}

impl World {
    fn new(seed: u64, asks: Asks) -> Self {
        let store = ScriptedStore::new();
        let connect = |_| {
            let connection = store.connect();
            connection.hold(Hold::Command);
            connection
        };
        let stores: Vec<ScriptedStore> = (0..3).map(connect).collect();
        Self {
            asks,
            rng: Rng::with_seed(seed),
            step: 0,
            processes: stores.iter().map(|store| Arc::new(protocol(store, None))).collect(),
            stores,
            calls: Vec::new(),
            leaders: Vec::new(),
            computed: HashMap::new(),
            invalidations: Vec::new(),
            counts: Counts::default(),
        }
    }

    /// The last process runs another version of the program.
    fn schema(process: usize) -> u64 {
        u64::from(process == 2)
    }

    fn some(&mut self, tags: &[&'static str]) -> Vec<&'static str> {
        tags.iter().copied().filter(|_| self.rng.bool()).collect()
    }

    fn begin(&mut self) {
        let process = self.rng.usize(..self.processes.len());
        let protocol = self.processes[process].clone();
        let by = protocol.link.deadline(HOUR);
        let key = self.rng.usize(..2);
        let name = protocol.namespace.value("f", ["x", "y"][key]).with_schema(Self::schema(process));
        let tags = self.some(&["a"]);
        let wire = names(&tags);
        let future: Pin<Box<dyn Future<Output = _>>> = match self.rng.u8(..10) {
            0..=3 => Box::pin(async move { protocol.look(&name, by).await.map(Outcome::Looked) }),
            4..=6 => Box::pin(async move {
                let mut fetched = protocol.fetch_many(&[name], &wire, by).await?;
                Ok(Outcome::Fetched(fetched.remove(0).token))
            }),
            7 | 8 => {
                let tag = ["a", "r", "s"][self.rng.usize(..3)];
                Box::pin(async move {
                    protocol.invalidate_tags(&names(&[tag]), by).await?;
                    Ok(Outcome::Invalidated(Target::Tag(tag)))
                })
            }
            _ if self.rng.bool() => Box::pin(async move {
                protocol.invalidate_keys(&[name], by).await?;
                Ok(Outcome::Invalidated(Target::Key(key)))
            }),
            _ => Box::pin(async move {
                protocol.clear(by).await?;
                Ok(Outcome::Invalidated(Target::All))
            }),
        };
        self.calls.push(Call { process, key, tags, began: self.step, future });
    }

    /// A process that has computed a value stores it.
    fn store(&mut self) {
        let leader = self.leaders.swap_remove(self.rng.usize(..self.leaders.len()));
        let Leader { process, key, token, after, value } = leader;
        let (asks, protocol) = (self.asks, self.processes[process].clone());
        let name = protocol.namespace.value("f", ["x", "y"][key]).with_schema(Self::schema(process));
        let (after, value) = (names(&after), Value::new(0, FOR_EVER, value.to_string().into()));
        let future = Box::pin(async move {
            publish(asks, &protocol, &name, token, &after, value).await.map(Outcome::Published)
        });
        self.calls.push(Call { process, key, tags: Vec::new(), began: self.step, future });
    }

    /// Polls all calls, and looks at those that have ended.
    fn poll(&mut self) -> Result<(), String> {
        let mut cx = Context::from_waker(Waker::noop());
        let mut index = 0;
        while index < self.calls.len() {
            let Poll::Ready(result) = self.calls[index].future.as_mut().poll(&mut cx) else {
                index += 1;
                continue;
            };
            let call = self.calls.swap_remove(index);
            match result.map_err(|error| error.to_string())? {
                Outcome::Looked(found) => {
                    self.counts.looks += 1;
                    if let Ok(value) = found {
                        self.counts.found += 1;
                        self.check(&call, &value)?;
                    }
                }
                Outcome::Fetched(token) => {
                    let after = self.some(&["a", "r", "s"]);
                    let mut tags = call.tags;
                    tags.extend(&after);
                    let value = self.computed.len() as u64;
                    let (process, key, at) = (call.process, call.key, self.step);
                    self.computed.insert(value, Computed { key, schema: Self::schema(process), tags, at });
                    self.leaders.push(Leader { process, key, token, after, value });
                }
                Outcome::Published(true) => self.counts.stored += 1,
                Outcome::Published(false) => self.counts.refused += 1,
                Outcome::Invalidated(target) => self.invalidations.push((target, call.began, self.step)),
            }
        }
        Ok(())
    }

    /// Whether a look may return a value.
    fn check(&self, look: &Call, value: &Value) -> Result<(), String> {
        let number = number(&value.body).ok_or("no value that was stored")?;
        let computed = &self.computed[&number];
        if (computed.key, computed.schema) != (look.key, Self::schema(look.process)) {
            return Err(format!("{number} is of another key or version"));
        }
        let is_hit = |target: Target| match target {
            Target::Key(key) => key == computed.key,
            Target::Tag(tag) => computed.tags.contains(&tag),
            Target::All => true,
        };
        for (target, began, ended) in &self.invalidations {
            if is_hit(*target) && computed.at < *began && *ended < look.began {
                return Err(format!(
                    "{number}, computed at {}, by a look at {}, after {target:?} {began}..{ended}",
                    computed.at, look.began
                ));
            }
        }
        Ok(())
    }

    fn advance(&mut self) -> Result<(), String> {
        self.step += 1;
        match self.rng.u8(..100) {
            0..=19 if self.calls.len() < 4 => self.begin(),
            20..=34 if !self.leaders.is_empty() && self.calls.len() < 5 => self.store(),
            35..=38 if !self.calls.is_empty() => {
                // The commands of a caller that gives up arrive all the same, or not.
                let index = self.rng.usize(..self.calls.len());
                drop(self.calls.swap_remove(index));
            }
            39 | 40 => {
                let keys = self.stores[0].keys();
                if !keys.is_empty() {
                    let lost = keys[self.rng.usize(..keys.len())].clone();
                    self.stores[0].lose(|key| key == lost);
                }
            }
            _ => {
                let store = &self.stores[self.rng.usize(..self.stores.len())];
                let held = store.held();
                if !held.is_empty() {
                    let held = &held[self.rng.usize(..held.len())];
                    if held.has_arrived || self.rng.bool() {
                        store.answer(held.number);
                    } else {
                        store.arrive(held.number);
                    }
                }
            }
        }
        self.poll()
    }
}

/// Draws histories until one goes wrong.
fn explore(seeds: std::ops::Range<u64>, asks: Asks) -> Result<Counts, String> {
    let mut all = Counts::default();
    for seed in seeds {
        let scope = Scope::new();
        let _in_scope = scope.enter();
        let mut world = World::new(seed, asks);
        for _ in 0..400 {
            world.advance().map_err(|wrong| format!("seed {seed}: {wrong}"))?;
        }
        all.looks += world.counts.looks;
        all.found += world.counts.found;
        all.stored += world.counts.stored;
        all.refused += world.counts.refused;
    }
    Ok(all)
}

fn seeds() -> u64 {
    if std::env::var_os("CACHE_CORE_LONG").is_some() { 20_000 } else { 400 }
}

#[test]
fn no_process_reads_what_was_computed_before_an_invalidation() {
    let counts = explore(0..seeds(), Asks::AfterTags).unwrap();
    assert!(counts.found * 20 > counts.looks && counts.looks > 1000, "{counts:?}");
    assert!(counts.stored > 500 && counts.refused > 500, "{counts:?}");
}

#[test]
fn without_asking_for_the_revision_again_one_does() {
    let wrong = explore(0..seeds(), Asks::Never).unwrap_err();
    assert!(wrong.contains("after Tag"), "{wrong}");
}

#[test]
fn if_the_revision_is_asked_for_before_the_tags_one_does() {
    let wrong = explore(0..seeds(), Asks::BeforeTags).unwrap_err();
    assert!(wrong.contains("after Tag"), "{wrong}");
}
