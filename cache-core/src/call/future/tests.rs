//! Tests of calls of asynchronous functions.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use super::*;
use crate::background::{Executor, Task};
use crate::memo::{MemoSpec, Runtime};
use crate::spec::Spec;
use crate::sync::Mutex;
use crate::tests::test_memo::{BoxedCall, Failure, Output, OwnedBy, TestMemo};
use crate::time::{Clock, Manual};

const SPEC: Spec = Spec::new("stage", &["key"]);
const KEY: u64 = 1;
const BOTH: [OwnedBy; 2] = [OwnedBy::Caller, OwnedBy::Owner];

fn cache() -> (TestMemo, Arc<Manual>) {
    let time = Arc::new(Manual::default());
    (TestMemo::within(Runtime::new(Clock::Manual(time.clone())), SPEC, MemoSpec::new()), time)
}

/// What a body returns is sent to it.
#[derive(Default)]
struct Post(Mutex<(Option<Output>, Option<Waker>)>, AtomicU64);

impl Post {
    fn send(&self, output: Output) {
        let mut inside = self.0.lock();
        inside.0 = Some(output);
        let waker = inside.1.take();
        drop(inside);
        waker.into_iter().for_each(Waker::wake);
    }

    async fn body(self: Arc<Self>) -> Output {
        self.1.fetch_add(1, Ordering::Relaxed);
        std::future::poll_fn(|cx| {
            let mut inside = self.0.lock();
            if let Some(output) = inside.0.take() {
                return Poll::Ready(output);
            }
            inside.1 = Some(cx.waker().clone());
            Poll::Pending
        })
        .await
    }

    fn runs(&self) -> u64 {
        self.1.load(Ordering::Relaxed)
    }
}

fn poll(call: &mut BoxedCall) -> Poll<Output> {
    call.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

/// Two calls, of which the first has begun and the second waits.
fn two_calls(cache: &TestMemo, of: OwnedBy, post: &Arc<Post>) -> [BoxedCall; 2] {
    [(); 2].map(|()| {
        let mut call = cache.call_async(of, KEY, &[], post.clone().body());
        assert!(poll(&mut call).is_pending());
        call
    })
}

/// The first of two does not poll, so that the second takes over.
fn stall(time: &Manual) {
    (0..3).for_each(|_| time.advance(100));
}

#[test]
fn a_call_does_nothing_until_it_is_polled() {
    for of in BOTH {
        let (cache, _time) = cache();
        let post = Arc::new(Post::default());
        drop(cache.call_async(of, KEY, &[], post.clone().body()));
        assert_eq!((post.runs(), cache.flights()), (0, 0));
    }
}

#[test]
fn an_error_is_for_all_and_not_kept() {
    for of in BOTH {
        let (cache, _time) = cache();
        let post = Arc::new(Post::default());
        let [mut first, mut second] = two_calls(&cache, of, &post);
        post.send(Err(Failure));
        assert_eq!(poll(&mut first), Poll::Ready(Err(Failure)));
        assert_eq!(poll(&mut second), Poll::Ready(Err(Failure)));
        let stats = cache.memo.counters.read();
        assert_eq!((post.runs(), stats.errors, stats.stores), (1, 1, 0));
    }
}

#[test]
fn whoever_overtakes_has_an_outcome_of_its_own() {
    for of in BOTH {
        let (cache, time) = cache();
        let post = Arc::new(Post::default());
        let [mut first, mut second] = two_calls(&cache, of, &post);
        post.send(Err(Failure));
        stall(&time);
        assert_eq!(poll(&mut second), Poll::Ready(Err(Failure)));
        post.send(Ok(7));
        assert_eq!(poll(&mut first), Poll::Ready(Ok(7)), "for its caller");
        assert_eq!((post.runs(), cache.get(KEY)), (2, None), "not stored");
    }
}

#[test]
fn a_panic_is_for_its_caller_alone() {
    for of in BOTH {
        let (cache, _time) = cache();
        let mut polled = false;
        let body = std::future::poll_fn(move |_| {
            if std::mem::replace(&mut polled, true) {
                resume_unwind(Box::new("burst"));
            }
            Poll::Pending
        });
        let mut first = cache.call_async(of, KEY, &[], body);
        assert!(poll(&mut first).is_pending());
        let mut second = cache.call_async(of, KEY, &[], async { Ok(2) });
        assert!(poll(&mut second).is_pending());
        let payload = catch_unwind(AssertUnwindSafe(|| poll(&mut first))).expect_err("it is told");
        assert_eq!(payload.downcast_ref(), Some(&"burst"));
        assert_eq!(poll(&mut second), Poll::Ready(Ok(2)), "computes for itself");
        let stats = cache.memo.counters.read();
        assert_eq!((stats.panics, stats.cancelled, cache.get(KEY)), (1, 0, Some(2)));
    }
}

#[test]
fn a_call_of_itself_is_computed_in_place() {
    for of in BOTH {
        let (cache, _time) = cache();
        let cache = Arc::new(cache);
        let inner = cache.call_async(of, KEY, &[], async { Ok(1) });
        let mut outer = cache.call_async(of, KEY, &[], async { Ok(inner.await? + 1) });
        assert_eq!(poll(&mut outer), Poll::Ready(Ok(2)));
        assert_eq!((cache.get(KEY), cache.memo.counters.read().in_place), (Some(2), 1));
        assert!(cache.runtime.waits.is_empty());
    }
}

/// Two computations each of which awaits the other.
#[test]
fn a_circle_of_tasks_is_computed_in_place() {
    for of in BOTH {
        let (cache, _time) = cache();
        let post = Arc::new(Post::default());
        let begun = cache.call_async(of, 2, &[], async { Ok(20) });
        let mut one = cache.call_async(of, 1, &[], {
            let body = post.clone().body();
            async move { Ok(body.await? + begun.await?) }
        });
        assert!(poll(&mut one).is_pending());
        let begun = cache.call_async(of, 1, &[], async { Ok(10) });
        let mut two = cache.call_async(of, 2, &[], async move { Ok(begun.await? + 2) });
        assert!(poll(&mut two).is_pending(), "waits for the first");
        post.send(Ok(1));
        assert_eq!(poll(&mut one), Poll::Ready(Ok(21)), "waits for the second");
        assert_eq!(poll(&mut two), Poll::Ready(Ok(23)));
        assert_eq!(cache.memo.counters.read().in_place, 1);
        assert!(cache.runtime.waits.is_empty());
    }
}

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<Task>>>);

impl Executor for Kept {
    fn spawn(&self, task: Task) {
        self.0.lock().push(task);
    }
}

fn with_executor() -> (TestMemo, Kept) {
    let (cache, executor) = (cache().0, Kept::default());
    assert!(cache.runtime.executor.set(executor.clone()).is_ok());
    (cache, executor)
}

#[test]
fn an_executor_finishes_what_nobody_waits_for() {
    let (cache, executor) = with_executor();
    let post = Arc::new(Post::default());
    let [first, second] = two_calls(&cache, OwnedBy::Owner, &post);
    drop(first);
    assert!(executor.0.lock().is_empty(), "somebody waits");
    drop(second);
    let mut task = executor.0.lock().pop().expect("nobody waits");
    let mut late = cache.call_async(OwnedBy::Owner, KEY, &[], post.clone().body());
    assert!(poll(&mut late).is_pending());
    post.send(Ok(7));
    let cx = &mut Context::from_waker(Waker::noop());
    assert!(task.as_mut().poll(cx).is_ready());
    assert_eq!((poll(&mut late), cache.get(KEY), post.runs()), (Poll::Ready(Ok(7)), Some(7), 1));
    assert_eq!(cache.memo.counters.read().cancelled, 0);
}

#[test]
fn a_waiter_begins_anew_though_an_executor_is_set() {
    let (cache, executor) = with_executor();
    let post = Arc::new(Post::default());
    let [first, mut second] = two_calls(&cache, OwnedBy::Owner, &post);
    drop(first);
    assert!(poll(&mut second).is_pending());
    post.send(Ok(7));
    assert_eq!(poll(&mut second), Poll::Ready(Ok(7)));
    let stats = cache.memo.counters.read();
    assert_eq!((executor.0.lock().len(), post.runs(), stats.cancelled), (0, 2, 1));
}

#[test]
fn who_waits_for_an_executor_that_drops_its_task_computes() {
    let (cache, executor) = with_executor();
    let post = Arc::new(Post::default());
    drop(two_calls(&cache, OwnedBy::Owner, &post));
    let mut late = cache.call_async(OwnedBy::Owner, KEY, &[], async { Ok(8) });
    assert!(poll(&mut late).is_pending());
    let tasks = std::mem::take(&mut *executor.0.lock());
    drop(tasks);
    assert_eq!(poll(&mut late), Poll::Ready(Ok(8)));
    assert_eq!(cache.memo.counters.read().cancelled, 1);
}

#[test]
fn an_executor_that_panics_leaves_nothing_behind() {
    struct Broken;
    impl Executor for Broken {
        fn spawn(&self, _: Task) {
            resume_unwind(Box::new("broken"));
        }
    }
    let (cache, _time) = cache();
    assert!(cache.runtime.executor.set(Broken).is_ok());
    drop(two_calls(&cache, OwnedBy::Owner, &Arc::default()));
    assert_eq!(cache.flights(), 0);
}

/// Wakers that are called from another thread, as those of runtimes are.
#[test]
fn a_task_sleeps_until_it_is_woken() {
    struct Unpark(std::thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    for of in BOTH {
        let (cache, _time) = cache();
        let post = Arc::new(Post::default());
        let mut call = cache.call_async(of, KEY, &[], post.clone().body());
        let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
        assert!(call.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        std::thread::scope(|scope| {
            scope.spawn(|| post.send(Ok(7)));
            std::thread::park_timeout(Duration::from_secs(20));
        });
        assert_eq!(poll(&mut call), Poll::Ready(Ok(7)));
    }
}
