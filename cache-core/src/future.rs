//! The driver for asynchronous functions: does what the engine decides, and awaits where it must.
//!
//! A hit is answered at the first poll, before anything here runs. A computation is polled by its
//! caller ([`by_caller`]), or, where it owns all it needs, by whoever waits for it ([`by_flight`]), or, where
//! its caller may not wait to its end, by its caller and then the background ([`by_clock`]).

use std::future::Future;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use crate::background::{Anywhere, Executor, Task};
use crate::draft::Draft;
use crate::engine::{After, Failed, Lead, Next, Own, Pursuit};
use crate::flight::{Ancestry, Landing, Place, Waited, polled_under};
use crate::memo::{Data, Unstored};
use crate::parcel::Parcel;
use crate::plan::{Prepared, Repeat, Waits, give_up};
use crate::value::Returns;

/// What a call that was not answered has come to.
enum Pursued<O, K: Data, V: Data> {
    Answer(O),
    Lead(Lead<K, V>, Option<Place<K, V>>),
    InPlace,
    Late(Duration),
}

/// Where a call stands that was not answered.
pub(crate) enum Start<K: Data, V: Data> {
    /// It is to be computed, or waited for.
    Search(Pursuit<K, V>),
    /// It leads a flight already.
    Lead(Lead<K, V>),
    /// It touches nothing.
    InPlace(Option<Unstored<K, V>>),
}

/// A call that was not answered, what it computes with, how that is done once more, and how long it waits.
pub struct Missed<K: Data, V: Data, KA, SA, Run, A, T> {
    pub(crate) start: Start<K, V>,
    pub(crate) call: Prepared<KA, SA, Run>,
    pub(crate) again: A,
    pub(crate) patience: T,
}

async fn pursue<R, K, V>(pursuit: &mut Pursuit<K, V>) -> Pursued<R::Output, K, V>
where
    K: Data,
    V: Data,
    R: Returns<Held = V>,
{
    let memo = pursuit.memo().clone();
    let mut place = None;
    loop {
        let joined = match pursuit.next() {
            Next::Hit(held) => return Pursued::Answer(R::join(held)),
            Next::Lead(lead) => return Pursued::Lead(lead, place),
            Next::InPlace => return Pursued::InPlace,
            Next::Wait(joined) => joined,
        };
        let seat = joined.flight.seat();
        loop {
            let waited = seat.wait(memo.clock(), pursuit.bounds()).await;
            let mut after = pursuit.after::<R>(&joined, waited);
            if let After::TakePlace = after {
                place = Some(seat.take_place(memo.clock(), pursuit.place_by()).await);
                after = pursuit.placed::<R>();
            }
            match after {
                After::Answer(output) => return Pursued::Answer(output),
                After::Wait => continue,
                After::Again | After::TakePlace => {}
                After::InPlace => return Pursued::InPlace,
                After::Late(limit) => return Pursued::Late(limit),
            }
            break;
        }
    }
}

/// A call that leads a flight, and is to see to its computation.
struct Leading<K: Data, V: Data, KA, SA, Run, A, T> {
    pursuit: Pursuit<K, V>,
    lead: Lead<K, V>,
    /// For as long as it computes.
    place: Option<Place<K, V>>,
    call: Prepared<KA, SA, Run>,
    again: A,
    patience: T,
}

/// What all drivers have in common: a call on its way to a return, or to a computation of its own.
async fn approach<R, K, V, KA, SA, Run, A, T, B, D>(
    missed: Missed<K, V, KA, SA, Run, A, T>,
) -> Result<Leading<K, V, KA, SA, Run, A, T>, R::Output>
where
    K: Data,
    V: Data,
    R: Returns<Held = V>,
    Run: FnOnce(KA, SA) -> (B, D),
    T: Waits<R::Output>,
    B: Future<Output = R::Output>,
    D: Fn(Option<&R::Value>, &mut Draft),
{
    let Missed { start, call, again, patience } = missed;
    let mut pursuit = match start {
        Start::Search(pursuit) => pursuit.within(patience.limits()),
        Start::InPlace(told) => return Err(in_place::<R, K, V, B, D>(told, call.prepare()).await),
        Start::Lead(lead) => {
            let settled = settled::<R, K, V, KA, SA, Run, B, D>(lead, call).await;
            return Err(settled.map_or_else(|failed| failed.output, R::join));
        }
    };
    match pursue::<R, K, V>(&mut pursuit).await {
        Pursued::Answer(output) => Err(output),
        Pursued::InPlace => {
            let output = in_place::<R, K, V, B, D>(Some(pursuit.unstored()), call.prepare()).await;
            Err(pursuit.or_older_in_place::<R>(output))
        }
        Pursued::Late(limit) => Err(give_up(&patience, pursuit.memo(), limit)),
        Pursued::Lead(lead, place) => Ok(Leading { pursuit, lead, place, call, again, patience }),
    }
}

/// Computes as part of its caller, or waits for who does. When it is dropped, one of those who wait
/// takes over.
pub(crate) async fn by_caller<R, K, V, KA, SA, Run, A, T, B, D>(
    missed: Missed<K, V, KA, SA, Run, A, T>,
) -> R::Output
where
    K: Data,
    V: Data,
    R: Returns<Held = V>,
    Run: FnOnce(KA, SA) -> (B, D),
    T: Waits<R::Output>,
    B: Future<Output = R::Output>,
    D: Fn(Option<&R::Value>, &mut Draft),
{
    let leading = match approach::<R, K, V, KA, SA, Run, A, T, B, D>(missed).await {
        Ok(leading) => leading,
        Err(output) => return output,
    };
    match settled::<R, K, V, KA, SA, Run, B, D>(leading.lead, leading.call).await {
        Ok(held) => R::join(held),
        Err(failed) => leading.pursuit.or_older::<R>(failed),
    }
}

/// The same for a computation that owns all it needs: its flight keeps it, and whoever waits may poll
/// it. When its last caller leaves, it goes to the executor if one was set, else it is dropped.
pub(crate) async fn by_flight<R, K, V, KA, SA, Run, A, T, B, D>(
    missed: Missed<K, V, KA, SA, Run, A, T>,
) -> R::Output
where
    K: Data,
    V: Data,
    R: Returns<Held = V, Output: Send>,
    KA: Send + 'static,
    SA: Send + 'static,
    Run: FnOnce(KA, SA) -> (B, D) + Send + 'static,
    T: Waits<R::Output>,
    B: Future<Output = R::Output> + Send + 'static,
    D: Fn(Option<&R::Value>, &mut Draft) + Send + 'static,
{
    let leading = match approach::<R, K, V, KA, SA, Run, A, T, B, D>(missed).await {
        Ok(leading) => leading,
        Err(output) => return output,
    };
    let Leading { pursuit, lead, place: _place, call, .. } = leading;
    let (memo, flight) = (pursuit.memo(), lead.flight.clone());
    let seat = flight.seat();
    // An error that is not kept is for who began the flight, if it is still there.
    let error = Arc::new(Parcel::new());
    let sender = error.clone();
    let computation: Task = Box::pin(async move {
        if let Err(failed) = settled::<R, K, V, KA, SA, Run, B, D>(lead, call).await {
            sender.put(failed);
        }
    });
    flight.computed_by(&seat, in_this_scope(computation), memo.world().executor.get().cloned());
    match seat.wait(memo.clock(), pursuit.bounds_of_own()).await {
        Waited::Landed(Landing::Value(held, _)) => R::join(held),
        Waited::Landed(Landing::Error(..)) => pursuit.or_older::<R>(error.take().await),
        // Who waits keeps the computation, so it has panicked.
        _ => resume_unwind(seat.panic().await),
    }
}

/// The same for a call that does not wait to the end: its computation is made of arguments that are owned,
/// so that it can go on in the background when its callers have left.
pub(crate) async fn by_clock<R, K, V, KA, SA, Run, A, T, B, D>(
    missed: Missed<K, V, KA, SA, Run, A, T>,
) -> R::Output
where
    K: Data,
    V: Data,
    R: Returns<Held = V>,
    Run: FnOnce(KA, SA) -> (B, D),
    A: Repeat<KA, SA, Job: Future<Output = ()> + Send + 'static>,
    T: Waits<R::Output>,
    B: Future<Output = R::Output>,
    D: Fn(Option<&R::Value>, &mut Draft),
{
    let leading = match approach::<R, K, V, KA, SA, Run, A, T, B, D>(missed).await {
        Ok(leading) => leading,
        Err(output) => return output,
    };
    let Leading { mut pursuit, lead, place: _place, call, again, patience } = leading;
    let (memo, flight) = (pursuit.memo().clone(), lead.flight.clone());
    let seat = flight.seat();
    let (ticket, parcel) = patience.ticket(lead);
    let Prepared { keyed, skipped, .. } = call;
    let job = again.job(keyed, skipped, ticket).expect("refused when it was compiled, if it cannot be");
    let background: Arc<dyn Executor> = Arc::new(Anywhere(memo.world().clone()));
    flight.computed_by(&seat, in_this_scope(Box::pin(job)), Some(background));
    loop {
        let waited = seat.wait(memo.clock(), pursuit.bounds_of_own()).await;
        match pursuit.after_own::<R>(&waited) {
            Own::Answer(output) => return output,
            Own::Wait => {}
            Own::Returned => {
                return parcel.take().await.unwrap_or_else(|payload| resume_unwind(payload));
            }
            Own::Crashed | Own::Refused => resume_unwind(seat.panic().await),
            Own::Late(limit) => return give_up(&patience, &memo, limit),
        }
    }
}

/// A computation is part of the test scope that this thread is in, wherever it is polled.
fn in_this_scope(computation: Task) -> Task {
    #[cfg(feature = "testing")]
    let computation: Task = Box::pin(crate::testing::in_this_scope(computation));
    computation
}

/// Computes as the leader of a flight.
async fn settled<R, K, V, KA, SA, Run, B, D>(
    lead: Lead<K, V>,
    call: Prepared<KA, SA, Run>,
) -> Result<V, Failed<R::Output>>
where
    K: Data,
    V: Data,
    R: Returns<Held = V>,
    Run: FnOnce(KA, SA) -> (B, D),
    B: Future<Output = R::Output>,
    D: Fn(Option<&R::Value>, &mut Draft),
{
    polled_under(Some(lead.flight.ancestry.clone()), async move {
        let (body, describe) = call.prepare();
        let output = body.await;
        lead.settle::<R>(output, describe)
    })
    .await
}

/// Computes without a flight, and without storing.
async fn in_place<R, K, V, B, D>(unstored: Option<Unstored<K, V>>, (body, describe): (B, D)) -> R::Output
where
    K: Data,
    V: Data,
    R: Returns<Held = V>,
    B: Future<Output = R::Output>,
    D: Fn(Option<&R::Value>, &mut Draft),
{
    let run = async move {
        let output = body.await;
        match unstored {
            Some(unstored) => unstored.returned::<R>(output, describe),
            None => output,
        }
    };
    match Ancestry::aside() {
        Some(aside) => polled_under(Some(aside), run).await,
        None => run.await,
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::task::{Context, Poll, Wake, Waker};
    use std::time::Duration;

    use super::*;
    use crate::background::Executor;
    use crate::fixture::{Call, Failure, Of, Output, Stage};
    use crate::memo::MemoSpec;
    use crate::spec::Spec;
    use crate::sync::Mutex;
    use crate::time::{Clock, Manual};
    use crate::world::World;

    const SPEC: Spec = Spec::new("stage", &["key"]);
    const KEY: u64 = 1;
    const BOTH: [Of; 2] = [Of::Caller, Of::Flight];

    fn stage() -> (Stage, Arc<Manual>) {
        let time = Arc::new(Manual::default());
        (Stage::within(World::new(Clock::Manual(time.clone())), SPEC, MemoSpec::new()), time)
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

    fn poll(call: &mut Call) -> Poll<Output> {
        call.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    }

    /// Two calls, of which the first has begun and the second waits.
    fn two_calls(stage: &Stage, of: Of, post: &Arc<Post>) -> [Call; 2] {
        [(); 2].map(|()| {
            let mut call = stage.call_async(of, KEY, &[], post.clone().body());
            assert!(poll(&mut call).is_pending());
            call
        })
    }

    /// The first of two does not poll, so that the second may.
    fn stall(time: &Manual) {
        (0..3).for_each(|_| time.advance(100));
    }

    #[test]
    fn a_call_does_nothing_until_it_is_polled() {
        for of in BOTH {
            let (stage, _time) = stage();
            let post = Arc::new(Post::default());
            drop(stage.call_async(of, KEY, &[], post.clone().body()));
            assert_eq!((post.runs(), stage.flights()), (0, 0));
        }
    }

    #[test]
    fn an_error_is_for_all_and_not_kept() {
        for of in BOTH {
            let (stage, _time) = stage();
            let post = Arc::new(Post::default());
            let [mut first, mut second] = two_calls(&stage, of, &post);
            post.send(Err(Failure));
            assert_eq!(poll(&mut first), Poll::Ready(Err(Failure)));
            assert_eq!(poll(&mut second), Poll::Ready(Err(Failure)));
            let stats = stage.memo.counters.read();
            assert_eq!((post.runs(), stats.errors, stats.stores), (1, 1, 0));
        }
    }

    #[test]
    fn an_error_that_another_polled_reaches_who_began() {
        let (stage, time) = stage();
        let post = Arc::new(Post::default());
        let [mut first, mut second] = two_calls(&stage, Of::Flight, &post);
        post.send(Err(Failure));
        stall(&time);
        assert_eq!(poll(&mut second), Poll::Ready(Err(Failure)));
        assert_eq!(poll(&mut first), Poll::Ready(Err(Failure)));
        assert_eq!(post.runs(), 1);
    }

    #[test]
    fn a_panic_that_another_polled_is_for_who_began() {
        let (stage, time) = stage();
        let mut first = stage.call_async(Of::Flight, KEY, &[], async {
            let mut polled = false;
            std::future::poll_fn(|cx| {
                if std::mem::replace(&mut polled, true) {
                    resume_unwind(Box::new("burst"));
                }
                cx.waker().wake_by_ref();
                Poll::Pending
            })
            .await
        });
        assert!(poll(&mut first).is_pending());
        let mut second = stage.call_async(Of::Flight, KEY, &[], async { Ok(2) });
        assert!(poll(&mut second).is_pending());
        stall(&time);
        assert_eq!(poll(&mut second), Poll::Ready(Ok(2)), "computes for itself");
        let payload = catch_unwind(AssertUnwindSafe(|| poll(&mut first))).expect_err("it is told");
        assert_eq!(payload.downcast_ref(), Some(&"burst"));
        let stats = stage.memo.counters.read();
        assert_eq!((stats.panics, stats.cancelled, stage.get(KEY)), (1, 0, Some(2)));
    }

    #[test]
    fn a_call_of_itself_is_computed_in_place() {
        for of in BOTH {
            let (stage, _time) = stage();
            let stage = Arc::new(stage);
            let inner = stage.call_async(of, KEY, &[], async { Ok(1) });
            let mut outer = stage.call_async(of, KEY, &[], async { Ok(inner.await? + 1) });
            assert_eq!(poll(&mut outer), Poll::Ready(Ok(2)));
            assert_eq!((stage.get(KEY), stage.memo.counters.read().in_place), (Some(2), 1));
            assert!(stage.world.waits.is_empty());
        }
    }

    /// Two computations each of which awaits the other.
    #[test]
    fn a_circle_of_tasks_is_computed_in_place() {
        for of in BOTH {
            let (stage, _time) = stage();
            let post = Arc::new(Post::default());
            let begun = stage.call_async(of, 2, &[], async { Ok(20) });
            let mut one = stage.call_async(of, 1, &[], {
                let body = post.clone().body();
                async move { Ok(body.await? + begun.await?) }
            });
            assert!(poll(&mut one).is_pending());
            let begun = stage.call_async(of, 1, &[], async { Ok(10) });
            let mut two = stage.call_async(of, 2, &[], async move { Ok(begun.await? + 2) });
            assert!(poll(&mut two).is_pending(), "waits for the first");
            post.send(Ok(1));
            assert_eq!(poll(&mut one), Poll::Ready(Ok(21)), "waits for the second");
            assert_eq!(poll(&mut two), Poll::Ready(Ok(23)));
            assert_eq!(stage.memo.counters.read().in_place, 1);
            assert!(stage.world.waits.is_empty());
        }
    }

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<Task>>>);

    impl Executor for Kept {
        fn spawn(&self, task: Task) {
            self.0.lock().push(task);
        }
    }

    fn with_executor() -> (Stage, Kept) {
        let (stage, executor) = (stage().0, Kept::default());
        assert!(stage.world.executor.set(Arc::new(executor.clone())).is_ok());
        (stage, executor)
    }

    #[test]
    fn an_executor_finishes_what_nobody_waits_for() {
        let (stage, executor) = with_executor();
        let post = Arc::new(Post::default());
        let [first, second] = two_calls(&stage, Of::Flight, &post);
        drop(first);
        assert!(executor.0.lock().is_empty(), "somebody waits");
        drop(second);
        let mut task = executor.0.lock().pop().expect("nobody waits");
        let mut late = stage.call_async(Of::Flight, KEY, &[], post.clone().body());
        assert!(poll(&mut late).is_pending());
        post.send(Ok(7));
        let cx = &mut Context::from_waker(Waker::noop());
        assert!(task.as_mut().poll(cx).is_ready());
        assert_eq!((poll(&mut late), stage.get(KEY), post.runs()), (Poll::Ready(Ok(7)), Some(7), 1));
        assert_eq!(stage.memo.counters.read().cancelled, 0);
    }

    #[test]
    fn who_waits_for_an_executor_that_drops_its_task_computes() {
        let (stage, executor) = with_executor();
        let post = Arc::new(Post::default());
        drop(two_calls(&stage, Of::Flight, &post));
        let mut late = stage.call_async(Of::Flight, KEY, &[], async { Ok(8) });
        assert!(poll(&mut late).is_pending());
        let tasks = std::mem::take(&mut *executor.0.lock());
        drop(tasks);
        assert_eq!(poll(&mut late), Poll::Ready(Ok(8)));
        assert_eq!(stage.memo.counters.read().cancelled, 1);
    }

    #[test]
    fn an_executor_that_panics_leaves_nothing_behind() {
        struct Broken;
        impl Executor for Broken {
            fn spawn(&self, _: Task) {
                resume_unwind(Box::new("broken"));
            }
        }
        let (stage, _time) = stage();
        assert!(stage.world.executor.set(Arc::new(Broken)).is_ok());
        drop(two_calls(&stage, Of::Flight, &Arc::default()));
        assert_eq!(stage.flights(), 0);
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
            let (stage, _time) = stage();
            let post = Arc::new(Post::default());
            let mut call = stage.call_async(of, KEY, &[], post.clone().body());
            let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
            assert!(call.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            std::thread::scope(|scope| {
                scope.spawn(|| post.send(Ok(7)));
                std::thread::park_timeout(Duration::from_secs(20));
            });
            assert_eq!(poll(&mut call), Poll::Ready(Ok(7)));
        }
    }
}
