//! Tags that are values of types, so that a misspelt or wrongly typed one does not compile.

use std::borrow::Cow;
use std::fmt;

use cache_core::testing::Scope;
use cache_core::{Tag, TagName, memoize, tag};
use futures::executor::block_on;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Tag)]
struct Owner(u64);

#[derive(Tag)]
struct Place<'a> {
    city: &'a str,
    r#type: Cow<'a, str>,
}

#[derive(Tag)]
struct All;

#[derive(Tag)]
enum CatTag<'a> {
    All,
    Owner(u64),
    Named { name: &'a str, lives: u32 },
}

#[derive(Clone, Debug)]
struct Cat {
    owner: Owner,
    former: Option<Owner>,
    friends: Vec<u64>,
}

fn cat(owner: u64) -> Cat {
    Cat { owner: Owner(owner), former: None, friends: vec![owner + 1, owner + 2] }
}

mod elsewhere {
    use cache_core::Tag;

    #[derive(Tag)]
    pub(super) struct Owner(pub(super) u64);
}

/// As a library does that hands it on.
mod library {
    pub(super) mod exports {
        pub(in super::super) use cache_core as core;
    }
}

#[test]
fn a_tag_is_named_by_its_path_and_fields() {
    let place = Place { city: "Rome, Italy", r#type: "\\".into() };
    assert_eq!(Owner(7).name(), "invalidation::typed_tags::Owner(7)");
    assert_eq!(place.name(), "invalidation::typed_tags::Place(Rome\\, Italy, \\\\)");
    assert_eq!(All.name(), "invalidation::typed_tags::All");
    assert_eq!(CatTag::All.name(), "invalidation::typed_tags::CatTag::All");
    assert_eq!(CatTag::Owner(7).name(), "invalidation::typed_tags::CatTag::Owner(7)");
    assert_eq!(
        CatTag::Named { name: "tom", lives: 9 }.name(),
        "invalidation::typed_tags::CatTag::Named(tom, 9)"
    );
    assert_eq!(elsewhere::Owner(7).name(), "invalidation::typed_tags::elsewhere::Owner(7)");
    assert_eq!((&&Owner(7)).name(), Owner(7).name());
}

#[test]
fn types_of_any_name_and_place() {
    #[derive(Tag)]
    #[tag(crate = library::exports::core)]
    #[allow(non_camel_case_types)]
    struct r#struct {
        r#type: u8,
        field0: u8,
        name: u8,
    }
    #[derive(Tag)]
    #[expect(dead_code, reason = "there is none")]
    enum Never {}
    #[derive(Tag)]
    struct Shown<'a>(&'a dyn fmt::Display, Box<str>)
    where
        'a: 'a;

    assert_eq!(
        r#struct { r#type: 1, field0: 2, name: 3 }.name(),
        "invalidation::typed_tags::struct(1, 2, 3)"
    );
    assert_eq!(Shown(&"a", "b".into()).name(), "invalidation::typed_tags::Shown(a, b)");
}

#[test]
fn a_typed_tag_and_a_text_of_its_name_are_two() {
    #[memoize(tags = [Owner(*id)])]
    fn typed(id: &u64) -> u64 {
        *id
    }
    #[memoize(tags = ["invalidation::typed_tags::Owner({id})"])]
    fn text(id: u64) -> u64 {
        id
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    typed(&7);
    text(7);
    assert_ne!(Owner(7).name(), TagName::from("invalidation::typed_tags::Owner(7)"));
    assert_eq!(tag("invalidation::typed_tags::Owner(7)").invalidate().count(), 1);
    assert!(typed::key(&7).is_live());
    assert_eq!(tag(elsewhere::Owner(7)).invalidate().count(), 0);
    assert_eq!(tag(CatTag::Owner(7)).invalidate().count(), 0);
    assert_eq!(tag(Owner(7)).invalidate().count(), 1);
}

#[test]
fn typed_tags_of_arguments_and_of_the_value() {
    #[memoize(tags = [
        "cats",
        CatTag::All,
        CatTag::Named { name, lives },
        value.owner,
        value.former,
        ..value.friends.iter().copied().map(CatTag::Owner),
        Place { city: name, r#type: value.owner.0.to_string().into() },
    ])]
    fn get(name: &str, lives: u32, owner: u64) -> Cat {
        let _ = (name, lives);
        cat(owner)
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    get("tom", 9, 7);
    assert_eq!(
        get::memo().tags(),
        [
            "cats",
            "invalidation::typed_tags::CatTag::All",
            "invalidation::typed_tags::CatTag::Named(tom, 9)",
            "invalidation::typed_tags::CatTag::Owner(8)",
            "invalidation::typed_tags::CatTag::Owner(9)",
            "invalidation::typed_tags::Owner(7)",
            "invalidation::typed_tags::Place(tom, 7)",
        ]
    );
    let place = Place { city: "tom", r#type: "7".into() };
    let tags: [TagName; 5] = [
        CatTag::All.name(),
        CatTag::Named { name: "tom", lives: 9 }.name(),
        CatTag::Owner(9).name(),
        Owner(7).name(),
        place.name(),
    ];
    for one in tags {
        get("tom", 9, 7);
        assert_eq!(tag(one).invalidate().count(), 1);
    }
    assert_eq!(tag(CatTag::Owner(7)).invalidate().count(), 0);
}

#[test]
fn a_tag_that_is_not_there_is_left_out() {
    #[memoize(tags = [
        given,
        given.as_ref().map(|_| "some"),
        value.former,
        value.owner.0.checked_sub(8).map(CatTag::Owner),
    ])]
    fn get(given: Option<Owner>, former: Option<u64>) -> Cat {
        let _ = given;
        Cat { former: former.map(Owner), ..cat(former.unwrap_or_default()) }
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    get(None, None);
    assert!(get::memo().tags().is_empty());
    get(Some(Owner(1)), Some(9));
    let names = [
        "some",
        "invalidation::typed_tags::CatTag::Owner(1)",
        "invalidation::typed_tags::Owner(1)",
        "invalidation::typed_tags::Owner(9)",
    ];
    assert_eq!(get::memo().tags(), names);
    assert_eq!(tag(Owner(9)).invalidate().count(), 1);
    assert!(get::key(None, None).is_live());
}

#[test]
fn expressions_see_what_is_copy_as_it_is_and_the_rest_by_reference() {
    fn of(id: u64, name: &String, words: &[String], (a, b): (u8, &String)) -> String {
        format!("{id}{name}{}{a}{b}", words.len())
    }
    #[memoize(tags = [of(id, name, words, (*a, b)), of(id + *value, name, words, (*a, b))])]
    fn get(id: u64, name: String, words: Vec<String>, (a, b): (u8, String)) -> u64 {
        drop((name, words, b));
        id + u64::from(a)
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    get(1, "n".to_owned(), vec![], (2, "b".to_owned()));
    assert_eq!(get::memo().tags(), ["1n02b", "4n02b"]);
}

#[test]
fn anything_that_is_a_tag_will_do() {
    struct ByHand(u64);
    impl Tag for ByHand {
        fn name(&self) -> TagName {
            format!("by hand {}", self.0).into()
        }
    }
    #[memoize(tags = [
        ByHand(id), format!("text {id}"), Cow::Borrowed("cow"), Owner(id).name(), &Owner(2), Some(Some(Owner(3))),
        ..[None, Some(Owner(4))], ..Vec::<String>::new(), "fixed", ..["one", "two"],
    ])]
    fn get(id: u64) -> u64 {
        id
    }
    #[memoize(tag = Owner((*value).into()))]
    fn one(id: u32) -> u32 {
        id
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    get(1);
    assert_eq!(
        get::memo().tags(),
        [
            "by hand 1",
            "cow",
            "fixed",
            "one",
            "text 1",
            "two",
            "invalidation::typed_tags::Owner(1)",
            "invalidation::typed_tags::Owner(2)",
            "invalidation::typed_tags::Owner(3)",
            "invalidation::typed_tags::Owner(4)",
        ]
    );
    one(4);
    assert_eq!(tag(Owner(4)).invalidate().count(), 2);
    get(1);
    assert_eq!(tag("fixed").invalidate().count(), 1);
}

#[test]
fn typed_tags_of_tasks() {
    #[memoize(tags = [Owner(id), CatTag::Named { name, lives: *value }])]
    async fn owned(id: u64, name: String) -> u32 {
        name.into_bytes().len().try_into().unwrap()
    }
    #[memoize(tags = [CatTag::Named { name, lives: *value }, ..names.iter().map(|name| CatTag::Named { name, lives: 1 })])]
    async fn borrowed(name: &str, names: &[&str]) -> u32 {
        (name.len() + names.len()).try_into().unwrap()
    }

    let scope = Scope::new();
    block_on(scope.within(async {
        owned(7, "tom".to_owned()).await;
        borrowed("kit", &["a"]).await;
    }));
    let _inside = scope.enter();
    assert_eq!(tag(Owner(7)).len(), 1);
    assert_eq!(tag(CatTag::Named { name: "tom", lives: 3 }).invalidate().count(), 1);
    assert_eq!(tag(CatTag::Named { name: "a", lives: 1 }).len(), 1);
    assert_eq!(tag(CatTag::Named { name: "kit", lives: 4 }).invalidate().count(), 1);
}

#[test]
fn typed_tags_of_methods_and_generic_functions() {
    trait Owned {
        fn owner(&self) -> Owner;
    }
    impl Owned for u64 {
        fn owner(&self) -> Owner {
            Owner(*self)
        }
    }
    struct Shelter {
        id: u64,
    }
    #[memoize]
    impl Shelter {
        #[memoize(key = (self.id, ..), tags = [Owner(self.id), Owner(*value), ..self.of(*value)])]
        fn get(&self, n: u64) -> u64 {
            self.id + n
        }

        fn of(&self, n: u64) -> [Owner; 1] {
            [Owner(self.id * 10 + n)]
        }
    }
    #[memoize(tags = [one.owner(), value.owner()])]
    fn generic<T: Owned + Clone + std::hash::Hash + Eq + Send + Sync + 'static>(one: T) -> T {
        one
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    for hit_by in [1, 3, 13] {
        Shelter { id: 1 }.get(2);
        assert_eq!(tag(Owner(hit_by)).invalidate().count(), 1);
    }
    generic(5_u64);
    assert_eq!(tag(Owner(5)).invalidate().count(), 1);
}

/// The attribute within a macro, with names from both sides.
macro_rules! tagged {
    ($name:ident, $arg:ident, $tag:expr) => {
        #[memoize(tags = [$tag, CatTag::Owner($arg), format!("own:{value}")])]
        fn $name($arg: u64) -> u64 {
            $arg + 1
        }
    };
}

#[test]
fn any_local_name_is_safe() {
    tagged!(by_macro, id, Owner(*value));
    #[memoize(tags = [
        Owner(*tags + *made + *draft), Owner(*tags + *value), "{tags}{made}{draft}{value}{place}",
        ..[field0, list].into_iter().copied().map(CatTag::Owner), CatTag::Owner(*place + *value),
    ])]
    fn names(tags: &u64, made: &u64, draft: &u64, place: &u64, field0: &u64, list: &u64) -> u64 {
        tags + made + draft + place + field0 + list
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    by_macro(1);
    assert_eq!(
        by_macro::memo().tags(),
        ["own:2", "invalidation::typed_tags::CatTag::Owner(1)", "invalidation::typed_tags::Owner(2)"]
    );
    names(&1, &2, &3, &4, &5, &6);
    assert_eq!(
        names::memo().tags(),
        [
            "123214",
            "invalidation::typed_tags::CatTag::Owner(25)",
            "invalidation::typed_tags::CatTag::Owner(5)",
            "invalidation::typed_tags::CatTag::Owner(6)",
            "invalidation::typed_tags::Owner(22)",
            "invalidation::typed_tags::Owner(6)",
        ]
    );
}
