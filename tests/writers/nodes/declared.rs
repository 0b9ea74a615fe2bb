//! What a node declares: its tags, ttl, conditions and hooks, and its verbs.

use super::*;

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
    assert_eq!(tom.id().to_string(), r#"writers::nodes::declared::CatNode("tom")"#);
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
    assert_eq!(Number { odd: Odd(1) }.id().to_string(), "writers::nodes::declared::Number(_)");
}

#[test]
fn hooks_and_the_weigher_see_the_fields_of_the_entry() {
    static TOLD: Mutex<Vec<String>> = Mutex::new(Vec::new());
    fn tell(what: String) {
        TOLD.lock().unwrap().push(what);
    }

    #[derive(CacheKey)]
    #[cache_key(
        value = String,
        capacity = 100,
        weigh = |_key, value| path.len() + value.len() * width as usize,
        on_store = |_key, value| tell(format!("stored {path} {width} {owner:?}: {value}")),
        on_evict = |key, _value, cause| tell(format!("left {} {path} {cause:?}", key.function().len())),
    )]
    struct Thumb<'a> {
        path: &'a str,
        width: u32,
        owner: Option<&'a str>,
    }
    #[memoize(key = Thumb { path, width, owner: Some("tom") })]
    fn thumb(path: &str, width: u32) -> Result<String, std::io::Error> {
        Ok(path.to_uppercase())
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    thumb("dog", 2).unwrap();
    assert_eq!(Thumb::memo().weight(), 9);
    let node = Thumb { path: "dog", width: 2, owner: Some("tom") };
    assert!(node.is_live());
    assert_eq!(node.invalidate().count(), 1);
    assert!(!node.is_live());
    let told = TOLD.lock().unwrap().clone();
    let length = Thumb::memo().name().len();
    assert_eq!(
        told,
        [r#"stored dog 2 Some("tom"): DOG"#.to_owned(), format!("left {length} dog Invalidated")]
    );
}
