//! What an entry is good for by now: what invalidations have done to it, and the rules of its memo, applied
//! to its times. All of it is asked under the access under which the entry was found.

use super::{Data, Room, TypedMemo};
use crate::event::Cause;
use crate::policy::{Node, State, Times, Verdict};
use crate::store::Resident;
use crate::tags::Touch;
use crate::time::Tick;

impl<K: Data, V: Data> TypedMemo<K, V> {
    /// The times of an entry; none if an invalidation has hit it. Where there is no stale window, a mark is
    /// the same.
    pub(super) fn times(&self, entry: &Resident<K, V>) -> Option<Times> {
        match self.touch(entry) {
            Touch::Nothing => Some(entry.times()),
            Touch::Marked(at) if self.spec.rules.has_window() => Some(entry.times().marked_at(at)),
            Touch::Marked(_) | Touch::Dead => None,
        }
    }

    /// What an entry is good for.
    pub(crate) fn state(&self, entry: &Resident<K, V>, now: Tick) -> State {
        self.times(entry).map_or(State::Dead, |times| self.spec.rules.state(&times, now))
    }

    /// Whether an entry is fresh, by all rules.
    pub(crate) fn is_live(&self, entry: &Resident<K, V>) -> bool {
        self.state(entry, self.clock().coarse()) == State::Fresh
    }

    /// Why an entry leaves: for what it leaves for, unless it was good for nothing any more.
    pub(crate) fn cause(&self, entry: &Resident<K, V>, now: Tick, otherwise: Cause) -> Cause {
        if self.spec.rules.state(&entry.times(), now) == State::Dead {
            Cause::Expired
        } else if self.state(entry, now) == State::Dead {
            Cause::Invalidated
        } else {
            otherwise
        }
    }

    /// What a call does that finds an entry.
    pub(crate) fn on_call(&self, entry: &Resident<K, V>, now: Tick) -> Verdict {
        let verdict = |times| self.spec.rules.on_call(&times, now, fastrand::f64);
        self.times(entry).map_or(Verdict::Compute, verdict)
    }

    /// Whether a call whose computation has failed, or is late, answers with an entry.
    pub(crate) fn stands_in(&self, entry: &Resident<K, V>, now: Tick) -> bool {
        self.times(entry).is_some_and(|times| self.spec.rules.on_failure(&times, now))
    }

    /// Marks an entry stale, which may have been marked by its stamps before. `before`: told of it as it was.
    /// It is to be swept when its window ends.
    pub(super) fn mark(
        &self,
        room: &mut Room<K, V>,
        node: Node,
        at: Tick,
        before: impl FnOnce(&Resident<K, V>),
    ) {
        let Some(entry) = room.residents.at_mut(node) else { return };
        let Some(times) = self.times(entry).filter(|_| !entry.is_marked()) else { return };
        before(entry);
        let deadline = times.marked_at(at).deadline;
        entry.mark(deadline);
        room.residents.moved(deadline, &self.spec.rules);
    }
}
