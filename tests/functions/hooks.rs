//! Hooks run when they should, see what they should, and disturb nobody.

use std::sync::Mutex;

use cache_core::testing::Scope;
use cache_core::{Cause, KeyRef, memoize};
use tests::{Count, secs};

#[test]
fn hit_and_miss() {
    static HITS: Count = Count::new();
    static MISSES: Count = Count::new();
    #[memoize(on_hit = |_key, _value| { HITS.add(); }, on_miss = |_key| { MISSES.add(); })]
    fn run(n: u32) -> u32 {
        n
    }

    run(1);
    assert_eq!((MISSES.get(), HITS.get()), (1, 0));
    run(1);
    assert_eq!((MISSES.get(), HITS.get()), (1, 1));
}

#[test]
fn hooks_see_key_value_and_arguments() {
    static LOG: Mutex<Vec<String>> = Mutex::new(Vec::new());
    fn log(line: String) {
        LOG.lock().unwrap().push(line);
    }
    #[memoize(
        skip(tenant),
        on_hit = |key, value| log(format!("hit {key} {value} {name} {tenant}")),
        on_miss = |key| log(format!("miss {key} {name} {tenant} {}", key.function())),
        on_store = |key, value| log(format!("store {key} {value}")),
        on_evict = |key, value, cause| log(format!("evict {key} {value} {cause:?}")),
    )]
    fn lives(name: &str, tenant: String) -> u32 {
        u32::try_from(name.len() + tenant.len()).unwrap()
    }

    lives("tom", "red".to_owned());
    lives("tom", "blue".to_owned());
    lives::entry("tom", String::new()).invalidate();
    assert_eq!(
        *LOG.lock().unwrap(),
        [
            r#"miss functions::hooks::lives("tom") tom red functions::hooks::lives"#,
            r#"store functions::hooks::lives("tom") 6"#,
            r#"hit functions::hooks::lives("tom") 6 tom blue"#,
            r#"evict functions::hooks::lives("tom") 6 Invalidated"#,
        ]
    );
}

#[test]
fn the_value_of_a_hook_is_the_ok_of_a_result() {
    static STORED: Mutex<Vec<u32>> = Mutex::new(Vec::new());
    static HIT: Mutex<Vec<u32>> = Mutex::new(Vec::new());
    #[memoize(
        err_ttl = 10,
        on_store = |_key, value: &u32| STORED.lock().unwrap().push(*value),
        on_hit = |_key, value: &u32| HIT.lock().unwrap().push(*value),
    )]
    fn odd(n: u32) -> Result<u32, String> {
        if n % 2 == 1 { Ok(n) } else { Err(n.to_string()) }
    }

    for n in [1, 2, 1, 2] {
        let _ = odd(n);
    }
    assert_eq!(odd::memo().stats().hits, 2);
    assert_eq!(*STORED.lock().unwrap(), [1], "errors are kept, but they are no values");
    assert_eq!(*HIT.lock().unwrap(), [1]);
}

#[test]
fn hooks_take_paths() {
    static SEEN: Count = Count::new();
    fn seen(_: &KeyRef<'_>) {
        SEEN.add();
    }
    fn seen_value(_: &KeyRef<'_>, _: &String) {
        SEEN.add();
    }
    mod deep {
        pub(super) fn left(_: &cache_core::KeyRef<'_>, _: &String, _: cache_core::Cause) {
            super::hooks_take_paths_left();
        }
    }
    #[memoize(on_miss = seen, on_hit = seen_value, on_store = seen_value, on_evict = deep::left)]
    fn text(n: u32) -> String {
        n.to_string()
    }

    text(1);
    text(1);
    text::memo().clear();
    assert_eq!((SEEN.get(), LEFT.get()), (3, 1));
}

static LEFT: Count = Count::new();

fn hooks_take_paths_left() {
    LEFT.add();
}

#[test]
fn an_entry_leaves_for_a_cause() {
    static CAUSES: Mutex<Vec<Cause>> = Mutex::new(Vec::new());
    #[memoize(ttl = 10, capacity = 1, on_evict = |_key, _value, cause| CAUSES.lock().unwrap().push(cause))]
    fn run(n: u32) -> u32 {
        n
    }
    fn causes() -> Vec<Cause> {
        std::mem::take(&mut *CAUSES.lock().unwrap())
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    run(1);
    assert_eq!(causes(), []);
    run(2);
    assert_eq!(causes(), [Cause::Capacity]);
    run::entry(2).insert(3);
    assert_eq!(causes(), [Cause::Replaced]);
    run::entry(2).refresh();
    assert_eq!(causes(), [Cause::Replaced]);
    run::entry(2).invalidate();
    assert_eq!(causes(), [Cause::Invalidated]);
    run(2);
    run::memo().clear();
    assert_eq!(causes(), [Cause::Invalidated]);
    run(2);
    scope.advance(secs(10));
    assert_eq!(causes(), [], "not at the deadline itself");
    run(2);
    assert_eq!(causes(), [Cause::Expired], "when it is computed anew");
    scope.advance(secs(10));
    run(3);
    assert_eq!(causes(), [Cause::Expired], "when its place is needed");
    scope.advance(secs(10));
    assert_eq!(run::memo().sweep(), 1);
    assert_eq!(causes(), [Cause::Expired], "by a sweep");
    let stats = run::memo().stats();
    assert_eq!((stats.evictions, stats.expirations, stats.invalidations), (1, 3, 2));
}

#[test]
fn on_store_tells_what_is_stored_and_nothing_else() {
    static STORED: Count = Count::new();
    #[memoize(cache_if = |value| *value < 10, on_store = |_key, _value| { STORED.add(); })]
    fn run(n: u32) -> u32 {
        n
    }

    run(1);
    run(1);
    assert_eq!(STORED.get(), 1);
    run(20);
    assert_eq!(STORED.get(), 1, "refused");
    run::entry(2).insert(3);
    run::entry(2).refresh();
    assert_eq!(STORED.get(), 3);
    run::entry(5).uncached();
    run::entry(1).insert_if_absent(3);
    assert_eq!(STORED.get(), 3);
    assert_eq!(run::memo().stats().stores, 3);
}

#[test]
fn a_miss_is_told_before_the_body_runs() {
    static LOG: Mutex<Vec<&str>> = Mutex::new(Vec::new());
    fn log(line: &'static str) {
        LOG.lock().unwrap().push(line);
    }
    #[memoize(on_miss = |_key| log("miss"), on_store = |_key, _value| log("store"))]
    fn run(n: u32) -> u32 {
        log("body");
        n
    }

    run(1);
    assert_eq!(*LOG.lock().unwrap(), ["miss", "body", "store"]);
}

/// A name, whose case does not matter.
#[derive(Clone, Debug)]
struct Name(&'static str);

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(other.0)
    }
}

impl Eq for Name {}

impl std::hash::Hash for Name {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.to_ascii_lowercase().hash(state);
    }
}

#[test]
fn an_entry_that_is_replaced_leaves_with_its_own_key() {
    static LOG: Mutex<Vec<String>> = Mutex::new(Vec::new());
    #[memoize(
        name = "names",
        tags = ["name:{name.0}"],
        on_store = |key, _| LOG.lock().unwrap().push(format!("stored {key}")),
        on_evict = |key, _, cause| LOG.lock().unwrap().push(format!("{key} left: {cause:?}")),
    )]
    fn length(name: Name) -> usize {
        name.0.len()
    }

    length(Name("tom"));
    length::entry(Name("TOM")).refresh();
    let keys: Vec<String> = length::memo().keys().iter().map(ToString::to_string).collect();
    assert_eq!(keys, [r#"names(Name("TOM"))"#]);
    assert_eq!(length::memo().invalidate_matching("*TOM*").count(), 1);
    let log = std::mem::take(&mut *LOG.lock().unwrap());
    let expected = [
        r#"stored names(Name("tom"))"#,
        r#"names(Name("tom")) left: Replaced"#,
        r#"stored names(Name("TOM"))"#,
        r#"names(Name("TOM")) left: Invalidated"#,
    ];
    assert_eq!(log, expected);
}

#[test]
fn the_expression_of_a_hook_may_call_memoized_functions() {
    #[memoize]
    fn limit() -> usize {
        10
    }
    #[memoize(capacity = 100, weigh = { assert_eq!(limit(), 10); |_key, _value| 7 })]
    fn heavy(n: u32) -> u32 {
        n
    }

    tests::no_hang(|| {
        let scope = Scope::new();
        let _inside = scope.enter();
        assert_eq!((heavy(1), heavy::memo().weight(), limit::memo().len()), (1, 7, 1));
    });
}
