//! Interleaved rounds: every entrant has one slot in each, so that whatever else the machine does
//! falls on all of them alike.

use std::time::{Duration, Instant};

use super::gate::{AbortOnPanic, Gate};
use super::{Entrant, Worker, float, waiting};
use crate::workload::{Key, Turns, Workload, computed};

/// How much is measured.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) threads: usize,
    pub(crate) rounds: usize,
    /// Passes over the access sequence in one slot.
    pub(crate) passes: usize,
}

/// What was measured of one entrant.
pub(crate) struct Samples {
    /// Nanoseconds per hit and thread, one for each round: the mean over the threads.
    pub(crate) nanos: Vec<f64>,
    /// How often the function behind the cache ran while hits were measured.
    pub(crate) misses: u64,
    /// How often something asynchronous was polled then and was not ready.
    pub(crate) unready: u64,
    /// How many calls were timed, in all rounds and threads.
    pub(crate) calls: u64,
    /// Whether misses are a part of what was to be measured.
    pub(crate) may_miss: bool,
}

/// One entrant's slot in one round, as one thread saw it.
#[derive(Clone, Copy)]
struct Slot {
    elapsed: Duration,
    misses: u64,
    unready: u64,
}

/// Measures all entrants, in the order given.
///
/// # Errors
/// An entrant returned a wrong value.
pub(crate) fn interleave<K: Key>(
    entrants: &[Entrant<K>],
    workload: &Workload<K>,
    plan: Plan,
) -> Result<Vec<Samples>, String> {
    let gate = Gate::new(plan.threads);
    let by_thread: Vec<Vec<Vec<Slot>>> = std::thread::scope(|scope| {
        let gate = &gate;
        let threads: Vec<_> = (0..plan.threads)
            .map(|thread| {
                scope.spawn(move || {
                    let _abort = AbortOnPanic;
                    run_thread(entrants, workload, thread, plan, gate)
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().map_err(|_| "a thread panicked")?)
            .collect::<Result<_, String>>()
    })?;

    let calls_in_slot = (plan.passes * workload.sequence(0).keys.len()) as u64;
    let samples = (0..entrants.len()).map(|entrant| {
        let nanos = (0..plan.rounds).map(|round| {
            let sum: f64 = by_thread
                .iter()
                .map(|slots| slots[entrant][round].elapsed.as_secs_f64() * 1e9 / float(calls_in_slot))
                .sum();
            sum / float(plan.threads as u64)
        });
        let sum_of = |count: fn(&Slot) -> u64| {
            by_thread.iter().flat_map(|slots| &slots[entrant]).map(count).sum::<u64>()
        };
        Samples {
            nanos: nanos.collect(),
            misses: sum_of(|slot| slot.misses),
            unready: sum_of(|slot| slot.unready),
            calls: calls_in_slot * (plan.rounds * plan.threads) as u64,
            may_miss: workload.may_miss,
        }
    });
    Ok(samples.collect())
}

/// One thread's part: for each entrant, its slots by round.
fn run_thread<K: Key>(
    entrants: &[Entrant<K>],
    workload: &Workload<K>,
    thread: usize,
    plan: Plan,
    gate: &Gate,
) -> Result<Vec<Vec<Slot>>, String> {
    let mut turns: Vec<Turns<K>> = entrants.iter().map(|_| workload.turns(thread)).collect();
    let mut workers: Vec<Worker<K>> =
        entrants.iter().map(|entrant| entrant.warm_worker(workload, thread)).collect();
    let mut slots = vec![Vec::with_capacity(plan.rounds); entrants.len()];
    let mut wrong = None;
    for round in 0..plan.rounds {
        for place in 0..entrants.len() {
            // Each round begins with another entrant, so that none always follows the same one.
            let entrant = (place + round) % entrants.len();
            match run_slot(&mut workers[entrant], &mut turns[entrant], plan.passes, gate) {
                Some(slot) => slots[entrant].push(slot),
                // Noted and not returned at once: the other threads still wait at the gate.
                None => wrong = Some(entrants[entrant].name),
            }
        }
    }
    match wrong {
        Some(name) => Err(format!("`{name}` returned a wrong value")),
        None => Ok(slots),
    }
}

/// `None` if the values were not those of the keys.
fn run_slot<K: Key>(
    worker: &mut Worker<K>,
    turns: &mut Turns<K>,
    passes: usize,
    gate: &Gate,
) -> Option<Slot> {
    // The entrant before has left its own data in the processor's caches.
    worker(&turns.next().keys);

    gate.pass();
    let (computed_before, unready_before) = (computed(), waiting::unready());
    let mut elapsed = Duration::ZERO;
    let mut right = true;
    for _ in 0..passes {
        let sequence = turns.next();
        let start = Instant::now();
        right &= worker(&sequence.keys) == sequence.sum;
        elapsed += start.elapsed();
    }
    let (misses, unready) = (computed() - computed_before, waiting::unready() - unready_before);

    // Until the slowest thread is done, the others keep it company: it is timed under the same
    // contention to its end.
    let turn = gate.arrive();
    while !gate.all_arrived(turn) {
        worker(&turns.next().keys);
    }
    right.then_some(Slot { elapsed, misses, unready })
}
