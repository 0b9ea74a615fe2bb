//! Functions whose store is down, slow, broken, or not there.

use std::sync::atomic::{AtomicBool, Ordering};

use cache_core::memoize;
use cache_core::store::{StoreErrorKind, caches};
use cache_core::testing::Scope;
use futures::executor::block_on;
use serde::{Deserialize, Serialize};

use super::{Cat, Processes, Runs, SECOND};

#[test]
fn a_store_that_is_down_costs_a_call_nothing_but_its_value() {
    static RUNS: Runs = Runs::new();
    #[memoize(ttl = 300, store = "shared")]
    fn get_cat(name: &str) -> Cat {
        RUNS.count();
        Cat::new(name, 7)
    }
    let processes = Processes::new(2);
    processes.inside(0, || get_cat("tom"));
    processes.stores[1].down(StoreErrorKind::Unavailable);
    RUNS.take();
    for _ in 0..3 {
        assert_eq!(processes.inside(1, || get_cat("tom")), Cat::new("tom", 7));
    }
    assert_eq!(RUNS.take(), 3, "each call runs its function once");
    let error = processes.inside(1, || get_cat::memo().store_error()).unwrap();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert_eq!(processes.inside(1, || get_cat::memo().stats().store_errors), 3);
    processes.stores[1].up();
    processes.advance(2 * SECOND);
    processes.inside(1, || get_cat("tom"));
    assert_eq!(RUNS.take(), 0, "it is used again");
}

#[test]
fn in_front_of_its_own_store_a_function_goes_on_caching() {
    static RUNS: Runs = Runs::new();
    #[memoize(ttl = 300, store = "shared")]
    async fn get_cat(name: String) -> Cat {
        RUNS.count();
        Cat::new(&name, 7)
    }
    let alone = Processes::alone();
    alone.stores[0].down(StoreErrorKind::Full);
    for _ in 0..3 {
        alone.inside(0, || block_on(get_cat("tom".to_owned())));
    }
    assert_eq!(RUNS.take(), 1);
}

#[test]
fn an_invalidation_that_could_not_be_sent_comes_before_the_next_read() {
    static RUNS: Runs = Runs::new();
    #[memoize(ttl = 300, store = "shared", tag = "unsent")]
    fn get_cat(name: &str) -> Cat {
        RUNS.count();
        Cat::new(name, 7)
    }
    let invalidations: [fn() -> cache_core::Applied; 3] = [
        || get_cat::key("tom").invalidate(),
        || cache_core::tag("unsent").invalidate(),
        || get_cat::memo().clear(),
    ];
    for invalidate in invalidations {
        let processes = Processes::new(2);
        processes.inside(0, || get_cat("tom"));
        processes.stores[0].down(StoreErrorKind::Unavailable);
        let error = processes.inside(0, || invalidate().wait()).unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
        processes.stores[0].up();
        processes.advance(2 * SECOND);
        RUNS.take();
        processes.inside(0, || get_cat("tom"));
        assert_eq!(RUNS.take(), 1, "an older value was read");
        processes.inside(1, || get_cat("tom"));
        assert_eq!(RUNS.take(), 0);
    }
}

#[test]
fn an_insert_that_failed_is_kept_here_and_hides_what_the_store_has() {
    #[memoize(ttl = 300, store = "shared")]
    fn get_cat(name: &str) -> Cat {
        Cat::new(name, 7)
    }
    let alone = Processes::alone();
    alone.inside(0, || {
        get_cat("tom");
        alone.stores[0].down(StoreErrorKind::Unavailable);
        assert!(get_cat::entry("tom").insert(Cat::new("tom", 1)));
        assert_eq!(get_cat("tom").owner, 1);
        alone.stores[0].up();
        alone.advance(2 * SECOND);
        get_cat::memo().set_enabled(false);
        get_cat::memo().set_enabled(true);
        assert_eq!(get_cat("tom").owner, 1);
    });
}

#[test]
fn what_cannot_be_read_is_computed() {
    static RUNS: Runs = Runs::new();
    #[memoize(ttl = 300, store = "shared")]
    fn get_cat(name: &str) -> Cat {
        RUNS.count();
        Cat::new(name, 7)
    }
    let processes = Processes::new(2);
    processes.inside(0, || get_cat("tom"));
    let keys = processes.stores[0].keys();
    let key = keys.iter().find(|key| key.windows(3).any(|part| part == b"tom")).unwrap();
    for rubbish in [&b""[..], b"rubbish", &[0xff; 300]] {
        processes.stores[0].put(key.clone(), rubbish.to_vec());
        RUNS.take();
        assert_eq!(processes.inside(1, || get_cat("tom")), Cat::new("tom", 7));
        assert_eq!(RUNS.take(), 1);
        processes.inside(1, || get_cat("tom"));
        assert_eq!(RUNS.take(), 0, "its place is taken by a good value");
    }
}

#[test]
fn values_that_panic_on_their_way_do_no_harm() {
    static PANICS: AtomicBool = AtomicBool::new(true);
    #[derive(Clone, PartialEq, Debug)]
    struct Shy(u64);
    impl Serialize for Shy {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            assert!(!PANICS.load(Ordering::SeqCst), "not now");
            self.0.serialize(serializer)
        }
    }
    impl<'de> Deserialize<'de> for Shy {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let value = u64::deserialize(deserializer)?;
            assert!(value != 13, "never");
            Ok(Self(value))
        }
    }
    #[memoize(ttl = 300, store = "shared")]
    fn shy(id: u64) -> Shy {
        Shy(id)
    }
    let processes = Processes::new(2);
    assert_eq!(processes.inside(0, || shy(1)), Shy(1));
    PANICS.store(false, Ordering::SeqCst);
    assert_eq!(processes.inside(0, || shy(13)), Shy(13));
    assert_eq!(processes.inside(1, || shy(13)), Shy(13));
    assert!(processes.inside(1, || shy::memo().stats().hook_panics) > 0);
}

#[test]
fn without_its_alias_a_function_works_in_the_process_and_says_so() {
    static RUNS: Runs = Runs::new();
    #[memoize(ttl = 300, store = "nowhere")]
    fn get_cat(name: &str) -> Cat {
        RUNS.count();
        Cat::new(name, 7)
    }
    let scope = Scope::new();
    let _inside = scope.enter();
    for _ in 0..3 {
        get_cat("tom");
    }
    assert_eq!(RUNS.take(), 1);
    let error = get_cat::memo().store_error().unwrap().to_string();
    assert!(error.contains("nowhere") && error.contains("configure"), "{error}");
    get_cat::key("tom").invalidate().wait().unwrap();
    get_cat("tom");
    assert_eq!(RUNS.take(), 1);
}

#[test]
fn what_was_kept_before_its_alias_was_configured_is_kept_no_longer() {
    static RUNS: Runs = Runs::new();
    #[memoize(ttl = 300, store = "later")]
    fn get_cat(name: &str) -> Cat {
        RUNS.count();
        Cat::new(name, 7)
    }
    let processes = Processes::new(2);
    processes.inside(0, || get_cat("tom"));
    for at in 0..2 {
        processes.inside(at, || {
            let shared = caches().get("shared").unwrap();
            caches().register("later", shared).unwrap();
        });
    }
    processes.inside(1, || get_cat::key("tom").invalidate().wait().unwrap());
    processes.inside(0, || get_cat("tom"));
    assert_eq!(RUNS.take(), 2, "nobody could invalidate it");
}

#[test]
fn a_call_that_waits_for_the_store_holds_up_no_task() {
    #[memoize(ttl = 300, store = "shared")]
    async fn get_cat(name: String) -> String {
        name
    }
    let processes = Processes::new(1);
    processes.stores[0].hold(cache_core::testing::scripted::Hold::Command);
    processes.inside(0, || {
        let mut call = Box::pin(get_cat("tom".to_owned()));
        assert!(crate::noop(&mut call).is_none());
        // Nobody waits longer than the timeout of the cache.
        processes.advance(6 * SECOND);
        assert_eq!(block_on(call), "tom");
    });
}
