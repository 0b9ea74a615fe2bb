//! A memory of what was evicted of late: of each key a word, in small sets of which any is overwritten.

/// Keys in a set.
const WAYS: usize = 4;
/// Bits of a word that hold when the key came; the rest are of its hash, mixed. A stranger is taken for a ghost once in
/// a thousand times.
const TIME_BITS: u32 = 20;
const TIME: u32 = (1 << TIME_BITS) - 1;

/// See the module. A word of 0 is empty.
#[derive(Default)]
pub(super) struct Ghosts {
    sets: Box<[[u32; WAYS]]>,
    /// Times lose so many bits, for the memory to reach back far enough.
    shift: u32,
}

impl Ghosts {
    /// Makes room for so many keys. What is remembered is lost if that changes by much.
    #[inline]
    pub(super) fn fit(&mut self, count: usize) {
        let (sets, held) = (count.div_ceil(WAYS), self.sets.len());
        if sets > held || sets < held / 4 {
            self.remake(count, sets);
        }
    }

    #[cold]
    fn remake(&mut self, count: usize, sets: usize) {
        let spare = if self.sets.is_empty() { 0 } else { sets / 4 };
        self.sets = vec![[0; WAYS]; sets + spare].into();
        self.shift = ((8 * count as u64) >> TIME_BITS).checked_ilog2().map_or(0, |bits| bits + 1);
    }

    /// What a word says of a key, above the time. The low bits of a hash as they are differ by what they are made
    /// with: with some seeds many numbers of a row agree in them.
    #[inline]
    fn tag(hash: u32) -> u32 {
        // Not 0, which would be that of an empty word.
        ((hash ^ (hash >> 15)).wrapping_mul(0x2C1B_3C6D) & !TIME).max(TIME + 1)
    }

    #[inline]
    fn set(&mut self, hash: u32) -> Option<&mut [u32; WAYS]> {
        // All keys of a shard agree in some bits of their hashes.
        let mixed = u64::from(hash.wrapping_mul(0x9E37_79B9));
        let at = (mixed * self.sets.len() as u64) >> 32;
        self.sets.get_mut(at as usize)
    }

    /// Remembers a key that came then.
    #[inline]
    pub(super) fn add(&mut self, hash: u32, since: u32) {
        let since = since >> self.shift;
        let Some(set) = self.set(hash) else { return };
        // Any of a full set, and not its oldest: of a loop that is longer than the set some are found so, and move on.
        let free = set.iter().position(|word| *word == 0);
        let draw = (hash.rotate_left(16) ^ since).wrapping_mul(0x9E37_79B9);
        set[free.unwrap_or((draw >> 30) as usize)] = Self::tag(hash) | (since & TIME);
    }

    /// Forgets a key, and tells how long ago it came.
    #[inline]
    pub(super) fn take(&mut self, hash: u32, now: u32) -> Option<u32> {
        let (shift, tag) = (self.shift, Self::tag(hash));
        let same = |word: &&mut u32| **word & !TIME == tag;
        let since = std::mem::take(self.set(hash)?.iter_mut().find(same)?);
        Some(((now >> shift).wrapping_sub(since) & TIME) << shift)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ghosts_tell_how_long_ago_a_key_came_once() {
        let (mut ghosts, hash) = (Ghosts::default(), 0x1234_5678);
        ghosts.add(hash, 1);
        assert_eq!(ghosts.take(hash, 5), None, "there is no room yet");
        ghosts.fit(100);
        ghosts.add(hash, u32::MAX - 9);
        assert_eq!(ghosts.take(hash, 10), Some(20));
        assert_eq!(ghosts.take(hash, 10), None);
    }

    /// Those of one shard of 64.
    #[test]
    fn hashes_that_agree_in_some_bits_do_not_crowd() {
        let mut ghosts = Ghosts::default();
        ghosts.fit(4096);
        let hashes: Vec<u32> = (1..4_000_000_u32)
            .map(|n| n.wrapping_mul(0x85EB_CA6B))
            .filter(|hash| (hash >> 19) & 63 == 5)
            .collect();
        let hashes = &hashes[..2048];
        for hash in hashes {
            ghosts.add(*hash, 0);
        }
        let kept = hashes.iter().filter(|hash| ghosts.take(**hash, 7).is_some()).count();
        assert!(kept > 1900, "{kept} of 2048 in a memory of 4096");
    }

    /// As the hashes of a row of numbers may, with a seed that mixes badly.
    #[test]
    fn hashes_that_agree_in_their_low_bits_are_told_apart() {
        let is_taken_for_a_ghost = |stranger: &u32| {
            let mut ghosts = Ghosts::default();
            ghosts.fit(4);
            (0..4_u32).for_each(|n| ghosts.add(n << 20, 0));
            ghosts.take(stranger << 20, 7).is_some()
        };
        let strangers = (4..1000).filter(is_taken_for_a_ghost).count();
        assert!(strangers < 10, "{strangers} of 1000");
    }

    #[test]
    fn no_hash_is_taken_for_an_empty_word() {
        let mut ghosts = Ghosts::default();
        ghosts.fit(4);
        assert_eq!(ghosts.take(0, 7), None);
        ghosts.add(0, 5);
        assert_eq!(ghosts.take(0, 7), Some(2));
    }

    #[test]
    fn what_is_remembered_is_lost_if_the_size_changes_by_much() {
        let mut ghosts = Ghosts::default();
        ghosts.fit(100);
        for (count, is_known) in [(100, true), (26, true), (24, true), (20, false), (20, true)] {
            ghosts.add(7, 0);
            ghosts.fit(count);
            assert_eq!(ghosts.take(7, 1).is_some(), is_known, "{count}");
        }
        // What has once changed may grow by a quarter.
        ghosts.fit(32);
        for (count, is_known) in [(40, true), (44, false)] {
            ghosts.add(7, 0);
            ghosts.fit(count);
            assert_eq!(
                (ghosts.take(7, 1).is_some(), ghosts.sets.len() <= count / WAYS + 2),
                (is_known, true),
                "{count}"
            );
        }
    }

    #[test]
    fn a_large_memory_reaches_far_back() {
        for count in [1 << 20, (1 << 20) + (1 << 19)] {
            let mut ghosts = Ghosts::default();
            ghosts.fit(count);
            let long = u32::try_from(8 * count - 64).unwrap();
            for interval in [160, long] {
                ghosts.add(7, 1_008);
                let told = ghosts.take(7, 1_008 + interval);
                assert_eq!(told, Some(interval), "of {count}");
            }
        }
    }

    #[test]
    fn a_full_set_forgets_any_and_knows_the_last() {
        let mut ghosts = Ghosts::default();
        ghosts.fit(4);
        (1..=5).for_each(|hash| ghosts.add(hash, 0));
        assert_eq!(ghosts.take(5, 7), Some(7));
        assert_eq!((1..=4).filter_map(|hash| ghosts.take(hash, 7)).collect::<Vec<_>>(), [7; 3]);
    }

    #[test]
    fn of_a_loop_that_is_longer_than_a_set_some_are_known() {
        let mut ghosts = Ghosts::default();
        ghosts.fit(4);
        let mut known = 0;
        for now in 0..600 {
            known += u32::from(ghosts.take(now % 6, now).is_some());
            ghosts.add(now % 6, now);
        }
        assert!(known > 200, "{known} of 600");
    }
}
