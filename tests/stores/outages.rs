//! What a cache does while its store is down, slow or broken.

use std::time::Duration;

use cache_core::store::{Cache, MissReason, Outcome, Store, StoreErrorKind, Write};
use cache_core::testing::scripted::{Hold, Request};
use cache_core::testing::{Scope, ScriptedStore};

use crate::noop;

fn cache(store: &ScriptedStore) -> Cache {
    Cache::builder(store.clone()).namespace("n").build().unwrap()
}

/// A store, a cache on it, and the clock of both.
fn scene(test: impl FnOnce(&ScriptedStore, &Cache, &Scope)) {
    let scope = Scope::new();
    let inside = scope.enter();
    let store = ScriptedStore::new();
    let cache = cache(&store);
    test(&store, &cache, &scope);
    drop(inside);
}

#[test]
fn a_store_that_fails_is_left_alone_for_a_second_and_then_tried_once() {
    scene(|store, cache, scope| {
        cache.insert("tom", &1).wait().unwrap();
        store.down(StoreErrorKind::Unavailable);
        let before = store.requests().len();
        for _ in 0..5 {
            let error = cache.get::<i32>("tom").wait().unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Unavailable);
        }
        assert_eq!(store.requests().len(), before + 1, "it was asked once");
        scope.advance(Duration::from_millis(1001));
        for _ in 0..5 {
            cache.get::<i32>("tom").wait().unwrap_err();
        }
        assert_eq!(store.requests().len(), before + 2, "it was tried once");
        store.up();
        scope.advance(Duration::from_millis(1001));
        assert_eq!(cache.get("tom").wait().unwrap(), Some(1));
        assert_eq!(cache.get("tom").wait().unwrap(), Some(1));
    });
}

#[test]
fn a_store_that_refuses_a_value_is_not_left_alone() {
    scene(|store, cache, _| {
        cache.insert("tom", &1).wait().unwrap();
        store.fail_writes(1, StoreErrorKind::Full);
        let error = cache.insert("kim", &2).wait().unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Full);
        assert_eq!(cache.get("tom").wait().unwrap(), Some(1));
    });
}

#[test]
fn a_call_ends_at_its_timeout() {
    scene(|store, cache, scope| {
        store.hold(Hold::Command);
        let mut quick = cache.get::<i32>("tom").timeout(Duration::from_millis(100));
        let mut usual = cache.get::<i32>("tom");
        assert!(noop(&mut quick).is_none() && noop(&mut usual).is_none());
        scope.advance(Duration::from_millis(99));
        assert!(noop(&mut quick).is_none());
        scope.advance(Duration::from_millis(1));
        let error = noop(&mut quick).expect("it has ended").unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::TimedOut);
        assert!(noop(&mut usual).is_none());
        scope.advance(Duration::from_secs(5));
        assert_eq!(noop(&mut usual).expect("it has ended").unwrap_err().kind(), StoreErrorKind::TimedOut);
    });
}

#[test]
fn an_invalidation_that_failed_is_sent_before_anything_is_read() {
    scene(|store, cache, scope| {
        let other = self::cache(&store.connect());
        let invalidations: [&dyn Fn(); 4] = [
            &|| drop(cache.remove("tom").wait()),
            &|| drop(cache.tag("cats").invalidate().wait()),
            &|| drop(cache.clear().wait()),
            &|| drop(cache.remove_many(["kim", "tom"]).wait()),
        ];
        for invalidate in invalidations {
            other.insert("tom", &1).tags(["cats"]).wait().unwrap();
            store.down(StoreErrorKind::Unavailable);
            invalidate();
            assert_eq!(other.get("tom").wait().unwrap(), Some(1), "it has not arrived");
            store.up();
            scope.advance(Duration::from_secs(2));
            assert_eq!(cache.get::<i32>("tom").wait().unwrap(), None);
            assert_eq!(other.get::<i32>("tom").wait().unwrap(), None, "it was sent");
        }
    });
}

#[test]
fn a_removal_by_pattern_that_failed_clears_the_namespace() {
    scene(|store, cache, scope| {
        let other = self::cache(&store.connect());
        let insert = || other.insert_many((0..600).map(|number| (number, number))).wait().unwrap();
        insert();
        store.fail_some(1, 0.6, StoreErrorKind::Unavailable);
        assert!(cache.remove_matching("*").wait().is_err());
        store.up();
        scope.advance(Duration::from_secs(2));
        for number in 0..600 {
            assert_eq!(cache.get::<i32>(number).wait().unwrap(), None, "{number}");
        }
        insert();
        assert_eq!(cache.remove_matching("1*").wait().unwrap(), 111);
        assert_eq!(cache.get(2).wait().unwrap(), Some(2), "nothing else is sent afterwards");
    });
}

#[test]
fn a_store_that_cannot_list_its_keys_says_so_and_nothing_is_cleared() {
    let scope = Scope::new();
    let _in_scope = scope.enter();
    let cache = cache(&ScriptedStore::new().without_scan());
    cache.insert("tom", &1).wait().unwrap();
    for error in [cache.scan("*").wait().unwrap_err(), cache.remove_matching("*").wait().unwrap_err()] {
        assert_eq!(error.kind(), StoreErrorKind::Unsupported);
    }
    assert_eq!(cache.get("tom").wait().unwrap(), Some(1));
    cache.clear().wait().unwrap();
    assert_eq!(cache.get::<i32>("tom").wait().unwrap(), None);
}

#[test]
fn a_caller_without_patience_does_not_take_the_store_from_others() {
    scene(|store, cache, scope| {
        cache.insert("tom", &1).wait().unwrap();
        store.hold_for(Hold::Reply, Duration::from_millis(30));
        let mut quick = cache.get::<i32>("tom").timeout(Duration::from_millis(20));
        assert!(noop(&mut quick).is_none());
        scope.advance(Duration::from_millis(20));
        assert_eq!(noop(&mut quick).expect("it has ended").unwrap_err().kind(), StoreErrorKind::TimedOut);
        let mut usual = cache.get::<i32>("tom");
        assert!(noop(&mut usual).is_none(), "it is asked");
        scope.advance(Duration::from_millis(30));
        assert_eq!(noop(&mut usual).expect("it has ended").unwrap(), Some(1));
    });
}

#[test]
fn the_first_error_says_what_is_wrong() {
    scene(|store, cache, _| {
        store.fail_reads(1, StoreErrorKind::InUse);
        assert_eq!(cache.get::<i32>("tom").wait().unwrap_err().kind(), StoreErrorKind::InUse);
    });
}

#[test]
fn a_cache_that_is_closed_sends_what_it_could_not() {
    scene(|store, cache, scope| {
        let other = self::cache(&store.connect());
        other.insert("tom", &1).wait().unwrap();
        store.down(StoreErrorKind::Unavailable);
        cache.remove("tom").wait().unwrap_err();
        store.up();
        scope.advance(Duration::from_secs(2));
        cache.close().wait().unwrap();
        assert_eq!(other.get::<i32>("tom").wait().unwrap(), None);
    });
}

#[test]
fn a_removal_that_is_dropped_at_any_point_is_sent_again() {
    for polls in 1..4 {
        scene(|store, cache, _| {
            let other = self::cache(&store.connect());
            other.insert("tom", &1).wait().unwrap();
            store.hold(Hold::Command);
            let mut remove = cache.remove("tom");
            for _ in 0..polls {
                if noop(&mut remove).is_some() {
                    break;
                }
                if let Some(held) = store.held().last() {
                    store.answer(held.number);
                }
            }
            drop(remove);
            for held in store.held() {
                store.forget(held.number);
            }
            store.release();
            assert_eq!(cache.get::<i32>("tom").wait().unwrap(), None);
            assert_eq!(other.get::<i32>("tom").wait().unwrap(), None, "{polls}");
        });
    }
}

#[test]
fn an_insert_comes_after_what_was_written_while_it_was_under_way() {
    scene(|store, cache, _| {
        let other = self::cache(&store.connect());
        other.insert("n", &5).wait().unwrap();
        store.hold(Hold::Command);
        let mut insert = cache.insert("n", &10);
        assert!(noop(&mut insert).is_none());
        store.answer(store.held()[0].number);
        assert!(noop(&mut insert).is_none());
        assert_eq!(other.increment("n", 1).wait().unwrap(), 6, "the older value is there meanwhile");
        store.release();
        assert!(noop(&mut insert).expect("it is tried again").is_ok());
        assert_eq!(other.get("n").wait().unwrap(), Some(10));
    });
}

#[test]
fn an_invalidation_whose_caller_gave_up_is_sent_again() {
    scene(|store, cache, _| {
        let other = self::cache(&store.connect());
        other.insert("tom", &1).tags(["cats"]).wait().unwrap();
        store.hold(Hold::Command);
        let mut invalidate = cache.tag("cats").invalidate();
        assert!(noop(&mut invalidate).is_none());
        drop(invalidate);
        for held in store.held() {
            store.forget(held.number);
        }
        store.release();
        assert_eq!(other.get("tom").wait().unwrap(), Some(1), "it never arrived");
        assert_eq!(cache.get::<i32>("tom").wait().unwrap(), None);
        assert_eq!(other.get::<i32>("tom").wait().unwrap(), None);
    });
}

#[test]
fn whatever_bookkeeping_is_lost_nothing_comes_back() {
    scene(|store, cache, _| {
        let stored = || cache.insert("tom", &1).tags(["cats"]).wait().unwrap();
        for kind in ["n/n", "n/t/cats"] {
            stored();
            cache.tag("cats").invalidate().wait().unwrap();
            store.lose(|key| key == kind.as_bytes());
            assert_eq!(cache.get::<i32>("tom").wait().unwrap(), None);
            cache.insert("kim", &2).tags(["cats"]).wait().unwrap();
            assert_eq!(cache.get("kim").wait().unwrap(), Some(2));
            assert_eq!(cache.get::<i32>("tom").wait().unwrap(), None, "after {kind} was made anew");
        }
        stored();
        let before = cache.stats().missed(MissReason::Cleared);
        store.lose(|key| key == b"n/n");
        assert_eq!(cache.get::<i32>("tom").wait().unwrap(), None, "losing the revision costs misses");
        assert_eq!(cache.stats().missed(MissReason::Cleared), before + 1);
    });
}

#[test]
fn what_is_damaged_is_a_miss_that_says_so_and_is_removed() {
    scene(|store, cache, _| {
        cache.insert("tom", &"a cat").wait().unwrap();
        let key = store.keys().into_iter().find(|key| key.starts_with(b"n/v/")).unwrap();
        let whole = store.bytes(&key).unwrap();
        for at in 0..whole.len() {
            let mut damaged = whole.to_vec();
            damaged[at] ^= 0x40;
            store.put(key.clone(), damaged);
            assert_eq!(cache.get::<String>("tom").wait().unwrap(), None, "byte {at}");
            store.put(key.clone(), whole.slice(..at));
            assert_eq!(cache.get::<String>("tom").wait().unwrap(), None, "cut at {at}");
        }
        assert!(cache.stats().missed(MissReason::Corrupt) > 0);
        store.put(key.clone(), "{}");
        assert_eq!(cache.get::<String>("tom").wait().unwrap(), None);
        assert_eq!(store.bytes(&key), None, "what is of no use is removed");
        store.put(key.clone(), whole);
        assert_eq!(cache.get("tom").wait().unwrap(), Some("a cat".to_owned()));
    });
}

#[test]
fn a_value_under_the_key_of_another_is_not_returned() {
    scene(|store, cache, _| {
        cache.insert("tom", &1).wait().unwrap();
        cache.insert("kim", &2).wait().unwrap();
        let find = |name: &str| store.keys().into_iter().find(|key| key.ends_with(name.as_bytes())).unwrap();
        let stolen = store.bytes(&find("tom\"")).unwrap();
        store.put(find("kim\""), stolen);
        assert_eq!(cache.get::<i32>("kim").wait().unwrap(), None);
    });
}

#[test]
fn bookkeeping_that_is_no_number_is_replaced() {
    scene(|store, cache, _| {
        cache.insert("tom", &1).tags(["cats"]).wait().unwrap();
        for key in ["n/n", "n/t/cats"] {
            store.put(key, "no number");
            assert_eq!(cache.get::<i32>("kim").wait().unwrap(), None);
            cache.insert("tom", &2).tags(["cats"]).wait().unwrap();
            assert_eq!(cache.get("tom").wait().unwrap(), Some(2), "{key}");
        }
        for wrong in ["no number", "", "+5", "-1", "18446744073709551615"] {
            for key in ["n/n", "n/t/cats"] {
                cache.insert("tom", &3).tags(["cats"]).wait().unwrap();
                store.put(key, wrong);
                cache.tag("cats").invalidate().wait().unwrap();
                assert_eq!(cache.get::<i32>("tom").wait().unwrap(), None, "{key} is {wrong:?}");
            }
        }
    });
}

#[test]
fn requests_are_as_few_as_they_can_be() {
    scene(|store, cache, _| {
        let count = |call: &dyn Fn()| {
            let before = store.requests().len();
            call();
            store.requests().len() - before
        };
        cache.insert("warm", &0).tags(["x", "y"]).wait().unwrap();
        let insert = || cache.insert("tom", &1).tags(["x", "y"]).wait().unwrap();
        assert_eq!(count(&insert), 2);
        assert_eq!(count(&|| drop(cache.get::<i32>("tom").wait())), 1);
        assert_eq!(count(&|| drop(cache.get_many::<_, i32>(["tom", "warm", "kim"]).wait())), 1);
        let invalidate = || cache.invalidate_tags(["x", "z", "w"]).wait().unwrap();
        assert_eq!(count(&invalidate), 2);
        assert_eq!(count(&|| drop(cache.get::<i32>("tom").wait())), 2, "tags are looked at");
        insert();
        cache.tag("other").invalidate().wait().unwrap();
        assert_eq!(count(&|| drop(cache.get_many::<_, i32>(["tom", "warm"]).wait())), 2);
        let first = store.requests().pop();
        assert!(matches!(first, Some(Request::Read { keys }) if keys.len() == 2), "each tag once");
    });
}

#[test]
fn a_store_that_answers_for_other_keys_is_an_error() {
    struct Short;
    impl Store for Short {
        fn name(&self) -> &'static str {
            "short"
        }
        fn read<'a>(
            &'a self,
            _: &'a [bytes::Bytes],
        ) -> cache_core::store::Answer<'a, Vec<Option<cache_core::store::Stored>>> {
            cache_core::store::Answer::ready(Ok(Vec::new()))
        }
        fn write<'a>(&'a self, _: &'a [Write]) -> cache_core::store::Answer<'a, Vec<Outcome>> {
            cache_core::store::Answer::ready(Ok(Vec::new()))
        }
    }
    let cache = Cache::builder(Short).build().unwrap();
    assert_eq!(cache.get::<i32>("tom").wait().unwrap_err().kind(), StoreErrorKind::Unavailable);
    let cache = Cache::builder(Short).build().unwrap();
    assert_eq!(cache.insert("tom", &1).wait().unwrap_err().kind(), StoreErrorKind::Unavailable);
}
