//! Writes by hand that meet failures, invalidations and values that others keep.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use cache_core::store::{StoreErrorKind, caches};
use cache_core::testing::scripted::{Hold, Request};
use cache_core::{memoize, tag};
use futures::executor::block_on;
use serde::{Serialize, Serializer};

use super::{Cat, Processes, Runs, SECOND};
use crate::noop;

#[test]
fn an_insert_that_failed_is_not_kept_where_others_may_invalidate_it() {
    static RUNS: Runs = Runs::new();
    #[memoize(ttl = 300, store = "shared")]
    fn get_cat(name: &str) -> Cat {
        RUNS.count();
        Cat::new(name, 7)
    }
    let processes = Processes::new(2);
    processes.inside(0, || get_cat("tom"));
    processes.stores[0].down(StoreErrorKind::Unavailable);
    assert!(!processes.inside(0, || get_cat::entry("tom").insert(Cat::new("tom", 1))));
    processes.stores[0].up();
    processes.advance(2 * SECOND);
    RUNS.take();
    assert_eq!(processes.inside(0, || get_cat("tom")).owner, 7);
    assert_eq!(RUNS.take(), 1, "the older value is gone, too");
}

#[test]
fn an_update_that_failed_changes_what_this_process_keeps_and_removes_what_the_store_has() {
    static RUNS: Runs = Runs::new();
    #[memoize(ttl = 300, store = "shared")]
    fn get_cat(name: &str) -> Cat {
        RUNS.count();
        Cat::new(name, 7)
    }
    let alone = Processes::alone();
    alone.inside(0, || {
        get_cat("tom");
        alone.stores[0].down(StoreErrorKind::Unavailable);
        assert_eq!(get_cat::entry("tom").update(|cat| Cat { owner: 1, ..cat }), Some(Cat::new("tom", 1)));
        alone.stores[0].up();
        alone.advance(2 * SECOND);
        assert_eq!(get_cat("tom").owner, 1);
        get_cat::key("tom").set_ttl(Duration::ZERO);
        RUNS.take();
        get_cat("tom");
        assert_eq!(RUNS.take(), 1, "the store has returned the value from before the update");
    });
}

#[test]
fn an_update_that_failed_keeps_nothing_that_may_be_late() {
    #[memoize(ttl = 300, store = "shared", local_ttl = "5s")]
    fn get_cat(name: &str) -> Cat {
        Cat::new(name, 7)
    }
    let processes = Processes::new(2);
    processes.inside(0, || get_cat("tom"));
    processes.stores[0].down(StoreErrorKind::Unavailable);
    assert_eq!(processes.inside(0, || get_cat::entry("tom").update(|cat| cat)), None);
    assert_eq!(processes.inside(0, || get_cat::memo().len()), 0);
}

#[test]
fn an_update_of_what_the_store_has_lost_hides_what_this_process_keeps() {
    static RUNS: Runs = Runs::new();
    #[memoize(ttl = 300, store = "shared")]
    fn get_cat(name: &str) -> Cat {
        RUNS.count();
        Cat::new(name, 7)
    }
    let alone = Processes::alone();
    alone.inside(0, || {
        get_cat("tom");
        alone.stores[0].lose(|_| true);
        assert_eq!(get_cat::entry("tom").update(|cat| cat), None);
        RUNS.take();
        get_cat("tom");
        assert_eq!(RUNS.take(), 1, "an update that has found nothing leaves nothing");
    });
}

#[test]
fn an_update_is_invalidated_with_what_it_was_computed_from() {
    #[memoize(ttl = 300, store = "shared", tag = "half")]
    fn get_cat(name: &str) -> Cat {
        Cat::new(name, 7)
    }
    let processes = Processes::new(2);
    processes.inside(0, || get_cat("tom"));
    let late = &processes.stores[1];
    late.hold(Hold::Command);
    let applied = processes.inside(1, || tag("half").invalidate());
    let raise = late.held()[0].number;
    late.answer(raise);
    while !late.held().iter().any(|held| matches!(held.request, Request::Write { .. })) {
        std::thread::yield_now();
    }
    // The revision is raised, and the tag is still there.
    let older = |cat: Cat| Cat { owner: 8, ..cat };
    assert!(processes.inside(0, || get_cat::entry("tom").update(older)).is_some());
    late.release();
    applied.wait().unwrap();
    assert_eq!(processes.inside(0, || get_cat::entry("tom").get()), None);
}

#[test]
fn a_refresh_removes_the_older_value_though_the_new_one_is_not_kept() {
    #[memoize(ttl = 300, store = "shared", cache_if = |cat| cat.owner != 7)]
    fn get_cat(name: &str) -> Cat {
        Cat::new(name, 7)
    }
    let processes = Processes::new(2);
    assert!(processes.inside(0, || get_cat::entry("tom").insert(Cat::new("tom", 1))));
    assert_eq!(processes.inside(0, || get_cat::entry("tom").refresh()).owner, 7);
    assert_eq!(processes.inside(1, || get_cat("tom")).owner, 7);
}

#[test]
fn a_refresh_removes_the_older_value_though_the_store_has_failed() {
    static VERSION: AtomicU64 = AtomicU64::new(1);
    #[memoize(ttl = 300, store = "shared")]
    fn version(of: &str) -> u64 {
        let _ = of;
        VERSION.load(Ordering::SeqCst)
    }
    let failures: [fn(&Processes); 2] = [
        |processes| processes.stores[0].down(StoreErrorKind::Unavailable),
        |processes| processes.stores[0].fail_writes(1, StoreErrorKind::Full),
    ];
    for fail in failures {
        let processes = Processes::new(1);
        processes.inside(0, || {
            let older = version("menu");
            fail(&processes);
            VERSION.fetch_add(1, Ordering::SeqCst);
            assert_eq!(version::entry("menu").refresh(), older + 1);
            processes.stores[0].up();
            processes.advance(2 * SECOND);
            assert_eq!(version("menu"), older + 1);
        });
    }
}

#[test]
fn a_key_that_cannot_be_written_is_not_kept_where_others_may_invalidate_it() {
    static RUNS: Runs = Runs::new();
    #[derive(Clone, PartialEq, Eq, Hash, Debug)]
    struct Odd(u64);
    impl Serialize for Odd {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("it is odd"))
        }
    }
    #[memoize(ttl = 300, store = "shared", tag = "odd")]
    fn get_cat(of: Odd) -> u64 {
        RUNS.count();
        of.0
    }
    let processes = Processes::new(2);
    processes.inside(0, || get_cat(Odd(1)));
    processes.inside(1, || tag("odd").invalidate().wait().unwrap());
    processes.inside(0, || get_cat(Odd(1)));
    assert_eq!(RUNS.take(), 2);
    let alone = Processes::alone();
    alone.inside(0, || (get_cat(Odd(1)), get_cat(Odd(1))));
    assert_eq!(RUNS.take(), 1, "nobody else invalidates it");
}

#[test]
fn a_clear_reaches_functions_that_were_called_after_it_was_made() {
    static RUNS: Runs = Runs::new();
    #[memoize(ttl = 300, store = "shared")]
    fn get_cat(name: &str) -> Cat {
        RUNS.count();
        Cat::new(name, 7)
    }
    let alone = Processes::alone();
    alone.inside(0, || {
        let clear = caches().get("shared").unwrap().clear();
        get_cat("tom");
        clear.wait().unwrap();
        get_cat("tom");
    });
    assert_eq!(RUNS.take(), 2);
}

/// A hook sees the store as it is after the invalidation: what it calls is computed anew.
#[test]
fn what_is_called_within_an_invalidation_is_no_older() {
    static RUNS: Runs = Runs::new();
    #[memoize(
        ttl = 300,
        store = "shared",
        tag = "called",
        on_evict = |_, _, _| drop(get_cat("tom")),
    )]
    fn get_cat(name: &str) -> Cat {
        RUNS.count();
        Cat::new(name, 7)
    }
    let invalidations: [fn() -> cache_core::Applied; 4] = [
        || get_cat::key("tom").invalidate(),
        || tag("called").invalidate(),
        || get_cat::memo().clear(),
        || get_cat::memo().invalidate_if(|_, _| true),
    ];
    for invalidate in invalidations {
        let alone = Processes::alone();
        alone.inside(0, || {
            get_cat("tom");
            RUNS.take();
            invalidate().wait().unwrap();
            get_cat("tom");
        });
        assert!(RUNS.take() > 0, "an older value was read from the store");
    }
}

#[test]
fn a_local_ttl_begins_before_the_body() {
    static RUNS: Runs = Runs::new();
    #[memoize(ttl = 300, store = "shared", local_ttl = "2s", skip(work))]
    fn get_cat(name: &str, work: &dyn Fn()) -> Cat {
        RUNS.count();
        work();
        Cat::new(name, 7)
    }
    let processes = Processes::new(2);
    let work = || {
        processes.inside(1, || get_cat::key("tom").invalidate().wait().unwrap());
        processes.advance(3 * SECOND / 2);
    };
    processes.inside(0, || get_cat("tom", &work));
    processes.advance(SECOND / 2);
    processes.inside(0, || get_cat("tom", &|| ()));
    assert_eq!(RUNS.take(), 2, "it was invalidated longer ago than the call may lag");
}

#[test]
fn a_call_that_joins_another_after_its_local_ttl_asks_again() {
    static RUNS: Runs = Runs::new();
    static GOES_ON: AtomicBool = AtomicBool::new(false);
    #[memoize(ttl = 300, store = "shared", local_ttl = "2s")]
    async fn get_cat(name: String) -> Cat {
        RUNS.count();
        std::future::poll_fn(
            |_| if GOES_ON.load(Ordering::SeqCst) { Poll::Ready(()) } else { Poll::Pending },
        )
        .await;
        Cat::new(&name, 7)
    }
    let processes = Processes::new(2);
    let call = || Box::pin(get_cat("tom".to_owned()));
    let (mut first, mut in_time, mut late) = (call(), call(), call());
    processes.inside(0, || assert!(noop(&mut first).is_none()));
    processes.inside(1, || get_cat::key("tom".to_owned()).invalidate().wait().unwrap());
    processes.inside(0, || {
        processes.advance(SECOND);
        assert!(noop(&mut in_time).is_none());
        processes.advance(SECOND);
        assert!(noop(&mut late).is_none());
        GOES_ON.store(true, Ordering::SeqCst);
        block_on(first);
        block_on(in_time);
        assert_eq!(RUNS.take(), 1);
        block_on(late);
        assert_eq!(RUNS.take(), 1);
    });
}
