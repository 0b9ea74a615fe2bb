//! A store in the memory of the process.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use lru::LruCache;

use super::clock::{Millis, StoreClock};
use super::rules::{NEVER, deadline, holds, is_alive, raised, remaining};
use super::{Action, Answer, Counter, Outcome, Scan, Store, StoreError, StoreErrorKind, Stored, Write, fork};
use crate::sync::plain::{Mutex, MutexGuard};
use crate::sync::{Locked, Padded, held_in};

const NAME: &str = "memory:";
/// The same in the midst of a message.
const LABEL: &str = "memory";
/// Keys are spread over so many locks.
const SHARDS: usize = 16;
/// What an entry takes besides its key and its bytes, roughly.
const OVERHEAD: u64 = 160;
/// Each write takes away at most so many expired entries of its shard, so that it never takes long. It is more than
/// a write can add.
const SWEEP: usize = 4;
/// A shard that held this many keys, and eight times as many as now, gives memory back.
const WORTH_SHRINKING: usize = 1024;

/// A store in the memory of the process, which ends with it.
///
/// Every answer is ready at once. What is read or written costs one lock of a sixteenth of the keys, and no copy of
/// the bytes. With a bound, the least recently used keys of the shard that is written to make room; it counts keys,
/// bytes, and 160 bytes for each entry. Expired entries are taken away by later writes, a few by each.
///
/// Within a [test scope](crate::testing) it has the clock of the scope in which it was made.
///
/// ```
/// use cache_core::store::{MemoryStore, Store, Write};
///
/// let store = MemoryStore::with_capacity(64 << 20);
/// store.write(&[Write::put("key".into(), "value".into(), None)]).now().unwrap()?;
/// let found = store.read(&["key".into()]).now().unwrap()?;
/// assert_eq!(found[0].as_ref().unwrap().bytes, "value");
/// # Ok::<(), cache_core::store::StoreError>(())
/// ```
pub struct MemoryStore {
    inner: Arc<Inner>,
}

struct Inner {
    shards: [Padded<Mutex<Shard>>; SHARDS],
    hasher: foldhash::fast::RandomState,
    clock: StoreClock,
    /// The version of the next put. It starts at random, so that versions of another store mean nothing here.
    version: AtomicU64,
    used: AtomicU64,
    capacity: u64,
    closed: AtomicBool,
}

struct Shard {
    entries: LruCache<Bytes, Entry, foldhash::fast::RandomState>,
    /// When what expires does so.
    expiry: BTreeSet<(Millis, Bytes)>,
    /// The most keys since memory was last given back.
    most: usize,
}

struct Entry {
    bytes: Bytes,
    version: u64,
    deadline: Millis,
}

/// What was taken out, to be dropped when no lock is held: the owner of some bytes may be the user's.
type Removed = Vec<(Bytes, Entry)>;

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryStore {
    /// Makes a store without a bound.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(u64::MAX)
    }

    /// Makes a store that holds at most so many bytes. A value that is larger than all of them is refused.
    #[must_use]
    pub fn with_capacity(bytes: u64) -> Self {
        let inner = Inner {
            shards: std::array::from_fn(|_| Padded(Mutex::new(Shard::new()))),
            hasher: foldhash::fast::RandomState::default(),
            clock: StoreClock::current(),
            version: AtomicU64::new(fastrand::u64(..)),
            used: AtomicU64::new(0),
            capacity: bytes,
            closed: AtomicBool::new(false),
        };
        let inner = Arc::new(inner);
        fork::register(&inner);
        Self { inner }
    }

    /// How many keys it holds, expired ones included that are not taken away yet.
    pub fn len(&self) -> usize {
        self.inner.shards.iter().map(|shard| shard.lock().entries.len()).sum()
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many bytes it holds, as the bound counts them.
    pub fn bytes(&self) -> u64 {
        self.inner.used.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("bytes", &self.bytes()).finish_non_exhaustive()
    }
}

fn cost(key: &Bytes, bytes: &Bytes) -> u64 {
    OVERHEAD + key.len() as u64 + bytes.len() as u64
}

impl Shard {
    fn new() -> Self {
        Self {
            entries: LruCache::unbounded_with_hasher(foldhash::fast::RandomState::default()),
            expiry: BTreeSet::new(),
            most: 0,
        }
    }

    fn insert(&mut self, key: Bytes, entry: Entry) -> Option<(Bytes, Entry)> {
        if entry.deadline != NEVER {
            self.expiry.insert((entry.deadline, key.clone()));
        }
        let old = self.entries.push(key, entry);
        self.most = self.most.max(self.entries.len());
        old
    }

    fn remove(&mut self, key: &Bytes) -> Option<(Bytes, Entry)> {
        let (key, entry) = self.entries.pop_entry(key)?;
        Some(self.forget_expiry(key, entry))
    }

    fn evict(&mut self) -> Option<(Bytes, Entry)> {
        let (key, entry) = self.entries.pop_lru()?;
        Some(self.forget_expiry(key, entry))
    }

    fn forget_expiry(&mut self, key: Bytes, entry: Entry) -> (Bytes, Entry) {
        let at = (entry.deadline, key);
        if at.0 != NEVER {
            self.expiry.remove(&at);
        }
        (at.1, entry)
    }

    fn expired(&mut self, now: Millis) -> Option<(Bytes, Entry)> {
        let (at, key) = self.expiry.first()?;
        if is_alive(*at, now) {
            return None;
        }
        let key = key.clone();
        self.remove(&key)
    }

    /// The map of the `lru` crate never shrinks: a new one is filled, the least recently used first.
    fn shrink(&mut self) {
        if self.most < WORTH_SHRINKING || self.entries.len() >= self.most / 8 {
            return;
        }
        let mut old = std::mem::replace(&mut self.entries, Self::new().entries);
        while let Some((key, entry)) = old.pop_lru() {
            self.entries.push(key, entry);
        }
        self.most = self.entries.len();
    }
}

impl Entry {
    fn stored(&self, now: Millis) -> Stored {
        Stored {
            bytes: self.bytes.clone(),
            version: self.version.into(),
            remaining: remaining(self.deadline, now),
        }
    }
}

impl Inner {
    fn open(&self) -> Result<(), StoreError> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(StoreError::new(StoreErrorKind::Closed, format!("{LABEL}: the store was closed")));
        }
        Ok(())
    }

    fn place(&self, key: &[u8]) -> usize {
        let hash = std::hash::BuildHasher::hash_one(&self.hasher, key);
        // The remainder is less than the number of shards.
        usize::try_from(hash >> 32).unwrap_or_default() % SHARDS
    }

    /// The shard of a key, without what has expired there lately.
    fn shard(&self, place: usize, now: Millis, removed: &mut Removed) -> MutexGuard<'_, Shard> {
        let mut shard = self.shards[place].lock();
        for _ in 0..SWEEP {
            let Some(expired) = shard.expired(now) else { break };
            self.removed(expired, removed);
        }
        shard.shrink();
        shard
    }

    fn removed(&self, entry: (Bytes, Entry), removed: &mut Removed) {
        self.used.fetch_sub(cost(&entry.0, &entry.1.bytes), Ordering::Relaxed);
        removed.push(entry);
    }

    /// Evicts until the bound holds, beginning with a shard. One lock is held at a time.
    fn make_room(&self, begin: usize, removed: &mut Removed) {
        for place in (0..SHARDS).map(|offset| (begin + offset) % SHARDS) {
            while self.used.load(Ordering::Relaxed) > self.capacity {
                let mut shard = self.shards[place].lock();
                // What was just put stays, if there is anything else to evict.
                let spared = usize::from(place == begin);
                if shard.entries.len() <= spared {
                    break;
                }
                let Some(evicted) = shard.evict() else { break };
                self.removed(evicted, removed);
            }
        }
    }

    fn put(
        &self,
        shard: &mut Shard,
        key: &Bytes,
        bytes: &Bytes,
        deadline: Millis,
        removed: &mut Removed,
    ) -> u64 {
        let version = self.version.fetch_add(1, Ordering::Relaxed);
        if let Some(old) = shard.remove(key) {
            self.removed(old, removed);
        }
        self.used.fetch_add(cost(key, bytes), Ordering::Relaxed);
        // The key was removed, so nothing is replaced.
        let _ = shard.insert(key.clone(), Entry { bytes: bytes.clone(), version, deadline });
        version
    }

    fn write_one(&self, write: &Write) -> Outcome {
        let (now, place) = (self.clock.now(), self.place(&write.key));
        let mut removed = Vec::new();
        let mut shard = self.shard(place, now, &mut removed);
        let found = shard.entries.peek(&write.key).filter(|entry| is_alive(entry.deadline, now));
        if !holds(write.condition, found.map(|entry| entry.version.into())) {
            return Outcome::Refused(found.map(|entry| entry.stored(now)));
        }
        let is_present = found.is_some();
        match &write.action {
            Action::Put { bytes, ttl } => {
                let deadline = deadline(now, *ttl);
                let version = self.put(&mut shard, &write.key, bytes, deadline, &mut removed);
                drop(shard);
                self.make_room(place, &mut removed);
                Outcome::Put(version.into())
            }
            Action::Remove => {
                if let Some(old) = shard.remove(&write.key) {
                    self.removed(old, &mut removed);
                }
                drop(shard);
                Outcome::Removed(is_present)
            }
            Action::Touch { ttl } => {
                if is_present && let Some((key, entry)) = shard.remove(&write.key) {
                    let _ = shard.insert(key, Entry { deadline: deadline(now, *ttl), ..entry });
                }
                Outcome::Touched(is_present)
            }
        }
    }

    fn read_one(&self, key: &Bytes, now: Millis) -> Option<Stored> {
        let mut shard = self.shards[self.place(key)].lock();
        let entry = shard.entries.get(key)?;
        is_alive(entry.deadline, now).then(|| entry.stored(now))
    }

    fn raise_now(&self, key: &Bytes, initial: u64, ttl: Option<Duration>) -> Result<u64, StoreError> {
        let (now, place) = (self.clock.now(), self.place(key));
        let mut removed = Vec::new();
        let mut shard = self.shard(place, now, &mut removed);
        let found = shard.entries.peek(key).filter(|entry| is_alive(entry.deadline, now));
        let (number, kept) = match found {
            Some(entry) => (raised(&entry.bytes, LABEL)?, entry.deadline),
            None => (initial, now),
        };
        let deadline = kept.max(deadline(now, ttl));
        self.put(&mut shard, key, &number.to_string().into(), deadline, &mut removed);
        drop(shard);
        self.make_room(place, &mut removed);
        Ok(number)
    }

    /// Refuses a batch that holds what has no room.
    fn check(&self, batch: &[Write]) -> Result<(), StoreError> {
        self.open()?;
        for write in batch {
            if let Action::Put { bytes, .. } = &write.action
                && cost(&write.key, bytes) > self.capacity
            {
                let message =
                    format!("{LABEL}: a value of {} bytes is larger than the store may be", bytes.len());
                return Err(StoreError::new(StoreErrorKind::Refused, message));
            }
        }
        Ok(())
    }

    /// The keys of one shard, by its number.
    fn keys(&self, prefix: &[u8], from: Option<&Bytes>) -> Result<(Vec<Bytes>, Option<Bytes>), StoreError> {
        self.open()?;
        let place = match from.map(|from| &from[..]) {
            None => 0,
            Some(&[place]) if usize::from(place) < SHARDS => place,
            Some(_) => {
                let message = format!("{LABEL}: a scan was to go on from where none has ended");
                return Err(StoreError::new(StoreErrorKind::Refused, message));
            }
        };
        let now = self.clock.now();
        let shard = self.shards[usize::from(place)].lock();
        let keys = shard.entries.iter().filter(|(_, entry)| is_alive(entry.deadline, now));
        let keys = keys.map(|(key, _)| key).filter(|key| key.starts_with(prefix)).cloned().collect();
        let next = (usize::from(place) + 1 < SHARDS).then(|| Bytes::copy_from_slice(&[place + 1]));
        Ok((keys, next))
    }
}

impl fork::Locks for Inner {
    fn hold(self: Arc<Self>) -> Vec<Box<dyn Locked>> {
        (0..SHARDS).map(|place| held_in(self.clone(), |inner| inner.shards[place].lock(), |_| ())).collect()
    }
}

impl Store for MemoryStore {
    fn name(&self) -> &'static str {
        NAME
    }

    fn read<'a>(&'a self, keys: &'a [Bytes]) -> Answer<'a, Vec<Option<Stored>>> {
        let read = || {
            self.inner.open()?;
            let now = self.inner.clock.now();
            Ok(keys.iter().map(|key| self.inner.read_one(key, now)).collect())
        };
        Answer::ready(read())
    }

    fn write<'a>(&'a self, batch: &'a [Write]) -> Answer<'a, Vec<Outcome>> {
        let outcomes = || batch.iter().map(|write| self.inner.write_one(write)).collect();
        Answer::ready(self.inner.check(batch).map(|()| outcomes()))
    }

    fn is_shared(&self) -> bool {
        false
    }

    /// They never leave the memory of the process.
    fn vouches_for_bytes(&self) -> bool {
        true
    }

    /// Drops all that it holds.
    fn close(&self) -> Answer<'_, ()> {
        self.inner.closed.store(true, Ordering::Relaxed);
        for shard in &self.inner.shards {
            let old = std::mem::replace(&mut *shard.lock(), Shard::new());
            let freed: u64 = old.entries.iter().map(|(key, entry)| cost(key, &entry.bytes)).sum();
            self.inner.used.fetch_sub(freed, Ordering::Relaxed);
        }
        Answer::ready(Ok(()))
    }

    fn scan(&self) -> Option<&dyn Scan> {
        Some(&*self.inner)
    }

    fn counter(&self) -> Option<&dyn Counter> {
        Some(&*self.inner)
    }
}

impl Scan for Inner {
    /// Each answer holds the keys of one shard.
    fn keys<'a>(&'a self, prefix: &'a [u8], from: Option<Bytes>) -> Answer<'a, (Vec<Bytes>, Option<Bytes>)> {
        Answer::ready(self.keys(prefix, from.as_ref()))
    }
}

impl Counter for Inner {
    fn raise<'a>(&'a self, key: &'a Bytes, initial: u64, ttl: Option<Duration>) -> Answer<'a, u64> {
        Answer::ready(self.open().and_then(|()| self.raise_now(key, initial, ttl)))
    }
}

#[cfg(test)]
mod tests;
