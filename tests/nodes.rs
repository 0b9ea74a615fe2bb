//! Keys that are declared as structs: what is declared once, and shared by the functions that use it.

use std::borrow::Cow;
use std::sync::Mutex;
use std::thread;

use cache_core::testing::Scope;
use cache_core::{CacheKey, Cause, KeyRef, LookupErrorKind, Peek, Ttl, memoize, registry, tag};
use futures::executor::block_on;
use serde_json::json;
use tests::{ByHand, Count, Gate, Latch, no_hang, secs, wait_until};

#[derive(Clone, Debug, PartialEq)]
struct Cat {
    name: String,
    owner_id: u64,
}

fn cat(name: &str, owner_id: u64) -> Cat {
    Cat { name: name.to_owned(), owner_id }
}

#[test]
fn functions_of_one_node_share_its_entries() {
    static RUNS: Count = Count::new();
    #[derive(CacheKey)]
    #[cache_key(value = Cat)]
    struct CatNode<'a> {
        name: &'a str,
    }
    struct Row {
        name: String,
    }
    #[memoize(key = CatNode { name })]
    fn by_name(name: &str) -> Cat {
        RUNS.add();
        cat(name, 1)
    }
    #[memoize(key = CatNode { name: &row.name }, skip(pool))]
    fn by_row(pool: &Cat, row: &Row) -> Result<Cat, String> {
        RUNS.add();
        Ok(cat(&row.name, pool.owner_id))
    }
    #[memoize(key = CatNode { name })]
    async fn later(name: String) -> Cat {
        RUNS.add();
        cat(&name, 3)
    }
    #[memoize(key = CatNode { name: &row.name })]
    async fn later_by_row(row: &Row) -> Result<Cat, String> {
        RUNS.add();
        Ok(cat(&row.name, 4))
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let row = |name: &str| Row { name: name.to_owned() };
    let pool = cat("pool", 2);
    let all = |name: &str| {
        let owners = [
            by_name(name).owner_id,
            by_row(&pool, &row(name)).unwrap().owner_id,
            block_on(later(name.to_owned())).owner_id,
            block_on(later_by_row(&row(name))).unwrap().owner_id,
        ];
        assert_eq!(owners, [owners[0]; 4], "all see what one has computed");
        owners[0]
    };
    by_name("a");
    by_row(&pool, &row("b")).unwrap();
    block_on(later("c".to_owned()));
    block_on(later_by_row(&row("d"))).unwrap();
    assert_eq!(["a", "b", "c", "d"].map(all), [1, 2, 3, 4]);
    assert_eq!(RUNS.get(), 4);
    assert_eq!(CatNode::memo().len(), 4);
    let stats = CatNode::memo().stats();
    assert_eq!((stats.misses, stats.hits), (4, 16));
    assert_eq!(by_name::memo().stats(), stats, "there is one memo");
    assert_eq!(later::memo().memos().len(), 1);
}

#[test]
fn verbs_of_a_node() {
    static RUNS: Count = Count::new();
    #[derive(CacheKey)]
    #[cache_key(value = Cat, ttl = 60)]
    struct CatNode<'a> {
        name: &'a str,
    }
    #[memoize(key = CatNode { name })]
    fn get_cat(name: &str) -> Cat {
        RUNS.add();
        cat(name, 7)
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let tom = CatNode { name: "tom" };
    assert_eq!((tom.get(), tom.peek(), tom.ttl()), (None, Peek::Absent, None));
    assert_eq!(tom.invalidate().count(), 0);
    assert!(!tom.insert_if_present(cat("tom", 1)));
    assert_eq!(RUNS.get(), 0, "verbs never compute");

    get_cat("tom");
    assert_eq!(tom.get().unwrap().owner_id, 7);
    assert_eq!(tom.ttl(), Some(Ttl::For(secs(60))));
    assert!(matches!(tom.peek(), Peek::Fresh { value, .. } if value == cat("tom", 7)));
    assert_eq!(tom.id(), get_cat::key("tom"));
    assert_eq!(tom.id().to_string(), r#"nodes::CatNode("tom")"#);
    assert_eq!(get_cat::entry("tom").ttl(), tom.ttl());

    assert!(!tom.insert_if_absent(cat("tom", 2)));
    assert!(tom.insert_if_present(cat("tom", 3)));
    assert_eq!(get_cat("tom").owner_id, 3);
    assert!(tom.insert(cat("tom", 4)));
    let older = |was: Cat| Cat { owner_id: was.owner_id + 1, ..was };
    assert_eq!(tom.update(older).map(|cat| cat.owner_id), Some(5));
    assert_eq!(CatNode { name: "kit" }.update(older), None);
    assert_eq!((get_cat("tom").owner_id, RUNS.get()), (5, 1));

    assert!(CatNode { name: "kit" }.insert_if_absent(cat("kit", 8)));
    assert_eq!(get_cat("kit").owner_id, 8);
    assert_eq!(tom.invalidate().count(), 1);
    assert_eq!((tom.get(), CatNode { name: "kit" }.get().is_some()), (None, true));
    get_cat("tom");
    assert_eq!(CatNode::invalidate_all().count(), 2);
    assert_eq!((CatNode::memo().len(), RUNS.get()), (0, 2));
    scope.advance(secs(1));
    assert!(tom.insert(cat("tom", 9)));
    assert_eq!(tom.ttl(), Some(Ttl::For(secs(60))), "timed as the node says");
    scope.advance(secs(60));
    assert_eq!(tom.get(), None);
}

#[test]
fn tags_are_filled_from_fields_and_value() {
    #[derive(CacheKey)]
    #[cache_key(
        value = Cat,
        tags = ["cats", "cat:{name}", "{id:>4}", "owner:{value.owner_id}", "{lang:?}/{name}/{value.name}"],
    )]
    struct CatNode<'a> {
        name: &'a str,
        id: u32,
        lang: Option<&'a str>,
    }
    #[memoize(key = CatNode { name, id: 7, lang: Some("en") })]
    fn plain(name: &str) -> Cat {
        cat(name, 3)
    }
    #[memoize(key = CatNode { name, id: 8, lang: None })]
    async fn later(name: String) -> Result<Cat, String> {
        Ok(cat(&name, 4))
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let tags = |id: u32, lang: Option<&str>| {
        let mut tags: Vec<String> =
            CatNode { name: "tom", id, lang }.id().memo().tags().iter().map(ToString::to_string).collect();
        tags.sort();
        tags
    };
    plain("tom");
    assert_eq!(tags(7, Some("en")), ["   7", r#""en"/tom/tom"#, "cat:tom", "cats", "owner:3"]);
    block_on(later("tom".to_owned())).unwrap();
    assert_eq!(tag("cats").len(), 2);
    assert_eq!(tags(8, None).len(), 7, "where there is no language, that one is left out");
    assert_eq!(tag("owner:4").invalidate().count(), 1);
    assert!(CatNode { name: "tom", id: 9, lang: None }.insert(cat("tom", 5)));
    assert_eq!(tag("owner:5").len(), 1, "what is written by hand is tagged, too");
    assert!(CatNode { name: "tom", id: 9, lang: None }.update(|was| Cat { owner_id: 6, ..was }).is_some());
    assert_eq!((tag("owner:5").len(), tag("owner:6").len()), (0, 1));
    assert_eq!(tag("cat:tom").invalidate().count(), 2);
    assert_eq!(CatNode::memo().len(), 0);
}

#[test]
fn an_invalidation_wins_whichever_function_computes() {
    #[derive(CacheKey)]
    #[cache_key(value = u64, tags = ["all-of-{group}", "value:{value}"])]
    struct Numbers {
        group: u64,
    }
    static GOES_ON: Latch = Latch::new();
    static BEGUN: Latch = Latch::new();
    #[memoize(key = Numbers { group })]
    fn number(group: u64) -> u64 {
        BEGUN.open();
        GOES_ON.wait();
        group
    }

    let scope = Scope::new();
    let inside = scope.clone();
    let computing = thread::spawn(move || {
        let _inside = inside.enter();
        number(1)
    });
    let _inside = scope.enter();
    BEGUN.wait();
    tag("all-of-1").invalidate();
    GOES_ON.open();
    assert_eq!(computing.join().unwrap(), 1);
    assert_eq!(Numbers { group: 1 }.get(), None, "not stored");
    number(1);
    assert_eq!(Numbers { group: 1 }.get(), Some(1));
}

#[test]
fn ttl_and_conditions_see_fields_and_value() {
    #[derive(CacheKey)]
    #[cache_key(
        value = Option<u64>,
        ttl = |value| secs(value.unwrap_or_default() + more + u64::try_from(name.len()).unwrap()),
        none_ttl = 2,
        cache_if = |value| *value != Some(13) && name != "no",
    )]
    struct Lived {
        name: String,
        more: u64,
    }
    #[memoize(key = Lived { name: name.to_owned(), more: 10 }, skip(n))]
    fn lived(name: &str, n: Option<u64>) -> Option<u64> {
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let of = |name: &str| Lived { name: name.to_owned(), more: 10 };
    lived("tom", Some(5));
    assert_eq!(of("tom").ttl(), Some(Ttl::For(secs(18))));
    lived("kit", None);
    assert_eq!(of("kit").ttl(), Some(Ttl::For(secs(2))));
    lived("no", Some(1));
    lived("thirteen", Some(13));
    assert_eq!((of("no").get(), of("thirteen").get()), (None, None));
    assert!(!of("no").insert(Some(1)));
}

#[test]
fn hooks_are_the_nodes_whichever_function_is_first() {
    static TOLD: Mutex<Vec<String>> = Mutex::new(Vec::new());
    fn tell(text: String) {
        TOLD.lock().unwrap().push(text);
    }
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "it is a hook")]
    fn stored(key: &KeyRef<'_>, value: &u64) {
        tell(format!("stored {key} {value}"));
    }
    #[derive(CacheKey)]
    #[cache_key(
        value = u64,
        name = "numbers",
        capacity = 10,
        weigh = |_key, value| usize::try_from(*value).unwrap(),
        on_hit = |key, value| tell(format!("hit {key} {value}")),
        on_miss = |key| tell(format!("miss {key}")),
        on_store = stored,
        on_evict = |key, value, cause| tell(format!("left {key} {value} {cause:?}")),
    )]
    struct Number {
        n: u64,
    }
    #[memoize(key = Number { n })]
    fn plain(n: u64) -> u64 {
        n
    }
    #[memoize(key = Number { n })]
    async fn later(n: u64) -> Result<u64, String> {
        if n == 0 { Err("nothing".to_owned()) } else { Ok(n) }
    }
    let told = || std::mem::take(&mut *TOLD.lock().unwrap());

    let scope = Scope::new();
    let _inside = scope.enter();
    block_on(later(4)).unwrap();
    assert_eq!(told(), ["miss numbers(4)", "stored numbers(4) 4"]);
    plain(4);
    assert_eq!(told(), ["hit numbers(4) 4"]);
    block_on(later(0)).unwrap_err();
    assert_eq!(told(), ["miss numbers(0)"]);
    assert_eq!(Number { n: 4 }.get(), Some(4));
    assert!(told().is_empty(), "reads are no calls");
    plain(7);
    let last = told();
    assert_eq!(last.len(), 3, "{last:?}");
    assert!(last.contains(&format!("left numbers(4) 4 {:?}", Cause::Capacity)), "{last:?}");
    Number { n: 7 }.invalidate();
    assert_eq!(told(), [format!("left numbers(7) 7 {:?}", Cause::Invalidated)]);
    plain(11);
    assert_eq!(told(), ["miss numbers(11)"]);
    assert_eq!(Number::memo().stats().too_heavy, 1);
}

#[test]
fn options_that_panic_break_no_call() {
    #[derive(CacheKey)]
    #[cache_key(
        value = u64,
        tags = ["{odd}"],
        on_hit = |_key, _value| panic!("hit"),
        on_store = |_key, _value| panic!("stored"),
    )]
    struct Number {
        odd: Odd,
    }
    #[derive(Clone, Copy, PartialEq, Eq, Hash)]
    struct Odd(u64);
    impl std::fmt::Display for Odd {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            assert!(self.0 % 2 == 1, "even");
            write!(f, "{}", self.0)
        }
    }
    #[memoize(key = Number { odd: Odd(n) })]
    fn number(n: u64) -> u64 {
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!((number(1), number(1), number(2), number(2)), (1, 1, 2, 2));
    assert_eq!(Number { odd: Odd(2) }.get(), None, "without its tag it is not stored");
    assert!(!Number { odd: Odd(4) }.insert(4));
    let stats = Number::memo().stats();
    assert_eq!((stats.stores, stats.hits, stats.hook_panics), (1, 1, 5));
    assert_eq!(Number { odd: Odd(1) }.id().to_string(), "nodes::Number(_)");
}

#[test]
fn who_asks_waits_for_another_function_of_the_node() {
    static BEGUN: Latch = Latch::new();
    static GOES_ON: Latch = Latch::new();
    #[derive(CacheKey)]
    #[cache_key(value = u64, max_wait = "1h")]
    struct Number {
        n: u64,
    }
    #[memoize(key = Number { n })]
    fn slow(n: u64) -> u64 {
        BEGUN.open();
        GOES_ON.wait();
        n
    }
    #[memoize(key = Number { n })]
    fn other(n: u64) -> Result<u64, String> {
        panic!("{n} is computed by the other")
    }
    #[memoize(key = Number { n })]
    async fn later(n: u64) -> u64 {
        panic!("{n} is computed by the other")
    }

    let scope = Scope::new();
    let work = |work: fn() -> u64| {
        let scope = scope.clone();
        thread::spawn(move || {
            let _inside = scope.enter();
            work()
        })
    };
    let first = work(|| slow(1));
    BEGUN.wait();
    let (second, third) = (work(|| other(1).unwrap()), work(|| block_on(later(1))));
    let _inside = scope.enter();
    wait_until(|| Number::memo().stats().waits == 2);
    GOES_ON.open();
    no_hang(move || assert_eq!([first, second, third].map(|one| one.join().unwrap()), [1; 3]));
    assert_eq!(Number::memo().stats().stores, 1);
}

#[test]
fn a_thread_that_waits_for_a_task_of_the_node() {
    static GATE: Gate = Gate::new();
    #[derive(CacheKey)]
    #[cache_key(value = u64, max_wait = "1h")]
    struct Number {
        n: u64,
    }
    #[memoize(key = Number { n })]
    async fn later(n: u64) -> u64 {
        GATE.pass().await;
        n
    }
    #[memoize(key = Number { n })]
    fn plain(n: u64) -> u64 {
        n + 100
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let waits = |count: u64| move || Number::memo().stats().waits == count;
    let mut task = ByHand::new(later(1));
    assert_eq!(task.run(), None);
    // The task is this thread's, so it cannot go on: the thread is let go.
    let watching = scope.clone();
    let clock = thread::spawn(move || {
        let _inside = watching.enter();
        wait_until(waits(1));
        watching.advance(secs(3600));
    });
    assert_eq!(plain(1), 101);
    clock.join().unwrap();
    assert_eq!(Number { n: 1 }.get(), None, "it is not stored");

    // The task goes on while another thread waits.
    let waiting = scope.clone();
    let waiter = thread::spawn(move || {
        let _inside = waiting.enter();
        plain(1)
    });
    wait_until(waits(2));
    GATE.open();
    assert_eq!(task.finish(), 1);
    no_hang(move || assert_eq!(waiter.join().unwrap(), 1));
}

#[test]
fn a_thread_computes_when_the_task_it_waits_for_is_dropped() {
    #[derive(CacheKey)]
    #[cache_key(value = u64, max_wait = "1h")]
    struct Number {
        n: u64,
    }
    #[memoize(key = Number { n })]
    async fn later(n: u64) -> u64 {
        std::future::pending::<()>().await;
        n
    }
    #[memoize(key = Number { n })]
    fn plain(n: u64) -> u64 {
        n + 100
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let mut task = ByHand::new(later(1));
    assert_eq!(task.run(), None);
    let waiting = scope.clone();
    let waiter = thread::spawn(move || {
        let _inside = waiting.enter();
        plain(1)
    });
    wait_until(|| Number::memo().stats().waits == 1);
    drop(task);
    no_hang(move || assert_eq!(waiter.join().unwrap(), 101));
    assert_eq!(Number { n: 1 }.get(), Some(101));
}

#[test]
fn errors_of_different_functions_are_their_own() {
    static BEGUN: Latch = Latch::new();
    static GOES_ON: Latch = Latch::new();
    #[derive(CacheKey)]
    #[cache_key(value = u64, max_wait = "1h")]
    struct Number {
        n: u64,
    }
    #[memoize(key = Number { n })]
    fn with_text(n: u64) -> Result<u64, String> {
        BEGUN.open();
        GOES_ON.wait();
        Err(format!("{n} is wrong"))
    }
    #[memoize(key = Number { n })]
    fn with_number(n: u64) -> Result<u64, u64> {
        Err(n)
    }

    let scope = Scope::new();
    let (one, two) = (scope.clone(), scope.clone());
    let first = thread::spawn(move || {
        let _inside = one.enter();
        with_text(1)
    });
    BEGUN.wait();
    let second = thread::spawn(move || {
        let _inside = two.enter();
        with_number(1)
    });
    let _inside = scope.enter();
    wait_until(|| Number::memo().stats().waits == 1);
    GOES_ON.open();
    no_hang(move || {
        assert_eq!(first.join().unwrap(), Err("1 is wrong".to_owned()));
        assert_eq!(second.join().unwrap(), Err(1), "it computes for itself");
    });
}

#[test]
fn a_body_that_panics_is_its_callers() {
    #[derive(CacheKey)]
    #[cache_key(value = u64)]
    struct Number {
        n: u64,
    }
    #[memoize(key = Number { n })]
    fn bad(n: u64) -> u64 {
        panic!("{n}")
    }
    #[memoize(key = Number { n })]
    fn good(n: u64) -> u64 {
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert!(std::panic::catch_unwind(|| bad(1)).is_err());
    assert_eq!((Number { n: 1 }.get(), Number::memo().stats().panics), (None, 1));
    assert_eq!((good(1), bad(1)), (1, 1));
}

#[test]
fn one_function_calls_another_of_the_same_node() {
    #[derive(CacheKey)]
    #[cache_key(value = u64, max_wait = "1h")]
    struct Number {
        n: u64,
    }
    #[memoize(key = Number { n })]
    fn outer(n: u64) -> u64 {
        inner(n) + 1
    }
    #[memoize(key = Number { n })]
    fn inner(n: u64) -> u64 {
        n
    }

    let scope = Scope::new();
    no_hang(move || {
        let _inside = scope.enter();
        // A circle: the inner one is computed in place, and the outer one stored.
        assert_eq!(outer(1), 2);
        assert_eq!(inner(1), 2);
    });
}

#[test]
fn methods() {
    #[derive(CacheKey)]
    #[cache_key(value = String)]
    struct CatOf<'a> {
        owner: u64,
        name: &'a str,
    }
    struct Owner(u64);
    struct Catalogue;
    impl Owner {
        #[memoize(key = CatOf { owner: self.0, name })]
        fn cat(&self, name: &str) -> String {
            format!("{name} of {}", self.0)
        }
    }
    #[memoize]
    impl Catalogue {
        #[memoize(key = CatOf { owner, name }, skip(self))]
        async fn cat(&self, owner: u64, name: &str) -> Result<String, String> {
            Err(format!("{name} of {owner} is not listed"))
        }
        #[memoize(key = CatOf { owner: 0, name: "" })]
        fn stray() -> String {
            "stray".to_owned()
        }
    }
    trait Cats {
        fn named(&self, name: &str) -> String;
    }
    #[memoize]
    impl Cats for Owner {
        #[memoize(key = CatOf { owner: self.0, name })]
        fn named(&self, name: &str) -> String {
            panic!("{name} is there")
        }
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!(Owner(7).cat("tom"), "tom of 7");
    assert_eq!(block_on(Catalogue.cat(7, "tom")), Ok("tom of 7".to_owned()));
    assert_eq!(block_on(Catalogue.cat(8, "tom")), Err("tom of 8 is not listed".to_owned()));
    assert_eq!(Owner(7).named("tom"), "tom of 7");
    assert_eq!(CatOf { owner: 7, name: "tom" }.get().as_deref(), Some("tom of 7"));
    assert_eq!(Owner(7).cat_key("tom"), CatOf { owner: 7, name: "tom" }.id());
    Catalogue::stray();
    assert_eq!(CatOf { owner: 0, name: "" }.invalidate().count(), 1);
    assert_eq!(Owner::cat_memo().len(), 1);
}

#[test]
fn fields_of_all_kinds() {
    #[derive(Clone, Debug, PartialEq, Eq, Hash)]
    struct Breed(String);
    #[derive(CacheKey)]
    #[cache_key(value = usize, tags = ["{name}|{wild:?}|{city:?}|{text}|{weight}|{breed.0}|{langs:?}|{type}"])]
    struct Many<'a, 'b: 'a> {
        name: &'a str,
        wild: Option<&'b str>,
        city: Option<String>,
        text: Cow<'a, str>,
        weight: f64,
        breed: &'b Breed,
        langs: &'a [u32],
        r#type: &'static str,
    }
    #[memoize(key = Many {
        name,
        wild,
        city: wild.map(str::to_owned),
        text: Cow::Borrowed(name),
        weight,
        breed,
        langs,
        r#type: "cat",
    })]
    fn count(name: &str, wild: Option<&str>, weight: f64, breed: &Breed, langs: &[u32]) -> usize {
        name.len() + langs.len()
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let breed = Breed("manx".to_owned());
    count("tom", Some("no"), 0.5, &breed, &[1, 2]);
    count("tom", None, 0.5, &breed, &[1, 2]);
    let weights = [0.5, -0.0, 0.0, f64::NAN, f64::NAN].map(|weight| {
        count("tom", None, weight, &breed, &[1, 2]);
        Many::memo().len()
    });
    assert_eq!(weights, [2, 3, 4, 5, 5], "floats are told by their bits");
    let node = Many {
        name: "tom",
        wild: Some("no"),
        city: Some("no".to_owned()),
        text: "tom".into(),
        weight: 0.5,
        breed: &breed,
        langs: &[1, 2],
        r#type: "cat",
    };
    assert_eq!(node.get(), Some(5));
    assert_eq!(
        node.id().to_string(),
        r#"nodes::Many("tom", Some("no"), Some("no"), "tom", 0.5, Breed("manx"), [1, 2], "cat")"#
    );
    assert_eq!(tag(r#"tom|"no"|"no"|tom|0.5|manx|[1, 2]|cat"#).invalidate().count(), 1);
    assert_eq!(node.get(), None);
}

#[test]
fn a_node_without_fields() {
    #[derive(CacheKey)]
    #[cache_key(value = u64, tag = "one")]
    struct One {}
    #[derive(CacheKey)]
    #[cache_key(value = u64)]
    struct Two;
    #[memoize(key = One {})]
    fn one() -> u64 {
        1
    }
    #[memoize(key = Two {}, skip(n))]
    fn two(n: u64) -> u64 {
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!((one(), two(2), two(3)), (1, 2, 2));
    assert_eq!((One {}.get(), Two.get()), (Some(1), Some(2)));
    assert_eq!(One {}.id().to_string(), "nodes::One()");
    assert_eq!(tag("one").invalidate().count(), 1);
}

#[test]
fn nodes_are_told_apart() {
    mod cats {
        #[derive(cache_core::CacheKey)]
        #[cache_key(value = u64)]
        pub(super) struct Node {
            pub(super) id: u64,
        }
    }
    mod dogs {
        #[derive(cache_core::CacheKey)]
        #[cache_key(value = u64)]
        pub(super) struct Node {
            pub(super) id: u64,
        }
    }
    #[memoize(key = cats::Node { id })]
    fn cat(id: u64) -> u64 {
        id
    }
    #[memoize(key = dogs::Node { id })]
    fn dog(id: u64) -> u64 {
        id + 100
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!((cat(1), dog(1), cat(1), dog(1)), (1, 101, 1, 101));
    assert_eq!(cats::Node::invalidate_all().count(), 1);
    assert_eq!(dogs::Node { id: 1 }.get(), Some(101));
}

#[test]
fn the_registry_knows_nodes() {
    #[derive(CacheKey)]
    #[cache_key(value = u64)]
    struct Limited<'a> {
        name: &'a str,
        limit: Option<u32>,
    }
    #[memoize(key = Limited { name, limit })]
    fn limited(name: &str, limit: Option<u32>) -> u64 {
        u64::try_from(name.len()).unwrap() + u64::from(limit.unwrap_or_default())
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert!(registry().find("nodes::Limited").is_none(), "not before its first use");
    limited("tom", Some(3));
    limited("tom", None);
    assert!(registry().find("nodes::limited").is_none(), "the memo is the node's");
    let memo = registry().find("nodes::Limited").unwrap();
    assert_eq!((memo.len(), registry().memos().len()), (2, 1));
    let key = registry().key("nodes::Limited", &json!(["tom", 3])).unwrap();
    assert_eq!(key, Limited { name: "tom", limit: Some(3) }.id().any());
    assert_eq!(registry().key("nodes::Limited", &json!({ "name": "tom", "limit": 3 })).unwrap(), key);
    assert_eq!(registry().invalidate("nodes::Limited", &json!({ "name": "tom" })).unwrap().count(), 1);
    let error = registry().key("nodes::Limited", &json!({ "nam": "tom" })).unwrap_err();
    assert_eq!(error.kind(), LookupErrorKind::Arguments);
    assert_eq!(memo.invalidate_matching(r#"*("tom", Some(3))"#).count(), 1);
}

#[test]
fn a_scope_has_entries_of_its_own() {
    #[derive(CacheKey)]
    #[cache_key(value = u64)]
    struct Number {
        n: u64,
    }
    #[memoize(key = Number { n }, skip(value))]
    fn number(n: u64, value: u64) -> u64 {
        value
    }

    let (one, two) = (Scope::new(), Scope::new());
    let within = |scope: &Scope, value| {
        let _inside = scope.enter();
        number(1, value)
    };
    assert_eq!((within(&one, 1), within(&two, 2), within(&one, 3)), (1, 2, 1));
    let inside = two.enter();
    assert_eq!(Number { n: 1 }.get(), Some(2));
    assert_eq!(Number::invalidate_all().count(), 1);
    drop(inside);
    assert_eq!(within(&one, 4), 1);
}

#[test]
fn options_of_a_function_that_uses_a_node() {
    #[derive(CacheKey)]
    #[cache_key(value = u64, single_flight = false, policy = Lru, capacity = 2)]
    struct Number {
        n: u64,
    }
    #[memoize(
        key = Number { n },
        skip(live, value),
        refresh_if = live,
        bypass_if = value == 0,
        companion = number_cache,
        companion_vis = pub(crate),
        crate = ::cache_core,
    )]
    fn number(n: u64, live: bool, value: u64) -> u64 {
        value
    }
    #[memoize(key = Number { n }, placeholder = 99)]
    fn stood_in(n: u64) -> u64 {
        n
    }
    #[memoize(key = Number { n }, skip(add))]
    fn generic<T: Into<u64>>(n: u64, add: T) -> u64 {
        n + add.into()
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!((number(1, false, 5), number(1, false, 6)), (5, 5));
    assert_eq!((number(1, true, 7), number(1, false, 8)), (7, 7));
    assert_eq!((number(1, false, 0), Number { n: 1 }.get()), (0, Some(7)));
    assert_eq!(number_cache::entry(1, false, 9).get(), Some(7));
    assert_eq!(number_cache::entry(1, false, 9).refresh(), 9);
    assert_eq!(stood_in(2), 99);
    wait_until(|| Number { n: 2 }.get() == Some(2));
    assert_eq!((generic(3, 1_u8), generic(3, 5_u32)), (4, 4));
    assert_eq!(Number::memo().len(), 2, "bounded as the node says");
    assert_eq!(Number::memo().capacity(), Some(2));
}

#[test]
fn a_node_as_an_ordinary_part_of_a_key() {
    #[derive(Clone, PartialEq, Eq, Hash, Debug, CacheKey)]
    #[cache_key(value = u64)]
    struct Number {
        n: u64,
    }
    #[memoize(key = (Number { n }, lang))]
    fn translated(n: u64, lang: &str) -> String {
        format!("{n} in {lang}")
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    translated(1, "en");
    translated(1, "nl");
    assert_eq!(translated::memo().len(), 2);
    assert_eq!((Number { n: 1 }.get(), Number::memo().len()), (None, 0), "it is nothing but its fields");
    assert_eq!(translated::key(1, "nl").to_string(), r#"nodes::translated(Number { n: 1 }, "nl")"#);
}

/// Names of locals and types that the expansion could take for its own.
#[test]
fn names_are_the_users() {
    #[derive(Clone, Debug, PartialEq)]
    struct Node(u64);
    #[derive(CacheKey)]
    #[cache_key(value = Node, tags = ["{draft}-{fields}-{describe}", "{value.0}"], ttl = |_| secs(draft))]
    struct View<'v> {
        draft: u64,
        fields: &'v str,
        describe: u8,
    }
    #[memoize(key = View { draft: keyed, fields: cx, describe: 3 })]
    fn run(keyed: u64, cx: &str) -> Node {
        Node(keyed)
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    run(1, "x");
    let node = View { draft: 1, fields: "x", describe: 3 };
    assert_eq!((node.get(), node.ttl()), (Some(Node(1)), Some(Ttl::For(secs(1)))));
    assert_eq!((tag("1-x-3").len(), tag("1").len()), (1, 1));
}

#[test]
fn functions_that_write_name_nodes() {
    #[derive(CacheKey)]
    #[cache_key(value = u64)]
    struct CatNode<'a> {
        name: &'a str,
    }
    #[memoize(key = CatNode { name })]
    fn lives(name: &str) -> u64 {
        9
    }
    #[cache_core::invalidates(entries = [CatNode { name }, ..others.iter().map(|name| CatNode { name })])]
    fn lose_one(name: &str, others: &[&str]) -> Result<(), String> {
        if name.is_empty() { Err("nobody".to_owned()) } else { Ok(()) }
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let there = || ["tom", "kit", "rex"].map(|name| CatNode { name }.get().is_some());
    for name in ["tom", "kit", "rex"] {
        lives(name);
    }
    lose_one("", &["tom"]).unwrap_err();
    assert_eq!(there(), [true; 3]);
    lose_one("tom", &["kit"]).unwrap();
    assert_eq!(there(), [false, false, true]);
    assert_eq!(cache_core::Invalidation::from(CatNode { name: "rex" }).apply().count(), 1);
}
