//! Real tasks on several threads, calls that are dropped at random, invariants that hold throughout.
//! `CACHE_CORE_STRESS` multiplies the work.

use std::future::Future;
use std::sync::Arc;
use std::task::Poll;

use cache_core::testing::Scope;
use cache_core::{memoize, tag};
use tests::history::{History, Origin, Row};
use tests::{Seeded, no_hang, turns, yields};

/// Few, so that all are busy with the same.
const BUSY: u64 = 8;
const TASKS: u64 = 32;

async fn load(origin: &Origin, key: u64) -> Row {
    let row = origin.read(key);
    yields(usize::try_from(row.version % 4).unwrap()).await;
    row
}

/// Driven by whoever waits.
#[memoize(skip(origin), tag = "stress", max_wait = "1h")]
async fn owning(origin: Arc<Origin>, key: u64) -> Row {
    load(&origin, key).await
}

/// Polled by its caller; fails now and then, with an error that cannot be cloned.
#[memoize(skip(origin), tag = "stress", max_wait = "1h")]
async fn borrowing(origin: &Origin, key: u64) -> Result<Row, Failure> {
    let row = load(origin, key).await;
    if row.version % 11 == 3 { Err(Failure) } else { Ok(row) }
}

/// Calls the other one.
#[memoize(skip(origin), tag = "stress", max_wait = "1h")]
async fn nested(origin: Arc<Origin>, key: u64) -> Row {
    owning(origin, key).await
}

/// The functions' numbers in a history, and all of them.
const OWNING: usize = 0;
const BORROWING: usize = 1;
const NESTED: usize = 2;
const ALL: u32 = 0b111;

struct Failure;

fn invalidate(key: u64, random: &mut Seeded) -> u32 {
    if random.below(2) == 0 {
        tag("stress").invalidate();
    } else {
        // What is made of it goes last: nothing old can be made of it after that.
        owning::key(key).invalidate();
        borrowing::key(key).invalidate();
        nested::key(key).invalidate();
    }
    ALL
}

async fn read(history: &mut History, origin: &Arc<Origin>, key: u64, random: &mut Seeded) {
    let begin = origin.moment();
    let (function, seen) = match random.below(6) {
        0 | 1 => (OWNING, Some(owning(origin.clone(), key).await)),
        2 => (BORROWING, borrowing(origin, key).await.ok()),
        3 => (NESTED, Some(nested(origin.clone(), key).await)),
        4 => (OWNING, Some(owning::entry(origin.clone(), key).refresh().await)),
        _ => (OWNING, owning::entry(origin.clone(), key).get().await),
    };
    if let Some(row) = seen {
        history.has_read(origin, function, key, begin, row);
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

async fn work(origin: Arc<Origin>, seed: u64) -> History {
    let (mut history, mut random) = (History::new(), Seeded::new(seed));
    for _ in 0..turns(300) {
        let key = random.below(BUSY);
        match random.below(10) {
            0 => history.write(&origin, key, || invalidate(key, &mut random)),
            1 => give_up(owning(origin.clone(), key), random.below(4)).await,
            2 => give_up(borrowing(&origin, key), random.below(4)).await,
            3 => give_up(nested(origin.clone(), key), random.below(4)).await,
            _ => read(&mut history, &origin, key, &mut random).await,
        }
    }
    history
}

#[test]
fn nobody_hangs_and_nothing_old_is_seen_whoever_leaves() {
    no_hang(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).build().unwrap();
        let (scope, origin) = (Scope::new(), Arc::new(Origin::new()));
        let work = |seed| scope.within(work(origin.clone(), seed));
        let tasks: Vec<_> = (0..TASKS).map(|seed| runtime.spawn(work(seed))).collect();
        let mut history = History::new();
        runtime.block_on(async {
            for task in tasks {
                history.join(task.await.unwrap());
            }
        });
        assert!(history.reads() > 1_000);
        history.check();
        let _inside = scope.enter();
        let stats = owning::memo().stats();
        assert!(stats.waits > 0 && stats.overtaken > 0, "there was nothing to it: {stats:?}");
    });
}
