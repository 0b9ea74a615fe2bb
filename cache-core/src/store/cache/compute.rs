//! Values that are computed where the cache has none.

use std::any::TypeId;
use std::collections::HashMap;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Cache;
use crate::background::block_on;
use crate::call::future::{DrivenBy, MissStart, Polled};
use crate::call::{Prepared, UnansweredCall, described};
use crate::engine::Miss;
use crate::erased::Erased;
use crate::flight::Intent;
use crate::key::{Part, Ty};
use crate::memo::{MemoCore, Runtime, Types};
use crate::metadata::EntryMetadata;
use crate::mode::Async;
use crate::spec::Spec;
use crate::store::canonical::canonical_json;
use crate::store::function::{JsonKey, in_cache};
use crate::store::{StoreError, fork};
use crate::sync::plain::Mutex;
use crate::sync::{Locked, held_in};
use crate::tags::{Tag, TagName};
use crate::value::{OfReturn, OkOnly, Return, ReturnKind, Uncloned};

/// What is decided about what a body returns: values are kept, errors are not.
type Computed<T, E> = Return<Result<T, E>, OkOnly, Arc<T>, Uncloned, OfReturn>;

type BoxedBody<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

/// The memos in which computations for a cache are under way, one for each type. They keep no values.
pub(super) struct ComputedMemos(Arc<Mutex<HashMap<TypeId, Arc<MemoCore>>>>);

impl ComputedMemos {
    pub(super) fn new() -> Self {
        let memos = Arc::new(Mutex::default());
        fork::register(&memos);
        Self(memos)
    }
}

impl fork::Locks for Mutex<HashMap<TypeId, Arc<MemoCore>>> {
    fn hold(self: Arc<Self>) -> Vec<Box<dyn Locked>> {
        vec![held_in(self, |memos| memos.lock(), |_| ())]
    }
}

/// A value that is computed if the cache has none. [`Cache::get_or_compute`] returns it.
#[must_use = "nothing is computed until it is awaited or waited for"]
pub struct GetOrCompute<T, E> {
    cache: Cache,
    key: Result<String, StoreError>,
    ttl: Option<Duration>,
    tags: Vec<TagName>,
    body: Box<dyn FnOnce() -> BoxedBody<T, E> + Send>,
}

impl Cache {
    /// The value of a key. If there is none, `body` computes it, and it is stored, unless the key, one of its tags or the
    /// whole namespace is invalidated meanwhile. An error of the body is returned, and not stored.
    ///
    /// Of callers in this process that ask at the same time for the same key and types, one computes and the others wait.
    /// If it fails or leaves, another one computes. A body that asks for the key itself is computed in place.
    ///
    /// Takes one request if there is a value, and two otherwise. If the store fails, the body runs, and only
    /// [`stats`](Self::stats) tell of it. Nothing is kept in the process: for that, and for stale windows, give a function
    /// [`store = ".."`](macro@crate::memoize).
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use cache_core::store::{Cache, MemoryStore};
    ///
    /// # async fn load() -> Result<String, std::io::Error> { Ok("tom".to_owned()) }
    /// let cache = Cache::builder(MemoryStore::new()).build()?;
    /// for _ in 0..2 {
    ///     let name = cache.get_or_compute(("cat", 7), || async { load().await });
    ///     assert_eq!(name.ttl(Duration::from_secs(300)).tags(["cats"]).wait()?, "tom");
    /// }
    /// assert_eq!(cache.get(("cat", 7)).wait()?, Some("tom".to_owned()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn get_or_compute<T, E, Fut>(
        &self,
        key: impl Serialize,
        body: impl FnOnce() -> Fut + Send + 'static,
    ) -> GetOrCompute<T, E>
    where
        T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
        E: Send + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
    {
        GetOrCompute {
            cache: self.clone(),
            key: canonical_json(&key),
            ttl: None,
            tags: Vec::new(),
            body: Box::new(move || Box::pin(body())),
        }
    }

    /// The memo in which values of this type are computed.
    fn memo_of_computed<T, E>(&self) -> Arc<MemoCore>
    where
        T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
        E: Send + 'static,
    {
        static SPEC: Spec = Spec::new("", &["key"]);
        let id = TypeId::of::<Computed<T, E>>();
        let mut memos = self.shared().computed.0.lock();
        let make = || {
            let runtime = Runtime::current();
            let types = Types::of::<JsonKey, Computed<T, E>>(in_cache(self));
            let name = format!("values of the cache `{}`", self.namespace()).into();
            let memo = MemoCore::create(&SPEC, usize::MAX, name, types, (0, id), &runtime);
            runtime.register(&memo, false);
            memo.follow_runtime();
            memo
        };
        memos.entry(id).or_insert_with(make).clone()
    }
}

impl<T, E> GetOrCompute<T, E> {
    /// How long the value is kept if it is computed, in place of the cache's ttl. Zero means not at all,
    /// [`Duration::MAX`] for ever.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    /// Tags of the value if it is computed.
    pub fn tags<G: Tag>(mut self, tags: impl IntoIterator<Item = G>) -> Self {
        self.tags.extend(tags.into_iter().map(|tag| tag.name()));
        self
    }
}

impl<T, E> GetOrCompute<T, E>
where
    T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
    E: Send + 'static,
{
    /// Waits for the value on this thread. Inside an asynchronous task that stops the whole thread: await it there.
    ///
    /// # Errors
    ///
    /// Those of the body.
    pub fn wait(self) -> Result<T, E> {
        block_on(self.into_future())
    }
}

impl<T, E> IntoFuture for GetOrCompute<T, E>
where
    T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
    E: Send + 'static,
{
    type Output = Result<T, E>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { cache, key, ttl, tags, body } = self;
        let memo = cache.memo_of_computed::<T, E>();
        // A key that has no name in a store is that of no value.
        let Some(key) = key.ok().filter(|_| !memo.is_disabled()) else { return Box::pin(body()) };
        Box::pin(async move {
            let key = Erased::new(Part::<JsonKey>::own(&key));
            let hash = memo.hash_owned(&key);
            let describe = move |_: Option<&T>, metadata: &mut EntryMetadata| {
                metadata.tags.clone_from(&tags);
                metadata.ttl = ttl.map(Some);
            };
            let returns = Computed::<T, E>::new(Ty::NEW, OkOnly, Ty::NEW, Uncloned, OfReturn);
            let description = described(returns, describe);
            let call = Prepared { keyed: (), skipped: (), run: move |(), ()| (body(), description) };
            let kind = ReturnKind::of::<Computed<T, E>>();
            let call = Polled::new(UnansweredCall::<Async, _, _, _, _, _, _, _, _>::alone(call, kind));
            memo.count_miss();
            let begun = MissStart::Search(Miss::new(memo.handle(), key, hash, Intent::Read));
            DrivenBy::caller().drive_polled(begun, call).await
        })
    }
}

impl<T, E> fmt::Debug for GetOrCompute<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GetOrCompute")
    }
}
