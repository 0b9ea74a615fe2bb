//! An entry is fresh for its ttl and not a moment longer.

use std::time::{Duration, Instant};

use cache_core::testing::Scope;
use cache_core::{Peek, Ttl, memoize, tag};
use tests::{Count, millis, secs};

#[test]
fn an_entry_is_there_until_its_ttl_is_up() {
    #[memoize(ttl = 1)]
    fn short(n: u32) -> u32 {
        n
    }
    #[memoize(ttl = 3)]
    fn long(n: u32) -> u32 {
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    short(1);
    long(1);
    scope.advance(millis(999));
    assert_eq!(short::entry(1).get(), Some(1));
    scope.advance(millis(101));
    assert_eq!(short::entry(1).get(), None);
    assert_eq!(long::entry(1).get(), Some(1), "its neighbour lives longer");
}

#[test]
fn no_way_of_reading_shows_what_is_past_its_ttl() {
    static RUNS: Count = Count::new();
    #[memoize(ttl = 10, tag = "freshness::ttl::no_way")]
    fn run(_n: u32) -> usize {
        RUNS.add()
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!(run(1), 0);
    let key = run::key(1);
    scope.advance(millis(9_999));
    assert_eq!((run(1), key.get(), key.is_live(), run::memo().len()), (0, Some(0), true, 1));
    assert_eq!(tag("freshness::ttl::no_way").len(), 1);
    scope.advance(millis(1));
    assert_eq!(key.get(), None);
    assert_eq!(key.peek(), Peek::Absent);
    assert_eq!(key.ttl(), None);
    assert!(!key.is_live());
    assert_eq!(run::entry(1).get(), None);
    assert_eq!(run::memo().get_many([&key]), [None]);
    assert!(run::memo().keys().is_empty());
    assert!(run::memo().any_keys().is_empty());
    assert!(run::memo().is_empty());
    assert!(tag("freshness::ttl::no_way").keys().is_empty());
    assert!(!key.set_ttl(secs(10)), "what is over is not brought back");
    assert!(!key.extend_ttl(secs(10)));
    assert_eq!(key.invalidate().count(), 0, "what is over does not count");
    assert_eq!(run(1), 1);
}

#[test]
fn a_second_write_moves_the_deadline() {
    #[memoize(ttl = 1)]
    fn run(n: u32) -> u32 {
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    run(1);
    scope.advance(millis(600));
    assert!(run::entry(1).insert(2));
    scope.advance(millis(600));
    assert_eq!(run::entry(1).get(), Some(2), "the first deadline is of no more account");
    assert_eq!(run::memo().sweep(), 0, "no ghost of the first write");
    scope.advance(millis(400));
    assert_eq!(run::entry(1).get(), None);
    assert_eq!(run::memo().sweep(), 1);
}

#[test]
fn reads_do_not_renew_a_ttl() {
    #[memoize(ttl = 1)]
    fn run(n: u32) -> u32 {
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    run(1);
    for _ in 0..9 {
        scope.advance(millis(100));
        assert_eq!(run::entry(1).get(), Some(1));
        run(1);
        run(2);
    }
    scope.advance(millis(100));
    assert_eq!(run::entry(1).get(), None);
}

#[test]
fn a_ttl_holds_for_each_entry() {
    #[memoize(ttl = 10)]
    fn run(n: u32) -> u32 {
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    for n in 0..10 {
        run(n);
        scope.advance(secs(1));
    }
    assert_eq!(run::memo().len(), 9);
    assert_eq!(run::entry(0).get(), None);
    for n in 1..10 {
        assert_eq!(run::entry(n).ttl(), Some(Ttl::For(secs(u64::from(n)))));
    }
}

#[test]
fn a_ttl_begins_when_the_value_is_there() {
    #[memoize(ttl = 10)]
    fn slow(scope: &'static str) -> u32 {
        SLOW.with(|clock| clock.borrow().as_ref().unwrap().advance(secs(7)));
        u32::try_from(scope.len()).unwrap()
    }
    thread_local! {
        static SLOW: std::cell::RefCell<Option<Scope>> = const { std::cell::RefCell::new(None) };
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    SLOW.with(|clock| *clock.borrow_mut() = Some(scope.clone()));
    slow("x");
    assert_eq!(slow::entry("x").ttl(), Some(Ttl::For(secs(10))));
}

#[test]
fn ttls_are_written_in_many_ways() {
    const LATER: Duration = Duration::from_secs(90);
    #[memoize(ttl = 60 * 60)]
    fn hour() -> u32 {
        0
    }
    #[memoize(ttl = 0.5)]
    fn half() -> u32 {
        0
    }
    #[memoize(ttl = "1h30m")]
    fn human() -> u32 {
        0
    }
    #[memoize(ttl = "250ms")]
    fn quarter() -> u32 {
        0
    }
    #[memoize(ttl = LATER)]
    fn constant() -> u32 {
        0
    }
    #[memoize(ttl = Duration::from_millis(1500))]
    fn expression() -> u32 {
        0
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    hour();
    half();
    human();
    quarter();
    constant();
    expression();
    assert_eq!(hour::entry().ttl(), Some(Ttl::For(secs(3600))));
    assert_eq!(half::entry().ttl(), Some(Ttl::For(millis(500))));
    assert_eq!(human::entry().ttl(), Some(Ttl::For(secs(5400))));
    assert_eq!(quarter::entry().ttl(), Some(Ttl::For(millis(250))));
    assert_eq!(constant::entry().ttl(), Some(Ttl::For(secs(90))));
    assert_eq!(expression::entry().ttl(), Some(Ttl::For(millis(1500))));
}

#[test]
fn a_ttl_may_depend_on_value_and_arguments() {
    #[memoize(ttl = |value| Duration::from_secs(*value))]
    fn by_value(n: u64) -> u64 {
        n
    }
    #[memoize(ttl = |value| Duration::from_secs(value.len() as u64 + weeks * 7))]
    fn by_both(weeks: u64, text: &str) -> String {
        text.to_owned()
    }
    #[memoize(ttl = |value| (*value > 5).then_some(Duration::from_secs(1)))]
    fn sometimes(n: u64) -> u64 {
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    by_value(3);
    by_value(5);
    by_both(2, "abc");
    sometimes(5);
    sometimes(6);
    assert_eq!(by_value::entry(3).ttl(), Some(Ttl::For(secs(3))));
    assert_eq!(by_value::entry(5).ttl(), Some(Ttl::For(secs(5))));
    assert_eq!(by_both::entry(2, "abc").ttl(), Some(Ttl::For(secs(17))));
    assert_eq!(sometimes::entry(5).ttl(), Some(Ttl::Unlimited));
    assert_eq!(sometimes::entry(6).ttl(), Some(Ttl::For(secs(1))));
    // What is inserted by hand is timed the same way.
    assert!(by_value::entry(1).insert(40));
    assert_eq!(by_value::entry(1).ttl(), Some(Ttl::For(secs(40))));
}

#[test]
fn a_ttl_of_nothing_stores_nothing() {
    static RUNS: Count = Count::new();
    #[memoize(ttl = |value| Duration::from_secs(u64::from(*value)))]
    fn run(n: u32) -> u32 {
        RUNS.add();
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!([run(0), run(0)], [0, 0]);
    assert_eq!(RUNS.get(), 2);
    assert!(!run::entry(9).insert(0));
    assert!(run::memo().is_empty());
}

#[test]
fn without_a_ttl_an_entry_stays() {
    #[memoize]
    fn run(n: u32) -> u32 {
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    run(1);
    scope.advance(secs(100 * 365 * 24 * 3600));
    assert_eq!(run::entry(1).get(), Some(1));
    assert_eq!(run::entry(1).ttl(), Some(Ttl::Unlimited));
}

#[test]
fn set_ttl_sets_and_extend_ttl_never_shortens() {
    #[memoize(ttl = 10)]
    fn run(n: u32) -> u32 {
        n
    }
    #[memoize]
    fn forever(n: u32) -> u32 {
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    run(1);
    let entry = run::entry(1);
    assert!(entry.extend_ttl(secs(5)));
    assert_eq!(entry.ttl(), Some(Ttl::For(secs(10))));
    assert!(entry.extend_ttl(secs(20)));
    assert_eq!(entry.ttl(), Some(Ttl::For(secs(20))));
    assert!(entry.set_ttl(secs(5)));
    assert_eq!(entry.ttl(), Some(Ttl::For(secs(5))));
    scope.advance(secs(5));
    assert_eq!(entry.get(), None);
    run(1);
    assert!(run::key(1).set_ttl(Duration::ZERO), "ends it now");
    assert_eq!(run::entry(1).get(), None);
    forever(1);
    assert!(forever::entry(1).extend_ttl(secs(1)));
    assert_eq!(forever::entry(1).ttl(), Some(Ttl::Unlimited));
    assert!(forever::entry(1).set_ttl(Duration::MAX));
    scope.advance(secs(1_000_000));
    assert_eq!(forever::entry(1).get(), Some(1));
}

#[test]
fn whether_an_entry_lives_long_enough_can_be_asked() {
    #[memoize(ttl = 10)]
    fn run(n: u32) -> u32 {
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let lives = |n, for_secs| run::key(n).ttl() >= Some(Ttl::For(secs(for_secs)));
    run(1);
    scope.advance(millis(100));
    assert!(lives(1, 4) && !lives(1, 10));
    assert!(!lives(2, 0), "nothing is there");
}

#[test]
fn ttls_are_ordered() {
    assert!(Ttl::For(secs(1)) < Ttl::For(secs(2)));
    assert!(Ttl::For(Duration::MAX) < Ttl::Unlimited);
}

#[test]
fn by_the_systems_clock_too_nothing_is_older_than_its_ttl() {
    const TTL: Duration = millis(40);
    static RUNS: Count = Count::new();
    #[memoize(ttl = "40ms")]
    fn born() -> Instant {
        RUNS.add();
        Instant::now()
    }

    let begin = Instant::now();
    while begin.elapsed() < millis(400) {
        let before = Instant::now();
        let born = born();
        // The clock's stated resolution is a few milliseconds; a thread that keeps it may come late
        // on a busy machine.
        let age = before.saturating_duration_since(born);
        assert!(age <= TTL + millis(250), "{age:?} old");
    }
    assert!(RUNS.get() >= 2, "it never expired");
    assert!(born::memo().stats().hits > 0);
}

#[test]
fn what_nobody_asks_for_again_is_reclaimed() {
    #[memoize(ttl = "20ms")]
    fn run(n: u32) -> u32 {
        n
    }

    for n in 0..100 {
        run(n);
    }
    // By the background sweep: nobody calls `sweep`, and reading reclaims nothing.
    tests::wait_until(|| run::memo().stats().expirations == 100);
    assert!(run::memo().is_empty());
}
