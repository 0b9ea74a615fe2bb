//! A call: it fetches, judges what it found, and computes.

use crate::commands::{
    Command, FACT, KNOWN_TAG, MESSAGE, OTHER_VALUE, RESULT_TAG, REVISION, Reply, VALUE, VERSIONS,
};
use crate::rules::{Fetch, KnownTag, PublishIf, Raise, Stamp, Versions};
use crate::state::{
    Caller, Floor, KNOWN, NONE, Part, Phase, Purpose, RESULT, Revision, State, Symbol, Violation,
};
use crate::steps::Model;

/// What an entry is worth to a reader.
enum Worth {
    Good,
    Dead,
    /// It depends on the generation of the result's tag, which is not known.
    Open,
}

impl Model {
    /// The version of the program that a thread runs.
    pub(crate) fn version(&self, thread: usize) -> usize {
        usize::from(self.bounds.threads[thread].version)
    }

    /// Begins a call, and sends its first requests.
    pub(crate) fn begin(
        &self,
        state: &mut State,
        thread: usize,
        purpose: Purpose,
        key: u8,
        floor: Floor,
        remembers: bool,
    ) {
        let known = self.bounds.known_tag
            && self.rules.known_tag == KnownTag::BeforeBody
            && self.rules.stamp == Stamp::Generation;
        let pending =
            VALUE | REVISION | if known { KNOWN_TAG } else { 0 } | if remembers { RESULT_TAG } else { 0 };
        let looks = self.rules.fetch == Fetch::ReadsFirst && purpose != Purpose::Insert;
        let phase = if looks { Phase::Look } else { Phase::Fetch };
        let asks_result = u8::from(looks && remembers);
        state.callers[thread] =
            Caller { phase, pending, purpose, key, floor, stage: asks_result, ..Caller::default() };
    }

    /// The command of a request that a caller has sent.
    pub(crate) fn command(&self, caller: &Caller, thread: usize, slot: u8) -> Command {
        let (known, result) = (0, 1);
        let place = match self.rules.versions {
            Versions::InOneContainer => caller.key,
            Versions::InSet => self.bounds.threads[thread].version,
        };
        match (caller.phase, slot) {
            (Phase::Invalidate, _) => self.invalidating(caller, slot),
            (Phase::Look, VALUE) => Command::ReadValue(place),
            (Phase::Look | Phase::AskRevision | Phase::Ask | Phase::Publish, REVISION) => {
                Command::ReadRevision
            }
            (Phase::Look, KNOWN_TAG) => Command::ReadTag(known),
            (Phase::Look | Phase::FetchTag, RESULT_TAG) => Command::ReadTag(result),
            (Phase::FetchTag, KNOWN_TAG) => Command::ReadOrStamp(known, caller.revision.number + 1),
            (Phase::Fetch, VALUE) if caller.purpose == Purpose::Insert => Command::Place(place, NONE),
            (Phase::Fetch, VALUE) => Command::ReadOrPlace(place, NONE),
            (Phase::Fetch, REVISION) => Command::ReadOrCreateRevision(NONE),
            (Phase::Fetch | Phase::Ask, KNOWN_TAG) => Command::ReadOrCreateTag(known, NONE),
            (Phase::Fetch | Phase::Ask, RESULT_TAG) => Command::ReadOrCreateTag(result, NONE),
            (Phase::Ask, FACT) => Command::ReadFact(result),
            (Phase::Lease, VALUE) => {
                Command::Replace(place, PublishIf::SameId, caller.seen.id, self.others(caller, thread))
            }
            (Phase::Register, VERSIONS) => Command::AddVersion(place),
            (Phase::Publish, VALUE) => self.publication(caller, thread, place),
            (Phase::Publish | Phase::WriteFact, FACT) => Command::PutFact(result, self.new_fact(caller)),
            (Phase::Withdraw, VALUE) => Command::RemoveIf(place, caller.seen.id),
            other => unreachable!("no caller sends {other:?}"),
        }
    }

    /// A caller has the reply to a request. If it waits for no other, it goes on.
    pub(crate) fn answered(&self, state: &mut State, thread: usize, slot: u8, reply: Reply) {
        let caller = &mut state.callers[thread];
        let mut done = true;
        match (slot, reply) {
            (VALUE, Reply::Value(container, created)) => {
                caller.seen.id = container.id;
                caller.owns = created;
                if matches!(caller.phase, Phase::Look | Phase::Fetch) {
                    caller.seen = container;
                }
            }
            (VALUE, Reply::Done(false)) if caller.phase != Phase::Invalidate => caller.seen.id = NONE,
            (REVISION, Reply::Revision(revision, _)) => match caller.phase {
                Phase::Look | Phase::Fetch => caller.revision = revision,
                Phase::Invalidate if self.rules.raise != Raise::InOneStep && !caller.owns => {
                    caller.again = revision;
                    caller.owns = true;
                    done = false;
                }
                _ => caller.again = revision,
            },
            (REVISION, Reply::Done(false)) if self.rules.raise == Raise::ReadAndReplace => {
                caller.owns = false;
                caller.again = Revision::default();
                done = false;
            }
            (KNOWN_TAG, Reply::Tag(generation, _)) => caller.generations[KNOWN] = generation,
            (RESULT_TAG, Reply::Tag(generation, _)) => caller.generations[RESULT] = generation,
            (KNOWN_TAG, Reply::Stamp(stamp)) => caller.stamp = stamp,
            (FACT, Reply::Fact(fact)) => caller.fact = fact,
            (VERSIONS, Reply::Versions(versions)) => caller.value = versions,
            (
                MESSAGE | OTHER_VALUE | VALUE | REVISION | KNOWN_TAG | RESULT_TAG | FACT | VERSIONS,
                Reply::Done(_),
            ) => {}
            other => unreachable!("no reply of this kind: {other:?}"),
        }
        if done {
            caller.pending &= !slot;
        }
        if caller.pending == 0 {
            self.go_on(state, thread);
        }
    }

    fn go_on(&self, state: &mut State, thread: usize) {
        let caller = &mut state.callers[thread];
        match caller.phase {
            Phase::Look => {
                let absent = |there: Symbol, slot: u8| if there == NONE { slot } else { 0 };
                let mut missing = absent(caller.seen.id, VALUE) | absent(caller.revision.era, REVISION);
                if self.bounds.known_tag {
                    missing |= absent(caller.generations[KNOWN], KNOWN_TAG);
                }
                if caller.stage == 1 {
                    missing |= absent(caller.generations[RESULT], RESULT_TAG);
                }
                caller.stage = 0;
                if missing == 0 {
                    self.judge(state, thread);
                } else {
                    caller.phase = Phase::Fetch;
                    caller.pending = missing;
                }
            }
            Phase::Fetch if self.rules.stamp != Stamp::Generation => send(caller, Phase::FetchTag, KNOWN_TAG),
            Phase::Fetch | Phase::FetchTag => self.judge(state, thread),
            Phase::Lease if caller.seen.id == NONE => finish_fresh(self, state, thread),
            Phase::Lease => self.lead(state, thread),
            Phase::Register => caller.phase = Phase::Body,
            Phase::Invalidate => self.next_stage(state, thread),
            _ => self.publish_on(state, thread),
        }
    }

    /// All replies of the fetch are in.
    fn judge(&self, state: &mut State, thread: usize) {
        let caller = &mut state.callers[thread];
        let part = caller.seen.parts[self.version(thread)];
        if caller.owns || caller.purpose == Purpose::Insert {
            return self.lead(state, thread);
        }
        if part.value == 0 {
            // Another's placeholder: the call computes, and stores nothing. Beside parts of other versions it leads.
            let placeholder = caller.seen.is_placeholder();
            return if placeholder && !self.rules.shares_placeholders {
                finish_fresh(self, state, thread);
            } else {
                self.lead(state, thread);
            };
        }
        match self.worth(caller, part) {
            Worth::Open => send(caller, Phase::FetchTag, RESULT_TAG),
            Worth::Good if caller.purpose == Purpose::Refresh => {
                if caller.generations[RESULT] == NONE {
                    caller.generations[RESULT] = part.generations[RESULT];
                }
                self.check(state, part.value, state.callers[thread].floor);
                self.lead(state, thread);
            }
            Worth::Good => self.arrive(state, thread, part.value),
            Worth::Dead => {
                if self.rules.adopts_from_dead && caller.generations[RESULT] == NONE {
                    caller.generations[RESULT] = part.generations[RESULT];
                }
                if self.rules.lease {
                    send(caller, Phase::Lease, VALUE);
                } else {
                    self.lead(state, thread);
                }
            }
        }
    }

    fn worth(&self, caller: &Caller, part: Part) -> Worth {
        let revision = caller.revision;
        if self.rules.compares_eras && part.revision.era != revision.era {
            return Worth::Dead;
        }
        if self.rules.stamp != Stamp::Generation {
            return if caller.stamp <= part.revision.number + 1 { Worth::Good } else { Worth::Dead };
        }
        if self.rules.note && part.revision.number == revision.number {
            return Worth::Good;
        }
        let knows = self.rules.known_tag == KnownTag::BeforeBody && self.bounds.known_tag;
        if knows && part.generations[KNOWN] != caller.generations[KNOWN] {
            return Worth::Dead;
        }
        let same = part.generations[RESULT] == caller.generations[RESULT];
        match (self.bounds.carries(part.value), caller.phase, caller.generations[RESULT]) {
            (true, Phase::Look | Phase::Fetch, NONE) => Worth::Open,
            (true, ..) if !same => Worth::Dead,
            _ => Worth::Good,
        }
    }

    /// The caller leads: next it computes.
    fn lead(&self, state: &mut State, thread: usize) {
        let caller = &mut state.callers[thread];
        match self.rules.versions {
            Versions::InOneContainer => caller.phase = Phase::Body,
            Versions::InSet => send(caller, Phase::Register, VERSIONS),
        }
        caller.seen.parts[self.version(thread)] = Part::default();
        caller.stamp = 0;
        if !self.bounds.known_tag {
            caller.generations[KNOWN] = NONE;
        }
    }

    /// The caller reads the database.
    pub(crate) fn compute(&self, state: &mut State, thread: usize) {
        state.callers[thread].value = state.database;
        self.publish(state, thread);
    }

    /// The caller has a value that it may keep.
    pub(crate) fn arrive(&self, state: &mut State, thread: usize, value: u8) {
        if self.bounds.local {
            let Caller { purpose, key, floor, marked, .. } = state.callers[thread];
            let phase = Phase::Land;
            state.callers[thread] = Caller { phase, purpose, key, floor, value, marked, ..Caller::default() };
        } else {
            self.finish(state, thread, value);
        }
    }

    /// A call returns, and so do those that have joined it, unless they have to fetch once more.
    pub(crate) fn finish(&self, state: &mut State, thread: usize, value: u8) {
        self.check(state, value, state.callers[thread].floor);
        state.callers[thread] = Caller::default();
        state.returned = value;
        let mut next = None;
        for waiter in 0..state.callers.len() {
            let Caller { phase, joined, served, key, floor, .. } = state.callers[waiter];
            if phase != Phase::Joined || usize::from(joined) != thread {
                continue;
            }
            if served || !self.rules.waiters_fetch {
                self.check(state, value, floor);
                state.callers[waiter] = Caller::default();
            } else if let Some(leader) = next {
                state.callers[waiter].joined = leader;
                state.callers[waiter].served = true;
            } else {
                self.begin(state, waiter, Purpose::Read, key, floor, false);
                next = u8::try_from(waiter).ok();
            }
        }
    }

    /// No value from before what was acknowledged when the call began.
    fn check(&self, state: &mut State, value: u8, floor: Floor) {
        if value < floor.all || (self.bounds.carries(value) && value < floor.tagged) {
            state.violation.get_or_insert(Violation::StaleReturn);
        }
    }
}

/// A caller sends requests.
pub(crate) fn send(caller: &mut Caller, phase: Phase, pending: u8) {
    caller.phase = phase;
    caller.pending = pending;
}

/// A call returns what it computes, and has nothing to store it with.
fn finish_fresh(model: &Model, state: &mut State, thread: usize) {
    model.finish(state, thread, state.database);
}
