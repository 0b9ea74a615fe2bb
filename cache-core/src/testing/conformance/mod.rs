//! What every store must do, as checks that any store can be put to.
//!
//! ```
//! use cache_core::store::MemoryStore;
//! use cache_core::testing::{Scope, conformance};
//!
//! let scope = Scope::new();
//! let _inside = scope.enter();
//! // A store of this crate has the clock of the scope in which it is made.
//! conformance::check(&MemoryStore::new(), |by| scope.advance(by));
//! ```
//!
//! A store on a server has a clock that no test moves. There time passes by itself, and not to the millisecond:
//!
//! ```no_run
//! # fn check(store: &dyn cache_core::store::Store) {
//! use cache_core::testing::conformance::Suite;
//! use std::time::Duration;
//!
//! Suite::new(store, std::thread::sleep).slack(Duration::from_millis(200)).check();
//! # }
//! ```
//!
//! The checks use keys that begin with random bytes, so the store may hold other data. They block their thread, and
//! wait for the store on some threads of their own. A store that needs a runtime must have it running elsewhere.

mod conditions;
mod expiry;
mod threads;
mod values;

use std::fmt;
use std::time::Duration;

use bytes::Bytes;

use crate::background::block_on;
use crate::store::{Outcome, Store, Stored, Version, Write};

/// Puts a store to all checks of the [`Suite`], by a clock that only `advance` moves. The store is closed then.
///
/// # Panics
///
/// If the store breaks a rule. The message names it.
#[track_caller]
pub fn check(store: &dyn Store, advance: impl Fn(Duration)) {
    Suite::new(store, advance).check();
}

/// The checks, and what is to be known of a store for them.
pub struct Suite<'a> {
    store: &'a dyn Store,
    advance: Box<dyn Fn(Duration) + 'a>,
    slack: Duration,
    largest: usize,
    longest_key: usize,
    prefix: String,
}

impl fmt::Debug for Suite<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Suite")
            .field("store", &self.store.name())
            .field("slack", &self.slack)
            .finish_non_exhaustive()
    }
}

impl<'a> Suite<'a> {
    /// The checks for a store. `advance` returns when so much time has passed by the store's clock.
    pub fn new(store: &'a dyn Store, advance: impl Fn(Duration) + 'a) -> Self {
        let prefix = format!("conformance-{:016x}-", fastrand::u64(..));
        let (largest, longest_key) = (1 << 20, 100_000);
        Self { store, advance: Box::new(advance), slack: Duration::ZERO, largest, longest_key, prefix }
    }

    /// How far the store's clock may be from what `advance` says, and how long a request may take. It is zero if the
    /// clock stands still in between; then expiry is checked to the millisecond, and over many days.
    #[must_use]
    pub fn slack(mut self, slack: Duration) -> Self {
        self.slack = slack;
        self
    }

    /// The length of the largest value that the store takes: 1 MiB unless it says otherwise.
    #[must_use]
    pub fn largest(mut self, bytes: usize) -> Self {
        self.largest = bytes;
        self
    }

    /// The length of the longest key that the store takes: 100 000 bytes unless it says otherwise.
    #[must_use]
    pub fn longest_key(mut self, bytes: usize) -> Self {
        self.longest_key = bytes;
        self
    }

    /// Carries out all checks. The store is closed then.
    ///
    /// # Panics
    ///
    /// If the store breaks a rule. The message names it.
    #[track_caller]
    pub fn check(&self) {
        self.check_values();
        self.check_conditions();
        self.check_counter();
        self.check_scan();
        self.check_expiry();
        self.check_threads();
        self.check_close();
    }

    fn is_exact(&self) -> bool {
        self.slack.is_zero()
    }

    /// A key of this suite alone.
    fn key(&self, name: impl AsRef<[u8]>) -> Bytes {
        [self.prefix.as_bytes(), name.as_ref()].concat().into()
    }

    /// Says that a rule is broken, unless it holds.
    #[track_caller]
    fn expect(&self, holds: bool, rule: &str, found: &dyn fmt::Debug) {
        assert!(holds, "the store {:?}: {rule}; found {found:?}", self.store.name());
    }

    #[track_caller]
    fn read_all(&self, keys: &[Bytes]) -> Vec<Option<Stored>> {
        match block_on(self.store.read(keys)) {
            Ok(found) => {
                self.expect(found.len() == keys.len(), "a read answers for each key", &found.len());
                found
            }
            Err(error) => panic!("the store {:?}: a read failed: {error:?}", self.store.name()),
        }
    }

    #[track_caller]
    fn read(&self, key: &Bytes) -> Option<Stored> {
        self.read_all(std::slice::from_ref(key)).pop().flatten()
    }

    #[track_caller]
    fn bytes(&self, key: &Bytes) -> Option<Bytes> {
        self.read(key).map(|found| found.bytes)
    }

    #[track_caller]
    fn write_all(&self, batch: &[Write]) -> Vec<Outcome> {
        match block_on(self.store.write(batch)) {
            Ok(outcomes) => {
                self.expect(
                    outcomes.len() == batch.len(),
                    "a batch has an outcome for each write",
                    &outcomes,
                );
                outcomes
            }
            Err(error) => panic!("the store {:?}: a write failed: {error:?}", self.store.name()),
        }
    }

    #[track_caller]
    fn write(&self, write: Write) -> Outcome {
        let mut outcomes = self.write_all(&[write]);
        // There is one.
        outcomes.remove(0)
    }

    #[track_caller]
    fn put(&self, key: &Bytes, bytes: impl Into<Bytes>, ttl: Option<Duration>) -> Version {
        match self.write(Write::put(key.clone(), bytes.into(), ttl)) {
            Outcome::Put(version) => version,
            other => {
                panic!(
                    "the store {:?}: a put without a condition is carried out; found {other:?}",
                    self.store.name()
                )
            }
        }
    }
}
