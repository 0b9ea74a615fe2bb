//! What tests say of a model.

use std::time::Instant;

use crate::explore::{Exploration, explore};
use crate::state::Violation;
use crate::steps::Model;
use crate::words::InWords;

impl Model {
    /// Every state holds what must hold, and there are at least so many.
    ///
    /// # Panics
    ///
    /// If one does not, with the way to it in words; or if there are fewer.
    pub fn assert_holds(&self, at_least: usize) {
        let exploration = self.explored();
        if let Some(counterexample) = &exploration.counterexample {
            panic!("after {} states:\n{}", exploration.states, InWords(self, counterexample));
        }
        assert!(exploration.states >= at_least, "only {} states, not {at_least}", exploration.states);
    }

    /// There is a way to a state that must not be. It is printed.
    ///
    /// # Panics
    ///
    /// If there is none, or if a shorter way leads to another violation.
    pub fn assert_refuted(&self, violation: Violation) {
        let exploration = self.explored();
        let counterexample = exploration.counterexample.as_ref();
        let counterexample =
            counterexample.unwrap_or_else(|| panic!("it holds in {} states", exploration.states));
        println!("{}", InWords(self, counterexample));
        assert_eq!(counterexample.violation, violation);
    }

    fn explored(&self) -> Exploration {
        let begun = Instant::now();
        let exploration = explore(self);
        let Exploration { states, steps, depth, .. } = exploration;
        println!("{states} states, {steps} steps, depth {depth}, {:.1} s", begun.elapsed().as_secs_f32());
        exploration
    }
}
