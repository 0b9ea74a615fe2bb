//! The values that entrants keep, other than the numbers of the plain workload.

use std::sync::Arc;

use super::Key;

/// What a key's value is kept as.
pub(crate) trait Value: Clone + Send + Sync + 'static {
    fn of(key: u64) -> Self;

    /// A part of it, so that who was handed it has looked at it.
    fn read(&self) -> u64;
}

/// A kibibyte that is shared: a copy costs one count.
pub(crate) type Block = Arc<[u8; 1024]>;
/// 64 bytes that are copied: a copy costs an allocation.
pub(crate) type Text = String;

impl Value for u64 {
    #[inline]
    fn of(key: u64) -> Self {
        key.value()
    }

    #[inline]
    fn read(&self) -> u64 {
        *self
    }
}

impl Value for Block {
    fn of(key: u64) -> Self {
        let mut bytes = [0; 1024];
        bytes[..8].copy_from_slice(&key.value().to_le_bytes());
        Arc::new(bytes)
    }

    #[inline]
    fn read(&self) -> u64 {
        first_word(&self[..])
    }
}

impl Value for Text {
    fn of(key: u64) -> Self {
        format!("{:016x}{:048}", key.value(), 0)
    }

    #[inline]
    fn read(&self) -> u64 {
        first_word(self.as_bytes())
    }
}

#[inline]
fn first_word(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |word| u64::from_le_bytes(*word))
}
