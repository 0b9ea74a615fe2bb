//! What does not end an older value, and who does not wait for its end.

use std::future::pending;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use cache_core::testing::Scope;
use cache_core::{computing, memoize};
use tests::{ByHand, Count, Latch, in_turn, no_hang, secs, wait_until};

/// What was made of something stale is not kept; that says nothing of what was made before.
#[test]
fn what_is_made_of_something_stale_leaves_the_older_value() {
    static RUNS: Count = Count::new();
    #[memoize(ttl = 60, stale_while_revalidate = 60)]
    fn user(id: u32) -> u32 {
        id
    }
    #[memoize(ttl = 60, stale_while_revalidate = 60, inherit_tags)]
    fn page(id: u32) -> u32 {
        RUNS.add();
        user(id)
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let background = scope.hold_background().unwrap();
    assert_eq!(page(1), 1);
    scope.advance(secs(60));
    assert_eq!((page(1), background.run()), (1, 2), "a page, and the user that it has read");
    assert_eq!((page(1), RUNS.get()), (1, 2), "nobody waits within the window");
}

#[test]
fn what_stands_in_for_what_is_read_leaves_what_stands_in_for_what_is_made() {
    static RUNS: Count = Count::new();
    #[memoize(ttl = 60, stale_if_error = "1h")]
    fn user() -> Result<u32, String> {
        if RUNS.get() == 0 { Ok(1) } else { Err("down".into()) }
    }
    #[memoize(ttl = 60, stale_if_error = "1h", inherit_tags)]
    fn page() -> Result<u32, String> {
        let user = user();
        if RUNS.add() < 2 { user } else { Err("broken".into()) }
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!(page(), Ok(1));
    scope.advance(secs(60));
    assert_eq!(page(), Ok(1), "made of an old user");
    scope.advance(secs(60));
    assert_eq!((page(), RUNS.get()), (Ok(1), 3), "an old page");
}

#[test]
fn what_a_later_refresh_has_confirmed_stays() {
    static RUNS: Count = Count::new();
    #[memoize(ttl = 60, stale_if_error = "1h", fallback_if = |error| error != "no such thing")]
    fn run() -> Result<u32, String> {
        match RUNS.add() {
            0 => Ok(7),
            1 => {
                run::entry().refresh()?;
                Err("no such thing".into())
            }
            _ => {
                assert!(computing().not_modified());
                Ok(computing().previous().unwrap())
            }
        }
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    run().unwrap();
    scope.advance(secs(60));
    assert_eq!(run(), Err("no such thing".into()));
    assert_eq!(run::entry().get(), Some(7));
}

#[test]
fn an_error_that_counts_ends_nothing_kept_or_not() {
    static RUNS: Count = Count::new();
    #[memoize(ttl = 60, err_ttl = 5)]
    fn run() -> Result<usize, usize> {
        let runs = RUNS.add();
        if runs == 0 {
            return Ok(runs);
        }
        if runs == 1 {
            computing().no_store();
        } else {
            computing().set_ttl(secs(0));
        }
        Err(runs)
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    run().unwrap();
    assert_eq!([run::entry().refresh(), run::entry().refresh()], [Err(1), Err(2)]);
    assert_eq!(run::entry().get(), Some(0));
}

#[test]
fn those_who_are_late_together_have_failed_once() {
    static RUNS: Count = Count::new();
    #[memoize(ttl = 60, stale_if_error = "1h", origin_first, fallback_after = "1s")]
    async fn run() -> Result<usize, String> {
        let runs = RUNS.add();
        if runs == 0 { Ok(runs) } else { pending().await }
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    // Keeps what its callers leave behind, which is never ready.
    let _background = scope.hold_background().unwrap();
    assert_eq!(tests::now(run()), Ok(0));
    let mut calls = [(); 10].map(|()| ByHand::new(run()));
    assert!(in_turn(&mut calls).iter().all(Option::is_none));
    scope.advance(secs(1));
    assert!(in_turn(&mut calls).iter().all(|value| *value == Some(Ok(0))));
    let stats = run::memo().stats();
    assert_eq!((stats.fallbacks, stats.backoffs), (10, 1));
}

/// The hook of the entry that is ended waits for somebody who waits for what has ended it.
#[test]
fn nobody_waits_for_the_hooks_of_what_is_ended() {
    static ANSWERED: Mutex<Option<Receiver<()>>> = Mutex::new(None);
    static IN_TIME: Count = Count::new();
    static STARTED: [Latch; 2] = [Latch::new(), Latch::new()];
    #[memoize(
        ttl = 60,
        stale_if_error = "1h",
        fallback_if = |error| error != "no such thing",
        max_wait = "1h",
        on_evict = |_, _, _| {
            let answered = ANSWERED.lock().unwrap().take().expect("one entry ends");
            IN_TIME.set(IN_TIME.get() + usize::from(answered.recv().is_ok()));
        },
    )]
    fn run(way: usize) -> Result<usize, String> {
        if run::key(way).peek() == cache_core::Peek::Absent {
            return Ok(way);
        }
        STARTED[way].open();
        wait_until(|| run::memo().stats().waits == way as u64 + 1);
        if way == 0 {
            computing().no_store();
            return Ok(way);
        }
        Err("no such thing".into())
    }

    no_hang(|| {
        let scope = Scope::new();
        let _inside = scope.enter();
        for way in [0, 1] {
            run(way).unwrap();
            scope.advance(secs(60));
            let (answer, answered) = channel();
            *ANSWERED.lock().unwrap() = Some(answered);
            let there = scope.clone();
            let waiter = thread::spawn(move || {
                let _inside = there.enter();
                STARTED[way].wait();
                drop(run(way));
                answer.send(()).unwrap();
            });
            drop(run(way));
            waiter.join().unwrap();
        }
        assert_eq!(IN_TIME.get(), 2);
    });
}
