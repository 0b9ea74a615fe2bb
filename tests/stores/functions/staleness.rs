//! How old a value of a store may be, and what becomes of errors.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cache_core::memoize;
use cache_core::store::{Cache, caches};

use super::{Cat, Processes, Runs, SECOND};

#[test]
fn a_value_keeps_the_rest_of_its_life() {
    static RUNS: Runs = Runs::new();
    #[memoize(ttl = 10, store = "shared", local_ttl = 60)]
    fn get_cat(name: &str) -> Cat {
        RUNS.count();
        Cat::new(name, 7)
    }
    let processes = Processes::new(2);
    processes.inside(0, || get_cat("tom"));
    processes.advance(9 * SECOND);
    processes.inside(1, || get_cat("tom"));
    assert_eq!(RUNS.take(), 1);
    assert_eq!(processes.inside(1, || get_cat::memo().len()), 1);
    processes.advance(SECOND);
    processes.inside(1, || get_cat("tom"));
    assert_eq!(RUNS.take(), 1, "it was kept for longer than its ttl");
}

#[test]
fn a_local_ttl_bounds_how_late_this_process_learns_of_others() {
    static RUNS: Runs = Runs::new();
    #[memoize(ttl = 300, store = "shared", local_ttl = "2s")]
    fn get_cat(name: &str) -> Cat {
        RUNS.count();
        Cat::new(name, 7)
    }
    let processes = Processes::new(2);
    processes.inside(0, || get_cat("tom"));
    processes.inside(1, || get_cat::key("tom").invalidate().wait().unwrap());
    let before = processes.requests();
    processes.inside(0, || get_cat("tom"));
    assert_eq!((RUNS.take(), processes.requests()), (1, before), "within its time");
    processes.advance(2 * SECOND);
    processes.inside(0, || get_cat("tom"));
    assert_eq!(RUNS.take(), 1);
}

#[test]
fn a_ttl_that_is_set_is_no_longer_than_the_local_one() {
    static RUNS: Runs = Runs::new();
    #[memoize(ttl = 300, store = "shared", local_ttl = "2s")]
    fn get_cat(name: &str) -> Cat {
        RUNS.count();
        Cat::new(name, 7)
    }
    let processes = Processes::new(2);
    processes.inside(0, || {
        get_cat("tom");
        assert!(get_cat::key("tom").set_ttl(100 * SECOND) && get_cat::key("tom").extend_ttl(100 * SECOND));
    });
    processes.inside(1, || get_cat::key("tom").invalidate().wait().unwrap());
    processes.advance(2 * SECOND);
    processes.inside(0, || get_cat("tom"));
    assert_eq!(RUNS.take(), 2);
}

#[test]
fn the_ttls_of_the_cache_bound_those_of_functions() {
    static RUNS: Runs = Runs::new();
    #[memoize(store = "bounded")]
    fn for_ever(id: u64) -> u64 {
        RUNS.count();
        id
    }
    #[memoize(ttl = "1d", store = "bounded")]
    fn for_long(id: u64) -> u64 {
        RUNS.count();
        id
    }
    let alone = Processes::alone();
    alone.inside(0, || {
        let cache = Cache::builder(alone.stores[0].clone()).ttl("5s").max_ttl("10s").build().unwrap();
        caches().register("bounded", cache).unwrap();
        (for_ever(1), for_long(1))
    });
    RUNS.take();
    alone.advance(5 * SECOND);
    alone.inside(0, || (for_ever(1), for_long(1)));
    assert_eq!(RUNS.take(), 1);
    alone.advance(5 * SECOND);
    alone.inside(0, || for_long(1));
    assert_eq!(RUNS.take(), 1);
}

#[test]
fn a_stale_value_of_the_store_answers_while_it_is_renewed() {
    static RUNS: Runs = Runs::new();
    #[memoize(ttl = 10, stale_while_revalidate = 60, store = "shared")]
    fn get_cat(name: &'static str) -> Cat {
        RUNS.count();
        Cat::new(name, 7)
    }
    let processes = Processes::with_channel(2);
    processes.inside(0, || get_cat("tom"));
    processes.advance(20 * SECOND);
    processes.inside(1, || get_cat("tom"));
    assert_eq!(RUNS.take(), 1, "the value of the store is old, and good enough");
    processes.inside(1, || get_cat("tom"));
    while processes.inside(1, || get_cat::memo().stats().stores) < 2 {
        std::thread::yield_now();
    }
    assert_eq!(RUNS.take(), 1, "the next call has it renewed");
    processes.inside(0, || get_cat::memo().sweep());
    while processes.inside(0, || get_cat::memo().stats().stores) < 2 {
        processes.inside(0, || get_cat("tom"));
        std::thread::yield_now();
    }
    assert_eq!(RUNS.take(), 0, "the other process takes what was renewed");
}

#[test]
fn a_value_of_the_store_stands_in_for_an_error() {
    static FAILS: AtomicBool = AtomicBool::new(false);
    #[memoize(ttl = 10, stale_if_error = 60, store = "shared")]
    fn get_cat(name: &str) -> Result<Cat, String> {
        if FAILS.load(Ordering::SeqCst) { Err("down".to_owned()) } else { Ok(Cat::new(name, 7)) }
    }
    let processes = Processes::new(2);
    processes.inside(0, || get_cat("tom")).unwrap();
    FAILS.store(true, Ordering::SeqCst);
    processes.advance(20 * SECOND);
    assert_eq!(processes.inside(1, || get_cat("tom")), Ok(Cat::new("tom", 7)));
    processes.advance(60 * SECOND);
    assert_eq!(processes.inside(1, || get_cat("tom")), Err("down".to_owned()));
}

#[test]
fn errors_and_absence_are_shared_for_their_own_time() {
    static RUNS: Runs = Runs::new();
    #[memoize(ttl = 300, err_ttl = 5, store = "shared")]
    fn failing(id: u64) -> Result<u64, String> {
        RUNS.count();
        Err(format!("no {id}"))
    }
    #[memoize(ttl = 300, none_ttl = 5, store = "shared")]
    fn missing(id: u64) -> Option<u64> {
        RUNS.count();
        id.checked_sub(u64::MAX)
    }
    let processes = Processes::new(2);
    for at in 0..2 {
        assert_eq!(processes.inside(at, || failing(1)), Err("no 1".to_owned()));
        assert_eq!(processes.inside(at, || missing(1)), None);
    }
    assert_eq!(RUNS.take(), 2);
    processes.advance(5 * SECOND);
    processes.inside(1, || (failing(1).unwrap_err(), missing(1)));
    assert_eq!(RUNS.take(), 2);
}

#[test]
fn what_is_not_to_be_kept_is_not_stored() {
    static RUNS: Runs = Runs::new();
    #[memoize(ttl = 300, cache_if = |cat| cat.owner != 7, store = "shared")]
    fn get_cat(name: &str) -> Cat {
        RUNS.count();
        Cat::new(name, 7)
    }
    #[memoize(ttl = |_| Duration::ZERO, store = "shared")]
    fn for_no_time(id: u64) -> u64 {
        RUNS.count();
        id
    }
    let processes = Processes::new(2);
    for at in 0..2 {
        processes.inside(at, || (get_cat("tom"), for_no_time(1)));
    }
    assert_eq!(RUNS.take(), 4);
}
