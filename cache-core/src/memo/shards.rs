//! The shards of a memo: how many, and which is whose.

use std::sync::OnceLock;
use std::thread::available_parallelism;

use crate::sync::{Mutex, Padded, ShardLock};

/// A shard is worth having for at least so many entries: fewer do not know enough of what is read to choose
/// well among them. (A model has few of either.)
const LEAST: usize = if cfg!(loom) { 256 } else { 1024 };
/// So many entries fill a table of 2^13 places well, and no more of them have to be moved when it grows.
const MOST: usize = if cfg!(loom) { 256 } else { 6_750 };
/// So many shards a memo has for each processor if it is large enough, and without a bound.
const EACH: usize = 4;
const UNBOUNDED: usize = 64;
/// No more than this, whatever the bound.
const MAX: usize = 1 << 12;

/// Made when the first call looks at them: what is never called costs nothing of it.
pub(super) struct Shards<T, G = ()> {
    all: OnceLock<Box<[Padded<ShardLock<T, G>>]>>,
    /// How many there are to be. Held by who makes them, and passed through by who has found none.
    count: Mutex<u16>,
}

impl<T, G: Default> Shards<T, G> {
    pub(super) fn one() -> Self {
        Self { all: OnceLock::new(), count: Mutex::new(1) }
    }

    /// For so many entries; or for so much of what they weigh.
    pub(super) fn of(capacity: usize, weighed: bool) -> Self {
        // The system reads files to tell.
        static CPUS: OnceLock<usize> = OnceLock::new();
        let cpus = *CPUS.get_or_init(|| available_parallelism().map_or(4, std::num::NonZero::get));
        #[expect(clippy::cast_possible_truncation, reason = "there are no more than MAX")]
        let count = count(capacity, weighed, cpus) as u16;
        Self { all: OnceLock::new(), count: Mutex::new(count) }
    }

    #[inline]
    pub(super) fn at(&self, hash: u32, make: impl Fn() -> T) -> &ShardLock<T, G> {
        let all = match self.all.get() {
            Some(all) => all,
            None => self.make(make),
        };
        choose(all, hash)
    }

    /// The same, if they are made.
    #[inline]
    pub(super) fn made_at(&self, hash: u32) -> Option<&ShardLock<T, G>> {
        Some(choose(self.all.get()?, hash))
    }

    #[cold]
    fn make(&self, make: impl Fn() -> T) -> &[Padded<ShardLock<T, G>>] {
        let count = self.count.lock();
        self.all.get_or_init(|| (0..*count).map(|_| Padded(ShardLock::new(make()))).collect())
    }

    /// Those that are made.
    #[cfg(all(unix, not(miri), not(loom)))]
    pub(super) fn made(&self) -> &[Padded<ShardLock<T, G>>] {
        self.all.get().map_or(&[][..], |all| all)
    }

    /// Keeps others from making them.
    #[cfg(all(unix, not(miri), not(loom)))]
    pub(super) fn hold(&self) -> impl Sized + use<'_, T, G> {
        self.count.lock()
    }

    /// None if they are not made. Whoever makes them later sees all that was done before this: an invalidation
    /// that has nothing to look at must be known to who begins to compute, as if it had taken the shard's lock.
    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = &ShardLock<T, G>> {
        if self.all.get().is_none() {
            drop(self.count.lock());
        }
        self.all.get().map_or(&[][..], |all| all).iter().map(|shard| &shard.0)
    }
}

/// The shard of a hash, among those that there are.
#[inline]
fn choose<T, G>(all: &[Padded<ShardLock<T, G>>], hash: u32) -> &ShardLock<T, G> {
    // Neither the bits that choose the bucket nor those that tell entries of it apart. Scaled, not cut off: the
    // number of shards need not be a power of two.
    let bits = (hash >> 9) & 0xFFFF;
    let at = (bits as usize * all.len()) >> 16;
    // SAFETY: `bits` is less than 2^16, so this is less than the length, which is at least 1.
    unsafe { &all.get_unchecked(at).0 }
}

/// Some for each processor, so that writers seldom meet; more where they would hold too much, so that none is
/// held up for long by one that grows; and so many that the tables of a full memo are well filled. How many entries
/// a weight is worth nobody knows: there it is the first alone.
fn count(capacity: usize, weighed: bool, cpus: usize) -> usize {
    let wanted = (cpus * EACH).next_power_of_two().min(UNBOUNDED);
    if capacity == usize::MAX {
        return wanted.max(UNBOUNDED);
    }
    let few = wanted.min(capacity / LEAST);
    if weighed || (few <= 1 && capacity <= MOST) {
        return few.max(1);
    }
    // Tables are of a power of two: which one is not too much for so few shards.
    let mut each = MOST;
    while each > capacity / few.max(1) {
        each /= 2;
    }
    capacity.div_ceil(each.max(1)).clamp(1, MAX)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn small_memos_have_one_shard_and_large_ones_many() {
        for cpus in [1, 2, 8, 64] {
            for capacity in [0, 1, 2, 100, 1023, 1024, 2047] {
                assert_eq!(count(capacity, false, cpus), 1, "{capacity}");
            }
            assert!(
                (149..=152).contains(&count(1_000_000, false, cpus)),
                "{}",
                count(1_000_000, false, cpus)
            );
            assert_eq!(count(usize::MAX, false, cpus), 64);
            assert_eq!(count(usize::MAX - 1, false, cpus), MAX);
        }
        assert_eq!((count(10_000, false, 1), count(10_000, false, 2), count(10_000, false, 64)), (6, 12, 12));
    }

    #[test]
    fn heavy_entries_are_not_scattered_over_many_shards() {
        assert_eq!((count(1000, true, 2), count(5000, true, 2), count(1 << 40, true, 2)), (1, 4, 8));
        assert_eq!((count(1 << 40, true, 64), count(usize::MAX, true, 2)), (64, 64));
    }

    #[test]
    fn tables_of_full_memos_are_well_filled() {
        for capacity in (20_000..5_000_000).step_by(12_345) {
            for cpus in [1, 2, 8, 64] {
                let each = capacity / count(capacity, false, cpus);
                let places = (each * 8 / 7).next_power_of_two();
                assert!(each * 16 > places * 9, "{capacity} on {cpus}: {each} of {places}");
            }
        }
    }

    #[test]
    fn hashes_are_spread_evenly() {
        let shards: Shards<u32> = Shards { all: OnceLock::new(), count: Mutex::new(75) };
        let first = std::ptr::from_ref(shards.at(0, || 0)).addr();
        let mut counts = vec![0; 75];
        for key in 0..75_000_u32 {
            let hash = key.wrapping_mul(0x9E37_79B9);
            let at = std::ptr::from_ref(shards.at(hash, || 0)).addr() - first;
            counts[at / size_of::<Padded<ShardLock<u32>>>()] += 1;
        }
        assert!(counts.iter().all(|count| (900..1100).contains(count)), "{counts:?}");
    }
}

#[cfg(all(test, loom))]
mod model {
    use std::sync::Arc;

    use loom::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn who_makes_them_sees_what_was_done_before_none_were_found() {
        loom::model(|| {
            let (shards, changed) = (Arc::new(Shards::<()>::one()), Arc::new(AtomicBool::new(false)));
            let other = {
                let (shards, changed) = (shards.clone(), changed.clone());
                loom::thread::spawn(move || {
                    shards.at(0, || ());
                    changed.load(Ordering::Relaxed)
                })
            };
            changed.store(true, Ordering::Relaxed);
            let found_none = shards.iter().len() == 0;
            assert!(!found_none || other.join().unwrap(), "neither has seen the other");
        });
    }
}
