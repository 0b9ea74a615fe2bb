//! Calls of functions in several processes over one store, in an order that is drawn.
//!
//! Each process is a test scope with a connection on which every command waits for the test, and with an executor whose
//! tasks the test polls. The test draws what happens next: a call begins or is polled, a command arrives, a reply comes, a
//! caller gives up, the store loses a key or fails, time passes.
//!
//! Time is counted in steps, and so are the versions of the database that the bodies read: each step makes a new one. No
//! call returns a value that was read before an invalidation of it began, if that was acknowledged before the call began.
//! In its own process an invalidation holds from the moment on at which its verb has returned, whatever the store says.

mod functions;
mod ledger;
mod nested;
mod world;

use std::ops::Range;

use self::functions::{EXCLUSIVE, Function, LAGGING, REFRESHED, SHARED, SINGLE};
use self::world::World;
use super::Processes;

const STEPS: u32 = 300;

/// The seeds of the histories: usually so many, and `CACHE_CORE_LONG` makes them more. `CACHE_CORE_SEED` is the only one.
fn seeds(usual: u64) -> Range<u64> {
    if let Ok(seed) = std::env::var("CACHE_CORE_SEED") {
        let seed = seed.parse().expect("a seed is a number");
        return seed..seed + 1;
    }
    let is_long = std::env::var_os("CACHE_CORE_LONG").is_some();
    0..if is_long { 100 * usual } else { usual }
}

/// Draws histories.
fn explore(function: &'static Function, processes: usize, histories: u64) {
    let (mut reads, mut shared) = (0, 0);
    for seed in seeds(histories) {
        let mut world =
            World::new(seed, function, if seed.is_multiple_of(3) { processes } else { processes.min(2) });
        for _ in 0..STEPS {
            if let Err(wrong) = world.advance() {
                panic!("seed {seed}, step {}: {wrong}", ledger::with(|ledger| ledger.step));
            }
        }
        if let Err(wrong) = world.finish() {
            panic!("seed {seed}, at the end: {wrong}");
        }
        let counted = world.counted();
        reads += counted.reads;
        shared += counted.shared;
    }
    assert!(shared * 10 > reads && reads > 20, "{shared} of {reads} calls took the value of another");
}

#[test]
fn no_call_returns_what_another_process_has_invalidated() {
    explore(&SHARED, 3, 60);
}

#[test]
fn nor_does_one_that_waits_for_nobody() {
    explore(&SINGLE, 2, 25);
}

#[test]
fn a_local_ttl_is_how_late_a_process_learns_of_others() {
    explore(&LAGGING, 2, 60);
}

#[test]
fn calls_of_one_process_agree_with_a_store_of_its_own() {
    explore(&EXCLUSIVE, 1, 60);
}

#[test]
fn what_is_renewed_in_the_background_is_no_older() {
    explore(&REFRESHED, 1, 25);
}

/// The same for histories of calls within calls.
fn explore_nested(processes: fn() -> Processes, histories: u64) {
    let (mut reads, mut shared) = (0, 0);
    for seed in seeds(histories) {
        match nested::World::new(seed, processes()).run(40) {
            Ok(counted) => (reads, shared) = (reads + counted.0, shared + counted.1),
            Err(wrong) => panic!("seed {seed}: {wrong}"),
        }
    }
    assert!(shared * 10 > reads && reads > 20, "{shared} of {reads} calls took the value of another");
}

#[test]
fn no_call_returns_what_was_invalidated_between_its_requests() {
    explore_nested(|| Processes::new(2), 60);
}

#[test]
fn nor_what_was_invalidated_on_the_same_thread() {
    explore_nested(Processes::alone, 60);
}

#[test]
fn a_history_is_the_same_each_time() {
    let trace = || {
        let mut world = World::new(7, &SHARED, 2);
        (0..STEPS).for_each(|_| world.advance().unwrap());
        world.counted()
    };
    assert_eq!(trace(), trace());
}
