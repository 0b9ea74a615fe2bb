//! Calls, what their bodies do, and what must have come of it.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use super::{History, Life, Ran, Renewal, TAGS, index};
use crate::computing::computing;
use crate::engine::{Cx, Found, LookFlags, SlowPath, Step};
use crate::flight::Intent;
use crate::memo::{TypedMemo, When};
use crate::tests::test_memo::{Failure, Output, TestKey, TestReturn, compute_as_leader, number};

impl History {
    /// The value of an entry, if it is still there and good for something.
    fn of_use(&self, key: u64, id: Option<u64>) -> Option<u64> {
        let life = self.life(key).filter(|life| Some(life.id) == id)?;
        (self.is_of_use(&life)).then_some(life.value)
    }

    /// A body: takes its time, meets with what happens meanwhile, says this or that, and returns, or not.
    fn body(&self, key: u64, old: Option<u64>, ran: &RefCell<Option<Ran>>) -> Output {
        let value = self.new_value();
        let mut said = Ran {
            output: None,
            ttl: self.stated.ttl,
            refused: false,
            overtaken: false,
            unmodified: false,
            old,
        };
        assert!(computing().is_under_way());
        let previous = computing().previous::<Output>().and_then(Result::ok);
        assert_eq!(previous, self.of_use(key, old), "what was there before");
        if self.below(3) == 0 {
            self.advance();
        }
        match self.below(30) {
            0 => {
                let severity = self.severity();
                self.note(format_args!("  is invalidated meanwhile: {severity:?}"));
                self.invalidate(key, severity);
                said.overtaken = true;
            }
            1 => {
                let severity = self.severity();
                self.note(format_args!("  its tag is invalidated meanwhile: {severity:?}"));
                self.invalidate_tag(key, 0, severity);
                said.overtaken = true;
            }
            2 => said.overtaken = self.insert(key, When::Always),
            _ => {}
        }
        let output = match self.below(12) {
            0..3 => Err(Failure),
            3 => {
                self.note("  panics");
                *ran.borrow_mut() = Some(said);
                resume_unwind(Box::new("a body panics"))
            }
            4 => {
                computing().no_store();
                said.refused = true;
                Ok(value)
            }
            5 => {
                let ttl = [None, Some(0), Some(1_000), Some(40)][usize::try_from(self.below(4)).unwrap()];
                computing().set_ttl(ttl.map(Duration::from_millis));
                said.ttl = ttl;
                Ok(value)
            }
            6 | 7 if previous.is_some() => {
                said.unmodified = computing().not_modified();
                assert_eq!(said.unmodified, self.of_use(key, old).is_some(), "what is gone is not returned");
                Ok(previous.unwrap_or(value))
            }
            _ => Ok(value),
        };
        said.output = Some(output);
        self.note(format_args!("  returns {said:?}"));
        *ran.borrow_mut() = Some(said);
        output
    }

    /// A body has run: what has become of the entry.
    fn has_run(&self, key: u64, how: Intent, ran: &Ran) {
        match ran.output {
            Some(Ok(value)) if !ran.overtaken && !ran.is_refused() => self.see_stored(key, value, ran),
            // Whoever has the new value must not find the one that it was to replace.
            Some(Ok(_)) if how == Intent::Refresh || ran.is_refused() => {
                if self.life(key).is_some_and(|life| Some(life.id) == ran.old) {
                    self.known.borrow_mut().remove(key);
                }
            }
            Some(Ok(_)) => {}
            Some(Err(_)) | None => self.failed(key, ran.old, how),
        }
    }

    fn see_stored(&self, key: u64, value: u64, ran: &Ran) {
        let old = self.life(key).filter(|life| Some(life.id) == ran.old);
        let renewed = old.filter(|life| ran.unmodified && self.is_of_use(life));
        self.stored(key, value, ran.ttl);
        if let Some(renewed) = renewed {
            // The same entry, with another life.
            self.change(key, |life| life.id = renewed.id);
        }
    }

    /// The entry that was to be replaced rests, if it is still there.
    fn failed(&self, key: u64, old: Option<u64>, how: Intent) {
        let (now, stated) = (self.time.now(), &self.stated);
        if stated.while_revalidate == 0 && stated.if_error == 0 && stated.ahead.is_none() {
            return;
        }
        let Some(life) = self.life(key).filter(|life| Some(life.id) == old && self.is_of_use(life)) else {
            return;
        };
        // A call does not begin on what rests: those that fail together have failed once.
        if matches!(how, Intent::Read | Intent::Alone) && now < life.rest {
            return;
        }
        self.known.borrow_mut().rest(key, now);
        self.count(|counts| counts.2 += 1);
    }

    /// Looks a call up; whether what it has found is to be computed anew.
    fn find(&self, key: u64, look: LookFlags) -> (Option<u64>, bool) {
        // SAFETY: a test memo has such keys and values.
        let memo = unsafe { TypedMemo::new(&self.cache.memo) };
        let mut slow_path = SlowPath::Bypass(None);
        match Cx::<TestKey, TestReturn>::new(memo, look, &mut slow_path).look_up(&key) {
            Found::Hit(held) => (Some(held.0), false),
            Found::Slow => match slow_path {
                SlowPath::Renew(held, ..) => (Some(number(&held)), true),
                SlowPath::Miss(..) | SlowPath::Bypass(_) => (None, false),
            },
        }
    }

    fn count(&self, count: impl FnOnce(&mut (u64, u64, u64))) {
        let mut counts = self.counts.get();
        count(&mut counts);
        self.counts.set(counts);
    }

    /// An entry was an answer.
    fn answered(&self, key: u64, life: &Life) {
        let now = self.time.now();
        self.change(key, |life| life.read = life.read.max(now));
        if !self.rules().is_fresh(life, now) {
            self.count(|counts| counts.0 += 1);
        }
    }

    pub(super) fn get(&self, key: u64) {
        let (now, life) = (self.time.now(), self.life(key));
        let fresh = life.filter(|life| self.rules().is_fresh(life, now)).map(|life| life.value);
        let (got, renew) = self.find(key, LookFlags::only_fresh(&self.cache.memo));
        self.note(format_args!("get {key}: {got:?}"));
        assert_eq!(got, fresh, "`get` returns what is fresh: {life:?}");
        assert!(!renew, "`get` computes nothing");
        if got.is_some() {
            self.change(key, |life| life.read = life.read.max(now));
        }
    }

    pub(super) fn call(&self, key: u64) {
        let (now, life) = (self.time.now(), self.life(key));
        let (found, renew) = self.find(key, LookFlags::USUAL);
        self.note(format_args!("call {key}: {found:?}, {renew}"));
        let answer = life.filter(|life| self.rules().answers(life, now)).map(|life| life.value);
        assert_eq!(found, answer, "answered with what the windows allow: {life:?}");
        let Some(life) = life.filter(|_| found.is_some()) else { return self.compute(key, Intent::Read) };
        self.answered(key, &life);
        let rests = now < life.rest;
        assert!(!(renew && rests), "what rests is left alone");
        let under_way =
            self.renewals.borrow().iter().any(|one| one.key == key && one.old == Some(life.id) && !one.off);
        if !self.rules().is_fresh(&life, now) && !rests && !under_way {
            assert!(renew, "what is stale is computed anew");
        }
        if self.rules().is_fresh(&life, now) && !rests && !under_way {
            let due = self.rules().is_due(&life, now);
            assert!(due.is_none_or(|due| due == renew), "due at its time: {life:?}");
        }
        if renew {
            self.renew(key, &life);
        }
    }

    fn renew(&self, key: u64, life: &Life) {
        let under_way = self.renewals.borrow().iter().any(|one| one.key == key && !one.off);
        match self.cache.begin(key, Intent::Ahead) {
            Step::Lead(leader) => {
                assert!(!under_way, "one computation at most");
                let renewal = Renewal { key, leader, old: Some(life.id), doomed: false, off: false };
                self.renewals.borrow_mut().push(renewal);
                // Where calls wait for others this one must not be there when they come.
                if self.stated.single_flight || self.below(3) == 0 {
                    self.end_renewal();
                }
            }
            Step::Join(..) => assert!(under_way, "there is nobody to wait for"),
            Step::Hit(_) | Step::InPlace => unreachable!("nothing has changed since it was found to be due"),
        }
    }

    /// The last computation that was begun in the background ends.
    pub(super) fn end_renewal(&self) {
        let Some(renewal) = self.renewals.borrow_mut().pop() else { return };
        let Renewal { key, leader, old, doomed, .. } = renewal;
        self.note(format_args!("{key} is computed in the background, doomed: {doomed}"));
        if self.below(6) == 0 {
            self.note("  is dropped");
            drop(leader);
            return self.failed(key, old, Intent::Ahead);
        }
        let ran = RefCell::new(None);
        let compute_as_leader = || compute_as_leader(leader, &TAGS[index(key)], || self.body(key, old, &ran));
        let _ = catch_unwind(AssertUnwindSafe(compute_as_leader));
        let ran = ran.take().expect("it has run");
        self.has_run(key, Intent::Ahead, &Ran { overtaken: ran.overtaken || doomed, ..ran });
    }

    pub(super) fn compute(&self, key: u64, how: Intent) {
        let ran = RefCell::new(None);
        let old = self.life(key).map(|life| life.id);
        let compute = || self.cache.compute(key, how, &TAGS[index(key)], || self.body(key, old, &ran));
        if how == Intent::Refresh {
            self.deregister_doomed(key);
        }
        let returned = catch_unwind(AssertUnwindSafe(compute));
        let ran = ran.take().expect("it has found nothing, so it computes");
        self.has_run(key, how, &ran);
        let now = self.time.now();
        let life = self.life(key);
        let falls_back = match how {
            Intent::Refresh => false,
            Intent::Origin => true,
            _ => self.stated.if_error > 0,
        };
        let older = life.filter(|life| falls_back && self.rules().stands_in(life, now));
        self.note(format_args!("  so the call returns {:?}", returned.as_ref().ok()));
        match (ran.output, returned) {
            (None, returned) => assert!(returned.is_err(), "a panic is the caller's"),
            (Some(Ok(value)), Ok(returned)) => assert_eq!(returned, Ok(value)),
            (Some(Err(_)), Ok(Ok(value))) => {
                let older = older.expect("there was an older value");
                assert_eq!(value, older.value, "the older value: {life:?}");
                self.answered(key, &older);
                self.count(|counts| counts.1 += 1);
            }
            (Some(Err(_)), Ok(Err(_))) => {
                let evicted = self.is_bounded() && self.inspect(key).is_none();
                assert!(older.is_none() || evicted, "there was an older value: {life:?}");
            }
            (Some(_), Err(_)) => unreachable!("it has not panicked"),
        }
    }
}
