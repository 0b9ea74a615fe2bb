//! Real threads, random calls, invariants that hold throughout. The numbers drawn are the same for the
//! same seed; `CACHE_CORE_STRESS` multiplies the work.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use cache_core::testing::Scope;
use cache_core::{Peek, memoize, registry, tag};
use tests::{Count, Seeded, millis, no_hang, turns};

const KEYS: u64 = 24;
const SLOTS: usize = 24;
const OWNERS: u64 = 4;
const THREADS: u64 = 4;

/// The truth behind the memoized functions: a version for each key, raised before each invalidation.
static TRUTH: [AtomicU64; SLOTS] = [const { AtomicU64::new(0) }; SLOTS];
/// The version that was invalidated last: who calls after that must see at least this.
static PUBLISHED: [AtomicU64; SLOTS] = [const { AtomicU64::new(0) }; SLOTS];

fn at(versions: &[AtomicU64], key: u64) -> &AtomicU64 {
    &versions[usize::try_from(key).unwrap()]
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Row {
    key: u64,
    owner: u64,
    version: u64,
}

fn load(key: u64) -> Row {
    let version = at(&TRUTH, key).load(Ordering::SeqCst);
    if version.is_multiple_of(3) {
        thread::yield_now();
    }
    Row { key, owner: key % OWNERS, version }
}

#[memoize(capacity = 16, tags = ["rows", "row:{key}", "owner:{value.owner}"], max_wait = "1h")]
fn small(key: u64) -> Row {
    load(key)
}

#[memoize(capacity = 16, policy = Lru, tags = ["rows", "row:{key}", "owner:{value.owner}"], max_wait = "1h")]
fn lru(key: u64) -> Row {
    load(key)
}

#[memoize(ttl = 5, tags = ["rows", "row:{key}", "owner:{value.owner}"], single_flight = false)]
fn alone(key: u64) -> Row {
    load(key)
}

/// Nested: what it is made of carries the same tags.
#[memoize(ttl = 5, tags = ["rows", "row:{key}", "owner:{value.owner}"], max_wait = "1h")]
fn nested(key: u64) -> Result<Row, String> {
    let row = small(key);
    if row.version % 7 == 3 { Err(format!("version {}", row.version)) } else { Ok(row) }
}

/// A writer: the truth first, then every copy of it, then the word that it is done.
fn write(key: u64, random: &mut Seeded) {
    let version = at(&TRUTH, key).fetch_add(1, Ordering::SeqCst) + 1;
    match random.below(6) {
        0 => {
            tag("rows").invalidate();
        }
        1 => {
            tag(format!("owner:{}", key % OWNERS)).invalidate();
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
    at(&PUBLISHED, key).fetch_max(version, Ordering::SeqCst);
}

/// A reader: nothing older than what was published before it called.
fn read(key: u64, random: &mut Seeded) {
    let published = at(&PUBLISHED, key).load(Ordering::SeqCst);
    let seen = match random.below(9) {
        0 | 1 => Some(small(key)),
        2 | 3 => Some(lru(key)),
        4 => Some(alone(key)),
        5 => nested(key).ok(),
        6 => small::entry(key).get(),
        7 => lru::key(key).get(),
        _ => match nested::key(key).peek() {
            Peek::Fresh { value, .. } => Some(value),
            _ => None,
        },
    };
    if let Some(row) = seen {
        assert_eq!(row.key, key, "another call's entry");
        assert!(row.version >= published, "{row:?} after {published} was published");
    }
}

#[test]
fn invalidation_wins_whatever_happens() {
    no_hang(|| {
        let scope = Scope::new();
        thread::scope(|threads| {
            for seed in 0..THREADS {
                let scope = &scope;
                threads.spawn(move || {
                    let _inside = scope.enter();
                    let mut random = Seeded::new(seed);
                    for _ in 0..turns(6_000) {
                        let key = random.below(KEYS);
                        match random.below(20) {
                            0 => write(key, &mut random),
                            1 => scope.advance(millis(random.below(900))),
                            2 => {
                                small::entry(key).refresh();
                            }
                            3 => {
                                lru::entry(key).refresh();
                                small::memo().sweep();
                            }
                            _ => read(key, &mut random),
                        }
                        assert!(small::memo().len() <= 16, "more than the capacity");
                        assert!(lru::memo().len() <= 16, "more than the capacity");
                    }
                });
            }
        });
        let _inside = scope.enter();
        for key in 0..KEYS {
            let truth = at(&TRUTH, key).load(Ordering::SeqCst);
            assert_eq!((small(key).version, lru(key).version, alone(key).version), (truth, truth, truth));
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
