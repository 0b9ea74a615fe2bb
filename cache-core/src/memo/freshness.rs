//! What an entry is good for by now: the rules of its memo, applied to its times.

use super::{Data, TypedMemo};
use crate::policy::{State, Times, Verdict};
use crate::store::Resident;
use crate::time::Tick;

impl<K: Data, V: Data> TypedMemo<K, V> {
    /// The times of an entry; none if an invalidation has hit it. Asked under the access under which it was
    /// found.
    fn times(&self, entry: &Resident<K, V>) -> Option<Times> {
        self.valid(entry).then(|| entry.times())
    }

    /// What an entry is good for.
    pub(crate) fn state(&self, entry: &Resident<K, V>, now: Tick) -> State {
        self.times(entry).map_or(State::Dead, |times| self.spec.rules.state(&times, now))
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
}
