//! Computations that are handed to the background: begun there or by who waits, never by both, never by
//! neither.

use std::sync::Arc;
use std::time::Duration;

use loom::sync::atomic::Ordering;
use loom::sync::{Condvar, Mutex};
use loom::thread::{JoinHandle, spawn};

use super::{ALL, FEW, KEY, Scene, check, fewer_unless_long, join};
use crate::background::{Executor, Task};
use crate::call::{
    BackgroundCallBy, FlightHandle, Hooking as _, NoHook, Parts, Prepared, Timeouts, UnansweredCall, blocking,
};
use crate::engine::Step;
use crate::flight::{Intent, Limits};
use crate::mode::Blocking;
use crate::tests::test_memo::{Failure, Output, TestMemo, TestReturn, compute_as_leader};
use crate::value::ReturnKind;

impl TestMemo {
    /// A call that waits no longer than an hour: the background computes it.
    fn call_in_time(&self, key: u64, body: impl Fn() -> Output + Clone + Send + 'static) -> Output {
        if let Some(value) = self.get(key) {
            return Ok(value);
        }
        let kind = ReturnKind::of::<TestReturn>();
        let own = |(), (), ()| body.clone();
        let lead = move |(), body, handle: FlightHandle| {
            let call = Prepared { keyed: (), skipped: (), run: move |(), ()| (body, NoHook) };
            blocking::compute_for_flight(handle, UnansweredCall::alone(call, kind));
        };
        let limits = Limits { soft: None, hard: Some(Duration::from_hours(1)) };
        let call = Prepared { keyed: (), skipped: (), run: |(), ()| (body.clone(), NoHook) };
        let timeouts = Timeouts { limits, late: |_| Err(Failure) };
        let hooks = NoHook.hooks().with_timeouts(timeouts);
        let background_call = BackgroundCallBy { owners: (), own, lead };
        let parts = Parts { call, background_call, extras: hooks };
        let mut call = UnansweredCall::<Blocking, _, _, _, _, _, _, _, _>::new(parts, Some(kind));
        blocking::within(&mut self.miss(key, Intent::Read), &mut call);
        call.outcome.take()
    }

    /// Leaves a computation to the background, unless one is under way.
    fn prefetch(&self, key: u64, body: impl FnOnce() -> Output + Send + 'static) {
        let Step::Lead(leader) = self.begin(key, Intent::Read) else { return };
        let flight = leader.flight().clone();
        let job = move || {
            let _ = compute_as_leader(leader, &[], body);
        };
        drop(blocking::hand_to_background(&self.runtime, &flight, Box::new(job)));
    }
}

type Work = Box<dyn FnOnce() + Send>;

/// A background of one thread.
struct Background {
    /// What there is to do, and whether nothing more will come.
    inside: Mutex<(Vec<Work>, bool)>,
    changed: Condvar,
}

struct Hands(Arc<Background>);

impl Executor for Hands {
    fn spawn(&self, task: Task) {
        drop(task);
    }
    fn spawn_blocking(&self, work: Work) {
        self.0.inside.lock().unwrap().0.push(work);
        self.0.changed.notify_one();
    }
}

/// What the background does with what it is given.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Does {
    All,
    /// It drops it.
    Nothing,
}

impl Background {
    fn of(scene: &Scene) -> Arc<Self> {
        let inside = Mutex::new((Vec::new(), false));
        let background = Arc::new(Self { inside, changed: Condvar::new() });
        assert!(scene.cache.runtime.executor.set(Hands(background.clone())).is_ok());
        background
    }

    fn go(self: &Arc<Self>, does: Does) -> JoinHandle<()> {
        let this = self.clone();
        spawn(move || this.run(does))
    }

    fn run(&self, does: Does) {
        let mut inside = self.inside.lock().unwrap();
        loop {
            let work = inside.0.pop();
            let closed = inside.1;
            match work {
                None if closed => return,
                None => inside = self.changed.wait(inside).unwrap(),
                Some(work) => {
                    drop(inside);
                    match does {
                        Does::All => work(),
                        Does::Nothing => drop(work),
                    }
                    inside = self.inside.lock().unwrap();
                }
            }
        }
    }

    fn close(&self) {
        self.inside.lock().unwrap().1 = true;
        self.changed.notify_one();
    }
}

/// A body that tells its runs apart.
fn run(scene: &Arc<Scene>) -> impl Fn() -> Output + Clone + Send + 'static {
    let scene = scene.clone();
    move || Ok(scene.runs.fetch_add(1, Ordering::Relaxed))
}

fn call(scene: &Arc<Scene>) -> u64 {
    scene.cache.call(KEY, &[], run(scene)).expect("never fails")
}

fn call_in_time(scene: &Arc<Scene>) -> u64 {
    scene.cache.call_in_time(KEY, run(scene)).expect("it is never late")
}

fn go<T: 'static>(scene: &Arc<Scene>, call: fn(&Arc<Scene>) -> T) -> JoinHandle<T> {
    let scene = scene.clone();
    spawn(move || call(&scene))
}

/// One computation has run, and all have its value.
fn is_one(scene: &Scene, values: &[u64]) {
    assert!(values.iter().all(|value| *value == 0), "{values:?}");
    assert_eq!(scene.runs.load(Ordering::Relaxed), 1, "begun twice");
    assert_eq!(scene.cache.memo.counters.read().stores, 1);
    assert_eq!((scene.cache.get(KEY), scene.cache.flights()), (Some(0), 0));
}

/// What is left to the background, and callers that wait for it.
fn prefetched(does: Does, callers: usize, preemptions: Option<usize>) {
    check(preemptions, move || {
        let scene = Scene::new();
        let background = Background::of(&scene);
        let thread = background.go(does);
        scene.cache.prefetch(KEY, run(&scene));
        let others: Vec<_> = (1..callers).map(|_| go(&scene, call)).collect();
        let mut values = vec![call(&scene)];
        values.extend(join(others));
        background.close();
        thread.join().unwrap();
        is_one(&scene, &values);
    });
}

#[test]
fn what_is_prefetched_is_begun_by_the_background_or_a_waiter() {
    prefetched(Does::All, 1, ALL);
}

#[test]
fn what_is_prefetched_is_begun_by_one_of_those_who_wait() {
    prefetched(Does::All, 2, FEW);
}

#[test]
fn what_the_background_drops_is_computed_by_a_waiter() {
    prefetched(Does::Nothing, 1, ALL);
}

/// What a caller has handed in that must return in time, and does not begin it; another, which may.
fn in_time(does: Does, other: fn(&Arc<Scene>) -> u64, preemptions: Option<usize>) {
    check(preemptions, move || {
        let scene = Scene::new();
        let background = Background::of(&scene);
        let thread = background.go(does);
        let other = go(&scene, other);
        let values = [call_in_time(&scene), other.join().unwrap()];
        background.close();
        thread.join().unwrap();
        is_one(&scene, &values);
    });
}

#[test]
fn what_must_be_there_in_time_is_begun_by_the_background_or_who_has_no_limit() {
    in_time(Does::All, call, FEW);
}

#[test]
fn what_the_background_refuses_is_begun_by_who_has_handed_it_in() {
    in_time(Does::Nothing, call_in_time, fewer_unless_long(FEW));
}

#[test]
fn what_the_background_refuses_is_begun_by_one_of_two() {
    in_time(Does::Nothing, call, FEW);
}
