//! One state for all that differ only in names: in which symbols were drawn, in which of two equal threads is which.

use crate::commands::Command;
use crate::rules::Bounds;
use crate::state::{
    CALLERS, Caller, Container, FIRST_DRAWN, Fact, NONE, Part, Revision, State, Store, Symbol,
};

/// The most symbols that a state can have, and those that a step draws.
const SYMBOLS: usize = 160;

/// How a state was renamed.
pub struct Renaming {
    /// For each thread, which one it was.
    pub threads: [usize; CALLERS],
    /// For each symbol, what it is called now. [`NONE`] if the state has none of this name.
    pub symbols: [Symbol; SYMBOLS],
}

/// Renames symbols and threads.
pub fn canonical(mut state: State, bounds: &Bounds) -> (State, Renaming) {
    let threads = order_threads(&mut state, bounds);
    state.late.sort_by_key(Command::rank);
    let mut names = Names { of: [NONE; SYMBOLS], next: FIRST_DRAWN };
    state.for_each_symbol(&mut |symbol| names.rename(symbol));
    state.fresh = names.next;
    state.returned = 0;
    (state, Renaming { threads, symbols: names.of })
}

/// Threads that are alone in their process and run the same version may be exchanged, as long as a process has no
/// state of its own.
fn order_threads(state: &mut State, bounds: &Bounds) -> [usize; CALLERS] {
    let mut was = [0, 1, 2];
    if bounds.local || bounds.joins {
        return was;
    }
    let version = |thread: usize| bounds.threads.get(thread).map_or(2, |thread| thread.version);
    for end in (1..CALLERS).rev() {
        for thread in 0..end {
            let (one, other) = (&state.callers[thread], &state.callers[thread + 1]);
            if version(thread) == version(thread + 1) && rank(one) > rank(other) {
                state.callers.swap(thread, thread + 1);
                was.swap(thread, thread + 1);
            }
        }
    }
    was
}

/// An order of callers that does not depend on symbols.
fn rank(caller: &Caller) -> impl Ord {
    let numbers =
        [caller.key, caller.floor.all, caller.version, caller.value, caller.stage, caller.revision.number];
    let parts = caller.seen.parts.map(|part| [part.value, part.revision.number]);
    (caller.phase, caller.pending, numbers, parts, caller.owns, caller.again.number)
}

/// The new names of symbols, in the order in which they are met.
struct Names {
    of: [Symbol; SYMBOLS],
    next: Symbol,
}

impl Names {
    fn rename(&mut self, symbol: &mut Symbol) {
        if *symbol < FIRST_DRAWN {
            return;
        }
        let name = &mut self.of[usize::from(*symbol)];
        if *name == NONE {
            *name = self.next;
            self.next += 1;
        }
        *symbol = *name;
    }
}

impl State {
    /// Shows each symbol, in an order that does not depend on symbols.
    pub(crate) fn for_each_symbol(&mut self, each: &mut impl FnMut(&mut Symbol)) {
        self.store.for_each_symbol(each);
        self.callers.iter_mut().for_each(|caller| caller.for_each_symbol(each));
        self.late.iter_mut().for_each(|late| late.for_each_symbol(&mut *each));
        self.snapshot.iter_mut().for_each(|snapshot| snapshot.for_each_symbol(each));
    }
}

impl Store {
    fn for_each_symbol(&mut self, each: &mut impl FnMut(&mut Symbol)) {
        self.values.iter_mut().for_each(|value| value.for_each_symbol(each));
        self.tags.iter_mut().for_each(&mut *each);
        self.facts.iter_mut().for_each(|fact| fact.for_each_symbol(each));
        self.revision.for_each_symbol(each);
    }
}

impl Caller {
    fn for_each_symbol(&mut self, each: &mut impl FnMut(&mut Symbol)) {
        self.seen.for_each_symbol(each);
        self.revision.for_each_symbol(each);
        self.again.for_each_symbol(each);
        self.generations.iter_mut().for_each(&mut *each);
        self.fact.for_each_symbol(each);
    }
}

impl Part {
    /// Shows each symbol.
    pub(crate) fn for_each_symbol(&mut self, each: &mut impl FnMut(&mut Symbol)) {
        self.revision.for_each_symbol(each);
        self.generations.iter_mut().for_each(each);
    }
}

impl Container {
    fn for_each_symbol(&mut self, each: &mut impl FnMut(&mut Symbol)) {
        each(&mut self.id);
        self.parts.iter_mut().for_each(|part| part.for_each_symbol(each));
    }
}

impl Fact {
    /// Shows each symbol.
    pub(crate) fn for_each_symbol(&mut self, each: &mut impl FnMut(&mut Symbol)) {
        each(&mut self.generation);
        self.revision.for_each_symbol(each);
    }
}

impl Revision {
    /// Shows the symbol.
    pub(crate) fn for_each_symbol(&mut self, each: &mut impl FnMut(&mut Symbol)) {
        each(&mut self.era);
    }
}
