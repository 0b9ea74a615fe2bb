//! A store whose answers a test decides: see [`ScriptedStore`].

mod channel;
mod damage;
mod data;
mod requests;
mod script;
#[cfg(all(test, not(loom)))]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fastrand::Rng;

use self::damage::Damage;
use self::data::{Data, Map, Reply};
pub use self::requests::{Held, Hold, Request};
use self::script::{Connection, Faults, Sent};
use crate::store::{Answer, Channel, Counter, Outcome, Scan, Store, StoreErrorKind, Stored, Write};
use crate::time::NEVER;

/// A store in memory that fails, waits, loses and damages as a test tells it to.
///
/// With it, tests find out what their code does when a store is down, slow or full, or when another process
/// writes at a bad moment. It is deterministic: what is drawn at random depends on a seed that the test gives.
///
/// Clones are the same connection to the same data. [`connect`](Self::connect) makes another connection, which
/// has a script and a list of requests of its own. So a test can give each of several "processes" a connection,
/// and cut off one of them.
///
/// Times to live are measured by the clock of the [`Scope`](super::Scope) in which the store was made, or else by
/// the clock of the system. Versions are the numbers of the puts, beginning with 1.
///
/// ```
/// use cache_core::store::{Store, StoreErrorKind, Write};
/// use cache_core::testing::ScriptedStore;
///
/// let store = ScriptedStore::new();
/// let other = store.connect();
/// store.write(&[Write::put("key".into(), "value".into(), None)]).now().unwrap()?;
///
/// // The next write of this connection is carried out, but its reply is lost.
/// store.lose_replies(1);
/// let error = store.write(&[Write::remove("key".into())]).now().unwrap().unwrap_err();
/// assert_eq!(error.kind(), StoreErrorKind::TimedOut);
/// assert_eq!(other.read(&["key".into()]).now().unwrap()?, [None]);
/// assert_eq!((store.requests().len(), other.requests().len()), (2, 1));
/// # Ok::<(), cache_core::store::StoreError>(())
/// ```
///
/// # Late commands and late replies
///
/// While requests are [held](Self::hold), each waits for the test: [`held`](Self::held) lists them, and the test
/// decides which arrives next, which is answered next, and how. A held request is no longer the caller's. If the
/// caller drops the future, the request still arrives when it is released.
///
/// ```
/// use cache_core::store::{Store, Write};
/// use cache_core::testing::ScriptedStore;
/// use cache_core::testing::scripted::Hold;
///
/// let store = ScriptedStore::new();
/// store.hold(Hold::Command);
/// let write = [Write::put("key".into(), "value".into(), None)];
/// let late = store.write(&write);
/// assert_eq!(store.keys().len(), 0);
/// drop(late);
/// store.release();
/// assert_eq!(store.keys().len(), 1);
/// ```
#[derive(Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is something that a store may have")]
pub struct ScriptedStore {
    connection: Arc<Connection>,
    is_shared: bool,
    can_scan: bool,
    can_count: bool,
    has_channel: bool,
}

/// The contents of a [`ScriptedStore`] at some moment.
#[derive(Clone)]
pub struct Snapshot(Map);

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").field("len", &self.0.len()).finish_non_exhaustive()
    }
}

impl Default for ScriptedStore {
    fn default() -> Self {
        Self::new()
    }
}

/// Making connections.
impl ScriptedStore {
    /// Makes an empty store, which says that it is [shared](Store::is_shared).
    #[must_use]
    pub fn new() -> Self {
        let connection = Connection::new(Arc::new(Data::new()));
        Self { connection, is_shared: true, can_scan: true, can_count: true, has_channel: false }
    }

    /// Makes an empty store that says that no one else writes to its data.
    #[must_use]
    pub fn exclusive() -> Self {
        Self { is_shared: false, ..Self::new() }
    }

    /// Connects to the same data again, as another process would. The new connection has an empty script.
    #[must_use]
    pub fn connect(&self) -> Self {
        Self { connection: Connection::new(self.connection.data.clone()), ..*self }
    }

    /// The same connection to a store that cannot list its keys.
    #[must_use]
    pub fn without_scan(mut self) -> Self {
        self.can_scan = false;
        self
    }

    /// The same connection to a store that cannot raise numbers.
    #[must_use]
    pub fn without_counter(mut self) -> Self {
        self.can_count = false;
        self
    }
}

/// Failures. They concern this connection only. A raised number counts as a write, a scan as a read.
impl ScriptedStore {
    /// Lets the next `count` reads fail.
    pub fn fail_reads(&self, count: u64, kind: StoreErrorKind) {
        self.faults(|faults| faults.reads = Some((count, kind)));
    }

    /// Lets the next `count` writes fail. They are not carried out.
    pub fn fail_writes(&self, count: u64, kind: StoreErrorKind) {
        self.faults(|faults| faults.writes = Some((count, kind)));
    }

    /// Lets a share of all requests fail from now on: 0.0 is none, 1.0 is all. They are not carried out.
    pub fn fail_some(&self, seed: u64, share: f64, kind: StoreErrorKind) {
        self.faults(|faults| faults.some = Some((Rng::with_seed(seed), share, kind)));
    }

    /// Lets all requests fail from now on. They are not carried out.
    pub fn down(&self, kind: StoreErrorKind) {
        self.faults(|faults| faults.down = Some(kind));
    }

    /// Carries out the next `count` writes, and loses their replies:
    /// they fail with [`TimedOut`](StoreErrorKind::TimedOut).
    pub fn lose_replies(&self, count: u64) {
        self.faults(|faults| faults.lost_replies = count);
    }

    /// Lets no further request fail.
    pub fn up(&self) {
        self.faults(|faults| *faults = Faults::default());
    }

    /// Damages a share of the values that are returned from now on: 0.0 is none, 1.0 is all. Some bits are flipped,
    /// the bytes are cut short, or they are those of another key. The version is right, and the data stay whole.
    pub fn corrupt(&self, seed: u64, share: f64) {
        self.connection.script.lock().damage = Some(Damage::new(seed, share));
    }

    fn faults(&self, change: impl FnOnce(&mut Faults)) {
        change(&mut self.connection.script.lock().faults);
    }
}

/// Holding requests. It concerns this connection only.
impl ScriptedStore {
    /// Holds all requests from now on, except [`close`](Store::close).
    pub fn hold(&self, what: Hold) {
        self.connection.script.lock().hold = Some((what, None));
    }

    /// Holds each request from now on for some time. Within a [`Scope`](super::Scope) it is answered by the
    /// [`advance`](super::Scope::advance) that ends this time.
    pub fn hold_for(&self, what: Hold, time: Duration) {
        self.connection.script.lock().hold = Some((what, Some(time)));
    }

    /// Holds no further request, and releases those that are held, in their order. Returns their number.
    pub fn release(&self) -> usize {
        self.connection.script.lock().hold = None;
        let held = self.held();
        for held in &held {
            self.arrive(held.number);
            self.answer(held.number);
        }
        held.len()
    }

    /// The requests that are held, in their order.
    #[must_use]
    pub fn held(&self) -> Vec<Held> {
        self.connection.held()
    }

    /// Carries out a held request, if that was not done before. Its answer stays held. Returns whether there is such
    /// a request.
    pub fn arrive(&self, number: u64) -> bool {
        self.connection.arrive(number)
    }

    /// Answers a held request. It is carried out before, if that was not done. Returns whether there is such a
    /// request without an answer.
    pub fn answer(&self, number: u64) -> bool {
        self.connection.answer(number)
    }

    /// Answers a held request with an error. If it has not arrived, it stays held, and may do so later. Returns
    /// whether there is such a request without an answer.
    pub fn fail(&self, number: u64, kind: StoreErrorKind) -> bool {
        self.connection.fail(number, kind)
    }

    /// Forgets a held request. If it has not arrived it never does, and if it has no answer it never gets one.
    /// Returns whether there is such a request.
    pub fn forget(&self, number: u64) -> bool {
        self.connection.forget(number)
    }
}

/// The data. It is changed for all connections, and counts as no request.
impl ScriptedStore {
    /// The keys that are present, in the order of their bytes.
    #[must_use]
    pub fn keys(&self) -> Vec<Bytes> {
        self.connection.data.lock().map().keys().cloned().collect()
    }

    /// What a key holds.
    #[must_use]
    pub fn bytes(&self, key: &[u8]) -> Option<Bytes> {
        self.connection.data.lock().map().get(key).map(|kept| kept.bytes.clone())
    }

    /// Puts bytes under a key, for ever.
    pub fn put(&self, key: impl Into<Bytes>, bytes: impl Into<Bytes>) {
        self.connection.data.lock().put(key.into(), bytes.into(), NEVER);
    }

    /// Loses all keys for which `is_lost` returns `true`. Returns their number. `is_lost` must not use the store.
    pub fn lose(&self, mut is_lost: impl FnMut(&[u8]) -> bool) -> usize {
        let mut contents = self.connection.data.lock();
        let before = contents.map().len();
        contents.map().retain(|key, _| !is_lost(key));
        before - contents.map().len()
    }

    /// Loses a share of the keys: 0.0 is none, 1.0 is all. Returns their number.
    pub fn lose_some(&self, seed: u64, share: f64) -> usize {
        let mut rng = Rng::with_seed(seed);
        self.lose(|_| rng.f64() < share)
    }

    /// Returns a copy of the data.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot(self.connection.data.lock().map().clone())
    }

    /// Replaces the data by a copy of them, as a server does that starts from an older file. Keys have the versions
    /// again that they had then. The clock does not go back, so what has expired meanwhile is absent.
    ///
    /// A store must not do that by itself; see [`Store`].
    pub fn restore(&self, snapshot: &Snapshot) {
        self.connection.data.lock().map().clone_from(&snapshot.0);
    }
}

/// The requests of this connection.
impl ScriptedStore {
    /// The requests so far, in their order, whatever came of them.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.connection.script.lock().requests.clone()
    }

    /// Returns the requests so far, and forgets them.
    pub fn take_requests(&self) -> Vec<Request> {
        std::mem::take(&mut self.connection.script.lock().requests)
    }

    fn send<'a, T: Send + 'a>(&'a self, request: Request, part: fn(Reply) -> Option<T>) -> Answer<'a, T> {
        let part = move |reply| part(reply).expect("a reply is of the kind of its request");
        match self.connection.send(request) {
            Sent::Now(answer) => Answer::ready(answer.map(part)),
            Sent::Later(answer) => Answer::later(async move { answer.take().await.map(part) }),
        }
    }
}

impl fmt::Debug for ScriptedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptedStore").field("keys", &self.keys()).finish_non_exhaustive()
    }
}

impl Store for ScriptedStore {
    fn name(&self) -> &'static str {
        "scripted:"
    }

    fn read<'a>(&'a self, keys: &'a [Bytes]) -> Answer<'a, Vec<Option<Stored>>> {
        self.send(Request::Read { keys: keys.to_vec() }, |reply| match reply {
            Reply::Read(found) => Some(found),
            _ => None,
        })
    }

    fn write<'a>(&'a self, batch: &'a [Write]) -> Answer<'a, Vec<Outcome>> {
        self.send(Request::Write { batch: batch.to_vec() }, |reply| match reply {
            Reply::Written(outcomes) => Some(outcomes),
            _ => None,
        })
    }

    fn is_shared(&self) -> bool {
        self.is_shared
    }

    /// Closes this connection. Its clones are closed too, others are not.
    fn close(&self) -> Answer<'_, ()> {
        self.send(Request::Close, |reply| matches!(reply, Reply::Closed).then_some(()))
    }

    fn scan(&self) -> Option<&dyn Scan> {
        self.can_scan.then_some(self)
    }

    fn counter(&self) -> Option<&dyn Counter> {
        self.can_count.then_some(self)
    }

    fn channel(&self) -> Option<&dyn Channel> {
        self.has_channel.then_some(self)
    }
}

impl Scan for ScriptedStore {
    fn keys<'a>(&'a self, prefix: &'a [u8], from: Option<Bytes>) -> Answer<'a, (Vec<Bytes>, Option<Bytes>)> {
        let prefix = Bytes::copy_from_slice(prefix);
        self.send(Request::Scan { prefix, from }, |reply| match reply {
            Reply::Scanned(found) => Some(found),
            _ => None,
        })
    }
}

impl Counter for ScriptedStore {
    fn raise<'a>(&'a self, key: &'a Bytes, initial: u64, ttl: Option<Duration>) -> Answer<'a, u64> {
        self.send(Request::Raise { key: key.clone(), initial, ttl }, |reply| match reply {
            Reply::Raised(number) => Some(number),
            _ => None,
        })
    }
}
