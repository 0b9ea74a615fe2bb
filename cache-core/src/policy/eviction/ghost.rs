//! A memory of what was evicted of late, by hash: sets of four, each a queue.

/// Hashes that left, about as many as it was made for. A hash that comes back is forgotten.
pub(crate) struct Ghost {
    sets: Box<[[u32; WAYS]]>,
}

const WAYS: usize = 4;
const EMPTY: u32 = 0;

impl Ghost {
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        let sets = capacity.div_ceil(WAYS).max(1).next_power_of_two();
        Self { sets: vec![[EMPTY; WAYS]; sets].into_boxed_slice() }
    }

    /// How many hashes fit.
    pub(crate) fn capacity(&self) -> usize {
        self.sets.len() * WAYS
    }

    fn set(&mut self, hash: u32) -> &mut [u32; WAYS] {
        // The low bits choose the bucket in the table: here too they are as good as any.
        let mask = self.sets.len() - 1;
        &mut self.sets[hash as usize & mask]
    }

    pub(crate) fn remember(&mut self, hash: u32) {
        let hash = hash.max(1);
        let set = self.set(hash);
        set.rotate_right(1);
        set[0] = hash;
    }

    /// Whether the hash left of late; it is forgotten.
    pub(crate) fn recall(&mut self, hash: u32) -> bool {
        let hash = hash.max(1);
        let set = self.set(hash);
        match set.iter().position(|known| *known == hash) {
            Some(at) => {
                set[at..].rotate_left(1);
                set[WAYS - 1] = EMPTY;
                true
            }
            None => false,
        }
    }
}
