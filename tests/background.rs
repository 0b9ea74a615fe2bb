//! `prefetch`, `placeholder`, executors, `update` and `on_error`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use cache_core::testing::Scope;
use cache_core::{Executor, ExecutorIsSet, Task, Ttl, memoize, set_enabled, set_executor, tag};
use futures::executor::block_on;
use futures::future::FutureExt as _;
use tests::{ByHand, Count, Latch, Queue, in_turn, no_hang, secs, wait_until, yields};

/// A scope with an executor that runs when it is told to.
fn with_queue() -> (Scope, Queue) {
    let (scope, queue) = (Scope::new(), Queue::default());
    let inside = scope.enter();
    set_executor(queue.clone()).unwrap();
    drop(inside);
    (scope, queue)
}

#[test]
fn prefetch_of_a_cold_key_gives_nothing_now_and_the_value_later() {
    static GO: Latch = Latch::new();
    static RUNS: Count = Count::new();
    #[memoize]
    fn load(name: &str) -> usize {
        GO.wait();
        RUNS.add();
        name.len()
    }

    no_hang(|| {
        for _ in 0..10 {
            assert_eq!(load::entry("tom").prefetch(), None);
        }
        assert_eq!(load::entry("tom").get(), None);
        let caller = thread::spawn(|| load("tom"));
        wait_until(|| load::memo().stats().waits == 1);
        GO.open();
        assert_eq!(caller.join().unwrap(), 3, "who calls meanwhile waits for it");
        assert_eq!(load::entry("tom").prefetch(), Some(3));
        let stats = load::memo().stats();
        assert_eq!((RUNS.get(), stats.stores, stats.hits), (1, 1, 1));
    });
}

#[test]
fn prefetch_of_an_asynchronous_function_goes_to_the_executor() {
    static RUNS: Count = Count::new();
    #[memoize]
    async fn owned(n: usize) -> usize {
        yields(2).await;
        RUNS.add();
        n
    }
    #[memoize]
    async fn borrowed(name: &str) -> usize {
        yields(2).await;
        RUNS.add();
        name.len()
    }

    let (scope, queue) = with_queue();
    let _inside = scope.enter();
    for _ in 0..10 {
        assert_eq!(owned::entry(3).prefetch().now_or_never(), Some(None));
        assert_eq!(borrowed::entry("tom").prefetch().now_or_never(), Some(None));
    }
    assert_eq!((queue.len(), RUNS.get()), (2, 0), "one for each key, and none has run in place");
    let mut callers = [ByHand::new(owned(3).boxed()), ByHand::new(borrowed("tom").boxed())];
    assert_eq!(in_turn(&mut callers), [None; 2]);
    queue.run();
    assert_eq!(in_turn(&mut callers), [Some(3); 2], "who calls meanwhile waits for it");
    assert_eq!(owned::entry(3).prefetch().now_or_never(), Some(Some(3)));
    assert_eq!(borrowed::entry("tom").prefetch().now_or_never(), Some(Some(3)));
    assert_eq!((queue.len(), RUNS.get()), (0, 2));
}

#[test]
fn prefetch_of_an_asynchronous_function_needs_no_executor() {
    #[memoize]
    async fn load(name: &str) -> usize {
        yields(2).await;
        name.len()
    }

    no_hang(|| {
        assert_eq!(block_on(load::entry("tom").prefetch()), None);
        wait_until(|| block_on(load::entry("tom").get()) == Some(3));
        // Nor does it in a task of a runtime.
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        assert_eq!(runtime.block_on(load::entry("whisker").prefetch()), None);
        wait_until(|| block_on(load::entry("whisker").get()) == Some(7));
    });
}

#[test]
fn prefetch_that_is_not_awaited_begins_nothing() {
    #[memoize]
    async fn load(n: usize) -> usize {
        n
    }

    let (scope, queue) = with_queue();
    let _inside = scope.enter();
    drop(load::entry(3).prefetch());
    assert_eq!((queue.len(), load::memo().stats().misses), (0, 0));
}

#[test]
fn what_is_switched_off_is_not_computed_ahead() {
    #[memoize]
    async fn load(n: usize) -> usize {
        n
    }

    let (scope, queue) = with_queue();
    let _inside = scope.enter();
    set_enabled(false);
    assert_eq!(load::entry(3).prefetch().now_or_never(), Some(None));
    assert!(queue.is_empty());
    set_enabled(true);
    assert_eq!(load::entry(3).prefetch().now_or_never(), Some(None));
    assert_eq!(queue.len(), 1);
}

#[test]
fn a_placeholder_is_returned_until_the_value_is_there() {
    static GO: Latch = Latch::new();
    static RUNS: Count = Count::new();
    #[memoize(placeholder = name.len() + 100)]
    fn load(name: &str) -> usize {
        GO.wait();
        RUNS.add();
        name.len()
    }

    no_hang(|| {
        for _ in 0..10 {
            assert_eq!(load("tom"), 103);
        }
        assert_eq!(load::entry("tom").get(), None, "it is not stored");
        GO.open();
        wait_until(|| load::entry("tom").get().is_some());
        assert_eq!(load("tom"), 3);
        assert_eq!(RUNS.get(), 1);
        assert_eq!(load::entry("whisker").refresh(), 7, "who asks for a computation gets its value");
    });
}

#[test]
fn a_placeholder_of_an_asynchronous_function_is_ready_at_once() {
    static RUNS: Count = Count::new();
    #[memoize(placeholder = "?".repeat(n))]
    async fn load(n: usize) -> Result<String, std::fmt::Error> {
        yields(2).await;
        RUNS.add();
        Ok("!".repeat(n))
    }

    let (scope, queue) = with_queue();
    let _inside = scope.enter();
    for _ in 0..10 {
        assert_eq!(load(3).now_or_never(), Some(Ok("???".to_owned())));
    }
    assert_eq!((queue.len(), load::memo().len()), (1, 0));
    queue.run();
    assert_eq!(load(3).now_or_never(), Some(Ok("!!!".to_owned())));
    assert_eq!(RUNS.get(), 1);
    load::entry(3).invalidate();
    assert_eq!(load(3).now_or_never(), Some(Ok("???".to_owned())));
}

/// Counts its copies.
struct Costly(&'static Count);

impl Clone for Costly {
    fn clone(&self) -> Self {
        self.0.add();
        Self(self.0)
    }
}

#[test]
fn arguments_are_owned_only_when_a_computation_begins() {
    static SYNC: Count = Count::new();
    static ASYNC: Count = Count::new();
    static STANDS: Count = Count::new();
    static GO: Latch = Latch::new();
    #[memoize(skip(costly))]
    fn load(n: usize, costly: &Costly) -> usize {
        let _ = costly;
        GO.wait();
        n
    }
    #[memoize(skip(costly))]
    async fn load_async(n: usize, costly: &Costly) -> usize {
        let _ = costly;
        n
    }
    #[memoize(skip(costly), placeholder = 0)]
    async fn load_stand(n: usize, costly: &Costly) -> usize {
        let _ = costly;
        n
    }

    let (scope, queue) = with_queue();
    let _inside = scope.enter();
    let costly = Costly(&SYNC);
    assert_eq!(load::entry(3, &costly).prefetch(), None);
    assert_eq!(load::entry(3, &costly).prefetch(), None);
    assert_eq!(SYNC.get(), 1, "once for the one computation");
    GO.open();
    assert_eq!(load(3, &costly), 3);
    assert_eq!(load::entry(3, &costly).prefetch(), Some(3));
    assert_eq!(load(4, &costly), 4);
    assert_eq!(SYNC.get(), 1);

    let costly = Costly(&ASYNC);
    assert_eq!(load_async(4, &costly).now_or_never(), Some(4));
    assert_eq!(load_async::entry(4, &costly).prefetch().now_or_never(), Some(Some(4)));
    assert_eq!(ASYNC.get(), 0);
    for _ in 0..2 {
        assert_eq!(load_async::entry(3, &costly).prefetch().now_or_never(), Some(None));
    }
    assert_eq!(ASYNC.get(), 1);

    let costly = Costly(&STANDS);
    for _ in 0..2 {
        assert_eq!(load_stand(3, &costly).now_or_never(), Some(0));
    }
    queue.run();
    assert_eq!(load_stand(3, &costly).now_or_never(), Some(3));
    assert_eq!(STANDS.get(), 1);
}

#[test]
fn a_panic_in_the_background_leaves_nothing() {
    static SYNC: Count = Count::new();
    static ASYNC: Count = Count::new();
    #[memoize]
    fn load(n: usize) -> usize {
        assert!(SYNC.add() > 0, "the first fails");
        n
    }
    #[memoize]
    async fn load_async(n: usize) -> usize {
        yields(1).await;
        assert!(ASYNC.add() > 0, "the first fails");
        n
    }

    no_hang(|| {
        assert_eq!(load::entry(3).prefetch(), None);
        wait_until(|| load::memo().stats().panics == 1);
        assert!(load::memo().is_empty());
        assert_eq!(load(3), 3);
        let stats = load::memo().stats();
        assert_eq!((stats.stores, stats.in_place), (1, 0));
    });

    let (scope, queue) = with_queue();
    let _inside = scope.enter();
    assert_eq!(load_async::entry(3).prefetch().now_or_never(), Some(None));
    let mut waiter = ByHand::new(load_async(3));
    assert_eq!(waiter.run(), None);
    // Whether the executor learns of it is not said.
    let _ = catch_unwind(AssertUnwindSafe(|| queue.run()));
    assert_eq!(load_async::memo().stats().panics, 1);
    assert_eq!(waiter.finish(), 3, "who waits for it computes");
    assert_eq!(load_async(3).now_or_never(), Some(3));
}

#[test]
fn an_error_in_the_background_leaves_nothing() {
    static SYNC: Count = Count::new();
    static ASYNC: Count = Count::new();
    static DONE: Count = Count::new();
    #[memoize(on_error = |_key, _error| { DONE.add(); })]
    fn load(n: usize) -> Result<usize, String> {
        if SYNC.add() == 0 { Err("no".to_owned()) } else { Ok(n) }
    }
    #[memoize(placeholder = 0)]
    async fn load_async(n: usize) -> Result<usize, String> {
        if ASYNC.add() == 0 { Err("no".to_owned()) } else { Ok(n) }
    }

    no_hang(|| {
        assert_eq!(load::entry(3).prefetch(), None);
        wait_until(|| DONE.get() == 1);
        assert!(load::memo().is_empty());
        assert_eq!(load(3), Ok(3));
    });

    let (scope, queue) = with_queue();
    let _inside = scope.enter();
    assert_eq!(load_async(3).now_or_never(), Some(Ok(0)));
    queue.run();
    assert_eq!((load_async::memo().stats().errors, load_async::memo().len()), (1, 0));
    assert_eq!(load_async(3).now_or_never(), Some(Ok(0)), "the placeholder again");
    queue.run();
    assert_eq!(load_async(3).now_or_never(), Some(Ok(3)));
}

#[test]
fn an_invalidation_overtakes_the_background() {
    #[memoize]
    async fn load(n: usize) -> usize {
        yields(1).await;
        n
    }

    let (scope, queue) = with_queue();
    let _inside = scope.enter();
    assert_eq!(load::entry(3).prefetch().now_or_never(), Some(None));
    load::entry(3).invalidate();
    assert_eq!(load::entry(3).prefetch().now_or_never(), Some(None));
    assert_eq!(queue.len(), 2, "what began before it does not count");
    queue.run();
    let stats = load::memo().stats();
    assert_eq!((stats.overtaken, stats.stores), (1, 1));
}

#[test]
fn an_executor_that_drops_its_work_disturbs_nobody() {
    struct Drops;
    impl Executor for Drops {
        fn spawn(&self, task: Task) {
            drop(task);
        }
        fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>) {
            drop(work);
        }
    }
    #[memoize]
    fn load(name: &str) -> usize {
        name.len()
    }
    #[memoize]
    async fn load_async(name: &str) -> usize {
        name.len()
    }

    no_hang(|| {
        let scope = Scope::new();
        let _inside = scope.enter();
        set_executor(Drops).unwrap();
        assert_eq!(load::entry("tom").prefetch(), None);
        assert_eq!(load("tom"), 3);
        assert_eq!(block_on(load_async::entry("tom").prefetch()), None);
        assert_eq!(block_on(load_async("tom")), 3);
        for stats in [load::memo().stats(), load_async::memo().stats()] {
            assert_eq!((stats.cancelled, stats.stores, stats.waits), (1, 1, 0));
        }
    });
}

#[test]
fn an_executor_may_take_work_that_blocks() {
    #[derive(Clone, Default)]
    struct Keeps(Arc<Mutex<Vec<Box<dyn FnOnce() + Send>>>>);
    impl Executor for Keeps {
        fn spawn(&self, _: Task) {
            unreachable!("no asynchronous function is called");
        }
        fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>) {
            self.0.lock().unwrap().push(work);
        }
    }
    #[memoize]
    fn load(name: &str) -> usize {
        name.len()
    }

    let scope = Scope::new();
    let keeps = Keeps::default();
    let inside = scope.enter();
    set_executor(keeps.clone()).unwrap();
    assert_eq!(load::entry("tom").prefetch(), None);
    drop(inside);
    let mut work = std::mem::take(&mut *keeps.0.lock().unwrap());
    assert_eq!(work.len(), 1);
    // It runs in the scope that it comes from, wherever that is.
    work.remove(0)();
    assert_eq!(load::entry("tom").get(), None);
    let _inside = scope.enter();
    assert_eq!(load::entry("tom").get(), Some(3));
}

#[test]
fn an_executor_is_set_once() {
    let (scope, queue) = with_queue();
    let _inside = scope.enter();
    assert_eq!(set_executor(Queue::default()), Err(ExecutorIsSet));
    assert_eq!(ExecutorIsSet.to_string(), "an executor was set before, and stays");
    #[memoize]
    async fn load(n: usize) -> usize {
        n
    }
    assert_eq!(load::entry(3).prefetch().now_or_never(), Some(None));
    assert_eq!(queue.len(), 1, "the first stays");
    let other = Scope::new();
    let _inside = other.enter();
    assert_eq!(set_executor(Queue::default()), Ok(()), "each scope has its own");
}

#[test]
fn updates_of_many_threads_are_all_there() {
    #[memoize]
    fn count(name: &str) -> usize {
        let _ = name;
        0
    }
    #[memoize]
    async fn count_async(name: &str) -> usize {
        let _ = name;
        0
    }

    no_hang(|| {
        assert_eq!((count("tom"), block_on(count_async("tom"))), (0, 0));
        thread::scope(|threads| {
            for _ in 0..8 {
                threads.spawn(|| {
                    for _ in 0..500 {
                        assert!(count::entry("tom").update(|n| n + 1).is_some());
                        assert!(block_on(count_async::entry("tom").update(|n| n + 1)).is_some());
                    }
                });
            }
        });
        assert_eq!((count("tom"), block_on(count_async("tom"))), (4_000, 4_000));
    });
}

#[test]
fn nothing_is_updated_that_is_not_there() {
    #[memoize(ttl = 10, err_ttl = 10, cache_if = |value| *value != 7)]
    fn load(n: usize) -> Result<usize, String> {
        if n == 0 { Err("none".to_owned()) } else { Ok(n) }
    }
    #[memoize]
    async fn load_async(n: usize) -> usize {
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let never = |_: usize| -> usize { unreachable!("there is nothing to change") };
    assert_eq!(load::entry(3).update(never), None, "never computed");
    assert_eq!(load_async::entry(3).update(never).now_or_never(), Some(None));
    load(0).unwrap_err();
    assert_eq!(load::memo().len(), 1);
    assert_eq!(load::entry(0).update(never), None, "an error is no value");
    load(3).unwrap();
    assert_eq!(load::entry(3).update(|n| n + 4), None, "7 is not to be kept");
    assert_eq!(load::entry(3).get(), Some(3), "then what was there stays");
    scope.advance(secs(11));
    assert_eq!(load::entry(3).update(never), None, "its time is up");
    assert_eq!(load::memo().stats().stores, 2);
}

#[test]
fn an_update_runs_again_when_a_write_comes_between() {
    #[memoize]
    fn load(n: usize) -> usize {
        n
    }
    #[memoize]
    async fn load_async(n: usize) -> usize {
        n
    }

    load(3);
    let mut seen = Vec::new();
    let updated = load::entry(3).update(|n| {
        seen.push(n);
        match seen.len() {
            1 => assert!(load::entry(3).insert(10)),
            2 => assert_eq!(load::entry(3).update(|n| n * 2), Some(20)),
            3 => assert_eq!(load::entry(3).refresh(), 3),
            _ => {}
        }
        n + 1
    });
    assert_eq!((updated, load(3)), (Some(4), 4));
    assert_eq!(seen, [3, 10, 20, 3]);

    block_on(load_async(3));
    let mut seen = Vec::new();
    let updated = block_on(load_async::entry(3).update(|n| {
        seen.push(n);
        if seen.len() == 1 {
            assert_eq!(load_async::entry(3).insert(10).now_or_never(), Some(true));
        }
        n + 1
    }));
    assert_eq!((updated, seen), (Some(11), vec![3, 10]));

    // An invalidation takes what there was to change.
    let mut runs = 0;
    let updated = load::entry(3).update(|n| {
        runs += 1;
        load::entry(3).invalidate();
        n + 1
    });
    assert_eq!((updated, runs, load::entry(3).get()), (None, 1, None));
}

#[test]
fn an_update_runs_again_when_a_computation_that_began_before_it_is_stored() {
    static RUNS: Count = Count::new();
    #[memoize]
    async fn load(n: usize) -> usize {
        let run = RUNS.add();
        yields(1).await;
        n + 10 * run
    }

    assert_eq!(ByHand::new(load(3)).finish(), 3);
    let mut refresh = ByHand::new(load::entry(3).refresh());
    assert_eq!(refresh.poll(), None);
    let (mut refresh, mut seen) = (Some(refresh), Vec::new());
    let updated = load::entry(3).update(|n| {
        seen.push(n);
        if let Some(refresh) = refresh.take() {
            assert_eq!(refresh.finish(), 13);
        }
        n + 1
    });
    assert_eq!(updated.now_or_never(), Some(Some(14)));
    assert_eq!((seen, load(3).now_or_never()), (vec![3, 13], Some(14)));
}

#[test]
fn an_update_supersedes_what_is_being_computed() {
    #[memoize]
    async fn load(n: usize) -> usize {
        yields(1).await;
        n
    }

    assert_eq!(ByHand::new(load(3)).finish(), 3);
    let mut refresh = ByHand::new(load::entry(3).refresh());
    assert_eq!(refresh.poll(), None);
    assert_eq!(load::entry(3).update(|n| n + 1).now_or_never(), Some(Some(4)));
    assert_eq!(refresh.finish(), 3, "its caller gets it");
    assert_eq!(load(3).now_or_never(), Some(4), "but it is not stored");
}

#[test]
fn what_is_updated_is_tagged_and_timed_as_the_attribute_says() {
    #[memoize(ttl = |value| secs(*value), tags = ["background:{name}", "background:{value}"])]
    fn load(name: &str) -> u64 {
        u64::try_from(name.len()).unwrap()
    }
    #[memoize(ttl = |value| secs(*value), tags = ["background:{name}", "background:{value}"])]
    async fn load_async(name: &str) -> u64 {
        u64::try_from(name.len()).unwrap()
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    load("tom");
    assert_eq!(load::entry("tom").ttl(), Some(Ttl::For(secs(3))));
    scope.advance(secs(1));
    assert_eq!(load::entry("tom").update(|n| n + 10), Some(13));
    assert_eq!(load::entry("tom").ttl(), Some(Ttl::For(secs(13))));
    assert_eq!(load::memo().tags(), ["background:13", "background:tom"]);
    assert_eq!(tag("background:3").invalidate().count(), 0, "that was the old value's");
    assert_eq!(tag("background:13").invalidate().count(), 1);

    block_on(load_async("tom"));
    assert_eq!(block_on(load_async::entry("tom").update(|n| n + 10)), Some(13));
    assert_eq!(block_on(load_async::entry("tom").ttl()), Some(Ttl::For(secs(13))));
    assert_eq!(load_async::memo().tags(), ["background:13", "background:tom"]);
}

#[test]
fn an_update_that_panics_leaves_the_old_value() {
    #[memoize]
    fn load(n: usize) -> usize {
        n
    }

    load(3);
    let change = |_: usize| -> usize { panic!("no change") };
    assert!(catch_unwind(AssertUnwindSafe(|| load::entry(3).update(change))).is_err());
    assert_eq!(load::entry(3).get(), Some(3));
    assert_eq!(load::entry(3).update(|n| n + 1), Some(4), "nothing is left in the way");
}

#[test]
fn on_error_sees_key_and_error() {
    static LOG: Mutex<Vec<String>> = Mutex::new(Vec::new());
    fn log(line: String) {
        LOG.lock().unwrap().push(line);
    }
    #[memoize(on_error = |key, error| log(format!("{key} {error}")))]
    fn load(name: &str) -> Result<usize, String> {
        if name.is_empty() { Err("nameless".to_owned()) } else { Ok(name.len()) }
    }
    #[memoize(err_ttl = 10, on_error = |key, error: &String| log(format!("{key} {error}")))]
    fn load_kept(name: &str) -> Result<usize, String> {
        if name.is_empty() { Err("kept".to_owned()) } else { Ok(name.len()) }
    }
    #[memoize(on_error = |key, error| log(format!("{key} {error}")))]
    async fn load_async(name: &str) -> Result<usize, String> {
        if name.is_empty() { Err("async".to_owned()) } else { Ok(name.len()) }
    }
    #[memoize(on_error = |key, error| log(format!("{key} {error}")))]
    async fn load_owned(n: usize) -> Result<usize, String> {
        yields(1).await;
        if n == 0 { Err("owned".to_owned()) } else { Ok(n) }
    }

    for name in ["tom", "", ""] {
        let _ = load(name);
        let _ = load_kept(name);
        let _ = block_on(load_async(name));
    }
    assert_eq!(load_kept::memo().stats().hits, 1, "the second time it is not computed");
    // Once for the computation, not for each who waits.
    let both = in_turn(&mut [ByHand::new(load_owned(0)), ByHand::new(load_owned(0))]);
    assert_eq!(both, [Some(Err("owned".to_owned())), Some(Err("owned".to_owned()))]);
    assert_eq!(
        *LOG.lock().unwrap(),
        [
            "background::load(\"\") nameless",
            "background::load_kept(\"\") kept",
            "background::load_async(\"\") async",
            "background::load(\"\") nameless",
            "background::load_async(\"\") async",
            "background::load_owned(0) owned",
        ]
    );
}

#[test]
fn on_error_hears_of_the_background() {
    static SEEN: Count = Count::new();
    #[memoize(on_error = |_key, _error| { SEEN.add(); })]
    fn load(n: usize) -> Result<usize, String> {
        Err(n.to_string())
    }
    #[memoize(on_error = |_key, _error| { SEEN.add(); })]
    async fn load_async(n: usize) -> Result<usize, String> {
        Err(n.to_string())
    }

    no_hang(|| {
        assert_eq!(load::entry(3).prefetch(), None);
        wait_until(|| SEEN.get() == 1);
        let (scope, queue) = with_queue();
        let _inside = scope.enter();
        assert_eq!(block_on(load_async::entry(3).prefetch()), None);
        queue.run();
        assert_eq!(SEEN.get(), 2);
    });
}

#[test]
fn an_on_error_that_panics_disturbs_nobody() {
    static FAILS: AtomicBool = AtomicBool::new(true);
    #[memoize(on_error = |_key, _error| panic!("the hook fails"))]
    fn load(n: usize) -> Result<usize, String> {
        if FAILS.load(Ordering::SeqCst) { Err(n.to_string()) } else { Ok(n) }
    }
    #[memoize(err_ttl = 10, on_error = |_key, _error| panic!("the hook fails"))]
    async fn load_kept(n: usize) -> Result<usize, String> {
        yields(1).await;
        Err(n.to_string())
    }
    #[memoize(on_error = |_key, _error| panic!("the hook fails"))]
    async fn load_async(name: &str) -> Result<usize, String> {
        yields(1).await;
        Err(name.to_owned())
    }

    assert_eq!(load(3), Err("3".to_owned()));
    FAILS.store(false, Ordering::SeqCst);
    assert_eq!(load(3), Ok(3));
    let values = in_turn(&mut [ByHand::new(load_kept(3)), ByHand::new(load_kept(3))]);
    assert_eq!(values, [Some(Err("3".to_owned())), Some(Err("3".to_owned()))]);
    assert_eq!(load_kept(3).now_or_never(), Some(Err("3".to_owned())), "it is kept");
    let values = in_turn(&mut [ByHand::new(load_async("tom")), ByHand::new(load_async("tom"))]);
    assert_eq!(values, [Some(Err("tom".to_owned())), Some(Err("tom".to_owned()))]);
    for stats in [load::memo().stats(), load_kept::memo().stats(), load_async::memo().stats()] {
        assert_eq!((stats.hook_panics, stats.panics), (1, 0));
    }
}
