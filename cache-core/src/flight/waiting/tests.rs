//! Tests of tasks that wait, leave, lead and are let go.

mod looks;

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::task::{Context, Wake};
use std::time::Duration;

use crate::sync::plain::Mutex;

use super::*;
use crate::memo::{MemoSpec, Runtime};
use crate::spec::Spec;
use crate::tests::test_memo::{BoxedCall, Output, OwnedBy, TestMemo};
use crate::time::Manual;

const SPEC: Spec = Spec::new("stage", &["key"]).max_wait(Duration::from_secs(5));
const KEY: u64 = 1;
const VALUE: u64 = 7;

/// A test memo, its time, and a body that goes on step by step.
struct Scene {
    cache: TestMemo,
    time: Arc<Manual>,
    body: Arc<Body>,
}

#[derive(Default)]
struct Body {
    runs: AtomicU64,
    /// Steps it may take, and who is to be told of the next.
    steps: Mutex<(u64, Option<Waker>)>,
}

impl Body {
    async fn step(&self) {
        poll_fn(|cx| {
            let mut steps = self.steps.lock();
            if steps.0 > 0 {
                steps.0 -= 1;
                return Poll::Ready(());
            }
            let old = steps.1.replace(cx.waker().clone());
            drop(steps);
            drop(old);
            Poll::Pending
        })
        .await;
    }

    async fn run(self: Arc<Self>, steps: u64) -> Output {
        self.runs.fetch_add(1, Ordering::Relaxed);
        for _ in 0..steps {
            self.step().await;
        }
        Ok(VALUE)
    }

    /// Lets the body go on. Whether it was told.
    fn go_on(&self) -> bool {
        let mut steps = self.steps.lock();
        steps.0 += 1;
        let waker = steps.1.take();
        drop(steps);
        waker.map(Waker::wake).is_some()
    }
}

impl Scene {
    fn new() -> Self {
        let time = Arc::new(Manual::default());
        let runtime = Runtime::new(Clock::Manual(time.clone()));
        Self { cache: TestMemo::within(runtime, SPEC, MemoSpec::new()), time, body: Arc::default() }
    }

    fn task(&self, of: OwnedBy, steps: u64) -> Task {
        Task::new(self.cache.call_async(of, KEY, &[], self.body.clone().run(steps)))
    }

    /// A task that leads, and some that wait.
    fn tasks<const N: usize>(&self, of: OwnedBy) -> [Task; N] {
        std::array::from_fn(|_| {
            let mut task = self.task(of, 1);
            assert!(task.poll().is_pending());
            task
        })
    }

    fn runs(&self) -> u64 {
        self.body.runs.load(Ordering::Relaxed)
    }
}

#[derive(Default)]
struct Bell(AtomicBool);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A task that is polled by hand.
struct Task(BoxedCall, Arc<Bell>);

impl Task {
    fn new(call: BoxedCall) -> Self {
        let woken = Bell(AtomicBool::new(true));
        Self(call, Arc::new(woken))
    }

    fn poll(&mut self) -> Poll<Output> {
        self.1.0.store(false, Ordering::Relaxed);
        let waker = Waker::from(self.1.clone());
        self.0.as_mut().poll(&mut Context::from_waker(&waker))
    }

    fn is_woken(&self) -> bool {
        self.1.0.load(Ordering::Relaxed)
    }
}

/// Three call, whose body takes two steps. Each leaves before a round, or stays; in a round whoever
/// is woken is polled, until nobody is. What those who stay have got.
fn rounds(scene: &Scene, of: OwnedBy, leave: [usize; 3]) -> Vec<Output> {
    let mut tasks = leave.map(|_| Some(scene.task(of, 2)));
    let mut got = Vec::new();
    for round in 0..4 {
        for (task, leave) in tasks.iter_mut().zip(leave) {
            task.take_if(|_| leave == round);
        }
        while let Some(task) = tasks.iter_mut().find(|task| task.as_ref().is_some_and(Task::is_woken)) {
            if let Some(Poll::Ready(output)) = task.as_mut().map(Task::poll) {
                got.push(output);
                *task = None;
            }
        }
        scene.body.go_on();
    }
    assert!(tasks.iter().all(Option::is_none), "{leave:?}: somebody waits for ever");
    got
}

#[test]
fn whoever_leaves_wherever_the_others_get_the_value() {
    const STAYS: usize = 9;
    let times = [0, 1, 2, STAYS];
    for of in [OwnedBy::Caller, OwnedBy::Owner] {
        for leave in times.iter().flat_map(|a| times.iter().map(move |b| (*a, *b))) {
            for third in times {
                let (scene, leave) = (Scene::new(), [leave.0, leave.1, third]);
                let got = rounds(&scene, of, leave);
                let stay = leave.iter().filter(|at| **at == STAYS).count();
                assert_eq!(got, vec![Ok(VALUE); stay], "{leave:?}");
                let stats = scene.cache.memo.counters.read();
                assert_eq!(stats.stores, u64::from(stay > 0), "{leave:?}");
                assert_eq!(scene.runs(), stats.stores + stats.cancelled, "{leave:?}");
                assert_eq!(scene.cache.flights(), 0, "{leave:?}: a flight is left behind");
                assert!(scene.cache.runtime.waits.is_empty(), "{leave:?}: waits are left behind");
            }
        }
    }
}

#[test]
fn only_the_leader_is_told_and_polls() {
    let scene = Scene::new();
    let [mut leader, mut waiter] = scene.tasks(OwnedBy::Owner);
    assert!(scene.body.go_on());
    assert!(leader.is_woken() && !waiter.is_woken());
    assert!(waiter.poll().is_pending(), "polled by a waiter");
    assert_eq!(leader.poll(), Poll::Ready(Ok(VALUE)));
    assert!(waiter.is_woken());
    assert_eq!(waiter.poll(), Poll::Ready(Ok(VALUE)));
}

#[test]
fn when_the_leader_leaves_one_waiter_begins_anew_and_the_others_wait_for_it() {
    for of in [OwnedBy::Caller, OwnedBy::Owner] {
        let scene = Scene::new();
        let [leader, mut first, mut second] = scene.tasks(of);
        drop(leader);
        assert!(first.is_woken() && second.is_woken());
        assert!(first.poll().is_pending() && second.poll().is_pending());
        assert_eq!(scene.runs(), 2);
        scene.body.go_on();
        assert!(first.is_woken() && !second.is_woken());
        assert_eq!(first.poll(), Poll::Ready(Ok(VALUE)));
        assert_eq!(second.poll(), Poll::Ready(Ok(VALUE)));
        let stats = scene.cache.memo.counters.read();
        assert_eq!((stats.cancelled, stats.stores, stats.waits), (1, 1, 2));
    }
}

#[test]
fn the_last_waker_of_a_task_is_woken() {
    let scene = Scene::new();
    let [mut leader, mut waiter] = scene.tasks(OwnedBy::Owner);
    let first = std::mem::take(&mut waiter.1);
    assert!(waiter.poll().is_pending());
    scene.body.go_on();
    assert_eq!(leader.poll(), Poll::Ready(Ok(VALUE)));
    assert!(waiter.is_woken() && !first.0.load(Ordering::Relaxed));
}

#[test]
fn a_leader_that_does_not_poll_is_overtaken_after_the_second_look() {
    for of in [OwnedBy::Caller, OwnedBy::Owner] {
        let scene = Scene::new();
        let [mut leader, mut waiter, mut other] = scene.tasks(of);
        scene.time.advance(10 * PERIOD);
        assert!(!waiter.is_woken(), "there was nothing to poll for");
        scene.body.go_on();
        scene.time.advance(PERIOD);
        assert!(!waiter.is_woken(), "the leader may be on its way");
        assert!(waiter.poll().is_pending());
        scene.time.advance(PERIOD);
        assert!(waiter.is_woken() && other.is_woken());
        assert_eq!(waiter.poll(), Poll::Ready(Ok(VALUE)), "with a body of its own");
        assert_eq!((other.poll(), scene.runs()), (Poll::Ready(Ok(VALUE)), 2));
        // The old leader finishes for its own caller.
        assert!(leader.poll().is_pending());
        scene.body.go_on();
        assert_eq!(leader.poll(), Poll::Ready(Ok(VALUE)));
        let stats = scene.cache.memo.counters.read();
        assert_eq!((stats.stores, stats.overtaken, stats.waits), (1, 1, 2));
        assert_eq!(scene.cache.flights(), 0);
    }
}

#[test]
fn a_leader_that_polls_late_keeps_those_who_have_not_left_it() {
    let scene = Scene::new();
    let [mut leader, mut waiter] = scene.tasks(OwnedBy::Owner);
    scene.body.steps.lock().1.take().into_iter().for_each(Waker::wake);
    scene.time.advance(PERIOD);
    scene.time.advance(PERIOD);
    assert!(waiter.is_woken());
    assert!(leader.poll().is_pending() && waiter.poll().is_pending());
    assert_eq!(scene.runs(), 1);
    scene.body.go_on();
    assert_eq!(leader.poll(), Poll::Ready(Ok(VALUE)));
    assert_eq!(waiter.poll(), Poll::Ready(Ok(VALUE)));
}

#[test]
fn a_leader_is_not_overtaken_within_its_poll() {
    let scene = Scene::new();
    let (time, body) = (scene.time.clone(), scene.body.clone());
    let mut waiter = scene.task(OwnedBy::Owner, 0);
    let waits = waiter.1.clone();
    let mut leader = Task::new(scene.cache.call_async(OwnedBy::Owner, KEY, &[], async move {
        body.step().await;
        // It is woken, and long at work.
        poll_fn(|cx| {
            cx.waker().wake_by_ref();
            (0..10).for_each(|_| time.advance(PERIOD));
            assert!(!waits.0.load(Ordering::Relaxed), "a waiter is told to lead");
            Poll::Ready(())
        })
        .await;
        Ok(VALUE)
    }));
    assert!(leader.poll().is_pending());
    assert!(waiter.poll().is_pending());
    scene.body.go_on();
    assert_eq!(leader.poll(), Poll::Ready(Ok(VALUE)));
    assert_eq!((waiter.poll(), scene.runs()), (Poll::Ready(Ok(VALUE)), 0));
}

/// A thread that waits notices it as tasks do, also if it came before the leader was polled.
#[test]
fn a_thread_that_waits_overtakes_a_leader_that_does_not_poll() {
    let scene = Arc::new(Scene::new());
    let mut leader = scene.task(OwnedBy::Owner, 1);
    assert!(leader.poll().is_pending());
    let waiter = std::thread::spawn({
        let scene = scene.clone();
        move || scene.cache.call(KEY, &[], || Ok(VALUE + 1))
    });
    while scene.cache.memo.counters.read().waits == 0 {
        std::thread::yield_now();
    }
    scene.body.go_on();
    while !waiter.is_finished() {
        scene.time.advance(PERIOD);
        std::thread::sleep(Duration::from_millis(1));
        assert!(scene.time.now() < 1000 * PERIOD, "it was not noticed");
    }
    assert_eq!(waiter.join().unwrap(), Ok(VALUE + 1));
    assert_eq!(leader.poll(), Poll::Ready(Ok(VALUE)));
    assert_eq!(scene.cache.get(KEY), Some(VALUE + 1), "what was overtaken is not stored");
}

/// Threads and tasks wait in one list: an executor goes on with a computation only if neither waits.
#[test]
fn a_thread_that_waits_begins_anew_when_the_task_that_leads_has_left() {
    let scene = Arc::new(Scene::new());
    let (send, adopted) = channel();
    let executor = move |task: crate::Task| send.send(task).unwrap();
    assert!(scene.cache.runtime.executor.set(executor).is_ok());
    let mut leader = scene.task(OwnedBy::Owner, 1);
    assert!(leader.poll().is_pending());
    let flight = scene.cache.flight(KEY).expect("it is under way");
    let waiter = std::thread::spawn({
        let scene = scene.clone();
        move || scene.cache.call(KEY, &[], || Ok(VALUE + 1))
    });
    while flight.state.lock().waiters.is_empty() {
        std::thread::yield_now();
    }
    drop(leader);
    assert_eq!(waiter.join().unwrap(), Ok(VALUE + 1));
    assert!(adopted.try_recv().is_err(), "an executor goes on with what nobody needs");
    let stats = scene.cache.memo.counters.read();
    assert_eq!((stats.stores, stats.cancelled, scene.cache.flights()), (1, 1, 0));
}

#[test]
fn one_who_waits_is_let_go_for_each_max_wait() {
    let scene = Scene::new();
    let [mut leader, mut first, mut second] = scene.tasks(OwnedBy::Caller);
    scene.time.advance(4999);
    assert!(!first.is_woken() && !second.is_woken());
    // Enough for the bodies of both, so that only who is let go computes.
    scene.body.steps.lock().0 = 2;
    scene.time.advance(1);
    assert!(first.is_woken() && second.is_woken());
    assert_eq!(first.poll(), Poll::Ready(Ok(VALUE)));
    assert!(second.poll().is_pending());
    scene.time.advance(4999);
    assert!(second.poll().is_pending());
    scene.time.advance(1);
    assert_eq!(second.poll(), Poll::Ready(Ok(VALUE)));
    let stats = scene.cache.memo.counters.read();
    assert_eq!((stats.in_place, stats.stores, scene.runs()), (2, 0, 3));
    scene.body.go_on();
    assert_eq!(leader.poll(), Poll::Ready(Ok(VALUE)));
    assert_eq!(scene.cache.get(KEY), Some(VALUE));
}

#[test]
fn who_leads_is_not_let_go() {
    let scene = Scene::new();
    let [leader, mut waiter] = scene.tasks(OwnedBy::Owner);
    drop(leader);
    assert!(waiter.poll().is_pending());
    scene.time.advance(20_000);
    assert!(waiter.poll().is_pending());
    scene.body.go_on();
    assert_eq!(waiter.poll(), Poll::Ready(Ok(VALUE)));
    let stats = scene.cache.memo.counters.read();
    assert_eq!((stats.in_place, stats.stores, scene.runs()), (0, 1, 2));
}

#[test]
fn a_waiter_that_was_let_go_takes_the_value_if_that_comes_first() {
    for of in [OwnedBy::Caller, OwnedBy::Owner] {
        let scene = Scene::new();
        let [mut leader, mut waiter] = scene.tasks(of);
        scene.time.advance(5000);
        assert!(waiter.poll().is_pending());
        assert_eq!((scene.runs(), scene.cache.memo.counters.read().in_place), (2, 1));
        scene.body.steps.lock().0 = 1;
        assert_eq!(leader.poll(), Poll::Ready(Ok(VALUE)));
        assert!(waiter.is_woken());
        assert_eq!(waiter.poll(), Poll::Ready(Ok(VALUE)));
        assert_eq!(scene.cache.memo.counters.read().cancelled, 0, "only a leader is cancelled");
    }
}

#[test]
fn a_waiter_that_was_let_go_computes_on_if_the_leader_fails_or_leaves() {
    for leaves in [false, true] {
        let scene = Scene::new();
        let mut leader = Task::new(scene.cache.call_async(OwnedBy::Owner, KEY, &[], {
            let body = scene.body.clone();
            async move {
                body.step().await;
                Err(crate::tests::test_memo::Failure)
            }
        }));
        assert!(leader.poll().is_pending());
        let mut waiter = scene.task(OwnedBy::Owner, 1);
        assert!(waiter.poll().is_pending());
        scene.time.advance(5000);
        assert!(waiter.poll().is_pending());
        scene.body.steps.lock().0 = 1;
        if !leaves {
            assert!(leader.poll().is_ready());
        }
        drop(leader);
        assert!(waiter.is_woken());
        assert_eq!(waiter.poll().is_pending(), !leaves);
        if !leaves {
            scene.body.go_on();
            assert_eq!(waiter.poll(), Poll::Ready(Ok(VALUE)));
        }
    }
}

#[test]
fn a_flight_is_looked_at_while_somebody_waits() {
    let scene = Scene::new();
    let tasks: [Task; 2] = scene.tasks(OwnedBy::Caller);
    let flight = scene.cache.flight(KEY).expect("it is under way");
    assert_eq!(flight.clone().due(PERIOD), Some(2 * PERIOD));
    drop(tasks);
    assert_eq!(flight.due(2 * PERIOD), None);
}

/// By the thread that calls by the system's clock.
#[test]
fn who_waits_is_let_go_by_the_systems_clock_too() {
    struct Unpark(std::thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let cache = TestMemo::new(SPEC.max_wait(Duration::from_millis(20)));
    let body = Arc::new(Body::default());
    let mut leader = Task::new(cache.call_async(OwnedBy::Caller, KEY, &[], body.clone().run(1)));
    assert!(leader.poll().is_pending());
    let mut waiter = cache.call_async(OwnedBy::Caller, KEY, &[], body.run(0));
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let begin = std::time::Instant::now();
    loop {
        if let Poll::Ready(output) = waiter.as_mut().poll(&mut Context::from_waker(&waker)) {
            assert_eq!(output, Ok(VALUE));
            break;
        }
        std::thread::park_timeout(Duration::from_secs(20));
    }
    let took = begin.elapsed();
    assert!((19..10_000).contains(&took.as_millis()), "{took:?}");
}

/// A waker may be all that holds its task, which may wait for the same flight.
#[test]
fn a_waker_that_holds_a_task_may_be_let_go_of() {
    struct Holds(#[expect(dead_code, reason = "dropped with the waker")] Mutex<BoxedCall>);
    impl Wake for Holds {
        fn wake(self: Arc<Self>) {}
    }
    let (done, is_done) = channel();
    std::thread::spawn(move || {
        let scene = Scene::new();
        let [_leader, mut waiter, held] = scene.tasks(OwnedBy::Owner);
        let holds = Waker::from(Arc::new(Holds(Mutex::new(held.0))));
        assert!(waiter.0.as_mut().poll(&mut Context::from_waker(&holds)).is_pending());
        drop(holds);
        assert!(waiter.poll().is_pending());
        let flight = scene.cache.flight(KEY).expect("it is under way");
        let waits = || !flight.state.lock().waiters.is_empty();
        let before = waits();
        drop(waiter);
        done.send((before, waits())).unwrap();
    });
    let waits = is_done.recv_timeout(Duration::from_secs(20)).expect("nobody waits for itself");
    assert_eq!(waits, (true, false), "the other one has left");
}
