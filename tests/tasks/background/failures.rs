//! What fails, is overtaken or is dropped in the background; and executors.

use super::*;

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
