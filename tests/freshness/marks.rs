//! `mark_stale`: what may be outdated is an answer within its windows, which count from then.

use std::thread;

use cache_core::testing::Scope;
use cache_core::{Peek, memoize, registry, tag};
use tests::{Count, Latch, millis, no_hang, now, secs, wait_until};

/// Case 19.
#[test]
fn after_a_mark_one_call_gets_the_old_value_and_the_next_one_the_new() {
    static RUNS: Count = Count::new();
    #[memoize(ttl = 1_000, stale_while_revalidate = "5s")]
    fn run() -> usize {
        RUNS.add()
    }
    static TASKS: Count = Count::new();
    #[memoize(ttl = 1_000, stale_while_revalidate = "5s")]
    async fn task(_name: &str) -> usize {
        TASKS.add()
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let jobs = scope.hold_background().unwrap();
    let call = || (run(), now(task("tom")));
    assert_eq!(call(), (0, 0));
    assert_eq!(run::key().mark_stale().count() + task::key("tom").mark_stale().count(), 2);
    let old = call();
    assert_eq!((old, jobs.run(), call()), ((0, 0), 2, (1, 1)));
    run::key().invalidate();
    task::key("tom").invalidate();
    assert_eq!([call(), call()], [(2, 2); 2]);
    assert!(jobs.is_empty());
}

#[test]
fn windows_count_from_the_mark() {
    #[memoize(ttl = 1_000, stale_while_revalidate = "5s", stale_if_error = "10s")]
    fn run() -> Result<usize, &'static str> {
        static RUNS: Count = Count::new();
        if RUNS.add() == 0 { Ok(0) } else { Err("down") }
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let jobs = scope.hold_background().unwrap();
    run().unwrap();
    let key = run::key();
    scope.advance(secs(100));
    assert_eq!(key.mark_stale().count(), 1);
    assert_eq!(key.mark_stale().count(), 0, "it is no longer fresh");
    assert_eq!((key.get(), key.is_live(), run::memo().len()), (None, false, 0));
    assert!(
        matches!(key.peek(), Peek::Stale { value: 0, age, past, .. } if (age, past) == (secs(100), secs(0)))
    );
    scope.advance(millis(4_999));
    key.mark_stale();
    assert_eq!((run(), jobs.run()), (Ok(0), 1));
    scope.advance(millis(1));
    assert_eq!((run(), jobs.len()), (Ok(0), 0), "then for errors");
    scope.advance(millis(4_999));
    assert_eq!(run(), Ok(0));
    scope.advance(millis(1));
    assert_eq!(
        (run(), key.peek()),
        (Err("down"), Peek::Absent),
        "and no longer, however often it was marked"
    );
}

#[test]
fn a_mark_does_not_lengthen_what_is_stale_already() {
    #[memoize(ttl = 10, stale_while_revalidate = "5s")]
    fn run() -> usize {
        static RUNS: Count = Count::new();
        RUNS.add()
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let jobs = scope.hold_background().unwrap();
    run();
    scope.advance(secs(14));
    run::key().mark_stale();
    assert_eq!((run(), jobs.refuse()), (0, 1));
    scope.advance(secs(1));
    assert_eq!(run(), 1);
}

#[test]
fn without_a_window_a_mark_is_an_invalidation() {
    static RUNS: Count = Count::new();
    #[memoize(ttl = 10, tag = "freshness::marks::plain")]
    fn run(_n: u32) -> usize {
        RUNS.add()
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!(run(1), 0);
    assert_eq!((run::key(1).mark_stale().count(), run::key(1).peek(), run(1)), (1, Peek::Absent, 1));
    assert_eq!((tag("freshness::marks::plain").mark_stale().count(), run(1)), (1, 2));
    assert_eq!((run::memo().mark_all_stale().count(), run(1)), (1, 3));
    assert_eq!((run::memo().mark_stale_matching("*run(1)").count(), run(1)), (1, 4));
}

#[test]
fn there_are_as_many_ways_to_mark_as_to_invalidate() {
    static RUNS: Count = Count::new();
    #[memoize(ttl = 10, stale_while_revalidate = "5s", tags = ["freshness::marks::all", "freshness::marks::row:{n}"])]
    fn run(n: u32) -> usize {
        let _ = n;
        RUNS.add()
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let jobs = scope.hold_background().unwrap();
    let fill = || (0..3).for_each(|n| drop(run::entry(n).refresh().to_string()));
    let fresh = || [0, 1, 2].map(|n| run::key(n).is_live());
    let text = |n| run::key(n).to_string();
    let any = || registry().find(run::memo().name()).expect("it was used");
    let ways: [(&str, &dyn Fn(), [bool; 3]); 12] = [
        ("key", &|| drop(run::key(1).mark_stale()), [true, false, true]),
        ("tag", &|| drop(tag("freshness::marks::row:1").mark_stale()), [true, false, true]),
        ("tag of all", &|| drop(tag("freshness::marks::all").mark_stale()), [false; 3]),
        ("memo", &|| drop(run::memo().mark_all_stale()), [false; 3]),
        ("memo of any type", &|| drop(any().mark_all_stale()), [false; 3]),
        (
            "pattern",
            &|| drop(registry().mark_stale_matching("freshness::marks::*run(2)")),
            [true, true, false],
        ),
        ("pattern of one memo", &|| drop(any().mark_stale_matching("*(2)")), [true, true, false]),
        ("text", &|| drop(run::memo().mark_stale_key_text(&text(0))), [false, true, true]),
        ("text of any memo", &|| drop(any().mark_stale_key_text(&text(0))), [false, true, true]),
        ("text of all memos", &|| drop(registry().mark_stale_key_text(&text(0))), [false, true, true]),
        ("JSON", &|| drop(registry().mark_stale(run::memo().name(), &(1,)).unwrap()), [true, false, true]),
        (
            "predicate",
            &|| drop(run::memo().mark_stale_if(|key, _| key.to_string() == text(2))),
            [true, true, false],
        ),
    ];
    for (way, mark, expected) in ways {
        fill();
        mark();
        assert_eq!(fresh(), expected, "by {way}");
        for n in 0..3 {
            let before = RUNS.get();
            run(n);
            assert_eq!((RUNS.get(), jobs.refuse()), (before, usize::from(!expected[n as usize])), "by {way}");
        }
    }
}

#[test]
fn what_is_computed_from_before_a_mark_is_not_stored() {
    static RUNS: Count = Count::new();
    static LATCH: Latch = Latch::new();
    #[memoize(ttl = 10, stale_while_revalidate = "1h", max_wait = "1h", tag = "freshness::marks::doomed")]
    fn run() -> usize {
        let runs = RUNS.add();
        if runs == 0 {
            LATCH.wait();
        }
        runs
    }

    no_hang(|| {
        let scope = Scope::new();
        let _inside = scope.enter();
        thread::scope(|threads| {
            let first = threads.spawn(|| {
                let _inside = scope.enter();
                run()
            });
            wait_until(|| RUNS.get() == 1);
            run::key().mark_stale();
            assert_eq!(run(), 1, "who calls after it does not wait for what began before");
            LATCH.open();
            assert_eq!(first.join().unwrap(), 0);
        });
        assert_eq!((run(), run::memo().stats().overtaken), (1, 1));
    });
}

/// One that began before the mark is under way in the background: another one begins.
#[test]
fn a_renewal_from_before_a_mark_is_not_waited_for() {
    static RUNS: Count = Count::new();
    #[memoize(ttl = 10, stale_while_revalidate = "1h")]
    fn run() -> usize {
        RUNS.add()
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let jobs = scope.hold_background().unwrap();
    run();
    scope.advance(secs(10));
    assert_eq!((run(), jobs.len()), (0, 1));
    run::key().mark_stale();
    assert_eq!((run(), jobs.len()), (0, 2));
    jobs.run();
    assert_eq!((run(), run::memo().stats().overtaken), (2, 1));
}

#[test]
fn sweeping_leaves_what_is_of_use() {
    #[memoize(ttl = 10, stale_while_revalidate = "5s", tag = "freshness::marks::swept")]
    fn run(n: u32) -> u32 {
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let _jobs = scope.hold_background().unwrap();
    (0..4).for_each(|n| drop(run(n).to_string()));
    run::key(0).mark_stale();
    scope.advance(secs(5));
    assert_eq!(run::memo().sweep(), 1, "only what was marked, and its window is over");
    scope.advance(secs(5));
    assert_eq!((run::memo().sweep(), run(1)), (0, 1), "stale is not dead");
    assert_eq!(tag("freshness::marks::swept").invalidate().count(), 3);
    assert_eq!(run::memo().stats().expirations, 1);
    (0..4).for_each(|n| drop(run(n).to_string()));
    scope.advance(secs(15));
    assert_eq!(run::memo().sweep(), 4);
}
