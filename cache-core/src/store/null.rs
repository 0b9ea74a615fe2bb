//! A store that holds nothing.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;

use super::{Action, Answer, Condition, Outcome, Store, StoreError, StoreErrorKind, Stored, Version, Write};

/// A store that holds nothing: every key is absent, and each put is acknowledged. It switches a cache off without
/// a change to the code that uses it.
///
/// ```
/// use cache_core::store::{NullStore, Outcome, Store, Write};
///
/// let store = NullStore::new();
/// let put = store.write(&[Write::put("key".into(), "value".into(), None)]).now().unwrap();
/// assert!(matches!(put?[..], [Outcome::Put(_)]));
/// assert_eq!(store.read(&["key".into()]).now().unwrap()?, [None]);
/// # Ok::<(), cache_core::store::StoreError>(())
/// ```
#[derive(Debug, Default)]
pub struct NullStore {
    puts: AtomicU64,
    closed: AtomicBool,
}

impl NullStore {
    /// Makes such a store.
    #[must_use]
    pub const fn new() -> Self {
        Self { puts: AtomicU64::new(0), closed: AtomicBool::new(false) }
    }

    fn open(&self) -> Result<(), StoreError> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(StoreError::new(StoreErrorKind::Closed, "null: the store was closed"));
        }
        Ok(())
    }

    /// What comes of a write to a key that is absent.
    fn outcome(&self, write: &Write) -> Outcome {
        match (&write.action, write.condition) {
            (_, Condition::IfPresent | Condition::IfVersion(_)) => Outcome::Refused(None),
            (Action::Put { .. }, _) => Outcome::Put(Version::from(self.puts.fetch_add(1, Ordering::Relaxed))),
            (Action::Remove, _) => Outcome::Removed(false),
            (Action::Touch { .. }, _) => Outcome::Touched(false),
        }
    }
}

impl Store for NullStore {
    fn name(&self) -> &'static str {
        "null:"
    }

    fn read<'a>(&'a self, keys: &'a [Bytes]) -> Answer<'a, Vec<Option<Stored>>> {
        Answer::ready(self.open().map(|()| vec![None; keys.len()]))
    }

    fn write<'a>(&'a self, batch: &'a [Write]) -> Answer<'a, Vec<Outcome>> {
        Answer::ready(self.open().map(|()| batch.iter().map(|write| self.outcome(write)).collect()))
    }

    fn is_shared(&self) -> bool {
        false
    }

    fn close(&self) -> Answer<'_, ()> {
        self.closed.store(true, Ordering::Relaxed);
        Answer::ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_ever_there() {
        let store = NullStore::new();
        let key = Bytes::from_static(b"k");
        let put = Write::put(key.clone(), "v".into(), None);
        let batch = [
            put.clone(),
            put.clone().on(Condition::IfAbsent),
            put.on(Condition::IfPresent),
            Write::remove(key.clone()),
            Write::touch(key.clone(), None),
        ];
        let outcomes = store.write(&batch).now().unwrap().unwrap();
        assert!(matches!(outcomes[..2], [Outcome::Put(_), Outcome::Put(_)]));
        assert_eq!(outcomes[2..], [Outcome::Refused(None), Outcome::Removed(false), Outcome::Touched(false)]);
        assert_eq!(store.read(&[key.clone(), key]).now().unwrap().unwrap(), [None, None]);
    }

    #[test]
    fn a_closed_store_refuses() {
        let store = NullStore::new();
        store.close().now().unwrap().unwrap();
        assert_eq!(store.read(&[]).now().unwrap().unwrap_err().kind(), StoreErrorKind::Closed);
        assert_eq!(store.write(&[]).now().unwrap().unwrap_err().kind(), StoreErrorKind::Closed);
    }
}
