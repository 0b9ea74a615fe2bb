//! Asynchronous functions: what holds for the others holds for them, on any executor.

use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;

use cache_core::testing::Scope;
use cache_core::{Async, Key, Memo, Peek, Ttl, memoize, registry};
use futures::executor::block_on;
use futures::future::{BoxFuture, FutureExt as _, LocalBoxFuture};
use tests::{Count, secs, yields};

#[test]
fn what_was_called_is_not_run_again() {
    static RUNS: Count = Count::new();
    #[memoize]
    async fn add(a: u64, b: u64) -> u64 {
        RUNS.add();
        yields(1).await;
        a + b
    }
    block_on(async {
        assert_eq!((add(1, 2).await, add(1, 2).await), (3, 3));
        assert_eq!((add(1, 3).await, add(1, 3).await), (4, 4));
        assert_eq!(add(1, 2).await, 3);
    });
    assert_eq!(RUNS.get(), 2);
    // It is a function like any other: nothing runs before it is awaited.
    drop(add(1, 4));
    assert_eq!((RUNS.get(), add::memo().stats().misses), (2, 2));
    let function: fn(u64, u64) -> _ = add;
    assert_eq!(function(1, 2).now_or_never(), Some(3), "a hit is ready at once");
}

#[test]
fn verbs_of_an_entry() {
    static RUNS: Count = Count::new();
    #[memoize(ttl = 60)]
    async fn double(n: u64) -> u64 {
        RUNS.add();
        n * 2
    }
    let scope = Scope::new();
    block_on(scope.within(async {
        assert_eq!(double::entry(4).get().await, None);
        assert_eq!(double::entry(4).peek().await, Peek::Absent);
        assert_eq!(double::entry(4).ttl().await, None);
        assert_eq!(RUNS.get(), 0, "they never compute");
        assert_eq!(double::entry(4).call().await, 8);
        assert_eq!(double::entry(4).get().await, Some(8));
        scope.advance(secs(20));
        let Peek::Fresh { value, age, ttl, .. } = double::entry(4).peek().await else {
            panic!("it is there")
        };
        assert_eq!((value, age, ttl), (8, secs(20), Ttl::For(secs(40))));

        assert!(!double::entry(4).insert_if_absent(9).await);
        assert!(double::entry(4).insert_if_present(9).await);
        assert!(!double::entry(5).insert_if_present(11).await);
        assert!(double::entry(5).insert_if_absent(11).await);
        assert!(double::entry(5).insert(12).await);
        assert_eq!((double(4).await, double(5).await), (9, 12));
        assert_eq!(double::entry(5).update(|n| n + 1).await, Some(13));
        assert_eq!(double::entry(6).update(|n| n + 1).await, None);
        assert_eq!(RUNS.get(), 1);

        assert_eq!(double::entry(5).uncached().await, 10);
        assert_eq!(double(5).await, 13, "it has touched nothing");
        assert_eq!(double::entry(5).refresh().await, 10);
        assert_eq!((double(5).await, RUNS.get()), (10, 3));

        assert!(double::entry(5).set_ttl(secs(5)).await);
        assert!(double::entry(5).extend_ttl(secs(3)).await);
        assert_eq!(double::entry(5).ttl().await, Some(Ttl::For(secs(5))));
        assert!(double::entry(5).extend_ttl(secs(8)).await);
        assert_eq!(double::entry(5).ttl().await, Some(Ttl::For(secs(8))));
        assert!(!double::entry(6).set_ttl(secs(8)).await);

        // Dropping verbs act at once.
        assert_eq!(double::entry(4).invalidate().count(), 1);
        assert_eq!(double::entry(4).invalidate().count(), 0);
        assert_eq!((double(4).await, RUNS.get()), (8, 4));
        assert_eq!(double::entry(4).id(), double::key(4));
        assert_ne!(double::entry(4).id(), double::key(5));
    }));
}

#[test]
fn verbs_of_a_key() {
    #[memoize]
    async fn double(n: u64) -> u64 {
        n * 2
    }
    let scope = Scope::new();
    block_on(scope.within(async {
        let key: Key<u64, Async> = double::key(4);
        assert_eq!(key.to_string(), "tasks::asynchronous::double(4)");
        assert_eq!((key.get().await, key.is_live().await, key.ttl().await), (None, false, None));
        double(4).await;
        assert_eq!((key.get().await, key.is_live().await), (Some(8), true));
        assert_eq!(key.ttl().await, Some(Ttl::Unlimited));
        assert!(key.set_ttl(secs(5)).await && key.extend_ttl(secs(7)).await);
        assert_eq!(key.ttl().await, Some(Ttl::For(secs(7))));
        assert!(matches!(key.peek().await, Peek::Fresh { value: 8, .. }));
        // Without its types it does not read, so nothing of it is awaited.
        assert!(key.any().is_live());
        assert_eq!(key.invalidate().count(), 1);
        assert!(!key.any().is_live() && !key.is_live().await);
    }));
}

#[test]
fn verbs_of_a_memo() {
    #[memoize(tags = ["asynchronous-memo"])]
    async fn double(n: u64) -> u64 {
        n * 2
    }
    let scope = Scope::new();
    block_on(scope.within(async {
        let memo: Memo<u64, Async> = double::memo();
        for n in 1..=5 {
            double(n).await;
        }
        assert_eq!((memo.len(), memo.tags()), (5, vec!["asynchronous-memo".into()]));
        assert_eq!(memo.name(), "tasks::asynchronous::double");
        assert!(registry().memos().iter().any(|known| known.name() == "tasks::asynchronous::double"));
        let keys = [double::key(1), double::key(9), double::key(3)];
        assert_eq!(memo.get_many(&keys).await, [Some(2), None, Some(6)]);
        let mut values = memo.get_many(&memo.keys()).await;
        values.sort_unstable();
        assert_eq!(values, [2, 4, 6, 8, 10].map(Some));
        assert_eq!(memo.invalidate_if(|_, value| *value > 8).count(), 1);
        assert_eq!(memo.invalidate_matching("*(4)").count(), 1);
        memo.set_enabled(false);
        assert_eq!((double(1).await, double::entry(1).get().await), (2, None));
        memo.set_enabled(true);
        assert_eq!(double::entry(1).get().await, Some(2));
        assert_eq!(memo.clear().count(), 3);
        assert!(memo.is_empty());
    }));
}

#[test]
fn results_are_stored_when_they_are_ok() {
    static RUNS: Count = Count::new();
    #[memoize]
    async fn half(n: u64) -> Result<u64, String> {
        RUNS.add();
        yields(1).await;
        if n.is_multiple_of(2) { Ok(n / 2) } else { Err(format!("{n} is odd")) }
    }
    block_on(async {
        assert_eq!((half(4).await, half(4).await), (Ok(2), Ok(2)));
        assert_eq!(half::entry(4).get().await, Some(2));
        assert_eq!(RUNS.get(), 1);
        assert_eq!((half(3).await, half(3).await), (Err("3 is odd".into()), Err("3 is odd".into())));
        assert_eq!((RUNS.get(), half::memo().len()), (3, 1));
    });
}

#[test]
fn hooks_and_conditions() {
    static LOG: Mutex<Vec<String>> = Mutex::new(Vec::new());
    fn log(line: String) {
        LOG.lock().unwrap().push(line);
    }
    #[memoize(
        skip(fresh),
        bypass_if = name.is_empty(),
        refresh_if = fresh,
        cache_if = |value| *value != 7,
        on_hit = |_key, value| log(format!("hit {value} {name}")),
        on_miss = |_key| log(format!("miss {name}")),
        on_store = |_key, value| log(format!("store {value}")),
    )]
    async fn length(name: &str, fresh: bool) -> usize {
        yields(1).await;
        name.len()
    }
    block_on(async {
        for (name, fresh) in [("tom", false), ("tom", false), ("tom", true), ("", false), ("whisker", false)]
        {
            assert_eq!(length(name, fresh).await, name.len());
        }
    });
    assert_eq!(*LOG.lock().unwrap(), ["miss tom", "store 3", "hit 3 tom", "store 3", "miss whisker"]);
    assert_eq!((length::memo().len(), length::memo().stats().bypasses), (1, 1));
}

#[test]
fn borrowed_arguments() {
    #[memoize(skip(suffix), tags = ["cats", "cat:{name}"], ttl = |value| secs(value.len() as u64))]
    async fn name_it(name: &str, suffix: &String) -> Result<String, std::num::ParseIntError> {
        tokio::task::yield_now().await;
        let n: u32 = "5".parse()?;
        Ok(format!("{name}{suffix}{n}"))
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let scope = Scope::new();
    let task = scope.within(async {
        let (name, suffix) = (String::from("tom"), String::from("!"));
        name_it(&name, &suffix).await.unwrap() + &name_it(&name, &suffix).await.unwrap()
    });
    assert_eq!(runtime.block_on(runtime.spawn(task)).unwrap(), "tom!5tom!5");
    let _inside = scope.enter();
    assert_eq!(cache_core::tag("cat:tom").invalidate().count(), 1);
}

#[test]
fn recursion_needs_no_box() {
    static RUNS: Count = Count::new();
    #[memoize]
    async fn fib(n: u64) -> u64 {
        RUNS.add();
        if n < 2 { n } else { fib(n - 1).await + fib(n - 2).await }
    }
    #[memoize]
    async fn is_even(n: u32) -> bool {
        n == 0 || is_odd(n - 1).await
    }
    #[memoize]
    async fn is_odd(n: u32) -> bool {
        n != 0 && is_even(n - 1).await
    }
    assert_eq!(block_on(fib(50)), 12_586_269_025);
    assert_eq!(RUNS.get(), 51);
    assert!(block_on(is_even(20)) && !block_on(is_even(15)));
    assert_eq!((is_even::memo().len(), is_odd::memo().len()), (19, 18), "what they have in common once");
}

#[test]
fn recursion_with_borrowed_arguments_or_without_send_needs_one() {
    #[memoize]
    async fn palindrome(text: &str) -> bool {
        let inner = text.get(1..text.len().saturating_sub(1));
        let ends = text.chars().next() == text.chars().next_back();
        text.len() < 2 || ends && Box::pin(palindrome(inner.unwrap_or(""))).await
    }
    #[memoize(?Send)]
    async fn fib(n: u64) -> u64 {
        if n < 2 { n } else { Box::pin(fib(n - 1)).await + Box::pin(fib(n - 2)).await }
    }
    assert!(block_on(palindrome("level")) && !block_on(palindrome("lever")));
    assert_eq!(palindrome::memo().len(), 4);
    assert_eq!(block_on(fib(50)), 12_586_269_025);
}

/// Each is called twice, and has to hit once.
macro_rules! twice {
    ($($name:ident($($argument:expr),*) == $value:expr;)*) => { $(
        for _ in 0..2 {
            assert_eq!(block_on($name($($argument),*)), $value);
        }
        assert_eq!(($name::memo().stats().hits, $name::memo().stats().stores), (1, 1), stringify!($name));
    )* };
}

#[test]
fn functions_that_return_futures() {
    #[memoize]
    fn opaque(n: u64) -> impl Future<Output = u64> {
        let next = n + 1;
        async move { next }
    }
    #[memoize]
    fn opaque_send(n: u64) -> impl Future<Output = u64> + Send + 'static {
        async move { n + 1 }
    }
    #[memoize]
    fn opaque_borrowed(name: &str) -> impl Future<Output = usize> + Send {
        async move { name.len() }
    }
    #[memoize]
    fn boxed(name: &str) -> Pin<Box<dyn Future<Output = usize> + Send + '_>> {
        Box::pin(async move { name.len() })
    }
    #[memoize]
    fn boxed_static(n: u64) -> Pin<Box<dyn Future<Output = Result<u64, String>> + Send>> {
        async move { Ok(n + 1) }.boxed()
    }
    #[memoize]
    fn local(name: &str) -> Pin<Box<dyn Future<Output = usize> + '_>> {
        let rc = std::rc::Rc::new(name.len());
        Box::pin(async move { *rc })
    }
    twice! {
        opaque(1) == 2;
        opaque_send(1) == 2;
        opaque_borrowed("tom") == 3;
        boxed("tom") == 3;
        boxed_static(1) == Ok(2);
        local("tom") == 3;
    }
}

#[test]
fn functions_that_return_boxed_futures_by_their_alias() {
    #[memoize]
    fn boxed(name: &str) -> BoxFuture<'_, usize> {
        async move { name.len() }.boxed()
    }
    #[memoize]
    fn boxed_static(n: u64) -> BoxFuture<'static, u64> {
        async move { n + 1 }.boxed()
    }
    #[memoize]
    fn local(name: &str) -> LocalBoxFuture<'_, usize> {
        let rc = std::rc::Rc::new(name.len());
        async move { *rc }.boxed_local()
    }
    twice! {
        boxed("tom") == 3;
        boxed_static(1) == 2;
        local("tom") == 3;
    }
}

#[test]
fn futures_that_are_not_send() {
    #[memoize(?Send)]
    async fn local(n: u64) -> u64 {
        let n = std::rc::Rc::new(n);
        yields(1).await;
        *n
    }
    twice! { local(4) == 4; }
}

#[test]
fn futures_of_memoized_functions_can_be_sent() {
    #[memoize]
    async fn owned(n: u64) -> u64 {
        n
    }
    #[memoize]
    async fn borrowed(name: &str) -> usize {
        name.len()
    }
    fn sent<T: Send>(future: impl Future<Output = T> + Send) -> T {
        std::thread::scope(|threads| threads.spawn(|| block_on(future)).join().unwrap())
    }
    let name = String::from("tom");
    assert_eq!((sent(owned(3)), sent(borrowed(&name))), (3, 3));
    assert_eq!((sent(owned::entry(3).get()), sent(borrowed::entry(&name).refresh())), (Some(3), 3));
}

#[test]
fn generic_functions() {
    #[memoize(skip(make))]
    async fn made<T, F>(n: u32, make: F) -> T
    where
        T: Clone + Send + Sync + 'static,
        F: Fn(u32) -> T + Send,
    {
        make(n)
    }
    #[memoize]
    async fn parsed<T>(text: String) -> Option<T>
    where
        T: std::str::FromStr + Clone + Send + Sync + 'static,
    {
        yields(1).await;
        text.parse().ok()
    }
    block_on(async {
        assert_eq!(made(1, |n| n).await, 1);
        assert_eq!(made(1, |n| n.to_string()).await, "1", "each instantiation has its own entries");
        assert_eq!(made(1, |n| n + 1).await, 1);
        assert_eq!(parsed::<u8>("12".to_owned()).await, Some(12_u8));
        assert_eq!(parsed::<f64>("12".to_owned()).await, Some(12.0));
        assert_eq!(parsed::<u8>("12".to_owned()).await, Some(12_u8));
    });
    assert_eq!((parsed::<u8>::memo().len(), parsed::<u8>::all().len()), (1, 2));
}

#[test]
fn a_future_that_borrows_nothing_can_be_shared_between_threads() {
    #[memoize]
    fn length(text: &str) -> impl Future<Output = usize> + Send + Sync + use<> {
        let length = text.len();
        async move { length }
    }

    let future = length("tom");
    std::thread::scope(|scope| {
        scope.spawn(|| &future);
    });
    assert_eq!(tests::now(future), 3);
}
