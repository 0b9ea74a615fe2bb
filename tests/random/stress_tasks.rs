//! Real tasks on several threads, calls that are dropped at random, invariants that hold throughout.
//! `CACHE_CORE_STRESS` multiplies the work.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;

use cache_core::testing::Scope;
use cache_core::{memoize, tag};
use tests::{Seeded, no_hang, turns, yields};

const KEYS: usize = 8;
const TASKS: u64 = 32;

/// The truth behind the functions: a version for each key, raised before each invalidation.
static TRUTH: [AtomicU64; KEYS] = [const { AtomicU64::new(0) }; KEYS];
/// The version that was invalidated last: who calls after that must see at least this.
static PUBLISHED: [AtomicU64; KEYS] = [const { AtomicU64::new(0) }; KEYS];

async fn load(key: usize) -> u64 {
    let version = TRUTH[key].load(Ordering::SeqCst);
    yields(usize::try_from(version % 4).unwrap()).await;
    version
}

/// Driven by whoever waits.
#[memoize(tag = "stress", max_wait = "1h")]
async fn owning(key: usize) -> u64 {
    load(key).await
}

/// Polled by its caller; fails now and then, with an error that cannot be cloned.
#[memoize(tag = "stress", max_wait = "1h")]
async fn borrowing(key: &usize) -> Result<u64, Failure> {
    let version = load(*key).await;
    if version % 11 == 3 { Err(Failure) } else { Ok(version) }
}

/// Calls the other one.
#[memoize(tag = "stress", max_wait = "1h")]
async fn nested(key: usize) -> u64 {
    owning(key).await
}

struct Failure;

fn write(key: usize, random: &mut Seeded) {
    let version = TRUTH[key].fetch_add(1, Ordering::SeqCst) + 1;
    if random.below(2) == 0 {
        tag("stress").invalidate();
    } else {
        // What is made of it goes last: nothing old can be made of it after that.
        owning::key(key).invalidate();
        borrowing::key(&key).invalidate();
        nested::key(key).invalidate();
    }
    PUBLISHED[key].fetch_max(version, Ordering::SeqCst);
}

async fn read(key: usize, random: &mut Seeded) {
    let published = PUBLISHED[key].load(Ordering::SeqCst);
    let seen = match random.below(6) {
        0 | 1 => Some(owning(key).await),
        2 => borrowing(&key).await.ok(),
        3 => Some(nested(key).await),
        4 => Some(owning::entry(key).refresh().await),
        _ => owning::entry(key).get().await,
    };
    if let Some(seen) = seen {
        assert!(seen >= published, "key {key}: {seen} was invalidated, {published} was published");
    }
}

/// Polls a call so many times, then drops it.
async fn give_up(call: impl Future, polls: u64) {
    let mut call = Box::pin(call);
    for _ in 0..polls {
        let ready = std::future::poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx).is_ready())).await;
        if ready {
            return;
        }
        tokio::task::yield_now().await;
    }
}

async fn work(seed: u64) {
    let mut random = Seeded::new(seed);
    for _ in 0..turns(300) {
        let key = usize::try_from(random.below(KEYS as u64)).unwrap();
        match random.below(10) {
            0 => write(key, &mut random),
            1 => give_up(owning(key), random.below(4)).await,
            2 => give_up(borrowing(&key), random.below(4)).await,
            3 => give_up(nested(key), random.below(4)).await,
            _ => read(key, &mut random).await,
        }
    }
}

#[test]
fn nobody_hangs_and_nothing_old_is_seen_whoever_leaves() {
    no_hang(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).build().unwrap();
        let scope = Scope::new();
        let tasks: Vec<_> = (0..TASKS).map(|seed| runtime.spawn(scope.within(work(seed)))).collect();
        runtime.block_on(async {
            for task in tasks {
                task.await.unwrap();
            }
        });
        let _inside = scope.enter();
        let stats = owning::memo().stats();
        assert!(stats.waits > 0 && stats.overtaken > 0, "there was nothing to it: {stats:?}");
    });
}
