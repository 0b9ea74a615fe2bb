//! Keys that nobody should read in a store.

use serde::{Serialize, Serializer};

use super::canonical::canonical_json;
use super::key::secret;

/// A part of a key of which a store only gets a hash (SHA-256).
///
/// The hash hides what cannot be guessed, such as a session token. It does not hide what can be guessed, such as a
/// password: whoever sees the key can try all words of a list.
///
/// ```
/// use cache_core::store::{Cache, MemoryStore, Secret};
///
/// let cache = Cache::builder(MemoryStore::new()).build()?;
/// cache.insert(("session", Secret("f3a1c9")), &7).wait()?;
/// assert_eq!(cache.get(("session", Secret("f3a1c9"))).wait()?, Some(7));
/// # Ok::<(), cache_core::store::StoreError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Secret<T>(
    /// What is hidden.
    pub T,
);

impl<T: Serialize> Serialize for Secret<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let json = canonical_json(&self.0).map_err(serde::ser::Error::custom)?;
        serializer.serialize_str(&secret(&json))
    }
}

impl<T> std::fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}
