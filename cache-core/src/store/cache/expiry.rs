//! How long values live.

use std::time::Duration;

use serde::Serialize;

use super::replace::Decision;
use super::{Cache, Shared};
use crate::handles::Ttl;
use crate::store::key::StoreKey;
use crate::store::link::Deadline;
use crate::store::protocol::Value;
use crate::store::rules::{deadline, remaining};
use crate::store::{Reply, StoreError, TimeToLive};

impl Cache {
    /// How long a value is kept from now; [`None`] if there is none.
    pub fn ttl(&self, key: impl Serialize) -> Reply<Option<Ttl>> {
        let name = self.0.name(key);
        self.reply(|shared, by| async move {
            let found = shared.protocol.look(&name?, by).await?;
            let now = shared.protocol.clock.now();
            Ok(found.ok().map(|value| remaining(value.serve_until, now).map_or(Ttl::Unlimited, Ttl::For)))
        })
    }

    /// Keeps a value for `ttl` from now. Zero removes it, [`Duration::MAX`] keeps it for ever. Returns whether there is
    /// one.
    ///
    /// # Errors
    ///
    /// If a text is no duration, or the store fails.
    pub fn set_ttl(&self, key: impl Serialize, ttl: impl TimeToLive) -> Reply<bool> {
        let (name, ttl) = (self.0.name(key), ttl.into_ttl());
        self.reply(|shared, by| async move { shared.keep(&name?, ttl?, false, by).await })
    }

    /// Keeps a value for at least `ttl` from now. A value that is kept longer stays as it is. Returns whether there is
    /// one.
    ///
    /// # Errors
    ///
    /// As for [`set_ttl`](Self::set_ttl).
    pub fn extend_ttl(&self, key: impl Serialize, ttl: impl TimeToLive) -> Reply<bool> {
        let (name, ttl) = (self.0.name(key), ttl.into_ttl());
        self.reply(|shared, by| async move { shared.keep(&name?, ttl?, true, by).await })
    }
}

impl Shared {
    /// Changes how long a value is kept, only to longer if `extend`.
    pub(in crate::store) async fn keep(
        &self,
        name: &StoreKey,
        ttl: Duration,
        extend: bool,
        by: Deadline,
    ) -> Result<bool, StoreError> {
        let ttl = self.bounds.bounded(Some(ttl));
        if ttl == Some(Duration::ZERO) && !extend {
            return Ok(self.protocol.remove_values(std::slice::from_ref(name), by).await? == 1);
        }
        let decide = |old: Option<Value>| {
            let Some(old) = old else { return Ok(Decision::Leave(false)) };
            let now = self.protocol.clock.now();
            let until = deadline(now, ttl);
            Ok(if extend && until <= old.fresh_until {
                Decision::Leave(true)
            } else {
                // What may be returned when it is no longer fresh may be for as long as before.
                let window = Duration::from_millis(old.serve_until.saturating_sub(old.fresh_until));
                let serve_until = deadline(until, Some(window));
                Decision::Derive(Value { fresh_until: until, serve_until, ..old }, true)
            })
        };
        self.replace(name, &[], by, decide).await
    }
}
