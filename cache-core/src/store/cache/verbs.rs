//! Values by one key.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::replace::Decision;
use super::{Cache, Shared};
use crate::store::key::StoreKey;
use crate::store::link::Deadline;
use crate::store::protocol::{Glance, Value, wire_names};
use crate::store::{Answer, Reply, StoreError, Writing};

impl Cache {
    /// The value of a key, if there is one that may be returned.
    ///
    /// Takes one request to the store, or two if the value has tags and tags were invalidated since it was stored.
    ///
    /// # Errors
    ///
    /// If the store fails, or the value is no `T`.
    pub fn get<T: DeserializeOwned + Send + 'static>(&self, key: impl Serialize) -> Reply<Option<T>> {
        let (shared, name) = (self.0.clone(), self.0.name(key));
        Reply::new(self.0.timeout, move |_, timeout| {
            let name = match name {
                Ok(name) => name,
                Err(error) => return Answer::ready(Err(error)),
            };
            let glance = match shared.protocol.look_at_once(&name, |value| shared.decode(&value)) {
                Some(Err(error)) => return Answer::ready(Err(error)),
                Some(Ok(Glance::Found(found))) => return Answer::ready(shared.count(found).transpose()),
                Some(Ok(Glance::Undecided(stored, revision))) => Some((stored, revision)),
                None => None,
            };
            let by = shared.protocol.link.deadline(timeout);
            Answer::later(async move {
                let found = match glance {
                    Some((stored, revision)) => {
                        let decode = |value: Value| shared.decode(&value);
                        shared.protocol.decide(&name, stored, revision, decode, by).await?
                    }
                    None => shared.protocol.look(&name, by).await?.map(|value| shared.decode(&value)),
                };
                shared.count(found).transpose()
            })
        })
    }

    /// Whether a key has a value that may be returned. It is not decoded, and nothing is counted.
    pub fn contains(&self, key: impl Serialize) -> Reply<bool> {
        let name = self.0.name(key);
        self.reply(|shared, by| async move { Ok(shared.protocol.look(&name?, by).await?.is_ok()) })
    }

    /// Stores a value, in place of an older one. A ttl of zero only removes the older one.
    ///
    /// Takes two requests. If the key is written at the same time, this is tried again, so that it comes last.
    ///
    /// # Errors
    ///
    /// If the value cannot be encoded or is too large, the store fails, or others write each time
    /// ([`Contended`](crate::store::StoreErrorKind::Contended)). Then the older value may stay.
    pub fn insert<T: Serialize + ?Sized>(&self, key: impl Serialize, value: &T) -> Reply<(), Writing> {
        let (name, body) = (self.0.name(key), self.0.encode(value));
        self.reply_with(|shared, by, options: Writing| async move {
            let (name, body, tags) = (name?, body?, wire_names(&options.tags)?);
            let Some(value) = shared.value(body, options.ttl.transpose()?) else {
                return shared.protocol.invalidate_keys(&[name], by).await;
            };
            shared.store(vec![(name, value)], &tags, by).await
        })
    }

    /// Stores a value if the key has none. Returns whether it did.
    ///
    /// # Errors
    ///
    /// As for [`insert`](Self::insert), but an older value stays.
    pub fn insert_if_absent<T: Serialize + ?Sized>(
        &self,
        key: impl Serialize,
        value: &T,
    ) -> Reply<bool, Writing> {
        self.insert_if(key, value, false)
    }

    /// Stores a value if the key has one already. Returns whether it did.
    ///
    /// # Errors
    ///
    /// As for [`insert`](Self::insert), but an older value stays.
    pub fn insert_if_present<T: Serialize + ?Sized>(
        &self,
        key: impl Serialize,
        value: &T,
    ) -> Reply<bool, Writing> {
        self.insert_if(key, value, true)
    }

    fn insert_if<T: Serialize + ?Sized>(
        &self,
        key: impl Serialize,
        value: &T,
        present: bool,
    ) -> Reply<bool, Writing> {
        let (name, body) = (self.0.name(key), self.0.encode(value));
        self.reply_with(move |shared, by, options: Writing| async move {
            let (name, body, tags) = (name?, body?, wire_names(&options.tags)?);
            let Some(value) = shared.value(body, options.ttl.transpose()?) else { return Ok(false) };
            let decide = |old: Option<Value>| {
                Ok(if old.is_some() == present {
                    Decision::Store(value.clone(), true)
                } else {
                    Decision::Leave(false)
                })
            };
            shared.replace(&name, &tags, by, decide).await
        })
    }

    /// Replaces a value by one that is computed from it, if nobody else writes in between; otherwise it is computed
    /// again. `change` gets the value if there is one, and returns the new one, or [`None`] to leave all as it is.
    /// Returns what `change` returned last.
    ///
    /// The new value keeps the deadline and the tags of the old one.
    ///
    /// # Errors
    ///
    /// If the value is no `T`, if others write each time, or as for [`insert`](Self::insert).
    pub fn update<T: Serialize + DeserializeOwned + Send + 'static>(
        &self,
        key: impl Serialize,
        mut change: impl FnMut(Option<T>) -> Option<T> + Send + 'static,
    ) -> Reply<Option<T>> {
        let name = self.0.name(key);
        self.reply(|shared, by| async move { shared.change(&name?, by, |old| Ok(change(old))).await })
    }

    /// Removes a value. Returns whether there was one that could have been returned.
    ///
    /// Takes two requests: one looks whether there is a value.
    pub fn remove(&self, key: impl Serialize) -> Reply<bool> {
        let name = self.0.name(key);
        self.reply(|shared, by| async move {
            let removed = shared.protocol.remove_values(&[name?], by).await?;
            Ok(removed == 1)
        })
    }
}

impl Shared {
    /// Replaces a value by one that is computed from it.
    pub(super) async fn change<T: Serialize + DeserializeOwned>(
        &self,
        name: &StoreKey,
        by: Deadline,
        mut change: impl FnMut(Option<T>) -> Result<Option<T>, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let decide = |old: Option<Value>| {
            let decoded = old.as_ref().map(|value| self.decode(value)).transpose()?;
            let Some(new) = change(decoded)? else { return Ok(Decision::Leave(None)) };
            if cfg!(debug_assertions) {
                self.protocol.envelope.codec.check_round_trip(&new)?;
            }
            let body = self.encode(&new)?;
            Ok(match old {
                Some(old) => Decision::Derive(Value { body, ..old }, Some(new)),
                None => match self.value(body, None) {
                    Some(value) => Decision::Store(value, Some(new)),
                    None => Decision::Leave(Some(new)),
                },
            })
        };
        self.replace(name, &[], by, decide).await
    }
}
