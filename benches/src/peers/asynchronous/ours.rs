//! Ours, with a time to live and a capacity. A `u64` is owned, so the computation may be polled by
//! whoever waits for it; a `&str` is borrowed, and the caller polls its own.

use cache_core::memoize;

use crate::harness::{Entrant, Role, Waiting};
use crate::peers::ours;
use crate::workload::{origin_str, origin_u64};

/// Ours that is not asynchronous: what the others of ours are compared with.
pub(crate) const NOT_ASYNC: &str = "ours, not async: ttl, capacity";
const NAME: &str = "ours: ttl, capacity";
const NOT_SEND: &str = "ours: ttl, capacity, ?Send";

#[memoize(ttl = 300, capacity = 100_000)]
async fn owned(key: u64) -> u64 {
    origin_u64(key)
}

#[memoize(?Send, ttl = 300, capacity = 100_000)]
async fn owned_not_send(key: u64) -> u64 {
    origin_u64(key)
}

#[memoize(ttl = 300, capacity = 100_000)]
async fn borrowed(key: &str) -> u64 {
    origin_str(key)
}

pub(crate) fn not_async_by_u64() -> Entrant<u64> {
    ours::by_u64().called(NOT_ASYNC, Role::Other)
}

pub(crate) fn not_async_by_str() -> Entrant<&'static str> {
    ours::by_str().called(NOT_ASYNC, Role::Other)
}

pub(crate) fn by_u64(waiting: Waiting) -> Entrant<u64> {
    Entrant::asynchronous(NAME, Role::Ours, waiting, || owned)
}

/// A `u64`, too, but polled by its caller, as one that borrows is.
pub(crate) fn by_caller_by_u64(waiting: Waiting) -> Entrant<u64> {
    Entrant::asynchronous(NOT_SEND, Role::Other, waiting, || owned_not_send)
}

pub(crate) fn by_str(waiting: Waiting) -> Entrant<&'static str> {
    Entrant::asynchronous(NAME, Role::Ours, waiting, || borrowed)
}
