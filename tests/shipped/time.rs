//! How long a value is an answer, by the system's clock.

use std::time::Instant;

use cache_core::{Peek, memoize};
use tests::{Count, millis, wait_until};

#[test]
fn a_value_is_an_answer_until_its_ttl_and_reclaimed_some_time_after() {
    static RUNS: Count = Count::new();
    #[memoize(ttl = "80ms")]
    fn run() -> usize {
        RUNS.add()
    }

    let begin = Instant::now();
    let first = run();
    wait_until(|| run() != first);
    // Time is counted in ticks of a few milliseconds.
    assert!(begin.elapsed() >= millis(60), "only {:?} old", begin.elapsed());
    // Nobody asks for it any more: the sweeper takes it out.
    wait_until(|| run::memo().is_empty() && run::memo().stats().expirations > 0);
}

#[test]
fn a_life_can_be_made_longer_and_shorter() {
    #[memoize(ttl = "50ms")]
    fn run(n: u32) -> u32 {
        n
    }

    // Its time may be up before that.
    wait_until(|| run(1) == 1 && run::key(1).set_ttl(tests::secs(3_600)));
    run(2);
    wait_until(|| run::entry(2).get().is_none());
    assert_eq!(run::entry(1).get(), Some(1));
    assert!(run::key(1).set_ttl(millis(1)));
    wait_until(|| run::entry(1).get().is_none());
}

#[test]
fn what_is_not_read_dies_of_it() {
    #[memoize(idle = "60ms")]
    fn run(n: u32) -> u32 {
        n
    }

    let begin = Instant::now();
    run(1);
    wait_until(|| run::memo().is_empty());
    assert!(begin.elapsed() >= millis(40));
}

#[test]
fn marked_stale_is_not_gone() {
    static RUNS: Count = Count::new();
    #[memoize(ttl = "1h", stale_while_revalidate = "1h")]
    fn run() -> usize {
        RUNS.add()
    }

    assert_eq!(run(), 0);
    assert_eq!(run::key().mark_stale().count(), 1);
    assert!(matches!(run::key().peek(), Peek::Stale { value: 0, .. }), "{:?}", run::key().peek());
    assert_eq!(run(), 0, "the old one, at once");
    wait_until(|| run() == 1);
    assert_eq!(run::memo().stats().revalidations, 1);
}
