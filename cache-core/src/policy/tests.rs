//! The rules put together: what an entry is good for, and what calls do with it.

use super::Verdict::{Compute, Renew, Serve};
use super::*;
use crate::time::NEVER;

/// Fresh until 1 000.
const TIMES: Times = Times {
    created: 0,
    deadline: 1_000,
    marked: false,
    read: 0,
    cost: 0,
    retry_at: 0,
    renewing: false,
    is_error: false,
};
/// Stale for calls until 1 100, and for failures until 1 500.
const BOTH: Rules = Rules { stale_while_revalidate: 100, stale_if_error: 500, ..Rules::new() };
const PLAIN: Rules = Rules::new();

fn unused() -> f64 {
    unreachable!("there is nothing to draw")
}

/// What becomes of an entry at each of these moments.
fn states(rules: &Rules, times: &Times, at: &[Tick]) -> Vec<Freshness> {
    at.iter().map(|now| rules.freshness(times, *now)).collect()
}

fn verdicts(rules: &Rules, times: &Times, at: &[Tick]) -> Vec<Verdict> {
    at.iter().map(|now| rules.on_call(times, *now, unused)).collect()
}

fn failures(rules: &Rules, times: &Times, at: &[Tick]) -> Vec<bool> {
    at.iter().map(|now| rules.on_failure(times, *now)).collect()
}

#[test]
fn without_a_window_what_is_not_fresh_is_dead() {
    assert_eq!(
        states(&PLAIN, &TIMES, &[0, 999, 1_000]),
        [Freshness::Fresh, Freshness::Fresh, Freshness::Dead]
    );
    assert_eq!(verdicts(&PLAIN, &TIMES, &[999, 1_000]), [Serve, Compute]);
    assert_eq!(failures(&PLAIN, &TIMES, &[999, 1_000]), [true, false]);
    assert!(!PLAIN.has_window() && !PLAIN.checks_fresh());
}

#[test]
fn an_entry_is_stale_until_the_longer_window_ends() {
    let states = states(&BOTH, &TIMES, &[999, 1_000, 1_100, 1_499, 1_500]);
    assert_eq!(
        states,
        [Freshness::Fresh, Freshness::Stale, Freshness::Stale, Freshness::Stale, Freshness::Dead]
    );
    assert!(BOTH.has_window());
}

#[test]
fn a_call_is_answered_with_what_is_stale_in_its_own_window_only() {
    let verdicts = verdicts(&BOTH, &TIMES, &[999, 1_000, 1_099, 1_100, 1_499, 1_500]);
    assert_eq!(verdicts, [Serve, Renew, Renew, Compute, Compute, Compute]);
}

#[test]
fn a_failure_is_answered_with_what_is_stale_in_its_own_window_only() {
    assert_eq!(failures(&BOTH, &TIMES, &[999, 1_000, 1_100, 1_499, 1_500]), [true, true, true, true, false]);
    let only_calls = Rules { stale_if_error: 0, ..BOTH };
    assert_eq!(failures(&only_calls, &TIMES, &[999, 1_000, 1_099]), [true, false, false]);
    let shorter = Rules { stale_if_error: 50, ..BOTH };
    assert_eq!(failures(&shorter, &TIMES, &[1_049, 1_050, 1_099]), [true, false, false]);
}

#[test]
fn what_rests_answers_within_both_windows_and_is_left_alone() {
    let is_resting = Times { retry_at: 1_300, ..TIMES };
    let at = [1_000, 1_099, 1_100, 1_299, 1_300, 1_500];
    assert_eq!(verdicts(&BOTH, &is_resting, &at), [Serve, Serve, Serve, Serve, Compute, Compute]);
    // Not a moment longer than its windows last.
    let long = Times { retry_at: 9_000, ..TIMES };
    assert_eq!(verdicts(&BOTH, &long, &[1_499, 1_500, 2_000]), [Serve, Compute, Compute]);
    let only_calls = Rules { stale_if_error: 0, ..BOTH };
    assert_eq!(verdicts(&only_calls, &long, &[1_099, 1_100]), [Serve, Compute]);
}

#[test]
fn what_is_due_ahead_is_left_alone_while_it_rests() {
    let rules = Rules { ahead: Some(Ahead::Fraction(0.8)), ..PLAIN };
    assert_eq!(verdicts(&rules, &TIMES, &[799, 800, 999, 1_000]), [Serve, Renew, Renew, Compute]);
    let is_resting = Times { retry_at: 900, ..TIMES };
    assert_eq!(verdicts(&rules, &is_resting, &[800, 899, 900]), [Serve, Serve, Renew]);
    assert!(rules.checks_fresh());
}

#[test]
fn what_is_being_computed_anew_is_so_once() {
    let rules = Rules { ahead: Some(Ahead::Fraction(0.8)), ..BOTH };
    let renewing = Times { renewing: true, ..TIMES };
    let verdicts = verdicts(&rules, &renewing, &[800, 999, 1_000, 1_099, 1_100, 1_499]);
    assert_eq!(
        verdicts,
        [Serve, Serve, Serve, Serve, Compute, Compute],
        "it has not failed: that is waited for"
    );
}

#[test]
fn an_error_that_is_kept_stands_in_for_nothing() {
    let error = Times { is_error: true, ..TIMES };
    assert_eq!(states(&BOTH, &error, &[999, 1_000]), [Freshness::Fresh, Freshness::Dead]);
    assert_eq!(verdicts(&BOTH, &error, &[999, 1_000]), [Serve, Compute]);
    assert_eq!(failures(&BOTH, &error, &[999, 1_000]), [false, false]);
}

#[test]
fn idle_ends_everything() {
    let rules = Rules { idle: Some(300), ..BOTH };
    assert_eq!(states(&rules, &TIMES, &[299, 300]), [Freshness::Fresh, Freshness::Dead]);
    assert_eq!(verdicts(&rules, &TIMES, &[299, 300]), [Serve, Compute]);
    assert!(!rules.on_failure(&TIMES, 300));
    // Read in time, it lives to the end of its windows, and no longer.
    let read = Times { read: 1_400, ..TIMES };
    assert_eq!(
        states(&rules, &read, &[999, 1_000, 1_499, 1_500])[1..],
        [Freshness::Stale, Freshness::Stale, Freshness::Dead]
    );
    let forever = Times { deadline: NEVER, ..TIMES };
    assert_eq!(states(&rules, &forever, &[299, 300]), [Freshness::Fresh, Freshness::Dead]);
    assert!(rules.checks_fresh());
}

/// A thread that reads the coarse clock may be a little behind the mark.
#[test]
fn a_mark_that_lies_ahead_opens_no_window_that_is_not_there() {
    let marked = Times { marked: true, deadline: 1_010, ..TIMES };
    let only_failures = Rules { stale_while_revalidate: 0, ..BOTH };
    let only_calls = Rules { stale_if_error: 0, ..BOTH };
    assert_eq!(verdicts(&only_failures, &marked, &[1_000]), [Compute]);
    assert_eq!(failures(&only_calls, &marked, &[1_000]), [false]);
    let error = Times { is_error: true, ..marked };
    assert_eq!(
        (verdicts(&BOTH, &error, &[1_000]), failures(&BOTH, &error, &[1_000])),
        (vec![Compute], vec![false])
    );
}

#[test]
fn windows_of_what_is_marked_count_from_the_mark() {
    let marked = Times { marked: true, deadline: 400, ..TIMES };
    assert_eq!(
        states(&BOTH, &marked, &[400, 899, 900]),
        [Freshness::Stale, Freshness::Stale, Freshness::Dead]
    );
    assert_eq!(verdicts(&BOTH, &marked, &[400, 499, 500]), [Renew, Renew, Compute]);
    assert_eq!(failures(&BOTH, &marked, &[899, 900]), [true, false]);
    // A clock that has gone back makes nothing fresh that was marked.
    assert_eq!(states(&BOTH, &marked, &[0]), [Freshness::Stale]);
}

#[test]
fn what_has_no_end_is_always_fresh() {
    let times = Times { deadline: NEVER, ..TIMES };
    assert_eq!(states(&BOTH, &times, &[0, NEVER - 1]), [Freshness::Fresh, Freshness::Fresh]);
}

/// A clock that has gone back finds entries that will have been made.
#[test]
fn times_that_lie_ahead_do_no_harm() {
    let times = Times { created: 5_000, deadline: 6_000, read: 5_500, retry_at: 7_000, cost: 100, ..TIMES };
    for ahead in [Ahead::Fraction(0.8), Ahead::Age(Duration::from_millis(800)), Ahead::XFetch(1.0)] {
        let rules = Rules { ahead: Some(ahead), idle: Some(1_000), ..BOTH };
        assert_eq!(rules.freshness(&times, 10), Freshness::Fresh);
        assert_eq!(rules.on_call(&times, 10, || 0.5), Serve, "{ahead:?}");
        assert!(rules.on_failure(&times, 10));
    }
}

/// Where it does not matter it is not kept either: it would take a box for each entry.
#[test]
fn what_a_computation_cost_matters_to_chance_alone() {
    let asks = |ahead| Rules { ahead, ..BOTH }.needs_cost();
    assert!(asks(Some(Ahead::XFetch(1.0))));
    assert!(
        !asks(None) && !asks(Some(Ahead::Fraction(0.8))) && !asks(Some(Ahead::Age(Duration::from_secs(1))))
    );
}

fn rules(while_revalidate: u64, if_error: u64) -> Rules {
    Rules { stale_while_revalidate: while_revalidate, stale_if_error: if_error, ..Rules::new() }
}

#[test]
fn each_window_has_its_own_end() {
    assert!(is_within(10, &TIMES, 1_009) && !is_within(10, &TIMES, 1_010));
    assert!(is_within(500, &TIMES, 1_499) && !is_within(500, &TIMES, 1_500));
}

#[test]
fn both_open_at_the_deadline_and_the_longer_one_is_the_end() {
    assert_eq!(rules(10, 500).end(1_000), 1_500);
    assert_eq!(rules(500, 10).end(1_000), 1_500);
    assert_eq!(rules(0, 0).end(1_000), 1_000);
    assert_eq!(rules(1, 1).end(NEVER), NEVER);
    assert_eq!(rules(0, 0).window(), 0);
}
