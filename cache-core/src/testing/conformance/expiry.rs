//! When what was put expires.

use std::time::Duration;

use bytes::Bytes;

use super::Suite;
use crate::background::block_on;
use crate::store::{Condition, Outcome, Write};

const MILLI: Duration = Duration::from_millis(1);
const DAY: Duration = Duration::from_hours(24);

impl Suite<'_> {
    /// So long a ttl can be told from none.
    fn ttl(&self) -> Duration {
        10 * MILLI + 4 * self.slack
    }

    /// From when what has this ttl is surely there until it is surely gone.
    fn margin(&self) -> Duration {
        MILLI + 2 * self.slack
    }

    #[track_caller]
    pub(super) fn check_expiry(&self) {
        let ttl = self.ttl();
        let (key, neighbour) = (self.key("expiry"), self.key("neighbour"));
        self.put(&key, "x", Some(ttl));
        self.put(&neighbour, "y", Some(10 * ttl));
        self.check_remaining(&key, ttl);
        (self.advance)(ttl.saturating_sub(self.margin()));
        self.expect(self.read(&key).is_some(), "what has a ttl is there until that has passed", &ttl);
        self.check_remaining(&key, self.margin());
        (self.advance)(self.margin() + self.slack);
        self.expect_gone(&key, "what has a ttl is absent once that has passed");
        self.expect(self.read(&neighbour).is_some(), "a longer ttl of another key is not cut short", &());

        self.put(&key, "x", Some(ttl));
        self.put(&key, "x", Some(3 * ttl));
        (self.advance)(2 * ttl);
        self.expect(self.read(&key).is_some(), "a second put moves the deadline", &());
        self.put(&key, "x", None);
        (self.advance)(2 * ttl);
        self.expect(self.read(&key).is_some(), "a put without a ttl takes the deadline away", &());

        self.check_short_ttls();
        self.check_long_ttls();
        self.check_touch();
        self.check_life_of_counters();
    }

    #[track_caller]
    fn check_remaining(&self, key: &Bytes, expected: Duration) {
        let remaining = self.read(key).and_then(|found| found.remaining);
        let is_near = remaining
            .is_none_or(|remaining| remaining <= expected + self.slack && remaining + self.slack >= expected);
        self.expect(is_near, &format!("{expected:?} of its life remain"), &remaining);
    }

    /// Absent to reads, conditions and scans.
    #[track_caller]
    fn expect_gone(&self, key: &Bytes, rule: &str) {
        let found = self.read(key);
        self.expect(found.is_none(), rule, &found);
        let name = String::from_utf8_lossy(&key[self.prefix.len()..]).into_owned();
        self.expect(!self.scan_all(&name).contains(key), "a scan does not find what has expired", &name);
        let touched = self.write(Write::touch(key.clone(), None));
        self.expect(
            touched == Outcome::Touched(false),
            "a touch does not bring back what has expired",
            &touched,
        );
        let refused = self.write(Write::put(key.clone(), "z".into(), None).on(Condition::IfPresent));
        self.expect(
            refused == Outcome::Refused(None),
            "what has expired is not present to a condition",
            &refused,
        );
        let removed = self.write(Write::remove(key.clone()));
        self.expect(
            removed == Outcome::Removed(false),
            "what has expired is not removed once more",
            &removed,
        );
        let put = self.write(Write::put(key.clone(), "new".into(), None).on(Condition::IfAbsent));
        self.expect(matches!(put, Outcome::Put(_)), "what has expired is absent to a condition", &put);
    }

    #[track_caller]
    fn check_short_ttls(&self) {
        let key = self.key("short");
        self.put(&key, "old", None);
        self.put(&key, "x", Some(Duration::ZERO));
        (self.advance)(self.slack);
        self.expect_gone(&key, "a ttl of zero keeps nothing, and nothing of what was there before");

        for ttl in [Duration::from_nanos(1), Duration::from_micros(999), MILLI] {
            self.put(&key, "x", Some(ttl));
            if self.is_exact() {
                self.expect(self.read(&key).is_some(), "a ttl is rounded up to a whole millisecond", &ttl);
            }
            (self.advance)(MILLI + self.slack);
            self.expect_gone(&key, "a ttl below a millisecond ends after one");
        }
        if self.is_exact() {
            self.put(&key, "x", Some(Duration::from_nanos(2_000_001)));
            (self.advance)(2 * MILLI);
            self.expect(self.read(&key).is_some(), "parts of a millisecond are rounded up", &());
            (self.advance)(MILLI);
            self.expect_gone(&key, "and to no more than the next millisecond");
        }
    }

    #[track_caller]
    fn check_long_ttls(&self) {
        let (key, forever) = (self.key("long"), self.key("for ever"));
        // Some servers take a ttl of more than thirty days for a date.
        self.put(&key, "x", Some(40 * DAY));
        self.put(&forever, "x", Some(Duration::MAX));
        for key in [&key, &forever] {
            self.expect(self.read(key).is_some(), "a long ttl is not taken for a date that has passed", &());
        }
        self.check_remaining(&key, 40 * DAY);
        if self.is_exact() {
            (self.advance)((40 * DAY).saturating_sub(MILLI));
            self.expect(self.read(&key).is_some(), "a ttl may be longer than thirty days", &());
            (self.advance)(MILLI);
            self.expect_gone(&key, "a ttl of more than thirty days ends");
            (self.advance)(1000 * DAY);
            self.expect(self.read(&forever).is_some(), "the longest ttl is for ever", &());
        }
        self.write_all(&[Write::remove(key), Write::remove(forever)]);
    }

    #[track_caller]
    fn check_touch(&self) {
        let ttl = self.ttl();
        let key = self.key("touch");
        let version = self.put(&key, "x", Some(ttl));
        let touched = self.write(Write::touch(key.clone(), Some(3 * ttl)));
        self.expect(touched == Outcome::Touched(true), "a touch says whether the key is present", &touched);
        (self.advance)(2 * ttl);
        let found = self.read(&key);
        let is_same = found.as_ref().is_some_and(|found| found.version == version && found.bytes == "x");
        self.expect(is_same, "a touch moves the deadline, and keeps the bytes and the version", &found);
        let touched = self.write(Write::touch(key.clone(), None).on(Condition::IfVersion(version)));
        self.expect(
            touched == Outcome::Touched(true),
            "a touched key can be addressed by its version",
            &touched,
        );
        (self.advance)(2 * ttl);
        let found = self.read(&key);
        let has_no_end = found.as_ref().is_some_and(|found| found.remaining.is_none());
        self.expect(has_no_end, "a touch without a ttl is for ever", &found);
        self.write(Write::touch(key.clone(), Some(ttl)));
        (self.advance)(ttl + self.slack);
        self.expect_gone(&key, "a touch may end what was for ever");
        self.put(&key, "x", None);
        self.write(Write::touch(key.clone(), Some(Duration::ZERO)));
        (self.advance)(self.slack);
        self.expect_gone(&key, "a touch with a ttl of zero ends it at once");
    }

    #[track_caller]
    fn check_life_of_counters(&self) {
        let Some(counter) = self.store.counter() else { return };
        let ttl = self.ttl();
        let key = self.key("life of a counter");
        let raise = |ttl| block_on(counter.raise(&key, 1, Some(ttl))).map_err(|error| error.kind());
        let numbers = [raise(ttl), raise(4 * ttl), raise(ttl)];
        self.expect(numbers == [Ok(1), Ok(2), Ok(3)], "a counter with a ttl rises", &numbers);
        (self.advance)(2 * ttl);
        let number = raise(ttl);
        self.expect(number == Ok(4), "a counter lives at least as long as each raise has asked for", &number);
        (self.advance)(8 * ttl + self.slack);
        let number = raise(ttl);
        // A store may keep it longer than asked for.
        self.expect(matches!(number, Ok(1 | 5)), "a counter that has expired begins anew", &number);
        self.write(Write::remove(key));
    }
}
