//! `computing()`: what a body knows of its value, and says about it.

use std::sync::Mutex;
use std::thread;

use cache_core::testing::Scope;
use cache_core::{Peek, TagName, computing, inherit, inherit_task, memoize, tag};
use tests::{ByHand, Count, Gate, now, secs, yields};

#[test]
fn outside_of_a_computation_it_says_so() {
    let outside = computing();
    assert!(!outside.is_under_way());
    assert_eq!(outside.previous::<u32>(), None);
    assert!(!outside.set_ttl(secs(1)) && !outside.add_tag("none") && !outside.no_store());
    assert!(!outside.not_modified());
}

#[test]
fn a_body_that_is_over_is_under_way_no_more() {
    #[memoize]
    fn run() -> u32 {
        *KEPT.lock().unwrap() = Some(computing());
        1
    }
    static KEPT: Mutex<Option<cache_core::Computing>> = Mutex::new(None);

    let scope = Scope::new();
    let _inside = scope.enter();
    run();
    let kept = KEPT.lock().unwrap().take().unwrap();
    assert!(!kept.is_under_way() && !kept.set_ttl(secs(1)) && !kept.no_store());
    assert!(run::key().is_live());
}

#[test]
fn calls_that_store_nothing_are_none() {
    #[memoize(bypass_if = n == 2)]
    fn run(n: u32) -> bool {
        computing().is_under_way()
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert!(run(1));
    assert!(!run(2), "bypassed");
    assert!(!run::entry(3).uncached());
    run::memo().set_enabled(false);
    assert!(!run(4), "switched off");
    run::memo().set_enabled(true);
    assert!(run::entry(1).refresh());

    #[memoize]
    fn again(n: u32) -> [bool; 2] {
        static DEPTH: Count = Count::new();
        let mine = computing().is_under_way();
        if DEPTH.add() == 0 { [mine, again(n)[0]] } else { [mine; 2] }
    }
    assert_eq!(again(1), [true, false], "a call in place, within its own computation");

    #[memoize]
    fn around(n: u32) -> [bool; 2] {
        [run::entry(n).uncached(), computing().is_under_way()]
    }
    assert_eq!(around(1), [false, true], "what is uncached within another is not that other");
}

#[test]
fn nested_calls_have_their_own() {
    #[memoize(ttl = 100)]
    fn inner(n: u32) -> u32 {
        assert!(computing().set_ttl(secs(5)));
        n
    }
    #[memoize(ttl = 100)]
    fn outer(n: u32) -> u32 {
        assert!(computing().set_ttl(secs(7)));
        let n = inner(n);
        assert!(computing().add_tag("freshness::computing::outer"));
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    outer(1);
    assert_eq!(tag("freshness::computing::outer").len(), 1);
    scope.advance(secs(5));
    assert_eq!((inner::key(1).is_live(), outer::key(1).is_live()), (false, true));
    scope.advance(secs(2));
    assert!(!outer::key(1).is_live());
}

#[test]
fn it_holds_across_awaits() {
    #[memoize(ttl = 100)]
    async fn inner(n: u64) -> u64 {
        yields(2).await;
        assert!(computing().set_ttl(secs(n)));
        yields(2).await;
        n
    }
    #[memoize(ttl = 100)]
    async fn outer(n: u64, name: &str) -> u64 {
        yields(1).await;
        assert!(computing().set_ttl(secs(n * 10)));
        let n = inner(n).await;
        yields(1).await;
        assert!(computing().add_tag("freshness::computing::await"));
        n + name.len() as u64
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    // Several at once, on one thread.
    let mut calls = [1, 2, 3].map(|n| ByHand::new(outer(n, "tom")));
    assert_eq!(tests::in_turn(&mut calls), [Some(4), Some(5), Some(6)]);
    assert_eq!(tag("freshness::computing::await").len(), 3);
    scope.advance(secs(2));
    assert_eq!((inner::memo().len(), outer::memo().len()), (1, 3));
    scope.advance(secs(8));
    assert_eq!((inner::memo().len(), outer::memo().len()), (0, 2));
}

#[test]
fn it_is_handed_on_to_threads_and_tasks() {
    #[memoize(ttl = 100)]
    fn with_thread(n: u32) -> [bool; 2] {
        let without = thread::spawn(|| computing().is_under_way()).join().unwrap();
        let linked = inherit(|| computing().set_ttl(secs(5)));
        let with = thread::spawn(linked).join().unwrap();
        let _ = n;
        [without, with]
    }
    #[memoize(ttl = 100)]
    async fn with_task(n: u32) -> bool {
        let linked = inherit_task(async {
            yields(1).await;
            computing().set_ttl(secs(5))
        });
        let _ = n;
        thread::spawn(|| now(linked)).join().unwrap()
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!((with_thread(1), now(with_task(1))), ([false, true], true));
    scope.advance(secs(5));
    assert!(!with_thread::key(1).is_live() && !now(with_task::key(1).is_live()));
}

#[test]
fn what_was_there_before_is_told_unless_it_was_invalidated() {
    #[memoize(ttl = 10, stale_if_error = "10s")]
    fn run(_name: &str) -> Result<(usize, Option<usize>), String> {
        static RUNS: Count = Count::new();
        let previous = computing().previous::<(usize, Option<usize>)>();
        assert!(computing().previous::<u8>().is_none(), "it is of another type");
        Ok((RUNS.add(), previous.map(|(n, _)| n)))
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!(run("tom"), Ok((0, None)));
    assert_eq!(run::entry("tom").refresh(), Ok((1, Some(0))), "fresh");
    scope.advance(secs(10));
    assert_eq!(run("tom"), Ok((2, Some(1))), "stale");
    scope.advance(secs(20));
    assert_eq!(run("tom"), Ok((3, None)), "dead");
    run::key("tom").invalidate();
    assert_eq!(run("tom"), Ok((4, None)), "invalidated");
}

#[test]
fn what_is_invalidated_meanwhile_is_no_longer_there() {
    #[memoize(ttl = 10, tag = "freshness::computing::meanwhile")]
    fn run() -> [Option<u32>; 2] {
        let before = computing().previous::<[Option<u32>; 2]>();
        tag("freshness::computing::meanwhile").invalidate();
        let after = computing().previous::<[Option<u32>; 2]>();
        assert_eq!(computing().not_modified(), after.is_some());
        [before.map(|_| 1), after.map(|_| 1)]
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert!(run::entry().insert([None; 2]));
    assert_eq!(run::entry().refresh(), [Some(1), None]);
    assert!(run::memo().is_empty());
}

#[test]
fn a_ttl_that_the_body_knows_goes_before_the_attributes() {
    #[memoize(ttl = |n| secs(u64::from(*n)))]
    fn run(n: u32) -> u32 {
        if n == 1 {
            computing().set_ttl(secs(1_000));
            computing().set_ttl(secs(50));
        } else if n == 2 {
            computing().set_ttl(None);
        } else if n == 3 {
            computing().set_ttl(secs(0));
        }
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    (1..5).for_each(|n| drop(run(n).to_string()));
    assert_eq!(run::memo().len(), 3, "a ttl of 0 keeps nothing");
    scope.advance(secs(49));
    assert_eq!([1, 2, 4].map(|n| run::key(n).is_live()), [true, true, false]);
    scope.advance(secs(1));
    assert_eq!([1, 2].map(|n| run::key(n).is_live()), [false, true]);
}

#[test]
fn a_tag_that_the_body_adds_is_one() {
    static RUNS: Count = Count::new();
    #[memoize(tag = "freshness::computing::fixed")]
    fn run(n: u32) -> usize {
        assert!(computing().add_tag(format!("freshness::computing::row:{n}")));
        RUNS.add()
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!([run(1), run(2)], [0, 1]);
    assert_eq!(tag("freshness::computing::row:1").invalidate().count(), 1);
    assert_eq!([run(1), run(2)], [2, 1]);
    assert_eq!(tag("freshness::computing::fixed").len(), 2);
}

/// It is not known before the body has said so, but an invalidation by it wins all the same.
#[test]
fn a_tag_that_the_body_adds_holds_from_the_beginning() {
    static RUNS: Count = Count::new();
    #[memoize]
    fn run() -> usize {
        let runs = RUNS.add();
        if runs == 0 {
            tag("freshness::computing::raced").invalidate();
        }
        computing().add_tag("freshness::computing::raced");
        runs
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!([run(), run(), run()], [0, 1, 1]);
    assert_eq!(run::memo().stats().overtaken, 1);
}

#[test]
fn what_is_not_to_be_stored_is_not() {
    static RUNS: Count = Count::new();
    #[memoize(ttl = 10, stale_if_error = "1h")]
    fn run() -> Result<usize, String> {
        let runs = RUNS.add();
        if runs > 0 {
            assert!(computing().no_store());
        }
        Ok(runs)
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!(run(), Ok(0));
    assert_eq!(run::entry().refresh(), Ok(1));
    assert_eq!([run(), run()], [Ok(2), Ok(3)]);
    assert_eq!(run::memo().stats().stores, 1);
}

#[test]
fn what_is_not_modified_lives_on() {
    static STORED: Count = Count::new();
    static GONE: Count = Count::new();
    static RUNS: Count = Count::new();
    #[memoize(
        ttl = 10,
        stale_if_error = "1h",
        on_store = |_, _| { STORED.add(); },
        on_evict = |_, _, _| { GONE.add(); }
    )]
    fn run(n: u32) -> Result<String, ()> {
        let runs = RUNS.add();
        computing().add_tag(format!("freshness::computing::etag:{runs}"));
        match computing().previous::<String>() {
            Some(previous) if runs == 1 => {
                assert!(computing().not_modified());
                Ok(previous)
            }
            _ => Ok(format!("{n}, {runs}")),
        }
    }
    static PAGES: Count = Count::new();
    #[memoize(inherit_tags)]
    fn page() -> (usize, String) {
        (PAGES.add(), run(1).unwrap())
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!(page(), (0, "1, 0".into()));
    scope.advance(secs(10));
    assert_eq!(run(1).unwrap(), "1, 0");
    let stats = run::memo().stats();
    assert_eq!((stats.stores, stats.not_modified, stats.errors), (1, 1, 0));
    assert_eq!((STORED.get(), GONE.get()), (1, 0), "nothing was stored, nothing has left");
    assert_eq!(page().0, 0, "what was computed from it is as good as it was");
    scope.advance(secs(9));
    assert_eq!((run::entry(1).get(), run::memo().sweep()), (Some("1, 0".into()), 0), "a life of its own");
    assert_eq!(run::memo().tags(), [TagName::from("freshness::computing::etag:1")], "and its own tags");
    assert_eq!(tag("freshness::computing::etag:0").invalidate().count(), 1, "the page is from before");
    assert_eq!(tag("freshness::computing::etag:1").invalidate().count(), 1);
    assert_eq!(run(1).unwrap(), "1, 2");
    assert_eq!((STORED.get(), GONE.get()), (2, 1));
}

#[test]
fn what_is_not_modified_but_gone_is_stored() {
    static STORED: Count = Count::new();
    static RUNS: Count = Count::new();
    #[memoize(ttl = 10, stale_if_error = "1h", on_store = |_, _| { STORED.add(); })]
    fn run() -> Result<usize, ()> {
        let runs = RUNS.add();
        match computing().previous::<usize>() {
            Some(previous) if runs > 0 => {
                assert!(computing().not_modified());
                SCOPE.with_borrow(|scope| scope.as_ref().unwrap().advance(secs(3_700)));
                Ok(previous)
            }
            _ => Ok(runs),
        }
    }
    thread_local! {
        static SCOPE: std::cell::RefCell<Option<Scope>> = const { std::cell::RefCell::new(None) };
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    SCOPE.set(Some(scope.clone()));
    run().unwrap();
    scope.advance(secs(10));
    assert_eq!(run(), Ok(0));
    assert_eq!((STORED.get(), run::entry().get()), (2, Some(0)));
    SCOPE.set(None);
}

#[test]
fn in_the_background_it_is_the_same() {
    static GATE: Gate = Gate::new();
    #[memoize(ttl = 10, stale_while_revalidate = "1h")]
    async fn task(_name: &str) -> u32 {
        let previous = computing().previous::<u32>();
        if previous.is_some() {
            GATE.pass().await;
        }
        assert_eq!(computing().not_modified(), previous.is_some());
        assert!(computing().set_ttl(secs(100)));
        previous.unwrap_or(1)
    }
    #[memoize(ttl = 10, stale_while_revalidate = "1h")]
    fn run(_name: &str) -> u32 {
        let previous = computing().previous::<u32>();
        assert_eq!(computing().not_modified(), previous.is_some());
        assert!(computing().set_ttl(secs(100)));
        previous.unwrap_or(1)
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let jobs = scope.hold_background().unwrap();
    assert_eq!((now(task("tom")), run("tom")), (1, 1));
    scope.advance(secs(100));
    assert_eq!((now(task("tom")), run("tom")), (1, 1));
    GATE.open();
    assert_eq!(jobs.run(), 2);
    scope.advance(secs(99));
    assert!(matches!(now(task::key("tom").peek()), Peek::Fresh { .. }));
    assert!(matches!(run::key("tom").peek(), Peek::Fresh { .. }));
    for stats in [task::memo().stats(), run::memo().stats()] {
        assert_eq!((stats.not_modified, stats.stores, stats.revalidations), (1, 1, 1));
    }
}

/// A thread makes its next computation of its last one. Here that leaves the entry that it knew.
#[test]
fn what_one_computation_knew_the_next_one_does_not() {
    #[memoize(capacity = 10)]
    fn run(n: u32, says: bool) -> Result<u32, u32> {
        let Some(previous) = computing().previous::<u32>() else { return Ok(n) };
        if says {
            computing().no_store();
            return Ok(1_000 + previous);
        }
        Err(previous)
    }

    for says in [false, true] {
        assert_eq!(run(1, says), Ok(1));
        assert_eq!(run::entry(1, says).refresh(), if says { Ok(1_001) } else { Err(1) });
        assert_eq!((run(2, says), run(3, says)), (Ok(2), Ok(3)), "there is nothing that was there before");
    }
}
