//! Invalidations, and the messages about them to local tiers.

use crate::commands::{Command, KNOWN_TAG, MESSAGE, OTHER_VALUE, RESULT_TAG, REVISION, VALUE, VERSIONS};
use crate::rules::{Kind, Message, Raise, Stamp, TagOrder, Versions};
use crate::state::{
    ABOUT_RESULT, CALLERS, Caller, Floor, Local, NONE, Part, Phase, Purpose, State, Violation,
};
use crate::steps::{Model, Step};

impl Model {
    /// Begins an invalidation of all values from before the database's present one.
    pub(crate) fn begin_invalidation(&self, state: &mut State, thread: usize, kind: Kind, key: u8) {
        self.drop_own(state, thread);
        self.start_invalidation(state, thread, kind, key, state.database);
    }

    /// Sends the first commands of an invalidation, or sends them again.
    pub(crate) fn start_invalidation(
        &self,
        state: &mut State,
        thread: usize,
        kind: Kind,
        key: u8,
        version: u8,
    ) {
        state.callers[thread] = Caller {
            phase: Phase::Invalidate,
            pending: self.plan(kind)[0],
            purpose: Purpose::Invalidate(kind),
            key,
            version,
            ..Caller::default()
        };
    }

    /// The requests of an invalidation. Those of a stage are sent together, when all of the last one are answered.
    fn plan(&self, kind: Kind) -> [u8; 4] {
        let tag = if kind == Kind::ResultTag { RESULT_TAG } else { KNOWN_TAG };
        let [first, second] = match (kind, self.rules.versions, self.rules.tag_order) {
            (Kind::Key, Versions::InOneContainer, _) => [VALUE, 0],
            (Kind::Key, Versions::InSet, _) => [VERSIONS, VALUE | OTHER_VALUE],
            (Kind::Namespace, ..) => [REVISION, 0],
            (_, _, TagOrder::RaiseThenRemove) => [REVISION, tag],
            (_, _, TagOrder::Together) => [REVISION | tag, 0],
            (_, _, TagOrder::RemoveThenRaise) => [tag, REVISION],
            (_, _, TagOrder::RemoveOnly) => [tag, 0],
        };
        match self.rules.message {
            _ if !self.bounds.local => [first, second, 0, 0],
            Message::BeforeRemoval => [MESSAGE, first, second, 0],
            Message::AfterRemoval | Message::AfterAcknowledgement => [first, second, MESSAGE, 0],
        }
    }

    /// The command of a request of an invalidation.
    pub(crate) fn invalidating(&self, caller: &Caller, slot: u8) -> Command {
        let place = if self.rules.versions == Versions::InSet { 0 } else { caller.key };
        match (slot, caller.purpose) {
            (VERSIONS, _) => Command::ReadVersions,
            (VALUE, _) if !self.rules.removes_placeholders => Command::RemoveEntry(place),
            (VALUE, _) => Command::RemoveValue(place),
            (OTHER_VALUE, _) => Command::RemoveValue(1),
            (REVISION, Purpose::Invalidate(Kind::Namespace)) => Command::RemoveRevision,
            (REVISION, _) => match self.rules.raise {
                Raise::InOneStep => Command::Raise(NONE),
                _ if caller.owns => Command::RaiseFrom(caller.again),
                Raise::ReadAndReplace | Raise::ReadAndTry => Command::ReadRevision,
            },
            (KNOWN_TAG, _) => match self.rules.stamp {
                Stamp::Generation => Command::RemoveTag(0),
                Stamp::Number => Command::PutStamp(0, caller.again.number + 1, false),
                Stamp::GreatestNumber => Command::PutStamp(0, caller.again.number + 1, true),
            },
            (RESULT_TAG, _) => Command::RemoveTag(1),
            other => unreachable!("no invalidation sends {other:?}"),
        }
    }

    /// All replies of a stage are in.
    pub(crate) fn next_stage(&self, state: &mut State, thread: usize) {
        let caller = &mut state.callers[thread];
        let Purpose::Invalidate(kind) = caller.purpose else {
            unreachable!("only invalidations have stages")
        };
        let plan = self.plan(kind);
        loop {
            caller.stage += 1;
            let mut pending = plan[usize::from(caller.stage)];
            if caller.stage == 1 && plan[0] == VERSIONS {
                // Only what the set names is removed.
                let named = (caller.value & 1 != 0, caller.value & 2 != 0);
                pending &= if named.0 { VALUE } else { 0 } | if named.1 { OTHER_VALUE } else { 0 };
            }
            if pending == MESSAGE && self.rules.message == Message::AfterAcknowledgement {
                caller.pending = MESSAGE;
                return self.acknowledge(state, thread, kind);
            }
            if pending != 0 {
                caller.pending = pending;
                return;
            }
            if usize::from(caller.stage) + 1 == plan.len() {
                self.acknowledge(state, thread, kind);
                state.callers[thread] = Caller::default();
                return;
            }
        }
    }

    fn acknowledge(&self, state: &mut State, thread: usize, kind: Kind) {
        let Caller { key, version, .. } = state.callers[thread];
        for hit in 0..self.bounds.keys {
            if kind != Kind::Key || hit == key {
                let Floor { all, tagged } = &mut state.acknowledged[usize::from(hit)];
                let only_tagged = kind == Kind::ResultTag && self.bounds.bare != 0;
                let floor = if only_tagged { tagged } else { all };
                *floor = version.max(*floor);
            }
        }
        if self.rules.drops_at_ack {
            self.drop_own(state, thread);
        }
        self.check_locals(state);
    }

    /// A process drops what it keeps, and marks its calls.
    fn drop_own(&self, state: &mut State, thread: usize) {
        if self.bounds.local {
            let process = self.bounds.threads[thread].process;
            state.locals[usize::from(process)].kept = 0;
            self.mark(state, process, |_| true);
        }
    }

    /// Marks the calls of a process that are under way.
    fn mark(&self, state: &mut State, process: u8, hits: impl Fn(&Caller) -> bool) {
        for (thread, caller) in self.bounds.threads.iter().zip(&mut state.callers) {
            let fetches = !matches!(caller.phase, Phase::Idle | Phase::Joined | Phase::Invalidate);
            if thread.process == process && fetches && hits(caller) {
                caller.marked = true;
            }
        }
    }

    /// The store sends the message of an invalidation to all other processes.
    pub(crate) fn send_messages(&self, state: &mut State, thread: usize) {
        let Caller { purpose, version, .. } = state.callers[thread];
        let about = if purpose == Purpose::Invalidate(Kind::ResultTag) { ABOUT_RESULT } else { 0 };
        let own = self.bounds.threads[thread].process;
        for (process, local) in (0..).zip(&mut state.locals) {
            let exists = self.bounds.threads.iter().any(|thread| thread.process == process);
            if exists && process != own && !local.cut {
                let free = local.messages.iter_mut().find(|message| **message == 0);
                *free.expect("there is a place for the message of each invalidation") = version | about;
            }
        }
    }

    /// A caller keeps its value if nothing has hit it, and returns it.
    pub(crate) fn land(&self, state: &mut State, thread: usize) {
        let Caller { value, marked, .. } = state.callers[thread];
        if !marked {
            state.locals[usize::from(self.bounds.threads[thread].process)].kept = value;
        }
        self.finish(state, thread, value);
        self.check_locals(state);
    }

    /// What happens in the channels.
    pub(crate) fn channels(&self, state: &State, each: &mut impl FnMut(Step, State)) {
        if !self.bounds.local {
            return;
        }
        for process in 0..CALLERS {
            let Local { messages: [message, rest], cut, .. } = state.locals[process];
            let name = u8::try_from(process).expect("there are few processes");
            if message != 0 {
                let mut next = *state;
                next.locals[process].messages = [rest, 0];
                self.hear(&mut next, name, message);
                each(Step::Deliver(process), next);
            }
            if !self.bounds.threads.iter().any(|thread| thread.process == name) {
                continue;
            }
            if !cut && state.left.cuts > 0 {
                let mut next = *state;
                next.left.cuts -= 1;
                next.locals[process].cut = true;
                next.locals[process].messages = [0; 2];
                each(Step::Cut(process), next);
            }
            if cut {
                let mut next = *state;
                next.locals[process].cut = false;
                if self.rules.empties_on_cut {
                    next.locals[process].kept = 0;
                    self.mark(&mut next, name, |_| true);
                }
                self.check_locals(&mut next);
                each(Step::Reconnect(process), next);
            }
        }
    }

    /// A process hears of an invalidation.
    fn hear(&self, state: &mut State, process: u8, message: u8) {
        let local = &mut state.locals[usize::from(process)];
        local.kept = 0;
        local.heard = local.heard.max(message & !ABOUT_RESULT);
        if self.rules.message_marks {
            let remembers = self.rules.remembers_messages || message & ABOUT_RESULT == 0;
            self.mark(state, process, |caller| {
                let knows = caller.value != 0 || caller.seen.parts != [Part::default(); 2];
                remembers || knows
            });
        }
        self.check_locals(state);
    }

    /// What a process keeps is not older than what it has heard of; and, when no message is under way, not older than
    /// what was acknowledged.
    fn check_locals(&self, state: &mut State) {
        if !self.bounds.local {
            return;
        }
        for local in state.locals.iter().filter(|local| local.kept != 0) {
            if local.kept < local.heard {
                state.violation.get_or_insert(Violation::KeptAfterMessage);
            } else if local.messages == [0; 2] && !local.cut && local.kept < state.acknowledged[0].all {
                state.violation.get_or_insert(Violation::KeptAfterAcknowledgement);
            }
        }
    }
}
