//! What users of other libraries of this kind have run into, as it is here.

#![allow(clippy::needless_pass_by_value, reason = "arguments as people write them")]

use std::fmt::Debug;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::{io, thread};

use cache_core::memoize;
use cache_core::testing::Scope;
use futures::channel::oneshot;
use rayon::prelude::*;
use tests::{Count, Latch, no_hang, wait_until};

fn block_on<T>(future: impl Future<Output = T>) -> T {
    futures::executor::block_on(future)
}

/// What a future is after its first poll.
fn poll_once<T>(future: std::pin::Pin<&mut impl Future<Output = T>>) -> Poll<T> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

mod another_instances_value {
    use super::*;

    struct Table<T>(Vec<T>);

    impl<T: Clone + Debug + Send + Sync + 'static> Table<T> {
        #[memoize(skip(self))]
        fn count(&self, n: usize) -> usize {
            self.0.len() + n
        }

        #[memoize(key = (self.0.as_ptr().addr(), ..))]
        fn at(&self, n: usize) -> Option<T> {
            self.0.get(n).cloned()
        }
    }

    // Alike in key and value, so only the type of the instance tells them apart.
    #[test]
    fn is_not_returned_by_another_instantiation() {
        let (numbers, texts) = (Table(vec![1, 2, 3]), Table(vec!["one"]));
        assert_eq!((numbers.count(1), texts.count(1), numbers.count(1)), (4, 2, 4));
    }

    #[test]
    fn is_not_returned_by_another_instance_that_the_key_tells_apart() {
        let (numbers, others) = (Table(vec![1, 2]), Table(vec![3, 4]));
        assert_eq!((numbers.at(1), others.at(1), numbers.at(2)), (Some(2), Some(4), None));
        assert_eq!((numbers.at(1), others.at(1), numbers.at(2)), (Some(2), Some(4), None));
    }

    #[test]
    fn is_not_returned_by_another_instantiation_of_a_function() {
        #[memoize]
        fn size<T: 'static>(n: usize) -> usize {
            size_of::<T>() * n
        }
        assert_eq!((size::<u8>(3), size::<u64>(3), size::<u8>(3)), (3, 24, 3));
        assert_eq!(size::<()>::all().len(), 2);
    }
}

mod one_name_twice {
    mod cats {
        #[cache_core::memoize]
        pub(super) fn get(n: u32) -> u32 {
            n + 1
        }
    }

    mod dogs {
        #[cache_core::memoize]
        pub(super) fn get(n: u32) -> u32 {
            n + 2
        }
    }

    #[test]
    fn in_two_modules_shares_nothing() {
        assert_eq!((cats::get(1), dogs::get(1), cats::get(1), dogs::get(1)), (2, 3, 2, 3));
        assert_eq!(cats::get::memo().clear().count(), 1);
        assert!(dogs::get::key(1).is_live());
        let registry = cache_core::registry();
        assert_eq!(registry.find("complaints::one_name_twice::dogs::get").unwrap().len(), 1);
        assert_eq!(registry.find("complaints::one_name_twice::cats::get").unwrap().len(), 0);
    }

    #[test]
    fn in_two_functions_shares_nothing() {
        fn one() -> u32 {
            #[cache_core::memoize]
            fn inner(n: u32) -> u32 {
                n + 1
            }
            inner(1)
        }
        fn two() -> u32 {
            #[cache_core::memoize]
            fn inner(n: u32) -> u32 {
                n + 2
            }
            inner(1)
        }
        assert_eq!((one(), two(), one(), two()), (2, 3, 2, 3));
    }
}

mod aliases_of_result {
    use super::*;

    type Fallible<T> = Result<T, String>;
    type Answer = Result<u32, String>;
    type Nested = Fallible<u32>;
    mod of_ones_own {
        pub(super) type Result<T> = std::result::Result<T, String>;
    }

    macro_rules! errors_are_not_cached {
        ($($name:ident -> $returns:ty: $error:expr;)*) => { $(
            #[test]
            fn $name() {
                static RUNS: Count = Count::new();
                #[memoize]
                fn get(n: u32) -> $returns {
                    RUNS.add();
                    if n == 0 { Err($error) } else { Ok(n) }
                }
                assert!(get(0).is_err() && get(0).is_err());
                assert_eq!((RUNS.get(), get::memo().len(), get::memo().stats().errors), (2, 0, 2));
                assert!(get(1).is_ok() && get(1).is_ok());
                assert_eq!((RUNS.get(), get::memo().len()), (3, 1));
            }
        )* };
    }

    errors_are_not_cached! {
        through_an_alias -> Fallible<u32>: "none".to_owned();
        through_an_alias_without_parameters -> Answer: "none".to_owned();
        through_an_alias_of_an_alias -> Nested: "none".to_owned();
        through_an_alias_that_is_called_result -> of_ones_own::Result<u32>: "none".to_owned();
        // Its error is not `Clone`.
        of_the_standard_library -> io::Result<u32>: io::Error::other("none");
    }

    #[test]
    fn of_an_asynchronous_function() {
        static RUNS: Count = Count::new();
        #[memoize]
        async fn get(n: u32) -> Fallible<u32> {
            RUNS.add();
            if n == 0 { Err("none".to_owned()) } else { Ok(n) }
        }
        block_on(async {
            assert!(get(0).await.is_err() && get(0).await.is_err());
            assert!(get(1).await.is_ok() && get(1).await.is_ok());
        });
        assert_eq!((RUNS.get(), get::memo().len()), (3, 1));
    }

    #[test]
    fn of_a_method() {
        struct Db(Count);
        impl Db {
            #[memoize(skip(self))]
            fn get(&self, n: u32) -> Fallible<u32> {
                self.0.add();
                if n == 0 { Err("none".to_owned()) } else { Ok(n) }
            }
        }
        let db = Db(Count::new());
        assert!(db.get(0).is_err() && db.get(0).is_err());
        assert!(db.get(1).is_ok() && db.get(1).is_ok());
        assert_eq!((db.0.get(), Db::get_memo().len()), (3, 1));
    }
}

/// An argument may be called as what generated code might be thought to call its own.
mod names_of_arguments {
    use super::*;

    macro_rules! arguments {
        ($($name:ident)*) => { $(
            #[test]
            fn $name() {
                #[memoize(
                    ttl = 60,
                    tags = ["names", "{of}"],
                    key = ($name.len(), $name, of),
                    skip(other),
                    bypass_if = $name.is_empty(),
                    on_hit = |_, _| assert!(!$name.is_empty()),
                    on_miss = |_| assert!(!$name.is_empty()),
                    cache_if = |_| !$name.is_empty(),
                )]
                fn sync($name: &str, of: u32, other: &str) -> String {
                    format!("{}{of}{other}", $name)
                }

                #[memoize(key = ($name.len(), ..), on_miss = |_| assert!(!$name.is_empty()))]
                async fn task($name: String, of: u32) -> String {
                    format!("{}{of}", $name)
                }

                #[memoize]
                async fn borrowed($name: &str, of: u32) -> String {
                    tokio::task::yield_now().await;
                    format!("{}{of}", $name)
                }

                struct Db(u32);
                #[memoize]
                impl Db {
                    #[memoize(key = (self.0, $name.len(), ..), placeholder = $name.to_owned())]
                    fn method(self: Arc<Self>, $name: &str, other: u32) -> String {
                        format!("{}{}{other}", $name, self.0)
                    }
                }

                for _ in 0..2 {
                    assert_eq!(sync("a", 1, "b"), "a1b");
                    assert_eq!(block_on(task("a".into(), 1)), "a1");
                    assert_eq!(block_on(borrowed("a", 1)), "a1");
                }
                let hits = (sync::memo().stats().hits, task::memo().stats().hits, borrowed::memo().stats().hits);
                assert_eq!(hits, (1, 1, 1));
                let db = Arc::new(Db(1));
                assert_eq!(db.clone().method("a", 2), "a");
                wait_until(|| db.clone().method_key("a", 2).is_live());
                assert_eq!(db.method("a", 2), "a12");
            }
        )* };
    }

    arguments! {
        key value result cache entry memo this own kept ticket keyed skipped body call slot draft cx job
        bound plan run args ty name fly again
    }

    #[test]
    fn raw_identifiers() {
        struct Db(u32);
        impl Db {
            #[memoize(key = (self.0, r#type), skip(r#in), tag = "{type}", on_miss = |_| assert!(!r#type.is_empty()))]
            fn r#match(&self, r#type: &str, r#in: u32) -> String {
                format!("{} {} {}", r#type, r#in, self.0)
            }

            #[memoize(skip(self))]
            async fn r#move(&self, r#fn: &str) -> usize {
                r#fn.len()
            }
        }
        #[memoize(key = (r#type.len(), ..))]
        async fn r#loop(r#type: String, r#use: u32) -> String {
            format!("{}{}", r#type, r#use)
        }
        let db = Db(1);
        assert_eq!((db.r#match("a", 2), db.r#match("a", 3)), ("a 2 1".into(), "a 2 1".into()));
        assert_eq!(db.match_entry("a", 2).get().as_deref(), Some("a 2 1"));
        assert_eq!(db.match_key("a").to_string().rsplit("::").next(), Some(r#"match(1, "a")"#));
        assert_eq!((block_on(db.r#move("abc")), Db::move_memo().len()), (3, 1));
        assert_eq!(block_on(r#loop("a".into(), 2)), "a2");
        assert!(block_on(r#loop::key("a".into(), 2).is_live()));
    }
}

mod recursion {
    use super::*;

    #[test]
    fn with_single_flight_ends() {
        static RUNS: Count = Count::new();
        #[memoize]
        fn fib(n: u64) -> u64 {
            RUNS.add();
            if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
        }
        assert_eq!(no_hang(|| fib(80)), 23_416_728_348_467_685);
        assert_eq!(RUNS.get(), 81);
    }

    #[test]
    fn of_an_asynchronous_function_ends() {
        static RUNS: Count = Count::new();
        #[memoize]
        async fn fib(n: u64) -> u64 {
            RUNS.add();
            if n < 2 { n } else { Box::pin(fib(n - 1)).await + Box::pin(fib(n - 2)).await }
        }
        assert_eq!(no_hang(|| block_on(fib(80))), 23_416_728_348_467_685);
        assert_eq!(RUNS.get(), 81);
    }

    #[test]
    fn of_methods_ends() {
        static RUNS: Count = Count::new();
        #[derive(Clone, Copy)]
        struct From(u64);
        impl From {
            #[memoize(key = (self.0, ..))]
            fn fib(&self, n: u64) -> u64 {
                RUNS.add();
                if n < 2 { self.0 + n } else { self.fib(n - 1) + self.fib(n - 2) }
            }

            #[memoize(skip(self))]
            async fn sum(&self, n: u64) -> u64 {
                if n == 0 { self.0 } else { n + Box::pin(self.sum(n - 1)).await }
            }
        }
        assert_eq!(no_hang(|| From(0).fib(50)), 12_586_269_025);
        assert_eq!(RUNS.get(), 51);
        assert_eq!(no_hang(|| block_on(From(0).sum(30))), 465);
    }

    #[test]
    fn of_a_call_to_itself_ends() {
        static DEEP: AtomicBool = AtomicBool::new(false);
        #[memoize(single_flight = true)]
        fn itself(n: u64) -> u64 {
            if DEEP.swap(true, Ordering::Relaxed) { n } else { itself(n) + 1 }
        }
        assert_eq!(no_hang(|| itself(4)), 5);
        assert_eq!(itself::memo().stats().in_place, 1);
    }
}

mod rayon_workers {
    use super::*;

    fn pool() -> rayon::ThreadPool {
        rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap()
    }

    // One worker leads the call and joins a job that the other has taken. On the other's stack, above that
    // job, a call waits for the first: it is let go after `max_wait`.
    #[test]
    fn a_leader_may_wait_for_a_job_beneath_one_of_its_waiters() {
        static BODIES: Count = Count::new();
        static TAKEN: Latch = Latch::new();
        #[memoize(max_wait = "50ms")]
        fn total(n: u64) -> u64 {
            let first = BODIES.add() == 0;
            let (left, right) = rayon::join(
                || {
                    if first {
                        // Until the other worker has the job, and the call above it.
                        TAKEN.wait();
                    }
                    n
                },
                || {
                    if first {
                        // What a worker does that looks for work in the midst of a job.
                        rayon::spawn(move || {
                            TAKEN.open();
                            total(n);
                        });
                        while rayon::yield_local() == Some(rayon::Yield::Executed) {}
                    }
                    n + 1
                },
            );
            left + right
        }
        assert_eq!(no_hang(|| pool().install(|| total(20))), 41);
        let stats = total::memo().stats();
        assert_eq!((BODIES.get(), stats.in_place, stats.stores), (2, 1, 1));
    }

    #[test]
    fn a_parallel_iterator_in_a_function_that_is_called_in_parallel_ends() {
        #[memoize(max_wait = "50ms")]
        fn sum(n: u64) -> u64 {
            (0..64_u64).into_par_iter().map(|m| m + part(n, m % 4)).sum()
        }
        #[memoize(max_wait = "50ms")]
        fn part(n: u64, m: u64) -> u64 {
            (0..16_u64).into_par_iter().map(|k| n + m + k).sum()
        }
        let sums: Vec<u64> = no_hang(|| {
            let pool = pool();
            pool.install(|| (0..32_u64).into_par_iter().map(|n| sum(n % 4)).collect())
        });
        for (n, total) in (0..32_u64).zip(sums) {
            let n = n % 4;
            let part = |m: u64| (0..16).map(|k| n + m + k).sum::<u64>();
            assert_eq!(total, (0..64).map(|m| m + part(m % 4)).sum::<u64>());
        }
        assert_eq!(sum::memo().len(), 4);
    }
}

mod another_keys_miss {
    use super::*;

    #[test]
    fn holds_up_no_hit_and_no_other_miss() {
        static STARTED: Latch = Latch::new();
        static GO_ON: Latch = Latch::new();
        #[memoize]
        fn slow(n: u32) -> u32 {
            if n == 1000 {
                STARTED.open();
                GO_ON.wait();
            }
            n
        }
        // In every shard.
        for n in 0..200 {
            slow(n);
        }
        let leader = thread::spawn(|| slow(1000));
        STARTED.wait();
        no_hang(|| {
            for n in 0..200 {
                assert_eq!(slow::entry(n).get(), Some(n));
                assert_eq!(slow(n), n);
                assert_eq!(slow(n + 200), n + 200);
            }
            slow::entry(7).invalidate();
            assert!(slow::memo().keys().len() > 200);
        });
        assert!(!slow::key(1000).is_live());
        GO_ON.open();
        assert_eq!(leader.join().unwrap(), 1000);
    }

    #[test]
    fn holds_up_no_hit_and_no_other_miss_of_an_asynchronous_function() {
        let scope = Scope::new();
        let _inside = scope.enter();
        #[memoize(skip(wait))]
        async fn slow(n: u32, wait: Option<oneshot::Receiver<()>>) -> u32 {
            if let Some(wait) = wait {
                wait.await.unwrap();
            }
            n
        }
        #[memoize(skip(wait))]
        async fn borrowed(n: &str, wait: Option<oneshot::Receiver<()>>) -> String {
            if let Some(wait) = wait {
                wait.await.unwrap();
            }
            n.to_owned()
        }
        for n in 0..200 {
            assert_eq!(poll_once(pin!(slow(n, None))), Poll::Ready(n));
            assert!(poll_once(pin!(borrowed(&n.to_string(), None))).is_ready());
        }
        let (go_on, wait) = oneshot::channel();
        let (go_on_too, wait_too) = oneshot::channel();
        let (mut leader, mut leader_too) =
            (pin!(slow(1000, Some(wait))), pin!(borrowed("1000", Some(wait_too))));
        assert!(poll_once(leader.as_mut()).is_pending() && poll_once(leader_too.as_mut()).is_pending());
        // All of them at their first poll.
        for n in 0..200 {
            assert_eq!(poll_once(pin!(slow(n, None))), Poll::Ready(n));
            assert_eq!(poll_once(pin!(slow(n + 200, None))), Poll::Ready(n + 200));
            assert!(poll_once(pin!(borrowed(&n.to_string(), None))).is_ready());
            assert!(poll_once(pin!(borrowed(&(n + 200).to_string(), None))).is_ready());
        }
        assert_eq!(slow::memo().stats().hits, 200);
        go_on.send(()).unwrap();
        go_on_too.send(()).unwrap();
        assert_eq!((block_on(leader), block_on(leader_too)), (1000, "1000".to_owned()));
    }
}

mod where_functions_stand {
    use super::*;

    #[test]
    fn in_bodies_of_one_another() {
        #[memoize]
        fn outer(n: u32) -> u32 {
            #[memoize]
            fn inner(n: u32) -> u32 {
                #[memoize]
                fn innermost(n: u32) -> u32 {
                    n + 1
                }
                innermost(n) + innermost(n)
            }
            inner(n) + inner(n)
        }
        assert_eq!((outer(1), outer(1)), (8, 8));
    }

    #[test]
    fn in_bodies_of_methods_and_of_tasks() {
        struct Db(u32);
        impl Db {
            #[memoize(key = (self.0, ..))]
            fn get(&self, n: u32) -> u32 {
                #[memoize]
                async fn inner(n: u32) -> u32 {
                    struct Inside(u32);
                    impl Inside {
                        #[memoize(key = (self.0))]
                        fn get(&self) -> u32 {
                            self.0
                        }
                    }
                    Inside(n).get()
                }
                self.0 + block_on(inner(n))
            }
        }
        assert_eq!((Db(1).get(2), Db(2).get(2), Db(1).get(2)), (3, 4, 3));
        assert_eq!(Db::get_memo().len(), 2);
    }

    #[test]
    fn in_closures_and_constants() {
        const fn answer() -> u32 {
            41
        }
        let closure = |n: u32| {
            #[memoize]
            fn get(n: u32) -> u32 {
                n + answer()
            }
            get(n) + get(n)
        };
        assert_eq!(closure(1), 84);
    }

    macro_rules! functions {
        ($($name:ident($($arg:ident: $t:ty),*) -> $out:ty = $body:expr;)*) => { $(
            #[memoize]
            fn $name($($arg: $t,)* more: u32) -> $out {
                let _ = more;
                $body
            }
        )* };
    }

    macro_rules! methods {
        ($self:ident of $of:ty: $($name:ident($($arg:ident: $t:ty),*) -> $out:ty = $body:expr;)*) => {
            impl $of { $(
                #[memoize(key = ($self.0, ..), tag = "from a macro", on_miss = |_| { let _ = $self.0; })]
                fn $name(&$self, $($arg: $t,)* more: u32) -> $out {
                    let _ = more;
                    $body
                }
            )* }
        };
    }

    macro_rules! methods_with_a_self_of_their_own {
        ($of:ty: $($name:ident $asynchronous:ident)*) => {
            #[memoize]
            impl $of { $(
                #[memoize(key = "{self.0}/{n}", bypass_if = self.0 == 0, placeholder = self.0)]
                fn $name(self: Arc<Self>, n: u32) -> u32 {
                    self.0 + n
                }

                #[memoize(key = (self.0, n))]
                async fn $asynchronous(&self, n: u32) -> u32 {
                    self.0 + n
                }
            )* }
        };
    }

    struct Db(u32);

    functions! {
        twice(n: u32) -> u32 = n * 2;
        joined(a: &str, b: Option<&str>) -> String = format!("{a}{}", b.unwrap_or("-"));
    }

    methods! { self of Db:
        thrice(n: u32) -> u32 = n * 3 + self.0;
        named(name: &str) -> String = format!("{name}{}", self.0);
    }

    methods_with_a_self_of_their_own! { Db: sum task }

    #[test]
    fn in_macros() {
        assert_eq!((twice(4, 0), twice(4, 0), twice::memo().stats().hits), (8, 8, 1));
        assert_eq!((joined("a", None, 0), joined("a", Some("b"), 0)), ("a-".into(), "ab".into()));
        let db = Db(1);
        assert_eq!((db.thrice(4, 0), db.thrice(4, 0), Db(2).thrice(4, 0)), (13, 13, 14));
        assert_eq!((db.named("tom", 0), db.named_key("tom", 0).is_live()), ("tom1".into(), true));
        assert_eq!((block_on(db.task(3)), block_on(Db(2).task(3))), (4, 5));
        let db = Arc::new(db);
        assert_eq!(db.clone().sum(3), 1);
        wait_until(|| db.clone().sum_key(3).is_live());
        assert_eq!(db.sum(3), 4);
    }

    // Made by one invocation, at one place in the source.
    macro_rules! two {
        () => {
            [
                {
                    #[memoize]
                    fn same(n: u32) -> u32 {
                        n + 1
                    }
                    same(1)
                },
                {
                    #[memoize]
                    fn same(n: u32) -> u32 {
                        n + 2
                    }
                    same(1)
                },
            ]
        };
    }

    #[test]
    fn in_macros_under_one_name() {
        assert_eq!((two!(), two!()), ([2, 3], [2, 3]));
    }
}
