//! A task that is dropped cancels nobody else, wherever it was dropped.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};
use std::thread;

use cache_core::testing::Scope;
use cache_core::{Stats, memoize, set_executor};
use futures::executor::block_on;
use futures::future::FutureExt as _;
use tests::{ByHand, Count, Gate, Queue, Seeded, in_turn, no_hang, yields};

/// Await points of the bodies here, each of them one pending poll.
const AWAITS: usize = 4;

/// A memoized function, seen from outside.
struct Subject {
    call: fn() -> ByHand<'static, usize>,
    stored: fn() -> Option<usize>,
    invalidate: fn(),
    stats: fn() -> Stats,
    /// How often its body was begun.
    runs: &'static Count,
}

impl Subject {
    /// Nobody computes any more: who asks next begins anew, and waits for nobody.
    #[track_caller]
    fn no_flight_is_left(&self) {
        let (runs, before) = (self.runs.get(), (self.stats)());
        (self.invalidate)();
        assert_eq!((self.call)().finish(), 3);
        let after = (self.stats)();
        assert_eq!((self.runs.get(), after.stores), (runs + 1, before.stores + 1));
        assert_eq!((after.waits, after.in_place), (before.waits, before.in_place));
    }
}

/// Runs `check` for a function of each kind.
fn for_both(check: impl Fn(&Subject)) {
    static OWNED: Count = Count::new();
    static BORROWED: Count = Count::new();
    #[memoize]
    async fn owned(n: usize) -> usize {
        OWNED.add();
        yields(AWAITS).await;
        n
    }
    #[memoize]
    async fn borrowed(name: &str) -> usize {
        BORROWED.add();
        yields(AWAITS).await;
        name.len()
    }

    // The counts are those of this caller: nobody else runs these functions at the time.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    check(&Subject {
        call: || ByHand::new(owned(3)),
        stored: || owned::entry(3).get().now_or_never().unwrap(),
        invalidate: || _ = owned::entry(3).invalidate(),
        stats: || owned::memo().stats(),
        runs: &OWNED,
    });
    check(&Subject {
        call: || ByHand::new(borrowed("tom")),
        stored: || borrowed::entry("tom").get().now_or_never().unwrap(),
        invalidate: || _ = borrowed::entry("tom").invalidate(),
        stats: || borrowed::memo().stats(),
        runs: &BORROWED,
    });
}

/// Runs `check` for each number of polls of the leader that does not end it, and for several of a
/// waiter. Time stands still, so that nobody is let go.
fn at_each_await(check: impl Fn(&Subject, usize, usize)) {
    for_both(|subject| {
        for leader in 0..=AWAITS {
            for waiter in 0..=2 {
                let scope = Scope::new();
                let _inside = scope.enter();
                subject.runs.set(0);
                check(subject, leader, waiter);
            }
        }
    });
}

fn polls(task: &mut ByHand<'_, usize>, times: usize) {
    for _ in 0..times {
        assert_eq!(task.poll(), None);
    }
}

#[test]
fn a_leader_that_is_dropped_leaves_its_waiters_a_value() {
    at_each_await(|subject, turns, waits| {
        let mut leader = (subject.call)();
        polls(&mut leader, turns);
        let mut waiters = [(); 3].map(|()| (subject.call)());
        for waiter in &mut waiters {
            polls(waiter, waits);
        }
        drop(leader);
        assert_eq!(in_turn(&mut waiters), [Some(3); 3]);
        assert_eq!((subject.stored)(), Some(3));
        let stats = (subject.stats)();
        // A waiter has begun anew.
        let given_up = turns > 0;
        assert_eq!(subject.runs.get(), 1 + usize::from(given_up), "{turns} turns, {waits} waits");
        assert_eq!((stats.cancelled, stats.stores, stats.in_place), (u64::from(given_up), 1, 0));
        subject.no_flight_is_left();
    });
}

#[test]
fn a_waiter_that_is_dropped_disturbs_nobody() {
    at_each_await(|subject, turns, waits| {
        let mut leader = (subject.call)();
        polls(&mut leader, 1);
        let (mut going, mut staying) = ((subject.call)(), (subject.call)());
        polls(&mut going, waits);
        polls(&mut staying, 1);
        polls(&mut leader, turns.saturating_sub(1));
        drop(going);
        assert_eq!(in_turn(&mut [leader, staying]), [Some(3); 2]);
        assert_eq!((subject.stored)(), Some(3));
        let stats = (subject.stats)();
        assert_eq!((subject.runs.get(), stats.cancelled, stats.stores), (1, 0, 1));
        subject.no_flight_is_left();
    });
}

#[test]
fn when_all_are_dropped_nothing_is_left() {
    at_each_await(|subject, turns, waits| {
        for leader_first in [true, false] {
            let before = (subject.stats)();
            let (mut leader, mut waiter) = ((subject.call)(), (subject.call)());
            polls(&mut leader, turns);
            polls(&mut waiter, waits);
            if leader_first {
                drop(leader);
                drop(waiter);
            } else {
                drop(waiter);
                drop(leader);
            }
            assert_eq!((subject.stored)(), None);
            let began = u64::from(turns + waits > 0);
            let stats = (subject.stats)();
            assert_eq!(stats.cancelled - before.cancelled, began);
            assert_eq!((stats.panics, stats.stores), (0, before.stores));
            subject.no_flight_is_left();
            (subject.invalidate)();
        }
    });
}

#[test]
fn one_after_the_other_takes_over() {
    for_both(|subject| {
        let scope = Scope::new();
        let _inside = scope.enter();
        subject.runs.set(0);
        let mut tasks: Vec<_> = (0..AWAITS).map(|_| (subject.call)()).collect();
        for task in &mut tasks {
            polls(task, 1);
        }
        // Each goes a step when it is told that it is its turn, and is dropped.
        while tasks.len() > 1 {
            let at = tasks.iter().position(ByHand::is_woken).expect("somebody is told");
            polls(&mut tasks[at], 1);
            drop(tasks.remove(at));
        }
        assert_eq!(tasks.remove(0).finish(), 3);
        assert_eq!(subject.runs.get(), AWAITS);
        assert_eq!((subject.stats)().stores, 1);
        subject.no_flight_is_left();
    });
}

#[test]
fn the_next_is_woken_when_its_leader_left_without_being_polled() {
    static GO: Gate = Gate::new();
    static RUNS: Count = Count::new();
    #[memoize]
    async fn load(n: usize) -> usize {
        RUNS.add();
        GO.pass().await;
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let (mut leader, mut waiter) = (ByHand::new(load(3)), ByHand::new(load(3)));
    assert_eq!((leader.run(), waiter.run()), (None, None));
    // The leader is told, but is dropped before it looks.
    GO.open();
    assert!(leader.is_woken() && !waiter.is_woken());
    drop(leader);
    assert_eq!(waiter.finish(), 3);
    assert_eq!(RUNS.get(), 2);
}

#[test]
fn what_a_dropped_body_waited_for_is_begun_anew_for_others() {
    static INNER: Count = Count::new();
    #[memoize]
    async fn inner(n: usize) -> usize {
        INNER.add();
        yields(AWAITS).await;
        n
    }
    #[memoize]
    async fn outer(n: usize) -> usize {
        yields(1).await;
        inner(n).await + 1
    }

    for turns in 1..=AWAITS {
        let scope = Scope::new();
        let _inside = scope.enter();
        INNER.set(0);
        let mut first = ByHand::new(outer(3));
        polls(&mut first, 1 + turns);
        let mut other = ByHand::new(inner(3));
        polls(&mut other, 1);
        drop(first);
        assert_eq!((other.finish(), INNER.get()), (3, 2));
        assert_eq!((outer::memo().stats().cancelled, inner::memo().stats().cancelled), (1, 1));
        assert_eq!((ByHand::new(outer(3)).finish(), INNER.get()), (4, 2));
    }
}

#[test]
fn a_refresh_that_is_dropped_leaves_the_old_value() {
    static RUNS: Count = Count::new();
    #[memoize]
    async fn load(n: usize) -> usize {
        let run = RUNS.add();
        yields(AWAITS).await;
        run + n
    }

    assert_eq!(ByHand::new(load(3)).finish(), 3);
    for turns in 0..=AWAITS {
        let mut refresh = ByHand::new(load::entry(3).refresh());
        polls(&mut refresh, turns);
        drop(refresh);
        assert_eq!(load(3).now_or_never(), Some(3));
    }
    assert_eq!(load::memo().stats().cancelled, AWAITS as u64);
}

/// Tells that it was dropped.
struct Guard(&'static Count);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.add();
    }
}

#[test]
fn with_its_caller_a_computation_is_dropped() {
    static DROPS: Count = Count::new();
    #[memoize]
    async fn load(n: usize) -> usize {
        let _guard = Guard(&DROPS);
        yields(AWAITS).await;
        n
    }

    let mut tasks: Vec<_> = (0..3).map(|_| ByHand::new(load(3))).collect();
    for task in &mut tasks {
        polls(task, 1);
    }
    for begun in 1..=3 {
        assert_eq!(DROPS.get(), begun - 1);
        drop(tasks.remove(0));
        assert_eq!(DROPS.get(), begun);
        for task in &mut tasks {
            polls(task, 1);
        }
    }
    assert_eq!((load::memo().stats().cancelled, load::memo().len()), (3, 0));
}

#[test]
fn with_its_last_caller_a_computation_goes_to_the_executor() {
    static DROPS: Count = Count::new();
    static RUNS: Count = Count::new();
    #[memoize]
    async fn load(n: usize) -> usize {
        RUNS.add();
        let _guard = Guard(&DROPS);
        yields(AWAITS).await;
        n
    }

    for turns in 1..=AWAITS {
        DROPS.set(0);
        RUNS.set(0);
        let scope = Scope::new();
        let _inside = scope.enter();
        let queue = Queue::default();
        set_executor(queue.clone()).unwrap();
        let (mut leader, mut waiter) = (ByHand::new(load(3)), ByHand::new(load(3)));
        polls(&mut leader, turns);
        polls(&mut waiter, 1);
        drop(leader);
        assert!(queue.is_empty(), "somebody still waits");
        drop(waiter);
        assert_eq!((queue.len(), DROPS.get()), (1, 0));
        // Who asks now waits for it.
        let mut late = ByHand::new(load(3));
        assert_eq!(late.run(), None);
        queue.run();
        assert_eq!(late.finish(), 3);
        assert_eq!(load(3).now_or_never(), Some(3));
        let stats = load::memo().stats();
        assert_eq!((RUNS.get(), DROPS.get(), stats.cancelled, stats.stores), (1, 1, 0, 1));
    }
}

#[test]
fn a_waiter_begins_anew_though_an_executor_could_go_on() {
    static RUNS: Count = Count::new();
    #[memoize]
    async fn load(n: usize) -> usize {
        let run = RUNS.add();
        yields(AWAITS).await;
        n + run
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let queue = Queue::default();
    set_executor(queue.clone()).unwrap();
    let mut tasks = [(); 3].map(|()| ByHand::new(load(3)));
    for task in &mut tasks {
        polls(task, 1);
    }
    let [leader, waiters @ ..] = tasks;
    drop(leader);
    assert_eq!(in_turn(&mut { waiters }), [Some(4); 2]);
    let stats = load::memo().stats();
    assert_eq!((queue.len(), RUNS.get(), stats.cancelled, stats.stores), (0, 2, 1, 1));
}

#[test]
fn what_borrows_its_arguments_is_dropped_with_or_without_an_executor() {
    #[memoize]
    async fn load(name: &str) -> usize {
        yields(AWAITS).await;
        name.len()
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let queue = Queue::default();
    set_executor(queue.clone()).unwrap();
    let mut leader = ByHand::new(load("tom"));
    polls(&mut leader, 2);
    drop(leader);
    assert_eq!((queue.len(), load::memo().stats().cancelled), (0, 1));
}

#[test]
fn when_the_executor_drops_a_computation_who_waits_computes() {
    static RUNS: Count = Count::new();
    #[memoize]
    async fn load(n: usize) -> usize {
        RUNS.add();
        yields(AWAITS).await;
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let queue = Queue::default();
    set_executor(queue.clone()).unwrap();
    let mut leader = ByHand::new(load(3));
    polls(&mut leader, 2);
    drop(leader);
    let mut late = ByHand::new(load(3));
    assert_eq!(late.run(), None);
    let mut adopted = queue.take();
    assert!(adopted[0].poll().is_none());
    drop(adopted);
    assert_eq!((late.finish(), RUNS.get()), (3, 2));
    assert_eq!((load::memo().stats().cancelled, load::memo().stats().stores), (1, 1));
}

#[test]
fn an_executor_that_panics_disturbs_nobody() {
    #[memoize]
    async fn load(n: usize) -> usize {
        yields(AWAITS).await;
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    set_executor(|_| panic!("it is shut down")).unwrap();
    let mut leader = ByHand::new(load(3));
    polls(&mut leader, 2);
    drop(leader);
    assert_eq!(load::memo().len(), 0);
    assert_eq!(ByHand::new(load(3)).finish(), 3);
    let stats = load::memo().stats();
    assert_eq!((stats.waits, stats.in_place, stats.stores), (0, 0, 1));
}

#[test]
fn what_the_executor_finishes_is_not_stored_over_an_invalidation() {
    #[memoize]
    async fn load(n: usize) -> usize {
        yields(AWAITS).await;
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let queue = Queue::default();
    set_executor(queue.clone()).unwrap();
    let mut leader = ByHand::new(load(3));
    polls(&mut leader, 2);
    drop(leader);
    load::entry(3).invalidate();
    queue.run();
    assert_eq!((load::memo().len(), load::memo().stats().overtaken), (0, 1));
}

#[test]
fn what_the_executor_goes_on_with_still_knows_what_it_is() {
    static RUNS: Count = Count::new();
    #[memoize]
    async fn load(n: usize) -> usize {
        let first = RUNS.add() == 0;
        yields(1).await;
        if first { load(n).await + 1 } else { n }
    }

    // Nobody is let go: time stands still.
    let scope = Scope::new();
    let _inside = scope.enter();
    let queue = Queue::default();
    set_executor(queue.clone()).unwrap();
    let mut leader = ByHand::new(load(3));
    polls(&mut leader, 1);
    drop(leader);
    let mut adopted = queue.take();
    assert_eq!(adopted[0].run(), Some(()), "it waits for itself");
    assert_eq!(load(3).now_or_never(), Some(4));
    assert_eq!(load::memo().stats().in_place, 1);
}

/// A task that is kept by its wakers alone.
struct KeptByWakers {
    _task: Mutex<Pin<Box<dyn Future<Output = usize> + Send>>>,
}

impl Wake for KeptByWakers {
    fn wake(self: Arc<Self>) {}
}

#[test]
fn tasks_that_are_dropped_with_their_wakers_may_wait_too() {
    static GO: Gate = Gate::new();
    #[memoize]
    async fn owned(n: usize) -> usize {
        GO.pass().await;
        n
    }
    #[memoize]
    async fn borrowed(name: &str) -> usize {
        GO.pass().await;
        name.len()
    }

    type Task = Pin<Box<dyn Future<Output = usize> + Send>>;
    fn check(mut leader: ByHand<'_, usize>, call: fn() -> Task) {
        assert_eq!(leader.run(), None);
        let waits = |mut task: Task| {
            assert!(task.as_mut().now_or_never().is_none());
            task
        };
        // Only the waker under which the first one waits keeps the second one.
        let (mut one, other) = (waits(call()), waits(call()));
        let kept = Waker::from(Arc::new(KeptByWakers { _task: Mutex::new(other) }));
        assert!(one.as_mut().poll(&mut Context::from_waker(&kept)).is_pending());
        drop(kept);
        // Another waker takes its place.
        assert!(one.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        // The same when the first one goes.
        let kept = Waker::from(Arc::new(KeptByWakers { _task: Mutex::new(waits(call())) }));
        assert!(one.as_mut().poll(&mut Context::from_waker(&kept)).is_pending());
        drop(kept);
        drop(one);
    }

    no_hang(|| {
        check(ByHand::new(owned(3)), || owned(3).boxed());
        check(ByHand::new(borrowed("tom")), || borrowed("tom").boxed());
    });
}

#[test]
fn tasks_that_come_and_go_on_many_threads_leave_nothing_behind() {
    static STEPS: Count = Count::new();
    // Who waited in vain would wait that long.
    #[memoize(max_wait = "1h")]
    async fn owned(n: usize) -> usize {
        yields(STEPS.add() % 4).await;
        n
    }
    #[memoize(max_wait = "1h")]
    async fn borrowed(name: &str) -> usize {
        yields(STEPS.add() % 4).await;
        name.len()
    }
    const NAMES: [&str; 3] = ["", "a", "ab"];

    fn one_thread(seed: u64) {
        let mut random = Seeded::new(seed);
        for _ in 0..2_000 {
            let (n, turns) = (usize::try_from(random.below(3)).unwrap(), random.below(4));
            let mut task = if random.below(2) == 0 { owned(n).boxed() } else { borrowed(NAMES[n]).boxed() };
            let early = (0..turns).find_map(|_| task.as_mut().now_or_never());
            match early {
                Some(value) => assert_eq!(value, n),
                None if random.below(3) == 0 => drop(task),
                None => assert_eq!(block_on(task), n),
            }
            if random.below(3) == 0 {
                owned::entry(n).invalidate();
                borrowed::entry(NAMES[n]).invalidate();
            }
        }
    }

    no_hang(|| {
        thread::scope(|threads| {
            for seed in 0..4 {
                threads.spawn(move || one_thread(seed));
            }
        });
        let waits = || (owned::memo().stats().waits, borrowed::memo().stats().waits);
        let before = waits();
        owned::memo().clear();
        borrowed::memo().clear();
        for (n, name) in NAMES.into_iter().enumerate() {
            assert_eq!((block_on(owned(n)), block_on(borrowed(name))), (n, n));
        }
        assert_eq!(waits(), before, "no flight is left");
    });
}
