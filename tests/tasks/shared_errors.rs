//! Tasks behind a leader that fails: with `share_error` they return with it, without they compute at once.

use std::cell::Cell;
use std::error::Error as _;
use std::fmt;
use std::io;

use cache_core::memoize;
use cache_core::testing::Scope;
use futures::future::{FutureExt as _, join};
use tests::{ByHand, Count, in_turn, secs, yields};

/// An error that can neither be cloned nor looked at by several threads.
#[derive(Debug)]
struct Failed {
    /// How often it was made of another.
    made: u32,
    text: String,
    _not_sync: Cell<u8>,
}

impl Failed {
    fn new(text: &str) -> Self {
        Self { made: 0, text: text.to_owned(), _not_sync: Cell::new(0) }
    }

    fn again(&self) -> Self {
        Self { made: self.made + 1, ..Self::new(&self.text) }
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.text, self.made)
    }
}

type Outcome = Result<u32, String>;

/// What ten callers come to of whom the first leads; and that nobody else has computed.
#[track_caller]
fn all_fail_with_the_first<T, E: fmt::Display>(
    runs: &Count,
    call: impl Fn() -> ByHand<'static, Result<T, E>>,
) {
    let scope = Scope::new();
    let _inside = scope.enter();
    runs.set(0);
    let mut calls: Vec<_> = (0..10).map(|_| call()).collect();
    let outcomes = in_turn(&mut calls);
    assert_eq!(runs.get(), 1);
    for (at, outcome) in outcomes.into_iter().enumerate() {
        let error = outcome.expect("nobody waits any more").err().expect("the body fails").to_string();
        assert_eq!(error, format!("down {}", u32::from(at > 0)), "made of the leader's, and once");
    }
}

#[test]
fn with_share_error_waiters_return_with_the_leader() {
    static RUNS: Count = Count::new();
    async fn fails() -> Result<u32, Failed> {
        RUNS.add();
        yields(1).await;
        Err(Failed::new("down"))
    }
    #[memoize(share_error = |error| Failed { made: error.made + 1, ..Failed::new(&error.text) })]
    async fn owned(n: u32) -> Result<u32, Failed> {
        let _ = n;
        fails().await
    }
    #[memoize(share_error = Failed::again)]
    async fn borrowed(name: &str) -> Result<u32, Failed> {
        let _ = name;
        fails().await
    }
    #[memoize(share_error = |error: &Failed| error.again(), timeout = "1h", timeout_error = Failed::new("late"))]
    async fn limited(n: u32) -> Result<u32, Failed> {
        let _ = n;
        fails().await
    }
    #[derive(Clone)]
    struct Db {
        id: u32,
    }
    #[memoize]
    impl Db {
        #[memoize(share_error = Failed::again, key = (self.id, n))]
        async fn row(&self, n: u32) -> Result<u32, Failed> {
            let _ = n;
            fails().await
        }
    }

    all_fail_with_the_first(&RUNS, || ByHand::new(owned(1)));
    all_fail_with_the_first(&RUNS, || ByHand::new(borrowed("tom")));
    all_fail_with_the_first(&RUNS, || ByHand::new(limited(1)));
    all_fail_with_the_first(&RUNS, || ByHand::new(async { Db { id: 1 }.row(2).await }));
}

#[test]
fn the_leader_keeps_the_error_of_its_own() {
    #[memoize(share_error = |error| io::Error::new(error.kind(), error.to_string()))]
    async fn load(n: u32) -> io::Result<u32> {
        yields(1).await;
        let _ = n;
        Err(io::Error::new(io::ErrorKind::TimedOut, fmt::Error))
    }
    let mut calls = [ByHand::new(load(1)), ByHand::new(load(1))];
    let [leader, waiter] =
        <[_; 2]>::try_from(in_turn(&mut calls)).unwrap().map(|error| error.unwrap().unwrap_err());
    let source = leader.get_ref().expect("it is the leader's own");
    assert!(source.is::<fmt::Error>());
    assert!(waiter.source().is_none() && waiter.kind() == io::ErrorKind::TimedOut);
}

#[test]
fn an_error_is_made_as_said_though_it_could_be_cloned() {
    #[memoize(share_error = |error| format!("shared: {error}"))]
    async fn load(n: u32) -> Outcome {
        yields(1).await;
        Err(n.to_string())
    }
    let mut calls = [ByHand::new(load(1)), ByHand::new(load(1))];
    assert_eq!(in_turn(&mut calls), [Some(Err("1".to_owned())), Some(Err("shared: 1".to_owned()))]);
}

#[test]
fn errors_that_are_kept_are_shared_as_they_are_kept() {
    static RUNS: Count = Count::new();
    #[memoize(err_ttl = 60, share_error = |error| format!("shared: {error}"))]
    async fn load(n: u32) -> Outcome {
        RUNS.add();
        yields(1).await;
        Err(n.to_string())
    }
    let scope = Scope::new();
    let _inside = scope.enter();
    let mut calls = [ByHand::new(load(1)), ByHand::new(load(1))];
    assert_eq!(in_turn(&mut calls), [Some(Err("1".to_owned())), Some(Err("1".to_owned()))]);
    assert_eq!((load(1).now_or_never(), RUNS.get()), (Some(Err("1".to_owned())), 1));
}

#[test]
fn a_value_that_stands_in_goes_before_an_error_that_is_shared() {
    static RUNS: Count = Count::new();
    #[memoize(ttl = 10, stale_if_error = "1h", share_error = Failed::again)]
    async fn load(n: u32) -> Result<u32, Failed> {
        yields(1).await;
        if RUNS.add() == 0 { Ok(n) } else { Err(Failed::new("down")) }
    }
    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!(ByHand::new(load(1)).finish().unwrap(), 1);
    scope.advance(secs(11));
    let mut calls = [(); 3].map(|()| ByHand::new(load(1)));
    assert!(in_turn(&mut calls).into_iter().all(|outcome| outcome.unwrap().unwrap() == 1));
    assert_eq!(RUNS.get(), 2);
    // Past the window it is shared.
    scope.advance(secs(4_000));
    let mut calls = [(); 3].map(|()| ByHand::new(load(1)));
    let errors = in_turn(&mut calls).into_iter().map(|outcome| outcome.unwrap().unwrap_err().made);
    assert_eq!((errors.collect::<Vec<_>>(), RUNS.get()), (vec![0, 1, 1], 3));
}

#[test]
fn where_sharing_panics_the_waiter_computes_for_itself() {
    static RUNS: Count = Count::new();
    static SHARED: Count = Count::new();
    #[memoize(share_error = |error: &Failed| {
        assert!(SHARED.add().is_multiple_of(2), "every second one");
        error.again()
    })]
    async fn load(n: u32) -> Result<u32, Failed> {
        let run = RUNS.add();
        yields(1).await;
        if run == 0 { Err(Failed::new("down")) } else { Ok(n) }
    }
    let scope = Scope::new();
    let _inside = scope.enter();
    let mut calls: Vec<_> = (0..5).map(|_| ByHand::new(load(1))).collect();
    let outcomes: Vec<_> = in_turn(&mut calls).into_iter().map(|outcome| outcome.unwrap().is_ok()).collect();
    assert_eq!(outcomes.iter().filter(|ok| **ok).count(), 2, "{outcomes:?}");
    let stats = load::memo().stats();
    assert_eq!((stats.hook_panics, stats.errors), (2, 1));
    assert!(RUNS.get() <= 3);
}

#[test]
fn who_comes_after_an_invalidation_gets_no_error_from_before_it() {
    static RUNS: Count = Count::new();
    #[memoize(tag = "shared-errors", share_error = Failed::again)]
    async fn load(n: u32) -> Result<u32, Failed> {
        let run = RUNS.add();
        yields(2).await;
        if run == 0 { Err(Failed::new("down")) } else { Ok(n) }
    }
    let scope = Scope::new();
    let _inside = scope.enter();
    let mut before = [ByHand::new(load(1)), ByHand::new(load(1))];
    assert!(before.iter_mut().all(|call| call.poll().is_none()));
    cache_core::tag("shared-errors").invalidate();
    let after = ByHand::new(load(1));
    let [one, other] = before;
    let mut all = [one, other, after];
    let outcomes: Vec<_> = in_turn(&mut all).into_iter().map(|outcome| outcome.unwrap().is_ok()).collect();
    assert_eq!(outcomes, [false, false, true]);
}

#[test]
fn without_share_error_all_waiters_compute_at_once() {
    #[derive(Debug)]
    struct Uncloned;
    static NOW: Count = Count::new();
    async fn fails(first: bool) -> Result<u32, Uncloned> {
        if !first {
            NOW.add();
        }
        yields(1).await;
        Err(Uncloned)
    }
    static OWNED: Count = Count::new();
    static BORROWED: Count = Count::new();
    #[memoize]
    async fn owned(n: u32) -> Result<u32, Uncloned> {
        let _ = n;
        fails(OWNED.add() == 0).await
    }
    #[memoize]
    async fn borrowed(name: &str) -> Result<u32, Uncloned> {
        let _ = name;
        fails(BORROWED.add() == 0).await
    }
    let scope = Scope::new();
    let _inside = scope.enter();
    let mut calls: Vec<_> = (0..200).map(|_| ByHand::new(join(owned(1), borrowed("tom")))).collect();
    assert!(calls.iter_mut().all(|call| call.poll().is_none()));
    assert!(calls[0].poll().is_some());
    // One turn of each, and all are computing.
    assert!(calls[1..].iter_mut().all(|call| call.poll().is_none()));
    assert_eq!(NOW.get(), 2 * 199);
    assert!(calls[1..].iter_mut().all(|call| call.poll().is_some()));
}
