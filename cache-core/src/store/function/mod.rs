//! Functions whose values are in a store: `#[memoize(store = "alias")]`.

mod acknowledged;
mod coherence;
mod key;
mod place;
mod value;
mod warm;

use std::any::Any;
use std::future::ready;
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;

pub use key::{EncodesKey, IsWrittenInKeys, SecretPart};
pub use value::{EncodesValue, IsWrittenInValues};

use self::coherence::tag_of_key;
use self::key::Encoded;
use self::place::{Place, Publishing};
use self::warm::MostRead;
use super::aliases::registry_of;
use super::cache::Shared;
use super::canonical::canonical_json;
use super::fork;
use super::protocol::function_tag;
use super::schema::schema_of;
use super::{Cache, Codec, Schema, StoreError, StoreErrorKind};
use crate::erased::{Erased, ErasedRef};
use crate::handles::{AnyMemoRef, Memo};
use crate::key::{AsOwned, Exactly, Leaf, NoJson, Shape, Shown, Ty};
use crate::memo::{
    Acknowledgement, Backing, Fetched, Fetching, Found, Later, MemoCore, MemoSpec, Publisher, Runtime, Tier,
};
use crate::sync::plain::Mutex;
use crate::sync::{Locked, held_in};
use crate::tags::TagName;
use crate::time::after;
use crate::value::StoresKept;

pub(in crate::store) use acknowledged::send;
pub(in crate::store) use coherence::Coherence;
pub(in crate::store) use warm::Warming;

/// The schema of values whose function says nothing of their version.
const FIRST_VERSION: u64 = 1;

/// Which cache stands behind a memo.
#[derive(Clone)]
enum Source {
    /// That of an alias, with values of a function.
    Alias(&'static str),
    /// This one, with values of its own.
    Cache(Weak<Shared>),
}

/// What an attribute says of the store of its function.
#[derive(Clone)]
pub struct InStore {
    source: Source,
    /// None as the alias says; so is the next one.
    local: Option<bool>,
    local_ttl: Option<Duration>,
    schema: u64,
}

impl InStore {
    /// The store of an alias.
    #[must_use]
    pub fn new(alias: &'static str) -> Self {
        Self { source: Source::Alias(alias), local: None, local_ttl: None, schema: FIRST_VERSION }
    }

    /// Whether values are also kept in the process.
    #[must_use]
    pub fn local(mut self, local: bool) -> Self {
        self.local = Some(local);
        self
    }

    /// How long values are kept in the process at most.
    #[must_use]
    pub fn local_ttl(mut self, ttl: Duration) -> Self {
        self.local_ttl = Some(ttl);
        self
    }

    /// The version of the values.
    #[must_use]
    pub fn version(mut self, version: u64) -> Self {
        self.schema = version;
        self
    }
}

/// Keys that are JSON already.
pub(in crate::store) type JsonKey = Leaf<Ty<String>, (AsOwned, Exactly, Shown, NoJson)>;

/// Puts a cache behind a memo, for values of its own. The memo keeps none: the verbs of the cache would not reach them.
pub(in crate::store) fn in_cache<R: EncodesValue>(cache: &Cache) -> MemoSpec<R, JsonKey> {
    let source = Source::Cache(Arc::downgrade(cache.shared()));
    let options = InStore { source, local: Some(false), local_ttl: None, schema: 0 };
    let key = |key: ErasedRef<'_>| Ok(key.get::<<JsonKey as Shape>::Owned>().view().clone());
    behind(MemoSpec::new(), options, key)
}

/// Puts a store behind a memo.
pub fn in_store<R: EncodesValue, S: EncodesKey>(spec: MemoSpec<R, S>, options: InStore) -> MemoSpec<R, S> {
    behind(spec, options, |key| canonical_json(&Encoded::<S>(key.get())))
}

fn behind<R: EncodesValue, S>(mut spec: MemoSpec<R, S>, options: InStore, key: WritesKey) -> MemoSpec<R, S> {
    spec.hooks.backing = Some(Box::new(FunctionStore {
        options,
        codec: ValueCodec { encode: R::encode, decode: R::decode },
        key,
        last_error: LastError::new(),
        most_read: MostRead::new(),
    }));
    spec
}

/// The same where the version of the values is that of the function, whose tokens have this hash, and of their type.
pub fn in_store_by_schema<R: EncodesValue + StoresKept<Kept: Schema>, S: EncodesKey>(
    spec: MemoSpec<R, S>,
    options: InStore,
    function: u64,
) -> MemoSpec<R, S> {
    // Versions that users write are smaller.
    let version = (function ^ schema_of::<R::Kept>()) | 1 << 63;
    in_store(spec, options.version(version))
}

/// Writes a stored key as JSON.
type WritesKey = fn(ErasedRef<'_>) -> Result<String, StoreError>;

/// How values of a function are encoded and decoded.
#[derive(Clone, Copy)]
struct ValueCodec {
    encode: fn(&Codec, &Erased) -> Result<Bytes, StoreError>,
    decode: fn(&Codec, &[u8]) -> Result<Erased, String>,
}

/// Why the store could not be used last.
struct LastError(Mutex<Option<StoreError>>);

impl LastError {
    fn new() -> Arc<Self> {
        let this = Arc::new(Self(Mutex::new(None)));
        fork::register(&this);
        this
    }

    fn note(&self, error: StoreError) {
        let old = self.0.lock().replace(error);
        // Outside the lock: the source of an error may be the user's.
        drop(old);
    }
}

impl fork::Locks for LastError {
    fn hold(self: Arc<Self>) -> Vec<Box<dyn Locked>> {
        vec![held_in(self, |this| this.0.lock(), |_| ())]
    }
}

/// The store behind the memo of a function.
#[derive(Clone)]
struct FunctionStore {
    options: InStore,
    codec: ValueCodec,
    key: WritesKey,
    last_error: Arc<LastError>,
    most_read: Arc<MostRead>,
}

impl FunctionStore {
    /// The store behind a memo, if there is one.
    fn of(memo: &MemoCore) -> Option<&Self> {
        (memo.backing()? as &dyn Any).downcast_ref()
    }

    /// The cache of the alias.
    fn cache(&self, memo: &MemoCore) -> Result<Cache, StoreError> {
        let alias = match &self.options.source {
            Source::Alias(alias) => alias,
            Source::Cache(cache) => {
                let dropped = || StoreError::new(StoreErrorKind::Closed, "the cache was dropped");
                return cache.upgrade().map(Cache::of).ok_or_else(dropped);
            }
        };
        if memo.name.contains('<') {
            let what = format!(
                "the name of `{}` has type parameters, which may be called otherwise in another program: values of \
                 such functions stay in the process",
                memo.name
            );
            return Err(StoreError::new(StoreErrorKind::Unsupported, what));
        }
        registry_of(memo.runtime())
            .get(alias)
            .map_err(|error| StoreError::new(StoreErrorKind::Unavailable, error.to_string()).caused_by(error))
    }

    /// How a key is written.
    fn json_of(&self, memo: &MemoCore, key: &Erased) -> Result<String, StoreError> {
        memo.run_hook(|| (self.key)(key.by_ref())).unwrap_or_else(|| {
            Err(StoreError::new(StoreErrorKind::Encoding, "a key has panicked when it was serialized"))
        })
    }

    fn place(&self, memo: &MemoCore, cache: Cache, key: &Erased) -> Result<Place, StoreError> {
        let json = self.json_of(memo, key)?;
        let name = match self.options.source {
            Source::Alias(_) => cache.shared().protocol.namespace.values(&memo.name).value(&json),
            Source::Cache(_) => cache.shared().name_of_json(&json),
        };
        Ok(Place {
            name: name.with_schema(self.options.schema),
            cache,
            memo: memo.handle(),
            is_of_function: self.alias().is_some(),
            codec: self.codec,
            last_error: self.last_error.clone(),
        })
    }

    /// The same. If there is none, that is noted.
    fn place_or_note(&self, memo: &MemoCore, key: &Erased) -> Option<Place> {
        let place = self.cache(memo).and_then(|cache| self.place(memo, cache, key));
        place.map_err(|error| self.fail(memo, error)).ok()
    }

    /// How long the memo keeps values at most.
    fn local_ttl_in(&self, cache: &Cache) -> Option<Duration> {
        self.options.local_ttl.or(cache.shared().local.ttl)
    }

    /// Whether the memo keeps values, if it may.
    fn keeps(&self, memo: &MemoCore, cache: &Cache) -> bool {
        // A stale value would be returned for longer than the process may lag.
        let would_lag = memo.spec.rules.has_window() && self.local_ttl_in(cache).is_some();
        self.options.local.unwrap_or(cache.shared().local.keeps) && !would_lag
    }

    /// What the memo is in front of this store.
    fn tier(&self, memo: &MemoCore, cache: &Cache) -> Tier {
        // Without a word from the other processes, a value is kept only as long as the user says.
        let hears =
            || cache.coherence(memo.runtime()).is_some_and(|others| others.is_trusted(memo.runtime()));
        let local_ttl = self.local_ttl_in(cache);
        let may_keep = || !cache.store().is_shared() || local_ttl.is_some() || hears();
        Tier {
            keeps: self.keeps(memo, cache) && may_keep(),
            local_ttl,
            since: memo.clock().now(),
            bounds: cache.shared().bounds,
        }
    }

    /// The tag by which others tell of the value of a key.
    fn own_tag(&self, memo: &MemoCore, place: &Place) -> Option<TagName> {
        let keeps = self.keeps(memo, &place.cache) && place.cache.store().is_shared();
        keeps.then(|| place.cache.coherence(memo.runtime()))?.map(|_| tag_of_key(place.name.stored()))
    }

    /// Takes note that the store cannot be used.
    fn fail(&self, memo: &MemoCore, error: StoreError) {
        memo.counters.store_errors.add();
        self.last_error.note(error);
    }
}

impl Cache {
    /// The memos of a runtime that have this cache behind them.
    pub(in crate::store) fn memos_in_front(&self, runtime: &Runtime) -> Vec<AnyMemoRef> {
        let is_same =
            |own: &Self| Arc::ptr_eq(own.store(), self.store()) && own.namespace() == self.namespace();
        let is_in_front = |memo: &MemoCore| {
            FunctionStore::of(memo).is_some_and(|store| store.cache(memo).is_ok_and(|own| is_same(&own)))
        };
        runtime.memos().into_iter().filter(|memo| is_in_front(memo)).map(AnyMemoRef).collect()
    }
}

impl AnyMemoRef {
    /// Why the store behind the function could not be used last (`store = ".."`); [`None`] if it has always been usable, or
    /// if there is none. An alias that is not configured counts as well.
    ///
    /// The calls went on without the store: see [`Stats::store_errors`](crate::Stats::store_errors).
    #[must_use]
    pub fn store_error(&self) -> Option<StoreError> {
        FunctionStore::of(&self.0)?.last_error.0.lock().clone()
    }
}

impl<V: 'static, M> Memo<V, M> {
    /// Why the store behind the function could not be used last: see [`AnyMemoRef::store_error`].
    #[must_use]
    pub fn store_error(&self) -> Option<StoreError> {
        self.memos().iter().find_map(AnyMemoRef::store_error)
    }
}

impl Backing for FunctionStore {
    fn alias(&self) -> Option<&str> {
        match self.options.source {
            Source::Alias(alias) => Some(alias),
            Source::Cache(_) => None,
        }
    }

    fn local_ttl(&self, memo: &MemoCore) -> Option<Duration> {
        self.options.local_ttl.or_else(|| self.cache(memo).ok()?.shared().local.ttl)
    }

    fn fetch(&self, memo: &MemoCore, key: &Erased, fresh_will_do: bool) -> Fetching {
        let now = memo.clock().now();
        let late = |ttl: Option<Duration>| ttl.map(|ttl| after(now, ttl));
        let nothing = |tier| Fetched { tier, own_tag: None, found: None, publisher: None };
        let cache = match self.cache(memo) {
            Ok(cache) => cache,
            Err(error) => {
                self.fail(memo, error);
                let takes_until = late(self.options.local_ttl);
                return Fetching { takes_until, fetched: Box::pin(ready(nothing(Tier::ALONE))) };
            }
        };
        let tier = self.tier(memo, &cache);
        if tier.keeps {
            self.warm_once(&memo.handle(), &cache);
        }
        // A memo that keeps nothing, and is not told of invalidations, learns of them from the store in each call.
        // So does one that the verbs of its cache do not reach.
        let is_told = !cache.store().is_shared() && self.alias().is_some();
        let is_asked_each_time = !is_told && !tier.keeps;
        let takes_until = if is_asked_each_time { Some(now) } else { late(tier.local_ttl) };
        let place = match self.place(memo, cache, key) {
            Ok(place) => place,
            Err(error) => {
                self.fail(memo, error);
                // A key that cannot be written is none that others could invalidate.
                return Fetching { takes_until, fetched: Box::pin(ready(nothing(tier))) };
            }
        };
        let own_tag = self.own_tag(memo, &place);
        let fetched = Box::pin(async move {
            if fresh_will_do && let Some(found) = place.fresh_at_once() {
                return Fetched { tier, own_tag, found: Some(found), publisher: None };
            }
            match place.fetch().await {
                Ok((value, token)) => {
                    let found = value.as_ref().and_then(|value| place.found(value));
                    let publisher: Box<dyn Publisher> = Box::new(Publishing { place, token, value });
                    Fetched { tier, own_tag, found, publisher: Some(publisher) }
                }
                Err(error) => {
                    place.fail(error);
                    Fetched { tier, own_tag, found: None, publisher: None }
                }
            }
        });
        Fetching { takes_until, fetched }
    }

    fn look(&self, memo: &MemoCore, key: &Erased) -> Later<Option<Found>> {
        let Some(place) = self.place_or_note(memo, key) else { return Box::pin(ready(None)) };
        Box::pin(async move {
            let shared = place.cache.shared();
            let found = place.or_note(shared.protocol.look(&place.name, shared.by()).await)?;
            shared.count(found).and_then(|value| place.found(&value))
        })
    }

    fn keep(&self, memo: &MemoCore, key: &Erased, ttl: Duration, only_later: bool) -> Later<Option<bool>> {
        let Some(place) = self.place_or_note(memo, key) else { return Box::pin(ready(None)) };
        Box::pin(async move {
            let shared = place.cache.shared();
            let kept = place.or_note(shared.keep(&place.name, ttl, only_later, shared.by()).await)?;
            if kept {
                place.announce().await;
            }
            Some(kept)
        })
    }

    fn invalidate(&self, memo: &MemoCore, key: Option<&Erased>) -> Option<Acknowledgement> {
        let cache = match self.cache(memo) {
            Ok(cache) => cache,
            Err(error) => {
                self.fail(memo, error);
                return None;
            }
        };
        match key.map(|key| self.place(memo, cache.clone(), key)) {
            Some(Ok(place)) => cache.shared().protocol.remember_keys(&[place.name]),
            // Its memo keeps nothing, and the values are the cache's.
            _ if self.alias().is_none() => return None,
            // Which of its values it is cannot be said, so all of the function go.
            Some(Err(_)) | None => cache.shared().protocol.remember_tags(&[function_tag(&memo.name)]),
        }
        cache.send_remembered(memo.runtime())
    }
}
