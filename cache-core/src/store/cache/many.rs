//! Values by many keys.

use std::collections::HashSet;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Cache, Shared};
use crate::store::key::StoreKey;
use crate::store::protocol::{Value, wire_names};
use crate::store::{Reply, StoreError, Writing};

impl Cache {
    /// The values of some keys, in their order. Takes as many requests as for one key.
    ///
    /// # Errors
    ///
    /// If the store fails, or one of the values is no `T`.
    pub fn get_many<K: Serialize, T: DeserializeOwned + Send + 'static>(
        &self,
        keys: impl IntoIterator<Item = K>,
    ) -> Reply<Vec<Option<T>>> {
        let names = self.0.names(keys);
        self.reply(|shared, by| async move {
            let decode = |value: Value| shared.decode(&value);
            let found = shared.protocol.look_many(&names?, decode, by).await?;
            found.into_iter().map(|found| shared.count(found).transpose()).collect()
        })
    }

    /// Stores some values. Takes two requests. If a key is there twice, its last value is stored.
    ///
    /// # Errors
    ///
    /// As for [`insert`](Self::insert). Then some values may be stored.
    pub fn insert_many<K: Serialize, T: Serialize>(
        &self,
        values: impl IntoIterator<Item = (K, T)>,
    ) -> Reply<(), Writing> {
        let encode = |(key, value)| Ok((self.0.name(key)?, self.0.encode(&value)?));
        let values: Result<Vec<_>, StoreError> = values.into_iter().map(encode).collect();
        self.reply_with(|shared, by, options: Writing| async move {
            let (values, tags, ttl) = (values?, wire_names(&options.tags)?, options.ttl.transpose()?);
            let mut seen = HashSet::new();
            let (mut stored, mut refused) = (Vec::new(), Vec::new());
            // The last value of a key comes first.
            for (name, body) in values.into_iter().rev() {
                if !seen.insert(name.stored().clone()) {
                    continue;
                }
                match shared.value(body, ttl) {
                    Some(value) => stored.push((name, value)),
                    None => refused.push(name),
                }
            }
            if !refused.is_empty() {
                shared.protocol.invalidate_keys(&refused, by).await?;
            }
            if stored.is_empty() {
                return Ok(());
            }
            shared.store(stored, &tags, by).await
        })
    }

    /// Removes some values. Returns how many there were that could have been returned.
    pub fn remove_many<K: Serialize>(&self, keys: impl IntoIterator<Item = K>) -> Reply<usize> {
        let names = self.0.names(keys);
        self.reply(|shared, by| async move { shared.protocol.remove_values(&names?, by).await })
    }
}

impl Shared {
    fn names<K: Serialize>(&self, keys: impl IntoIterator<Item = K>) -> Result<Vec<StoreKey>, StoreError> {
        keys.into_iter().map(|key| self.name(key)).collect()
    }
}
