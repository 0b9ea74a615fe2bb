use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::store::aliases::environment::Environment;
use crate::store::aliases::registry::Registry;
use crate::testing::Scope;

const TEXT: &str = r#" { "default": { "url": "null:" }, "pages": { "url": "memory:", "namespace": "p" } }"#;

fn with_text() -> Environment {
    Environment { config: Some(TEXT.into()), url: None }
}

fn with_both() -> Environment {
    Environment { config: Some(TEXT.into()), url: Some("memory:?ttl=5m".into()) }
}

fn store(registry: &Registry, alias: &str) -> String {
    registry.get(alias).unwrap().store().name().to_owned()
}

#[test]
fn a_text_in_the_environment_configures_aliases() {
    let registry = Registry::new(Some(with_text));
    assert_eq!(registry.aliases(), ["default", "pages"]);
    assert_eq!(
        (store(&registry, "default"), registry.get("pages").unwrap().namespace()),
        ("null:".into(), "p")
    );
}

#[test]
fn a_url_in_the_environment_is_for_the_default_and_goes_before_the_text() {
    let registry = Registry::new(Some(with_both));
    assert_eq!(
        (store(&registry, "default"), store(&registry, "pages")),
        ("memory:".into(), "memory:".into())
    );
    assert_eq!(registry.get("default").unwrap().namespace(), "default");
}

#[test]
fn what_the_program_configures_goes_before_the_environment() {
    let scope = Scope::new();
    let _inside = scope.enter();
    let registry = Registry::new(Some(with_text));
    let pages = r#"{ "pages": { "url": "null:" } }"#;
    registry.configure(crate::store::aliases::config::aliases(pages, None).unwrap()).unwrap();
    assert_eq!((store(&registry, "pages"), store(&registry, "default")), ("null:".into(), "null:".into()));
    assert_eq!(registry.aliases(), ["default", "pages"]);
}

#[test]
fn the_environment_is_read_once_and_only_when_it_is_needed() {
    static READ: AtomicUsize = AtomicUsize::new(0);
    fn read() -> Environment {
        READ.fetch_add(1, Ordering::Relaxed);
        with_text()
    }
    let registry = Registry::new(Some(read));
    let own = r#"{ "own": { "url": "memory:" } }"#;
    registry.configure(crate::store::aliases::config::aliases(own, None).unwrap()).unwrap();
    registry.get("own").unwrap();
    assert_eq!(READ.load(Ordering::Relaxed), 0);
    registry.get("pages").unwrap();
    registry.get("pages").unwrap();
    registry.get("absent").unwrap_err();
    assert_eq!(READ.load(Ordering::Relaxed), 1);
}

#[test]
fn a_mistake_in_the_environment_is_told_to_those_who_need_it() {
    fn wrong() -> Environment {
        Environment { config: Some(r#"{ "a": { "url": "memroy:" } }"#.into()), url: None }
    }
    fn wrong_url() -> Environment {
        Environment { config: None, url: Some("memory:?tll=5m".into()) }
    }
    fn no_file() -> Environment {
        Environment { config: Some("/nowhere/caches.json".into()), url: None }
    }
    let error = |environment| Registry::new(Some(environment)).get("a").unwrap_err().to_string();
    assert!(error(wrong).starts_with("CACHE_CORE_CONFIG: alias `a`, field `url`: "), "{}", error(wrong));
    let shown = error(wrong_url);
    assert!(shown.starts_with("CACHE_CORE_URL: alias `default`, field `tll`: "), "{shown}");
    let shown = error(no_file);
    assert!(
        shown.starts_with("CACHE_CORE_CONFIG: /nowhere/caches.json: the file cannot be read: "),
        "{shown}"
    );

    let registry = Registry::new(Some(wrong));
    let own = r#"{ "own": { "url": "memory:" } }"#;
    registry.configure(crate::store::aliases::config::aliases(own, None).unwrap()).unwrap();
    assert_eq!((registry.aliases(), store(&registry, "own")), (vec!["own".to_owned()], "memory:".to_owned()));
}

#[test]
fn test_scopes_do_not_look_at_the_environment() {
    // The variables are set for a process of its own by a test of the whole; here it is the registry that has none.
    let registry = Registry::new(None);
    assert_eq!(registry.aliases(), [""; 0]);
    assert_eq!(registry.get("default").unwrap_err().kind(), ConfigErrorKind::UnknownAlias);
}
