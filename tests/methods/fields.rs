//! Entries that live in a field of the instance, and go with it.

use cache_core::{Cause, KeyRef};

use super::*;

#[derive(Clone, Default)]
struct Home {
    id: u32,
    cats: Memo<String>,
    dogs: Memo<String, Async>,
}

impl Home {
    fn new(id: u32) -> Self {
        Self { id, ..Self::default() }
    }

    #[memoize(memo = self.cats, ttl = 60, tag = "home cats", capacity = 3)]
    fn cat(&self, name: &str) -> String {
        format!("{name} at {}", self.id)
    }

    #[memoize(memo = self.cats)]
    fn kitten(&self, name: &str) -> String {
        format!("little {name} at {}", self.id)
    }

    #[memoize(memo = self.dogs)]
    async fn dog(&self, name: &str) -> String {
        tokio::task::yield_now().await;
        format!("{name} at {}", self.id)
    }

    #[memoize(memo = self.cats)]
    fn of_arc(self: Arc<Self>, n: u32) -> String {
        format!("{n} at {}", self.id)
    }

    #[memoize(memo = self.cats)]
    fn moved_in(&mut self, n: u32) -> String {
        self.id += 1;
        format!("{n} at {}", self.id)
    }

    #[memoize(memo = self.cats, key = (self.id, ..))]
    fn by_id(&self, n: u32) -> String {
        format!("{n} at {}", self.id)
    }
}

#[test]
fn instances_have_entries_of_their_own() {
    let (here, there) = (Home::new(1), Home::new(2));
    assert_eq!([here.cat("tom"), there.cat("tom")], ["tom at 1", "tom at 2"]);
    assert_eq!([here.cat("tom"), there.cat("tom")], ["tom at 1", "tom at 2"]);
    assert_eq!((here.cats.stats().hits, there.cats.stats().hits), (1, 1));
    assert_eq!(here.cat_entry("tom").invalidate().count(), 1);
    assert_eq!((here.cats.len(), there.cats.len()), (0, 1));
    assert!(there.cat_key("tom").is_live());
}

#[test]
fn clones_share_entries() {
    let here = Home::new(1);
    let clone = Home { id: 2, ..here.clone() };
    assert_eq!([here.cat("tom"), clone.cat("tom")], ["tom at 1", "tom at 1"]);
    clone.cats.clear();
    assert!(!here.cat_key("tom").is_live());
}

#[test]
fn several_methods_have_entries_of_their_own_in_one_field() {
    let here = Home::new(1);
    assert_eq!([here.cat("tom"), here.kitten("tom")], ["tom at 1", "little tom at 1"]);
    assert_eq!((here.cats.len(), here.cats.memos().len()), (2, 2));
    assert_eq!([here.cat("tom"), here.kitten("tom")], ["tom at 1", "little tom at 1"]);
    assert_eq!(here.cats.stats().hits, 2);
    // The companion is the field.
    assert_eq!(here.cat_memo().len(), 2);
    assert_eq!(here.cats.clear().count(), 2);
}

#[test]
fn options_hold() {
    let scope = Scope::new();
    let _inside = scope.enter();
    let here = Home::new(1);
    for name in ["a", "b", "c", "d", "e"] {
        here.cat(name);
    }
    assert_eq!((here.cats.len(), here.cats.capacity()), (3, Some(3)));
    assert_eq!(here.cats.tags(), ["home cats"]);
    here.kitten("tom");
    scope.advance(secs(61));
    assert_eq!(here.cats.len(), 1, "the other method has no ttl");
}

#[test]
fn tags_reach_it() {
    let scope = Scope::new();
    let _inside = scope.enter();
    let (here, there) = (Home::new(1), Home::new(2));
    here.cat("tom");
    there.cat("tom");
    here.kitten("tom");
    assert_eq!(cache_core::tag("home cats").len(), 2);
    assert_eq!(cache_core::tag("home cats").invalidate().count(), 2);
    assert_eq!((here.cats.len(), there.cats.len()), (1, 0));
}

#[test]
fn settings_before_the_first_call_hold() {
    let bounded = Home::new(1);
    assert_eq!((bounded.cats.capacity(), bounded.cats.name()), (None, ""));
    bounded.cats.set_capacity(2).unwrap();
    assert_eq!(bounded.cats.capacity(), Some(2));
    assert!(bounded.cats.set_capacity(0).is_err());
    for name in ["a", "b", "c", "d"] {
        bounded.cat(name);
        bounded.kitten(name);
    }
    assert_eq!((bounded.cats.len(), bounded.cats.capacity()), (4, Some(2)));

    let off = Home::new(1);
    assert!(off.cats.is_enabled());
    off.cats.set_enabled(false);
    assert!(!off.cats.is_enabled());
    off.cat("tom");
    assert_eq!((off.cats.len(), off.cats.stats().bypasses), (0, 1));
    off.cats.set_enabled(true);
    off.cat("tom");
    assert_eq!((off.cats.len(), off.cats.is_enabled()), (1, true));
}

#[test]
fn self_by_value_and_by_mutable_reference() {
    let mut here = Home::new(1);
    assert_eq!([here.moved_in(7), here.moved_in(7)], ["7 at 2", "7 at 2"]);
    assert_eq!(here.id, 2);
    let shared = Arc::new(here.clone());
    assert_eq!([shared.clone().of_arc(7), shared.of_arc(7)], ["7 at 2", "7 at 2"]);
    assert_eq!(here.cats.stats().hits, 2);
}

#[test]
fn self_may_be_part_of_the_key_too() {
    let here = Home::new(1);
    let clone = Home { id: 2, ..here.clone() };
    assert_eq!([here.by_id(7), clone.by_id(7)], ["7 at 1", "7 at 2"]);
    assert_eq!(here.cats.len(), 2);
    assert_eq!(clone.by_id_key(7).to_string(), "methods::fields::Home::by_id(2, 7)");
}

#[test]
fn an_asynchronous_method() {
    let (here, there) = (Home::new(1), Home::new(2));
    block_on(async {
        assert_eq!([here.dog("rex").await, there.dog("rex").await], ["rex at 1", "rex at 2"]);
        assert_eq!(here.dog_entry("rex").get().await.as_deref(), Some("rex at 1"));
        assert!(here.dog_key("rex").is_live().await);
        let keys = here.dogs.keys();
        assert_eq!(here.dogs.get_many(&keys).await, [Some("rex at 1".to_owned())]);
        assert_eq!(here.dogs.clear().count(), 1);
        assert_eq!(here.dog_entry("rex").get().await, None);
        assert!(there.dog_key("rex").is_live().await);
    });
}

#[test]
fn no_scope_sees_another_ones_entries() {
    let here = Home::new(1);
    here.cat("tom");
    let scope = Scope::new();
    {
        let _inside = scope.enter();
        assert_eq!(here.cats.len(), 0);
        here.cat("rex");
        here.cat("felix");
        assert_eq!(here.cats.len(), 2);
    }
    assert_eq!(here.cats.len(), 1);
}

/// A value of which it is counted how many there are.
struct Counted(Arc<()>);

struct Keeper {
    value: Arc<()>,
    values: Memo<Arc<Counted>>,
}

impl Keeper {
    #[memoize(memo = self.values)]
    fn value(&self, n: u32) -> Arc<Counted> {
        let _ = n;
        Arc::new(Counted(self.value.clone()))
    }
}

#[test]
fn values_are_dropped_with_the_instance() {
    let value = Arc::new(());
    let keeper = Keeper { value: value.clone(), values: Memo::new() };
    for n in 0..10 {
        assert!(Arc::ptr_eq(&keeper.value(n).0, &value));
    }
    assert_eq!(Arc::strong_count(&value), 12);
    let clone = keeper.values.clone();
    drop(keeper);
    assert_eq!(Arc::strong_count(&value), 11, "a copy of the memo keeps them");
    drop(clone);
    assert_eq!(Arc::strong_count(&value), 1);
}

#[test]
fn the_registry_lists_it_while_the_instance_is_there() {
    const NAME: &str = "methods::fields::Home::cat";
    let scope = Scope::new();
    let _inside = scope.enter();
    let (here, there) = (Home::new(1), Home::new(2));
    assert_eq!(registry().memos().len(), 0);
    here.cat("tom");
    there.cat("tom");
    let names = || registry().memos().iter().map(|memo| memo.name().to_owned()).collect::<Vec<_>>();
    assert_eq!(names(), [NAME, NAME]);
    assert!(registry().find(NAME).is_none(), "which of them?");
    let told = registry().invalidate(NAME, &("tom",)).unwrap_err().to_string();
    assert!(told.contains("memo in a field") && told.contains("`invalidate_matching`"), "{told}");
    assert_eq!(registry().invalidate_matching("methods::fields::*").count(), 2);
    drop(here);
    assert_eq!(names(), [NAME]);
    drop(there);
    assert_eq!(names().len(), 0);
}

/// Of whichever method it fits.
#[test]
fn an_entry_is_found_by_its_text_and_by_json() {
    let home = Home::new(1);
    assert!(home.cats.key_of_json(&("tom",)).is_err(), "no method has used it");
    home.cat("tom");
    home.kitten("kit");
    let key = home.cats.key_of_json(&("tom",)).unwrap();
    assert_eq!(key.to_string(), home.cat_key("tom").to_string());
    assert!(home.cats.key_of_json(&(1, 2, 3)).is_err());
    assert_eq!(home.cats.invalidate_key_text(&key.to_string()).count(), 1);
    assert_eq!((home.cats.len(), home.cat_key("tom").get()), (1, None));
    assert!(format!("{:?}", home.cats).starts_with("[Memo { name: "), "{:?}", home.cats);
}

#[test]
fn a_key_outlives_the_instance() {
    let here = Home::new(1);
    here.cat("tom");
    let key = here.cat_key("tom");
    drop(here);
    assert_eq!(key.to_string(), r#"methods::fields::Home::cat("tom")"#);
    key.invalidate();
    assert_eq!(key.get(), None);
}

#[test]
fn a_field_within_a_field() {
    struct Outer {
        inner: (Memo<u32>, [Memo<u32>; 2]),
    }
    impl Outer {
        #[memoize(memo = self.inner.0)]
        fn first(&self, n: u32) -> Result<u32, String> {
            if n == 0 { Err("none".into()) } else { Ok(n) }
        }

        #[memoize(memo = self.inner.1[1])]
        fn second(&self, n: u32) -> u32 {
            n
        }
    }
    let outer = Outer { inner: (Memo::new(), [Memo::new(), Memo::new()]) };
    assert_eq!((outer.first(0), outer.first(3)), (Err("none".into()), Ok(3)));
    assert_eq!(outer.inner.0.len(), 1);
    assert_eq!(outer.second(7), 7);
    assert_eq!((outer.inner.1[0].len(), outer.inner.1[1].len()), (0, 1));
}

#[test]
fn instances_of_a_generic_type() {
    struct Cell<T: Clone + Send + Sync + 'static> {
        value: T,
        memo: Memo<T>,
    }
    impl<T: Clone + Send + Sync + 'static> Cell<T> {
        #[memoize(memo = self.memo)]
        fn get(&self, n: u32) -> T {
            let _ = n;
            self.value.clone()
        }
    }
    let (number, text) = (Cell { value: 4, memo: Memo::new() }, Cell { value: "four", memo: Memo::new() });
    assert_eq!((number.get(1), text.get(1)), (4, "four"));
    assert_eq!((number.memo.len(), text.memo.len()), (1, 1));
}

/// Whose hooks are fields as well.
struct Watched {
    cats: Memo<u64>,
    leaves: fn(&KeyRef<'_>, &u64, Cause),
    weigh: fn(&KeyRef<'_>, &u64) -> usize,
}

impl Watched {
    #[memoize(memo = self.cats, capacity = 10, on_evict = self.leaves, weigh = self.weigh)]
    fn cat(&self, id: u64) -> u64 {
        id
    }

    #[memoize(memo = self.cats, on_evict = self.leaves)]
    fn of_arc(self: Arc<Self>, id: u64) -> u64 {
        id
    }
}

#[test]
fn hooks_and_weighers_may_be_those_of_the_instance() {
    static LEFT: Count = Count::new();
    let leaves = |_: &KeyRef<'_>, _: &u64, _: Cause| {
        LEFT.add();
    };
    let home = Arc::new(Watched { cats: Memo::new(), leaves, weigh: |_, _| 6 });
    assert_eq!((home.cat(1), home.cats.weight()), (1, 6));
    assert_eq!((home.cat(2), home.cats.weight(), LEFT.get()), (2, 6, 1));
    assert_eq!(home.clone().of_arc(3), 3);
    assert_eq!((home.cats.clear().count(), LEFT.get()), (2, 3));
}
