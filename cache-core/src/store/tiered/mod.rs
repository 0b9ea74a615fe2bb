//! Two stores as one: see [`TieredStore`].

mod copied;
mod front;
mod stripes;
#[cfg(all(test, feature = "testing", not(loom)))]
mod tests;

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;

use self::front::{FromFront, copy};
use self::stripes::{Change, Stripes, UnderWay};
use super::{
    Action, Answer, Channel, Counter, Outcome, Scan, Store, StoreError, StoreErrorKind, Stored, Write,
};
use super::{fork, rules};
use crate::memo::runtime::Runtime;
use crate::time::{Clock, Tick};

/// Where it is not known what the front holds, one copy of so many is not used any more.
const STRIPES: usize = 1024;

/// Two stores as one: a fast one in front of one that lasts, such as memory in front of a disk.
///
/// The back decides. It has the versions, conditions, counters and keys, and how long they are kept. The front has
/// copies of what was read or written lately. A read asks the front first, then the back for the rest, and copies what
/// it finds there. A write goes to the back, then to the front. What is absent is not remembered.
///
/// # What a read may return
///
/// What it would return without the front: an acknowledged write is seen by each read that begins afterwards, and a value
/// that was replaced, removed or lost does not come back. The one exception is that the front may keep what the back has
/// evicted. A copy is kept for no longer than the back would keep it, as far as it says so, and for at most
/// [`front_ttl`](Self::front_ttl).
///
/// For that, all writes must go through this store. So the back must not be [shared](Store::is_shared), and nobody
/// else may write to either store.
///
/// # Failures
///
/// An error of the back is the caller's, and the copies of the keys of a failed write are dropped. If such a write is
/// carried out after all, later than its error came, reads may return the old value until the key is written again or the
/// copy expires.
///
/// An error of the front is nobody's: what it does not answer is read from the back, and
/// [`front_failures`](Self::front_failures) counts it. A front that never answers is waited for. Where it is not known
/// what the front holds, a part of the copies (about one in 1000) is not used any more. The same happens when a request
/// is dropped before its end, and when writes of one key overlap.
///
/// # Costs
///
/// What the front answers at once is answered at once, without an allocation. It costs one more lock for each key. What
/// is copied is copied byte by byte. Each write is also a request to the front.
///
/// ```
/// # #[cfg(feature = "testing")] {
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use cache_core::store::{Store, TieredStore, Write};
/// use cache_core::testing::ScriptedStore;
///
/// let (front, back) = (ScriptedStore::exclusive(), ScriptedStore::exclusive());
/// back.put("key", "value");
/// let store = TieredStore::new(Arc::new(front), Arc::new(back.clone()))?.front_ttl(Duration::from_secs(60));
/// # futures::executor::block_on(async {
/// for _ in 0..3 {
///     assert_eq!(store.read(&["key".into()]).await?[0].as_ref().unwrap().bytes, "value");
/// }
/// assert_eq!(back.requests().len(), 1);
/// assert_eq!((store.promotions(), store.front_hits()), (1, 2));
/// # Ok::<(), cache_core::store::StoreError>(())
/// # })?;
/// # }
/// # Ok::<(), cache_core::store::StoreError>(())
/// ```
pub struct TieredStore {
    name: String,
    front: Arc<dyn Store>,
    back: Arc<dyn Store>,
    front_ttl: Option<Duration>,
    clock: Clock,
    stripes: Arc<Stripes>,
    front_hits: AtomicU64,
    promotions: AtomicU64,
    front_failures: AtomicU64,
}

impl TieredStore {
    /// Puts a store in front of another. Copies that the front has from before are not used.
    ///
    /// # Errors
    ///
    /// - [`StoreErrorKind::Unsupported`] if the back is [shared](Store::is_shared): the front would not learn of the
    ///   writes of others.
    /// - [`StoreErrorKind::Unavailable`] if the system has no random numbers.
    pub fn new(front: Arc<dyn Store>, back: Arc<dyn Store>) -> Result<Self, StoreError> {
        Self::with_stripes(front, back, STRIPES)
    }

    fn with_stripes(front: Arc<dyn Store>, back: Arc<dyn Store>, stripes: usize) -> Result<Self, StoreError> {
        let name = format!("{} in front of {}", front.name(), back.name());
        if back.is_shared() {
            let message =
                format!("{name}: others may write to {}, and the front would not learn of it", back.name());
            return Err(StoreError::new(StoreErrorKind::Unsupported, message));
        }
        let generation = rules::random(&name)?;
        let stripes = Arc::new(Stripes::new(generation, stripes));
        fork::register(&stripes);
        Ok(Self {
            name,
            front,
            back,
            front_ttl: None,
            clock: Runtime::current().clock.clone(),
            stripes,
            front_hits: AtomicU64::new(0),
            promotions: AtomicU64::new(0),
            front_failures: AtomicU64::new(0),
        })
    }

    /// Keeps copies in the front for at most this time. Without it they are kept for as long as the back keeps them.
    /// With a time of zero nothing is copied.
    #[must_use]
    pub fn front_ttl(mut self, ttl: Duration) -> Self {
        self.front_ttl = Some(ttl);
        self
    }

    /// How many values were read from the front.
    #[must_use]
    pub fn front_hits(&self) -> u64 {
        self.front_hits.load(Ordering::Relaxed)
    }

    /// How many values were copied to the front because they were read from the back.
    #[must_use]
    pub fn promotions(&self) -> u64 {
        self.promotions.load(Ordering::Relaxed)
    }

    /// How many requests to the front have failed.
    #[must_use]
    pub fn front_failures(&self) -> u64 {
        self.front_failures.load(Ordering::Relaxed)
    }

    fn front_has_failed(&self) {
        self.front_failures.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether a store has answered for each key.
    fn check<T>(&self, store: &dyn Store, answers: Vec<T>, expected: usize) -> Result<Vec<T>, StoreError> {
        if answers.len() == expected {
            return Ok(answers);
        }
        let (name, which, count) = (&self.name, store.name(), answers.len());
        let message = format!("{name}: {which} gave {count} answers for {expected} keys");
        Err(StoreError::new(StoreErrorKind::Unavailable, message))
    }
}

/// Reading.
impl TieredStore {
    /// Reads from the back what the front did not have.
    async fn fetch(&self, keys: &[Bytes], front: FromFront) -> Result<Vec<Option<Stored>>, StoreError> {
        let FromFront { mut found, unused, has_failed, since } = front;
        let missing: Vec<usize> = (0..keys.len()).filter(|index| found[*index].is_none()).collect();
        let wanted: Vec<Bytes> = missing.iter().map(|index| keys[*index].clone()).collect();
        let fetches: Vec<UnderWay<'_>> = wanted.iter().map(|key| self.stripes.fetch(key)).collect();
        let begin = self.clock.now();
        let answer = self.back.read(&wanted).await?;
        let answer = self.check(&*self.back, answer, wanted.len())?;
        let mut changes = Vec::new();
        for (((index, key), mut fetch), stored) in missing.into_iter().zip(wanted).zip(fetches).zip(answer) {
            let change = match &stored {
                Some(_) if has_failed => None,
                Some(stored) => self.promote(&key, stored, begin, &mut fetch),
                None => {
                    // The value must not come back.
                    let has_copy = (!has_failed).then(|| unused.binary_search(&index).is_ok());
                    fetch.found_absent(has_copy, since).then(|| Write::remove(key))
                }
            };
            changes.extend(change.map(|change| (change, fetch)));
            found[index] = stored;
        }
        self.change_front(changes).await;
        Ok(found)
    }

    fn promote(&self, key: &Bytes, stored: &Stored, begin: Tick, fetch: &mut UnderWay<'_>) -> Option<Write> {
        let life = self.life(stored.remaining, begin)?;
        Some(copy(key, stored, fetch.found()?, life))
    }
}

/// Writing.
impl TieredStore {
    async fn write_both(&self, batch: &[Write]) -> Result<Vec<Outcome>, StoreError> {
        let requests: Vec<UnderWay<'_>> = batch.iter().map(|write| self.stripes.write(&write.key)).collect();
        let begin = self.clock.now();
        let outcomes = self.back.write(batch).await;
        let outcomes = outcomes.and_then(|outcomes| self.check(&*self.back, outcomes, batch.len()));
        let mut changes = Vec::with_capacity(batch.len());
        for (at, (write, mut request)) in batch.iter().zip(requests).enumerate() {
            let Some(change) = request.written() else { continue };
            let outcome = outcomes.as_ref().ok().map(|outcomes| &outcomes[at]);
            let stored = outcome.and_then(|outcome| now_there(write, outcome, &change));
            let change = stored.and_then(|stored| {
                let life = self.life(stored.remaining, begin)?;
                Some(copy(&write.key, &stored, change.generation, life))
            });
            changes.push((change.unwrap_or_else(|| Write::remove(write.key.clone())), request));
        }
        self.change_front(changes).await;
        outcomes
    }

    async fn raise_both(
        &self,
        counter: &dyn Counter,
        key: &Bytes,
        initial: u64,
        ttl: Option<Duration>,
    ) -> Result<u64, StoreError> {
        let mut request = self.stripes.write(key);
        let number = counter.raise(key, initial, ttl).await;
        if request.written().is_some() {
            self.change_front(vec![(Write::remove(key.clone()), request)]).await;
        }
        number
    }
}

/// What the key of a write holds now, if the outcome tells that.
fn now_there(write: &Write, outcome: &Outcome, change: &Change) -> Option<Stored> {
    match (outcome, &write.action) {
        (Outcome::Put(version), Action::Put { bytes, ttl }) => {
            Some(Stored { bytes: bytes.clone(), version: *version, remaining: *ttl })
        }
        (Outcome::Refused(there), _) if !change.was_absent => there.clone(),
        _ => None,
    }
}

impl fmt::Debug for TieredStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TieredStore").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Store for TieredStore {
    fn name(&self) -> &str {
        &self.name
    }

    fn read<'a>(&'a self, keys: &'a [Bytes]) -> Answer<'a, Vec<Option<Stored>>> {
        let since = self.stripes.moment();
        match self.front.read(keys).now() {
            Ok(answer) => {
                let front = self.check_front(keys, answer, since);
                if front.is_all() {
                    return Answer::ready(Ok(front.found));
                }
                Answer::later(self.fetch(keys, front))
            }
            Err(answer) => Answer::later(async move {
                let front = self.check_front(keys, answer.await, since);
                if front.is_all() {
                    return Ok(front.found);
                }
                self.fetch(keys, front).await
            }),
        }
    }

    fn write<'a>(&'a self, batch: &'a [Write]) -> Answer<'a, Vec<Outcome>> {
        Answer::later(self.write_both(batch))
    }

    /// As the back, which is not shared.
    fn is_shared(&self) -> bool {
        self.back.is_shared()
    }

    /// Closes both stores. If both fail, the error is that of the back.
    fn close(&self) -> Answer<'_, ()> {
        Answer::later(async {
            let front = self.front.close().await;
            self.back.close().await.and(front)
        })
    }

    /// The keys of the back.
    fn scan(&self) -> Option<&dyn Scan> {
        self.back.scan()
    }

    /// The numbers of the back.
    fn counter(&self) -> Option<&dyn Counter> {
        self.back.counter().map(|_| self as _)
    }

    /// That of the back.
    fn channel(&self) -> Option<&dyn Channel> {
        self.back.channel()
    }

    /// None: the front would not learn of what is written by way of it.
    fn client(&self) -> Option<&(dyn Any + Send + Sync)> {
        None
    }
}

impl Counter for TieredStore {
    fn raise<'a>(&'a self, key: &'a Bytes, initial: u64, ttl: Option<Duration>) -> Answer<'a, u64> {
        let Some(counter) = self.back.counter() else {
            let message = format!("{}: {} raises no numbers", self.name, self.back.name());
            return Answer::ready(Err(StoreError::new(StoreErrorKind::Unsupported, message)));
        };
        Answer::later(self.raise_both(counter, key, initial, ttl))
    }
}
