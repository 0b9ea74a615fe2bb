//! A leader publishes what it has computed.

use crate::calls::send;
use crate::commands::{Command, FACT, KNOWN_TAG, RESULT_TAG, REVISION, VALUE};
use crate::rules::{AsksAgain, Born, FactNames, KnownTag};
use crate::state::{Caller, Fact, KNOWN, NONE, Part, Phase, Purpose, RESULT, Revision, State};
use crate::steps::Model;

/// In [`Caller::stage`]: the result's tag was read after the body.
const TAG_AFTER_BODY: u8 = 1;
/// In [`Caller::stage`]: the value is written while the revision is asked for.
const WITH_WRITE: u8 = 2;

impl Model {
    /// The value was computed.
    pub(crate) fn publish(&self, state: &mut State, thread: usize) {
        let caller = &mut state.callers[thread];
        if self.bounds.known_tag && self.rules.known_tag == KnownTag::AfterBody {
            return send(caller, Phase::Ask, KNOWN_TAG);
        }
        if self.bounds.carries(caller.value) && caller.generations[RESULT] == NONE {
            let with_tag = self.rules.asks_again == AsksAgain::WithTag;
            caller.stage = TAG_AFTER_BODY;
            return send(caller, Phase::Ask, RESULT_TAG | FACT | if with_tag { REVISION } else { 0 });
        }
        if self.rules.born == Born::AtFetch {
            send(caller, Phase::Publish, VALUE);
        } else {
            send(caller, Phase::AskRevision, REVISION);
        }
    }

    /// All replies of a step of the publication are in.
    pub(crate) fn publish_on(&self, state: &mut State, thread: usize) {
        let caller = &mut state.callers[thread];
        match caller.phase {
            Phase::Ask => self.asked(state, thread),
            Phase::AskRevision => self.compare_revisions(state, thread),
            Phase::Publish if caller.stage & WITH_WRITE != 0 && caller.again != caller.revision => {
                send(caller, Phase::Withdraw, VALUE);
            }
            Phase::Publish | Phase::WriteFact | Phase::Withdraw => {
                let value = caller.value;
                self.arrive(state, thread, value);
            }
            other => unreachable!("{other:?} is no step of a publication"),
        }
    }

    fn asked(&self, state: &mut State, thread: usize) {
        let caller = &mut state.callers[thread];
        let Caller { fact, revision, generations, .. } = *caller;
        let names_it = fact.generation == generations[RESULT] || !self.rules.compares_fact;
        let stated = fact.generation != NONE && names_it && fact.revision.era == revision.era;
        let late = fact.revision.number > revision.number;
        caller.fact = Fact::default();
        if caller.stage & TAG_AFTER_BODY == 0 || stated && !late {
            caller.again = Revision::default();
            return send(caller, Phase::Publish, VALUE);
        }
        if stated {
            // The revision has moved, and the fact that is there is of use to more callers than a new one would be.
            caller.again = Revision::default();
            let value = caller.value;
            return self.arrive(state, thread, value);
        }
        match self.rules.asks_again {
            AsksAgain::AfterTag => send(caller, Phase::AskRevision, REVISION),
            AsksAgain::WithTag => self.compare_revisions(state, thread),
            AsksAgain::WithWrite => {
                caller.stage |= WITH_WRITE;
                send(caller, Phase::Publish, VALUE | REVISION);
            }
            AsksAgain::Never => {
                caller.again = revision;
                self.compare_revisions(state, thread);
            }
        }
    }

    fn compare_revisions(&self, state: &mut State, thread: usize) {
        let caller = &mut state.callers[thread];
        let of_result = caller.stage & TAG_AFTER_BODY != 0;
        match self.rules.born {
            Born::AtPublish => caller.revision = caller.again,
            Born::NoteAtPublish if !of_result && caller.again.era == caller.revision.era => {
                caller.revision = caller.again;
            }
            _ => {}
        }
        if caller.again.era == NONE || caller.again.era != caller.revision.era {
            let value = caller.value;
            self.arrive(state, thread, value);
        } else if caller.again == caller.revision {
            send(caller, Phase::Publish, if of_result { VALUE | FACT } else { VALUE });
        } else {
            send(caller, Phase::WriteFact, FACT);
        }
    }

    /// The write of the value, beside the parts of other versions.
    pub(crate) fn publication(&self, caller: &Caller, thread: usize, place: u8) -> Command {
        let mut parts = self.others(caller, thread);
        let mut generations = caller.generations;
        if !self.bounds.known_tag {
            generations[KNOWN] = NONE;
        }
        if !self.bounds.carries(caller.value) {
            generations[RESULT] = NONE;
        }
        parts[self.version(thread)] = Part { value: caller.value, revision: caller.revision, generations };
        let condition = match caller.purpose {
            Purpose::Refresh if !caller.owns => self.rules.refresh_if,
            _ => self.rules.publish_if,
        };
        Command::Replace(place, condition, caller.seen.id, parts)
    }

    /// The parts of other versions that the caller read.
    pub(crate) fn others(&self, caller: &Caller, thread: usize) -> [Part; 2] {
        let mut parts = caller.seen.parts;
        parts[self.version(thread)] = Part::default();
        parts
    }

    /// What the caller states about the result's tag.
    pub(crate) fn new_fact(&self, caller: &Caller) -> Fact {
        let revision = match self.rules.fact {
            FactNames::ReadAfterTag => caller.again,
            FactNames::Born => caller.revision,
        };
        Fact { generation: caller.generations[RESULT], revision }
    }
}
