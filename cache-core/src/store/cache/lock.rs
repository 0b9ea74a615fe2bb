//! Locks across processes.

use std::time::Duration;

use serde::Serialize;

use super::Cache;
use crate::store::canonical::canonical_json;
use crate::store::{
    Action, Condition, Outcome, Reply, StoreError, StoreErrorKind, TimeToLive, Version, Write,
};

/// A lock that [`Cache::lock`] has taken.
///
/// It ends when it is [released](Self::release) or its lease ends, so the death of its owner frees it. Dropping it does
/// nothing.
#[derive(Debug)]
#[must_use = "a lock that is not released stays until its lease ends"]
pub struct Lock {
    cache: Cache,
    key: bytes::Bytes,
    version: Version,
}

impl Cache {
    /// Takes a lock if nobody has it. It ends after the lease at the latest.
    ///
    /// A lock keeps processes from doing the same work at the same time. It does not prove that its owner still has it:
    /// an owner that is slow may go on after its lease.
    ///
    /// # Errors
    ///
    /// If the lease is zero or no duration, or the store fails.
    pub fn lock(&self, key: impl Serialize, lease: impl TimeToLive) -> Reply<Option<Lock>> {
        let (json, lease, cache) = (canonical_json(&key), lease.into_ttl(), self.clone());
        self.reply(|shared, by| async move {
            let key = shared.protocol.namespace.lock(&json?).stored().clone();
            let lease = lease?;
            let link = &shared.protocol.link;
            if lease.is_zero() {
                return Err(StoreError::new(StoreErrorKind::Invalid, "the lease of a lock must not be zero"));
            }
            let write = Write::put(key.clone(), bytes::Bytes::from_static(b"locked"), finite(lease));
            match link.write_one(write.on(Condition::IfAbsent), by).await? {
                Outcome::Put(version) => Ok(Some(Lock { cache, key, version })),
                _ => Ok(None),
            }
        })
    }
}

impl Lock {
    /// Frees the lock. `false` if its lease had ended.
    pub fn release(self) -> Reply<bool> {
        let write = Write::remove(self.key.clone()).on(Condition::IfVersion(self.version));
        self.cache.reply(|shared, by| async move {
            let outcome = shared.protocol.link.write_one(write, by).await?;
            Ok(outcome == Outcome::Removed(true))
        })
    }

    /// Begins the lease anew. `false` if it had ended.
    ///
    /// # Errors
    ///
    /// If the lease is no duration, or the store fails.
    pub fn prolong(&self, lease: impl TimeToLive) -> Reply<bool> {
        let (key, version, lease) = (self.key.clone(), self.version, lease.into_ttl());
        self.cache.reply(move |shared, by| async move {
            let action = Action::Touch { ttl: finite(lease?) };
            let write = Write { key, action, condition: Condition::IfVersion(version) };
            let outcome = shared.protocol.link.write_one(write, by).await?;
            Ok(outcome == Outcome::Touched(true))
        })
    }
}

fn finite(lease: Duration) -> Option<Duration> {
    (lease != Duration::MAX).then_some(lease)
}
