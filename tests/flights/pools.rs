//! Threads of the background that wait for what the background has yet to begin.
//!
//! Time stands still in each of these: nobody is let go by `max_wait` and no limit ends a wait, so whoever waits
//! in vain hangs.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use cache_core::testing::Scope;
use cache_core::{Executor, Task, TimedOut, memoize};
use tests::{Count, Gate, no_hang, now, secs, wait_until};

/// More than there are threads in the pool.
const MANY: u64 = 20;

#[derive(Clone, Debug, PartialEq)]
struct Late;

impl From<TimedOut> for Late {
    fn from(_: TimedOut) -> Self {
        Self
    }
}

type Work = Box<dyn FnOnce() + Send>;

/// So many threads of the user's, for functions that are not asynchronous.
struct Threads(Sender<Work>);

impl Threads {
    fn new(count: usize) -> Self {
        let (send, receive) = channel::<Work>();
        let receive: Arc<Mutex<Receiver<Work>>> = Arc::new(Mutex::new(receive));
        for _ in 0..count {
            let receive = receive.clone();
            let next = move || receive.lock().unwrap().recv().ok();
            thread::spawn(move || std::iter::from_fn(next).for_each(|work| work()));
        }
        Self(send)
    }
}

impl Executor for Threads {
    fn spawn(&self, task: Task) {
        drop(task);
    }
    fn spawn_blocking(&self, work: Work) {
        let _ = self.0.send(work);
    }
}

/// Keeps bodies from going on until all is handed in. It can be closed again.
#[derive(Default)]
struct Door(Mutex<bool>, Condvar);

impl Door {
    const fn new() -> Self {
        Self(Mutex::new(false), Condvar::new())
    }
    fn set(&self, open: bool) {
        *self.0.lock().unwrap() = open;
        self.1.notify_all();
    }
    fn pass(&self) {
        drop(self.1.wait_while(self.0.lock().unwrap(), |open| !*open).unwrap());
    }
}

/// Runs a scenario in a scope of its own for each background there may be: the pool, and executors of one thread
/// and of two. One at a time, since the pool is the process's.
fn in_each_background(scenario: fn(&Scope)) {
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    for threads in [0, 1, 2] {
        no_hang(move || {
            let scope = Scope::new();
            let _inside = scope.enter();
            if threads > 0 {
                cache_core::set_executor(Threads::new(threads)).unwrap();
            }
            scenario(&scope);
        });
    }
}

/// Calls on threads of their own, within the scope.
fn there<T: Send + 'static>(
    scope: &Scope,
    call: impl Fn(u64) -> T + Copy + Send + 'static,
) -> Vec<JoinHandle<T>> {
    let call = |n| {
        let scope = scope.clone();
        thread::spawn(move || {
            let _inside = scope.enter();
            call(n)
        })
    };
    (0..MANY).map(call).collect()
}

fn join<T>(threads: Vec<JoinHandle<T>>) -> Vec<T> {
    threads.into_iter().map(|thread| thread.join().unwrap()).collect()
}

/// Nothing is there yet.
fn ahead(found: Option<u64>) {
    assert_eq!(found, None);
}

/// What is true of each argument.
fn each<T>(result: impl Fn(u64) -> T) -> Vec<T> {
    (0..MANY).map(result).collect()
}

#[test]
fn what_is_prefetched_may_need_what_is_prefetched_after_it() {
    static DOOR: Door = Door::new();
    #[memoize]
    fn item(n: u64) -> u64 {
        n
    }
    #[memoize]
    fn page(n: u64) -> u64 {
        DOOR.pass();
        item(n) + 1
    }
    in_each_background(|_| {
        DOOR.set(false);
        (0..MANY).for_each(|n| ahead(page::entry(n).prefetch()));
        (0..MANY).for_each(|n| ahead(item::entry(n).prefetch()));
        DOOR.set(true);
        wait_until(|| page::memo().stats().stores == MANY);
        let stats = [page::memo().stats(), item::memo().stats()];
        assert!(stats.iter().all(|stats| (stats.stores, stats.in_place) == (MANY, 0)), "{stats:?}");
    });
}

#[test]
fn a_chain_of_what_is_prefetched_ends() {
    static DOOR: Door = Door::new();
    #[memoize]
    fn price(n: u64) -> u64 {
        n
    }
    #[memoize]
    fn item(n: u64) -> u64 {
        price(n) + 1
    }
    #[memoize]
    fn page(n: u64) -> u64 {
        DOOR.pass();
        item(n) + 1
    }
    in_each_background(|_| {
        DOOR.set(false);
        (0..MANY).for_each(|n| ahead(page::entry(n).prefetch()));
        (0..MANY).for_each(|n| ahead(item::entry(n).prefetch()));
        (0..MANY).for_each(|n| ahead(price::entry(n).prefetch()));
        DOOR.set(true);
        wait_until(|| page::memo().stats().stores == MANY);
        let stats = [page::memo().stats(), item::memo().stats(), price::memo().stats()];
        assert!(stats.iter().all(|stats| (stats.stores, stats.in_place) == (MANY, 0)), "{stats:?}");
    });
}

/// A call with a limit is computed in the background, too, and may not be computed by its caller.
#[test]
fn calls_with_limits_may_need_others_that_come_after_them() {
    static DOOR: Door = Door::new();
    static BEGUN: Count = Count::new();
    #[memoize(timeout = "1s")]
    fn row(n: u64) -> Result<u64, Late> {
        Ok(n)
    }
    #[memoize(timeout = "1s")]
    fn report(n: u64) -> Result<u64, Late> {
        BEGUN.add();
        DOOR.pass();
        Ok(row(n)? + 1)
    }
    in_each_background(|scope| {
        DOOR.set(false);
        BEGUN.set(0);
        let reports = there(scope, report);
        wait_until(|| BEGUN.get() >= 1);
        let rows = there(scope, row);
        wait_until(|| row::memo().stats().misses == MANY);
        DOOR.set(true);
        assert_eq!(join(reports), each(|n| Ok(n + 1)));
        assert_eq!(join(rows), each(Ok));
        assert_eq!((report::memo().stats().stores, row::memo().stats().stores), (MANY, MANY));
    });
}

#[test]
fn calls_that_would_rather_return_an_old_value_may_need_others() {
    static DOOR: Door = Door::new();
    static BEGUN: Count = Count::new();
    #[memoize(ttl = 10, stale_if_error = "1h", soft_timeout = "1s")]
    fn row(n: u64) -> u64 {
        n
    }
    #[memoize(ttl = 10, stale_if_error = "1h", soft_timeout = "1s")]
    fn report(n: u64) -> u64 {
        BEGUN.add();
        DOOR.pass();
        row(n) + 1
    }
    in_each_background(|scope| {
        DOOR.set(true);
        assert_eq!(each(report), each(|n| n + 1));
        scope.advance(secs(10));
        DOOR.set(false);
        BEGUN.set(0);
        let reports = there(scope, report);
        wait_until(|| BEGUN.get() >= 1);
        let rows = there(scope, row);
        wait_until(|| row::memo().stats().misses == 2 * MANY);
        DOOR.set(true);
        assert_eq!((join(reports), join(rows)), (each(|n| n + 1), each(|n| n)));
        let stats = [report::memo().stats(), row::memo().stats()];
        assert!(stats.iter().all(|stats| (stats.stores, stats.fallbacks) == (2 * MANY, 0)), "{stats:?}");
    });
}

#[test]
fn calls_of_the_origin_may_need_others() {
    static DOOR: Door = Door::new();
    static BEGUN: Count = Count::new();
    #[memoize(origin_first, fallback_after = "1s")]
    fn row(n: u64) -> u64 {
        n
    }
    #[memoize(origin_first, fallback_after = "1s")]
    fn report(n: u64) -> u64 {
        BEGUN.add();
        DOOR.pass();
        row(n) + 1
    }
    in_each_background(|scope| {
        DOOR.set(true);
        assert_eq!(each(report), each(|n| n + 1));
        DOOR.set(false);
        BEGUN.set(0);
        let begun = row::memo().stats().refreshes;
        let reports = there(scope, report);
        wait_until(|| BEGUN.get() >= 1);
        let rows = there(scope, row);
        wait_until(|| row::memo().stats().refreshes == begun + MANY);
        DOOR.set(true);
        assert_eq!((join(reports), join(rows)), (each(|n| n + 1), each(|n| n)));
        assert_eq!((report::memo().stats().fallbacks, row::memo().stats().fallbacks), (0, 0));
    });
}

#[test]
fn what_is_refreshed_ahead_may_need_what_is_refreshed_after_it() {
    static DOOR: Door = Door::new();
    #[memoize(ttl = 20, refresh_ahead = "5s")]
    fn item(n: u64) -> u64 {
        n
    }
    #[memoize(ttl = 100, refresh_ahead = "5s")]
    fn page(n: u64) -> u64 {
        DOOR.pass();
        item(n) + 1
    }
    in_each_background(|scope| {
        DOOR.set(true);
        assert_eq!(each(page), each(|n| n + 1));
        scope.advance(secs(10));
        DOOR.set(false);
        assert_eq!((each(page), each(item)), (each(|n| n + 1), each(|n| n)));
        // By now the old ones are of no use to the pages.
        scope.advance(secs(10));
        DOOR.set(true);
        wait_until(|| page::memo().stats().stores == 2 * MANY);
        assert_eq!(item::memo().stats().stores, 2 * MANY);
        assert_eq!((page::memo().stats().in_place, item::memo().stats().in_place), (0, 0));
    });
}

#[test]
fn what_is_revalidated_may_need_what_is_revalidated_after_it() {
    static DOOR: Door = Door::new();
    #[memoize(ttl = 10, stale_while_revalidate = "5s")]
    fn item(n: u64) -> u64 {
        n
    }
    #[memoize(ttl = 10, stale_while_revalidate = "1h")]
    fn page(n: u64) -> u64 {
        DOOR.pass();
        item(n) + 1
    }
    in_each_background(|scope| {
        DOOR.set(true);
        assert_eq!(each(page), each(|n| n + 1));
        scope.advance(secs(12));
        DOOR.set(false);
        assert_eq!((each(page), each(item)), (each(|n| n + 1), each(|n| n)));
        scope.advance(secs(10));
        DOOR.set(true);
        wait_until(|| page::memo().stats().stores == 2 * MANY);
        assert_eq!(item::memo().stats().stores, 2 * MANY);
        assert_eq!((page::memo().stats().in_place, item::memo().stats().in_place), (0, 0));
    });
}

/// The threads of the pool wait for a caller that waits for the pool itself, and must return in time.
#[test]
fn the_pool_goes_on_though_all_its_threads_wait_for_callers() {
    static DOOR: Door = Door::new();
    static BEGUN: Count = Count::new();
    #[memoize(timeout = "1s")]
    fn row(n: u64) -> Result<u64, Late> {
        Ok(n)
    }
    #[memoize]
    fn page(n: u64) -> Result<u64, Late> {
        BEGUN.add();
        DOOR.pass();
        Ok(row(n)? + 1)
    }
    #[memoize(timeout = "1s")]
    fn report(n: u64) -> Result<u64, Late> {
        Ok(page(n)? + 1)
    }
    no_hang(|| {
        let scope = Scope::new();
        let _inside = scope.enter();
        let pages = there(&scope, page);
        wait_until(|| BEGUN.get() == 20);
        let reports = there(&scope, report);
        // Some wait for pages, the others for those.
        wait_until(|| page::memo().stats().waits >= 2 && report::memo().stats().misses == MANY);
        DOOR.set(true);
        assert_eq!(join(pages), each(|n| Ok(n + 1)));
        assert_eq!(join(reports), each(|n| Ok(n + 2)));
        assert_eq!(page::memo().stats().in_place, 0);
    });
}

/// A body on the one thread of an executor waits for a call of its own that it has handed to that.
#[test]
fn a_thread_that_is_to_compute_its_own_call_does() {
    #[memoize(timeout = "1s")]
    fn sum(n: u64) -> Result<u64, Late> {
        if n == 0 { Ok(0) } else { Ok(n + sum(n - 1)?) }
    }
    in_each_background(|_| {
        assert_eq!(sum(100), Ok(5_050));
        assert_eq!(sum::memo().len(), 101);
    });
}

/// A caller that may take its time need not wait for the background, whatever that does.
#[test]
fn a_caller_without_a_limit_computes_what_nobody_has_begun() {
    static RUNS: Count = Count::new();
    #[memoize]
    fn run(n: u64) -> (u64, thread::ThreadId) {
        RUNS.add();
        (n, thread::current().id())
    }
    let scope = Scope::new();
    let _inside = scope.enter();
    let jobs = scope.hold_background().unwrap();
    assert_eq!(run::entry(1).prefetch(), None);
    assert_eq!(run(1), (1, thread::current().id()));
    assert_eq!((jobs.run(), RUNS.get(), run::memo().stats().stores), (1, 1, 1));
}

#[test]
fn a_caller_with_a_limit_computes_nothing_itself() {
    #[memoize(timeout = "1s")]
    fn run(_n: u64) -> Result<thread::ThreadId, Late> {
        Ok(thread::current().id())
    }
    no_hang(|| {
        let scope = Scope::new();
        let _inside = scope.enter();
        let jobs = scope.hold_background().unwrap();
        assert_eq!(run::entry(1).prefetch(), None);
        let calls = [1, 2].map(|n| {
            let scope = scope.clone();
            thread::spawn(move || {
                let _inside = scope.enter();
                run(n)
            })
        });
        wait_until(|| run::memo().stats().misses == 3 && jobs.len() == 2);
        jobs.run();
        for call in calls {
            assert_eq!(call.join().unwrap(), Ok(thread::current().id()));
        }
        // It has waited as long as it wanted to, and nobody has begun it.
        let late = {
            let scope = scope.clone();
            thread::spawn(move || {
                let _inside = scope.enter();
                run(3)
            })
        };
        wait_until(|| jobs.len() == 1);
        scope.advance(secs(1));
        assert_eq!(late.join().unwrap(), Err(Late));
        assert_eq!((jobs.run(), run::memo().len()), (1, 3));
    });
}

#[test]
fn what_a_waiter_has_begun_and_panics_is_a_panic_of_nobody() {
    static RUNS: Count = Count::new();
    #[memoize]
    fn run() -> usize {
        let runs = RUNS.add();
        if runs == 0 {
            std::panic::resume_unwind(Box::new("at first"));
        }
        runs
    }
    let scope = Scope::new();
    let _inside = scope.enter();
    let jobs = scope.hold_background().unwrap();
    assert_eq!(run::entry().prefetch(), None);
    assert_eq!(run(), 1);
    assert_eq!((jobs.run(), RUNS.get(), run::memo().stats().panics), (1, 2, 1));
}

#[test]
fn what_is_dropped_before_it_is_begun_is_computed_by_who_waits() {
    #[memoize(timeout = "1s")]
    fn row(n: u64) -> Result<u64, Late> {
        Ok(n)
    }
    #[memoize]
    fn item(n: u64) -> u64 {
        n
    }
    no_hang(|| {
        let scope = Scope::new();
        let _inside = scope.enter();
        let jobs = scope.hold_background().unwrap();
        assert_eq!((row::entry(1).prefetch(), item::entry(1).prefetch()), (None, None));
        assert_eq!(jobs.refuse(), 2);
        assert_eq!(item(1), 1);
        let rows = there(&scope, |_| row(1));
        wait_until(|| row::memo().stats().misses == MANY + 1 && jobs.len() == 1);
        assert_eq!(jobs.refuse(), 1);
        assert_eq!(join(rows), each(|_| Ok(1)));
        let cancelled = [row::memo().stats().cancelled, item::memo().stats().cancelled];
        assert_eq!(cancelled, [1, 1]);
    });
}

/// Tasks of the pool hold no thread while they wait.
#[test]
fn tasks_that_are_prefetched_may_need_those_that_are_prefetched_after_them() {
    static GATE: Gate = Gate::new();
    #[memoize]
    async fn price(n: u64) -> u64 {
        n
    }
    #[memoize]
    async fn item(n: u64) -> u64 {
        GATE.pass().await;
        price(n).await + 1
    }
    #[memoize]
    async fn page(n: u64) -> u64 {
        GATE.pass().await;
        item(n).await + 1
    }
    no_hang(|| {
        let scope = Scope::new();
        let _inside = scope.enter();
        (0..MANY).for_each(|n| ahead(now(page::entry(n).prefetch())));
        (0..MANY).for_each(|n| ahead(now(item::entry(n).prefetch())));
        (0..MANY).for_each(|n| ahead(now(price::entry(n).prefetch())));
        GATE.open();
        wait_until(|| page::memo().stats().stores == MANY);
        let stats = [page::memo().stats(), item::memo().stats(), price::memo().stats()];
        assert!(stats.iter().all(|stats| (stats.stores, stats.in_place) == (MANY, 0)), "{stats:?}");
    });
}

#[test]
fn a_task_that_is_never_ready_holds_no_thread() {
    static STARTED: Count = Count::new();
    static NEVER: Gate = Gate::new();
    #[memoize]
    async fn stuck(_n: u64) -> u64 {
        STARTED.add();
        NEVER.pass().await;
        0
    }
    #[memoize]
    fn run(n: u64) -> u64 {
        n
    }
    no_hang(|| {
        let scope = Scope::new();
        let _inside = scope.enter();
        (0..MANY).for_each(|n| ahead(now(stuck::entry(n).prefetch())));
        wait_until(|| STARTED.get() == 20);
        assert_eq!(run::entry(1).prefetch(), None);
        wait_until(|| run::memo().len() == 1);
        NEVER.open();
        wait_until(|| stuck::memo().len() == 20);
    });
}

#[test]
fn what_a_test_has_done_may_need_what_comes_after_it() {
    #[memoize]
    fn item(n: u64) -> u64 {
        n
    }
    #[memoize]
    fn page(n: u64) -> u64 {
        item(n) + 1
    }
    #[memoize]
    async fn item_task(n: u64) -> u64 {
        n
    }
    #[memoize]
    async fn page_task(n: u64) -> u64 {
        item_task(n).await + 1
    }
    no_hang(|| {
        let scope = Scope::new();
        let _inside = scope.enter();
        let jobs = scope.hold_background().unwrap();
        assert_eq!((page::entry(1).prefetch(), now(page_task::entry(1).prefetch())), (None, None));
        assert_eq!((item::entry(1).prefetch(), now(item_task::entry(1).prefetch())), (None, None));
        assert_eq!(jobs.run(), 4);
        assert_eq!((page::entry(1).get(), now(page_task::entry(1).get())), (Some(2), Some(2)));
        assert_eq!((item::memo().stats().stores, item_task::memo().stats().stores), (1, 1));
    });
}
