//! What is asked of every entrant: the keys, the order they come in, and the function behind them.

mod access;
mod sequence;
mod value;

use std::cell::Cell;

pub(crate) use access::Access;
pub(crate) use sequence::{Random, Turns, Workload, Zipf};
pub(crate) use value::{Block, Text, Value};

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
/// The capacity where entries are to be evicted.
pub(crate) const SMALL: usize = 10_000;
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
pub(crate) fn origin<V: Value>(key: u64) -> V {
    note_computed();
    V::of(key)
}

/// The same, of values that are numbers.
pub(crate) fn origin_u64(key: u64) -> u64 {
    origin(key)
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

/// The finalizer of `SplitMix64`: a bijection that scatters its input.
pub(crate) fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{Key, RESIDENT};

    #[test]
    fn keys_differ_and_texts_have_21_bytes() {
        let texts: HashSet<&str> = (0..RESIDENT).map(Key::of_rank).collect();
        assert_eq!(texts.len(), RESIDENT);
        assert!(texts.iter().all(|text| text.len() == 21));
    }
}
