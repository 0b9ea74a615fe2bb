//! What a scripted store holds, and how it carries out requests.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::time::Duration;

use bytes::Bytes;

use super::Request;
use super::channel::Messages;
use crate::memo::runtime::Runtime;
use crate::store::rules::{holds, raised};
use crate::store::{Action, Outcome, StoreError, Stored, Version, Write};
use crate::sync::plain::{Mutex, MutexGuard};
use crate::time::{Clock, NEVER, Tick, after};

/// A scan returns at most so many keys at once.
const PAGE: usize = 64;

/// The answer to a request.
pub(super) enum Reply {
    Read(Vec<Option<Stored>>),
    Written(Vec<Outcome>),
    Scanned((Vec<Bytes>, Option<Bytes>)),
    Raised(u64),
    Published,
    Closed,
}

/// The data, which all connections share.
pub(super) struct Data {
    pub(super) clock: Clock,
    contents: Mutex<Contents>,
    pub(super) messages: Messages,
}

pub(super) struct Contents {
    map: Map,
    /// The number of puts so far, which is the version of the last. It never goes back.
    puts: u64,
    now: Tick,
}

pub(super) type Map = BTreeMap<Bytes, Kept>;

#[derive(Clone)]
pub(super) struct Kept {
    pub(super) bytes: Bytes,
    version: u64,
    deadline: Tick,
}

impl Data {
    pub(super) fn new() -> Self {
        let contents = Contents { map: Map::new(), puts: 0, now: 0 };
        Self {
            clock: Runtime::current().clock.clone(),
            contents: Mutex::new(contents),
            messages: Messages::default(),
        }
    }

    /// The contents, without what has expired.
    pub(super) fn lock(&self) -> MutexGuard<'_, Contents> {
        let mut contents = self.contents.lock();
        let now = self.clock.now();
        contents.now = now;
        contents.map.retain(|_, kept| now < kept.deadline);
        contents
    }
}

impl Contents {
    pub(super) fn map(&mut self) -> &mut Map {
        &mut self.map
    }

    pub(super) fn carry_out(&mut self, request: &Request) -> Result<Reply, StoreError> {
        Ok(match request {
            Request::Read { keys } => Reply::Read(keys.iter().map(|key| self.stored(key)).collect()),
            Request::Write { batch } => Reply::Written(batch.iter().map(|write| self.write(write)).collect()),
            Request::Scan { prefix, from } => Reply::Scanned(self.scan(prefix, from.as_ref())),
            Request::Raise { key, initial, ttl } => Reply::Raised(self.raise(key, *initial, *ttl)?),
            // The message is on its way.
            Request::Publish { .. } => Reply::Published,
            Request::Close => Reply::Closed,
        })
    }

    fn stored(&self, key: &Bytes) -> Option<Stored> {
        let kept = self.map.get(key)?;
        let left = kept.deadline.saturating_sub(self.now);
        let remaining = (kept.deadline != NEVER).then(|| Duration::from_millis(left));
        Some(Stored { bytes: kept.bytes.clone(), version: Version::from(kept.version), remaining })
    }

    fn write(&mut self, Write { key, action, condition }: &Write) -> Outcome {
        let version = self.map.get(key).map(|kept| Version::from(kept.version));
        if !holds(*condition, version) {
            return Outcome::Refused(self.stored(key));
        }
        match action {
            Action::Put { bytes, ttl } => {
                let deadline = self.deadline(*ttl);
                Outcome::Put(Version::from(self.put(key.clone(), bytes.clone(), deadline)))
            }
            Action::Remove => Outcome::Removed(self.map.remove(key).is_some()),
            Action::Touch { ttl } => {
                let deadline = self.deadline(*ttl);
                let kept = self.map.get_mut(key);
                Outcome::Touched(kept.map(|kept| kept.deadline = deadline).is_some())
            }
        }
    }

    /// Parts of a millisecond are rounded up.
    fn deadline(&self, ttl: Option<Duration>) -> Tick {
        let rounded_up = |ttl: Duration| ttl.saturating_add(Duration::from_nanos(999_999));
        ttl.map_or(NEVER, |ttl| after(self.now, rounded_up(ttl)))
    }

    /// Puts bytes under a key, and returns their version.
    pub(super) fn put(&mut self, key: Bytes, bytes: Bytes, deadline: Tick) -> u64 {
        self.puts += 1;
        if self.now < deadline {
            self.map.insert(key, Kept { bytes, version: self.puts, deadline });
        } else {
            self.map.remove(&key);
        }
        self.puts
    }

    fn scan(&self, prefix: &Bytes, from: Option<&Bytes>) -> (Vec<Bytes>, Option<Bytes>) {
        let begin = from.map_or(Bound::Included(prefix), Bound::Excluded);
        let found = self.map.range::<Bytes, _>((begin, Bound::Unbounded));
        let mut found = found.map(|(key, _)| key).take_while(|key| key.starts_with(prefix));
        let keys: Vec<Bytes> = found.by_ref().take(PAGE).cloned().collect();
        let next = found.next().and(keys.last().cloned());
        (keys, next)
    }

    fn raise(&mut self, key: &Bytes, initial: u64, ttl: Option<Duration>) -> Result<u64, StoreError> {
        let (number, deadline) = match self.map.get(key) {
            None => (initial, 0),
            Some(kept) => (raised(&kept.bytes, "scripted")?, kept.deadline),
        };
        let deadline = deadline.max(self.deadline(ttl));
        self.put(key.clone(), number.to_string().into(), deadline);
        Ok(number)
    }
}
