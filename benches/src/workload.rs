//! What is asked of every entrant: the keys, the order they come in, and the function behind them.

use std::cell::Cell;

/// How many keys there are; every entrant holds them all.
pub(crate) const RESIDENT: usize = 10_000;
/// Exponent of the Zipf distribution the keys are drawn from.
pub(crate) const SKEW: f64 = 0.99;
/// Seed of the access sequences: the same in every run.
pub(crate) const SEED: u64 = 0x5EED_0F5E_ED0F;
/// Keys in one access sequence: long enough that a branch predictor cannot learn it, short enough
/// that reading it does not push the caches out of the processor's.
pub(crate) const SEQUENCE: usize = 65_536;
/// The capacity given to entrants that are bounded. All keys fit, with room for those that spread
/// their capacity over shards or sets.
pub(crate) const CAPACITY: usize = 100_000;
/// The time to live given to entrants that have one: longer than a run.
pub(crate) const TTL_SECONDS: u64 = 300;

/// A key of the workload: the rank-th most popular one, and the value that belongs to it.
pub(crate) trait Key: Copy + Send + Sync + 'static {
    /// The key's type as the output names it.
    const NAME: &'static str;

    fn of_rank(rank: usize) -> Self;
    fn value(self) -> u64;
}

impl Key for u64 {
    const NAME: &'static str = "u64";

    fn of_rank(rank: usize) -> Self {
        // Scattered, so that an entrant with a weak hash gains nothing from neighbouring keys.
        mix(rank as u64)
    }

    fn value(self) -> u64 {
        self.rotate_left(17)
    }
}

impl Key for &'static str {
    const NAME: &'static str = "&str";

    fn of_rank(rank: usize) -> Self {
        // 21 bytes. Leaked: a workload lives as long as the program.
        format!("user:{:016x}", mix(rank as u64)).leak()
    }

    fn value(self) -> u64 {
        text_value(self)
    }
}

fn text_value(text: &str) -> u64 {
    let mut value = 0xcbf2_9ce4_8422_2325;
    for byte in text.bytes() {
        value = (value ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    value
}

thread_local! {
    static COMPUTED: Cell<u64> = const { Cell::new(0) };
}

fn note_computed() {
    COMPUTED.set(COMPUTED.get() + 1);
}

/// The memoized function of `u64` keys. Kept out of line: on the hit path it is only a call.
#[cold]
#[inline(never)]
pub(crate) fn origin_u64(key: u64) -> u64 {
    note_computed();
    key.value()
}

/// The memoized function of `&str` keys.
#[cold]
#[inline(never)]
pub(crate) fn origin_str(key: &str) -> u64 {
    note_computed();
    text_value(key)
}

/// How often this thread ran a memoized function: a difference of two of these is a number of misses.
pub(crate) fn computed() -> u64 {
    COMPUTED.get()
}

/// Keys and access sequences, one sequence per thread.
pub(crate) struct Workload<K> {
    pub(crate) resident: Vec<K>,
    sequences: Vec<Sequence<K>>,
}

/// Keys in the order a thread asks for them, and what their values add up to.
pub(crate) struct Sequence<K> {
    pub(crate) keys: Vec<K>,
    pub(crate) sum: u64,
}

impl<K: Key> Workload<K> {
    pub(crate) fn new(threads: usize) -> Self {
        let resident: Vec<K> = (0..RESIDENT).map(K::of_rank).collect();
        let zipf = Zipf::new(RESIDENT, SKEW);
        let sequences = (0..threads)
            .map(|thread| {
                let mut random = Random(mix(SEED ^ thread as u64));
                let keys: Vec<K> = (0..SEQUENCE).map(|_| resident[zipf.rank(random.unit())]).collect();
                let sum = sum(&keys);
                Sequence { keys, sum }
            })
            .collect();
        Self { resident, sequences }
    }

    /// The sequence of one thread.
    pub(crate) fn sequence(&self, thread: usize) -> &Sequence<K> {
        &self.sequences[thread]
    }
}

fn sum<K: Key>(keys: &[K]) -> u64 {
    keys.iter().fold(0, |sum, key| sum.wrapping_add(key.value()))
}

/// Draws ranks with probability proportional to `1 / (rank + 1)^skew`, from a cumulative table.
pub(crate) struct Zipf {
    cumulative: Vec<f64>,
}

impl Zipf {
    pub(crate) fn new(ranks: usize, skew: f64) -> Self {
        let mut total = 0.0;
        let mut place = 0.0_f64;
        let cumulative = std::iter::repeat_with(|| {
            place += 1.0;
            total += place.powf(-skew);
            total
        })
        .take(ranks)
        .collect();
        Self { cumulative }
    }

    /// The rank that a number from `0..1` falls on.
    pub(crate) fn rank(&self, unit: f64) -> usize {
        let last = self.cumulative.len() - 1;
        let point = unit * self.cumulative[last];
        self.cumulative.partition_point(|&bound| bound <= point).min(last)
    }
}

/// `SplitMix64`: small, and the same on every machine.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        // 32 random bits: plenty for ten thousand ranks, and exact in an `f64`.
        let bits = u32::try_from(mix(self.0) >> 32).unwrap_or(0);
        f64::from(bits) / 4_294_967_296.0
    }
}

/// The finalizer of `SplitMix64`: a bijection that scatters its input.
pub(crate) fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{Key, RESIDENT, SKEW, Workload, Zipf};

    #[test]
    fn keys_differ_and_texts_have_21_bytes() {
        let texts: HashSet<&str> = (0..RESIDENT).map(Key::of_rank).collect();
        assert_eq!(texts.len(), RESIDENT);
        assert!(texts.iter().all(|text| text.len() == 21));
    }

    #[test]
    fn sequences_are_the_same_in_every_run_and_differ_by_thread() {
        let (one, other) = (Workload::<u64>::new(2), Workload::<u64>::new(2));
        assert_eq!(one.sequence(1).keys, other.sequence(1).keys);
        assert_ne!(one.sequence(0).keys, one.sequence(1).keys);
    }

    #[test]
    fn every_number_falls_on_a_rank() {
        let zipf = Zipf::new(RESIDENT, SKEW);
        assert_eq!(zipf.rank(0.0), 0);
        assert_eq!(zipf.rank(1.0), RESIDENT - 1);
    }
}
