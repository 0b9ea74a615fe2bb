//! Trait implementations and default methods: companions in a trait of their own.

use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cache_core::memoize;
use cache_core::testing::Scope;
use tests::{Count, secs};

fn block_on<T>(future: impl Future<Output = T>) -> T {
    futures::executor::block_on(future)
}

/// Runs a future where it must be one that can be sent.
fn spawned<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(runtime.spawn(future)).unwrap()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Db(u32);

mod implementations {
    use super::*;

    trait Cats {
        type Cat;
        const LIVES: u32;
        fn cat(&self, name: &str) -> Self::Cat;
        fn lives(&self, n: u32) -> Option<Self::Cat>;
        fn made(n: u32) -> Self;
        fn plain(&self) -> u32 {
            Self::LIVES
        }
    }

    #[memoize]
    impl Cats for Db {
        type Cat = String;
        const LIVES: u32 = 9;

        #[memoize(ttl = 60, tag = "trait cats", key = (self.0, ..))]
        fn cat(&self, name: &str) -> Self::Cat {
            format!("{name} of {}", self.0)
        }

        #[memoize(skip(self))]
        fn lives(&self, n: u32) -> Option<<Self as Cats>::Cat> {
            (n <= Self::LIVES).then(|| n.to_string())
        }

        #[memoize]
        fn made(n: u32) -> Self {
            Self(n)
        }
    }

    #[test]
    fn are_answered_from_the_cache() {
        let scope = Scope::new();
        let _inside = scope.enter();
        assert_eq!(
            [Db(1).cat("tom"), Db(2).cat("tom"), Db(1).cat("tom")],
            ["tom of 1", "tom of 2", "tom of 1"]
        );
        assert_eq!((Db::cat_memo().len(), Db::cat_memo().stats().hits), (2, 1));
        assert_eq!((Db(1).lives(3), Db(2).lives(12), Db(2).lives(12)), (Some("3".into()), None, None));
        assert_eq!(Db::lives_memo().stats().hits, 1);
        assert_eq!((Db::made(3), Db::made(3)), (Db(3), Db(3)));
        assert_eq!(Db::made_memo().stats().hits, 1);
        assert_eq!(Db(1).plain(), 9);
        scope.advance(secs(61));
        assert_eq!(Db::cat_memo().len(), 0);
    }

    #[test]
    fn have_their_companions_in_a_trait() {
        let scope = Scope::new();
        let _inside = scope.enter();
        assert!(Db(1).cat_entry("tom").get().is_none());
        Db(1).cat("tom");
        assert_eq!(<Db as DbCatsMemo>::cat_entry(&Db(1), "tom").get().as_deref(), Some("tom of 1"));
        assert_eq!(Db(1).cat_key("tom").to_string(), r#"<traits::Db as Cats>::cat(1, "tom")"#);
        assert_eq!(
            cache_core::registry().invalidate("<traits::Db as Cats>::cat", &(1, "tom")).unwrap().count(),
            1
        );
        Db(1).cat("tom");
        assert_eq!(cache_core::tag("trait cats").invalidate().count(), 1);
        assert_eq!(Db::made_entry(3).call(), Db(3));
        assert!(Db::made_key(3).is_live());
    }

    #[test]
    fn are_called_through_a_bound_and_dynamically() {
        fn cat<C: Cats>(cats: &C, name: &str) -> C::Cat {
            cats.cat(name)
        }
        trait Meow {
            fn meow(&self, times: usize) -> String;
        }
        #[memoize]
        impl Meow for Db {
            #[memoize(key = (self.0, ..))]
            fn meow(&self, times: usize) -> String {
                "meow ".repeat(times)
            }
        }
        assert_eq!(cat(&Db(71), "tom"), "tom of 71");
        assert!(Db(71).cat_key("tom").is_live());
        let meow: &dyn Meow = &Db(71);
        assert_eq!(meow.meow(2), "meow meow ");
        assert!(Db(71).meow_key(2).is_live());
    }
}

mod generic_traits {
    use super::*;

    trait Get<T> {
        fn get(&self, n: u32) -> T;
        fn text(&self, n: u32) -> String;
    }

    #[memoize]
    impl Get<u32> for Db {
        #[memoize(skip(self))]
        fn get(&self, n: u32) -> u32 {
            n
        }

        #[memoize(skip(self))]
        fn text(&self, n: u32) -> String {
            format!("number {n}")
        }
    }

    #[memoize]
    impl Get<String> for Db {
        #[memoize(skip(self))]
        fn get(&self, n: u32) -> String {
            n.to_string()
        }

        #[memoize(skip(self))]
        fn text(&self, n: u32) -> String {
            format!("text {n}")
        }
    }

    #[test]
    fn implemented_twice_share_no_entry() {
        assert_eq!((<Db as Get<u32>>::get(&Db(1), 4), <Db as Get<String>>::get(&Db(1), 4)), (4, "4".into()));
        // Alike in key and value.
        assert_eq!(<Db as Get<u32>>::text(&Db(1), 4), "number 4");
        assert_eq!(<Db as Get<String>>::text(&Db(1), 4), "text 4");
        assert_eq!(<Db as Get<u32>>::text(&Db(1), 4), "number 4");
        assert_eq!(<Db as DbGetU32Memo>::text_memo().len(), 1);
        assert_eq!(<Db as DbGetStringMemo>::text_key(4).get().as_deref(), Some("text 4"));
        assert_eq!(<Db as DbGetStringMemo>::text_key(4).to_string(), "<traits::Db as Get<String>>::text(4)");
    }

    #[memoize(companion = VecGet)]
    impl<T: Clone + Debug + Send + Sync + 'static> Get<T> for Vec<T> {
        #[memoize(skip(self))]
        fn get(&self, n: u32) -> T {
            self[n as usize].clone()
        }

        #[memoize(skip(self))]
        fn text(&self, n: u32) -> String {
            format!("{:?}", self[n as usize])
        }
    }

    #[test]
    fn of_foreign_and_generic_types() {
        let (numbers, texts) = (vec![1_u32, 2], vec!["one", "two"]);
        assert_eq!((numbers.get(1), texts.get(1)), (2, "two"));
        assert_eq!((numbers.text(1), texts.text(1)), ("2".into(), r#""two""#.into()));
        assert_eq!(numbers.text_entry(1).get().as_deref(), Some("2"));
        assert_eq!(<Vec<&str> as VecGet<&str>>::text_memo().len(), 1);
        assert_eq!(numbers.text_entry(1).id().to_string(), "<alloc::vec::Vec<u32> as Get<T>>::text(1)");
    }

    #[memoize]
    impl<'a, T, const N: usize> Get<&'static str> for (&'a str, [T; N])
    where
        T: Debug + Send + Sync + 'static,
    {
        #[memoize(key = (self.0, ..))]
        fn get(&self, n: u32) -> &'static str {
            if n as usize + self.0.len() < N { "less" } else { "more" }
        }

        #[memoize(key = (self.0, ..))]
        fn text(&self, n: u32) -> String {
            format!("{} {n} {N} {}", self.0, std::any::type_name::<T>())
        }
    }

    #[test]
    fn of_a_type_with_a_lifetime_a_constant_and_a_where_clause() {
        let name = String::from("tom");
        let (one, two) = ((name.as_str(), [0_u8; 1]), (name.as_str(), [0_u8; 2]));
        let other = ("tom", [0_u16; 2]);
        assert_eq!([one.text(1), two.text(1), other.text(1)], ["tom 1 1 u8", "tom 1 2 u8", "tom 1 2 u16"]);
        assert_eq!((one.get(0), two.get(0)), ("more", "more"));
        assert_eq!(two.text_entry(1).get().as_deref(), Some("tom 1 2 u8"));
        assert_eq!(two.text_key(1).invalidate().count(), 1);
        assert!(other.text_key(1).is_live());
    }

    trait Say {
        fn say(&self, n: u32) -> String;
    }

    #[memoize(companion = SayAll)]
    impl<T: Debug + Clone + Eq + std::hash::Hash + Send + Sync + 'static> Say for T {
        #[memoize(key = (self.clone(), ..))]
        fn say(&self, n: u32) -> String {
            format!("{self:?} {n}")
        }
    }

    #[test]
    fn of_all_types() {
        assert_eq!(
            [4_u8.say(1), 4_u16.say(1), Db(4).say(1), "4".say(1)],
            ["4 1", "4 1", "Db(4) 1", r#""4" 1"#]
        );
        assert_eq!(<u8 as SayAll<u8>>::say_memo().len(), 1);
        assert!(Db(4).say_key(1).is_live());
    }

    trait Find {
        fn find<T: Default + Debug, const N: usize>(&self, name: impl Into<String>) -> String;
    }

    #[memoize]
    impl Find for Db {
        #[memoize(key = (self.0), skip(name))]
        fn find<T: Default + Debug, const N: usize>(&self, name: impl Into<String>) -> String {
            format!("{} {:?} {N}", name.into(), T::default())
        }
    }

    #[test]
    fn generic_methods() {
        assert_eq!(Find::find::<u8, 1>(&Db(1), "tom"), "tom 0 1");
        assert_eq!(Find::find::<u8, 2>(&Db(1), "tom"), "tom 0 2");
        assert_eq!(Find::find::<String, 1>(&Db(1), "tom"), r#"tom "" 1"#);
        assert_eq!(Find::find::<u8, 1>(&Db(1), "rex"), "tom 0 1", "the name is skipped");
    }
}

mod default_methods {
    use super::*;

    #[memoize]
    trait Named {
        fn id(&self) -> u32;

        #[memoize(key = (self.id(), ..))]
        fn name(&self, n: u32) -> String {
            format!("{} {n}", self.id())
        }

        #[memoize(skip(self))]
        fn kind(&self, n: u32) -> String {
            let _ = n;
            std::any::type_name::<Self>().to_owned()
        }

        #[memoize]
        fn made(n: u32) -> Vec<Self>
        where
            Self: Sized + Clone + Default + Send + Sync + 'static,
        {
            vec![Self::default(); n as usize]
        }
    }

    impl Named for Db {
        fn id(&self) -> u32 {
            self.0
        }
    }

    #[derive(Clone, Default)]
    struct Other;

    impl Named for Other {
        fn id(&self) -> u32 {
            0
        }

        fn name(&self, n: u32) -> String {
            format!("other {n}")
        }
    }

    #[test]
    fn are_memoized_where_they_are_not_implemented_anew() {
        let scope = Scope::new();
        let _inside = scope.enter();
        assert_eq!([Db(4).name(1), Db(4).name(1), Db(5).name(1)], ["4 1", "4 1", "5 1"]);
        assert_eq!(<Db as NamedMemo>::name_memo().stats().hits, 1);
        assert_eq!(Db(4).name_entry(1).get().as_deref(), Some("4 1"));
        assert_eq!(Other.name(1), "other 1");
        assert!(Other.name_entry(1).get().is_none());
        assert_eq!(Db(4).name_key(1).to_string(), "<traits::Db as Named>::name(4, 1)");
    }

    #[test]
    fn types_that_implement_it_share_no_entry() {
        assert_eq!(
            (Db(4).kind(1), Other.kind(1)),
            ("traits::Db".into(), "traits::default_methods::Other".into())
        );
        assert_eq!((Other::made(2).len(), Other::made(2).len()), (2, 2));
        assert_eq!(Other::made_memo().stats().hits, 1);
    }

    #[test]
    fn are_called_dynamically_and_through_a_bound() {
        fn through<N: Named + ?Sized>(named: &N) -> (String, bool) {
            (named.name(9), named.name_key(9).is_live())
        }
        let named: Box<dyn Named> = Box::new(Db(8));
        assert_eq!((named.name(9), named.name(9)), ("8 9".into(), "8 9".into()));
        assert!(Db(8).name_key(9).is_live());
        assert_eq!(through(&Db(8)), ("8 9".into(), true));
    }

    pub(super) mod inner {
        use super::*;

        #[memoize(companion = Companions, companion_vis = pub(in crate::default_methods))]
        pub(crate) trait Keep<T: Clone + Send + Sync + 'static> {
            fn value(&self) -> T;

            #[memoize(skip(self))]
            fn keep(&self, n: u32) -> T {
                let _ = n;
                self.value()
            }
        }
    }

    use inner::{Companions, Keep};

    impl Keep<u32> for Db {
        fn value(&self) -> u32 {
            self.0
        }
    }

    impl Keep<String> for Db {
        fn value(&self) -> String {
            self.0.to_string()
        }
    }

    #[test]
    fn of_a_generic_trait_with_companions_of_another_name() {
        let (number, text): (u32, String) = (Db(4).keep(1), Db(4).keep(1));
        assert_eq!((number, text.as_str()), (4, "4"));
        assert_eq!((Keep::<u32>::keep(&Db(5), 1), Keep::<String>::keep(&Db(5), 1)), (4, "4".into()));
        assert_eq!(<Db as Companions<u32>>::keep_memo().len(), 1);
        assert_eq!(<Db as Companions<String>>::keep_key(1).get().as_deref(), Some("4"));
    }
}

mod companions {
    use super::*;

    pub(super) mod inner {
        use super::*;

        pub(crate) trait Cats {
            fn cat(&self, n: u32) -> u32;
        }

        #[memoize(companion = Felines, companion_vis = pub(crate))]
        impl Cats for Db {
            #[memoize(skip(self), companion = feline)]
            fn cat(&self, n: u32) -> u32 {
                n + 1
            }
        }

        pub(crate) trait Dogs {
            fn dog(&self, n: u32) -> u32;
        }

        #[memoize(companion_vis = pub(in crate::companions))]
        impl Dogs for Db {
            #[memoize(skip(self))]
            fn dog(&self, n: u32) -> u32 {
                n + 2
            }
        }
    }

    use inner::{Cats as _, DbDogsMemo as _, Dogs as _, Felines};

    #[test]
    fn have_another_name_and_visibility() {
        assert_eq!((Db(1).cat(1), Db(1).dog(1)), (2, 3));
        assert_eq!(<Db as Felines>::feline_memo().len(), 1);
        assert_eq!(Db(1).feline_entry(1).get(), Some(2));
        assert_eq!(Db(1).dog_entry(1).get(), Some(3));
    }
}

mod asynchronous {
    use super::*;

    #[async_trait::async_trait]
    trait Remote: Send + Sync {
        async fn fetch(&self, name: &str) -> usize;
        async fn store(self: Arc<Self>, n: u32) -> Result<u32, String>;
        async fn plain(&self) -> u32 {
            7
        }
    }

    // Ours is carried out first, and finds `async fn`.
    #[memoize]
    #[async_trait::async_trait]
    impl Remote for Db {
        #[memoize(key = (self.0, ..))]
        async fn fetch(&self, name: &str) -> usize {
            tokio::task::yield_now().await;
            name.len() + self.0 as usize
        }

        #[memoize(key = (self.0, ..))]
        async fn store(self: Arc<Self>, n: u32) -> Result<u32, String> {
            tokio::task::yield_now().await;
            n.checked_sub(self.0).ok_or_else(|| "too little".into())
        }
    }

    struct Other(u32);

    // Ours is carried out second, and finds functions that return boxed futures.
    #[async_trait::async_trait]
    #[memoize]
    impl Remote for Other {
        #[memoize(key = (self.0, ..))]
        async fn fetch(&self, name: &str) -> usize {
            tokio::task::yield_now().await;
            name.len() + self.0 as usize
        }

        #[memoize(key = (self.0, ..))]
        async fn store(self: Arc<Self>, n: u32) -> Result<u32, String> {
            tokio::task::yield_now().await;
            n.checked_sub(self.0).ok_or_else(|| "too little".into())
        }
    }

    #[test]
    fn with_async_trait_in_either_order() {
        let scope = Scope::new();
        let inside = scope.clone();
        spawned(scope.within(async {
            let remotes: [Arc<dyn Remote>; 2] = [Arc::new(Db(4)), Arc::new(Other(4))];
            for remote in remotes {
                assert_eq!((remote.fetch("tom").await, remote.fetch("tom").await), (7, 7));
                assert_eq!(remote.clone().store(5).await, Ok(1));
                assert_eq!(remote.clone().store(5).await, Ok(1));
                assert!(remote.clone().store(3).await.is_err());
                assert_eq!(remote.plain().await, 7);
            }
            assert_eq!(Db(4).fetch_entry("tom").get().await, Some(7));
            assert_eq!(Other(4).fetch_entry("tom").get().await, Some(7));
            assert_eq!(Arc::new(Db(4)).store_entry(5).get().await, Some(1));
            assert_eq!(Arc::new(Other(4)).store_entry(5).get().await, Some(1));
        }));
        let _inside = inside.enter();
        let (db, other) = (Db::fetch_memo().stats(), Other::fetch_memo().stats());
        assert_eq!((db.stores, db.hits), (1, 2));
        assert_eq!((other.stores, other.hits), (1, 2));
        let (db, other) = (Db::store_memo().stats(), Other::store_memo().stats());
        assert_eq!((db.stores, db.hits, db.errors), (1, 2, 1));
        assert_eq!((other.stores, other.hits, other.errors), (1, 2, 1));
    }

    trait Native {
        async fn fetch(&self, name: &str) -> usize;
        fn future(&self, n: u32) -> impl Future<Output = u32> + Send;
    }

    #[memoize]
    impl Native for u32 {
        #[memoize(key = (*self, ..))]
        async fn fetch(&self, name: &str) -> usize {
            tokio::task::yield_now().await;
            name.len() + *self as usize
        }

        #[memoize(key = (*self, ..))]
        fn future(&self, n: u32) -> impl Future<Output = u32> + Send {
            let sum = *self + n;
            async move {
                tokio::task::yield_now().await;
                sum
            }
        }
    }

    #[test]
    fn in_a_trait_as_the_language_has_them() {
        spawned(async {
            assert_eq!((Native::fetch(&4, "tom").await, Native::fetch(&4, "tom").await), (7, 7));
            assert_eq!((4.future(3).await, 4.future(3).await), (7, 7));
        });
        let hits = (<u32 as U32NativeMemo>::fetch_memo().stats().hits, u32::future_memo().stats().hits);
        assert_eq!(hits, (1, 1));
    }

    struct Guard(Arc<AtomicBool>);

    impl Drop for Guard {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    trait Guarded {
        async fn guarded(&self, guard: Guard, n: u32) -> u32;
    }

    #[memoize]
    impl Guarded for Db {
        #[memoize(key = (self.0, n), skip(_guard))]
        async fn guarded(&self, _guard: Guard, n: u32) -> u32 {
            tokio::task::yield_now().await;
            n
        }
    }

    #[test]
    fn an_argument_that_the_body_does_not_use_is_there_until_its_end() {
        let dropped = Arc::new(AtomicBool::new(false));
        let mut call = std::pin::pin!(Guarded::guarded(&Db(4), Guard(dropped.clone()), 1));
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(call.as_mut().poll(&mut cx).is_pending());
        assert!(!dropped.load(Ordering::SeqCst));
        assert_eq!(block_on(call), 1);
        assert!(dropped.load(Ordering::SeqCst));
    }

    #[memoize]
    trait Defaults: Sync {
        fn id(&self) -> u32;

        #[memoize(key = (self.id(), ..))]
        async fn by_default(&self, name: &str) -> usize {
            tokio::task::yield_now().await;
            name.len() + self.id() as usize
        }
    }

    impl Defaults for Db {
        fn id(&self) -> u32 {
            self.0
        }
    }

    #[test]
    fn as_default_methods() {
        spawned(async {
            assert_eq!(
                (Defaults::by_default(&Db(4), "tom").await, Defaults::by_default(&Db(4), "tom").await),
                (7, 7)
            );
            assert!(<Db as DefaultsMemo>::by_default_key(&Db(4), "tom").is_live().await);
        });
        assert_eq!(<Db as DefaultsMemo>::by_default_memo().stats().hits, 1);
    }

    #[memoize]
    #[async_trait::async_trait]
    trait Boxed: Sync {
        fn id(&self) -> u32;

        #[memoize(key = (self.id(), ..))]
        async fn boxed(&self, name: &str) -> usize {
            tokio::task::yield_now().await;
            name.len() + self.id() as usize
        }
    }

    #[async_trait::async_trait]
    #[memoize]
    trait BoxedToo: Sync {
        fn id(&self) -> u32;

        #[memoize(key = (self.id(), ..))]
        async fn boxed_too(&self, name: &str) -> usize {
            tokio::task::yield_now().await;
            name.len() + self.id() as usize
        }
    }

    impl Boxed for Db {
        fn id(&self) -> u32 {
            self.0
        }
    }

    impl BoxedToo for Db {
        fn id(&self) -> u32 {
            self.0
        }
    }

    #[test]
    fn as_default_methods_with_async_trait() {
        spawned(async {
            let boxed: Box<dyn Boxed + Send> = Box::new(Db(4));
            assert_eq!((boxed.boxed("tom").await, boxed.boxed("tom").await), (7, 7));
            let boxed: Box<dyn BoxedToo + Send> = Box::new(Db(4));
            assert_eq!((boxed.boxed_too("tom").await, boxed.boxed_too("tom").await), (7, 7));
        });
        assert_eq!(<Db as BoxedMemo>::boxed_memo().stats().hits, 1);
        assert_eq!(<Db as BoxedTooMemo>::boxed_too_memo().stats().hits, 1);
    }

    #[async_trait::async_trait(?Send)]
    trait Local {
        async fn local(&self, n: u32) -> u32;
    }

    #[memoize]
    #[async_trait::async_trait(?Send)]
    impl Local for Db {
        #[memoize(key = (self.0, ..), ?Send)]
        async fn local(&self, n: u32) -> u32 {
            let rc = std::rc::Rc::new(n);
            tokio::task::yield_now().await;
            self.0 + *rc
        }
    }

    #[async_trait::async_trait(?Send)]
    #[memoize]
    impl Local for Other {
        #[memoize(key = (self.0, ..))]
        async fn local(&self, n: u32) -> u32 {
            let rc = std::rc::Rc::new(n);
            tokio::task::yield_now().await;
            self.0 + *rc
        }
    }

    #[test]
    fn whose_futures_stay_on_their_thread() {
        block_on(async {
            assert_eq!((Local::local(&Db(4), 1).await, Local::local(&Db(4), 1).await), (5, 5));
            assert_eq!((Local::local(&Other(4), 1).await, Local::local(&Other(4), 1).await), (5, 5));
        });
        assert_eq!(<Db as DbLocalMemo>::local_memo().stats().hits, 1);
        assert_eq!(<Other as OtherLocalMemo>::local_memo().stats().hits, 1);
    }
}

mod fields {
    use super::*;
    use cache_core::Memo;

    trait Cats {
        fn cat(&self, n: u32) -> u32;
    }

    struct Home {
        id: u32,
        cats: Memo<u32>,
    }

    #[memoize]
    impl Cats for Home {
        #[memoize(memo = self.cats)]
        fn cat(&self, n: u32) -> u32 {
            self.id + n
        }
    }

    #[test]
    fn keep_what_a_trait_implementation_computes() {
        let (here, there) = (Home { id: 1, cats: Memo::new() }, Home { id: 2, cats: Memo::new() });
        assert_eq!((here.cat(1), there.cat(1), here.cat(1)), (2, 3, 2));
        assert_eq!((here.cats.len(), here.cats.stats().hits), (1, 1));
        assert!(here.cat_key(1).is_live());
        assert_eq!(here.cat_memo().clear().count(), 1);
        assert_eq!(there.cats.len(), 1);
    }
}

#[test]
fn prefetch_runs_for_a_type_that_owns_all_it_is() {
    static RUNS: Count = Count::new();
    trait Slow {
        fn slow(&self, name: &str) -> String;
    }
    #[memoize]
    impl Slow for Db {
        #[memoize(key = (self.0, ..))]
        fn slow(&self, name: &str) -> String {
            RUNS.add();
            format!("{name} of {}", self.0)
        }
    }
    assert_eq!(Db(1).slow_entry("tom").prefetch(), None);
    tests::wait_until(|| Db(1).slow_key("tom").is_live());
    assert_eq!((Db(1).slow("tom"), RUNS.get()), ("tom of 1".to_owned(), 1));
}
