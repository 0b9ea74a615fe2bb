//! What each option of the attribute does, where no other file is about it.

use cache_core::testing::Scope;
use cache_core::{memoize, registry};
use tests::Count;

#[derive(Clone, Debug, PartialEq)]
struct Cat {
    id: u64,
    name: String,
    mood: Mood,
}

/// Neither `Hash` nor `Eq`: cannot be part of a key.
#[derive(Clone, Debug, PartialEq)]
struct Mood(f64);

fn cat(id: u64, name: &str) -> Cat {
    Cat { id, name: name.to_owned(), mood: Mood(0.5) }
}

#[test]
fn bypass_neither_reads_nor_writes() {
    static RUNS: Count = Count::new();
    #[memoize(skip(live), bypass_if = live)]
    fn run(n: u32, live: bool) -> usize {
        let _ = (n, live);
        RUNS.add()
    }

    assert_eq!(run(1, true), 0);
    assert!(run::memo().is_empty());
    assert_eq!(run(1, false), 1);
    assert_eq!(run(1, true), 2);
    assert_eq!(run(1, false), 1);
    let stats = run::memo().stats();
    assert_eq!((stats.bypasses, stats.hits, stats.misses), (2, 1, 1));
}

#[test]
fn bypass_may_ask_any_argument() {
    static RUNS: Count = Count::new();
    #[memoize(bypass_if = name.is_empty() || *limit > 5)]
    fn run(name: &str, limit: &u32) -> usize {
        let _ = (name, limit);
        RUNS.add()
    }

    for (name, limit) in [("", 1), ("", 1), ("a", 9), ("a", 9), ("a", 1), ("a", 1)] {
        run(name, &limit);
    }
    assert_eq!(RUNS.get(), 5);
}

#[test]
fn refresh_does_not_read_but_writes() {
    static RUNS: Count = Count::new();
    #[memoize(skip(force), refresh_if = force)]
    fn run(n: u32, force: bool) -> usize {
        let _ = (n, force);
        RUNS.add()
    }

    assert_eq!(run(1, true), 0);
    assert_eq!(run(1, false), 0);
    assert_eq!(run(1, true), 1);
    assert_eq!(run(1, false), 1);
    assert_eq!(run::memo().len(), 1);
}

#[test]
fn skipped_arguments_are_not_part_of_the_key() {
    static RUNS: Count = Count::new();
    #[memoize(skip(pool, mood))]
    fn run(n: u32, pool: &Cat, mood: Mood) -> String {
        RUNS.add();
        format!("{n} {} {}", pool.name, mood.0)
    }

    assert_eq!(run(1, &cat(1, "tom"), Mood(0.5)), "1 tom 0.5");
    assert_eq!(run(1, &cat(2, "kit"), Mood(1.5)), "1 tom 0.5");
    assert_eq!(RUNS.get(), 1);
    // `entry` has the function's arguments, `key` only those that identify the call.
    assert_eq!(run::entry(1, &cat(3, "bob"), Mood(0.0)).id(), run::key(1));
    assert_eq!(run::key(1).to_string(), "functions::options::run(1)");
    assert_eq!(run::key(1).invalidate().count(), 1);
}

#[test]
fn what_is_borrowed_mutably_can_be_skipped() {
    #[memoize(skip(log))]
    fn run(n: u32, log: &mut Vec<u32>) -> u32 {
        log.push(n);
        n
    }

    let mut log = Vec::new();
    assert_eq!([run(1, &mut log), run(1, &mut log), run(2, &mut log)], [1, 1, 2]);
    assert_eq!(log, [1, 2], "only the body writes to it");
    run::entry(1, &mut log).refresh();
    assert_eq!(log, [1, 2, 1]);
}

#[test]
fn a_key_of_expressions() {
    static RUNS: Count = Count::new();
    #[memoize(key = (cat.id, lang.to_lowercase()))]
    fn greet(cat: &Cat, lang: &str) -> String {
        RUNS.add();
        format!("{} in {lang}", cat.name)
    }

    assert_eq!(greet(&cat(1, "tom"), "EN"), "tom in EN");
    assert_eq!(greet(&cat(1, "kit"), "en"), "tom in EN", "only what the key says counts");
    assert_eq!(greet(&cat(2, "kit"), "en"), "kit in en");
    assert_eq!(greet(&cat(1, "tom"), "nl"), "tom in nl");
    assert_eq!(RUNS.get(), 3);
    assert_eq!(greet::key(&cat(1, "any"), "En").to_string(), r#"functions::options::greet(1, "en")"#);
}

#[test]
fn a_key_of_one_expression() {
    #[memoize(key = cat.id)]
    fn name(cat: Cat) -> String {
        cat.name
    }
    #[memoize(key = text.trim())]
    fn length(text: &str) -> usize {
        text.len()
    }

    assert_eq!(name(cat(1, "tom")), "tom");
    assert_eq!(name(cat(1, "kit")), "tom");
    assert_eq!(length(" a "), 3);
    assert_eq!(length("a"), 3);
    assert_eq!(length::memo().len(), 1);
}

#[test]
fn two_dots_stand_for_all_other_arguments() {
    static RUNS: Count = Count::new();
    #[memoize(key = (cat.id, ..))]
    fn run(cat: &Cat, lang: &str, limit: u32) -> usize {
        let _ = (cat, lang, limit);
        RUNS.add()
    }
    #[memoize(key = (.., cat.id), skip(pool))]
    fn last(cat: &Cat, pool: Mood, lang: &str) -> usize {
        let _ = (cat, pool, lang);
        RUNS.add()
    }

    let tom = cat(1, "tom");
    let runs = [run(&tom, "en", 1), run(&tom, "nl", 1), run(&tom, "en", 2), run(&cat(2, "tom"), "en", 1)];
    assert_eq!(runs, [0, 1, 2, 3]);
    assert_eq!(run(&cat(1, "kit"), "nl", 1), 1);
    last(&tom, Mood(1.0), "en");
    assert_eq!(last::key(&tom, "en").to_string(), r#"functions::options::last("en", 1)"#);
}

#[test]
fn a_key_from_a_template_is_compared_by_parts() {
    static RUNS: Count = Count::new();
    #[memoize(key = "{a}{b}")]
    fn joined(a: &str, b: &str) -> usize {
        let _ = (a, b);
        RUNS.add()
    }
    #[memoize(key = "cat:{cat.id}/{lang}")]
    fn deep(cat: &Cat, lang: &str) -> usize {
        let _ = (cat, lang);
        RUNS.add()
    }

    assert_ne!(joined("a", "bc"), joined("ab", "c"));
    assert_eq!(joined("a", "bc"), joined("a", "bc"));
    assert_eq!(joined::memo().len(), 2);
    assert_eq!(deep(&cat(1, "tom"), "en"), deep(&cat(1, "kit"), "en"));
    assert_ne!(deep(&cat(1, "tom"), "en"), deep(&cat(2, "tom"), "en"));
    assert!(deep::key(&cat(1, "any"), "en").is_live());
}

#[test]
fn a_constant_key() {
    static RUNS: Count = Count::new();
    #[memoize(key = (), skip(n))]
    fn run(n: u32) -> usize {
        let _ = n;
        RUNS.add()
    }

    assert_eq!([run(1), run(2)], [0, 0]);
    run::memo().clear();
    assert_eq!([run(3), run(4), run(5)], [1, 1, 1]);
    assert_eq!(RUNS.get(), 2);
}

#[test]
fn a_key_that_borrows_from_a_local_of_its_own() {
    #[memoize(key = (name.to_uppercase(), name.len()))]
    fn run(name: &str) -> String {
        name.to_owned()
    }

    assert_eq!((run("tom"), run("TOM")), ("tom".to_owned(), "tom".to_owned()));
}

#[test]
fn names() {
    #[memoize(name = "cats::all")]
    fn listed(n: u32) -> u32 {
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    listed(3);
    assert_eq!(listed::memo().name(), "cats::all");
    assert_eq!(listed::key(3).to_string(), "cats::all(3)");
    assert_eq!(registry().find("cats::all").unwrap().len(), 1);
}

mod cats {
    use super::*;

    #[memoize(companion = cache_of_get)]
    pub(super) fn get(n: u32) -> u32 {
        n
    }

    #[memoize(companion = false)]
    pub(super) fn bare(n: u32) -> u32 {
        super::BARE.add();
        n
    }

    #[memoize(companion_vis = pub(super))]
    fn private(n: u32) -> u32 {
        n
    }

    pub(super) fn through(n: u32) -> u32 {
        private(n)
    }

    /// A type of the name that the companion would have.
    #[allow(non_camel_case_types)]
    pub(super) struct taken {}

    #[memoize(companion = taken_memo)]
    pub(super) fn taken(n: u32) -> u32 {
        n
    }
}

static BARE: Count = Count::new();

#[test]
fn companions_of_another_name_or_none() {
    assert_eq!(cats::get(1), 1);
    assert!(cats::cache_of_get::key(1).is_live());
    assert_eq!(cats::cache_of_get::entry(1).get(), Some(1));
    assert_eq!([cats::bare(1), cats::bare(1)], [1, 1]);
    assert_eq!(BARE.get(), 1);
    assert_eq!(registry().find("functions::options::cats::bare").unwrap().clear().count(), 1);
    assert_eq!(cats::taken(2), 2);
    let _ = cats::taken {};
    assert!(cats::taken_memo::key(2).is_live());
}

#[test]
fn companions_of_another_visibility() {
    assert_eq!(cats::through(4), 4);
    assert!(cats::private::key(4).is_live());
}

/// As a crate would that hands the runtime on under a name of its own.
mod facade {
    pub(super) mod hidden {
        pub(in super::super) use ::cache_core as runtime;
    }
}

#[test]
fn the_runtime_may_live_elsewhere() {
    #[facade::hidden::runtime::memoize(crate = facade::hidden::runtime, ttl = 5, tags = ["n:{n}"], on_miss = |_key| ())]
    fn run(n: u32) -> u32 {
        n
    }

    assert_eq!([run(2), run(2)], [2, 2]);
    assert_eq!(run::memo().stats().hits, 1);
}

#[test]
fn policies_may_be_named_by_path() {
    #[memoize(policy = Adaptive)]
    fn fifo(n: u32) -> u32 {
        n
    }
    #[memoize(policy = cache_core::Policy::Lru, capacity = 2)]
    fn lru(n: u32) -> u32 {
        n
    }

    fifo(1);
    lru(1);
    assert_eq!((fifo::memo().len(), lru::memo().len()), (1, 1));
}

#[test]
fn a_capacity_may_be_a_constant() {
    const FEW: usize = 3;
    #[memoize(capacity = FEW)]
    fn few(n: u32) -> u32 {
        n
    }
    #[memoize(capacity = FEW * 2)]
    fn more(n: u32) -> u32 {
        n
    }
    #[memoize(capacity = 1_000)]
    fn many(n: u32) -> u32 {
        n
    }

    assert_eq!(
        (few::memo().capacity(), more::memo().capacity(), many::memo().capacity()),
        (Some(3), Some(6), Some(1_000))
    );
}

#[test]
fn all_at_once() {
    #[memoize(
        ttl = 60,
        tags = ["cats", "cat:{cat.id}", "owner:{value.0}"],
        key = (cat.id, ..),
        skip(pool, live),
        capacity = 100,
        weigh = |_key, _value| 1,
        policy = Lru,
        cache_if = |_value| true,
        bypass_if = live && lang.is_empty(),
        refresh_if = live,
        on_hit = |_key, _value| (),
        on_miss = |_key| (),
        on_store = |_key, _value| (),
        on_evict = |_key, _value, _cause| (),
        single_flight = true,
        max_wait = "500ms",
        name = "everything",
        companion = every,
        companion_vis = pub(crate),
        crate = ::cache_core,
    )]
    fn everything(cat: &Cat, lang: &str, pool: &Mood, live: bool) -> Tagged {
        let _ = live;
        Tagged(cat.id + lang.len() as u64, pool.0 > 0.0)
    }

    let tom = cat(7, "tom");
    for live in [false, false, true, false] {
        assert_eq!(everything(&tom, "en", &Mood(1.0), live), Tagged(9, true));
    }
    let stats = every::memo().stats();
    assert_eq!((stats.hits, stats.stores), (2, 2));
    assert_eq!(every::memo().tags(), ["cat:7", "cats", "owner:9"]);
}

#[derive(Clone, Debug, PartialEq)]
struct Tagged(u64, bool);
