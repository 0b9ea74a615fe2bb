//! Wakers, executors and drops are the user's code too: what they do disturbs no call but their own.

use std::cell::RefCell;
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use cache_core::memoize;
use cache_core::testing::Scope;
use tests::{millis, no_hang};

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

fn poll<T>(future: &mut Boxed<T>, waker: &Waker) -> Poll<T> {
    future.as_mut().poll(&mut Context::from_waker(waker))
}

/// A waker that panics.
struct Careless;

impl Wake for Careless {
    fn wake(self: Arc<Self>) {
        panic!("a careless executor");
    }
}

/// A waker that notes.
#[derive(Default)]
struct Noted(AtomicBool);

impl Wake for Noted {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn a_waker_that_panics_stops_nobody_elses_clock() {
    #[memoize(max_wait = "300ms")]
    async fn slow(n: u32) -> u32 {
        pending::<()>().await;
        n
    }
    let scope = Scope::new();
    let _inside = scope.enter();
    let noted = Arc::new(Noted::default());
    let wakers = [Waker::from(Arc::new(Careless)), Waker::from(noted.clone())];
    let mut calls: Vec<Boxed<u32>> = Vec::new();
    for (key, waker) in [0, 1].into_iter().zip(&wakers) {
        for waker in [Waker::noop(), waker] {
            let mut call: Boxed<u32> = Box::pin(slow(key));
            assert!(poll(&mut call, waker).is_pending());
            calls.push(call);
        }
    }
    scope.advance(millis(300));
    assert!(noted.0.load(Ordering::SeqCst), "nobody was told after `max_wait`");
}

#[test]
fn a_waker_may_own_a_task_that_waits_for_the_same() {
    #[memoize]
    async fn never(n: u32) -> u32 {
        pending::<()>().await;
        n
    }
    struct Task(#[expect(dead_code, reason = "owned, and dropped")] Mutex<Boxed<u32>>);
    impl Wake for Task {
        fn wake(self: Arc<Self>) {}
    }
    let noop = Waker::noop();
    let mut leader: Boxed<u32> = Box::pin(never(1));
    assert!(poll(&mut leader, noop).is_pending());
    let mut inner: Boxed<u32> = Box::pin(never(1));
    assert!(poll(&mut inner, noop).is_pending());
    let owner = Waker::from(Arc::new(Task(Mutex::new(inner))));
    let mut moved: Boxed<u32> = Box::pin(never(1));
    assert!(poll(&mut moved, &owner).is_pending());
    drop(owner);
    // It goes on in another task: its old waker was the last that held the other one.
    no_hang(move || assert!(poll(&mut moved, noop).is_pending()));
}

#[test]
fn an_executor_that_panics_breaks_no_call() {
    #[memoize(placeholder = 0)]
    async fn value(n: u32) -> u32 {
        n
    }
    let scope = Scope::new();
    let _inside = scope.enter();
    cache_core::set_executor(|_| panic!("outside of its runtime")).unwrap();
    let mut call: Boxed<u32> = Box::pin(value(1));
    assert_eq!(poll(&mut call, Waker::noop()), Poll::Ready(0));
}

#[test]
fn a_placeholder_that_panics_breaks_no_call() {
    #[memoize(placeholder = panic!("no placeholder for {n}"))]
    fn value(n: u32) -> u32 {
        n
    }
    assert_eq!(value(7), 7);
    assert_eq!(value::memo().stats().hook_panics, 1);
}

thread_local! {
    static UNDER_WAY: RefCell<Option<Boxed<u32>>> = const { RefCell::new(None) };
}

/// A key whose `Eq` drops the call under way, and which does something as it goes.
#[derive(Clone, Debug)]
struct Drops {
    n: u32,
    at_last: fn(),
}

impl std::hash::Hash for Drops {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.n.hash(state);
    }
}

impl PartialEq for Drops {
    fn eq(&self, other: &Self) -> bool {
        drop(UNDER_WAY.take());
        self.n == other.n
    }
}

impl Eq for Drops {}

impl Drop for Drops {
    fn drop(&mut self) {
        (self.at_last)();
    }
}

#[test]
fn an_eq_may_drop_a_call_under_way() {
    #[memoize]
    async fn slow(key: Drops) -> u32 {
        pending::<()>().await;
        key.n
    }
    let key = || Drops { n: 1, at_last: || () };
    no_hang(move || {
        let mut first: Boxed<u32> = Box::pin(slow(key()));
        assert!(poll(&mut first, Waker::noop()).is_pending());
        UNDER_WAY.set(Some(first));
        let mut second: Boxed<u32> = Box::pin(slow(key()));
        assert!(poll(&mut second, Waker::noop()).is_pending());
        assert!(UNDER_WAY.take().is_none(), "the key was not compared");
    });
}

#[test]
fn a_key_of_a_call_that_an_eq_has_dropped_may_look_at_the_memo_as_it_goes() {
    #[memoize]
    async fn slow(key: Arc<Drops>) -> u32 {
        pending::<()>().await;
        key.n
    }
    let key = |n| Arc::new(Drops { n, at_last: || assert!(slow::memo().is_empty()) });
    no_hang(move || {
        let mut first: Boxed<u32> = Box::pin(slow(key(1)));
        assert!(poll(&mut first, Waker::noop()).is_pending());
        UNDER_WAY.set(Some(first));
        let mut second: Boxed<u32> = Box::pin(slow(key(1)));
        assert!(poll(&mut second, Waker::noop()).is_pending());
        // Nothing but the flight has the first key now, and the next call takes that off.
        let mut third: Boxed<u32> = Box::pin(slow(key(2)));
        assert!(poll(&mut third, Waker::noop()).is_pending());
    });
}
