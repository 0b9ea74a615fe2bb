//! Misses of an asynchronous function.

use cache_core::memoize;

use super::counting::Calls;
use super::ours::churn_of;
use crate::harness::{Entrant, Role, Waiting};
use crate::workload::origin_u64;

/// Not to `u64`: it would share code with the functions whose hits are counted, which the compiler then inlines less.
#[memoize(ttl = 300, capacity = 10_000)]
async fn small(key: u64) -> [u64; 1] {
    [origin_u64(key)]
}

/// Keys that were never seen before, in a memo that is full.
pub(super) fn asynchronous(passes: usize) -> Calls {
    churn_of(
        &Entrant::asynchronous("", Role::Ours, Waiting::Polled, || async |key| small(key).await[0]),
        passes,
    )
}
