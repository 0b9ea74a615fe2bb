//! Methods: instances, types and instantiations apart or together, as the attribute says.

use std::fmt::Debug;
use std::future::Future;
use std::sync::{Arc, Mutex};

use cache_core::testing::Scope;
use cache_core::{Async, Memo, memoize, registry};
use tests::{Count, secs};

fn block_on<T>(future: impl Future<Output = T>) -> T {
    futures::executor::block_on(future)
}

mod receivers {
    use super::*;

    struct Db {
        id: u32,
        calls: u32,
    }

    impl Db {
        const fn new(id: u32) -> Self {
            Self { id, calls: 0 }
        }

        #[memoize(skip(self))]
        fn shared(&self, name: &str) -> String {
            format!("{name} of {}", self.id)
        }

        #[memoize(key = (self.id, ..))]
        fn own(&self, name: &str) -> String {
            format!("{name} of {}", self.id)
        }

        #[memoize(key = "{name}/{self.id}")]
        fn by_template(&self, name: &str) -> String {
            format!("{name} of {}", self.id)
        }

        #[memoize(skip(self))]
        fn counted(&mut self, n: u32) -> u32 {
            self.calls += 1;
            n * 2
        }

        #[memoize(key = (self.id, n))]
        fn consumed(mut self, n: u32) -> u32 {
            self.calls += n;
            self.id + self.calls
        }

        #[memoize(key = (self.id, ..))]
        fn of_arc(self: Arc<Self>, n: u32) -> u32 {
            self.id + n
        }

        #[memoize(key = (self.id, ..))]
        fn of_arc_by_reference(self: &Arc<Self>, n: u32) -> (u32, usize) {
            (self.id + n, Arc::strong_count(self))
        }

        #[memoize(skip(self))]
        fn of_box(self: Box<Self>, n: u32) -> u32 {
            self.id + n
        }

        #[memoize]
        fn made(id: u32) -> Arc<Self> {
            Arc::new(Self::new(id))
        }

        #[memoize(key = (other.id, ..))]
        fn among(other: &Self, ids: Option<&[u32]>) -> bool {
            ids.is_some_and(|ids| ids.contains(&other.id))
        }
    }

    #[test]
    fn instances_share_what_self_is_skipped_in() {
        let (one, two) = (Db::new(1), Db::new(2));
        assert_eq!([one.shared("tom"), two.shared("tom")], ["tom of 1", "tom of 1"]);
        assert_eq!(Db::shared_memo().len(), 1);
    }

    #[test]
    fn instances_are_apart_where_self_is_in_the_key() {
        let scope = Scope::new();
        let _inside = scope.enter();
        let (one, two) = (Db::new(1), Db::new(2));
        assert_eq!([one.own("tom"), two.own("tom")], ["tom of 1", "tom of 2"]);
        assert_eq!([one.own("tom"), two.own("tom")], ["tom of 1", "tom of 2"]);
        let stats = Db::own_memo().stats();
        assert_eq!((Db::own_memo().len(), stats.stores, stats.hits), (2, 2, 2));
        // Another instance that says of itself what the first one says.
        assert_eq!(Db::new(1).own_entry("tom").get().as_deref(), Some("tom of 1"));
    }

    #[test]
    fn self_in_a_template() {
        let (one, two) = (Db::new(1), Db::new(2));
        assert_eq!([one.by_template("tom"), two.by_template("tom")], ["tom of 1", "tom of 2"]);
        assert_eq!(Db::by_template_memo().len(), 2);
        assert!(one.by_template_key("tom").is_live());
    }

    #[test]
    fn a_mutable_self_that_is_skipped_changes_on_a_miss_only() {
        let mut db = Db::new(1);
        assert_eq!((db.counted(4), db.counted(4), db.counted(5)), (8, 8, 10));
        assert_eq!(db.calls, 2);
        assert_eq!(Db::counted_key(4).get(), Some(8));
        assert_eq!(db.counted_entry(6).call(), 12);
    }

    #[test]
    fn self_by_value() {
        assert_eq!((Db::new(1).consumed(4), Db::new(1).consumed(4), Db::new(2).consumed(4)), (5, 5, 6));
        let stats = Db::consumed_memo().stats();
        assert_eq!((stats.hits, stats.misses), (1, 2));
        assert_eq!(Db::new(1).consumed_entry(4).get(), Some(5));
    }

    #[test]
    fn self_in_an_arc() {
        let db = Arc::new(Db::new(1));
        assert_eq!((db.clone().of_arc(2), db.clone().of_arc(2)), (3, 3));
        assert_eq!(Arc::new(Db::new(5)).of_arc(2), 7);
        assert_eq!(Db::of_arc_memo().stats().hits, 1);
        assert!(db.clone().of_arc_entry(2).get().is_some());
        assert_eq!(Arc::strong_count(&db), 1, "the cache keeps no instance");
    }

    #[test]
    fn self_by_reference_to_an_arc() {
        let db = Arc::new(Db::new(1));
        let other = db.clone();
        assert_eq!((db.of_arc_by_reference(2), other.of_arc_by_reference(2)), ((3, 2), (3, 2)));
        assert_eq!(Arc::new(Db::new(5)).of_arc_by_reference(2), (7, 1));
        assert_eq!(Db::of_arc_by_reference_memo().stats().hits, 1);
    }

    #[test]
    fn self_in_a_box() {
        assert_eq!((Box::new(Db::new(1)).of_box(2), Box::new(Db::new(2)).of_box(2)), (3, 3));
    }

    #[test]
    fn associated_functions_and_self_in_signatures() {
        let made = Db::made(7);
        assert!(Arc::ptr_eq(&made, &Db::made(7)));
        assert!(Db::made_entry(8).get().is_none());
        assert!(Db::among(&made, Some(&[7])));
        assert!(Db::among(&Db::new(7), Some(&[7])));
        assert!(!Db::among(&Db::new(8), Some(&[7])));
        assert!(!Db::among(&made, None));
        assert_eq!(Db::among_memo().stats().hits, 1);
    }

    #[test]
    fn entries_keys_and_memo_are_of_the_same_cache() {
        let db = Db::new(41);
        assert_eq!(db.own_entry("felix").get(), None);
        assert!(db.own_entry("felix").insert("another".into()));
        assert_eq!(db.own("felix"), "another");
        assert_eq!(db.own_entry("felix").id(), db.own_key("felix"));
        assert!(Db::own_memo().keys().contains(&db.own_key("felix")));
        assert_eq!(db.own_entry("felix").refresh(), "felix of 41");
        assert_eq!(db.own_key("felix").get().as_deref(), Some("felix of 41"));
        assert_eq!(db.own_entry("felix").invalidate().count(), 1);
        assert!(!db.own_key("felix").is_live());
        assert_eq!(db.own_entry("felix").uncached(), "felix of 41");
        assert!(!db.own_key("felix").is_live());
    }
}

mod names {
    use super::*;

    struct Db;

    #[memoize]
    impl Db {
        #[memoize(skip(self))]
        fn cat(&self, id: u32, name: &str) -> String {
            format!("{id} {name}")
        }

        // Only the attribute on the `impl` tells that this is not a function by itself.
        #[memoize]
        fn plain(n: u32) -> u32 {
            n + 1
        }

        #[memoize(skip(self), name = "felines::dog")]
        fn dog(&self, n: u32) -> u32 {
            n
        }

        #[memoize(skip(self))]
        fn sized<T: Default + Clone + Send + Sync + 'static, const N: usize>(&self, n: u32) -> [T; N] {
            let _ = n;
            std::array::from_fn(|_| T::default())
        }
    }

    #[test]
    fn keys_are_shown_with_the_path_of_the_type() {
        assert_eq!(Db.cat_entry(1, "tom").id().to_string(), r#"methods::names::Db::cat(1, "tom")"#);
        assert_eq!(Db::plain_key(4).to_string(), "methods::names::Db::plain(4)");
        assert_eq!(Db::dog_key(4).to_string(), "felines::dog(4)");
        let sized = Db::sized_memo::<u8, 3>();
        assert!(sized.name().starts_with("methods::names::Db::sized<u8, "), "{}", sized.name());
        assert_ne!(sized.name(), Db::sized_memo::<u8, 4>().name());
    }

    #[test]
    fn memos_are_found_by_that_name() {
        let scope = Scope::new();
        let _inside = scope.enter();
        Db.cat(1, "tom");
        Db::plain(4);
        let memo = registry().find("methods::names::Db::cat").unwrap();
        assert_eq!(memo.any_keys().len(), 1);
        assert_eq!(registry().invalidate("methods::names::Db::cat", &(1, "tom")).unwrap().count(), 1);
        assert_eq!(registry().invalidate_matching("methods::names::*").count(), 1);
    }

    #[test]
    fn functions_of_an_impl_that_name_neither_self_nor_its_type() {
        assert_eq!((Db::plain(7), Db::plain_entry(7).get()), (8, Some(8)));
    }
}

mod instantiations {
    use super::*;

    struct Repo<'a, T, const N: usize>(&'a str, T);

    impl<T: Clone + Debug + Send + Sync + 'static, const N: usize> Repo<'_, T, N> {
        #[memoize(skip(self))]
        fn get(&self, n: u32) -> String {
            format!("{:?} {n} {N}", self.1)
        }

        #[memoize(key = (self.0, n))]
        fn len(&self, n: u32) -> usize {
            self.0.len() + n as usize + N
        }

        #[memoize(skip(self))]
        fn with<U: Default + Debug, const B: bool>(&self, n: u32) -> String {
            format!("{:?} {:?} {n} {N} {B}", self.1, U::default())
        }

        #[memoize(skip(self))]
        fn same(&self, n: u32) -> T {
            let _ = n;
            self.1.clone()
        }

        #[memoize(skip(self))]
        async fn fetch(&self, n: u32) -> String {
            tokio::task::yield_now().await;
            format!("{:?} {n} {N}", self.1)
        }
    }

    #[memoize]
    impl<T: Clone, const N: usize> Repo<'_, T, N> {
        #[memoize]
        fn named(n: u32) -> String {
            format!("{} {n} {N}", std::any::type_name::<T>())
        }
    }

    // What they return is of one type in all instantiations, so only the instantiation tells them apart.
    #[test]
    fn of_an_impl_share_no_entry() {
        assert_eq!(Repo::<_, 1>("", 4_u32).get(7), "4 7 1");
        assert_eq!(Repo::<_, 1>("", "four").get(7), r#""four" 7 1"#);
        assert_eq!(Repo::<_, 2>("", 4_u32).get(7), "4 7 2");
        assert_eq!(Repo::<_, 1>("", 5_u32).get(7), "4 7 1", "the same one does");
        assert_eq!((Repo::<u32, 1>::named(1), Repo::<u8, 1>::named(1)), ("u32 1 1".into(), "u8 1 1".into()));
        assert_eq!(Repo::<u32, 1>::named_memo().len(), 1);
        assert_eq!(Repo::<_, 1>("", 4_u32).same(7), 4);
        assert_eq!(Repo::<_, 1>("", "four").same(7), "four");
    }

    #[test]
    fn of_an_asynchronous_method_share_no_entry() {
        let (numbers, texts, others) =
            (Repo::<_, 1>("", 4_u32), Repo::<_, 1>("", "four"), Repo::<_, 2>("", 4_u32));
        assert_eq!(block_on(numbers.fetch(7)), "4 7 1");
        assert_eq!(block_on(texts.fetch(7)), r#""four" 7 1"#);
        assert_eq!(block_on(others.fetch(7)), "4 7 2");
        assert_eq!(block_on(numbers.fetch_entry(7).get()).as_deref(), Some("4 7 1"));
    }

    #[test]
    fn of_the_method_share_no_entry() {
        let repo = Repo::<_, 1>("", 4_u32);
        assert_eq!(repo.with::<u8, true>(7), "4 0 7 1 true");
        assert_eq!(repo.with::<u8, false>(7), "4 0 7 1 false");
        assert_eq!(repo.with::<String, true>(7), r#"4 "" 7 1 true"#);
        assert_eq!(Repo::<_, 2>("", 4_u32).with::<u8, true>(7), "4 0 7 2 true");
        assert_eq!(Repo::<_, 1>("", 5_u32).with::<u8, true>(7), "4 0 7 1 true", "the same one does");
        assert_eq!(Repo::<u32, 1>::with_memo::<u8, true>().len(), 1);
        assert_eq!(repo.with_entry::<u8, true>(7).get().as_deref(), Some("4 0 7 1 true"));
        assert!(Repo::<u32, 1>::with_key::<u8, false>(7).is_live());
    }

    #[test]
    fn lifetimes_tell_nothing_apart() {
        let text = String::from("tom");
        assert_eq!((Repo::<u8, 1>("tom", 4).len(1), Repo::<u8, 1>(&text, 4).len(1)), (5, 5));
        assert_eq!((Repo::<u8, 2>("tom", 4).len(1), Repo::<u8, 1>("rexy", 4).len(1)), (6, 6));
        let stats = Repo::<'static, u8, 1>("tom", 4).len_entry(1).id().memo().stats();
        assert_eq!((stats.hits, stats.stores), (1, 2));
    }

    #[test]
    fn are_named_by_their_types() {
        let key = Repo::<u32, 9>("x", 4).len_key(4).to_string();
        // Some compilers name the lifetime, too.
        let key = key.replace("'_, ", "");
        assert_eq!(key, r#"methods::instantiations::Repo<u32, 9>::len("x", 4)"#);
    }

    struct One;
    struct Two;

    macro_rules! gets {
        ($($name:ident $answer:literal)*) => { $(
            impl $name {
                #[memoize(skip(self))]
                fn get(&self, n: u32) -> u32 {
                    n + $answer
                }
            }
        )* };
    }

    gets!(One 1 Two 2);

    #[test]
    fn types_with_a_method_of_one_name_share_no_entry() {
        assert_eq!((One.get(5), Two.get(5), One.get(5), Two.get(5)), (6, 7, 6, 7));
    }

    #[test]
    fn arguments_of_anonymous_types() {
        struct Db(u32);
        impl Db {
            #[memoize(skip(self, name))]
            fn say(&self, name: impl ToString, n: u32) -> String {
                format!("{} {n} {}", name.to_string(), self.0)
            }

            #[memoize(key = (self.0, name.to_string(), ..))]
            fn call(&self, name: &impl ToString, n: u32) -> String {
                format!("{} {n} {}", name.to_string(), self.0)
            }
        }
        assert_eq!((Db(1).say("tom", 1), Db(2).say(9, 1)), ("tom 1 1".into(), "tom 1 1".into()));
        assert_eq!(Db::say_key(1).get().as_deref(), Some("tom 1 1"));
        assert_eq!((Db(1).call(&"tom", 1), Db(1).call(&9, 1)), ("tom 1 1".into(), "9 1 1".into()));
    }
}

mod companions {
    use super::*;

    mod inner {
        use super::*;

        pub(crate) struct Db(pub(crate) u32);

        impl Db {
            #[memoize(key = (self.0, ..), companion = feline)]
            pub(crate) fn cat(&self, n: u32) -> u32 {
                self.0 + n
            }

            #[memoize(skip(self), companion_vis = pub(crate))]
            fn secret(&self, n: u32) -> u32 {
                self.0 + n
            }

            pub(crate) fn reveal(&self, n: u32) -> u32 {
                self.secret(n)
            }

            #[memoize(skip(self), companion = false)]
            pub(crate) fn dog(&self, n: u32) -> u32 {
                self.0 + n
            }

            // The companions of `dog` would have these names.
            #[expect(clippy::unused_self, reason = "named like a companion")]
            pub(crate) fn dog_entry(&self, n: u32) -> u32 {
                n
            }
            pub(crate) const fn dog_key(n: u32) -> u32 {
                n
            }
            pub(crate) const fn dog_memo() {}
        }
    }

    use inner::Db;

    #[test]
    fn have_another_name() {
        assert_eq!(Db(1).cat(2), 3);
        assert_eq!(Db(1).feline_entry(2).get(), Some(3));
        assert!(Db(1).feline_key(2).is_live());
        assert_eq!(Db::feline_memo().len(), 1);
        assert_eq!(Db(1).feline_key(2).to_string(), "methods::companions::inner::Db::cat(1, 2)");
    }

    #[test]
    fn are_left_out() {
        assert_eq!((Db(1).dog(2), Db(2).dog(2)), (3, 3));
        assert_eq!((Db(1).dog_entry(2), Db::dog_key(2)), (2, 2));
        Db::dog_memo();
    }

    #[test]
    fn are_seen_where_the_method_is_not() {
        assert_eq!(Db(1).reveal(2), 3);
        assert_eq!(Db::secret_key(2).get(), Some(3));
        assert_eq!(Db(1).secret_entry(2).invalidate().count(), 1);
    }
}

mod options {
    use super::*;

    struct Db {
        id: u32,
        lives: u64,
        off: bool,
        seen: Mutex<Vec<String>>,
    }

    impl Db {
        const fn new(id: u32) -> Self {
            Self { id, lives: 9, off: false, seen: Mutex::new(Vec::new()) }
        }

        #[memoize(
            key = (self.id, ..),
            ttl = |_value| secs(self.lives),
            tags = ["owner:{self.id}", "cat:{name} of {self.id}"],
            bypass_if = self.off,
            cache_if = |value| value.len() > self.id as usize,
            on_miss = |key| self.seen.lock().unwrap().push(format!("miss {key}")),
            on_hit = |_key, value| self.seen.lock().unwrap().push(format!("hit {value}")),
        )]
        fn cat(&self, name: &str) -> String {
            format!("{name}{}", self.id)
        }

        #[memoize(skip(self), refresh_if = self.off && n > 0)]
        fn dog(&self, n: u32) -> u32 {
            self.id + n
        }
    }

    #[test]
    fn see_self() {
        let scope = Scope::new();
        let _inside = scope.enter();
        let db = Db::new(2);
        assert_eq!((db.cat("tom"), db.cat("tom")), ("tom2".into(), "tom2".into()));
        assert_eq!(*db.seen.lock().unwrap(), [r#"miss methods::options::Db::cat(2, "tom")"#, "hit tom2"]);
        assert_eq!(Db::cat_memo().tags(), ["cat:tom of 2", "owner:2"]);
        scope.advance(secs(8));
        assert!(db.cat_key("tom").is_live());
        scope.advance(secs(2));
        assert!(!db.cat_key("tom").is_live(), "it lived for the instance's nine seconds");

        db.cat("");
        assert!(!db.cat_key("").is_live(), "shorter than the instance asks for");

        Db::new(3).cat("mimi");
        assert_eq!(cache_core::tag("owner:2").invalidate().count(), 0);
        assert_eq!(cache_core::tag("owner:3").invalidate().count(), 1);
    }

    #[test]
    fn flags_see_self() {
        let scope = Scope::new();
        let _inside = scope.enter();
        let off = Db { off: true, ..Db::new(1) };
        off.cat("tom");
        assert_eq!((Db::cat_memo().len(), Db::cat_memo().stats().bypasses), (0, 1));
        assert_eq!((Db::new(2).dog(3), off.dog(3), Db::new(9).dog(3)), (5, 4, 4));
        assert_eq!(Db::dog_memo().stats().refreshes, 1);
    }

    #[memoize]
    impl Db {
        #[memoize(key = (self.id, ..), placeholder = format!("{name} is away from {}", self.id))]
        fn remote(self: Arc<Self>, name: &str) -> String {
            format!("{name} of {}", self.id)
        }
    }

    #[test]
    fn a_placeholder_sees_self() {
        let db = Arc::new(Db::new(4));
        assert_eq!(db.clone().remote("tom"), "tom is away from 4");
        tests::wait_until(|| db.clone().remote_key("tom").is_live());
        assert_eq!(db.remote("tom"), "tom of 4");
    }
}

mod fields {
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
        off.cats.set_enabled(false);
        off.cat("tom");
        assert_eq!((off.cats.len(), off.cats.stats().bypasses), (0, 1));
        off.cats.set_enabled(true);
        off.cat("tom");
        assert_eq!(off.cats.len(), 1);
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
        assert_eq!(registry().invalidate_matching("methods::fields::*").count(), 2);
        drop(here);
        assert_eq!(names(), [NAME]);
        drop(there);
        assert_eq!(names().len(), 0);
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
        let (number, text) =
            (Cell { value: 4, memo: Memo::new() }, Cell { value: "four", memo: Memo::new() });
        assert_eq!((number.get(1), text.get(1)), (4, "four"));
        assert_eq!((number.memo.len(), text.memo.len()), (1, 1));
    }
}

mod tasks {
    use super::*;

    #[derive(Debug)]
    struct Db(u32);

    #[memoize]
    impl Db {
        #[memoize(key = (self.0, ..))]
        async fn borrowed(&self, name: &str) -> String {
            tokio::task::yield_now().await;
            format!("{name} of {}", self.0)
        }

        #[memoize(key = (self.0, ..))]
        async fn owned(self: Arc<Self>, n: u32) -> u32 {
            tokio::task::yield_now().await;
            self.0 + n
        }

        #[memoize]
        async fn plain(n: u32) -> u32 {
            tokio::task::yield_now().await;
            n + 1
        }

        #[memoize(skip(self))]
        fn future(&self, n: u32) -> impl Future<Output = u32> + Send {
            let id = self.0;
            async move { id + n }
        }

        #[memoize(skip(self), ?Send)]
        async fn local(&self, n: u32) -> u32 {
            let rc = std::rc::Rc::new(n);
            tokio::task::yield_now().await;
            self.0 + *rc
        }
    }

    impl Db {
        // The attribute is on the method alone.
        #[memoize(skip(self))]
        async fn alone(self: Arc<Self>, n: u32) -> u32 {
            tokio::task::yield_now().await;
            self.0 + n
        }
    }

    #[test]
    fn methods_are_spawned() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
        let db = Arc::new(Db(4));
        let task = {
            let db = db.clone();
            async move {
                for _ in 0..2 {
                    assert_eq!(db.borrowed("tom").await, "tom of 4");
                    assert_eq!(db.clone().owned(1).await, 5);
                    assert_eq!(Db::plain(7).await, 8);
                    assert_eq!(db.future(7).await, 11);
                    assert_eq!(db.clone().alone(7).await, 11);
                }
                assert!(db.borrowed_key("tom").is_live().await);
                assert_eq!(db.clone().owned_entry(1).get().await, Some(5));
            }
        };
        runtime.block_on(runtime.spawn(task)).unwrap();
        let hits = Db::borrowed_memo().stats().hits
            + Db::owned_memo().stats().hits
            + Db::plain_memo().stats().hits
            + Db::future_memo().stats().hits
            + Db::alone_memo().stats().hits;
        assert_eq!(hits, 5 + 1, "each a second time, and one read");
    }

    #[test]
    fn a_method_whose_future_stays_on_its_thread() {
        block_on(async {
            assert_eq!((Db(4).local(1).await, Db(5).local(1).await), (5, 5));
        });
    }

    #[test]
    fn prefetch_runs_where_a_method_owns_all_it_needs() {
        static RUNS: Count = Count::new();
        struct Slow(u32);
        #[memoize]
        impl Slow {
            #[memoize(key = (self.0, ..))]
            fn cat(self: Arc<Self>, name: &str) -> String {
                RUNS.add();
                format!("{name} of {}", self.0)
            }
        }
        let slow = Arc::new(Slow(3));
        assert_eq!(slow.clone().cat_entry("tom").prefetch(), None);
        tests::wait_until(|| slow.clone().cat_key("tom").is_live());
        assert_eq!((slow.cat("tom"), RUNS.get()), ("tom of 3".to_owned(), 1));
    }
}
