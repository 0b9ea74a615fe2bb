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
mod world;

use self::functions::{EXCLUSIVE, Function, LAGGING, REFRESHED, SHARED, SINGLE};
use self::world::World;

const STEPS: u32 = 300;

/// How many histories are drawn.
fn count(usual: u64) -> u64 {
    if std::env::var_os("CACHE_CORE_LONG").is_some() { 100 * usual } else { usual }
}

/// Draws histories. `CACHE_CORE_SEED` is the seed of the only one.
fn explore(function: &'static Function, processes: usize, histories: u64) {
    let only = std::env::var("CACHE_CORE_SEED").ok().map(|seed| seed.parse().expect("a seed is a number"));
    let seeds = only.map_or(0..count(histories), |seed: u64| seed..seed + 1);
    let is_one = only.is_some();
    let (mut reads, mut shared) = (0, 0);
    for seed in seeds {
        let mut world = World::new(seed, function, processes);
        for _ in 0..STEPS {
            if let Err(wrong) = world.advance() {
                panic!("seed {seed}, step {}: {wrong}", world.step());
            }
        }
        if let Err(wrong) = world.finish() {
            panic!("seed {seed}, at the end: {wrong}");
        }
        let counted = world.counted();
        reads += counted.reads;
        shared += counted.shared;
    }
    println!("{shared} of {reads}");
    assert!(
        is_one || shared * 10 > reads && reads > 500,
        "{shared} of {reads} calls took the value of another"
    );
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

#[test]
fn a_history_is_the_same_each_time() {
    let trace = || {
        let mut world = World::new(7, &SHARED, 2);
        (0..STEPS).for_each(|_| world.advance().unwrap());
        world.counted()
    };
    assert_eq!(trace(), trace());
}
