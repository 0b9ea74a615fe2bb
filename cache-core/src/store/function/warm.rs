//! Warm starts: the keys of a function that are read most are written to its store now and then, and when a program
//! starts their values are taken into the process.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use super::{FunctionStore, Place};
use crate::background::Executor as _;
use crate::engine::Loading;
use crate::erased::Erased;
use crate::memo::{MemoRef, Runtime, Tier};
use crate::store::cache::Shared;
use crate::store::canonical::canonical_json;
use crate::store::key::StoreKey;
use crate::store::protocol::{Missing, Value};
use crate::store::{Answer, Cache, Reply, StoreError, fork};
use crate::sync::plain::Mutex;
use crate::sync::{Locked, held_in};
use crate::time::{Due, Tick};

/// How many values are asked for at once.
const BATCH: usize = 100;

/// After what time the keys that are read most are written for the first time. Later it is twice as long each time.
const FIRST_WRITE: Tick = 1000;

/// The longest time between two writes of these keys.
const LONGEST: Tick = 60_000;

/// The function under whose name a namespace keeps these keys. No function of a program is called so.
const MOST_READ: &str = "\0most_read";

/// What is known of the keys of a function that are read most.
pub(super) struct MostRead {
    /// Whether somebody has begun to read what the store says of them.
    is_asked_for: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Those of an earlier process that still had values, once they were read.
    earlier: Option<Vec<String>>,
    /// What the store has.
    written: Vec<String>,
}

impl MostRead {
    pub(super) fn new() -> Arc<Self> {
        let this = Arc::new(Self { is_asked_for: AtomicBool::new(false), state: Mutex::default() });
        fork::register(&this);
        this
    }

    fn note_earlier(&self, keys: Vec<String>) {
        self.state.lock().earlier = Some(keys);
    }

    /// What the store should have: the keys that are read most here, and then those of an earlier process. None if it
    /// has that, or if those are not known yet.
    fn to_write(&self, mut keys: Vec<String>, entries: usize) -> Option<Vec<String>> {
        let state = self.state.lock();
        let here: HashSet<&String> = keys.iter().collect();
        let earlier: Vec<_> =
            state.earlier.as_ref()?.iter().filter(|key| !here.contains(key)).cloned().collect();
        keys.extend(earlier);
        keys.truncate(entries);
        (keys != state.written).then_some(keys)
    }

    fn note_written(&self, keys: Vec<String>) {
        self.state.lock().written = keys;
    }
}

impl fork::Locks for MostRead {
    fn hold(self: Arc<Self>) -> Vec<Box<dyn Locked>> {
        vec![held_in(self, |this| this.state.lock(), |_| ())]
    }
}

/// Whether the functions of a cache start warm.
#[derive(Default)]
pub(in crate::store) struct Warming {
    /// How many entries of each function; 0 if they do not.
    entries: AtomicUsize,
    writer: OnceLock<Arc<Writer>>,
}

impl Warming {
    pub(in crate::store) fn new(entries: usize) -> Self {
        Self { entries: AtomicUsize::new(entries), writer: OnceLock::new() }
    }

    fn entries(&self) -> Option<usize> {
        Some(self.entries.load(Ordering::Relaxed)).filter(|entries| *entries > 0)
    }
}

/// Writes the keys that are read most, now and then.
struct Writer {
    cache: Weak<Shared>,
    runtime: Weak<Runtime>,
    interval: AtomicU64,
}

impl Due for Writer {
    fn due(self: Arc<Self>, now: Tick) -> Option<Tick> {
        let (cache, runtime) = (Cache::of(self.cache.upgrade()?), self.runtime.upgrade()?);
        let writing = cache.clone();
        runtime.clone().executor.spawn(Box::pin(async move {
            // If the store has failed, it is tried again the next time.
            let _ = writing.write_most_read(&runtime).await;
        }));
        let interval = self.interval.load(Ordering::Relaxed);
        self.interval.store((2 * interval).min(LONGEST), Ordering::Relaxed);
        Some(now + interval)
    }
}

impl Cache {
    /// Takes the values that functions read most into this process, up to so many of each function, and from here on has
    /// the store remember which these are. Returns how many values were taken in.
    ///
    /// It concerns the functions that keep values in front of this cache. Those that were called before, or whose
    /// `memo()` was, are warm when this is done. Others are warmed in the background when they are called first. So are all
    /// after the channel of a store was lost, when messages arrive again.
    ///
    /// Which keys are read most is written to the store a second after a start, then less and less often, at last once
    /// a minute, and by [`close`](Self::close). Processes that share the store share that list, too: the last one that
    /// writes it wins. It costs a look at each entry, and two requests for each function whose list has changed.
    ///
    /// A function whose keys cannot be read from JSON, or have a `secret(..)`, starts cold.
    ///
    /// ```
    /// use cache_core::{memoize, store::caches};
    ///
    /// caches().configure(r#"{ "shared": { "url": "memory:" } }"#)?;
    ///
    /// #[memoize(store = "shared")]
    /// fn get_cat(id: u64) -> String {
    ///     format!("cat {id}")
    /// }
    ///
    /// let _ = get_cat::memo();
    /// let count = caches().get("shared")?.warm(1000).wait()?;
    /// assert_eq!(count, 0, "nothing was read before");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the store fails, or nothing is heard on its channel in time. Then the functions that it concerns are warmed when
    /// they are called.
    pub fn warm(&self, entries: usize) -> Reply<usize> {
        let (cache, runtime) = (self.clone(), Runtime::current());
        self.reply(move |shared, _| async move {
            shared.warming.entries.store(entries, Ordering::Relaxed);
            cache.warm_functions(&runtime).await
        })
    }

    /// Warms the functions in front of this cache.
    async fn warm_functions(&self, runtime: &Arc<Runtime>) -> Result<usize, StoreError> {
        let Some(entries) = self.shared().warming.entries() else { return Ok(0) };
        self.begin_writing(runtime);
        let functions = self.functions_in_front(runtime);
        if !functions.is_empty()
            && let Some(others) = self.coherence(runtime)
        {
            let heard = Answer::later(async {
                others.trusted().await;
                Ok(())
            });
            self.shared().protocol.link.within(heard, self.shared().by()).await?;
        }
        let mut count = 0;
        for (memo, store) in functions {
            count += store.warm(&memo, self, entries).await?;
        }
        Ok(count)
    }

    /// Warms the functions in front of this cache in the background, if they are to start warm.
    pub(super) fn begin_warming(&self, runtime: &Arc<Runtime>) {
        if self.shared().warming.entries().is_some() {
            let (cache, runtime) = (self.clone(), runtime.clone());
            runtime.clone().executor.spawn(Box::pin(async move {
                // What was not reached is warmed when it is called.
                let _ = cache.warm_functions(&runtime).await;
            }));
        }
    }

    /// From here on the keys that are read most are written now and then.
    fn begin_writing(&self, runtime: &Arc<Runtime>) {
        self.shared().warming.writer.get_or_init(|| {
            let writer = Arc::new(Writer {
                cache: Arc::downgrade(self.shared()),
                runtime: Arc::downgrade(runtime),
                interval: AtomicU64::new(2 * FIRST_WRITE),
            });
            let due: Weak<dyn Due> = Arc::<Writer>::downgrade(&writer);
            runtime.clock.call_at(runtime.clock.now() + FIRST_WRITE, due);
            writer
        });
    }

    /// Writes the keys that are read most.
    pub(in crate::store) async fn write_most_read(&self, runtime: &Runtime) -> Result<(), StoreError> {
        let Some(entries) = self.shared().warming.entries() else { return Ok(()) };
        for (memo, store) in self.functions_in_front(runtime) {
            store.write_most_read(&memo, self, entries).await?;
        }
        Ok(())
    }

    /// The functions in front of this cache, with what they know of it.
    fn functions_in_front(&self, runtime: &Runtime) -> Vec<(MemoRef, FunctionStore)> {
        let memos = self.memos_in_front(runtime).into_iter();
        memos.filter_map(|memo| Some((memo.0.handle(), FunctionStore::of(&memo.0)?.clone()))).collect()
    }
}

impl FunctionStore {
    /// Warms a function that is called for the first time, in the background, if it is to start warm.
    pub(super) fn warm_once(&self, memo: &MemoRef, cache: &Cache) {
        let Some(entries) = cache.shared().warming.entries() else { return };
        if self.most_read.is_asked_for.swap(true, Ordering::Relaxed) {
            return;
        }
        cache.begin_writing(memo.runtime());
        let (store, memo, cache) = (self.clone(), memo.clone(), cache.clone());
        memo.runtime().clone().executor.spawn(Box::pin(async move {
            if store.warm(&memo, &cache, entries).await.is_err() {
                // The next call that has to ask the store tries again.
                store.most_read.is_asked_for.store(false, Ordering::Relaxed);
            }
        }));
    }

    /// Takes the values of the keys that an earlier process read most into the memo. Returns how many.
    async fn warm(&self, memo: &MemoRef, cache: &Cache, entries: usize) -> Result<usize, StoreError> {
        if !self.keeps(memo, cache) || memo.is_disabled() {
            return Ok(0);
        }
        let shared = cache.shared();
        let name = Self::list(memo, cache)?;
        let found = shared.protocol.look(&name, shared.by()).await?;
        let mut keys: Vec<String> =
            found.ok().and_then(|list| shared.protocol.envelope.decode(&list.body).ok()).unwrap_or_default();
        keys.truncate(entries.min(memo.capacity().unwrap_or(usize::MAX)));
        let mut alive = Vec::new();
        for batch in keys.chunks(BATCH) {
            let tier = self.tier(memo, cache);
            if !tier.keeps {
                // When the others are heard of again, it begins anew.
                return Ok(0);
            }
            alive.extend(self.load(memo, cache, tier, batch).await?);
        }
        let count = alive.len();
        self.most_read.is_asked_for.store(true, Ordering::Relaxed);
        self.most_read.note_earlier(alive);
        Ok(count)
    }

    /// Takes the values of some keys into the memo. Returns those that had one.
    async fn load(
        &self,
        memo: &MemoRef,
        cache: &Cache,
        tier: Tier,
        keys: &[String],
    ) -> Result<Vec<String>, StoreError> {
        let begun: Vec<_> = keys
            .iter()
            .filter_map(|json| {
                let (key, hash) = self.key_of(memo, json)?;
                let place = self.place_or_note(memo, &key)?;
                Some((json, place, memo.begin_loading(&key, hash)?))
            })
            .collect();
        let names: Vec<StoreKey> = begun.iter().map(|(_, place, _)| place.name.clone()).collect();
        let shared = cache.shared();
        let found = shared.protocol.look_many(&names, |value| value, shared.by()).await?;
        let load = |((json, place, loading), found): ((&String, Place, Loading), Result<Value, Missing>)| {
            let found = place.found(&found.ok()?)?;
            let own_tag = self.own_tag(memo, &place);
            loading.end(tier, found, own_tag).then(|| json.clone())
        };
        Ok(begun.into_iter().zip(found).filter_map(load).collect())
    }

    /// The key that is written so, if it can be read.
    fn key_of(&self, memo: &MemoRef, json: &str) -> Option<(Erased, u32)> {
        let arguments = serde_json::from_str(json).ok()?;
        let (key, hash) = memo.run_hook(|| memo.key_of_json(&arguments))?.ok()?;
        // A secret is written as a hash, which reads as another secret.
        (self.json_of(memo, &key).ok()? == json).then_some((key, hash))
    }

    /// Writes the keys that are read most, unless the store has them.
    async fn write_most_read(&self, memo: &MemoRef, cache: &Cache, entries: usize) -> Result<(), StoreError> {
        if !self.keeps(memo, cache) {
            return Ok(());
        }
        let keys = memo.most_read(entries).iter().filter_map(|key| self.json_of(memo, key).ok()).collect();
        let Some(keys) = self.most_read.to_write(keys, entries) else { return Ok(()) };
        let shared = cache.shared();
        let (name, body) = (Self::list(memo, cache)?, shared.encode(&keys)?);
        if let Some(value) = shared.value(body, Some(Duration::MAX)) {
            shared.store(vec![(name, value)], &[], shared.by()).await?;
        }
        self.most_read.note_written(keys);
        Ok(())
    }

    /// Where the store has the keys of a function that are read most.
    fn list(memo: &MemoRef, cache: &Cache) -> Result<StoreKey, StoreError> {
        let lists = cache.shared().protocol.namespace.values(MOST_READ);
        Ok(lists.value(&canonical_json(&*memo.name)?))
    }
}
