//! Tasks: one computation for all who ask, whatever their executor; leaders that are not polled, circles,
//! and invalidations while it runs.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::task::Poll;
use std::thread;

use cache_core::testing::Scope;
use cache_core::{Stats, inherit_task, memoize, tag};
use futures::executor::block_on;
use futures::future::{FutureExt as _, join, join_all};
use tests::{ByHand, Count, Gate, in_turn, millis, no_hang, secs, wait_until, yields};
use tokio::runtime::{Builder, Runtime};

/// A runtime of one thread, that which asks.
fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_time().build().unwrap()
}

/// A runtime with two threads of its own.
fn multi_thread() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap()
}

/// Two hundred tasks of one runtime.
fn two_hundred<F>(runtime: &Runtime, call: impl Fn() -> F) -> Vec<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    runtime.block_on(async {
        let tasks: Vec<_> = (0..200).map(|_| tokio::spawn(call())).collect();
        join_all(tasks).await.into_iter().map(Result::unwrap).collect()
    })
}

/// What two hundred callers of one cold key come to.
#[track_caller]
fn one_for_all(values: &[usize], runs: &Count, stats: Stats) {
    assert_eq!(values, [7; 200]);
    assert_eq!(runs.get(), 1);
    assert_eq!((stats.stores, stats.misses, stats.waits, stats.in_place), (1, 200, 199, 0));
}

#[test]
fn two_hundred_tasks_that_ask_for_a_cold_key_run_it_once() {
    static RUNS: Count = Count::new();
    #[memoize]
    async fn load(n: usize) -> usize {
        // Not before all others wait.
        while load::memo().stats().waits < 199 {
            tokio::task::yield_now().await;
        }
        RUNS.add() + n
    }

    no_hang(|| {
        for runtime in [multi_thread(), current_thread()] {
            RUNS.set(0);
            let scope = Scope::new();
            let values = two_hundred(&runtime, || scope.within(load(7)));
            let _inside = scope.enter();
            one_for_all(&values, &RUNS, load::memo().stats());
            // No flight is left: what is looked up is the entry.
            assert_eq!(load(7).now_or_never(), Some(7));
            assert_eq!(load::memo().stats().waits, 199);
        }
    });
}

#[test]
fn two_hundred_tasks_with_borrowed_arguments_run_it_once() {
    static RUNS: Count = Count::new();
    #[memoize]
    async fn length(name: &str) -> usize {
        while length::memo().stats().waits < 199 {
            tokio::task::yield_now().await;
        }
        RUNS.add() + name.len()
    }

    no_hang(|| {
        for runtime in [multi_thread(), current_thread()] {
            RUNS.set(0);
            let scope = Scope::new();
            let values = two_hundred(&runtime, || {
                scope.within(async {
                    let name = String::from("whisker");
                    length(&name).await
                })
            });
            let _inside = scope.enter();
            one_for_all(&values, &RUNS, length::memo().stats());
            assert_eq!(length("whisker").now_or_never(), Some(7));
        }
    });
}

#[test]
fn tasks_of_several_executors_share_a_flight() {
    static RUNS: Count = Count::new();
    static GO: Gate = Gate::new();
    #[memoize]
    async fn owned(n: usize) -> usize {
        GO.pass().await;
        RUNS.add() + n
    }
    #[memoize]
    async fn borrowed(name: &str) -> usize {
        GO.pass().await;
        RUNS.add() + name.len()
    }

    no_hang(|| {
        let (one, other) = (multi_thread(), current_thread());
        let both = || join(owned(3), borrowed("whisker"));
        let mut values: Vec<_> = thread::scope(|threads| {
            let all = [
                threads.spawn(|| one.block_on(both())),
                threads.spawn(|| other.block_on(both())),
                threads.spawn(|| block_on(both())),
                threads.spawn(|| block_on(both())),
            ];
            wait_until(|| owned::memo().stats().waits == 3 && borrowed::memo().stats().waits == 3);
            GO.open();
            all.map(|one| one.join().unwrap()).into()
        });
        values.dedup();
        // Whichever of the two comes second counts one more.
        assert!(matches!(values[..], [(3, 8) | (4, 7)]), "{values:?}");
        assert_eq!(RUNS.get(), 2);
    });
}

#[test]
fn a_leader_whose_body_cannot_go_on_holds_waiters_for_max_wait() {
    static RUNS: Count = Count::new();
    static GO: Gate = Gate::new();
    #[memoize(max_wait = "10s")]
    async fn load(name: &str) -> usize {
        let run = RUNS.add();
        if run == 0 {
            GO.pass().await;
        }
        run + name.len()
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let mut leader = ByHand::new(load("tom"));
    assert_eq!(leader.poll(), None);
    let mut waiter = ByHand::new(load("tom"));
    assert_eq!(waiter.run(), None);
    scope.advance(millis(9_999));
    assert_eq!((waiter.run(), RUNS.get()), (None, 1));
    scope.advance(millis(1));
    assert_eq!(waiter.run(), Some(4), "with a body of its own");
    assert_eq!((load::memo().stats().in_place, load::memo().len()), (1, 0), "in place, not stored");
    GO.open();
    assert_eq!(leader.finish(), 3);
    assert_eq!(load("tom").now_or_never(), Some(3));
}

#[test]
fn one_waiter_is_let_go_for_each_max_wait() {
    static RUNS: Count = Count::new();
    static GO: Gate = Gate::new();
    #[memoize(max_wait = "10s")]
    async fn load(name: &str) -> usize {
        let run = RUNS.add();
        if run == 0 {
            GO.pass().await;
        }
        run + name.len()
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let mut leader = ByHand::new(load("tom"));
    assert_eq!(leader.poll(), None);
    let mut waiters: Vec<_> = (0..3).map(|_| ByHand::new(load("tom"))).collect();
    assert_eq!(in_turn(&mut waiters), [None; 3]);
    for left in [2, 1] {
        scope.advance(millis(9_900));
        assert!(in_turn(&mut waiters).iter().all(Option::is_none));
        scope.advance(millis(100));
        let values = in_turn(&mut waiters);
        assert_eq!(values.iter().flatten().count(), 1, "one, not all");
        let mut ready = values.iter().map(Option::is_some);
        waiters.retain(|_| !ready.next().unwrap());
        assert_eq!(waiters.len(), left);
    }
    GO.open();
    assert_eq!(leader.finish(), 3);
    assert_eq!(in_turn(&mut waiters), [Some(3)], "the last one gets the leader's");
    assert_eq!((load::memo().stats().in_place, RUNS.get()), (2, 3));
}

#[test]
fn a_waiter_that_was_let_go_returns_with_the_leader_if_that_is_done_first() {
    static GO: Gate = Gate::new();
    static NEVER: Gate = Gate::new();
    static RUNS: Count = Count::new();
    // The bodies of those who were let go are slower.
    async fn pass() {
        (if RUNS.add() < 2 { &GO } else { &NEVER }).pass().await;
    }
    #[memoize(max_wait = "5s")]
    async fn owned(n: usize) -> usize {
        pass().await;
        n
    }
    #[memoize(max_wait = "5s")]
    async fn borrowed(name: &str) -> usize {
        pass().await;
        name.len()
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let mut leader = ByHand::new(join(owned(3), borrowed("tom")));
    assert_eq!(leader.run(), None);
    let mut waiters = [(); 3].map(|()| ByHand::new(join(owned(3), borrowed("tom"))));
    assert_eq!(in_turn(&mut waiters), [None; 3]);
    for _ in 0..2 {
        scope.advance(secs(5));
        assert_eq!(in_turn(&mut waiters), [None; 3]);
    }
    assert_eq!((owned::memo().stats().in_place, borrowed::memo().stats().in_place), (2, 2));
    GO.open();
    assert_eq!(leader.finish(), (3, 3));
    assert!(waiters.iter().all(ByHand::is_woken));
    let outcomes = waiters.each_mut().map(ByHand::poll);
    assert_eq!(outcomes, [Some((3, 3)); 3]);
    assert_eq!((owned::memo().stats().stores, borrowed::memo().stats().stores), (1, 1));
}

#[test]
fn a_waiter_overtakes_a_leader_that_is_not_polled() {
    static OWNED: Count = Count::new();
    static BORROWED: Count = Count::new();
    #[memoize]
    async fn owned(n: usize) -> usize {
        let run = OWNED.add();
        yields(5).await;
        run + n
    }
    #[memoize]
    async fn borrowed(name: &str) -> usize {
        let run = BORROWED.add();
        yields(5).await;
        run + name.len()
    }

    fn check(call: fn() -> ByHand<'static, usize>, stats: fn() -> Stats, runs: &Count) {
        let scope = Scope::new();
        let _inside = scope.enter();
        let mut leader = call();
        assert_eq!(leader.poll(), None);
        let mut waiters = [call(), call()];
        assert_eq!(in_turn(&mut waiters), [None; 2]);
        scope.advance(millis(99));
        assert_eq!(in_turn(&mut waiters), [None; 2], "the leader still has time");
        for _ in 0..2 {
            scope.advance(millis(100));
        }
        assert_eq!(in_turn(&mut waiters), [Some(4); 2], "one with a body of its own, the other waits for it");
        assert_eq!(leader.finish(), 3, "it finishes for its own caller");
        assert_eq!(call().finish(), 4, "and does not store over");
        let stats = stats();
        assert_eq!((runs.get(), stats.in_place, stats.stores, stats.overtaken), (2, 0, 1, 1));
    }
    check(|| ByHand::new(owned(3)), || owned::memo().stats(), &OWNED);
    check(|| ByHand::new(borrowed("tom")), || borrowed::memo().stats(), &BORROWED);
}

#[test]
fn a_waiter_that_leads_is_not_let_go() {
    static RUNS: Count = Count::new();
    static GO: Gate = Gate::new();
    #[memoize(max_wait = "10s")]
    async fn load(n: usize) -> usize {
        let run = RUNS.add();
        GO.pass().await;
        run + n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let mut leader = ByHand::new(load(3));
    assert_eq!(leader.run(), None);
    let mut waiter = ByHand::new(load(3));
    assert_eq!(waiter.run(), None);
    drop(leader);
    for _ in 0..30 {
        scope.advance(secs(1));
        assert_eq!(waiter.run(), None);
    }
    GO.open();
    assert_eq!(waiter.finish(), 4);
    let stats = load::memo().stats();
    assert_eq!((RUNS.get(), stats.in_place, stats.cancelled, stats.stores), (2, 0, 1, 1));
}

#[test]
fn a_computation_stays_with_the_task_that_began_it() {
    thread_local! {
        static POLLING: Cell<&'static str> = const { Cell::new("") };
    }
    #[memoize]
    async fn load(n: usize) -> usize {
        let mut turns = 0;
        poll_fn(|cx| {
            assert_eq!(POLLING.get(), "leader");
            turns += 1;
            cx.waker().wake_by_ref();
            if turns == 10 { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let (mut leader, mut waiter) = (ByHand::new(load(3)), ByHand::new(load(3)));
    let mut value = None;
    while value.is_none() {
        POLLING.set("leader");
        value = leader.poll();
        POLLING.set("waiter");
        if value.is_none() {
            assert_eq!(waiter.poll(), None);
        }
        // It takes its time, but it polls.
        scope.advance(millis(90));
    }
    assert_eq!((value, waiter.finish()), (Some(3), 3));
    assert_eq!(load::memo().stats().panics, 0);
}

#[test]
fn recursion_into_the_same_key_is_computed_in_place() {
    static OWNED: Count = Count::new();
    static BORROWED: Count = Count::new();
    #[memoize]
    async fn owned(n: usize) -> usize {
        yields(1).await;
        if OWNED.add() < 4 { owned(n).await + 1 } else { n }
    }
    #[memoize]
    async fn borrowed(name: &str) -> usize {
        yields(1).await;
        if BORROWED.add() < 4 { Box::pin(borrowed(name)).await + 1 } else { name.len() }
    }

    assert_eq!(ByHand::new(owned(10)).finish(), 14);
    assert_eq!(ByHand::new(borrowed("tom")).finish(), 7);
    for stats in [owned::memo().stats(), borrowed::memo().stats()] {
        assert_eq!((stats.in_place, stats.stores), (4, 1), "only the leader stores");
    }
    assert_eq!((owned(10).now_or_never(), borrowed("tom").now_or_never()), (Some(14), Some(7)));
}

#[test]
fn circles_of_two_tasks_end() {
    static OWNED: Count = Count::new();
    static BORROWED: Count = Count::new();
    // Each begins, lets the other begin, and then needs the other.
    #[memoize]
    async fn ping(n: usize) -> usize {
        let run = OWNED.add();
        yields(1).await;
        if run < 4 { pong(n).await + 1 } else { n }
    }
    #[memoize]
    async fn pong(n: usize) -> usize {
        let run = OWNED.add();
        yields(1).await;
        if run < 4 { ping(n).await + 1 } else { n }
    }
    #[memoize]
    async fn tick(name: &str) -> usize {
        let run = BORROWED.add();
        yields(1).await;
        if run < 4 { Box::pin(tock(name)).await + 1 } else { name.len() }
    }
    #[memoize]
    async fn tock(name: &str) -> usize {
        let run = BORROWED.add();
        yields(1).await;
        if run < 4 { Box::pin(tick(name)).await + 1 } else { name.len() }
    }

    // Nobody is let go: time stands still.
    let scope = Scope::new();
    let _inside = scope.enter();
    for begin in 0..2 {
        // In one task, and in two.
        OWNED.set(0);
        BORROWED.set(0);
        ping::memo().clear();
        pong::memo().clear();
        tick::memo().clear();
        tock::memo().clear();
        if begin == 0 {
            assert!(ByHand::new(join(ping(1), pong(1))).run().is_some());
            assert!(ByHand::new(join(tick("tom"), tock("tom"))).run().is_some());
        } else {
            let values = in_turn(&mut [ByHand::new(ping(1).boxed()), ByHand::new(pong(1).boxed())]);
            assert!(values.iter().all(Option::is_some), "{values:?}");
            let both = [ByHand::new(tick("tom").boxed()), ByHand::new(tock("tom").boxed())];
            let values = in_turn(&mut { both });
            assert!(values.iter().all(Option::is_some), "{values:?}");
        }
    }
    for stats in [ping::memo().stats() + pong::memo().stats(), tick::memo().stats() + tock::memo().stats()] {
        assert!(stats.in_place >= 2, "each time somebody noticed: {stats:?}");
        assert_eq!(stats.stores, 4);
    }
}

#[test]
fn both_halves_of_a_join_may_need_the_same_key() {
    static RUNS: Count = Count::new();
    #[memoize]
    async fn part(n: usize) -> usize {
        yields(3).await;
        RUNS.add() + n
    }
    #[memoize]
    async fn whole(n: usize) -> usize {
        let (one, other) = join(part(n), part(n)).await;
        one + other
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!(ByHand::new(whole(3)).run(), Some(6));
    assert_eq!((RUNS.get(), part::memo().stats().in_place), (1, 0));
}

#[test]
fn nothing_waits_behind_the_miss_of_another_key() {
    static GO: Gate = Gate::new();
    #[memoize]
    async fn load(n: usize) -> usize {
        if n == 2 {
            GO.pass().await;
        }
        n
    }

    assert_eq!(load(1).now_or_never(), Some(1));
    let mut slow: Vec<_> = (0..2).map(|_| ByHand::new(load(2))).collect();
    assert_eq!(in_turn(&mut slow), [None; 2]);
    assert_eq!(load(1).now_or_never(), Some(1), "a hit is ready at the first poll");
    assert_eq!(load::entry(1).get().now_or_never(), Some(Some(1)));
    assert_eq!(load(3).now_or_never(), Some(3), "and so is a miss that need not wait");
    GO.open();
    assert_eq!(in_turn(&mut slow), [Some(2); 2]);
}

#[test]
fn what_is_invalidated_while_it_is_computed_serves_those_who_asked_before() {
    #[derive(Clone, Copy, PartialEq)]
    enum By {
        Key,
        Tag,
        Clear,
        Pattern,
    }
    static RUNS: Count = Count::new();
    #[memoize(tags = ["tasks-value:{value}"])]
    async fn owned(n: usize) -> usize {
        let _ = RUNS.add();
        yields(2).await;
        n
    }
    #[memoize(tags = ["tasks-value:{value}"])]
    async fn borrowed(name: &str) -> usize {
        let _ = RUNS.add();
        yields(2).await;
        name.len()
    }

    for by in [By::Key, By::Tag, By::Clear, By::Pattern] {
        let scope = Scope::new();
        let _inside = scope.enter();
        RUNS.set(0);
        let mut before =
            [ByHand::new(join(owned(3), borrowed("tom"))), ByHand::new(join(owned(3), borrowed("tom")))];
        assert_eq!((before[0].poll(), before[1].poll()), (None, None));
        assert_eq!(RUNS.get(), 2);
        match by {
            By::Key => {
                owned::entry(3).invalidate();
                borrowed::entry("tom").invalidate();
            }
            By::Tag => assert_eq!(tag("tasks-value:3").invalidate().count(), 0, "nobody knows it yet"),
            By::Clear => {
                owned::memo().clear();
                borrowed::memo().clear();
            }
            By::Pattern => {
                owned::memo().invalidate_matching("*owned(3)");
                borrowed::memo().invalidate_matching("*(\"tom\")");
            }
        }
        let mut after = ByHand::new(join(owned(3), borrowed("tom")));
        assert_eq!(after.poll(), None);
        assert_eq!(in_turn(&mut before), [Some((3, 3)); 2]);
        let stored = (owned::entry(3).get().now_or_never(), borrowed::entry("tom").get().now_or_never());
        assert_eq!(stored, (Some(None), Some(None)), "what was overtaken is not stored");
        assert_eq!(after.finish(), (3, 3));
        assert_eq!(RUNS.get(), 4, "who came after it got a value from after it");
        for stats in [owned::memo().stats(), borrowed::memo().stats()] {
            assert_eq!((stats.overtaken, stats.stores), (1, 1));
        }
    }
}

#[test]
fn a_refresh_supersedes_what_is_being_computed() {
    static RUNS: Count = Count::new();
    #[memoize]
    async fn load(n: usize) -> usize {
        let run = RUNS.add();
        yields(2).await;
        n + run
    }

    let mut before = [ByHand::new(load(10)), ByHand::new(load(10))];
    assert_eq!((before[0].poll(), before[1].poll()), (None, None));
    let mut refresh = ByHand::new(load::entry(10).refresh());
    let mut after = ByHand::new(load(10));
    assert_eq!((refresh.poll(), after.poll()), (None, None));
    assert_eq!(in_turn(&mut before), [Some(10); 2]);
    assert_eq!(load::entry(10).get().now_or_never(), Some(None), "superseded, so not stored");
    assert_eq!((refresh.finish(), after.finish()), (11, 11), "who came after it waits for it");
    assert_eq!(load(10).now_or_never(), Some(11));
    assert_eq!(RUNS.get(), 2);
}

#[test]
fn a_refresh_serves_the_old_value_to_others_meanwhile() {
    static RUNS: Count = Count::new();
    #[memoize]
    async fn load(n: usize) -> usize {
        yields(1).await;
        n + RUNS.add()
    }

    assert_eq!(ByHand::new(load(10)).finish(), 10);
    let mut refresh = ByHand::new(load::entry(10).refresh());
    assert_eq!(refresh.poll(), None);
    assert_eq!(load(10).now_or_never(), Some(10));
    assert_eq!(refresh.finish(), 11);
    assert_eq!(load(10).now_or_never(), Some(11));
}

#[test]
fn what_is_inserted_during_a_computation_stays() {
    #[memoize]
    async fn load(n: usize) -> usize {
        yields(1).await;
        n
    }

    let mut before = [ByHand::new(load(3)), ByHand::new(load(3))];
    assert_eq!((before[0].poll(), before[1].poll()), (None, None));
    assert_eq!(load::entry(3).insert(4).now_or_never(), Some(true));
    assert_eq!(load(3).now_or_never(), Some(4), "it is there at once");
    assert_eq!(in_turn(&mut before), [Some(3); 2]);
    assert_eq!(load(3).now_or_never(), Some(4));
    assert_eq!(load::memo().stats().overtaken, 1);
}

#[test]
fn a_task_that_a_body_spawns_may_inherit_its_flight() {
    static RUNS: Count = Count::new();
    // Whoever waited in vain would wait that long.
    #[memoize(max_wait = "1h")]
    async fn load(n: usize) -> usize {
        if RUNS.add() == 0 {
            let child = inherit_task(async move {
                yields(1).await;
                load(n).await + 1
            });
            return tokio::spawn(child).await.unwrap();
        }
        n
    }

    for (n, runtime) in [(3, multi_thread()), (4, current_thread())] {
        RUNS.set(0);
        assert_eq!(no_hang(move || runtime.block_on(async { tokio::spawn(load(n)).await.unwrap() })), n + 1);
    }
    assert_eq!(load::memo().stats().in_place, 2);
}
