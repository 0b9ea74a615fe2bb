//! What is done by the pool, while callers go on or wait for so long.

use std::thread;
use std::time::Instant;

use cache_core::{TimedOut, memoize};
use tests::{Count, Latch, millis, no_hang, wait_until};

#[test]
fn prefetch_computes_on_another_thread() {
    #[memoize]
    fn run(n: u32) -> (u32, thread::ThreadId) {
        (n, thread::current().id())
    }

    assert_eq!(run::entry(1).prefetch(), None);
    wait_until(|| run::key(1).is_live());
    let (value, by) = run(1);
    assert!(value == 1 && by != thread::current().id());
}

#[test]
fn an_old_value_stands_in_while_the_next_is_computed_and_if_that_fails() {
    static RUNS: Count = Count::new();
    #[memoize(ttl = "20ms", stale_while_revalidate = "1h", stale_if_error = "1h")]
    fn run() -> Result<usize, String> {
        match RUNS.add() {
            0 => Ok(0),
            1 => Err("down".to_owned()),
            runs => Ok(runs),
        }
    }

    assert_eq!(run(), Ok(0));
    // Never an error, and a new value in the end.
    wait_until(|| run().unwrap() > 0);
    assert!(run::memo().stats().stale > 0);
}

#[test]
fn a_call_waits_no_longer_than_its_timeout() {
    static LATCH: Latch = Latch::new();
    #[memoize(timeout = "100ms")]
    fn run() -> Result<u32, TimedOut> {
        LATCH.wait();
        Ok(1)
    }

    no_hang(|| {
        let begin = Instant::now();
        assert!(run().is_err());
        assert!(begin.elapsed() >= millis(80));
        LATCH.open();
        wait_until(|| run::entry().get() == Some(1));
        assert_eq!(run(), Ok(1));
    });
}

#[test]
fn a_waiter_that_has_waited_long_enough_computes_itself() {
    static RUNS: Count = Count::new();
    static LATCH: Latch = Latch::new();
    #[memoize(max_wait = "50ms")]
    fn run() -> usize {
        let runs = RUNS.add();
        if runs == 0 {
            LATCH.wait();
        }
        runs
    }

    no_hang(|| {
        let leader = thread::spawn(run);
        wait_until(|| RUNS.get() == 1);
        assert_eq!(run(), 1);
        LATCH.open();
        leader.join().unwrap();
        assert_eq!(run::memo().stats().in_place, 1);
    });
}
