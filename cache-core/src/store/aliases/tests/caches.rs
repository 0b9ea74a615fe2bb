use std::sync::{Arc, Barrier};
use std::time::Duration;

use serde_json::json;

use super::*;
use crate::store::{Cache, MemoryStore};
use crate::testing::Scope;

/// Each cache in memory that was built by itself has a store of its own.
fn is_same(a: &Cache, b: &Cache) -> bool {
    Arc::ptr_eq(a.store(), b.store())
}

fn value(cache: &Cache, key: &str) -> Option<u32> {
    cache.get(key).wait().unwrap()
}

#[test]
fn an_alias_stands_for_one_cache_and_a_new_one_is_made_when_asked_for() {
    let scope = Scope::new();
    let _inside = scope.enter();
    caches().configure(r#"{ "shared": { "url": "memory:" } }"#).unwrap();
    let cache = caches().get("shared").unwrap();
    cache.insert("key", &1_u32).wait().unwrap();
    assert!(is_same(&cache, &caches().get("shared").unwrap()));
    let new = caches().create("shared").unwrap();
    assert!(!is_same(&cache, &new));
    assert_eq!((new.namespace(), value(&new, "key")), ("shared", None));
    assert!(is_same(&cache, &caches().get("shared").unwrap()), "the new one has not taken its place");
}

#[test]
fn threads_that_ask_at_once_get_the_same_cache() {
    let scope = Scope::new();
    let _inside = scope.enter();
    caches().configure(r#"{ "a": { "url": "memory:" } }"#).unwrap();
    let barrier = Arc::new(Barrier::new(8));
    let get = |barrier: Arc<Barrier>| {
        scope.spawn(move || {
            barrier.wait();
            caches().get("a").unwrap()
        })
    };
    let threads: Vec<_> = (0..8).map(|_| get(barrier.clone())).collect();
    let found: Vec<Cache> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert!(found.iter().all(|cache| is_same(cache, &found[0])));
}

#[test]
fn an_alias_that_is_configured_again_is_another_cache_and_the_old_one_works_on() {
    let scope = Scope::new();
    let _inside = scope.enter();
    caches().configure(r#"{ "a": { "url": "memory:" }, "b": { "url": "memory:" } }"#).unwrap();
    let (old, other) = (caches().get("a").unwrap(), caches().get("b").unwrap());
    old.insert("key", &1_u32).wait().unwrap();
    caches().configure(r#"{ "a": { "url": "memory:", "namespace": "new" } }"#).unwrap();
    let new = caches().get("a").unwrap();
    assert_eq!((new.namespace(), value(&new, "key"), value(&old, "key")), ("new", None, Some(1)));
    assert!(is_same(&other, &caches().get("b").unwrap()), "it was not configured again");
    assert_eq!(caches().aliases(), ["a", "b"]);
}

#[test]
fn a_mistake_changes_nothing() {
    let scope = Scope::new();
    let _inside = scope.enter();
    caches().configure(r#"{ "a": { "url": "memory:" } }"#).unwrap();
    let cache = caches().get("a").unwrap();
    let wrong =
        r#"{ "a": { "url": "null:" }, "b": { "url": "memory:" }, "c": { "url": "memory:", "ttl": true } }"#;
    let error = caches().configure(wrong).unwrap_err();
    assert_eq!((error.kind(), error.alias()), (ConfigErrorKind::WrongValue, Some("c")));
    assert_eq!(caches().aliases(), ["a"]);
    assert!(is_same(&cache, &caches().get("a").unwrap()));
}

#[test]
fn aliases_are_apart_and_clearing_one_leaves_the_other() {
    let scope = Scope::new();
    let _inside = scope.enter();
    caches().configure(r#"{ "nm": { "url": "memory:" }, "nma": { "url": "memory:" } }"#).unwrap();
    let (nm, nma) = (caches().get("nm").unwrap(), caches().get("nma").unwrap());
    nm.insert("key", &1_u32).wait().unwrap();
    nma.insert("key", &2_u32).wait().unwrap();
    assert_eq!((value(&nm, "key"), value(&nma, "key")), (Some(1), Some(2)));
    nm.clear().wait().unwrap();
    assert_eq!((value(&nm, "key"), value(&nma, "key")), (None, Some(2)));
}

#[test]
fn an_alias_that_is_not_configured_names_those_that_are() {
    let scope = Scope::new();
    let _inside = scope.enter();
    let error = |alias| caches().get(alias).unwrap_err();
    assert_eq!(
        error("shared").to_string(),
        "alias `shared`: no alias is configured: `caches().configure(..)` does it"
    );
    caches().configure(r#"{ "shared": { "url": "memory:" }, "pages": { "url": "memory:" } }"#).unwrap();
    assert_eq!(
        error("shard").to_string(),
        "alias `shard`: it is not configured (did you mean `shared`?); there are `pages` and `shared`"
    );
    assert_eq!(
        error("elephants").to_string(),
        "alias `elephants`: it is not configured; there are `pages` and `shared`"
    );
    assert_eq!(error("x").kind(), ConfigErrorKind::UnknownAlias);
    assert_eq!(caches().create("x").unwrap_err().kind(), ConfigErrorKind::UnknownAlias);
}

#[test]
fn scopes_have_their_own_aliases() {
    let (one, other) = (Scope::new(), Scope::new());
    let inside = one.enter();
    caches().configure(r#"{ "of a scope": { "url": "memory:" } }"#).unwrap();
    drop(inside);
    let inside = other.enter();
    assert_eq!(caches().aliases(), [""; 0]);
    drop(inside);
    assert!(!caches().aliases().contains(&"of a scope".to_owned()));
}

#[test]
fn what_is_configured_takes_effect() {
    let scope = Scope::new();
    let _inside = scope.enter();
    let config = json!({
        "short": { "url": "memory:", "ttl": "2s", "max_ttl": 10, "max_value": 100, "compression": "none" },
        "null": { "url": "null:" },
        "small": { "url": "memory:", "capacity": "4KiB" },
        "signed": {
            "url": "memory:",
            "signing_keys": ["hex:000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f"],
        },
    });
    caches().configure_value(&config).unwrap();
    let get = |alias| caches().get(alias).unwrap();

    let short = get("short");
    short.insert("by default", &1_u32).wait().unwrap();
    short.insert("too long", &2_u32).ttl("1h").wait().unwrap();
    assert!(short.insert("too large", &"x".repeat(200)).wait().is_err());
    scope.advance(Duration::from_secs(3));
    assert_eq!((value(&short, "by default"), value(&short, "too long")), (None, Some(2)));
    scope.advance(Duration::from_secs(8));
    assert_eq!(value(&short, "too long"), None);

    get("null").insert("key", &1_u32).wait().unwrap();
    assert_eq!(value(&get("null"), "key"), None);

    let small = get("small");
    (0..100).for_each(|n| small.insert(n, &n).wait().unwrap());
    let kept = (0..100).filter(|n: &u32| small.contains(n).wait().unwrap()).count();
    assert!((1..40).contains(&kept), "{kept} of 100 values are in 4 KiB");

    let signed = get("signed");
    signed.insert("key", &1_u32).wait().unwrap();
    assert_eq!(value(&signed, "key"), Some(1));
    let unsigned = Cache::builder_with(signed.store().clone()).namespace("signed").build().unwrap();
    assert_eq!(value(&unsigned, "key"), None, "without the key, what is signed is not read");
}

#[test]
fn a_cache_that_was_built_elsewhere_can_be_registered() {
    let scope = Scope::new();
    let _inside = scope.enter();
    let own = Cache::builder(MemoryStore::new()).namespace("own").build().unwrap();
    caches().register("own", own.clone()).unwrap();
    assert!(is_same(&own, &caches().get("own").unwrap()));
    assert_eq!(caches().create("own").unwrap_err().kind(), ConfigErrorKind::NotApplicable);
    assert_eq!(caches().register("", own).unwrap_err().kind(), ConfigErrorKind::WrongValue);
    caches().configure(r#"{ "own": { "url": "memory:" } }"#).unwrap();
    assert_eq!(caches().get("own").unwrap().namespace(), "own");
    assert!(caches().create("own").is_ok());
}

#[test]
fn a_url_alone_makes_a_cache() {
    let scope = Scope::new();
    let _inside = scope.enter();
    let cache = caches().from_url("memory:?ttl=2&namespace=my%20shop&capacity=1MiB").unwrap();
    cache.insert("key", &1_u32).wait().unwrap();
    assert_eq!((cache.namespace(), value(&cache, "key")), ("my shop", Some(1)));
    scope.advance(Duration::from_secs(3));
    assert_eq!(value(&cache, "key"), None);
    assert!(!is_same(&cache, &caches().from_url("memory:").unwrap()));
    assert_eq!(caches().from_url("memory://").unwrap().namespace(), "cache");
    assert_eq!(caches().aliases(), [""; 0]);
}

#[test]
fn fields_of_a_value_that_are_null_are_not_there() {
    let scope = Scope::new();
    let _inside = scope.enter();
    let with = |ttl: Option<u32>| json!({ "a": { "url": "memory:", "ttl": ttl, "compression": { "algorithm": "lz4", "level": null } } });
    caches().configure_value(&with(None)).unwrap();
    let cache = caches().get("a").unwrap();
    cache.insert("key", &1_u32).wait().unwrap();
    scope.advance(Duration::from_secs(1 << 30));
    assert_eq!(value(&cache, "key"), Some(1));
    let error = caches().configure_value(&7).unwrap_err();
    assert_eq!(error.to_string(), "a configuration is a number, and must be an object of aliases");
    assert!(Caches::schema().starts_with('{'));
}
