//! Configuration files, and stores in files.

use std::error::Error;
use std::sync::Arc;

use super::*;
use crate::store::{Cache, StoreError, StoreErrorKind};
use crate::testing::Scope;

fn value(cache: &Cache, key: &str) -> Option<u32> {
    cache.get(key).wait().unwrap()
}

#[test]
fn relative_paths_begin_at_the_folder_of_the_file() {
    let scope = Scope::new();
    let _inside = scope.enter();
    let folder = Folder::new("relative");
    fs::create_dir(folder.path("etc")).unwrap();
    fs::write(folder.path("etc/caches.json"), r#"{ "a": { "url": "disk:../data/cache.redb" } }"#).unwrap();
    caches().configure_file(folder.path("etc/caches.json")).unwrap();
    assert!(!folder.path("data").exists(), "nothing is opened yet");
    caches().get("a").unwrap().insert("key", &1_u32).wait().unwrap();
    assert!(folder.path("data/cache.redb").exists());
}

#[test]
fn a_file_that_cannot_be_read_is_named_with_the_cause() {
    let scope = Scope::new();
    let _inside = scope.enter();
    let error = caches().configure_file("/nowhere/caches.json").unwrap_err();
    assert_eq!(error.kind(), ConfigErrorKind::Unreadable);
    assert!(error.to_string().starts_with("/nowhere/caches.json: the file cannot be read: "), "{error}");
    let source = error.source().unwrap().downcast_ref::<std::io::Error>().unwrap();
    assert_eq!(source.kind(), std::io::ErrorKind::NotFound);

    let folder = Folder::new("unreadable");
    fs::write(folder.path("bytes.json"), b"{\"\xff\": {}}").unwrap();
    let error = caches().configure_file(folder.path("bytes.json")).unwrap_err();
    assert_eq!(error.kind(), ConfigErrorKind::Unreadable);
    fs::write(folder.path("caches.json"), "{\n  \"a\": { url: 1 }\n}").unwrap();
    let error = caches().configure_file(folder.path("caches.json")).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "{}: this is not JSON: key must be a string at line 2 column 10",
            folder.path("caches.json").display()
        )
    );
    assert!(error.source().is_some());
}

#[test]
fn aliases_of_the_same_file_share_its_store_and_are_apart() {
    let scope = Scope::new();
    let _inside = scope.enter();
    let folder = Folder::new("shared");
    let (plain, other) = (folder.shown("cache.redb"), folder.shown("sub/../cache.redb"));
    fs::create_dir(folder.path("sub")).unwrap();
    let text = format!(r#"{{ "nm": {{ "url": "disk:{plain}" }}, "nma": {{ "url": "disk:{other}" }} }}"#);
    caches().configure(&text).unwrap();
    let (nm, nma) = (caches().get("nm").unwrap(), caches().get("nma").unwrap());
    assert!(Arc::ptr_eq(nm.store(), nma.store()));
    nm.insert("key", &1_u32).wait().unwrap();
    nma.insert("key", &2_u32).wait().unwrap();
    nm.clear().wait().unwrap();
    assert_eq!((value(&nm, "key"), value(&nma, "key")), (None, Some(2)));

    let new = caches().create("nma").unwrap();
    assert!(Arc::ptr_eq(new.store(), nma.store()));
    assert_eq!((value(&new, "key"), nma.stats() == new.stats()), (Some(2), false));
    let by_url = caches().from_url(&format!("disk:{plain}?namespace=nma")).unwrap();
    assert_eq!(value(&by_url, "key"), Some(2));
}

#[test]
#[cfg(unix)]
fn a_file_is_the_same_through_a_link() {
    let scope = Scope::new();
    let _inside = scope.enter();
    let folder = Folder::new("link");
    fs::create_dir(folder.path("real")).unwrap();
    std::os::unix::fs::symlink(folder.path("real"), folder.path("link")).unwrap();
    let open = |path: &str| caches().from_url(&format!("disk:{}", folder.shown(path))).unwrap();
    let (real, link) = (open("real/new/cache.redb"), open("link/new/cache.redb"));
    assert!(Arc::ptr_eq(real.store(), link.store()));
}

#[test]
fn a_file_is_closed_when_nobody_uses_it_and_opened_again() {
    let scope = Scope::new();
    let _inside = scope.enter();
    let folder = Folder::new("closed");
    let path = folder.shown("cache.redb");
    let configure = |capacity| {
        let text = format!(r#"{{ "a": {{ "url": "disk:{path}", "capacity": "{capacity}" }} }}"#);
        caches().configure(&text)
    };
    configure("1MiB").unwrap();
    let cache = caches().get("a").unwrap();
    cache.insert("key", &1_u32).wait().unwrap();
    configure("2MiB").unwrap();
    let error = caches().get("a").unwrap_err();
    assert_eq!(error.kind(), ConfigErrorKind::Conflict);
    assert!(error.to_string().contains("a cache that is still in use"), "{error}");
    drop(cache);
    assert_eq!(value(&caches().get("a").unwrap(), "key"), Some(1));
}

#[test]
fn aliases_must_say_the_same_of_a_file() {
    let scope = Scope::new();
    let _inside = scope.enter();
    let folder = Folder::new("conflict");
    let path = folder.shown("cache.redb");
    let a = format!(r#""a": {{ "url": "disk:{path}", "capacity": "1MiB" }}"#);
    for other in [
        format!(r#""b": {{ "url": "disk:{path}" }}"#),
        format!(r#""b": {{ "url": "disk:{path}", "capacity": "2MiB" }}"#),
        format!(r#""b": {{ "url": "disk:{path}", "capacity": "1MiB", "sync_interval": "2s" }}"#),
        format!(r#""b": {{ "tiers": ["memory:", "disk:{path}?capacity=1MiB"] }}"#),
    ] {
        let error = caches().configure(&format!("{{ {a}, {other} }}")).unwrap_err();
        assert_eq!((error.kind(), error.alias()), (ConfigErrorKind::Conflict, Some("b")), "{error}");
        assert!(error.to_string().contains("the alias `a` uses the file"), "{error}");
    }
    // The same across two calls.
    caches().configure(&format!("{{ {a} }}")).unwrap();
    let other = format!(r#"{{ "b": {{ "url": "disk:{path}" }} }}"#);
    assert_eq!(caches().configure(&other).unwrap_err().kind(), ConfigErrorKind::Conflict);
    let same = format!(r#"{{ "b": {{ "url": "disk:{path}?capacity=1024KiB" }} }}"#);
    caches().configure(&same).unwrap();
}

#[test]
fn two_tiers_keep_values_beyond_the_cache() {
    let scope = Scope::new();
    let _inside = scope.enter();
    let folder = Folder::new("tiers");
    let path = folder.shown("cache.redb");
    let text = format!(
        r#"{{ "a": {{ "tiers": ["memory:?capacity=1MiB", "disk:{path}?sync_interval=0"], "front_ttl": "1m" }},
             "b": {{ "tiers": ["memory:?capacity=1MiB", "disk:{path}?sync_interval=0"], "front_ttl": 60 }} }}"#
    );
    caches().configure(&text).unwrap();
    let (a, b) = (caches().get("a").unwrap(), caches().get("b").unwrap());
    assert!(Arc::ptr_eq(a.store(), b.store()), "both have the same tiers, so no front misses a write");
    a.insert("key", &1_u32).wait().unwrap();
    assert_eq!((value(&a, "key"), value(&b, "key")), (Some(1), None));
    drop((a, b));
    caches().configure(&text).unwrap();
    assert_eq!(value(&caches().get("a").unwrap(), "key"), Some(1), "it was on the disk");
}

#[test]
fn a_store_that_cannot_be_opened_is_an_error_and_is_tried_again() {
    let scope = Scope::new();
    let _inside = scope.enter();
    let folder = Folder::new("again");
    fs::create_dir(folder.path("cache.redb")).unwrap();
    caches().configure(&format!(r#"{{ "a": {{ "url": "disk:{}" }} }}"#, folder.shown("cache.redb"))).unwrap();
    let error = caches().get("a").unwrap_err();
    assert_eq!((error.kind(), error.alias()), (ConfigErrorKind::Store, Some("a")));
    let source = error.source().unwrap().downcast_ref::<StoreError>().unwrap();
    assert_ne!(source.kind(), StoreErrorKind::Closed);
    assert_eq!(error.to_string(), format!("alias `a`: {source}"));
    fs::remove_dir(folder.path("cache.redb")).unwrap();
    caches().get("a").unwrap();
}
