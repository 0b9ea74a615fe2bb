//! All values of a cache, and those whose keys match a pattern.

use bytes::Bytes;
use wildmatch::WildMatch;

use super::{Cache, Shared};
use crate::handles::clear_here;
use crate::memo::Runtime;
use crate::store::envelope::Envelope;
use crate::store::key::{KeyName, StoreKey};
use crate::store::link::Deadline;
use crate::store::{Condition, Reply, Scan, StoreError, StoreErrorKind, Write};
use crate::tags::Severity;

/// How many keys are looked at, or removed, in one request.
const AT_ONCE: usize = 256;

impl Cache {
    /// The keys that match a pattern and have a value, in no order. In a pattern `*` stands for any characters and
    /// `?` for one. A key that is a text is compared as it is, any other one as JSON.
    ///
    /// Reads all values of the cache, so its cost grows with their number.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](StoreErrorKind::Unsupported) if the store cannot list its keys.
    pub fn scan(&self, pattern: &str) -> Reply<Vec<String>> {
        let pattern = WildMatch::new(pattern);
        self.reply(|shared, mut by| async move {
            let mut found = Vec::new();
            let mut from = Some(None);
            while let Some(begin) = from {
                let (matching, next) = shared.matching(&pattern, begin, by).await?;
                found.extend(
                    matching.into_iter().filter(|matching| matching.is_good).map(|matching| matching.key),
                );
                by = shared.protocol.link.next_deadline(by).await;
                from = next.map(Some);
            }
            found.sort_unstable();
            found.dedup();
            Ok(found)
        })
    }

    /// Removes the values whose keys match a pattern. Returns how many could have been returned. [`scan`](Self::scan)
    /// tells about patterns, cost and errors.
    ///
    /// A value that is being stored meanwhile is either removed, or counts as stored afterwards. If this fails or its
    /// reply is dropped before it has ended, the whole namespace is cleared before this cache reads anything from the
    /// store.
    pub fn remove_matching(&self, pattern: &str) -> Reply<usize> {
        let pattern = WildMatch::new(pattern);
        self.reply(|shared, mut by| async move {
            shared.scanner()?;
            let removing = shared.protocol.removing_some();
            let mut removed = 0;
            let mut from = Some(None);
            while let Some(begin) = from {
                let (matching, next) = shared.matching(&pattern, begin, by).await?;
                removed += matching.iter().filter(|matching| matching.is_good).count();
                let names: Vec<StoreKey> = matching.into_iter().map(|matching| matching.name).collect();
                shared.protocol.invalidate_keys(&names, by).await?;
                by = shared.protocol.link.next_deadline(by).await;
                from = next.map(Some);
            }
            removing.acknowledged();
            Ok(removed)
        })
    }

    /// Invalidates all values of this namespace, those of functions too, and of no other namespace. That takes one
    /// request. If the store can list its keys, the values are then removed, so that their room is given back.
    ///
    /// # Errors
    ///
    /// If the store fails. If the invalidation was not acknowledged, it is sent again before this cache reads
    /// anything from the store.
    pub fn clear(&self) -> Reply<()> {
        let (runtime, cache) = (Runtime::current(), self.clone());
        self.reply(|shared, by| async move {
            let cleared = shared.protocol.clear(by).await;
            // What functions have read meanwhile belongs to flights that end here. That holds for those, too, that were
            // called first while the store was asked.
            clear_here(&cache.memos_in_front(&runtime), Severity::Hard);
            cleared?;
            // What is dead goes by itself, too.
            let _ = shared.sweep(by).await;
            Ok(())
        })
    }
}

/// A key that matches a pattern, or may match it: a placeholder does not say its whole key.
struct Matching {
    name: StoreKey,
    /// As it is compared.
    key: String,
    is_good: bool,
}

impl Shared {
    /// Removes all values that are there, if the store can list them.
    async fn sweep(&self, mut by: Deadline) -> Result<(), StoreError> {
        let link = &self.protocol.link;
        let prefix = self.protocol.namespace.prefix();
        let Some((scan, prefix)) = link.store().scan().zip(prefix) else { return Ok(()) };
        let mut from = Some(None);
        while let Some(begin) = from {
            let (keys, next) = link.request(by, || scan.keys(&prefix, begin)).await?;
            for keys in keys.chunks(AT_ONCE) {
                by = link.next_deadline(by).await;
                let remove = |key: &Bytes| Write::remove(key.clone()).on(Condition::IfPresent);
                let batch: Vec<Write> = keys.iter().map(remove).collect();
                link.write(&batch, by).await?;
            }
            from = next.map(Some);
        }
        Ok(())
    }

    fn scanner(&self) -> Result<&dyn Scan, StoreError> {
        let link = &self.protocol.link;
        link.store()
            .scan()
            .ok_or_else(|| link.error(StoreErrorKind::Unsupported, "cannot list its keys, as patterns need"))
    }

    /// Some keys that match a pattern, from somewhere on, and where to go on.
    async fn matching(
        &self,
        pattern: &WildMatch,
        from: Option<Bytes>,
        mut by: Deadline,
    ) -> Result<(Vec<Matching>, Option<Bytes>), StoreError> {
        let scan = self.scanner()?;
        let link = &self.protocol.link;
        let (keys, next) = link.request(by, || scan.keys(self.values.prefix(), from)).await?;
        let mut matching = Vec::new();
        for keys in keys.chunks(AT_ONCE) {
            by = link.next_deadline(by).await;
            let (stored, revision) = self.protocol.read(keys.to_vec(), by).await?;
            let (mut names, mut texts, mut held) = (Vec::new(), Vec::new(), Vec::new());
            for (key, stored) in keys.iter().zip(stored) {
                let Some(stored) = stored else { continue };
                let Some((name, text)) = self.named(key, &stored.bytes) else { continue };
                // A placeholder of a long key may be one of any key, and is of use to nobody else.
                if text.as_ref().is_none_or(|text| pattern.matches(text)) {
                    names.push(name);
                    texts.push(text.unwrap_or_default());
                    held.push(Some(stored));
                }
            }
            let found = self.protocol.judge(&names, held, revision, |_| (), by).await?;
            let all = names.into_iter().zip(texts).zip(found);
            matching.extend(all.map(|((name, key), found)| Matching { name, key, is_good: found.is_ok() }));
        }
        Ok((matching, next))
    }

    /// The name of a key that was found, and how it is compared; without that, if what it holds does not say. [`None`]
    /// if it is no value of this cache.
    fn named(&self, key: &Bytes, stored: &[u8]) -> Option<(StoreKey, Option<String>)> {
        // Only a value says the whole of a long key.
        let full = Envelope::key_of(stored).unwrap_or(key);
        match KeyName::of(full) {
            Some(KeyName::Value { json, .. }) => {
                let name = StoreKey::of(full);
                let is_here = self.values.has(full) && name.stored() == key;
                is_here.then(|| (name, Some(serde_json::from_str(&json).unwrap_or(json))))
            }
            Some(_) => None,
            None => Some((StoreKey::unknown(key), None)),
        }
    }
}
