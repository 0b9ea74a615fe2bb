//! `inherit_tags` through many levels: whatever anything was computed from, at any depth and however it ended,
//! takes all of it along, and nothing else.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::mpsc::channel;

use cache_core::testing::Scope;
use cache_core::{Peek, inherit, memoize, tag};
use futures::FutureExt;
use tests::{ByHand, Gate, Latch, no_hang, now, wait_until};

/// Longer than what an entry carries one by one, so that there are groups of groups.
const LONG: u64 = 100;

#[memoize(inherit_tags, tags = ["deep:{n}"])]
fn next(n: u64) -> u64 {
    if n == 0 { 0 } else { next(n - 1) + 1 }
}

#[test]
fn all_that_was_computed_from_an_entry_goes_with_it_and_nothing_else() {
    let scope = Scope::new();
    let _inside = scope.enter();
    for at in [0, 1, 7, 8, 14, 15, 16, 17, 31, 32, 50, 98, 99] {
        let invalidate: [&dyn Fn() -> usize; 4] = [
            &|| next::entry(at).invalidate().count(),
            &|| tag(format!("deep:{at}")).invalidate().count(),
            &|| next::entry(at).mark_stale().count(),
            &|| next::memo().invalidate_if(|key, _| key.to_string().ends_with(&format!("({at})"))).count(),
        ];
        for invalidate in invalidate {
            // From the top, so that all is computed at once; from the bottom the next time.
            assert_eq!(next(LONG - 1), LONG - 1);
            assert_eq!(next::memo().len(), 100);
            assert_eq!(invalidate(), usize::try_from(LONG - at).unwrap());
            for n in 0..LONG {
                assert_eq!(next::entry(n).get().is_some(), n < at, "{n} of those from {at} on");
                next(n);
            }
        }
    }
    let mut tags: Vec<String> = (0..LONG).map(|n| format!("deep:{n}")).collect();
    tags.sort();
    let known: Vec<String> = next::memo().tags().iter().map(ToString::to_string).collect();
    assert_eq!(known, tags);
    assert_eq!(tag("deep:20").keys().len(), 80);
    assert_eq!(next::memo().clear().count(), 100);
    assert_eq!(tag("deep:20").keys().len(), 0);
}

#[test]
fn all_that_was_computed_from_what_is_marked_stale_is_marked_once() {
    #[memoize(inherit_tags, ttl = 1000, stale_while_revalidate = 1000)]
    fn next(n: u64) -> u64 {
        if n == 0 { 0 } else { next(n - 1) + 1 }
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    next(LONG - 1);
    for (at, count) in [(60, 40), (20, 40), (70, 0), (0, 20)] {
        assert_eq!(next::entry(at).mark_stale().count(), count);
        assert!(matches!(next::entry(at).peek(), Peek::Stale { .. }));
        assert!(matches!(next::entry(LONG - 1).peek(), Peek::Stale { .. }));
    }
    assert_eq!(next::entry(50).invalidate().count(), 50, "what is stale could still have been returned");
}

#[test]
fn what_was_computed_from_many_at_once_goes_with_each_of_them() {
    #[memoize(tags = ["deep:leaf:{n}"])]
    fn leaf(n: u64) -> u64 {
        n
    }
    #[memoize(inherit_tags)]
    fn sum(from: u64, to: u64) -> u64 {
        (from..to).map(leaf).sum()
    }
    #[memoize(inherit_tags)]
    fn pair(from: u64, middle: u64, to: u64) -> u64 {
        sum(from, middle) + sum(middle, to)
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    for n in 0..100 {
        assert_eq!(pair(0, 50, 100) + pair(0, 10, 50), 4_950 + 1_225);
        // The leaf, sums of both, pairs of both.
        let count = if n < 50 { 5 } else { 3 };
        let applied =
            if n % 2 == 0 { leaf::entry(n).invalidate() } else { tag(format!("deep:leaf:{n}")).invalidate() };
        assert_eq!(applied.count(), count, "{n}");
        assert_eq!(pair::key(0, 10, 50).is_live(), n >= 50);
    }
}

/// There are more ways from one to another than could ever be gone.
#[test]
fn what_was_computed_in_several_ways_from_the_same_goes_once() {
    #[memoize(inherit_tags)]
    fn ways(n: u64) -> u64 {
        if n < 2 { 1 } else { ways(n - 1).wrapping_add(ways(n - 2)) }
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    for at in [1, 40, 0, 199] {
        ways(200);
        assert_eq!(ways::memo().len(), 201);
        let count = match at {
            0 | 1 => 200,
            at => 201 - at,
        };
        assert_eq!(ways::entry(at).invalidate().count(), usize::try_from(count).unwrap(), "{at}");
        let before = ways::memo().stats().hits;
        assert_eq!(ways::entry(200).get(), None);
        assert_eq!(ways::memo().stats().hits, before);
    }
}

static ORIGIN: AtomicU64 = AtomicU64::new(0);

#[memoize(capacity = unbounded)]
fn origin(key: &'static str) -> u64 {
    let _ = key;
    ORIGIN.fetch_add(1, SeqCst)
}

/// Whether what `outer` keeps goes with the origin of a key.
fn goes_with(key: &'static str, outer: impl Fn() -> bool) {
    assert!(outer(), "it is kept");
    assert!(origin::entry(key).invalidate().count() >= 2, "it goes");
    assert!(!outer(), "it is gone");
}

#[test]
fn what_has_failed_half_way_hands_on_what_it_had_read() {
    #[memoize(inherit_tags)]
    fn fails(depth: u64) -> Result<u64, u64> {
        if depth > 0 { fails(depth - 1) } else { Err(origin("deep:fails")) }
    }
    #[memoize(inherit_tags)]
    fn outer() -> u64 {
        fails(50).unwrap_or_else(|read| read)
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    outer();
    goes_with("deep:fails", || outer::key().is_live());
}

#[test]
fn what_has_panicked_half_way_hands_on_what_it_had_read() {
    #[memoize(inherit_tags)]
    fn panics(depth: u64) -> u64 {
        if depth > 0 { panics(depth - 1) } else { std::panic::resume_unwind(Box::new(origin("deep:panics"))) }
    }
    #[memoize(inherit_tags)]
    fn outer() -> u64 {
        let panicked = catch_unwind(AssertUnwindSafe(|| panics(50)));
        *panicked.unwrap_err().downcast().unwrap()
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    outer();
    goes_with("deep:panics", || outer::key().is_live());
}

#[test]
fn what_is_given_up_half_way_hands_on_what_it_had_read() {
    #[memoize(inherit_tags)]
    async fn never_ends(n: u64) -> u64 {
        origin("deep:given up");
        std::future::pending::<()>().await;
        n
    }
    #[memoize(inherit_tags)]
    async fn between(n: u64) -> Option<u64> {
        never_ends(n).now_or_never()
    }
    #[memoize(inherit_tags)]
    async fn outer(n: u64) -> Option<u64> {
        between(n).await
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!(now(outer(1)), None);
    goes_with("deep:given up", || now(outer::key(1).is_live()));
}

#[test]
fn what_is_computed_in_place_hands_on_what_it_has_read() {
    #[memoize(inherit_tags, skip(again))]
    fn itself(n: u64, again: bool) -> u64 {
        if again { itself(n, false) } else { origin("deep:in place") }
    }
    #[memoize(inherit_tags)]
    fn outer() -> u64 {
        itself(1, true)
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    outer();
    assert_eq!(itself::memo().stats().in_place, 1);
    goes_with("deep:in place", || itself::key(1).is_live() && outer::key().is_live());
}

#[test]
fn who_has_waited_for_a_computation_takes_over_what_that_had_read() {
    static BEGUN: Latch = Latch::new();
    static GO_ON: Latch = Latch::new();
    #[memoize(inherit_tags)]
    fn slow(depth: u64) -> u64 {
        if depth > 0 {
            return slow(depth - 1);
        }
        let read = origin("deep:waited");
        BEGUN.open();
        GO_ON.wait();
        read
    }
    #[memoize(inherit_tags)]
    fn outer() -> u64 {
        slow(40)
    }

    no_hang(|| {
        let scope = Scope::new();
        let inside = |run: fn() -> u64| {
            let scope = scope.clone();
            std::thread::spawn(move || {
                let _inside = scope.enter();
                run()
            })
        };
        let leader = inside(|| slow(40));
        BEGUN.wait();
        let waiter = inside(outer);
        let _inside = scope.enter();
        wait_until(|| slow::memo().stats().waits == 1);
        GO_ON.open();
        assert_eq!(leader.join().unwrap(), waiter.join().unwrap());
        goes_with("deep:waited", || outer::key().is_live());
    });
}

/// It tells what it has read by another way than its value, which is not there yet.
#[test]
fn what_goes_on_when_the_one_above_ends_has_been_heard_by_then() {
    static READ: Latch = Latch::new();
    static GO_ON: Latch = Latch::new();
    #[memoize(inherit_tags)]
    fn goes_on(n: u64) -> u64 {
        origin("deep:goes on");
        READ.open();
        GO_ON.wait();
        origin("deep:goes on later");
        n
    }
    #[memoize(inherit_tags, skip(scope))]
    fn between(scope: &Scope) -> u64 {
        let scope = scope.clone();
        std::thread::spawn(inherit(move || {
            let _inside = scope.enter();
            goes_on(1)
        }));
        READ.wait();
        1
    }
    #[memoize(inherit_tags, skip(scope))]
    fn outer(scope: &Scope) -> u64 {
        let between = between(scope);
        GO_ON.open();
        wait_until(|| goes_on::key(1).is_live());
        between
    }

    no_hang(|| {
        let scope = Scope::new();
        let _inside = scope.enter();
        outer(&scope);
        assert!(between::key().is_live() && outer::key().is_live());
        goes_with("deep:goes on later", || outer::key().is_live());
        assert!(between::key().is_live(), "it had ended before");
        goes_with("deep:goes on", || between::key().is_live());
    });
}

#[test]
fn what_is_computed_by_several_tasks_is_heard_by_each() {
    static GATE: Gate = Gate::new();
    #[memoize(inherit_tags)]
    async fn inner(n: u64) -> u64 {
        let read = origin("deep:tasks");
        GATE.pass().await;
        read + n
    }
    #[memoize(inherit_tags)]
    async fn outer(n: u64) -> u64 {
        inner(1).await + n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let mut outers: Vec<_> = (0..3).map(|n| ByHand::new(outer(n))).collect();
    assert!(outers.iter_mut().all(|outer| outer.poll().is_none()));
    // The one that has begun it leaves; another one goes on with it.
    drop(outers.remove(0));
    GATE.open();
    for outer in outers {
        outer.finish();
    }
    goes_with("deep:tasks", || now(outer::key(1).is_live()) && now(outer::key(2).is_live()));
    assert!(!now(outer::key(1).is_live()) && !now(outer::key(2).is_live()));
}

#[test]
fn what_was_invalidated_meanwhile_at_any_depth_is_not_kept() {
    #[memoize(inherit_tags)]
    fn next(n: u64) -> u64 {
        if n == 0 { origin("deep:meanwhile") } else { next(n - 1) }
    }
    #[memoize(inherit_tags)]
    fn outer(at: u64) -> u64 {
        let read = next(60);
        next::entry(at).invalidate();
        read
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    for at in [0, 1, 30, 60] {
        outer(at);
        assert!(!outer::key(at).is_live(), "{at}");
    }
}

/// Tags of one world mean nothing in another, and reach those of theirs through it.
#[test]
fn worlds_within_each_other_hear_of_their_own() {
    #[memoize(inherit_tags, skip(worlds))]
    fn crossing(depth: u64, worlds: &[Scope; 2]) -> u64 {
        let _inside = worlds[usize::try_from(depth % 2).unwrap()].enter();
        if depth == 0 { origin("deep:worlds") } else { crossing(depth - 1, worlds) }
    }

    let (one, other) = (Scope::new(), Scope::new());
    let worlds = [one.clone(), other.clone()];
    let _inside = one.enter();
    // Each is computed in the world that the one above has entered: 6 and 5 in the first, 4 in the second, ...
    crossing(6, &worlds);
    let live = |scope: &Scope| {
        let _inside = scope.enter();
        (0..=6).filter(|depth| crossing::key(*depth).is_live()).collect::<Vec<_>>()
    };
    assert_eq!((live(&one), live(&other)), (vec![1, 3, 5, 6], vec![0, 2, 4]));
    // The origin was read in the first one, by the last of the second.
    assert_eq!(origin::entry("deep:worlds").invalidate().count(), 5);
    assert_eq!((live(&one), live(&other)), (vec![], vec![0, 2, 4]));
}

#[test]
fn nothing_is_lost_between_those_who_end_at_once() {
    #[memoize(inherit_tags)]
    fn reads(round: u64) -> u64 {
        origin("deep:at once");
        round
    }
    #[memoize(inherit_tags, skip(scope))]
    fn outer(round: u64, scope: &Scope) -> u64 {
        let (tell, told) = channel();
        let scope = scope.clone();
        std::thread::spawn(inherit(move || {
            let _inside = scope.enter();
            // What is told is known before this one has ended, or hands anything on.
            let _ = tell.send(origin("deep:at once"));
            reads(round)
        }));
        told.recv().unwrap();
        round
    }

    no_hang(|| {
        let scope = Scope::new();
        let _inside = scope.enter();
        for round in 0..300 {
            outer(round, &scope);
            assert!(outer::key(round).is_live());
            assert!(origin::entry("deep:at once").invalidate().count() >= 1);
            assert!(!outer::key(round).is_live(), "{round}");
        }
    });
}
