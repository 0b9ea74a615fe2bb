//! A cache of values in a store.

mod builder;
mod compute;
mod expiry;
mod local;
mod lock;
mod many;
mod numbers;
mod replace;
mod scan;
mod stats;
mod tagged;
mod verbs;

use std::any::type_name;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use builder::CacheBuilder;
pub use compute::GetOrCompute;
pub use lock::Lock;
pub use stats::{CacheStats, MissReason};
pub use tagged::CacheTag;

use super::canonical::canonical_json;
use super::function::{Coherence, Warming, send};
use super::key::{Function, StoreKey};
use super::link::Deadline;
use super::protocol::{Missing, Protocol, Value};
use super::rules::deadline;
use super::{Answer, Reply, Store, StoreError, StoreErrorKind};
use crate::memo::{Acknowledgement, Runtime, TtlBounds};
use compute::ComputedMemos;
use local::{Local, WriteBehind};
use stats::Counters;

/// A cache of values in a [`Store`], typed by use.
///
/// A key is anything that serializes: keys that serialize alike are the same. Each verb returns a [`Reply`], which
/// is awaited or waited for. Clones are the same cache.
///
/// Processes that use the same store and namespace share their values. When an invalidation has been
/// acknowledged, no process reads a value from before it.
///
/// ```
/// use cache_core::store::{Cache, MemoryStore};
///
/// let cache = Cache::builder(MemoryStore::new()).namespace("shop").build()?;
/// cache.insert("greeting", &"hello").ttl("5m").tags(["texts"]).wait()?;
/// let text: Option<String> = cache.get("greeting").wait()?;
/// assert_eq!(text.as_deref(), Some("hello"));
///
/// cache.tag("texts").invalidate().wait()?;
/// assert_eq!(cache.get::<String>("greeting").wait()?, None);
/// # Ok::<(), cache_core::store::StoreError>(())
/// ```
#[derive(Clone)]
pub struct Cache(Arc<Shared>);

pub(in crate::store) struct Shared {
    pub(in crate::store) protocol: Protocol,
    name: Box<str>,
    /// What the keys of the cache's own values begin with.
    values: Function,
    pub(in crate::store) bounds: TtlBounds,
    timeout: Duration,
    pub(in crate::store) channel_timeout: Duration,
    /// Follows what others invalidate, once a function keeps values in front of this cache.
    coherence: OnceLock<Option<Arc<Coherence>>>,
    pub(in crate::store) warming: Warming,
    pub(in crate::store) local: Local,
    pub(in crate::store) write_behind: WriteBehind,
    computed: ComputedMemos,
    pub(in crate::store) counters: Counters,
}

impl Cache {
    /// A cache in a store, with defaults that can be changed.
    pub fn builder(store: impl Store) -> CacheBuilder {
        Self::builder_with(Arc::new(store))
    }

    /// A cache in a store that others use too.
    pub fn builder_with(store: Arc<dyn Store>) -> CacheBuilder {
        CacheBuilder::new(store)
    }

    /// The namespace. Caches with different namespaces have no key in common, even in the same store.
    pub fn namespace(&self) -> &str {
        &self.0.name
    }

    /// The store.
    pub fn store(&self) -> &Arc<dyn Store> {
        self.0.protocol.link.store()
    }

    /// The client that the store is built on, if it is a `C`: for what a cache cannot do.
    pub fn raw<C: 'static>(&self) -> Option<&C> {
        self.store().client()?.downcast_ref()
    }

    /// What has been counted since the cache was built.
    pub fn stats(&self) -> CacheStats {
        self.0.counters.snapshot()
    }

    /// Sends what could not be sent before, writes out what the store has in memory, and closes it for all that use it.
    /// If functions start [warm](Self::warm), it is noted which values they read most.
    ///
    /// # Errors
    ///
    /// If the store fails. It is closed all the same, if it can be.
    pub fn close(&self) -> Reply<()> {
        let (cache, runtime) = (self.clone(), Runtime::current());
        self.reply(|shared, by| async move {
            let flushed = shared.protocol.flush(by).await.and(cache.write_most_read(&runtime).await);
            shared.protocol.link.close(by).await?;
            flushed
        })
    }

    pub(in crate::store) fn of(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// What follows the invalidations of others, if the store has a channel.
    pub(in crate::store) fn coherence(&self, runtime: &Arc<Runtime>) -> Option<&Arc<Coherence>> {
        self.0.coherence.get_or_init(|| Coherence::begin(self, runtime)).as_ref()
    }

    pub(in crate::store) fn shared(&self) -> &Arc<Shared> {
        &self.0
    }

    /// Sends the invalidations that were not acknowledged. Returns what to wait for, unless it is done.
    pub(in crate::store) fn send_remembered(&self, runtime: &Runtime) -> Option<Acknowledgement> {
        let shared = self.0.clone();
        let by = shared.by();
        send(runtime, async move { shared.protocol.flush(by).await })
    }

    /// A call of this cache.
    pub(in crate::store) fn reply<T, O, F>(
        &self,
        call: impl FnOnce(Arc<Shared>, Deadline) -> F + Send + 'static,
    ) -> Reply<T, O>
    where
        O: Default,
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        self.reply_with(|shared, by, _| call(shared, by))
    }

    /// A call of this cache that has options.
    fn reply_with<T, O, F>(
        &self,
        call: impl FnOnce(Arc<Shared>, Deadline, O) -> F + Send + 'static,
    ) -> Reply<T, O>
    where
        O: Default,
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        let shared = self.0.clone();
        Reply::new(shared.timeout, move |options, timeout| {
            let by = shared.protocol.link.deadline(timeout);
            Answer::later(call(shared, by, options))
        })
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("namespace", &self.namespace())
            .field("store", &self.store().name())
            .finish_non_exhaustive()
    }
}

impl Shared {
    /// The deadline of a call that begins now.
    pub(in crate::store) fn by(&self) -> Deadline {
        self.protocol.link.deadline(self.timeout)
    }

    /// The name under which the cache keeps the value of a key.
    fn name(&self, key: impl Serialize) -> Result<StoreKey, StoreError> {
        Ok(self.name_of_json(&canonical_json(&key)?))
    }

    /// The same of a key that is JSON already.
    pub(in crate::store) fn name_of_json(&self, json: &str) -> StoreKey {
        self.values.value(json)
    }

    /// A value as it is stored, to be kept for `ttl` or as long as the cache says. None if it is not to be stored.
    pub(in crate::store) fn value(&self, body: Bytes, ttl: Option<Duration>) -> Option<Value> {
        let ttl = self.bounds.bounded(ttl);
        if ttl == Some(Duration::ZERO) {
            return None;
        }
        let now = self.protocol.clock.now();
        Some(Value::new(now, deadline(now, ttl), body))
    }

    pub(in crate::store) fn encode<T: Serialize + ?Sized>(&self, value: &T) -> Result<Bytes, StoreError> {
        self.protocol.envelope.codec.encode(value).map(Bytes::from)
    }

    /// Decodes a value that was found.
    fn decode<T: DeserializeOwned>(&self, value: &Value) -> Result<T, StoreError> {
        self.protocol.envelope.decode(&value.body).map_err(|why| {
            let what = format!("the value of a key is no `{}`: {why}", type_name::<T>());
            StoreError::new(StoreErrorKind::Encoding, what)
        })
    }

    /// Counts what was found.
    pub(in crate::store) fn count<T>(&self, found: Result<T, Missing>) -> Option<T> {
        match found {
            Ok(value) => {
                self.counters.hit();
                Some(value)
            }
            Err(missing) => {
                self.counters.miss(&missing);
                None
            }
        }
    }
}
