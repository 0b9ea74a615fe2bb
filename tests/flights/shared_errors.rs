//! Threads behind a leader that fails: with `share_error` they return with it.

use std::io;
use std::thread;

use cache_core::memoize;
use cache_core::testing::Scope;
use tests::{Count, no_hang, wait_until};

/// What so many threads come to; the leader's outcome is the one of `io::ErrorKind::NotFound`.
fn threads(scope: &Scope, n: usize, call: fn() -> io::Result<u32>) -> Vec<io::Result<u32>> {
    thread::scope(|threads| {
        let all: Vec<_> = (0..n)
            .map(|_| {
                threads.spawn(|| {
                    let _inside = scope.enter();
                    call()
                })
            })
            .collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    })
}

fn kinds(outcomes: Vec<io::Result<u32>>, kind: io::ErrorKind) -> usize {
    outcomes.into_iter().filter(|outcome| outcome.as_ref().is_err_and(|error| error.kind() == kind)).count()
}

#[test]
fn with_share_error_waiters_return_with_the_leader() {
    static RUNS: Count = Count::new();
    #[memoize(share_error = |error| io::Error::other(error.to_string()))]
    fn load(n: u32) -> io::Result<u32> {
        let _ = n;
        RUNS.add();
        wait_until(|| load::memo().stats().waits == 9);
        Err(io::ErrorKind::NotFound.into())
    }
    no_hang(|| {
        let scope = Scope::new();
        let outcomes = threads(&scope, 10, || load(1));
        assert_eq!((RUNS.get(), kinds(outcomes, io::ErrorKind::Other)), (1, 9));
    });
}

#[test]
fn limits_change_nothing_of_it() {
    static RUNS: Count = Count::new();
    #[memoize(
        share_error = |error| io::Error::other(error.to_string()),
        timeout = "1h",
        timeout_error = io::ErrorKind::TimedOut.into()
    )]
    fn load(n: u32) -> io::Result<u32> {
        let _ = n;
        RUNS.add();
        wait_until(|| load::memo().stats().waits == 4);
        Err(io::ErrorKind::NotFound.into())
    }
    no_hang(|| {
        let scope = Scope::new();
        let outcomes = threads(&scope, 5, || load(1));
        assert_eq!((RUNS.get(), kinds(outcomes, io::ErrorKind::Other)), (1, 4));
    });
}
