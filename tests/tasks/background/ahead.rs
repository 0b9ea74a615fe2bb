//! `prefetch` and `placeholder`: what is computed ahead, or meanwhile.

use super::*;

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
