//! Storing values in place of those that are there.

use super::Shared;
use crate::store::key::StoreKey;
use crate::store::link::Deadline;
use crate::store::protocol::{Fetched, Missing, Value};
use crate::store::{StoreError, StoreErrorKind};

/// How often a change is tried again after others changed the same key.
const TRIES: usize = 16;

/// What is to become of a key.
pub(super) enum Decision<T> {
    /// It stays as it is.
    Leave(T),
    /// It gets a value.
    Store(Value, T),
    /// It gets a value that depends on the one that is there, so it has its tags.
    Derive(Value, T),
}

impl Shared {
    /// Stores values, whatever is there. If others write in between, they come before. If the key is absent then, the
    /// value counts as stored and lost: an invalidation came afterwards, or the store keeps nothing.
    pub(in crate::store) async fn store(
        &self,
        mut values: Vec<(StoreKey, Value)>,
        tags: &[String],
        by: Deadline,
    ) -> Result<(), StoreError> {
        for attempt in 0..TRIES {
            let names: Vec<StoreKey> = values.iter().map(|(name, _)| name.clone()).collect();
            let fetched = self.protocol.fetch_many(&names, tags, by).await?;
            let is_lost = |fetched: &Fetched| attempt > 0 && fetched.found == Err(Missing::Absent);
            let left = values.into_iter().zip(fetched).filter(|(_, fetched)| !is_lost(fetched));
            let (left, tokens): (Vec<_>, Vec<_>) =
                left.map(|(value, fetched)| (value, fetched.token)).unzip();
            let batch = left.iter().zip(tokens).map(|((name, value), token)| (name, token, value.clone()));
            let stored = self.protocol.publish_many(batch.collect(), by).await?;
            stored.iter().filter(|is_stored| **is_stored).for_each(|_| self.counters.write());
            values = left
                .into_iter()
                .zip(stored)
                .filter(|(_, is_stored)| !is_stored)
                .map(|(value, _)| value)
                .collect();
            if values.is_empty() {
                return Ok(());
            }
        }
        Err(self.contended())
    }

    /// Decides by the value that is there what becomes of a key. If others write in between, it is decided again, unless
    /// the key is absent then: see [`store`](Self::store).
    pub(super) async fn replace<T>(
        &self,
        name: &StoreKey,
        tags: &[String],
        by: Deadline,
        mut decide: impl FnMut(Option<Value>) -> Result<Decision<T>, StoreError>,
    ) -> Result<T, StoreError> {
        let mut refused = None;
        for _ in 0..TRIES {
            let fetched = self.protocol.fetch_many(std::slice::from_ref(name), tags, by).await?;
            let Some(Fetched { found, token }) = fetched.into_iter().next() else { break };
            if let Some(result) = refused.take()
                && found == Err(Missing::Absent)
            {
                return Ok(result);
            }
            let (value, token, result) = match decide(found.ok())? {
                Decision::Leave(result) => return Ok(result),
                Decision::Store(value, result) => (value, token, result),
                Decision::Derive(value, result) => {
                    let token = token.keeping(&value);
                    (value, token, result)
                }
            };
            if self.protocol.publish_many(vec![(name, token, value)], by).await? == [true] {
                self.counters.write();
                return Ok(result);
            }
            refused = Some(result);
        }
        Err(self.contended())
    }

    fn contended(&self) -> StoreError {
        let what = "was changed by others at each attempt to change a key";
        self.protocol.link.error(StoreErrorKind::Contended, what)
    }
}
