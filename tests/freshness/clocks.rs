//! Time that jumps: while something is computed, while somebody waits, and within windows.

use std::thread;

use cache_core::memoize;
use cache_core::testing::Scope;
use tests::{Count, Latch, millis, no_hang, secs, wait_until};

const HOURS: u64 = 5 * 3_600;

#[test]
fn a_value_begins_its_life_when_it_is_there() {
    static STARTED: Latch = Latch::new();
    static LATCH: Latch = Latch::new();
    #[memoize(ttl = 10, max_wait = "1d")]
    fn run() -> u32 {
        STARTED.open();
        LATCH.wait();
        1
    }

    no_hang(|| {
        let scope = Scope::new();
        let _inside = scope.enter();
        thread::scope(|threads| {
            for _ in 0..2 {
                threads.spawn(|| {
                    let _inside = scope.enter();
                    assert_eq!(run(), 1);
                });
            }
            STARTED.wait();
            wait_until(|| run::memo().stats().waits == 1);
            scope.advance(secs(HOURS));
            LATCH.open();
        });
        scope.advance(millis(9_999));
        assert_eq!(run::entry().get(), Some(1));
        scope.advance(millis(1));
        assert_eq!(run::entry().get(), None);
    });
}

#[test]
fn a_jump_ends_every_window() {
    static RUNS: Count = Count::new();
    #[memoize(
        ttl = 10,
        idle = "1m",
        stale_while_revalidate = "1h",
        stale_if_error = "2h",
        refresh_ahead = 0.5
    )]
    fn run() -> Result<usize, usize> {
        let runs = RUNS.add();
        if runs == 0 { Ok(runs) } else { Err(runs) }
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let jobs = scope.hold_background().unwrap();
    assert_eq!(run(), Ok(0));
    scope.advance(secs(5));
    assert_eq!((run(), jobs.len()), (Ok(0), 1));
    scope.advance(secs(HOURS));
    assert_eq!(run::entry().get(), None);
    assert_eq!(jobs.run(), 1);
    assert_eq!(run(), Err(2), "what failed meanwhile does not make it rest");
}

#[test]
fn a_rest_ends_with_a_jump() {
    static RUNS: Count = Count::new();
    #[memoize(ttl = 10, stale_while_revalidate = "10h")]
    fn run() -> Result<usize, usize> {
        let runs = RUNS.add();
        if runs == 0 { Ok(runs) } else { Err(runs) }
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let jobs = scope.hold_background().unwrap();
    run().unwrap();
    scope.advance(secs(10));
    for _ in 0..12 {
        run().unwrap();
        jobs.run();
        scope.advance(secs(30));
    }
    scope.advance(secs(HOURS));
    assert_eq!((run(), jobs.len()), (Ok(0), 1));
}

/// What is stored after a jump that began before it lives as long as any other.
#[test]
fn a_renewal_over_a_jump_is_stored() {
    static RUNS: Count = Count::new();
    #[memoize(ttl = 10, stale_while_revalidate = "1m")]
    fn run() -> usize {
        RUNS.add()
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let jobs = scope.hold_background().unwrap();
    run();
    scope.advance(secs(10));
    run();
    scope.advance(secs(HOURS));
    assert_eq!((run::entry().get(), jobs.run(), run::entry().get()), (None, 1, Some(1)));
    scope.advance(millis(9_999));
    assert_eq!(run(), 1);
}

#[test]
fn limits_end_with_a_jump() {
    static STARTED: Latch = Latch::new();
    static LATCH: Latch = Latch::new();
    #[memoize(ttl = 10, timeout = "2s", timeout_error = "late")]
    fn run() -> Result<u32, &'static str> {
        STARTED.open();
        LATCH.wait();
        Ok(1)
    }

    no_hang(|| {
        let scope = Scope::new();
        let _inside = scope.enter();
        let call = thread::spawn({
            let scope = scope.clone();
            move || {
                let _inside = scope.enter();
                run()
            }
        });
        STARTED.wait();
        scope.advance(secs(HOURS));
        assert_eq!(call.join().unwrap(), Err("late"));
        LATCH.open();
        wait_until(|| run::entry().get() == Some(1));
    });
}

#[test]
fn the_end_of_time_is_reached_without_harm() {
    #[memoize(ttl = 10, stale_while_revalidate = "1h", stale_if_error = "1h", jitter = 0.1)]
    fn run() -> Result<u32, ()> {
        Ok(1)
    }
    #[memoize]
    fn forever() -> u32 {
        1
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let jobs = scope.hold_background().unwrap();
    run().unwrap();
    forever();
    scope.advance(std::time::Duration::MAX);
    assert_eq!((run(), run(), jobs.run()), (Ok(1), Ok(1), 0));
    scope.advance(secs(1));
    assert_eq!(run(), Ok(1));
    run::memo().sweep();
    assert_eq!(forever::entry().get(), Some(1));
}
