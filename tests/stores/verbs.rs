//! The verbs of a cache, over each store.

use std::collections::BTreeMap;
use std::time::Duration;

use cache_core::store::{Cache, MissReason, NullStore, Secret, StoreErrorKind};
use cache_core::{Tag, Ttl};

use crate::{cache, in_each_store};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_value_comes_back_as_it_was_stored() {
    in_each_store(|store, _| {
        let cache = cache(store, "shop");
        assert_eq!(cache.get::<String>("tom").wait().unwrap(), None);
        cache.insert("tom", "a cat").wait().unwrap();
        assert_eq!(cache.get("tom").wait().unwrap(), Some("a cat".to_owned()));
        cache.insert("tom", &None::<u8>).wait().unwrap();
        assert_eq!(cache.get("tom").wait().unwrap(), Some(None::<u8>), "nothing is a value too");
        let nested = BTreeMap::from([("a".to_owned(), vec![1.5, 2.0]), (String::new(), vec![])]);
        cache.insert("tom", &nested).wait().unwrap();
        assert_eq!(cache.get("tom").wait().unwrap(), Some(nested));
        cache.insert("7", "text").wait().unwrap();
        cache.insert(7, "number").wait().unwrap();
        assert_eq!(cache.get("7").wait().unwrap(), Some("text".to_owned()));
        assert_eq!(cache.get(7).wait().unwrap(), Some("number".to_owned()));
    });
}

#[test]
fn keys_of_any_content_are_apart() {
    in_each_store(|store, _| {
        let cache = cache(store, "shop");
        let long = "x".repeat(1 << 20);
        let keys = [
            "",
            " ",
            "a b",
            "a",
            "a/b",
            "a%2Fb",
            "a~b",
            "nul\0",
            "line\nbreak",
            "😀",
            "\"",
            "*",
            &long,
            &long[1..],
        ];
        for (number, key) in keys.iter().enumerate() {
            cache.insert(key, &number).wait().unwrap();
        }
        cache.insert(("a", "b c"), &100).wait().unwrap();
        cache.insert(("a b", "c"), &101).wait().unwrap();
        cache.insert(Secret("a"), &102).wait().unwrap();
        for (number, key) in keys.iter().enumerate() {
            assert_eq!(cache.get(key).wait().unwrap(), Some(number), "{number}");
        }
        assert_eq!(cache.get(("a", "b c")).wait().unwrap(), Some(100));
        assert_eq!(cache.get(("a b", "c")).wait().unwrap(), Some(101));
        assert_eq!(cache.get(Secret("a")).wait().unwrap(), Some(102));
        assert_eq!(cache.get::<i32>(Secret("b")).wait().unwrap(), None);
    });
}

#[test]
fn a_value_of_another_type_is_an_error_and_stays() {
    in_each_store(|store, _| {
        let cache = cache(store, "shop");
        cache.insert("tom", "a cat").wait().unwrap();
        let error = cache.get::<u64>("tom").wait().unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Encoding);
        assert!(error.to_string().contains("u64"), "{error}");
        assert!(cache.contains("tom").wait().unwrap());
    });
}

#[test]
fn each_value_has_a_ttl_of_its_own() {
    in_each_store(|store, scope| {
        let cache = cache(store, "shop");
        cache.insert("short", &1).ttl(1).wait().unwrap();
        cache.insert("long", &3).ttl("3s").wait().unwrap();
        cache.insert("ever", &9).ttl(Duration::MAX).wait().unwrap();
        cache.insert("never", &0).ttl(0).wait().unwrap();
        cache.insert("tiny", &0).ttl(Duration::from_nanos(1)).wait().unwrap();
        assert!(cache.contains("tiny").wait().unwrap(), "a ttl is rounded up");
        assert!(!cache.contains("never").wait().unwrap());
        scope.advance(Duration::from_millis(999));
        assert_eq!(cache.get("short").wait().unwrap(), Some(1));
        cache.insert("short", &2).ttl(1).wait().unwrap();
        scope.advance(Duration::from_millis(1));
        assert_eq!(cache.get("short").wait().unwrap(), Some(2), "a second write moves the deadline");
        scope.advance(SECOND);
        assert_eq!(cache.get::<i32>("short").wait().unwrap(), None, "and no ghost of the first is left");
        assert_eq!(cache.get("long").wait().unwrap(), Some(3));
        scope.advance(Duration::from_hours(24 * 365));
        assert_eq!(cache.get::<i32>("long").wait().unwrap(), None);
        assert_eq!(cache.get("ever").wait().unwrap(), Some(9));
        let misses = cache.stats();
        assert_eq!(misses.missed(MissReason::Expired) + misses.missed(MissReason::Absent), misses.misses);
    });
}

#[test]
fn an_insert_without_life_removes_the_older_value() {
    in_each_store(|store, _| {
        let cache = cache(store, "shop");
        cache.insert("tom", &1).wait().unwrap();
        cache.insert("tom", &2).ttl(0).wait().unwrap();
        assert_eq!(cache.get::<i32>("tom").wait().unwrap(), None);
        cache.insert_many([("tom", 1), ("kim", 2)]).wait().unwrap();
        cache.insert_many([("tom", 3)]).ttl(0).wait().unwrap();
        assert_eq!(cache.get_many::<_, i32>(["tom", "kim"]).wait().unwrap(), [None, Some(2)]);
    });
}

#[test]
fn a_ttl_can_be_read_and_changed() {
    in_each_store(|store, scope| {
        let cache = cache(store, "shop");
        assert_eq!(cache.ttl("tom").wait().unwrap(), None);
        assert!(!cache.set_ttl("tom", 5).wait().unwrap());
        cache.insert("tom", &1).ttl(10).wait().unwrap();
        assert_eq!(cache.ttl("tom").wait().unwrap(), Some(Ttl::For(10 * SECOND)));
        scope.advance(4 * SECOND);
        assert_eq!(cache.ttl("tom").wait().unwrap(), Some(Ttl::For(6 * SECOND)));
        assert!(cache.extend_ttl("tom", 3).wait().unwrap());
        assert_eq!(cache.ttl("tom").wait().unwrap(), Some(Ttl::For(6 * SECOND)), "never shorter");
        assert!(cache.extend_ttl("tom", 20).wait().unwrap());
        assert_eq!(cache.ttl("tom").wait().unwrap(), Some(Ttl::For(20 * SECOND)));
        assert!(cache.set_ttl("tom", "2s").wait().unwrap());
        scope.advance(SECOND);
        assert_eq!(cache.get("tom").wait().unwrap(), Some(1));
        assert!(cache.set_ttl("tom", Duration::MAX).wait().unwrap());
        scope.advance(100 * SECOND);
        assert_eq!(cache.ttl("tom").wait().unwrap(), Some(Ttl::Unlimited));
        assert!(cache.set_ttl("tom", 0).wait().unwrap());
        assert!(!cache.contains("tom").wait().unwrap());
        assert_eq!(cache.set_ttl("tom", "soon").wait().unwrap_err().kind(), StoreErrorKind::Invalid);
    });
}

#[test]
fn what_is_present_is_not_replaced_and_what_is_absent_not_made() {
    in_each_store(|store, scope| {
        let cache = cache(store, "shop");
        assert!(!cache.insert_if_present("tom", &1).wait().unwrap());
        assert!(cache.insert_if_absent("tom", &2).ttl(1).wait().unwrap());
        assert!(!cache.insert_if_absent("tom", &3).wait().unwrap());
        assert_eq!(cache.get("tom").wait().unwrap(), Some(2));
        assert!(cache.insert_if_present("tom", &4).ttl(1).wait().unwrap());
        assert_eq!(cache.get("tom").wait().unwrap(), Some(4));
        scope.advance(SECOND);
        assert!(!cache.insert_if_present("tom", &5).wait().unwrap(), "what has expired is absent");
        assert!(cache.insert_if_absent("tom", &6).tags(["cats"]).wait().unwrap());
        cache.tag("cats").invalidate().wait().unwrap();
        assert!(!cache.insert_if_present("tom", &7).wait().unwrap(), "what is invalidated is absent");
        assert!(cache.insert_if_absent("tom", &8).wait().unwrap());
    });
}

#[test]
fn many_keys_keep_their_order() {
    in_each_store(|store, _| {
        let cache = cache(store, "shop");
        cache.insert_many([(3, "c"), (5, "e")]).tags(["letters"]).wait().unwrap();
        let found = cache.get_many::<_, String>([3, 4, 5, 3]).wait().unwrap();
        assert_eq!(found, [Some("c".into()), None, Some("e".into()), Some("c".into())]);
        cache.insert_many([(9, "first"), (9, "last")]).wait().unwrap();
        assert_eq!(cache.get(9).wait().unwrap(), Some("last".to_owned()));
        assert_eq!(cache.remove_many([4, 5]).wait().unwrap(), 1);
        cache.tag("letters").invalidate().wait().unwrap();
        assert_eq!(cache.get_many::<_, String>([3, 5]).wait().unwrap(), [None, None]);
        assert_eq!(cache.get_many::<u8, String>([]).wait().unwrap(), Vec::<Option<String>>::new());
    });
}

#[test]
fn a_number_is_counted_up_and_down() {
    in_each_store(|store, scope| {
        let cache = cache(store, "shop");
        assert_eq!(cache.increment("n", 2).wait().unwrap(), 2);
        assert_eq!(cache.increment("n", 2).wait().unwrap(), 4);
        assert_eq!(cache.increment("n", 1).wait().unwrap(), 5);
        assert_eq!(cache.increment("n", -3).wait().unwrap(), 2);
        assert_eq!(cache.get("n").wait().unwrap(), Some(2));
        cache.insert("n", &7).ttl(10).wait().unwrap();
        scope.advance(4 * SECOND);
        assert_eq!(cache.increment("n", 1).wait().unwrap(), 8);
        assert_eq!(cache.ttl("n").wait().unwrap(), Some(Ttl::For(6 * SECOND)), "the deadline stays");
        cache.insert("text", "seven").wait().unwrap();
        let error = cache.increment("text", 1).wait().unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::NotAnInteger);
        cache.insert("most", &i64::MAX).wait().unwrap();
        assert_eq!(cache.increment("most", 1).wait().unwrap_err().kind(), StoreErrorKind::NotAnInteger);
        assert_eq!(cache.get("most").wait().unwrap(), Some(i64::MAX));
    });
}

#[test]
fn threads_that_count_miss_nothing() {
    in_each_store(|store, _| {
        let cache = cache(store, "shop");
        std::thread::scope(|threads| {
            for _ in 0..3 {
                threads.spawn(|| {
                    for _ in 0..50 {
                        while let Err(error) = cache.increment("n", 1).wait() {
                            assert_eq!(error.kind(), StoreErrorKind::Contended);
                        }
                    }
                });
            }
        });
        assert_eq!(cache.get("n").wait().unwrap(), Some(150));
    });
}

#[test]
fn an_update_sees_the_value_and_keeps_deadline_and_tags() {
    in_each_store(|store, scope| {
        let cache = cache(store, "shop");
        let add = |old: Option<Vec<u8>>| {
            let mut all = old?;
            all.push(2);
            Some(all)
        };
        assert_eq!(cache.update("list", add).wait().unwrap(), None);
        assert!(!cache.contains("list").wait().unwrap());
        cache.insert("list", &[1]).ttl(10).tags(["lists"]).wait().unwrap();
        scope.advance(SECOND);
        assert_eq!(cache.update("list", add).wait().unwrap(), Some(vec![1, 2]));
        assert_eq!(cache.ttl("list").wait().unwrap(), Some(Ttl::For(9 * SECOND)));
        cache.tag("lists").invalidate().wait().unwrap();
        assert_eq!(cache.get::<Vec<u8>>("list").wait().unwrap(), None);
        assert_eq!(cache.update("list", |_| Some(vec![9_u8])).wait().unwrap(), Some(vec![9]));
        assert_eq!(cache.get("list").wait().unwrap(), Some(vec![9_u8]));
    });
}

#[derive(Tag)]
enum Of {
    Owner(u64),
}

#[test]
fn a_tag_takes_its_values_and_no_others() {
    in_each_store(|store, _| {
        let cache = cache(store, "shop");
        for (key, tags) in [("a", vec!["red"]), ("b", vec!["red", "round"]), ("c", vec!["round"])] {
            cache.insert(key, &key).tags(tags).wait().unwrap();
        }
        cache.insert("d", "plain").wait().unwrap();
        cache.insert("e", "typed").tags([Of::Owner(7)]).wait().unwrap();
        let text = Of::Owner(7).name().to_string();
        cache.insert("f", "text").tags([text]).wait().unwrap();
        let present = || {
            let keys = ["a", "b", "c", "d", "e", "f"];
            keys.into_iter().filter(|key| cache.contains(key).wait().unwrap()).collect::<String>()
        };
        assert_eq!(present(), "abcdef");
        cache.tag("red").invalidate().wait().unwrap();
        assert_eq!(present(), "cdef");
        cache.tag("nobody").invalidate().wait().unwrap();
        assert_eq!(present(), "cdef");
        cache.insert("a", "again").tags(["red"]).wait().unwrap();
        cache.tag(Of::Owner(7)).invalidate().wait().unwrap();
        assert_eq!(present(), "acdf", "a typed tag is no text");
        cache.invalidate_tags(["red", "round"]).wait().unwrap();
        assert_eq!(present(), "df");
        assert!(cache.stats().missed(MissReason::Invalidated) == 0, "`contains` counts nothing");
        assert_eq!(cache.get::<String>("a").wait().unwrap(), None);
        assert_eq!(cache.stats().missed(MissReason::Invalidated), 1);
    });
}

#[test]
fn a_key_and_a_tag_of_one_name_are_apart() {
    in_each_store(|store, _| {
        let cache = cache(store, "shop");
        cache.insert("cats", &1).tags(["cats"]).wait().unwrap();
        let lock = cache.lock("cats", "10s").wait().unwrap().expect("nobody has it");
        assert!(cache.remove("cats").wait().unwrap());
        cache.insert("cats", &2).tags(["cats"]).wait().unwrap();
        cache.tag("cats").invalidate().wait().unwrap();
        assert!(!cache.contains("cats").wait().unwrap());
        assert!(lock.release().wait().unwrap());
    });
}

#[test]
fn namespaces_are_apart() {
    in_each_store(|store, _| {
        let names = ["a", "b", "nm", "nma", "n/m", "n", "x y", ""];
        let caches: Vec<Cache> = names[..7].iter().map(|name| cache(store, name)).collect();
        for cache in &caches {
            cache.insert("k", cache.namespace()).tags(["t"]).wait().unwrap();
        }
        caches[2].clear().wait().unwrap();
        caches[0].tag("t").invalidate().wait().unwrap();
        for (cache, name) in caches.iter().zip(names) {
            let expected = (name != "nm" && name != "a").then(|| name.to_owned());
            assert_eq!(cache.get::<String>("k").wait().unwrap(), expected, "{name:?}");
        }
        let empty = Cache::builder_with(store.clone()).namespace("").build().unwrap_err();
        assert_eq!(empty.kind(), StoreErrorKind::Invalid);
    });
}

#[test]
fn a_pattern_takes_the_keys_that_match_and_no_others() {
    in_each_store(|store, _| {
        if store.scan().is_none() {
            return;
        }
        let cache = cache(store, "shop");
        let keys = (0..300).map(|number| (format!("cat:{number}"), number));
        cache.insert_many(keys).wait().unwrap();
        cache.insert_many([("dog:1", 1), ("cats", 2)]).wait().unwrap();
        cache.insert(format!("cat:{}", "long".repeat(100)), &1).wait().unwrap();
        cache.insert(("cat:", 7), &1).wait().unwrap();
        let other = crate::cache(store, "shop2");
        other.insert("cat:1", &1).wait().unwrap();
        assert_eq!(cache.scan("cat:29?").wait().unwrap().len(), 10);
        assert_eq!(cache.scan("*dog*").wait().unwrap(), ["dog:1"]);
        assert_eq!(cache.scan("[\"cat:\",*").wait().unwrap(), ["[\"cat:\",7]"]);
        assert_eq!(cache.remove_matching("cat:*").wait().unwrap(), 301);
        assert_eq!(cache.remove_matching("cat:*").wait().unwrap(), 0);
        assert_eq!(cache.scan("*").wait().unwrap().len(), 3);
        assert!(other.contains("cat:1").wait().unwrap());
        cache.clear().wait().unwrap();
        assert_eq!(cache.scan("*").wait().unwrap(), Vec::<String>::new());
        assert_eq!(other.scan("*").wait().unwrap(), ["cat:1"]);
    });
}

#[test]
fn a_removal_says_whether_there_was_a_value() {
    in_each_store(|store, scope| {
        let cache = cache(store, "shop");
        assert!(!cache.remove("tom").wait().unwrap(), "a key that was never stored is not counted");
        cache.insert("tom", &1).ttl(1).wait().unwrap();
        assert!(cache.remove("tom").wait().unwrap());
        assert!(!cache.remove("tom").wait().unwrap());
        cache.insert("tom", &1).ttl(1).wait().unwrap();
        scope.advance(SECOND);
        assert!(!cache.remove("tom").wait().unwrap());
        cache.insert("tom", &1).tags(["t"]).wait().unwrap();
        cache.tag("t").invalidate().wait().unwrap();
        assert!(!cache.remove("tom").wait().unwrap());
    });
}

#[test]
fn a_lock_has_one_owner_until_it_is_released_or_its_lease_ends() {
    in_each_store(|store, scope| {
        let cache = cache(store, "shop");
        let first = cache.lock("job", "5s").wait().unwrap().expect("nobody has it");
        assert!(cache.lock("job", "5s").wait().unwrap().is_none());
        scope.advance(4 * SECOND);
        assert!(first.prolong(5).wait().unwrap());
        scope.advance(4 * SECOND);
        assert!(cache.lock("job", "5s").wait().unwrap().is_none());
        scope.advance(SECOND);
        let second = cache.lock("job", "5s").wait().unwrap().expect("the death of its owner frees it");
        assert!(!first.prolong(5).wait().unwrap());
        assert!(!first.release().wait().unwrap(), "another owner's lock cannot be released");
        assert!(cache.lock("job", "5s").wait().unwrap().is_none());
        assert!(second.release().wait().unwrap());
        let third = cache.lock("job", "5s").wait().unwrap();
        assert!(third.is_some());
    });
}

#[test]
fn what_is_stored_where_nothing_is_kept_counts_as_lost() {
    let cache = Cache::builder(NullStore::new()).build().unwrap();
    cache.insert("tom", &1).tags(["cats"]).wait().unwrap();
    cache.insert_many([(1, 1), (2, 2)]).wait().unwrap();
    assert!(cache.insert_if_absent("tom", &1).wait().unwrap());
    assert!(!cache.insert_if_present("tom", &1).wait().unwrap());
    assert_eq!(cache.increment("n", 1).wait().unwrap(), 1);
    assert_eq!(cache.get::<i32>("tom").wait().unwrap(), None);
    assert!(!cache.remove("tom").wait().unwrap());
    cache.tag("cats").invalidate().wait().unwrap();
    cache.clear().wait().unwrap();
}

#[test]
fn a_reply_does_nothing_until_it_is_waited_for() {
    in_each_store(|store, _| {
        let cache = cache(store, "shop");
        drop(cache.insert("tom", &1));
        assert!(!cache.contains("tom").wait().unwrap());
        let insert = cache.insert("tom", &2);
        cache.insert("tom", &3).wait().unwrap();
        futures::executor::block_on(insert).unwrap();
        assert_eq!(cache.get("tom").wait().unwrap(), Some(2));
    });
}

#[test]
fn ttls_stay_within_the_bounds_of_the_cache() {
    in_each_store(|store, _| {
        let cache = Cache::builder_with(store.clone()).ttl("1m").min_ttl(10).max_ttl("1h").build().unwrap();
        let ttl = |key: &str| cache.ttl(key).wait().unwrap();
        cache.insert("default", &1).wait().unwrap();
        cache.insert("short", &1).ttl(1).wait().unwrap();
        cache.insert("long", &1).ttl(Duration::MAX).wait().unwrap();
        cache.insert("none", &1).ttl(0).wait().unwrap();
        assert_eq!(ttl("default"), Some(Ttl::For(Duration::from_mins(1))));
        assert_eq!(ttl("short"), Some(Ttl::For(10 * SECOND)));
        assert_eq!(ttl("long"), Some(Ttl::For(Duration::from_hours(1))));
        assert_eq!(ttl("none"), None);
        let wrong = Cache::builder_with(store.clone()).min_ttl(2).max_ttl(1).build().unwrap_err();
        assert_eq!(wrong.kind(), StoreErrorKind::Invalid);
        let wrong = Cache::builder_with(store.clone()).ttl("soon").build().unwrap_err();
        assert_eq!(wrong.kind(), StoreErrorKind::Invalid);
    });
}
