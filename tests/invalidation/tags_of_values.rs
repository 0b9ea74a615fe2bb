//! Entries that depend on what is in their values go with it; what is not there is left out.

use std::sync::Arc;

use cache_core::testing::Scope;
use cache_core::{TagName, memoize, tag};
use futures::executor::block_on;
use tests::{Count, Gate, secs};

#[derive(Clone, Debug, Default, PartialEq)]
struct Cat {
    id: u64,
    owner_id: Option<u64>,
    home: Option<Home>,
    friends: Vec<u64>,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Home {
    city: Option<String>,
    floor: u32,
}

fn cat(id: u64) -> Cat {
    Cat { id, ..Cat::default() }
}

/// What carries a tag among the entries of a test.
fn carriers(text: impl Into<TagName>) -> usize {
    tag(text.into()).len()
}

#[test]
fn an_entry_of_several_goes_with_each_of_them() {
    #[memoize(tags = ["row:{id}", ..value.iter().map(|id| format!("row:{id}"))])]
    fn related(id: u64) -> Vec<u64> {
        vec![id + 1, id + 2, id + 1]
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    for hit_by in [1, 2, 3] {
        related(1);
        related(7);
        assert_eq!(tag(format!("row:{hit_by}")).invalidate().count(), 1);
        assert!(!related::key(1).is_live());
        assert!(related::key(7).is_live());
    }
    assert_eq!(tag("row:4").invalidate().count(), 0);
}

#[test]
fn an_entry_goes_with_what_is_nested_in_its_value() {
    #[memoize(tags = ["city:{value.home.city}", "floor:{value.home.floor:02}"])]
    fn get(id: u64, home: Option<Home>) -> Cat {
        Cat { home, ..cat(id) }
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    get(1, Some(Home { city: Some("Rome".to_owned()), floor: 3 }));
    get(2, Some(Home { city: None, floor: 3 }));
    get(3, None);
    assert_eq!(get::memo().tags(), ["city:Rome", "floor:03"]);
    assert_eq!((carriers("city:Rome"), carriers("floor:03")), (1, 2));
    assert_eq!(tag("city:Rome").invalidate().count(), 1);
    assert_eq!(tag("floor:03").invalidate().count(), 1);
    assert!(get::entry(3, None).get().is_some(), "stored, without these tags");
}

impl Eq for Home {}

impl std::hash::Hash for Home {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.floor.hash(state);
    }
}

#[test]
fn a_value_that_is_an_option_is_looked_through() {
    #[memoize(tags = ["cats", "id:{value.id}", "owner:{value.owner_id}"])]
    fn find(id: u64, owner_id: Option<u64>) -> Option<Cat> {
        (id > 0).then(|| Cat { owner_id, ..cat(id) })
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    find(0, Some(7));
    assert_eq!(find::memo().tags(), ["cats"]);
    find(1, None);
    assert_eq!(find::memo().tags(), ["cats", "id:1"]);
    find(2, Some(7));
    assert_eq!(tag("owner:7").invalidate().count(), 1);
    assert!(find::key(0, Some(7)).is_live());
    assert_eq!(tag("cats").invalidate().count(), 2);
}

#[test]
fn options_are_looked_through_wherever_they_are() {
    type Nested<'a> = &'a Option<Option<&'a str>>;
    #[memoize(
        tags = ["kept:{value}", "shared:{shared.1}", "nested:{nested}", "bound:{x}", "result:{kind}"],
        skip(nested),
    )]
    fn run(
        kind: Option<&str>,
        shared: Arc<(u32, Option<u32>)>,
        nested: Nested<'_>,
        (x, _y): (Option<u32>, u32),
    ) -> Result<Option<u64>, String> {
        kind.zip(shared.1)
            .map(|(kind, n)| kind.parse::<u64>().map(|kind| kind + u64::from(n)))
            .transpose()
            .map_err(|error| error.to_string())
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let with = |n| Arc::new((0, n));
    run(None, with(None), &None, (None, 0)).unwrap();
    run(None, with(None), &Some(None), (None, 0)).unwrap();
    assert!(run::memo().tags().is_empty());
    run(Some("5"), with(Some(2)), &Some(Some("z")), (Some(1), 0)).unwrap();
    assert_eq!(run::memo().tags(), ["bound:1", "kept:7", "nested:z", "result:5", "shared:2"]);
}

#[test]
fn a_template_of_both_is_left_out_as_a_whole() {
    #[memoize(tags = ["{tenant:>4}/{value.owner_id:03}/{n}"])]
    fn get(tenant: Option<&str>, owner_id: Option<u64>, n: u32) -> Cat {
        Cat { owner_id, ..cat(u64::from(n)) }
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    get(None, Some(7), 1);
    get(Some("red"), None, 1);
    assert!(get::memo().tags().is_empty());
    get(Some("red"), Some(7), 1);
    assert_eq!(get::memo().tags(), [" red/007/1"]);
    assert_eq!(tag(" red/007/1").invalidate().count(), 1);
    assert_eq!(get::memo().len(), 2);
}

#[test]
fn what_the_body_consumes_is_seen_beside_the_value() {
    /// Cannot be copied; that the template shows it is no reason to.
    struct Conn(&'static str);
    #[memoize(skip(conn, log), tags = [
        "{conn.0}:{value}",
        "{log.0}:{value}",
        ..words.iter().map(|word| format!("{word}{value}")),
        format!("{}{value}", pair.0),
        format!("{first}{value}"),
    ])]
    fn run(
        words: Vec<String>,
        pair: (String, u32),
        (first, _): (String, u32),
        conn: Conn,
        log: &mut Conn,
    ) -> usize {
        log.0 = "written";
        drop((conn, first));
        words.len() + pair.0.len()
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let text = str::to_owned;
    let mut log = Conn("log");
    run(vec![text("a"), text("b")], (text("pair"), 1), (text("first"), 2), Conn("db"), &mut log);
    assert_eq!(run::memo().tags(), ["a6", "b6", "db:6", "first6", "log:6", "pair6"]);
    assert_eq!(log.0, "written");
}

#[test]
fn what_patterns_bind_in_a_reference_is_seen_beside_the_value() {
    #[memoize(tags = [format!("{a}/{value}"), "{b}/{value}", ..Some(format!("{c}{d}/{value}"))])]
    fn run((a, b): &(String, u32), &(c, d): &(u8, u8)) -> usize {
        a.len() + *b as usize + usize::from(c + d)
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    run(&("a".to_owned(), 1), &(2, 3));
    assert_eq!(run::memo().tags(), ["1/7", "23/7", "a/7"]);
}

#[test]
fn what_is_written_by_hand_is_tagged_by_its_own_value() {
    #[memoize(tags = ["cat:{id}", "owner:{value.owner_id}", ..value.friends.iter().map(|n| format!("friend:{n}"))])]
    fn get(id: u64) -> Cat {
        cat(id)
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    get(1);
    assert_eq!(get::memo().tags(), ["cat:1"]);
    assert!(get::entry(1).insert(Cat { friends: vec![4, 5], ..cat(1) }));
    assert_eq!(get::memo().tags(), ["cat:1", "friend:4", "friend:5"]);
    get::entry(1).update(|cat| Cat { owner_id: Some(7), friends: vec![5], ..cat });
    assert_eq!(get::memo().tags(), ["cat:1", "friend:5", "owner:7"]);
    assert_eq!(tag("friend:4").invalidate().count(), 0);
    assert_eq!(tag("friend:5").invalidate().count(), 1);
}

#[test]
fn an_error_that_is_kept_has_the_tags_of_the_arguments() {
    #[memoize(err_ttl = 5, tags = ["row:{id}", "owner:{value.owner_id}"])]
    fn get(id: u64) -> Result<Cat, String> {
        if id > 0 { Ok(Cat { owner_id: Some(7), ..cat(id) }) } else { Err("none".to_owned()) }
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    get(0).unwrap_err();
    assert_eq!(get::memo().tags(), ["row:0"]);
    get(1).unwrap();
    assert_eq!(tag("owner:7").invalidate().count(), 1);
    assert_eq!(tag("row:0").invalidate().count(), 1);
}

#[test]
fn an_expression_without_names_is_asked_for_each_entry() {
    static ASKED: Count = Count::new();
    fn tenant() -> Option<String> {
        match ASKED.add() {
            0 => None,
            n => Some(format!("tenant:{n}")),
        }
    }
    #[memoize(tag = tenant())]
    fn get(n: u32) -> u32 {
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    (0..3).for_each(|n| {
        get(n);
        get(n);
    });
    assert_eq!(get::memo().tags(), ["tenant:1", "tenant:2"]);
    assert_eq!(ASKED.get(), 3, "hits ask nothing");
}

/// Code of the user's that panics while tags are made: the value is returned and not stored.
macro_rules! undisturbed {
    ($($test:ident(|$bad:ident| $tags:tt))*) => { $(
        #[test]
        fn $test() {
            #[memoize(tags = $tags)]
            fn run($bad: Bad) -> Option<Bad> {
                Some($bad)
            }

            let scope = Scope::new();
            let _inside = scope.enter();
            assert_eq!(run(Bad(true)).unwrap(), Bad(true));
            assert!(run::memo().is_empty());
            let stats = run::memo().stats();
            assert_eq!((stats.hook_panics, stats.panics), (1, 0));
            assert_eq!(run(Bad(false)).unwrap(), Bad(false));
            assert_eq!(run::memo().len(), 1);
        }
    )* };
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Bad(bool);

impl std::fmt::Display for Bad {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        assert!(!self.0, "cannot be shown");
        f.write_str("good")
    }
}

undisturbed! {
    a_panic_in_a_tag_of_an_argument(|bad| ["cats", "{bad}"])
    a_panic_in_a_tag_of_the_value(|bad| ["cats", "{value}"])
    a_panic_in_the_argument_of_a_tag_of_both(|bad| ["{bad}/{value.0}"])
a_panic_in_several_tags_of_the_value(|bad| ["{value}", value.map(|bad| bad.to_string())])
    a_panic_in_an_expression_of_an_argument(|bad| [bad.to_string(), "cats"])
    a_panic_in_an_expression_of_the_value(|bad| [value.unwrap().to_string(), "cats"])
    a_panic_in_an_iterator(|bad| [..std::iter::once(bad).map(|bad| bad.to_string())])
    a_panic_in_an_iterator_of_the_value(|bad| [..value.iter().map(ToString::to_string)])
}

#[test]
fn tags_of_a_method_see_its_fields_and_its_value() {
    struct Shelter {
        city: String,
        owners: Vec<u64>,
    }
    impl Shelter {
        #[memoize(key = (self.city, ..), tags = [
            "city:{self.city}",
            "{self.city}:{value.owner_id}",
            ..self.owners.iter().map(|owner| format!("owner:{owner}")),
            ..self.owners.iter().map(|owner| format!("owner:{owner}/{}", value.id)),
        ])]
        fn by_reference(&self, id: u64) -> Cat {
            Cat { owner_id: self.owners.first().copied(), ..cat(id) }
        }

        #[memoize(key = (self.city, ..), tags = ["{self.city}", format!("{}/{}", self.city, value.id)])]
        async fn by_value(self: Arc<Self>, id: u64) -> Cat {
            let city = Arc::into_inner(self).map(|shelter| shelter.city);
            drop(city);
            cat(id)
        }
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let shelter = Shelter { city: "Rome".to_owned(), owners: vec![7, 8] };
    shelter.by_reference(1);
    let tags = ["Rome:7", "city:Rome", "owner:7", "owner:7/1", "owner:8", "owner:8/1"];
    assert_eq!(Shelter::by_reference_memo().tags(), tags);
    assert_eq!(tag("owner:8/1").invalidate().count(), 1);
    block_on(Arc::new(shelter).by_value(2));
    assert_eq!(Shelter::by_value_memo().tags(), ["Rome", "Rome/2"]);
}

#[test]
fn a_task_is_tagged_from_its_result() {
    #[memoize(ttl = 60, tags = ["row:{id}", "owner:{value.owner_id}", value.as_ref().map(|cat| format!("{name}/{}", cat.id))])]
    async fn load(id: u64, name: String) -> Option<Cat> {
        let owner_id = Some(name.into_bytes().len() as u64);
        Some(Cat { owner_id, ..cat(id) })
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    for (text, hit) in [("owner:3", true), ("owner:4", false), ("row:1", true), ("tom/1", true)] {
        block_on(scope.within(load(1, "tom".to_owned())));
        assert_eq!(tag(text).invalidate().count(), usize::from(hit));
    }
    block_on(scope.within(load(1, "tom".to_owned())));
    scope.advance(secs(60));
    assert_eq!(tag("owner:3").invalidate().count(), 0);
}

#[test]
fn a_tag_that_only_the_result_tells_wins_over_its_computation() {
    static GATE: Gate = Gate::new();
    #[memoize(tags = ["owner:{value.owner_id}"])]
    async fn load(id: u64) -> Cat {
        let read = Cat { owner_id: Some(7), ..cat(id) };
        GATE.pass().await;
        read
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let mut computing = tests::ByHand::new(scope.within(load(1)));
    assert_eq!(computing.poll(), None);
    // Nothing carries the tag yet, and nobody knows that this value will.
    assert_eq!(tag("owner:7").invalidate().count(), 0);
    GATE.open();
    assert_eq!(computing.finish().owner_id, Some(7), "returned to who called before");
    assert!(load::memo().is_empty(), "and not stored");
    block_on(scope.within(load(1)));
    assert_eq!(carriers("owner:7"), 1);
}
