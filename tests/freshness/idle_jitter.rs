//! `idle`: what is not read dies. `jitter`: what is written together does not expire together.

use cache_core::testing::Scope;
use cache_core::{Peek, Ttl, memoize};
use tests::{Count, millis, now, secs};

#[test]
fn what_is_not_read_dies() {
    static RUNS: Count = Count::new();
    #[memoize(idle = "10m")]
    fn run(_n: u32) -> usize {
        RUNS.add()
    }
    static TASKS: Count = Count::new();
    #[memoize(idle = "10m")]
    async fn task(_name: &str) -> usize {
        TASKS.add()
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!((run(1), run(2), now(task("tom"))), (0, 1, 0));
    for _ in 0..5 {
        scope.advance(millis(599_999));
        assert_eq!((run(1), now(task("tom"))), (0, 0), "a call reads");
    }
    assert_eq!((run::key(2).get(), run::memo().len()), (None, 1));
    scope.advance(millis(599_999));
    assert_eq!(run::entry(1).get(), Some(0), "`get` reads");
    scope.advance(millis(599_999));
    assert!(run::key(1).is_live() && matches!(run::key(1).peek(), Peek::Fresh { value: 0, .. }));
    scope.advance(millis(1));
    assert_eq!((run::key(1).peek(), run::key(1).is_live()), (Peek::Absent, false), "to look is not to read");
    assert_eq!((run(1), now(task("tom"))), (2, 1));
}

#[test]
fn reading_does_not_move_the_end_of_the_ttl() {
    #[memoize(ttl = 10, idle = "4s")]
    fn run() -> u32 {
        1
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    run();
    for _ in 0..3 {
        scope.advance(secs(3));
        assert_eq!(run::entry().get(), Some(1));
    }
    assert_eq!(run::key().ttl(), Some(Ttl::For(secs(1))));
    scope.advance(secs(1));
    assert_eq!(run::entry().get(), None);
}

#[test]
fn no_window_opens_for_what_was_not_read() {
    static RUNS: Count = Count::new();
    #[memoize(ttl = 10, idle = "4s", stale_while_revalidate = "1h", stale_if_error = "1h")]
    fn run() -> Result<usize, &'static str> {
        if RUNS.add() == 0 { Ok(0) } else { Err("down") }
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let jobs = scope.hold_background().unwrap();
    run().unwrap();
    for _ in 0..4 {
        scope.advance(secs(3));
        assert_eq!(run(), Ok(0), "an answer that is stale is a read as well");
    }
    assert_eq!(jobs.refuse(), 1);
    scope.advance(secs(4));
    assert_eq!(run(), Err("down"));
}

#[test]
fn what_has_died_unread_is_swept() {
    #[memoize(idle = "4s", tag = "idle::swept")]
    fn run(n: u32) -> u32 {
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    (0..3).for_each(|n| assert_eq!(run(n), n));
    scope.advance(secs(3));
    run(0);
    scope.advance(secs(1));
    assert_eq!(run::memo().sweep(), 2);
    assert_eq!(run::memo().stats().expirations, 2);
    assert_eq!(cache_core::tag("idle::swept").invalidate().count(), 1);
}

#[test]
fn a_ttl_is_shortened_by_no_more_than_was_said_and_not_always_by_as_much() {
    #[memoize(ttl = 100, jitter = 0.2)]
    fn run(n: u32) -> u32 {
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let ttls: Vec<_> = (0..200)
        .map(|n| {
            run(n);
            let Some(Ttl::For(ttl)) = run::key(n).ttl() else { panic!("it has a ttl") };
            ttl
        })
        .collect();
    assert!(ttls.iter().all(|ttl| (secs(80)..=secs(100)).contains(ttl)));
    for from in [80, 85, 90, 95] {
        assert!(ttls.iter().any(|ttl| (secs(from)..secs(from + 5)).contains(ttl)), "from {from} on");
    }
    assert!(run::key(1).set_ttl(secs(50)));
    assert_eq!(run::key(1).ttl(), Some(Ttl::For(secs(50))), "what is said of one entry is meant");
}

#[test]
fn the_shortest_ttl_is_not_shortened_to_nothing() {
    #[memoize(ttl = "1ms", jitter = 0.9)]
    fn run(n: u32) -> u32 {
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    (0..100).for_each(|n| assert_eq!(run(n), n));
    assert_eq!(run::memo().len(), 100);
    scope.advance(millis(1));
    assert_eq!(run::memo().len(), 0);
}
