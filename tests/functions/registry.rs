//! Tools find memos by name, and entries by name and arguments.

use cache_core::testing::Scope;
use cache_core::{AnyKey, LookupErrorKind, memoize, registry};
use serde_json::json;

#[test]
fn a_memo_is_listed_from_its_first_use() {
    #[memoize]
    fn first(n: u32) -> u32 {
        n
    }
    #[memoize]
    fn second(n: u32) -> u32 {
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert!(registry().memos().is_empty());
    assert!(registry().find("functions::registry::first").is_none());
    second(1);
    first(1);
    first(2);
    let names: Vec<_> = registry().memos().iter().map(|memo| memo.name().to_owned()).collect();
    assert_eq!(
        names,
        ["functions::registry::second", "functions::registry::first"],
        "in the order of their first use"
    );
    let memo = registry().find("functions::registry::first").unwrap();
    assert_eq!((memo.name(), memo.len(), memo.stats().misses), ("functions::registry::first", 2, 2));
    assert_eq!(memo.clear().count(), 2);
    assert!(first::memo().is_empty());
    // Named once, however often it is used.
    assert_eq!(registry().memos().len(), 2);
}

#[test]
fn a_memo_that_is_asked_for_is_listed() {
    #[memoize(name = "functions::registry::early")]
    fn early(n: u32) -> u32 {
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let _ = early::memo();
    assert!(registry().find("functions::registry::early").is_some());
}

#[test]
fn keys_are_the_live_entries() {
    #[memoize(ttl = 10)]
    fn run(name: &str, n: u32) -> u32 {
        let _ = name;
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    run("a", 1);
    run("a", 1);
    run("b", 2);
    let shown = || {
        let mut keys: Vec<_> = run::memo().keys().iter().map(ToString::to_string).collect();
        keys.sort();
        keys
    };
    assert_eq!(
        shown(),
        [r#"functions::registry::run("a", 1)"#, r#"functions::registry::run("b", 2)"#],
        "two calls, two keys"
    );
    assert!(run::memo().keys().contains(&run::key("a", 1)), "a key is what the call used");
    run::key("a", 1).invalidate();
    assert_eq!(shown(), [r#"functions::registry::run("b", 2)"#], "what is removed is gone");
    for key in run::memo().keys() {
        assert_eq!(key.get(), Some(2));
    }
    assert_eq!(registry().find("functions::registry::run").unwrap().any_keys(), [run::key("b", 2).any()]);
    scope.advance(tests::secs(10));
    assert!(shown().is_empty());
}

#[test]
fn an_entry_by_name_and_json() {
    #[memoize(name = "json::get")]
    fn get(name: &str, limits: &[u32], deep: Option<(String, f64)>) -> usize {
        name.len() + limits.len() + usize::from(deep.is_some())
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    get("tom", &[1, 2], None);
    get("kit", &[], Some(("x".to_owned(), 0.5)));
    let listed = registry().key("json::get", &json!(["tom", [1, 2], null])).unwrap();
    assert!(listed.is_live());
    assert_eq!(listed, get::key("tom", &[1, 2], None).any());
    assert_eq!(listed.to_string(), r#"json::get("tom", [1, 2], None)"#);
    let named = json!({ "deep": ["x", 0.5], "name": "kit", "limits": [] });
    assert_eq!(registry().invalidate("json::get", &named).unwrap().count(), 1);
    assert_eq!(registry().invalidate("json::get", &named).unwrap().count(), 0);
    assert_eq!(get::memo().len(), 1);
    // What was never called has a key, too; it is just not live.
    assert!(!registry().key("json::get", &json!(["bob", [], null])).unwrap().is_live());
}

#[test]
fn json_of_the_users_types() {
    #[derive(Clone, Debug, PartialEq, Eq, Hash, serde_derive::Deserialize)]
    struct Query {
        text: String,
        limit: u32,
    }
    #[memoize(name = "json::search")]
    fn search(query: &Query) -> u32 {
        query.limit
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    search(&Query { text: "tom".to_owned(), limit: 3 });
    let arguments = json!([{ "text": "tom", "limit": 3 }]);
    assert_eq!(registry().invalidate("json::search", &arguments).unwrap().count(), 1);
}

#[test]
fn skipped_arguments_are_left_out_of_the_json() {
    #[memoize(name = "json::skipping", skip(pool))]
    fn run(pool: &str, n: u32) -> u32 {
        let _ = pool;
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    run("x", 1);
    assert!(registry().key("json::skipping", &json!([1])).unwrap().is_live());
    assert!(registry().key("json::skipping", &json!({ "n": 1 })).unwrap().is_live());
}

#[test]
fn what_does_not_fit_says_why() {
    #[derive(Clone, PartialEq, Eq, Hash)]
    struct Opaque(u32);
    #[memoize(name = "json::fits")]
    fn fits(name: &str, n: u8) -> u32 {
        let _ = name;
        u32::from(n)
    }
    #[memoize(name = "json::opaque")]
    fn opaque(n: Opaque) -> u32 {
        n.0
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    fits("a", 1);
    opaque(Opaque(1));
    let refused = |name: &str, arguments: serde_json::Value| {
        let error = registry().key(name, &arguments).unwrap_err();
        (error.kind(), error.to_string())
    };
    let (kind, text) = refused("json::unheard", json!([]));
    assert_eq!(kind, LookupErrorKind::UnknownMemo);
    assert!(text.contains("json::unheard"), "{text}");
    for (arguments, why) in [
        (json!(["a"]), "2"),
        (json!(["a", 1, 2]), "2"),
        (json!("a"), "array"),
        (json!(["a", 256]), "`n`"),
        (json!([7, 1]), "`name`"),
        (json!({ "name": "a" }), "`n`"),
        (json!({ "name": "a", "n": 1, "m": 2 }), "`m`"),
    ] {
        let (kind, text) = refused("json::fits", arguments.clone());
        assert_eq!(kind, LookupErrorKind::Arguments);
        assert!(text.contains("json::fits") && text.contains(why), "{arguments}: {text}");
    }
    let (kind, text) = refused("json::opaque", json!([1]));
    assert_eq!(kind, LookupErrorKind::Arguments);
    assert!(text.contains("Opaque") && text.contains("Deserialize"), "{text}");
}

#[test]
fn a_memo_can_be_switched_off_and_on() {
    #[memoize]
    fn run(n: u32) -> u32 {
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    run(1);
    let memo = registry().find("functions::registry::run").unwrap();
    memo.set_enabled(false);
    run(1);
    assert_eq!(run::entry(1).get(), None);
    assert_eq!(run::key(1).get(), None);
    assert!(!run::entry(1).insert(5));
    memo.set_enabled(true);
    assert_eq!(run::entry(1).get(), Some(1), "what was there is still there");
    let stats = memo.stats();
    assert_eq!((stats.bypasses, stats.stores), (1, 1));
}

#[test]
fn an_invalidation_while_switched_off_counts() {
    #[memoize]
    fn run(n: u32) -> u32 {
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    run(1);
    run(2);
    run::memo().set_enabled(false);
    run::entry(1).invalidate();
    run::memo().set_enabled(true);
    assert_eq!(run::entry(1).get(), None);
    run::memo().set_enabled(false);
    run::memo().clear();
    run::memo().set_enabled(true);
    assert_eq!(run::entry(2).get(), None);
}

#[test]
fn handles_show_what_they_are_of() {
    #[memoize(tag = "functions::registry::shown")]
    fn shown(n: u32) -> u32 {
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let any = registry().find(shown::memo().name()).unwrap();
    assert!(any.is_empty());
    shown(7);
    let of_memo = r#"Memo { name: "functions::registry::shown", len: 1, .. }"#;
    assert!(!any.is_empty());
    assert_eq!(
        (format!("{any:?}"), format!("{:?}", shown::memo())),
        (of_memo.to_owned(), of_memo.to_owned())
    );
    let key = shown::key(7);
    assert_eq!(AnyKey::from(key.clone()).to_string(), key.to_string());
    shown::memo().invalidate_if(|seen, _| {
        assert_eq!((format!("{seen:?}"), seen.to_string()), (key.to_string(), key.to_string()));
        false
    });
    let tags = shown::memo().tags();
    assert!(tags[0] == *"functions::registry::shown");
    assert_eq!(format!("{tags:?}"), r#"["functions::registry::shown"]"#);
    assert!(format!("{scope:?}").starts_with("Scope { elapsed: 0ns"), "{scope:?}");
}
