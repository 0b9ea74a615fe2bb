//! What waiters find when they look at their flight, and which of them are woken to look again.

use super::*;

/// Of a caller that waits for as long as it takes.
const UNBOUNDED: WaitBounds =
    WaitBounds { max_wait: None, until: None, own: false, begins_from: None, worker_leaves: None };

/// A waiting thread sets a timer only if a task leads. If it does not know yet, it is woken; with a timer, it is not.
#[test]
fn threads_are_told_at_the_end_of_the_first_poll_that_a_task_leads() {
    for is_task in [false, true] {
        let scene = Arc::new(Scene::new());
        let (bell, place) = (Arc::new(Bell::default()), Arc::new(Mutex::new(None)));
        let look = {
            let (scene, bell) = (scene.clone(), bell.clone());
            move |waiter: &Waiter| {
                let waker = Waker::from(bell.clone());
                let begins_from = (!is_task).then_some(NEVER);
                waiter.look(&waker, scene.cache.memo.clock(), UNBOUNDED, begins_from)
            }
        };
        let mut leader = Task::new(scene.cache.call_async(OwnedBy::Owner, KEY, &[], {
            let (scene, place, look) = (scene.clone(), place.clone(), look.clone());
            async move {
                let flight = scene.cache.flight(KEY).expect("it is under way");
                let waiter = Waiter::new(flight, 0, None, None);
                assert!(matches!(look(&waiter), WaitStep::Again(_)));
                *place.lock() = Some(waiter);
                scene.body.step().await;
                Ok(VALUE)
            }
        }));
        assert!(leader.poll().is_pending());
        assert_eq!(bell.0.swap(false, Ordering::Relaxed), !is_task);
        let waiter = place.lock().take().expect("it was polled");
        assert!(matches!(look(&waiter), WaitStep::Again(_)));
        assert!(waiter.flight.state.lock().timed);
        assert!(leader.poll().is_pending());
        assert!(!bell.0.load(Ordering::Relaxed), "it knows");
        drop(waiter);
    }
}

#[test]
fn a_flight_is_looked_at_a_period_after_somebody_has_begun_to_wait() {
    let scene = Scene::new();
    scene.time.advance(10 * PERIOD);
    let [_leader, waiter] = scene.tasks(OwnedBy::Owner);
    scene.body.go_on();
    scene.time.advance(PERIOD);
    assert!(!waiter.is_woken());
    scene.time.advance(PERIOD);
    assert!(waiter.is_woken(), "the leader was seen twice to stand still");
}

#[cfg(feature = "rayon")]
#[test]
fn workers_leave_together_and_share_what_one_of_them_has_computed() {
    use crate::engine::Step;
    use crate::erased::Erased;
    use crate::flight::Intent;

    let scene = Scene::new();
    let Step::Lead(leader) = scene.cache.begin(KEY, Intent::Read) else { unreachable!() };
    let flight = leader.flight();
    let [first, second, other] = [(); 3].map(|()| Waiter::new(flight.clone(), 0, None, None));
    let bell = Arc::new(Bell::default());
    let look = |waiter: &Waiter, worker_leaves| {
        let bounds = WaitBounds { worker_leaves, ..UNBOUNDED };
        waiter.look(&Waker::from(bell.clone()), scene.cache.memo.clock(), bounds, Some(NEVER))
    };
    assert!(matches!(look(&first, Some(10)), WaitStep::Again(10)));
    assert!(matches!(look(&second, Some(20)), WaitStep::Again(10)));
    assert!(matches!(look(&other, None), WaitStep::Again(NEVER)));
    assert!(!flight.has_let_workers_go());
    scene.time.advance(10);
    assert!(matches!(look(&first, Some(10)), WaitStep::Ended(WaitOutcome::LetGo)));
    assert!(flight.has_let_workers_go());
    assert!(!bell.0.load(Ordering::Relaxed));
    flight.share_with_workers(Erased::new(VALUE));
    assert!(bell.0.load(Ordering::Relaxed), "the others are told");
    let WaitStep::Ended(WaitOutcome::Landed(Landing::Value(shared, _))) = look(&second, Some(20)) else {
        panic!("it does not get the value");
    };
    assert_eq!(*shared.get::<u64>(), VALUE);
    assert!(matches!(look(&other, None), WaitStep::Again(NEVER)), "it is for workers alone");
}
