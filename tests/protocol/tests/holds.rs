//! The protocol holds in every state within these bounds. With `CACHE_CORE_LONG=1` the bounds are wider: that takes
//! some minutes of a processor, and below 2 GiB.
//!
//! `cargo test -p protocol --test holds -- --nocapture --test-threads 1` prints how many states there are.

use protocol::rules::{Bounds, Fetch, Kind, Raise, Rules, Thread};
use protocol::steps::Model;

/// Two processes, three calls, one invalidation of any kind, both tags.
fn two() -> Bounds {
    Bounds::processes(2)
}

/// The same with three processes, which share the three calls.
fn three() -> Bounds {
    Bounds::processes(3)
}

/// Entries carry only a tag of their result.
fn result_tag_only(bounds: Bounds) -> Bounds {
    Bounds { known_tag: false, ..bounds }
}

const TAGS: &[Kind] = &[Kind::KnownTag, Kind::ResultTag];

/// The bound, or a wider one where that is asked for.
fn or_long(bound: u8, long: u8) -> u8 {
    if std::env::var_os("CACHE_CORE_LONG").is_some_and(|value| value == "1") { long } else { bound }
}

fn threads(of: &[(u8, u8)]) -> Vec<Thread> {
    of.iter().map(|&(process, version)| Thread { process, version }).collect()
}

/// All states hold, and so many thousands were visited.
fn holds(bounds: Bounds, rules: Rules, thousands: usize) {
    Model { rules, bounds }.assert_holds(thousands * 1000);
}

mod processes {
    use super::*;

    #[test]
    fn two_invalidations_and_a_loss() {
        let bounds = Bounds { invalidations: 2, losses: or_long(1, 2), ..two() };
        holds(bounds, Rules::default(), 1000);
    }

    #[test]
    fn four_calls_and_a_loss() {
        let bounds = Bounds { calls: 4, losses: 1, invalidations: or_long(1, 2), ..two() };
        holds(bounds, Rules::default(), 200);
    }

    #[test]
    fn every_tag_is_looked_at() {
        let bounds = Bounds { losses: 1, invalidations: or_long(1, 2), ..two() };
        holds(bounds, Rules { note: false, ..Rules::default() }, 110);
    }

    #[test]
    fn refreshes_and_inserts() {
        let remembers_tags = or_long(0, 1) == 1;
        let bounds = Bounds { refreshes: true, inserts: true, remembers_tags, losses: 1, ..two() };
        holds(bounds, Rules::default(), 900);
    }

    #[test]
    fn tags_of_the_result_are_remembered() {
        let bounds = Bounds { remembers_tags: true, refreshes: true, losses: or_long(0, 1), ..two() };
        holds(bounds, Rules::default(), 200);
    }

    #[test]
    fn callers_give_up_and_their_commands_are_late() {
        let bounds = Bounds { failures: or_long(1, 2), losses: 1, kinds: TAGS, ..two() };
        holds(bounds, Rules::default(), 500);
    }

    #[test]
    fn invalidations_are_repeated_and_their_commands_are_late() {
        let bounds = Bounds { failures: 1, invalidations: 2, losses: or_long(0, 1), kinds: TAGS, ..two() };
        holds(bounds, Rules::default(), 500);
    }

    #[test]
    fn three_processes() {
        let bounds = Bounds { losses: 1, ..three() };
        holds(bounds, Rules::default(), 550);
    }

    #[test]
    fn three_processes_and_two_invalidations() {
        let bounds = Bounds { invalidations: 2, losses: or_long(0, 1), ..result_tag_only(three()) };
        holds(bounds, Rules::default(), 200);
    }

    #[test]
    fn only_the_first_value_carries_the_tag_of_the_result() {
        let bounds = Bounds { bare: 0b1100, invalidations: 2, kinds: TAGS, refreshes: true, ..two() };
        holds(Bounds { losses: or_long(0, 1), ..bounds }, Rules::default(), 50);
    }

    #[test]
    fn only_later_values_carry_the_tag_of_the_result() {
        let bounds = Bounds { bare: 0b0010, invalidations: 2, kinds: TAGS, refreshes: true, ..two() };
        holds(Bounds { losses: or_long(0, 1), ..bounds }, Rules::default(), 50);
    }

    #[test]
    fn two_keys_with_the_same_tags() {
        let bounds = Bounds { keys: 2, calls: or_long(3, 4), losses: 1, ..two() };
        holds(bounds, Rules::default(), 800);
    }

    #[test]
    fn two_keys_and_four_calls() {
        let bounds = Bounds { keys: 2, calls: 4, ..two() };
        holds(bounds, Rules::default(), 200);
    }

    #[test]
    fn a_server_that_goes_back_in_time() {
        let bounds = Bounds { restores: 1, losses: or_long(0, 1), ..two() };
        holds(bounds, Rules::default(), 300);
    }
}

mod versions {
    use super::*;

    #[test]
    fn two_versions_in_one_container() {
        let bounds = Bounds { threads: threads(&[(0, 0), (1, 1)]), losses: 1, ..two() };
        holds(bounds, Rules::default(), 300);
    }

    #[test]
    fn two_versions_where_leaders_put_placeholders_over_dead_entries() {
        let bounds = Bounds { threads: threads(&[(0, 0), (1, 1)]), losses: 1, ..two() };
        holds(bounds, Rules { lease: true, ..Rules::default() }, 300);
    }

    #[test]
    fn three_processes_of_two_versions() {
        let bounds = Bounds { threads: threads(&[(0, 0), (1, 1), (2, 1)]), ..result_tag_only(two()) };
        holds(Bounds { losses: or_long(0, 1), ..bounds }, Rules::default(), 60);
    }
}

/// Other ways to do the same, on stores that cannot do it in one step.
mod ways {
    use super::*;

    fn tags() -> Bounds {
        Bounds { losses: 1, invalidations: 2, kinds: TAGS, ..two() }
    }

    #[test]
    fn a_fetch_reads_before_it_creates() {
        let bounds = Bounds { losses: 1, failures: or_long(0, 1), ..two() };
        holds(bounds, Rules { fetch: Fetch::ReadsFirst, ..Rules::default() }, 140);
    }

    #[test]
    fn a_revision_is_read_and_replaced() {
        holds(tags(), Rules { raise: Raise::ReadAndReplace, ..Rules::default() }, 600);
    }

    #[test]
    fn a_revision_that_another_has_raised_since_is_not_replaced_again() {
        holds(tags(), Rules { raise: Raise::ReadAndTry, ..Rules::default() }, 600);
    }

    #[test]
    fn leaders_put_placeholders_over_dead_entries() {
        let bounds = Bounds { losses: 1, invalidations: or_long(1, 2), ..two() };
        holds(bounds, Rules { lease: true, ..Rules::default() }, 80);
    }

    #[test]
    fn a_call_that_finds_a_placeholder_of_another_stores_if_it_is_first() {
        let bounds = Bounds { losses: 1, refreshes: true, failures: or_long(0, 1), ..two() };
        holds(bounds, Rules { shares_placeholders: true, ..Rules::default() }, 100);
    }

    #[test]
    fn leaders_take_generations_from_dead_entries() {
        let bounds = Bounds { losses: 1, invalidations: or_long(1, 2), ..two() };
        holds(bounds, Rules { adopts_from_dead: true, ..Rules::default() }, 60);
    }
}

mod flights {
    use super::*;

    #[test]
    fn two_threads_of_one_process_join_flights() {
        let bounds = Bounds { joins: true, threads: threads(&[(0, 0), (0, 0), (1, 0)]), ..two() };
        holds(bounds, Rules::default(), 150);
    }

    #[test]
    fn one_fetch_serves_all_waiters() {
        let bounds = Bounds { joins: true, threads: threads(&[(0, 0), (0, 0), (0, 0)]), calls: 4, ..two() };
        holds(result_tag_only(bounds), Rules::default(), 100);
    }
}

mod local_tiers {
    use super::*;

    fn local(of: &[(u8, u8)]) -> Bounds {
        Bounds { local: true, threads: threads(of), ..two() }
    }

    #[test]
    fn two_processes() {
        let bounds = Bounds { losses: or_long(0, 1), ..local(&[(0, 0), (1, 0)]) };
        holds(bounds, Rules::default(), 70);
    }

    #[test]
    fn two_invalidations() {
        let bounds = Bounds { invalidations: 2, ..result_tag_only(local(&[(0, 0), (1, 0)])) };
        holds(bounds, Rules::default(), 700);
    }

    #[test]
    fn a_channel_is_cut() {
        let bounds = Bounds { cuts: or_long(1, 2), ..local(&[(0, 0), (1, 0)]) };
        holds(bounds, Rules::default(), 400);
    }

    #[test]
    fn two_threads_of_one_process() {
        holds(local(&[(0, 0), (0, 0)]), Rules::default(), 25);
    }

    #[test]
    fn two_threads_of_one_process_beside_another() {
        holds(result_tag_only(local(&[(0, 0), (0, 0), (1, 0)])), Rules::default(), 350);
    }

    #[test]
    fn three_processes() {
        holds(result_tag_only(local(&[(0, 0), (1, 0), (2, 0)])), Rules::default(), 900);
    }
}
