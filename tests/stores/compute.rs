//! `get_or_compute`: values that are computed where the cache has none.

use std::future::{IntoFuture as _, poll_fn, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use cache_core::store::{Cache, StoreErrorKind};
use cache_core::testing::{Scope, ScriptedStore};
use futures::executor::block_on;
use futures::join;

use crate::{cache, in_each_store, noop};

const SECOND: Duration = Duration::from_secs(1);

/// Bodies that say how often they have run.
#[derive(Clone, Default)]
struct Origin(Arc<AtomicU32>);

impl Origin {
    /// Asks the cache. What is computed is how often that was done by then.
    fn ask(&self, cache: &Cache, key: &str) -> u32 {
        let origin = self.clone();
        let asked = cache.get_or_compute(key, move || ready(Ok::<_, ()>(origin.next())));
        asked.ttl(10 * SECOND).tags(["counted"]).wait().unwrap()
    }

    fn next(&self) -> u32 {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }
}

/// What a body waits for.
#[derive(Clone, Default)]
struct Gate(Arc<AtomicBool>);

impl Gate {
    fn open(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    async fn opened(&self) {
        poll_fn(|_| if self.0.load(Ordering::SeqCst) { Poll::Ready(()) } else { Poll::Pending }).await;
    }
}

#[test]
fn a_value_is_computed_once_and_kept_for_its_ttl() {
    in_each_store(|store, scope| {
        let (cache, origin) = (cache(store, "shop"), Origin::default());
        assert_eq!([origin.ask(&cache, "tom"), origin.ask(&cache, "tom")], [1, 1]);
        assert_eq!(cache.get("tom").wait().unwrap(), Some(1), "it is the cache's own");
        assert_eq!(cache.ttl("tom").wait().unwrap(), Some(cache_core::Ttl::For(10 * SECOND)));
        scope.advance(10 * SECOND);
        assert_eq!(origin.ask(&cache, "tom"), 2);
        cache.insert("tom", &7).wait().unwrap();
        assert_eq!(origin.ask(&cache, "tom"), 7);
    });
}

#[test]
fn each_invalidation_reaches_it() {
    in_each_store(|store, _| {
        let (cache, origin) = (cache(store, "shop"), Origin::default());
        let invalidations: [fn(&Cache); 4] = [
            |cache| assert!(cache.remove("tom").wait().unwrap()),
            |cache| cache.tag("counted").invalidate().wait().unwrap(),
            |cache| cache.clear().wait().unwrap(),
            |_| drop(cache_core::tag("counted").invalidate()),
        ];
        cache_core::store::caches().register("shop", cache.clone()).unwrap();
        for (runs, invalidate) in (1..).zip(invalidations) {
            assert_eq!(origin.ask(&cache, "tom"), runs);
            invalidate(&cache);
            assert_eq!(origin.ask(&cache, "tom"), runs + 1);
            cache.remove("tom").wait().unwrap();
            origin.0.store(runs, Ordering::SeqCst);
        }
    });
}

#[test]
fn what_was_invalidated_while_it_was_computed_is_not_stored() {
    in_each_store(|store, _| {
        let cache = cache(store, "shop");
        let invalidations: [fn(&Cache); 3] = [
            |cache| assert!(!cache.remove("tom").wait().unwrap(), "there is no value yet"),
            |cache| cache.tag("cats").invalidate().wait().unwrap(),
            |cache| cache.clear().wait().unwrap(),
        ];
        for invalidate in invalidations {
            let (begun, gate) = (Gate::default(), Gate::default());
            let gates = (begun.clone(), gate.clone());
            let body = move || async move {
                gates.0.open();
                gates.1.opened().await;
                Ok::<_, ()>("old".to_owned())
            };
            let mut first = cache.get_or_compute("tom", body).tags(["cats"]).into_future();
            while !begun.0.load(Ordering::SeqCst) {
                assert!(noop(&mut first).is_none());
            }
            invalidate(&cache);
            let second = cache.get_or_compute("tom", || ready(Ok::<_, ()>("new".to_owned())));
            gate.open();
            let both = block_on(async { join!(first, second.into_future()) });
            assert_eq!(both, (Ok("old".to_owned()), Ok("new".to_owned())));
            assert_eq!(cache.get("tom").wait().unwrap(), Some("new".to_owned()));
            cache.clear().wait().unwrap();
        }
    });
}

#[test]
fn one_of_those_who_ask_computes() {
    in_each_store(|store, _| {
        let (cache, runs) = (cache(store, "shop"), Arc::new(AtomicU32::new(0)));
        let values: Vec<u32> = thread::scope(|threads| {
            let ask = || {
                let runs = runs.clone();
                let body = move || async move {
                    thread::sleep(Duration::from_millis(50));
                    Ok::<_, ()>(runs.fetch_add(1, Ordering::SeqCst))
                };
                cache.get_or_compute("tom", body).wait().unwrap()
            };
            let askers: Vec<_> = (0..4).map(|_| threads.spawn(ask)).collect();
            askers.into_iter().map(|asker| asker.join().unwrap()).collect()
        });
        assert_eq!((values, runs.load(Ordering::SeqCst)), (vec![0; 4], 1));
    });
}

#[test]
fn another_one_computes_if_the_first_fails_or_leaves() {
    let scope = Scope::new();
    let _inside = scope.enter();
    let cache = Cache::builder(ScriptedStore::new()).build().unwrap();
    for fails in [false, true] {
        let gate = Gate::default();
        let waits = gate.clone();
        let body = move || async move {
            waits.opened().await;
            Err::<u32, _>("no cat")
        };
        let mut first = cache.get_or_compute("tom", body).into_future();
        let mut second = cache.get_or_compute("tom", || ready(Ok::<u32, &str>(7))).into_future();
        assert!(noop(&mut first).is_none());
        assert!(noop(&mut second).is_none(), "it waits");
        if fails {
            gate.open();
            assert_eq!(noop(&mut first), Some(Err("no cat")));
        }
        drop(first);
        assert_eq!(noop(&mut second), Some(Ok(7)));
        assert!(cache.remove("tom").wait().unwrap());
    }
}

#[test]
fn a_store_that_fails_fails_no_call() {
    let scope = Scope::new();
    let _inside = scope.enter();
    let store = ScriptedStore::new();
    let (cache, origin) = (Cache::builder(store.clone()).build().unwrap(), Origin::default());
    store.down(StoreErrorKind::Unavailable);
    assert_eq!([origin.ask(&cache, "tom"), origin.ask(&cache, "tom")], [1, 2]);
    store.up();
    scope.advance(2 * SECOND);
    store.fail_writes(1, StoreErrorKind::Full);
    assert_eq!([origin.ask(&cache, "tom"), origin.ask(&cache, "tom")], [3, 4]);
    assert_eq!(origin.ask(&cache, "tom"), 4);
}

#[test]
fn what_is_there_and_cannot_be_read_is_computed_again() {
    in_each_store(|store, _| {
        let (cache, origin) = (cache(store, "shop"), Origin::default());
        cache.insert("tom", "a cat").wait().unwrap();
        assert_eq!(origin.ask(&cache, "tom"), 1);
        assert_eq!(cache.get("tom").wait().unwrap(), Some(1));
    });
}

#[test]
fn a_key_without_a_name_and_a_ttl_of_zero_store_nothing() {
    let scope = Scope::new();
    let _inside = scope.enter();
    let store = ScriptedStore::new();
    let cache = Cache::builder(store.clone()).build().unwrap();
    for run in 0..2 {
        let body = move || ready(Ok::<_, ()>(run));
        assert_eq!(cache.get_or_compute(f64::NAN, body).wait(), Ok(run));
        assert_eq!(cache.get_or_compute("tom", body).ttl(Duration::ZERO).wait(), Ok(run));
    }
    assert_eq!(cache.get::<i32>("tom").wait().unwrap(), None);
}

#[test]
fn a_body_that_asks_for_its_own_key_is_computed_in_place() {
    in_each_store(|store, _| {
        let cache = cache(store, "shop");
        let inner = cache.clone();
        let body = move || async move {
            let seven = inner.get_or_compute("tom", || ready(Ok::<_, ()>(7))).await?;
            Ok::<_, ()>(seven + 1)
        };
        assert_eq!(cache.get_or_compute("tom", body).wait(), Ok(8));
    });
}

#[test]
fn other_processes_find_it() {
    let scope = Scope::new();
    let _inside = scope.enter();
    let (store, origin) = (ScriptedStore::new(), Origin::default());
    let caches = [store.connect(), store].map(|store| Cache::builder(store).build().unwrap());
    assert_eq!(caches.each_ref().map(|cache| origin.ask(cache, "tom")), [1, 1]);
}
