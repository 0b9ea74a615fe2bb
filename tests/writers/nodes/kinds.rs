//! Nodes of many kinds, where they stand, and who else knows them.

use super::*;

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
        r#"writers::nodes::kinds::Many("tom", Some("no"), Some("no"), "tom", 0.5, Breed("manx"), [1, 2], "cat")"#
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
    assert_eq!(One {}.id().to_string(), "writers::nodes::kinds::One()");
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
    assert!(registry().find("writers::nodes::kinds::Limited").is_none(), "not before its first use");
    limited("tom", Some(3));
    limited("tom", None);
    assert!(registry().find("writers::nodes::kinds::limited").is_none(), "the memo is the node's");
    let memo = registry().find("writers::nodes::kinds::Limited").unwrap();
    assert_eq!((memo.len(), registry().memos().len()), (2, 1));
    let key = registry().key("writers::nodes::kinds::Limited", &json!(["tom", 3])).unwrap();
    assert_eq!(key, Limited { name: "tom", limit: Some(3) }.id().any());
    assert_eq!(
        registry().key("writers::nodes::kinds::Limited", &json!({ "name": "tom", "limit": 3 })).unwrap(),
        key
    );
    assert_eq!(
        registry().invalidate("writers::nodes::kinds::Limited", &json!({ "name": "tom" })).unwrap().count(),
        1
    );
    let error = registry().key("writers::nodes::kinds::Limited", &json!({ "nam": "tom" })).unwrap_err();
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
    assert_eq!(
        translated::key(1, "nl").to_string(),
        r#"writers::nodes::kinds::translated(Number { n: 1 }, "nl")"#
    );
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
