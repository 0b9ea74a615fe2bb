//! What can happen next.

use crate::commands::{Command, MESSAGE, Reply, carry_out};
use crate::rules::{Bounds, Kind, Rules};
use crate::state::{Caller, Container, Fact, Phase, Purpose, Revision, State, Store};

/// The protocol by some rules, within some bounds.
#[derive(Clone, Debug)]
pub struct Model {
    /// The rules.
    pub rules: Rules,
    /// The bounds.
    pub bounds: Bounds,
}

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A thread calls, and sends its first requests: with one for the result's tag, if it remembers it.
    Call(usize, Purpose, u8, bool),
    /// A thread calls, and waits for the flight of another thread of its process.
    Join(usize, usize),
    /// The database's value changes, and a thread begins to invalidate.
    Invalidate(usize, Kind, u8),
    /// The store carries out a request of a thread. If that is the last one it waits for, it goes on.
    CarryOut(usize, u8),
    /// The same, and the command will arrive again.
    CarryOutTwice(usize, u8),
    /// A thread computes: it reads the database.
    Compute(usize),
    /// A thread keeps what it has in the local tier, if it may, and returns it.
    Land(usize),
    /// A thread dies or gives up. What it has sent is on its way.
    GiveUp(usize),
    /// A thread has no answer to its invalidation, and begins it again.
    Repeat(usize),
    /// A command arrives that nobody waits for.
    Arrive(usize),
    /// The store loses what it holds under a key.
    Lose(Lost),
    /// A message reaches a process.
    Deliver(usize),
    /// The channel of a process is cut. What is under way in it is lost.
    Cut(usize),
    /// A process notices that its channel was cut, and has it back.
    Reconnect(usize),
    /// What the store holds is saved.
    Save,
    /// The store goes back to what was saved.
    GoBack,
}

/// Which key is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// A value, with its number.
    Value(usize),
    /// A tag.
    Tag(usize),
    /// The fact about a tag.
    Fact(usize),
    /// The stamp of a tag, where stamps are numbers.
    Stamp(usize),
    /// The revision.
    Revision,
    /// The set of versions.
    Versions,
}

impl Model {
    /// Shows each step that can be taken, and the state after it.
    pub fn for_each_step(&self, state: &State, each: &mut impl FnMut(Step, State)) {
        for thread in 0..self.bounds.threads.len() {
            match state.callers[thread].phase {
                Phase::Idle => self.beginnings(state, thread, each),
                Phase::Body => {
                    let mut next = *state;
                    self.compute(&mut next, thread);
                    each(Step::Compute(thread), next);
                }
                Phase::Land => {
                    let mut next = *state;
                    self.land(&mut next, thread);
                    each(Step::Land(thread), next);
                }
                _ => self.requests(state, thread, each),
            }
            self.failures(state, thread, each);
        }
        self.late(state, each);
        losses(state, each);
        self.channels(state, each);
        self.restores(state, each);
    }

    fn beginnings(&self, state: &State, thread: usize, each: &mut impl FnMut(Step, State)) {
        let bounds = &self.bounds;
        if state.left.calls > 0 {
            let purposes = [
                (Purpose::Read, true),
                (Purpose::Refresh, bounds.refreshes),
                (Purpose::Insert, bounds.inserts),
            ];
            for purpose in purposes.into_iter().filter(|(_, may)| *may).map(|(purpose, _)| purpose) {
                for key in 0..bounds.keys {
                    for remembers in [false, true] {
                        if remembers && !bounds.remembers_tags {
                            continue;
                        }
                        let mut next = *state;
                        next.left.calls -= 1;
                        let floor = next.acknowledged[usize::from(key)];
                        self.begin(&mut next, thread, purpose, key, floor, remembers);
                        each(Step::Call(thread, purpose, key, remembers), next);
                    }
                }
            }
            if bounds.joins {
                self.joins(state, thread, each);
            }
        }
        if state.left.invalidations > 0 {
            for &kind in bounds.kinds.iter().filter(|kind| bounds.allow(**kind)) {
                let keys = if kind == Kind::Key { bounds.keys } else { 1 };
                for key in 0..keys {
                    let mut next = *state;
                    next.left.invalidations -= 1;
                    next.database += 1;
                    self.begin_invalidation(&mut next, thread, kind, key);
                    each(Step::Invalidate(thread, kind, key), next);
                }
            }
        }
    }

    fn joins(&self, state: &State, thread: usize, each: &mut impl FnMut(Step, State)) {
        for (flight, caller) in state.callers.iter().enumerate().take(self.bounds.threads.len()) {
            let leads = !matches!(caller.phase, Phase::Idle | Phase::Joined | Phase::Invalidate);
            if leads && self.bounds.threads[flight] == self.bounds.threads[thread] {
                let mut next = *state;
                next.left.calls -= 1;
                next.callers[thread] = Caller {
                    phase: Phase::Joined,
                    key: caller.key,
                    floor: next.acknowledged[usize::from(caller.key)],
                    joined: u8::try_from(flight).expect("there are few threads"),
                    ..Caller::default()
                };
                each(Step::Join(thread, flight), next);
            }
        }
    }

    fn requests(&self, state: &State, thread: usize, each: &mut impl FnMut(Step, State)) {
        let caller = &state.callers[thread];
        for slot in slots(caller.pending) {
            let mut next = *state;
            if slot == MESSAGE {
                self.send_messages(&mut next, thread);
                self.answered(&mut next, thread, slot, Reply::Done(true));
                each(Step::CarryOut(thread, slot), next);
                continue;
            }
            let command = self.command(caller, thread, slot);
            let reply = carry_out(command, &mut next, &self.rules);
            if !self.rules.creates_once
                && next.left.failures > 0
                && let Some(again) = command.repeated(reply)
            {
                let mut twice = next;
                twice.left.failures -= 1;
                if twice.leave_late(again) {
                    self.answered(&mut twice, thread, slot, reply);
                    each(Step::CarryOutTwice(thread, slot), twice);
                }
            }
            self.answered(&mut next, thread, slot, reply);
            each(Step::CarryOut(thread, slot), next);
        }
    }

    fn failures(&self, state: &State, thread: usize, each: &mut impl FnMut(Step, State)) {
        let caller = &state.callers[thread];
        if state.left.failures == 0 || matches!(caller.phase, Phase::Idle | Phase::Joined | Phase::Land) {
            return;
        }
        let mut next = *state;
        next.left.failures -= 1;
        for slot in slots(caller.pending & !MESSAGE) {
            let command = self.command(caller, thread, slot);
            if !command.only_reads() && !next.leave_late(command) {
                return;
            }
        }
        if let Purpose::Invalidate(kind) = caller.purpose {
            let mut again = next;
            self.start_invalidation(&mut again, thread, kind, caller.key, caller.version);
            each(Step::Repeat(thread), again);
        }
        next.callers[thread] = Caller::default();
        each(Step::GiveUp(thread), next);
    }

    fn late(&self, state: &State, each: &mut impl FnMut(Step, State)) {
        for (at, &command) in state.late.iter().enumerate() {
            if command != Command::Nothing {
                let mut next = *state;
                next.late[at] = Command::Nothing;
                carry_out(command, &mut next, &self.rules);
                each(Step::Arrive(at), next);
            }
        }
    }

    fn restores(&self, state: &State, each: &mut impl FnMut(Step, State)) {
        if state.left.snapshots > 0 {
            let mut next = *state;
            next.left.snapshots -= 1;
            next.snapshot = Some(next.store);
            each(Step::Save, next);
        }
        if let Some(snapshot) = state.snapshot {
            let mut next = *state;
            next.snapshot = None;
            next.store = if self.rules.names_run { Store::default() } else { snapshot };
            each(Step::GoBack, next);
        }
    }
}

fn losses(state: &State, each: &mut impl FnMut(Step, State)) {
    if state.left.losses == 0 {
        return;
    }
    let mut lose = |lost, change: &dyn Fn(&mut Store)| {
        let mut next = *state;
        next.left.losses -= 1;
        change(&mut next.store);
        if next.store != state.store {
            each(Step::Lose(lost), next);
        }
    };
    for at in 0..2 {
        lose(Lost::Value(at), &|store| store.values[at] = Container::default());
        lose(Lost::Tag(at), &|store| store.tags[at] = crate::state::NONE);
        lose(Lost::Fact(at), &|store| store.facts[at] = Fact::default());
        lose(Lost::Stamp(at), &|store| store.stamps[at] = 0);
    }
    lose(Lost::Revision, &|store| store.revision = Revision::default());
    lose(Lost::Versions, &|store| store.versions = 0);
}

/// The single bits of a set.
pub(crate) fn slots(set: u8) -> impl Iterator<Item = u8> {
    (0..8).map(|at| 1 << at).filter(move |slot| set & slot != 0)
}
