//! Ways to call a function with a store, and what bodies do.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use cache_core::store::{Cache, DiskStore, StoreErrorKind, caches};
use cache_core::testing::Scope;
use cache_core::{TimedOut, memoize};
use futures::executor::block_on;

use super::{Cat, Processes, Runs, SECOND};
use crate::{Folder, noop};

/// An error that calls may return.
#[derive(Clone, Debug, PartialEq)]
struct Down;

impl From<TimedOut> for Down {
    fn from(_: TimedOut) -> Self {
        Self
    }
}

#[test]
fn a_value_of_the_store_stands_in_where_the_origin_comes_first() {
    static FAILS: AtomicBool = AtomicBool::new(false);
    static RUNS: Runs = Runs::new();
    #[memoize(ttl = 300, origin_first, store = "shared")]
    fn balance(account: u64) -> Result<u64, Down> {
        RUNS.count();
        if FAILS.load(Ordering::SeqCst) { Err(Down) } else { Ok(account * 100) }
    }
    let processes = Processes::new(2);
    assert_eq!(processes.inside(0, || (balance(1), balance(1))), (Ok(100), Ok(100)));
    assert_eq!(RUNS.take(), 2, "each call asks the origin");
    FAILS.store(true, Ordering::SeqCst);
    assert_eq!(processes.inside(1, || balance(1)), Ok(100));
    assert_eq!(processes.inside(1, || balance(2)), Err(Down));
    processes.inside(0, || balance::key(1).invalidate().wait().unwrap());
    assert_eq!(processes.inside(1, || balance(1)), Err(Down), "what was invalidated stands in for nothing");
}

#[test]
fn calls_with_limits_share_their_values() {
    static RUNS: Runs = Runs::new();
    #[memoize(ttl = 10, timeout = "2s", store = "shared")]
    fn limited(id: u64) -> Result<u64, Down> {
        RUNS.count();
        Ok(id)
    }
    #[memoize(ttl = 10, stale_if_error = "1h", soft_timeout = "1s", store = "shared")]
    async fn softly_limited(id: u64) -> Result<u64, Down> {
        RUNS.count();
        Ok(id)
    }
    let processes = Processes::new(2);
    let both = || (limited(1), block_on(softly_limited(2)));
    assert_eq!(processes.inside(0, both), (Ok(1), Ok(2)));
    // Who has a limit does not wait until the store has its value.
    let stored = || (limited::key(1).get(), block_on(softly_limited::key(2).get()));
    while processes.inside(1, stored) != (Some(1), Some(2)) {
        std::thread::yield_now();
    }
    assert_eq!((processes.inside(1, both), processes.inside(0, both)), ((Ok(1), Ok(2)), (Ok(1), Ok(2))));
    assert_eq!(RUNS.take(), 2);
}

#[test]
fn a_limit_holds_while_the_store_hangs() {
    #[memoize(ttl = 10, timeout = "2s", store = "shared")]
    async fn limited(id: u64) -> Result<u64, Down> {
        Ok(id)
    }
    let processes = Processes::new(1);
    processes.stores[0].hold(cache_core::testing::scripted::Hold::Command);
    processes.inside(0, || {
        let mut call = Box::pin(limited(1));
        assert!(noop(&mut call).is_none());
        processes.advance(2 * SECOND);
        assert_eq!(block_on(call), Err(Down));
    });
}

#[test]
fn a_value_that_another_process_has_renewed_is_taken_ahead_of_time() {
    static VERSION: AtomicU64 = AtomicU64::new(1);
    static RUNS: Runs = Runs::new();
    #[memoize(ttl = 100, refresh_ahead = 0.5, store = "shared", local_ttl = 100)]
    fn version(of: &'static str) -> u64 {
        let _ = of;
        RUNS.count();
        VERSION.load(Ordering::SeqCst)
    }
    let processes = Processes::new(2);
    processes.inside(0, || version("menu"));
    processes.advance(60 * SECOND);
    VERSION.store(2, Ordering::SeqCst);
    assert_eq!(processes.inside(1, || version::entry("menu").refresh()), 2);
    assert_eq!(RUNS.take(), 2);
    while processes.inside(0, || version("menu")) == 1 {
        std::thread::yield_now();
    }
    assert_eq!(RUNS.take(), 0, "it was not computed again");
}

#[test]
fn of_calls_that_wait_for_nobody_one_stores_its_value() {
    static RUNS: Runs = Runs::new();
    static GOES_ON: AtomicBool = AtomicBool::new(false);
    #[memoize(ttl = 300, single_flight = false, store = "shared")]
    async fn get_cat(name: String) -> Cat {
        RUNS.count();
        let waits = |_: &mut std::task::Context<'_>| {
            if GOES_ON.load(Ordering::SeqCst) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        };
        std::future::poll_fn(waits).await;
        Cat::new(&name, 7)
    }
    let processes = Processes::new(2);
    let call = || Box::pin(get_cat("tom".to_owned()));
    processes.inside(0, || {
        let (mut first, mut second) = (call(), call());
        assert!(noop(&mut first).is_none() && noop(&mut second).is_none());
        GOES_ON.store(true, Ordering::SeqCst);
        assert_eq!((block_on(first), block_on(second)), (Cat::new("tom", 7), Cat::new("tom", 7)));
    });
    assert_eq!(RUNS.take(), 2);
    processes.inside(1, || block_on(call()));
    assert_eq!(RUNS.take(), 0);
}

#[test]
fn a_panic_stores_nothing_and_the_next_call_computes() {
    static PANICS: AtomicBool = AtomicBool::new(true);
    #[memoize(ttl = 300, store = "shared")]
    fn get_cat(name: &str) -> Cat {
        assert!(!PANICS.load(Ordering::SeqCst), "not now");
        Cat::new(name, 7)
    }
    #[memoize(ttl = 300, store = "shared")]
    async fn far_cat(name: String) -> Cat {
        get_cat::entry(&name).uncached()
    }
    let processes = Processes::new(2);
    assert!(catch_unwind(AssertUnwindSafe(|| processes.inside(0, || get_cat("tom")))).is_err());
    let call = || block_on(far_cat("tom".to_owned()));
    assert!(catch_unwind(AssertUnwindSafe(|| processes.inside(0, call))).is_err());
    PANICS.store(false, Ordering::SeqCst);
    for at in [0, 1] {
        assert_eq!(processes.inside(at, || get_cat("tom")), Cat::new("tom", 7));
        assert_eq!(processes.inside(at, call), Cat::new("tom", 7));
    }
    let hits = || (get_cat::memo().stats().store_hits, far_cat::memo().stats().store_hits);
    assert_eq!((processes.inside(0, hits), processes.inside(1, hits)), ((0, 0), (1, 1)));
}

#[test]
fn calls_work_from_each_runtime_and_from_plain_threads() {
    static RUNS: Runs = Runs::new();
    #[memoize(ttl = 300, store = "file", local = false)]
    fn get_cat(name: &str) -> Cat {
        RUNS.count();
        Cat::new(name, 7)
    }
    #[memoize(ttl = 300, store = "file", local = false)]
    async fn far_cat(name: String) -> Cat {
        RUNS.count();
        Cat::new(&name, 7)
    }
    let folder = Folder::new();
    let scope = Scope::new();
    let _inside = scope.enter();
    let store = DiskStore::open(folder.path("cache.redb")).unwrap();
    caches().register("file", Cache::builder(store).build().unwrap()).unwrap();
    let both = async || (get_cat("tom"), far_cat("tom".to_owned()).await);
    let expected = (Cat::new("tom", 7), Cat::new("tom", 7));
    let one = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let several = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    assert_eq!(one.block_on(both()), expected);
    assert_eq!(several.block_on(both()), expected);
    let of_task = scope.within(async move {
        let cat = far_cat("tom".to_owned()).await;
        far_cat::key("tom".to_owned()).invalidate().await.unwrap();
        cat
    });
    assert_eq!(several.block_on(several.spawn(of_task)).unwrap(), expected.1);
    let inner = scope.clone();
    let of_thread = std::thread::spawn(move || {
        let _inside = inner.enter();
        (get_cat("tom"), block_on(far_cat("tom".to_owned())))
    });
    assert_eq!(of_thread.join().unwrap(), expected);
    assert_eq!(RUNS.take(), 3, "one was invalidated");
    caches().get("file").unwrap().close().wait().unwrap();
}

#[test]
fn functions_with_stores_call_each_other() {
    static RUNS: Runs = Runs::new();
    #[memoize(ttl = 300, store = "shared")]
    fn owner(name: &str) -> u64 {
        RUNS.count();
        u64::try_from(name.len()).unwrap()
    }
    #[memoize(ttl = 300, store = "shared")]
    fn get_cat(name: &str) -> Cat {
        RUNS.count();
        Cat::new(name, owner(name))
    }
    #[memoize(ttl = 300, store = "shared")]
    async fn far_cat(name: String) -> Cat {
        RUNS.count();
        get_cat(&name)
    }
    let processes = Processes::new(2);
    assert_eq!(processes.inside(0, || block_on(far_cat("tom".to_owned()))), Cat::new("tom", 3));
    assert_eq!(RUNS.take(), 3);
    assert_eq!(processes.inside(1, || (get_cat("tom"), owner("tom"))), (Cat::new("tom", 3), 3));
    assert_eq!(RUNS.take(), 0);
}

#[test]
fn a_function_with_a_store_calls_itself() {
    static RUNS: Runs = Runs::new();
    #[memoize(ttl = 300, store = "shared")]
    fn fibonacci(n: u64) -> u64 {
        RUNS.count();
        if n < 2 { n } else { fibonacci(n - 1) + fibonacci(n - 2) }
    }
    #[memoize(ttl = 300, store = "shared")]
    async fn sum(n: u64) -> u64 {
        RUNS.count();
        if n == 0 { 0 } else { n + Box::pin(sum(n - 1)).await }
    }
    let processes = Processes::new(2);
    assert_eq!(processes.inside(0, || (fibonacci(30), block_on(sum(20)))), (832_040, 210));
    assert_eq!(RUNS.take(), 31 + 21);
    assert_eq!(processes.inside(1, || (fibonacci(31), block_on(sum(21)))), (1_346_269, 231));
    assert_eq!(RUNS.take(), 2);
}

#[test]
fn a_call_that_waits_for_itself_is_computed_in_place() {
    static RUNS: Runs = Runs::new();
    #[memoize(ttl = 300, store = "shared", skip(depth))]
    fn round(id: u64, depth: u32) -> u64 {
        RUNS.count();
        if depth == 0 { id } else { round(1 - id, depth - 1) }
    }
    let processes = Processes::new(2);
    assert_eq!(processes.inside(0, || round(0, 4)), 0);
    assert_eq!(RUNS.take(), 5);
    assert_eq!(processes.inside(1, || round(0, 0)), 0);
    assert_eq!(RUNS.take(), 0);
}

#[test]
fn what_touches_no_cache_makes_no_request() {
    static RUNS: Runs = Runs::new();
    #[memoize(ttl = 300, store = "shared", bypass_if = bypasses, skip(bypasses))]
    fn get_cat(name: &str, bypasses: bool) -> Cat {
        let _ = bypasses;
        RUNS.count();
        Cat::new(name, 7)
    }
    let processes = Processes::new(1);
    processes.inside(0, || {
        let entry = || get_cat::entry("tom", false);
        get_cat("tom", true);
        assert_eq!((RUNS.take(), processes.requests()), (1, 0));
        assert_eq!((entry().uncached().owner, RUNS.take(), processes.requests()), (7, 1, 0));
        let calls = || {
            get_cat("tom", false);
            assert_eq!((entry().get(), get_cat::key("tom").get()), (None, None));
            assert!(!entry().insert(Cat::new("tom", 1)));
            assert_eq!(entry().update(|cat| cat), None);
            entry().refresh();
            assert_eq!((RUNS.take(), processes.requests()), (2, 0));
        };
        get_cat::memo().set_enabled(false);
        calls();
        get_cat::memo().set_enabled(true);
        cache_core::set_enabled(false);
        calls();
        cache_core::set_enabled(true);
        get_cat("tom", false);
        assert!(processes.requests() > 0);
    });
}

#[test]
fn an_invalidation_reaches_the_store_while_caching_is_off() {
    static RUNS: Runs = Runs::new();
    #[memoize(ttl = 300, store = "shared")]
    fn get_cat(name: &str) -> Cat {
        RUNS.count();
        Cat::new(name, 7)
    }
    let processes = Processes::new(2);
    processes.inside(0, || {
        get_cat("tom");
        get_cat::memo().set_enabled(false);
        get_cat::key("tom").invalidate().wait().unwrap();
    });
    RUNS.take();
    processes.inside(1, || get_cat("tom"));
    assert_eq!(RUNS.take(), 1);
}

#[test]
fn the_values_of_a_store_that_failed_while_it_was_asked_are_not_waited_for() {
    #[memoize(ttl = 300, store = "shared")]
    async fn get_cat(name: String) -> Cat {
        Cat::new(&name, 7)
    }
    let processes = Processes::new(1);
    let store: Arc<_> = Arc::new(processes.stores[0].clone());
    store.hold(cache_core::testing::scripted::Hold::Reply);
    processes.inside(0, || {
        let mut call = Box::pin(get_cat("tom".to_owned()));
        assert!(noop(&mut call).is_none());
        store.fail(1, StoreErrorKind::Unavailable);
        assert_eq!(noop(&mut call), Some(Cat::new("tom", 7)));
        assert_eq!(get_cat::memo().stats().store_errors, 1);
    });
}
