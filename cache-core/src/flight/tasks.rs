//! Flights of asynchronous functions: waiting as a task, and computations that belong to their flight.
//!
//! A computation that owns everything is polled by whoever waits for it. One of those is its *driver*,
//! at first the caller that began it; when the driver leaves, another takes its seat. A driver that
//! holds its seat but does not poll (it is in a task that waits for something else) is noticed after
//! [`PERIOD`], and then any of the others may poll. Intentional because computations should run
//! where they were begun as long as that goes well: in the task, and the runtime, of their caller.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use super::{Ancestry, Bounds, Flight, Place, TOGETHER, Waited, under};
use crate::background::{Executor, Task};
use crate::memo::Data;
use crate::sync::{Mutex, guarded};
use crate::time::{At, Clock, Due, Tick, after};

/// How often a flight that is waited for is looked at: milliseconds.
const PERIOD: Tick = 100;

/// Who waits, and what they wait for.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Tasks {
    /// The number of the last seat that was taken.
    last: u64,
    seats: Vec<(u64, Option<Waker>)>,
    /// The seat of who polls the computation.
    driver: u64,
    /// It owns all it needs; its outcome is told by the flight.
    computation: Option<Task>,
    /// Who goes on with it when nobody waits any more.
    executor: Option<Arc<dyn Executor>>,
    /// The computation can go on since it was last polled.
    woken: bool,
    /// It could already when the flight was last looked at.
    noticed: bool,
    /// Its driver does not poll: any may.
    stalled: bool,
    /// What the computation panicked with, for who began it.
    payload: Option<Box<dyn Any + Send>>,
    /// The flight is looked at now and then.
    timed: bool,
}

impl Tasks {
    pub(super) fn take_wakers(&mut self) -> Vec<Waker> {
        self.seats.iter_mut().filter_map(|(_, waker)| waker.take()).collect()
    }

    /// One of those who wait.
    pub(super) fn take_waker(&mut self) -> Option<Waker> {
        self.seats.iter_mut().find_map(|(_, waker)| waker.take())
    }

    /// Notes whom to wake. Hands back who was noted before: to drop a waker may drop its task, which
    /// may have a seat here as well, so it must not happen under the lock.
    #[must_use]
    fn register(&mut self, seat: u64, waker: Waker) -> Option<Waker> {
        let (_, known) = self.seats.iter_mut().find(|(number, _)| *number == seat)?;
        known.replace(waker)
    }

    /// Whether a seat is that of who polls the computation.
    fn drives(&self, seat: u64) -> bool {
        self.driver == seat && self.computation.is_some()
    }

    fn take_driver_waker(&mut self) -> Option<Waker> {
        self.seats.iter_mut().find(|(number, _)| *number == self.driver).and_then(|(_, waker)| waker.take())
    }

    /// The computation, if it is for this seat to poll it now.
    fn take_if_due(&mut self, seat: u64) -> Option<Task> {
        if !self.woken || (self.driver != seat && !self.stalled) {
            return None;
        }
        let computation = self.computation.take()?;
        (self.woken, self.noticed, self.stalled) = (false, false, false);
        self.driver = seat;
        Some(computation)
    }
}

/// A task's place among those who wait for a flight.
pub(crate) struct Seat<K: Data, V: Data> {
    flight: Arc<Flight<K, V>>,
    number: u64,
}

impl<K: Data, V: Data> Flight<K, V> {
    /// Lets a task wait.
    pub(crate) fn seat(self: &Arc<Self>) -> Seat<K, V> {
        let mut state = self.state.lock();
        let tasks = state.tasks.get_or_insert_default();
        tasks.last += 1;
        let number = tasks.last;
        tasks.seats.push((number, None));
        drop(state);
        Seat { flight: self.clone(), number }
    }

    /// Gives the flight its computation, driven from a seat.
    pub(crate) fn computed_by(
        &self,
        seat: &Seat<K, V>,
        computation: Task,
        executor: Option<Arc<dyn Executor>>,
    ) {
        let mut state = self.state.lock();
        let tasks = state.tasks.get_or_insert_default();
        tasks.executor = executor;
        (tasks.computation, tasks.driver, tasks.woken) = (Some(computation), seat.number, true);
    }

    /// Whether the computation panicked.
    pub(crate) fn has_panicked(&self) -> bool {
        self.state.lock().tasks.as_ref().is_some_and(|tasks| tasks.payload.is_some())
    }

    /// Waits for the landing, within bounds. Polls the computation if that is for this seat to do.
    fn poll(
        self: &Arc<Self>,
        seat: u64,
        cx: &mut Context<'_>,
        clock: &Clock,
        bounds: Bounds,
    ) -> Poll<Waited<V>> {
        loop {
            let waker = cx.waker().clone();
            let mut state = self.state.lock();
            let now = clock.now();
            // Who drives does not wait for another.
            let drives = state.tasks.as_ref().is_some_and(|tasks| tasks.drives(seat));
            let bounds = Bounds { max_wait: bounds.max_wait.filter(|_| !drives), ..bounds };
            let look = match state.look(now, bounds) {
                Ok(waited) => return Poll::Ready(waited),
                Err(look) => look.min(now + PERIOD),
            };
            let tasks = state.tasks.get_or_insert_default();
            let old = tasks.register(seat, waker);
            let computation = tasks.take_if_due(seat);
            // Who drives needs nobody to look after it.
            let time = !tasks.timed && computation.is_none();
            tasks.timed |= time;
            drop(state);
            drop(old);
            if time {
                let flight: Weak<Self> = Arc::downgrade(self);
                let _ = clock.call_at(look, flight);
            }
            let Some(computation) = computation else { return Poll::Pending };
            if self.run(computation) {
                return Poll::Pending;
            }
        }
    }

    /// Polls the computation; whether it is to go on.
    fn run(self: &Arc<Self>, mut computation: Task) -> bool {
        let waker = Waker::from(self.clone());
        let poll = || {
            under(Some(self.ancestry.clone()), || computation.as_mut().poll(&mut Context::from_waker(&waker)))
        };
        match catch_unwind(AssertUnwindSafe(poll)) {
            Ok(Poll::Pending) => {
                let mut state = self.state.lock();
                state.tasks.get_or_insert_default().computation = Some(computation);
                return true;
            }
            Ok(Poll::Ready(())) => {}
            Err(payload) => {
                let mut state = self.state.lock();
                let tasks = state.tasks.get_or_insert_default();
                tasks.payload = Some(payload);
                let wakers = tasks.take_wakers();
                drop(state);
                wakers.into_iter().for_each(wake);
            }
        }
        // It has landed the flight, by returning or while it unwound.
        let _ = guarded(|| drop(computation));
        false
    }

    fn leave(&self, seat: u64) {
        let mut state = self.state.lock();
        let (landed, crowded) = (state.landing.is_some(), state.computing >= TOGETHER);
        let Some(tasks) = &mut state.tasks else { return };
        let at = tasks.seats.iter().position(|(number, _)| *number == seat);
        let own = at.map(|at| tasks.seats.swap_remove(at));
        let (mut waker, mut left) = (None, None);
        if landed {
            // It may have been told of a free place that it does not take.
            if !crowded {
                waker = tasks.take_waker();
            }
        } else if tasks.driver == seat || tasks.seats.is_empty() {
            let polled = tasks.seats.iter().find(|(_, waker)| waker.is_some());
            match polled.or(tasks.seats.first()) {
                Some((next, _)) => {
                    tasks.driver = *next;
                    if tasks.woken {
                        waker = tasks.take_driver_waker();
                    }
                }
                None => left = tasks.computation.take().map(|task| (tasks.executor.take(), task)),
            }
        }
        drop(state);
        drop(own);
        waker.into_iter().for_each(wake);
        match left {
            Some((Some(executor), computation)) => {
                let computation = Box::pin(polled_under(Some(self.ancestry.clone()), computation));
                let _ = guarded(|| executor.spawn(computation));
            }
            // Nobody was named to go on with it.
            Some((None, computation)) => drop(guarded(|| drop(computation))),
            None => {}
        }
    }
}

impl<K: Data, V: Data> Seat<K, V> {
    /// Waits for the flight to land, within bounds.
    pub(crate) async fn wait(&self, clock: &Clock, bounds: Bounds) -> Waited<V> {
        let alarm = bounds.until.map(|until| Set::new(clock, until));
        poll_fn(|cx| {
            if let Some(set) = &alarm {
                set.alarm.wakes(cx.waker());
            }
            self.flight.poll(self.number, cx, clock, bounds)
        })
        .await
    }

    /// What the computation panicked with. It lands the flight as it unwinds, before the panic is caught:
    /// this may have to wait until it is.
    pub(crate) async fn panic(&self) -> Box<dyn Any + Send> {
        poll_fn(|cx| {
            let waker = cx.waker().clone();
            let mut state = self.flight.state.lock();
            let tasks = state.tasks.get_or_insert_default();
            if let Some(payload) = tasks.payload.take() {
                return Poll::Ready(payload);
            }
            let old = tasks.register(self.number, waker);
            drop(state);
            drop(old);
            Poll::Pending
        })
        .await
    }

    /// After an error that cannot be copied: as [`Flight::take_place`].
    pub(crate) async fn take_place(&self, clock: &Clock, until: Tick) -> Place<K, V> {
        let set = Set::new(clock, until);
        poll_fn(|cx| {
            set.alarm.wakes(cx.waker());
            let waker = cx.waker().clone();
            let mut state = self.flight.state.lock();
            if state.computing < TOGETHER || until <= clock.now() {
                state.computing += 1;
                return Poll::Ready(Place(self.flight.clone()));
            }
            let tasks = state.tasks.get_or_insert_default();
            let old = tasks.register(self.number, waker);
            // Who was told of a place may not come for it.
            let time = !std::mem::replace(&mut tasks.timed, true);
            drop(state);
            drop(old);
            if time {
                let flight: Weak<Flight<K, V>> = Arc::downgrade(&self.flight);
                let _ = clock.call_at(after(clock.now(), Duration::from_millis(PERIOD)), flight);
            }
            Poll::Pending
        })
        .await
    }
}

/// An alarm that is set, until it is dropped: most calls end long before it.
struct Set<'c> {
    alarm: Arc<Alarm>,
    clock: &'c Clock,
    at: At,
}

impl<'c> Set<'c> {
    fn new(clock: &'c Clock, at: Tick) -> Self {
        let alarm = Arc::new(Alarm(Mutex::new(None)));
        let weak: Weak<Alarm> = Arc::downgrade(&alarm);
        Self { alarm, clock, at: clock.call_at(at, weak) }
    }
}

impl Drop for Set<'_> {
    fn drop(&mut self) {
        self.clock.forget(self.at);
    }
}

/// Wakes a task at some time.
struct Alarm(Mutex<Option<Waker>>);

impl Alarm {
    fn wakes(&self, waker: &Waker) {
        // Cloned before, and dropped after: wakers are the executor's.
        let waker = waker.clone();
        let old = self.0.lock().replace(waker);
        drop(old);
    }
}

impl Due for Alarm {
    fn due(self: Arc<Self>, _: Tick) -> Option<Tick> {
        let waker = self.0.lock().take();
        waker.into_iter().for_each(wake);
        None
    }
}

impl<K: Data, V: Data> Drop for Seat<K, V> {
    fn drop(&mut self) {
        self.flight.leave(self.number);
    }
}

impl<K: Data, V: Data> Wake for Flight<K, V> {
    /// The computation can go on: its driver is told.
    fn wake(self: Arc<Self>) {
        let mut state = self.state.lock();
        let Some(tasks) = &mut state.tasks else { return };
        tasks.woken = true;
        let waker = tasks.take_driver_waker();
        drop(state);
        waker.into_iter().for_each(wake);
    }
}

impl<K: Data, V: Data> Due for Flight<K, V> {
    fn due(self: Arc<Self>, now: Tick) -> Option<Tick> {
        let mut state = self.state.lock();
        let (landed, release) = (state.landing.is_some(), state.release);
        let tasks = state.tasks.as_mut()?;
        // Nobody waits, or those who could go on have been told.
        if tasks.seats.is_empty() || (landed && tasks.seats.iter().all(|(_, waker)| waker.is_none())) {
            tasks.timed = false;
            return None;
        }
        tasks.stalled |= tasks.woken && tasks.noticed && tasks.computation.is_some();
        tasks.noticed = tasks.woken;
        let tell = landed || tasks.stalled || release.is_some_and(|release| release <= now);
        let wakers = if tell { tasks.take_wakers() } else { Vec::new() };
        drop(state);
        wakers.into_iter().for_each(wake);
        let next = now + PERIOD;
        Some(release.filter(|release| *release > now).map_or(next, |release| release.min(next)))
    }
}

/// Wakes a task. A waker that panics must not keep others from being woken.
pub(super) fn wake(waker: Waker) {
    let _ = crate::sync::guarded(|| waker.wake());
}

/// Runs a future to its end, each poll as part of a flight, or of none.
pub(crate) async fn polled_under<F: Future>(flight: Option<Arc<Ancestry>>, future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|cx| under(flight.clone(), || future.as_mut().poll(cx))).await
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
    use std::sync::mpsc::channel;

    use parking_lot::Mutex;

    use super::*;
    use crate::fixture::{Call, Of, Output, Stage};
    use crate::memo::MemoSpec;
    use crate::spec::Spec;
    use crate::time::Manual;
    use crate::world::World;

    const SPEC: Spec = Spec::new("stage", &["key"]).max_wait(Duration::from_secs(5));
    const KEY: u64 = 1;
    const VALUE: u64 = 7;

    /// A stage, its time, and a body that goes on step by step.
    struct Scene {
        stage: Stage,
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
            let world = World::new(Clock::Manual(time.clone()));
            Self { stage: Stage::within(world, SPEC, MemoSpec::new()), time, body: Arc::default() }
        }

        fn task(&self, of: Of, steps: u64) -> Task {
            Task::new(self.stage.call_async(of, KEY, &[], self.body.clone().run(steps)))
        }

        /// A task that leads, and some that wait.
        fn tasks<const N: usize>(&self, of: Of) -> [Task; N] {
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
    struct Task(Call, Arc<Bell>);

    impl Task {
        fn new(call: Call) -> Self {
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
    fn rounds(scene: &Scene, of: Of, leave: [usize; 3]) -> Vec<Output> {
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
        for of in [Of::Caller, Of::Flight] {
            for leave in times.iter().flat_map(|a| times.iter().map(move |b| (*a, *b))) {
                for third in times {
                    let (scene, leave) = (Scene::new(), [leave.0, leave.1, third]);
                    let got = rounds(&scene, of, leave);
                    let stay = leave.iter().filter(|at| **at == STAYS).count();
                    assert_eq!(got, vec![Ok(VALUE); stay], "{leave:?}");
                    let stats = scene.stage.memo.counters.read();
                    assert_eq!(stats.stores, u64::from(stay > 0), "{leave:?}");
                    assert_eq!(scene.runs(), stats.stores + stats.cancelled, "{leave:?}");
                    assert!(of == Of::Caller || scene.runs() <= 1, "{leave:?}: begun again");
                    assert_eq!(scene.stage.flights(), 0, "{leave:?}: a flight is left behind");
                    assert!(scene.stage.world.waits.is_empty(), "{leave:?}: waits are left behind");
                }
            }
        }
    }

    #[test]
    fn only_the_driver_is_told_and_polls() {
        let scene = Scene::new();
        let [mut driver, mut waiter] = scene.tasks(Of::Flight);
        assert!(scene.body.go_on());
        assert!(driver.is_woken() && !waiter.is_woken());
        assert!(waiter.poll().is_pending(), "polled by who does not drive");
        assert_eq!(driver.poll(), Poll::Ready(Ok(VALUE)));
        assert!(waiter.is_woken());
        assert_eq!(waiter.poll(), Poll::Ready(Ok(VALUE)));
    }

    #[test]
    fn who_takes_the_drivers_seat_is_told_what_the_driver_was() {
        let scene = Scene::new();
        let [driver, first, second] = scene.tasks(Of::Flight);
        scene.body.go_on();
        drop(driver);
        let (mut told, other) = if first.is_woken() { (first, second) } else { (second, first) };
        assert!(told.is_woken() && !other.is_woken());
        assert_eq!(told.poll(), Poll::Ready(Ok(VALUE)));
        assert_eq!(scene.runs(), 1);
    }

    #[test]
    fn the_last_waker_of_a_task_is_woken() {
        let scene = Scene::new();
        let [mut driver, mut waiter] = scene.tasks(Of::Flight);
        let first = std::mem::take(&mut waiter.1);
        assert!(waiter.poll().is_pending());
        scene.body.go_on();
        assert_eq!(driver.poll(), Poll::Ready(Ok(VALUE)));
        assert!(waiter.is_woken() && !first.0.load(Ordering::Relaxed));
    }

    #[test]
    fn a_driver_that_does_not_poll_is_relieved_at_the_second_look() {
        let scene = Scene::new();
        let [mut driver, mut waiter] = scene.tasks(Of::Flight);
        scene.time.advance(10 * PERIOD);
        assert!(!waiter.is_woken(), "there was nothing to poll for");
        scene.body.go_on();
        scene.time.advance(PERIOD);
        assert!(!waiter.is_woken(), "the driver may be on its way");
        assert!(waiter.poll().is_pending());
        scene.time.advance(PERIOD);
        assert!(waiter.is_woken());
        assert_eq!(waiter.poll(), Poll::Ready(Ok(VALUE)));
        assert_eq!((driver.poll(), scene.runs()), (Poll::Ready(Ok(VALUE)), 1));
    }

    #[test]
    fn who_has_relieved_the_driver_drives_on() {
        let scene = Scene::new();
        let mut tasks = [scene.task(Of::Flight, 2), scene.task(Of::Flight, 2)];
        assert!(tasks.iter_mut().all(|task| task.poll().is_pending()));
        scene.body.go_on();
        scene.time.advance(PERIOD);
        scene.time.advance(PERIOD);
        let [driver, waiter] = &mut tasks;
        assert!(waiter.poll().is_pending() && driver.poll().is_pending());
        scene.body.go_on();
        assert!(waiter.is_woken() && !driver.is_woken());
        assert_eq!(waiter.poll(), Poll::Ready(Ok(VALUE)));
    }

    #[test]
    fn one_who_waits_is_let_go_for_each_max_wait() {
        let scene = Scene::new();
        let [mut leader, mut first, mut second] = scene.tasks(Of::Caller);
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
        let stats = scene.stage.memo.counters.read();
        assert_eq!((stats.in_place, stats.stores, scene.runs()), (2, 0, 3));
        scene.body.go_on();
        assert_eq!(leader.poll(), Poll::Ready(Ok(VALUE)));
        assert_eq!(scene.stage.get(KEY), Some(VALUE));
    }

    #[test]
    fn who_drives_is_not_let_go() {
        let scene = Scene::new();
        let [driver, mut waiter] = scene.tasks(Of::Flight);
        drop(driver);
        scene.time.advance(20_000);
        assert!(waiter.poll().is_pending());
        scene.body.go_on();
        assert_eq!(waiter.poll(), Poll::Ready(Ok(VALUE)));
        let stats = scene.stage.memo.counters.read();
        assert_eq!((stats.in_place, stats.stores, scene.runs()), (0, 1, 1));
    }

    #[test]
    fn a_flight_is_looked_at_while_somebody_waits() {
        let scene = Scene::new();
        let tasks: [Task; 2] = scene.tasks(Of::Caller);
        let flight = scene.stage.flight(KEY).expect("it is under way");
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
        let stage = Stage::new(SPEC.max_wait(Duration::from_millis(20)));
        let body = Arc::new(Body::default());
        let mut leader = Task::new(stage.call_async(Of::Caller, KEY, &[], body.clone().run(1)));
        assert!(leader.poll().is_pending());
        let mut waiter = stage.call_async(Of::Caller, KEY, &[], body.run(0));
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
        struct Holds(#[expect(dead_code, reason = "dropped with the waker")] Mutex<Call>);
        impl Wake for Holds {
            fn wake(self: Arc<Self>) {}
        }
        let (done, is_done) = channel();
        std::thread::spawn(move || {
            let scene = Scene::new();
            let [_driver, mut waiter, held] = scene.tasks(Of::Flight);
            let holds = Waker::from(Arc::new(Holds(Mutex::new(held.0))));
            assert!(waiter.0.as_mut().poll(&mut Context::from_waker(&holds)).is_pending());
            drop(holds);
            assert!(waiter.poll().is_pending());
            let flight = scene.stage.flight(KEY).expect("it is under way");
            let seats = flight.state.lock().tasks.as_ref().map(|tasks| tasks.seats.len());
            done.send(seats).unwrap();
        });
        let seats = is_done.recv_timeout(Duration::from_secs(20)).expect("nobody waits for itself");
        assert_eq!(seats, Some(2));
    }
}
