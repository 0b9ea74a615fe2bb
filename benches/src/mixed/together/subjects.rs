//! What several threads can ask for the same absent key.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cache_core::memoize;
use cached::macros::cached;

use crate::workload::{CAPACITY, TTL_SECONDS};

/// What a key is answered with, by the thread of this number.
pub(super) struct Subject {
    pub(super) name: &'static str,
    pub(super) call: Box<dyn Fn(usize, u64) -> u64 + Sync>,
}

static WORK_NANOS: AtomicU64 = AtomicU64::new(0);
static COMPUTED: AtomicU64 = AtomicU64::new(0);
static UNSEEN: AtomicU64 = AtomicU64::new(0);

/// From now on a computation takes so long.
pub(super) fn take(work: Duration) {
    WORK_NANOS.store(u64::try_from(work.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
}

/// How many computations there were.
pub(super) fn computed() -> u64 {
    COMPUTED.load(Ordering::Relaxed)
}

/// The first of so many keys that nobody has asked for.
pub(super) fn unseen(keys: u64) -> u64 {
    UNSEEN.fetch_add(keys, Ordering::Relaxed)
}

pub(super) fn value(key: u64) -> u64 {
    key.rotate_left(17)
}

#[cold]
#[inline(never)]
fn compute(key: u64) -> u64 {
    COMPUTED.fetch_add(1, Ordering::Relaxed);
    let work = Duration::from_nanos(WORK_NANOS.load(Ordering::Relaxed));
    if !work.is_zero() {
        let begin = Instant::now();
        while begin.elapsed() < work {
            std::hint::spin_loop();
        }
    }
    value(key)
}

#[memoize(ttl = 300, capacity = 100_000)]
fn ours(key: u64) -> u64 {
    compute(key)
}

#[cached(max_size = 100_000, ttl_secs = 300, sync_writes = "by_key")]
fn by_key(key: u64) -> u64 {
    compute(key)
}

fn subject(name: &'static str, call: impl Fn(u64) -> u64 + Sync + 'static) -> Subject {
    Subject { name, call: Box::new(move |_, key| call(key)) }
}

/// The first is the one to compare with.
pub(super) fn all() -> Vec<Subject> {
    let alone = |thread, key| if thread == 0 { compute(key) } else { value(key) };
    let [inserting, apart] = [0; 2].map(|_| Arc::new(quick_cache::sync::Cache::<u64, u64>::new(CAPACITY)));
    let moka = moka::sync::Cache::<u64, u64>::builder()
        .max_capacity(CAPACITY as u64)
        .time_to_live(Duration::from_secs(TTL_SECONDS))
        .build();
    vec![
        Subject { name: "alone: one computes, no cache", call: Box::new(alone) },
        subject("ours: ttl, capacity", ours),
        subject("quick_cache get_or_insert_with (no ttl)", move |key| {
            let Ok(value) = inserting.get_or_insert_with(&key, || Ok::<_, Infallible>(compute(key)));
            value
        }),
        subject("moka::sync get_with: capacity, ttl", move |key| moka.get_with(key, || compute(key))),
        subject("#[cached]: size, ttl, by_key", by_key),
        subject("quick_cache get, then insert (no ttl)", move |key| {
            apart.get(&key).unwrap_or_else(|| {
                let value = compute(key);
                apart.insert(key, value);
                value
            })
        }),
    ]
}
