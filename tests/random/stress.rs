//! Real threads, random calls, invariants that hold throughout. The numbers drawn are the same for the
//! same seed; `CACHE_CORE_STRESS` multiplies the work.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use cache_core::testing::Scope;
use cache_core::{Peek, memoize, registry, tag};
use tests::history::{History, KEYS, Origin, Row};
use tests::{Count, Seeded, millis, no_hang, turns};

const THREADS: u64 = 4;

fn load(origin: &Origin, key: u64) -> Row {
    let row = origin.read(key);
    if row.version.is_multiple_of(3) {
        thread::yield_now();
    }
    row
}

#[memoize(skip(origin), capacity = 12, tags = ["rows", "row:{key}", "owner:{value.owner}"], max_wait = "1h")]
fn small(origin: &Origin, key: u64) -> Row {
    load(origin, key)
}

#[memoize(skip(origin), capacity = 12, policy = Lru, tags = ["rows", "row:{key}", "owner:{value.owner}"], max_wait = "1h")]
fn lru(origin: &Origin, key: u64) -> Row {
    load(origin, key)
}

#[memoize(skip(origin), ttl = 5, tags = ["rows", "row:{key}", "owner:{value.owner}"], single_flight = false)]
fn alone(origin: &Origin, key: u64) -> Row {
    load(origin, key)
}

/// Nested: what it is made of carries the same tags.
#[memoize(skip(origin), ttl = 5, tags = ["rows", "row:{key}", "owner:{value.owner}"], max_wait = "1h")]
fn nested(origin: &Origin, key: u64) -> Result<Row, String> {
    let row = small(origin, key);
    if row.version % 7 == 3 { Err(format!("version {}", row.version)) } else { Ok(row) }
}

/// The functions' numbers in a history, and all of them.
const SMALL: usize = 0;
const LRU: usize = 1;
const ALONE: usize = 2;
const NESTED: usize = 3;
const ALL: u32 = 0b1111;

/// Drops every copy of a row. Of which functions.
fn invalidate(key: u64, random: &mut Seeded) -> u32 {
    match random.below(6) {
        0 => {
            tag("rows").invalidate();
        }
        1 => {
            for owner in Row::owners(key) {
                tag(format!("owner:{owner}")).invalidate();
            }
        }
        2 => {
            for memo in registry().memos() {
                memo.invalidate_matching(&format!("*({key})"));
            }
        }
        3 => {
            small::key(key).invalidate();
            lru::key(key).invalidate();
            alone::key(key).invalidate();
            nested::key(key).invalidate();
        }
        4 => {
            small::memo().invalidate_if(|_, row| row.key == key);
            lru::memo().clear();
            alone::memo().invalidate_if(|_, row| row.key == key);
            nested::memo().invalidate_if(|_, row| row.key == key);
        }
        _ => {
            tag(format!("row:{key}")).invalidate();
        }
    }
    ALL
}

/// A reader, of the one or the other.
fn read(history: &mut History, origin: &Origin, key: u64, random: &mut Seeded) {
    match random.below(9) {
        0 | 1 => history.read(origin, SMALL, key, || Some(small(origin, key))),
        2 | 3 => history.read(origin, LRU, key, || Some(lru(origin, key))),
        4 => history.read(origin, ALONE, key, || Some(alone(origin, key))),
        5 => history.read(origin, NESTED, key, || nested(origin, key).ok()),
        6 => history.read(origin, SMALL, key, || small::key(key).get()),
        7 => history.read(origin, LRU, key, || lru::key(key).get()),
        _ => history.read(origin, NESTED, key, || match nested::key(key).peek() {
            Peek::Fresh { value, .. } => Some(value),
            _ => None,
        }),
    }
}

#[test]
fn invalidation_wins_whatever_happens() {
    no_hang(|| {
        let (scope, origin) = (Scope::new(), Origin::new());
        {
            // A pattern goes over them in this order: what is made of another comes after it.
            let _inside = scope.enter();
            assert!(small::memo().is_empty() && lru::memo().is_empty() && alone::memo().is_empty());
            assert!(nested::memo().is_empty());
        }
        let mut history = History::new();
        thread::scope(|threads| {
            let work = |seed| {
                let _inside = scope.enter();
                let (mut history, mut random) = (History::new(), Seeded::new(seed));
                for _ in 0..turns(6_000) {
                    let key = random.below(KEYS);
                    match random.below(20) {
                        0 => history.write(&origin, key, || invalidate(key, &mut random)),
                        1 => scope.advance(millis(random.below(900))),
                        2 => history.read(&origin, SMALL, key, || Some(small::entry(&origin, key).refresh())),
                        3 => {
                            history.read(&origin, LRU, key, || Some(lru::entry(&origin, key).refresh()));
                            small::memo().sweep();
                        }
                        _ => read(&mut history, &origin, key, &mut random),
                    }
                    assert!(small::memo().len() <= 12, "more than the capacity");
                    assert!(lru::memo().len() <= 12, "more than the capacity");
                }
                history
            };
            let threads: Vec<_> = (0..THREADS).map(|seed| threads.spawn(move || work(seed))).collect();
            for thread in threads {
                history.join(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
        });
        assert!(history.reads() > 1_000);
        history.check();
        let _inside = scope.enter();
        for key in 0..KEYS {
            let row = origin.read(key);
            assert_eq!((small(&origin, key), lru(&origin, key), alone(&origin, key)), (row, row, row));
        }
        for memo in registry().memos() {
            let stats = memo.stats();
            assert_eq!((stats.panics, stats.hook_panics, stats.in_place), (0, 0, 0), "{memo:?}");
        }
    });
}

#[test]
fn what_stored_and_what_left_add_up() {
    static LEFT: Count = Count::new();
    #[memoize(capacity = 64, tags = ["sum:{value}"], on_evict = |_key, _value, _cause| { LEFT.add(); })]
    fn run(n: u64) -> u64 {
        n % 5
    }

    no_hang(|| {
        let scope = Scope::new();
        thread::scope(|threads| {
            for seed in 0..THREADS {
                let scope = &scope;
                threads.spawn(move || {
                    let _inside = scope.enter();
                    let mut random = Seeded::new(100 + seed);
                    for _ in 0..turns(10_000) {
                        let n = random.below(200);
                        match random.below(50) {
                            0 => drop(tag(format!("sum:{}", n % 5)).invalidate()),
                            1 => drop(run::memo().clear()),
                            2..6 => drop(run::key(n).invalidate()),
                            6..9 => drop(run::entry(n).insert(n % 5)),
                            _ => assert_eq!(run(n), n % 5),
                        }
                    }
                });
            }
        });
        let _inside = scope.enter();
        let stores = usize::try_from(run::memo().stats().stores).unwrap();
        assert_eq!(stores, LEFT.get() + run::memo().len(), "an entry was lost, or left twice");
        run::memo().clear();
        assert_eq!(stores, LEFT.get());
    });
}

#[test]
fn leaders_that_panic_or_fail_hang_nobody() {
    static STOP: AtomicBool = AtomicBool::new(false);
    #[memoize(tags = ["failing"])]
    fn failing(n: u64, mood: u64) -> Result<u64, NotCloned> {
        match mood {
            0 => Ok(n),
            1 => Err(NotCloned),
            _ => panic!("in a mood"),
        }
    }
    #[derive(Debug)]
    struct NotCloned;

    no_hang(|| {
        // Many panics on purpose: their messages are of no use.
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if info.payload().downcast_ref::<&str>() != Some(&"in a mood") {
                hook(info);
            }
        }));
        let scope = Scope::new();
        thread::scope(|threads| {
            for seed in 0..THREADS {
                let scope = &scope;
                threads.spawn(move || {
                    let _inside = scope.enter();
                    let mut random = Seeded::new(200 + seed);
                    for _ in 0..turns(2_000) {
                        let (n, mood) = (random.below(3), random.below(3));
                        let outcome = std::panic::catch_unwind(|| failing(n, mood));
                        match mood {
                            0 => assert_eq!(outcome.unwrap().unwrap(), n),
                            1 => assert!(outcome.unwrap().is_err()),
                            _ => assert!(outcome.is_err()),
                        }
                        if random.below(10) == 0 {
                            tag("failing").invalidate();
                        }
                    }
                    STOP.store(true, Ordering::SeqCst);
                });
            }
        });
        assert!(STOP.load(Ordering::SeqCst));
    });
}

#[test]
fn circles_of_waits_end() {
    thread_local! {
        static DEPTH: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
    }
    /// Calls another at random, as far as it goes: threads wait for each other in all directions.
    #[memoize(tags = ["circle"])]
    fn circle(n: u64) -> u64 {
        let depth = DEPTH.get();
        if depth < 6 {
            DEPTH.set(depth + 1);
            circle((n * 5 + 3) % 7);
            circle((n + 1) % 7);
            DEPTH.set(depth);
        }
        n
    }

    no_hang(|| {
        // The scope's clock stands still: no wait ends by itself.
        let scope = Scope::new();
        thread::scope(|threads| {
            for seed in 0..THREADS {
                let scope = &scope;
                threads.spawn(move || {
                    let _inside = scope.enter();
                    let mut random = Seeded::new(300 + seed);
                    for _ in 0..turns(300) {
                        let n = random.below(7);
                        assert_eq!(circle(n), n);
                        tag("circle").invalidate();
                    }
                });
            }
        });
    });
}
