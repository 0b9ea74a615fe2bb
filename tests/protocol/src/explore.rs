//! All states that can be reached, breadth first.

use std::collections::{HashMap, VecDeque};
use std::hash::{Hash, Hasher};

use crate::canonical::{Renaming, canonical};
use crate::state::{CALLERS, FIRST_DRAWN, NONE, State, Symbol, Violation};
use crate::steps::{Model, Step};

/// What an exploration has found.
#[derive(Debug)]
pub struct Exploration {
    /// The number of states, each counted once.
    pub states: usize,
    /// The number of steps between them.
    pub steps: usize,
    /// The most steps that it takes to a state.
    pub depth: usize,
    /// A shortest way to a state that must not be. Without one, all states were visited.
    pub counterexample: Option<Counterexample>,
}

/// Steps from the first state to one that must not be.
#[derive(Debug)]
pub struct Counterexample {
    /// What happens.
    pub violation: Violation,
    /// The steps.
    pub steps: Vec<Taken>,
}

/// A step that was taken.
#[derive(Debug)]
pub struct Taken {
    /// The step.
    pub step: Step,
    /// The state before it.
    pub before: State,
    /// The state after it.
    pub after: State,
}

/// Visits all states, up to the first that must not be.
///
/// # Panics
///
/// If there are more than 2³² states.
pub fn explore(model: &Model) -> Exploration {
    let mut seen = Seen::default();
    let mut parents = vec![0];
    let mut waiting = VecDeque::new();
    let (first, _) = canonical(State::first(&model.bounds), &model.bounds);
    seen.insert(fingerprint(&first));
    waiting.push_back(first);
    let (mut steps, mut depth, mut last_of_depth) = (0, 0, 0);
    let mut parent = 0;
    let mut bad = None;
    while let Some(state) = waiting.pop_front() {
        model.for_each_step(&state, &mut |_, next| {
            steps += 1;
            let (next, _) = canonical(next, &model.bounds);
            if bad.is_none() && seen.insert(fingerprint(&next)) {
                parents.push(parent);
                if next.violation.is_some() {
                    bad = Some(parents.len() - 1);
                }
                waiting.push_back(next);
            }
        });
        if bad.is_some() {
            break;
        }
        if parent as usize == last_of_depth && !waiting.is_empty() {
            last_of_depth = parents.len() - 1;
            depth += 1;
        }
        parent += 1;
    }
    let counterexample = bad.map(|bad| retrace(model, &way_to(bad, &parents), &seen));
    Exploration { states: parents.len(), steps, depth, counterexample }
}

/// The numbers of the states on the way to one.
fn way_to(last: usize, parents: &[u32]) -> Vec<usize> {
    let mut way = vec![last];
    while let Some(&at) = way.last()
        && at != 0
    {
        way.push(parents[at] as usize);
    }
    way.reverse();
    way
}

/// Walks along a way again, with names that stay the same from step to step.
fn retrace(model: &Model, way: &[usize], seen: &Seen) -> Counterexample {
    let (first, _) = canonical(State::first(&model.bounds), &model.bounds);
    let mut names = FirstNames { threads: [0, 1, 2], symbols: HashMap::new(), next: FIRST_DRAWN };
    let mut state = first;
    let mut steps = Vec::new();
    let mut violation = None;
    for &at in &way[1..] {
        let mut found = None;
        model.for_each_step(&state, &mut |step, next| {
            let (renamed, renaming) = canonical(next, &model.bounds);
            if found.is_none() && fingerprint(&renamed) == seen.fingerprints[at] {
                found = Some((step, next, renamed, renaming));
            }
        });
        let (step, next, renamed, renaming) = found.expect("what was reached once can be reached again");
        let before = names.give(state);
        steps.push(Taken { step: names.give_step(step), before, after: names.give(next) });
        names.follow(&renaming);
        violation = renamed.violation;
        state = renamed;
    }
    Counterexample { violation: violation.expect("the last state has one"), steps }
}

/// The names that threads and symbols had first.
struct FirstNames {
    threads: [usize; CALLERS],
    symbols: HashMap<Symbol, Symbol>,
    /// The name of the next symbol that is drawn.
    next: Symbol,
}

impl FirstNames {
    fn give(&mut self, mut state: State) -> State {
        let callers = state.callers;
        for (caller, name) in callers.into_iter().zip(self.threads) {
            state.callers[name] = caller;
        }
        state.for_each_symbol(&mut |symbol| {
            if *symbol >= FIRST_DRAWN {
                let next = &mut self.next;
                *symbol = *self.symbols.entry(*symbol).or_insert_with(|| {
                    *next += 1;
                    *next - 1
                });
            }
        });
        state.fresh = self.next;
        state
    }

    fn give_step(&self, step: Step) -> Step {
        let name = |thread: usize| self.threads[thread];
        match step {
            Step::Call(thread, purpose, key, remembers) => Step::Call(name(thread), purpose, key, remembers),
            Step::Join(thread, flight) => Step::Join(name(thread), name(flight)),
            Step::Invalidate(thread, kind, key) => Step::Invalidate(name(thread), kind, key),
            Step::CarryOut(thread, slot) => Step::CarryOut(name(thread), slot),
            Step::CarryOutTwice(thread, slot) => Step::CarryOutTwice(name(thread), slot),
            Step::Compute(thread) => Step::Compute(name(thread)),
            Step::Land(thread) => Step::Land(name(thread)),
            Step::GiveUp(thread) => Step::GiveUp(name(thread)),
            Step::Repeat(thread) => Step::Repeat(name(thread)),
            other => other,
        }
    }

    /// The state that was named last has been renamed.
    fn follow(&mut self, renaming: &Renaming) {
        self.threads = renaming.threads.map(|was| self.threads[was]);
        let renamed = |(was, name): (&Symbol, &Symbol)| {
            let is = renaming.symbols[usize::from(*was)];
            (is != NONE).then_some((is, *name))
        };
        self.symbols = self.symbols.iter().filter_map(renamed).collect();
    }
}

/// The states that were visited, by 128 bits of each: that two of ten million share them has odds of 1 to 10²⁴.
#[derive(Default)]
struct Seen {
    fingerprints: Vec<u128>,
    /// Places in `fingerprints`, plus one, by the lowest bits of a fingerprint or behind.
    table: Vec<u32>,
}

impl Seen {
    /// Notes a state, and says whether it is new.
    fn insert(&mut self, fingerprint: u128) -> bool {
        if self.fingerprints.len() * 2 >= self.table.len() {
            self.table = vec![0; (self.table.len() * 2).max(1 << 10)];
            for (at, &fingerprint) in (1..).zip(&self.fingerprints) {
                let free = place(&self.table, fingerprint, |_| false);
                self.table[free] = at;
            }
        }
        let place = place(&self.table, fingerprint, |at| self.fingerprints[at as usize - 1] == fingerprint);
        if self.table[place] != 0 {
            return false;
        }
        self.fingerprints.push(fingerprint);
        self.table[place] = u32::try_from(self.fingerprints.len()).expect("fewer than 2³² states");
        true
    }
}

/// Where a fingerprint stands, or would stand.
fn place(table: &[u32], fingerprint: u128, is_it: impl Fn(u32) -> bool) -> usize {
    let mask = table.len() - 1;
    let mut place = fingerprint as usize & mask;
    while table[place] != 0 && !is_it(table[place]) {
        place = (place + 1) & mask;
    }
    place
}

fn fingerprint(state: &State) -> u128 {
    let mut mixer = Mixer { word: 0, bytes: 0, one: 0x243f_6a88_85a3_08d3, other: 0x1319_8a2e_0370_7344 };
    state.hash(&mut mixer);
    mixer.mix();
    mixer.mix();
    u128::from(mixer.one) << 64 | u128::from(mixer.other)
}

/// Two hashes at once: each word is multiplied into both, and the halves of the product are folded.
struct Mixer {
    word: u64,
    bytes: u32,
    one: u64,
    other: u64,
}

impl Mixer {
    fn mix(&mut self) {
        self.one = fold(self.one ^ self.word, 0xa409_3822_299f_31d1);
        self.other = fold(self.other.rotate_left(23) ^ self.word, 0x9e37_79b9_7f4a_7c15);
        self.word = 0;
        self.bytes = 0;
    }
}

fn fold(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    #[expect(clippy::cast_possible_truncation, reason = "both halves are used")]
    let (low, high) = (product as u64, (product >> 64) as u64);
    low ^ high ^ one.rotate_left(32)
}

impl Hasher for Mixer {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u8(byte);
        }
    }

    fn write_u8(&mut self, byte: u8) {
        self.word |= u64::from(byte) << (self.bytes * 8);
        self.bytes += 1;
        if self.bytes == 8 {
            self.mix();
        }
    }

    fn write_isize(&mut self, discriminant: isize) {
        self.write_u8(discriminant.to_le_bytes()[0]);
    }

    fn write_usize(&mut self, length: usize) {
        self.write_u8(length.to_le_bytes()[0]);
    }

    fn finish(&self) -> u64 {
        self.one ^ self.other
    }
}
