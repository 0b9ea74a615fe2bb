//! A child of `fork` has the entries of its parent and works as any process does, whatever its parent's threads were
//! in the midst of. It is a program of its own, because its threads are everywhere.

#![allow(
    clippy::elidable_lifetime_names,
    clippy::items_after_statements,
    clippy::many_single_char_names,
    clippy::needless_lifetimes,
    clippy::similar_names,
    clippy::trivially_copy_pass_by_ref,
    reason = "functions as people write them"
)]
#![cfg(all(unix, not(miri)))]

use std::collections::HashSet;
use std::io::Read;
use std::os::fd::FromRawFd;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use cache_core::{Memo, Peek, TimedOut, memoize, registry, tag};
use futures::executor::block_on;

/// Longer than a child takes on the slowest machine; only what hangs takes so long.
const HANG: Duration = Duration::from_secs(40);

#[memoize(capacity = 300, ttl = 3600, tags = ["fork", format!("fork:{}", n % 7)])]
fn square(n: u64) -> u64 {
    n * n
}

#[memoize(capacity = 50, policy = Lru, tags = ["fork:lru"])]
fn cube(n: u64) -> u64 {
    n * n * n
}

#[memoize(inherit_tags, ttl = "1ms", stale_while_revalidate = "1h")]
fn sum(n: u64) -> u64 {
    square(n) + square(n + 1)
}

/// Known to children only.
#[memoize]
fn of_a_child(n: u64) -> u64 {
    n + 1
}

#[memoize]
fn of_a_type<const N: u64>(n: u64) -> u64 {
    n + N
}

#[derive(Debug)]
struct Late;

impl From<TimedOut> for Late {
    fn from(_: TimedOut) -> Self {
        Self
    }
}

/// Who asks for 0 waits for ever.
#[memoize(timeout = "20ms")]
async fn answer(n: u64) -> Result<u64, Late> {
    if n == 0 {
        std::future::pending::<()>().await;
    }
    Ok(n)
}

#[memoize(timeout = "40s")]
async fn answer_in_time(n: u64) -> Result<u64, Late> {
    Ok(n)
}

/// Slow enough that others wait for it.
#[memoize(ttl = "1ms")]
fn slow(n: u64) -> u64 {
    thread::sleep(Duration::from_micros(300));
    n
}

#[derive(Default)]
struct Holder {
    memo: Memo<u64>,
}

#[memoize]
impl Holder {
    #[memoize(memo = self.memo, tags = ["fork:field"])]
    fn twice(&self, n: u64) -> u64 {
        2 * n
    }
}

static SHARED: std::sync::LazyLock<Holder> = std::sync::LazyLock::new(Holder::default);

/// One at a time: each has the process for itself.
static ONE: Mutex<()> = Mutex::new(());

/// What threads of the parent do all the time.
fn be_busy(with: u64, stop: &AtomicBool) {
    let mut n = with;
    while !stop.load(Ordering::Relaxed) {
        n = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let key = (n >> 33) % 500;
        match (n >> 50) % 19 {
            0 => done(tag("fork").invalidate()),
            1 => done(tag(format!("fork:{}", key % 7)).invalidate().count()),
            2 => done(square::memo().clear()),
            3 => done(square::memo().invalidate_matching("*1)")),
            4 => done(square::memo().invalidate_if(|_, value| value % 3 == 0)),
            5 => done(square::entry(key).update(|value| value)),
            6 => done(square::entry(key).insert(key * key)),
            7 => done(sum::entry(key % 20).prefetch()),
            8 => done(block_on(answer(key % 3))),
            9 => done(block_on(answer::entry(key).prefetch())),
            10 => done(Holder::default().twice(key)),
            11 => square::memo().set_capacity(200 + usize::try_from(key).unwrap() % 100).unwrap(),
            12 => done((square::memo().sweep(), square::memo().stats(), registry().memos())),
            13 => (0..20).for_each(|n| done((SHARED.twice(n), slow(n % 2)))),
            14 => done((tag("fork").keys(), cube::memo().keys())),
            _ => (0..30).for_each(|n| done((square(key + n), cube(key + n), sum(n)))),
        }
    }
}

/// What a child does; the parent is told of each step that has begun.
fn steps(full: bool, mut begins: impl FnMut(u8)) -> bool {
    begins(1);
    let calls = (0..300).all(|n| square(n) == n * n && cube(n) == n * n * n && SHARED.twice(n) == 2 * n);
    begins(2);
    let again = (0..20).all(|n| slow(n % 2) == n % 2 && sum(n) == n * n + (n + 1) * (n + 1));
    begins(3);
    // Of a key that nothing in the background is computed from.
    let entry = || square::entry(299);
    let written = entry().insert(7) && square(299) == 7 && entry().update(|v| v + 1) == Some(8);
    begins(4);
    tag("fork:5").invalidate();
    let by_tag = square(299) == 299 * 299 && tag("fork").invalidate().count() > 0 && entry().get().is_none();
    begins(5);
    (0..100).for_each(|n| done(square(n)));
    let by_judgement = square::memo().invalidate_matching("*square(3)").count() == 1
        && square::memo().invalidate_if(|_, v| *v == 16).count() == 1;
    square::memo().set_capacity(10).unwrap();
    let bounded = square::memo().len() <= 10 && square::memo().clear().count() <= 10;
    begins(6);
    let first_use = of_a_child(1) == 2
        && of_a_type::<3>(1) == 4
        && of_a_child(1) == 2
        && of_a_child::memo().stats().hits == 1;
    let fields = {
        let holder = Holder::default();
        holder.memo.set_capacity(3).unwrap();
        holder.twice(4) == 8 && holder.memo.len() == 1
    };
    begins(7);
    let answers = block_on(answer_in_time(5)).is_ok_and(|n| n == 5);
    let mut all =
        calls && again && written && by_tag && by_judgement && bounded && first_use && fields && answers;
    if !full {
        return all;
    }
    begins(8);
    all &= block_on(answer(0)).is_err();
    begins(9);
    // The pool is there as well.
    let deadline = Instant::now() + HANG;
    sum::memo().clear();
    sum::entry(30).prefetch();
    while matches!(sum::entry(30).peek(), Peek::Absent) {
        all &= Instant::now() < deadline;
        thread::sleep(Duration::from_millis(1));
    }
    begins(10);
    // And the clock.
    slow(1);
    thread::sleep(Duration::from_millis(20));
    all &= slow::entry(1).get().is_none();
    begins(11);
    let stop = Arc::new(AtomicBool::new(false));
    let busy: Vec<_> = (0..3)
        .map(|with| {
            let stop = stop.clone();
            thread::spawn(move || be_busy(with, &stop))
        })
        .collect();
    thread::sleep(Duration::from_millis(20));
    stop.store(true, Ordering::Relaxed);
    all & busy.into_iter().all(|thread| thread.join().is_ok())
}

/// Runs something in a child. `Err` is what went wrong.
fn in_a_child(run: impl FnOnce(&mut dyn FnMut(u8)) -> bool) -> Result<(), String> {
    let mut pipe = [0; 2];
    // SAFETY: there is room for the two ends.
    assert_eq!(unsafe { libc::pipe(pipe.as_mut_ptr()) }, 0);
    // SAFETY: that a child may go on is what is tested; it ends without a return.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let mut tell = |step: u8| {
            // SAFETY: the byte is there.
            unsafe { libc::write(pipe[1], (&raw const step).cast(), 1) };
        };
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(&mut tell)));
        // SAFETY: it has no arguments that matter.
        unsafe {
            libc::_exit(match done {
                Ok(true) => 0,
                Ok(false) => 1,
                Err(_) => 2,
            })
        };
    }
    assert!(child > 0, "cannot fork");
    // SAFETY: this end is the child's.
    unsafe { libc::close(pipe[1]) };
    let (mut status, begin) = (0, Instant::now());
    // SAFETY: it is our child, and the status is ours.
    while unsafe { libc::waitpid(child, &raw mut status, libc::WNOHANG) } == 0 {
        if begin.elapsed() > HANG {
            // SAFETY: as above.
            unsafe { (libc::kill(child, libc::SIGKILL), libc::waitpid(child, &raw mut status, 0)) };
        }
        thread::sleep(Duration::from_micros(500));
    }
    let mut told = Vec::new();
    // SAFETY: nobody else has this end.
    let _ = unsafe { std::fs::File::from_raw_fd(pipe[0]) }.read_to_end(&mut told);
    if libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0 {
        return Ok(());
    }
    let what = if libc::WIFSIGNALED(status) { "hung" } else { "went wrong" };
    Err(format!("{what} in step {:?}, status {status}", told.last()))
}

/// What comes of a verb does not matter.
fn done<T>(_: T) {}

fn one() -> std::sync::MutexGuard<'static, ()> {
    ONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[test]
fn children_of_a_busy_process_do_everything() {
    let _one = one();
    let stop = Arc::new(AtomicBool::new(false));
    let busy: Vec<_> = (0..6)
        .map(|with| {
            let stop = stop.clone();
            thread::spawn(move || be_busy(with, &stop))
        })
        .collect();
    let mut wrong = HashSet::new();
    for child in 0..200 {
        if let Err(what) = in_a_child(|tell| steps(child % 4 == 0, tell)) {
            wrong.insert(what);
            if wrong.len() > 2 {
                break;
            }
        }
    }
    stop.store(true, Ordering::Relaxed);
    // The parent goes on as well.
    for thread in busy {
        thread.join().unwrap();
    }
    assert!(wrong.is_empty(), "{wrong:?}");
    square::memo().set_capacity(300).unwrap();
    assert!(steps(true, |_| ()));
}

#[test]
fn a_child_has_the_entries_of_its_parent() {
    static BODIES: AtomicU64 = AtomicU64::new(0);
    #[memoize(ttl = 3600, tags = ["fork:kept"])]
    fn kept(n: u64) -> u64 {
        BODIES.fetch_add(1, Ordering::Relaxed);
        n
    }
    let _one = one();
    (0..100).for_each(|n| done(kept(n)));
    in_a_child(|_| {
        let hits = (0..100).all(|n| kept(n) == n) && BODIES.load(Ordering::Relaxed) == 100;
        // What the child drops is its own.
        hits && tag("fork:kept").invalidate().count() == 100
    })
    .unwrap();
    assert_eq!(kept::memo().len(), 100);
}

/// What another thread computes never ends in the child: it computes for itself, and at once.
#[test]
fn a_child_does_not_wait_for_what_threads_of_its_parent_compute() {
    static GATE: tests::Latch = tests::Latch::new();
    static BEGUN: tests::Latch = tests::Latch::new();
    static IN_CHILD: AtomicBool = AtomicBool::new(false);
    fn wait() {
        if !IN_CHILD.load(Ordering::Relaxed) {
            BEGUN.open();
            GATE.wait();
        }
    }
    #[memoize(max_wait = "1h")]
    fn waits(n: u64) -> u64 {
        wait();
        n
    }
    #[memoize(max_wait = "1h")]
    async fn waits_as_a_task(n: u64) -> u64 {
        wait();
        n
    }
    #[memoize(ttl = "1ms", stale_while_revalidate = "1h")]
    fn renewed(n: u64) -> u64 {
        static CALLS: AtomicU64 = AtomicU64::new(0);
        let calls = CALLS.fetch_add(1, Ordering::Relaxed);
        if calls > 0 {
            wait();
        }
        n + calls
    }
    let _one = one();
    let thread = thread::spawn(|| (waits(1), block_on(waits_as_a_task(1))));
    let task = thread::spawn(|| block_on(waits_as_a_task(2)));
    BEGUN.wait();
    renewed(0);
    thread::sleep(Duration::from_millis(10));
    assert_eq!(renewed(0), 0, "the old value, while another is computed in the background");
    in_a_child(|tell| {
        IN_CHILD.store(true, Ordering::Relaxed);
        tell(1);
        let waited = waits(1) == 1 && waits::memo().len() == 1;
        tell(2);
        let waited = waited && block_on(waits_as_a_task(1)) == 1 && block_on(waits_as_a_task(2)) == 2;
        tell(3);
        // It is begun once more.
        let deadline = Instant::now() + HANG;
        while renewed(0) == 0 {
            if Instant::now() > deadline {
                return false;
            }
            thread::sleep(Duration::from_millis(1));
        }
        waited
    })
    .unwrap();
    GATE.open();
    assert_eq!((thread.join().unwrap(), task.join().unwrap()), ((1, 1), 2));
}

/// The thread that forks goes on in both.
#[test]
fn a_body_or_hook_may_fork() {
    static FORKS: AtomicBool = AtomicBool::new(false);
    /// Whether this is the child.
    fn forks() -> bool {
        // SAFETY: the child ends in the test.
        FORKS.swap(false, Ordering::Relaxed) && unsafe { libc::fork() } == 0
    }
    static IS_CHILD: AtomicBool = AtomicBool::new(false);
    fn fork_here() {
        if forks() {
            IS_CHILD.store(true, Ordering::Relaxed);
        }
    }
    #[memoize(on_evict = |_key, _value, _cause| fork_here(), capacity = 100)]
    fn forking(n: u64) -> u64 {
        fork_here();
        n
    }
    let _one = one();
    let acts: [fn(); 5] = [
        || done(forking(1)),
        || {
            done(forking::entry(2).update(|v| {
                fork_here();
                v + 1
            }));
        },
        || {
            done(forking::memo().invalidate_if(|_, _| {
                fork_here();
                true
            }));
        },
        || done(forking::entry(3).invalidate()),
        || done(forking::memo().clear()),
    ];
    for act in acts {
        (2..10).for_each(|n| done(forking(n)));
        in_a_child(|tell| {
            // The child of a child: it has forked within the act.
            FORKS.store(true, Ordering::Relaxed);
            tell(1);
            act();
            tell(2);
            let works = (0..50).all(|n| {
                let first = forking(n);
                forking(n) == first
            });
            forking::entry(1).insert(5);
            let works = works && forking(1) == 5 && forking::memo().clear().count() > 0;
            if IS_CHILD.load(Ordering::Relaxed) {
                tell(3);
                return works;
            }
            let mut status = 1;
            // SAFETY: the status is ours.
            let waited = unsafe { libc::wait(&raw mut status) };
            works && waited > 0 && status == 0
        })
        .unwrap();
        forking::memo().clear();
    }
}

/// A store in memory is whole in the child, whatever threads of the parent were doing. One on disk refuses there, and
/// the parent's goes on.
#[test]
fn a_child_has_the_memory_stores_of_its_parent_and_leaves_disk_stores_alone() {
    use cache_core::store::{DiskStore, MemoryStore, Store, StoreErrorKind, Write};
    let _one = one();
    let path = std::env::temp_dir().join(format!("cache-core-fork-{}.redb", std::process::id()));
    let (memory, disk) = (MemoryStore::with_capacity(100_000), DiskStore::open(&path).unwrap());
    let put = |key: u64| [Write::put(key.to_string().into(), "value".into(), None)];
    let stop = AtomicBool::new(false);
    let works = |store: &dyn Store, key: u64| {
        let found =
            block_on(store.write(&put(key))).and_then(|_| block_on(store.read(&[key.to_string().into()])));
        found.is_ok_and(|found| found[0].is_some())
    };
    let results = thread::scope(|scope| {
        for with in 0..4 {
            let (stop, memory, disk) = (&stop, &memory, &disk);
            scope.spawn(move || {
                let mut n = with;
                while !stop.load(Ordering::Relaxed) {
                    n += 4;
                    assert!(works(memory, n % 2000) && works(disk, n % 50));
                }
            });
        }
        let child = || {
            let kind = |answer: Result<(), StoreErrorKind>| answer == Err(StoreErrorKind::Unavailable);
            (0..300).all(|key| works(&memory, key))
                && kind(block_on(disk.read(&["1".into()])).map(done).map_err(|error| error.kind()))
                && kind(block_on(disk.write(&put(1))).map(done).map_err(|error| error.kind()))
                && kind(block_on(disk.close()).map_err(|error| error.kind()))
        };
        let results: Vec<_> = (0..50).map(|_| in_a_child(|_| child())).collect();
        stop.store(true, Ordering::Relaxed);
        results
    });
    assert_eq!(results, vec![Ok(()); 50]);
    assert!(works(&disk, 1), "the parent's goes on");
    drop(disk);
    let again = DiskStore::open(&path).unwrap();
    assert!(works(&again, 2));
    drop(again);
    std::fs::remove_file(path).unwrap();
}
