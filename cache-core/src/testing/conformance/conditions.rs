//! When a write is carried out, what comes of it, and what it leaves.

use std::collections::HashSet;
use std::time::Duration;

use bytes::Bytes;

use super::Suite;
use crate::background::block_on;
use crate::store::{Action, Condition, Outcome, StoreErrorKind, Stored, Version, Write};

impl Suite<'_> {
    #[track_caller]
    pub(super) fn check_conditions(&self) {
        let key = self.key("condition");
        let foreign = self.put(&self.key("other"), "other", None);
        let earlier = self.put(&key, "earlier", None);
        for present in [false, true] {
            for action in [
                Action::Put { bytes: "new".into(), ttl: None },
                Action::Remove,
                Action::Touch { ttl: Some(Duration::from_hours(1)) },
            ] {
                let conditions = [
                    Condition::Always,
                    Condition::IfAbsent,
                    Condition::IfPresent,
                    Condition::IfVersion(earlier),
                    Condition::IfVersion(foreign),
                    Condition::IfVersion(Version::from(7)),
                ];
                for condition in conditions {
                    self.check_condition(&key, &action, condition, present);
                }
                // The version of what is there.
                let version = self.prepare(&key, present);
                if let Some(version) = version {
                    self.check_outcome(&key, &action, Condition::IfVersion(version), Some(version));
                }
            }
        }
        self.check_versions();
    }

    /// Leaves a key present or absent.
    #[track_caller]
    fn prepare(&self, key: &Bytes, present: bool) -> Option<Version> {
        if present {
            return Some(self.put(key, "old", None));
        }
        self.write(Write::remove(key.clone()));
        None
    }

    #[track_caller]
    fn check_condition(&self, key: &Bytes, action: &Action, condition: Condition, present: bool) {
        let version = self.prepare(key, present);
        self.check_outcome(key, action, condition, version);
    }

    #[track_caller]
    fn check_outcome(&self, key: &Bytes, action: &Action, condition: Condition, before: Option<Version>) {
        let is_present = before.is_some();
        let holds = match condition {
            Condition::Always => true,
            Condition::IfAbsent => !is_present,
            Condition::IfPresent => is_present,
            Condition::IfVersion(version) => before == Some(version),
        };
        let write = Write { key: key.clone(), action: action.clone(), condition };
        let outcome = self.write(write.clone());
        let after = self.read(key);
        let state = if is_present { "present" } else { "absent" };
        let rule =
            |what: &str| format!("{:?} under {condition:?}, where the key is {state}: {what}", write.action);
        if !holds {
            let there = after.as_ref().map(|found| (found.bytes.clone(), found.version));
            let same = before.map(|version| (Bytes::from_static(b"old"), version));
            self.expect(there == same, &rule("nothing is changed"), &after);
            let is_refused = match &outcome {
                Outcome::Refused(Some(found)) => before == Some(found.version) && found.bytes == "old",
                // Who asked for it to be absent is told what is there.
                Outcome::Refused(None) => condition != Condition::IfAbsent,
                _ => false,
            };
            self.expect(is_refused, &rule("it is refused, with what is there after `IfAbsent`"), &outcome);
            return;
        }
        let is_right = match (action, &outcome) {
            (Action::Put { bytes, .. }, Outcome::Put(version)) => {
                let is_new = before != Some(*version);
                is_new
                    && after.as_ref().is_some_and(|found| found.bytes == *bytes && found.version == *version)
            }
            (Action::Remove, Outcome::Removed(removed)) => *removed == is_present && after.is_none(),
            (Action::Touch { .. }, Outcome::Touched(touched)) => {
                let is_same = after.as_ref().map(|found| found.version) == before;
                *touched == is_present && is_same
            }
            _ => false,
        };
        self.expect(is_right, &rule("it is carried out, and its outcome says so"), &(outcome, after));
    }

    /// No version comes twice, whatever happens to the key in between.
    #[track_caller]
    fn check_versions(&self) {
        let (key, other) = (self.key("version"), self.key("version of another"));
        let mut seen: HashSet<Version> = HashSet::new();
        for round in 0..200 {
            for key in [&key, &other] {
                let version = self.put(key, "same", None);
                self.expect(seen.insert(version), "no two puts have the same version", &version);
            }
            if round % 3 == 0 {
                self.write(Write::remove(key.clone()));
            }
        }
        let version = self.put(&key, "x", None);
        self.write(Write::remove(key.clone()));
        self.put(&key, "x", None);
        let late = self.write(Write::put(key.clone(), "late".into(), None).on(Condition::IfVersion(version)));
        let rule = "a version means nothing once the key was removed, also if the same bytes are put again";
        self.expect(matches!(late, Outcome::Refused(_)), rule, &late);
    }

    #[track_caller]
    pub(super) fn check_counter(&self) {
        let Some(counter) = self.store.counter() else { return };
        let raise = |key: &Bytes, initial, ttl| {
            block_on(counter.raise(key, initial, ttl)).map_err(|error| error.kind())
        };
        let key = self.key("counter");
        let numbers = [raise(&key, 41, None), raise(&key, 7, None), raise(&key, 7, None)];
        self.expect(
            numbers == [Ok(41), Ok(42), Ok(43)],
            "a counter begins with its initial value and rises by one",
            &numbers,
        );
        let found = self.bytes(&key);
        self.expect(found.as_deref() == Some(b"43"), "a counter is written in decimal digits", &found);
        let before = self.read(&key).map(|found| found.version);
        let number = raise(&key, 0, Some(Duration::from_secs(5)));
        let after: Option<Stored> = self.read(&key);
        let is_new = after.as_ref().map(|found| found.version) != before;
        self.expect(number == Ok(44) && is_new, "a number that was raised has a new version", &after);
        let kept = after.and_then(|found| found.remaining);
        self.expect(kept.is_none(), "a raise never shortens a life", &kept);
        self.put(&key, "9", None);
        let number = raise(&key, 0, None);
        self.expect(number == Ok(10), "a number that was put is raised", &number);
        for wrong in ["", "x", "1 ", "-1", "1.5", "18446744073709551615"] {
            self.put(&key, wrong, None);
            let number = raise(&key, 0, None);
            let rule = format!("{wrong:?} is not raised");
            self.expect(number == Err(StoreErrorKind::NotAnInteger), &rule, &number);
            self.expect(
                self.bytes(&key).as_deref() == Some(wrong.as_bytes()),
                "a refused raise changes nothing",
                &(),
            );
        }
        self.write(Write::remove(key.clone()));
        let number = raise(&key, 5, None);
        self.expect(number == Ok(5), "a counter that was removed begins anew", &number);
        self.write(Write::remove(key));
    }
}
