//! Hashes of keys, in two lengths: a table is searched by 64 bits, of which 32 are kept.
//!
//! The table takes a bucket from the low bits and tells its entries apart by the highest seven of a word; those are
//! what is kept. The shard is chosen by some of the low ones.

/// Bits that choose the bucket.
pub(super) const LOW: u32 = 25;
const HIGH: u32 = usize::BITS - (u32::BITS - LOW);

/// What is kept of a hash.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "this is what it is for")]
pub(crate) fn short(hash: u64) -> u32 {
    ((hash >> HIGH) << LOW) as u32 | (hash as u32 & ((1 << LOW) - 1))
}

/// A hash of which the same is kept, and which finds the same.
#[inline]
pub(crate) fn long(short: u32) -> u64 {
    (u64::from(short >> LOW) << HIGH) | u64::from(short & ((1 << LOW) - 1))
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_short_form_tells_what_a_table_looks_at() {
        for n in 0..1000_u64 {
            let hash = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let again = long(short(hash));
            assert_eq!(short(again), short(hash));
            let seen = |hash: u64| ((hash >> HIGH) & 0x7f, hash & ((1 << LOW) - 1));
            assert_eq!(seen(again), seen(hash));
        }
    }
}
