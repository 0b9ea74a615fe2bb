//! Values that come back damaged.

use bytes::Bytes;
use fastrand::Rng;

use super::data::{Map, Reply};
use crate::store::{Outcome, Stored};

/// Damages a share of the values that are returned.
pub(super) struct Damage {
    rng: Rng,
    share: f64,
}

impl Damage {
    pub(super) fn new(seed: u64, share: f64) -> Self {
        Self { rng: Rng::with_seed(seed), share }
    }

    /// Damages a reply. The request has been carried out on these contents.
    pub(super) fn apply(&mut self, reply: &mut Reply, contents: &Map) {
        match reply {
            Reply::Read(found) => found.iter_mut().flatten().for_each(|stored| self.damage(stored, contents)),
            Reply::Written(outcomes) => outcomes.iter_mut().for_each(|outcome| {
                if let Outcome::Refused(Some(stored)) = outcome {
                    self.damage(stored, contents);
                }
            }),
            Reply::Scanned(_) | Reply::Raised(_) | Reply::Published | Reply::Closed => {}
        }
    }

    fn damage(&mut self, stored: &mut Stored, contents: &Map) {
        if self.rng.f64() >= self.share {
            return;
        }
        let bytes = &stored.bytes;
        stored.bytes = match self.rng.u8(..3) {
            0 if !bytes.is_empty() => self.flipped(bytes),
            1 if !bytes.is_empty() => bytes.slice(..self.rng.usize(..bytes.len())),
            _ => self.foreign(bytes, contents),
        };
    }

    /// A few bits are others.
    fn flipped(&mut self, bytes: &Bytes) -> Bytes {
        let mut flipped = bytes.to_vec();
        // Different bytes, so that nothing is flipped back.
        let begin = self.rng.usize(..flipped.len());
        let end = flipped.len().min(begin + self.rng.usize(1..=3));
        flipped[begin..end].iter_mut().for_each(|byte| *byte ^= 1 << self.rng.u8(..8));
        flipped.into()
    }

    /// Bytes of another key, or of none.
    fn foreign(&mut self, bytes: &Bytes, contents: &Map) -> Bytes {
        let others: Vec<&Bytes> =
            contents.values().map(|kept| &kept.bytes).filter(|other| *other != bytes).collect();
        if let Some(other) = self.rng.choice(others) {
            return other.clone();
        }
        // One more than there were, so that they are others.
        (0..=bytes.len()).map(|_| self.rng.u8(..)).collect()
    }
}
