//! Several who read, write and invalidate at once, on threads and as tasks: what each has seen when is
//! noted, and checked afterwards. `CACHE_CORE_SEED` draws the same operations again, though not their
//! order in time; `CACHE_CORE_STRESS` multiplies their number.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::Poll;
use std::thread;

use cache_core::testing::Scope;
use cache_core::{Key, Memo, memoize, registry, tag};
use tests::history::{History, Origin, Replay, Row, seeds};
use tests::{Seeded, millis, no_hang, turns, yields};

/// Few, so that all are busy with the same.
const BUSY: u64 = 5;
const THREADS: u64 = 3;
const TASKS: u64 = 12;

/// What bodies read. Some take long.
fn load(origin: &Origin, key: u64) -> Row {
    let row = origin.read(key);
    for _ in 0..row.version % 3 {
        thread::yield_now();
    }
    row
}

#[memoize(skip(origin), max_wait = "1h", tag = "rows")]
fn plain(origin: &Origin, key: u64) -> Row {
    load(origin, key)
}

#[memoize(skip(origin), max_wait = "1h", tags = ["rows", "row:{key}", "owner:{value.owner}"])]
fn tagged(origin: &Origin, key: u64) -> Row {
    load(origin, key)
}

#[memoize(skip(origin), max_wait = "1h", capacity = 3, tags = ["rows", "row:{key}", "owner:{value.owner}"])]
fn small(origin: &Origin, key: u64) -> Row {
    load(origin, key)
}

#[memoize(skip(origin), max_wait = "1h", ttl = 5, policy = Lru, tags = ["row:{key}"])]
fn timed(origin: &Origin, key: u64) -> Row {
    load(origin, key)
}

#[memoize(skip(origin), single_flight = false, tags = ["rows", "row:{key}", "owner:{value.owner}"])]
fn alone(origin: &Origin, key: u64) -> Row {
    load(origin, key)
}

/// Made of another, and tagged as that is.
#[memoize(skip(origin), max_wait = "1h", tags = ["rows", "row:{key}", "owner:{value.owner}"])]
fn nested(origin: &Origin, key: u64) -> Row {
    tagged(origin, key)
}

/// What can be done with a function.
struct Function {
    name: &'static str,
    call: fn(&Origin, u64) -> Row,
    refresh: fn(&Origin, u64) -> Row,
    insert: fn(&Origin, u64, Row) -> bool,
    update: fn(&Origin, u64) -> Option<Row>,
    key: fn(u64) -> Key<Row>,
    memo: fn() -> Memo<Row>,
}

macro_rules! function {
    ($name:ident) => {
        Function {
            name: concat!(module_path!(), "::", stringify!($name)),
            call: $name,
            refresh: |origin, key| $name::entry(origin, key).refresh(),
            insert: |origin, key, row| $name::entry(origin, key).insert(row),
            // The same again: as old as what was there.
            update: |origin, key| $name::entry(origin, key).update(|row| row),
            key: $name::key,
            memo: $name::memo,
        }
    };
}

/// What is made of another comes after it.
static ALL: [Function; 6] = [
    function!(plain),
    function!(tagged),
    function!(small),
    function!(timed),
    function!(alone),
    function!(nested),
];
const SMALL: usize = 2;
const TAGGED: usize = 1;
const NESTED: usize = 5;
/// Which of them an invalidation reaches: all, or those that carry a tag.
const EVERY_ONE: u32 = 0b11_1111;
const BY_ROWS: u32 = 0b11_0111;
const BY_ROW: u32 = 0b11_1110;
const BY_OWNER: u32 = 0b11_0110;

/// Invalidates entries of a row in one way or another. Of which functions.
fn invalidate(f: usize, key: u64, random: &mut Seeded) -> u32 {
    // What is made of another is taken with that, and after it.
    let with: &[usize] = if f == NESTED { &[TAGGED, NESTED] } else { &[f] };
    let reach = with.iter().map(|f| 1 << f).sum();
    let with = with.iter().map(|f| &ALL[*f]);
    match random.below(10) {
        0 => {
            tag("rows").invalidate();
            BY_ROWS
        }
        1 | 2 => {
            tag(format!("row:{key}")).invalidate();
            BY_ROW
        }
        3 | 4 => {
            for owner in Row::owners(key) {
                tag(format!("owner:{owner}")).invalidate();
            }
            BY_OWNER
        }
        5 => {
            registry().invalidate_matching(&format!("*({key})"));
            EVERY_ONE
        }
        6 => {
            for one in with {
                (one.memo)().invalidate_if(|_, row| row.key == key);
            }
            reach
        }
        7 => {
            for one in with {
                (one.memo)().clear();
            }
            reach
        }
        8 => {
            for one in with {
                registry().invalidate(one.name, &(key,)).unwrap();
            }
            reach
        }
        _ => {
            for one in &ALL {
                (one.key)(key).invalidate();
            }
            EVERY_ONE
        }
    }
}

/// One thread's part.
fn work(scope: &Scope, origin: &Origin, random: &mut Seeded) -> History {
    let mut history = History::new();
    for _ in 0..turns(4_000) {
        let f = usize::try_from(random.below(ALL.len() as u64)).unwrap();
        let (function, key) = (&ALL[f], random.below(BUSY));
        match random.below(40) {
            0..22 => history.read(origin, f, key, || Some((function.call)(origin, key))),
            22..27 => history.read(origin, f, key, || (function.key)(key).get()),
            27..29 => history.read(origin, f, key, || Some((function.refresh)(origin, key))),
            29..31 => history.read(origin, f, key, || (function.update)(origin, key)),
            // What is made of another is made anew of that, not of what it was given.
            31 => {
                let reach = if f == NESTED { 0 } else { 1 << f };
                history.give(origin, key, reach, |row| (function.insert)(origin, key, row));
            }
            32..38 => history.write(origin, key, || invalidate(f, key, random)),
            38 => match random.below(4) {
                0 => scope.advance(millis(random.below(3_000))),
                1 => drop((function.memo)().sweep()),
                2 => (ALL[SMALL].memo)().set_capacity(2 + usize::try_from(key).unwrap()).unwrap(),
                _ => {
                    (function.memo)().set_enabled(false);
                    (function.memo)().set_enabled(true);
                }
            },
            _ => assert!((function.memo)().len() as u64 <= BUSY, "more than there are keys"),
        }
    }
    history
}

#[test]
fn no_thread_sees_what_an_invalidation_that_was_over_had_hit() {
    no_hang(|| {
        for seed in seeds(4) {
            let _replay = Replay(seed);
            let (scope, origin) = (Scope::new(), Origin::new());
            {
                // A pattern goes over them in this order.
                let _inside = scope.enter();
                assert!(ALL.iter().all(|function| (function.memo)().is_empty()));
            }
            let mut history = History::new();
            thread::scope(|threads| {
                let work = |thread: u64| {
                    let _inside = scope.enter();
                    work(&scope, &origin, &mut Seeded::new(seed * THREADS + thread))
                };
                let threads: Vec<_> =
                    (0..THREADS).map(|thread| threads.spawn(move || work(thread))).collect();
                for thread in threads {
                    history.join(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
                }
            });
            assert!(history.reads() > 1_000);
            history.check();
            let _inside = scope.enter();
            for memo in registry().memos() {
                let stats = memo.stats();
                assert_eq!((stats.panics, stats.hook_panics, stats.in_place), (0, 0, 0), "{memo:?}");
            }
        }
    });
}

/// The body of asynchronous functions.
async fn load_slowly(origin: &Origin, key: u64) -> Row {
    let row = origin.read(key);
    yields(usize::try_from(row.version % 4).unwrap()).await;
    row
}

/// Driven by whoever waits.
#[memoize(skip(origin), max_wait = "1h", tags = ["rows", "row:{key}", "owner:{value.owner}"])]
async fn owned(origin: Arc<Origin>, key: u64) -> Row {
    load_slowly(&origin, key).await
}

/// Polled by its caller.
#[memoize(skip(origin), max_wait = "1h", capacity = 3, tags = ["rows", "row:{key}", "owner:{value.owner}"])]
async fn borrowed(origin: &Origin, key: u64) -> Row {
    load_slowly(origin, key).await
}

/// Made of the first.
#[memoize(skip(origin), max_wait = "1h", tags = ["rows", "row:{key}", "owner:{value.owner}"])]
async fn made(origin: Arc<Origin>, key: u64) -> Row {
    owned(origin, key).await
}

/// Computed anew in the background, before and after its time is up.
#[memoize(
    skip(origin),
    max_wait = "1h",
    ttl = 5,
    refresh_ahead = 0.5,
    stale_while_revalidate = "5s",
    tags = ["rows", "row:{key}", "owner:{value.owner}"]
)]
async fn renewed(origin: Arc<Origin>, key: u64) -> Row {
    load_slowly(&origin, key).await
}

/// The functions' numbers in a history, and all of them.
const OWNED: usize = 0;
const BORROWED: usize = 1;
const MADE: usize = 2;
const RENEWED: usize = 3;
const ALL_ASYNC: u32 = 0b1111;

fn invalidate_async(key: u64, random: &mut Seeded) -> u32 {
    match random.below(6) {
        0 => drop(tag("rows").invalidate()),
        1 => drop(tag(format!("row:{key}")).invalidate()),
        2 => {
            for owner in Row::owners(key) {
                tag(format!("owner:{owner}")).invalidate();
            }
        }
        3 => drop(registry().invalidate_matching(&format!("*({key})"))),
        4 => {
            owned::memo().clear();
            borrowed::memo().invalidate_if(|_, row| row.key == key);
            made::memo().invalidate_if(|_, row| row.key == key);
            renewed::memo().invalidate_if(|_, row| row.key == key);
        }
        _ => {
            owned::key(key).invalidate();
            borrowed::key(key).invalidate();
            made::key(key).invalidate();
            renewed::key(key).invalidate();
        }
    }
    ALL_ASYNC
}

/// Polls a call so many times, then drops it, unless it is done.
async fn give_up(call: impl Future<Output = Row>, polls: u64) -> Option<Row> {
    let mut call = Box::pin(call);
    for _ in 0..polls {
        if let Poll::Ready(row) = poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx))).await {
            return Some(row);
        }
        tokio::task::yield_now().await;
    }
    None
}

/// One task's part.
async fn work_as_task(scope: Scope, origin: Arc<Origin>, mut random: Seeded) -> History {
    let mut history = History::new();
    for _ in 0..turns(500) {
        let key = random.below(BUSY);
        let begin = origin.moment();
        let (function, row) = match random.below(24) {
            0..4 => (OWNED, Some(owned(origin.clone(), key).await)),
            4..8 => (BORROWED, Some(borrowed(&origin, key).await)),
            8..12 => (MADE, Some(made(origin.clone(), key).await)),
            12 => (OWNED, owned::entry(origin.clone(), key).get().await),
            13 => (MADE, Some(made::entry(origin.clone(), key).refresh().await)),
            14 => (OWNED, owned::entry(origin.clone(), key).update(|row| row).await),
            15 => (OWNED, give_up(owned(origin.clone(), key), random.below(4)).await),
            16 => (BORROWED, give_up(borrowed(&origin, key), random.below(4)).await),
            17..20 => (RENEWED, Some(renewed(origin.clone(), key).await)),
            20 => {
                scope.advance(millis(random.below(3_000)));
                continue;
            }
            _ => {
                history.write(&origin, key, || invalidate_async(key, &mut random));
                continue;
            }
        };
        if let Some(row) = row {
            history.has_read(&origin, function, key, begin, row);
        }
    }
    history
}

#[test]
fn no_task_sees_what_an_invalidation_that_was_over_had_hit() {
    no_hang(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(3).build().unwrap();
        for seed in seeds(4) {
            let _replay = Replay(seed);
            let (scope, origin) = (Scope::new(), Arc::new(Origin::new()));
            {
                // A pattern goes over them in this order.
                let _inside = scope.enter();
                assert!(owned::memo().is_empty() && borrowed::memo().is_empty() && made::memo().is_empty());
                assert!(renewed::memo().is_empty());
            }
            let random = |task| Seeded::new(seed * TASKS + task);
            let work = |task| scope.within(work_as_task(scope.clone(), origin.clone(), random(task)));
            let tasks: Vec<_> = (0..TASKS).map(|task| runtime.spawn(work(task))).collect();
            let mut history = History::new();
            runtime.block_on(async {
                for task in tasks {
                    history.join(task.await.unwrap());
                }
            });
            assert!(history.reads() > 1_000);
            history.check();
            let _inside = scope.enter();
            assert!(renewed::memo().stats().revalidations > 0);
        }
    });
}
