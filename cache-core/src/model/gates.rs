//! The gate of a shard: the one that ships, which the models of the lock have a mutex for. Waiting for ever is a
//! deadlock, and found.

use std::sync::Arc;

use loom::cell::UnsafeCell;
use loom::thread::spawn;

use super::{ALL, FEW, check, join};
use crate::sync::gate::{Lot, RawGate};

/// Two gates whose threads wait in one place, and what is behind the first.
struct Yard {
    gates: [RawGate; 2],
    lot: &'static Lot,
    behind: UnsafeCell<u64>,
}

// SAFETY: the model checker panics on accesses that must not meet.
unsafe impl Sync for Yard {}
// SAFETY: as above.
unsafe impl Send for Yard {}

impl Yard {
    fn new() -> Arc<Self> {
        let lot = Box::leak(Box::new(Lot::new()));
        Arc::new(Self { gates: [RawGate::new(), RawGate::new()], lot, behind: UnsafeCell::new(0) })
    }

    fn pass(&self, gate: usize) {
        self.gates[gate].close(|| self.lot);
        if gate == 0 {
            // SAFETY: checked by the model checker, first.
            self.behind.with_mut(|number| unsafe { *number += 1 });
        }
        self.gates[gate].open(|| self.lot);
    }
}

fn pass_all(preemptions: Option<usize>, threads: &'static [&'static [usize]]) {
    check(preemptions, move || {
        let yard = Yard::new();
        let spawned: Vec<_> = threads[1..]
            .iter()
            .map(|gates| {
                let yard = yard.clone();
                spawn(move || gates.iter().for_each(|gate| yard.pass(*gate)))
            })
            .collect();
        threads[0].iter().for_each(|gate| yard.pass(*gate));
        join(spawned);
        let passed = threads.iter().flat_map(|gates| gates.iter()).filter(|gate| **gate == 0).count();
        // SAFETY: as above.
        assert_eq!(yard.behind.with(|number| unsafe { *number }), passed as u64);
    });
}

#[test]
fn two_threads_are_behind_a_gate_one_after_the_other() {
    pass_all(ALL, &[&[0, 0], &[0, 0]]);
}

#[test]
fn of_three_threads_each_gets_through() {
    pass_all(FEW, &[&[0], &[0], &[0]]);
}

#[test]
fn who_waits_in_the_same_place_for_another_gate_gets_through() {
    pass_all(FEW, &[&[0, 1], &[1], &[0]]);
}
