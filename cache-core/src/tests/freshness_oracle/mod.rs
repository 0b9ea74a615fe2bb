//! Promise 6, of random policies and random histories: no value is returned past its ttl plus the window
//! that applies. What a memo does is compared with what it has stated, by sums over the moments at which
//! values were stored, marked and read; and what it may return it does return.
//!
//! `CACHE_CORE_SEED` draws one history again, `CACHE_CORE_STRESS` multiplies their number.

mod calls;
mod stated;

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::Duration;

use crate::engine::LeaderGuard;
use crate::flight::Intent;
use crate::memo::{MemoSpec, Runtime, When};
use crate::policy::Freshness;
use crate::tags::Severity;
use crate::tests::test_memo::{Output, TestMemo, is, number, stored};
use crate::time::{Clock, Manual, NEVER, Tick};
use oracle::{Oracle, Phase, Rules, Time};
use stated::Stated;

/// What is known of an entry.
type Life = oracle::Life<u64>;

/// How many keys there are.
const KEYS: u64 = 3;
/// Of every entry, and of every entry of one key.
const TAGS: [[&str; 2]; 3] = [["all", "0"], ["all", "1"], ["all", "2"]];

/// A computation in the background that has not ended yet.
struct Renewal {
    key: u64,
    leader: LeaderGuard,
    /// The entry that it is to replace.
    old: Option<u64>,
    /// Whether its value is not to be stored.
    doomed: bool,
    /// Nobody waits for it any more, so another may begin.
    off: bool,
}

/// What a body has done.
#[derive(Clone, Copy, Debug)]
struct Ran {
    /// What it has returned, if it has.
    output: Option<Output>,
    ttl: Option<Tick>,
    /// It has said not to store it.
    refused: bool,
    /// Something came between.
    overtaken: bool,
    unmodified: bool,
    /// The entry that was there when it began.
    old: Option<u64>,
}

impl Ran {
    /// Whether its value is not one to keep.
    fn is_refused(&self) -> bool {
        self.refused || self.ttl == Some(0)
    }
}

/// A memo, and what is known of it.
struct History {
    seed: u64,
    cache: TestMemo,
    time: Arc<Manual>,
    stated: Stated,
    random: RefCell<fastrand::Rng>,
    known: RefCell<Oracle<u64, u64>>,
    renewals: RefCell<Vec<Renewal>>,
    next: Cell<u64>,
    /// Of answers that were stale, that stood in for others, and of failures.
    counts: Cell<(u64, u64, u64)>,
    log: RefCell<Vec<String>>,
}

impl Drop for History {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("to draw the same again: CACHE_CORE_SEED={}\n{:?}", self.seed, self.stated);
            self.log.borrow().iter().for_each(|line| eprintln!("{line}"));
        }
        // Before the memo that they are of.
        self.renewals.borrow_mut().clear();
    }
}

impl History {
    fn new(seed: u64) -> Self {
        // What the memo draws is drawn from this thread's.
        fastrand::seed(seed);
        let mut random = fastrand::Rng::with_seed(seed);
        let stated = Stated::draw(&mut random);
        let mut known = Oracle::new(stated.rules());
        known.bound(stated.capacity.is_some());
        let time = Arc::new(Manual::default());
        let cache =
            TestMemo::within(Runtime::new(Clock::Manual(time.clone())), stated.spec(), MemoSpec::new());
        Self {
            seed,
            cache,
            time,
            stated,
            random: RefCell::new(random),
            known: RefCell::new(known),
            renewals: RefCell::default(),
            next: Cell::new(1),
            counts: Cell::default(),
            log: RefCell::default(),
        }
    }

    fn below(&self, n: u64) -> u64 {
        self.random.borrow_mut().u64(0..n)
    }

    fn note(&self, line: impl std::fmt::Display) {
        self.log.borrow_mut().push(format!("{:>7} {line}", self.time.now()));
    }

    fn new_value(&self) -> u64 {
        self.next.replace(self.next.get() + 1)
    }

    fn rules(&self) -> Rules {
        self.known.borrow().rules
    }

    fn life(&self, key: u64) -> Option<Life> {
        self.known.borrow().life(key)
    }

    fn change(&self, key: u64, change: impl FnOnce(&mut Life)) {
        self.known.borrow_mut().change(key, change);
    }

    /// Whether an entry is still good for something.
    fn is_of_use(&self, life: &Life) -> bool {
        self.rules().phase(life, self.time.now()) != Phase::Dead
    }

    fn inspect(&self, key: u64) -> Option<(u64, Time, Phase)> {
        let (memo, hash) = (&self.cache.memo, self.cache.hash(key));
        let guard = memo.shard(hash).read();
        let entry = guard.entries.find(hash, is(key))?;
        let (state, times) = (memo.freshness(*entry, self.time.now()), memo.times(*entry)?);
        let phase = match state {
            Freshness::Fresh => Phase::Fresh,
            Freshness::Stale => Phase::Stale,
            Freshness::Dead => return None,
        };
        let deadline = if times.deadline == NEVER { oracle::NEVER } else { times.deadline };
        Some((number(&entry.value.to_owned()), deadline, phase))
    }

    /// Whether the entry of a key is not even there to be looked at.
    fn has_left(&self, key: u64) -> bool {
        let hash = self.cache.hash(key);
        self.cache.memo.shard(hash).read().entries.find(hash, is(key)).is_none()
    }

    fn is_bounded(&self) -> bool {
        self.stated.capacity.is_some()
    }

    /// The entry of a key is as it must be. One that had to make room for others is gone.
    fn check(&self, key: u64) {
        let (now, seen) = (self.time.now(), self.inspect(key));
        let life = self.life(key);
        let known = life.map(|life| (life.value, life.deadline, self.rules().phase(&life, now)));
        let known = known.filter(|(.., phase)| *phase != Phase::Dead);
        // What was dead may have been swept before the clock went back.
        if (self.is_bounded() || self.stated.goes_back) && self.has_left(key) {
            self.known.borrow_mut().remove(key);
            return;
        }
        assert_eq!(seen, known, "the entry of {key} at {now}: {life:?}");
    }

    fn check_all(&self) {
        (0..KEYS).for_each(|key| self.check(key));
    }

    /// What is being computed for a key is not to be stored.
    fn deregister_doomed(&self, key: u64) {
        self.renewals.borrow_mut().iter_mut().filter(|one| one.key == key).for_each(|one| {
            (one.doomed, one.off) = (true, true);
        });
    }

    fn advance(&self) {
        let longest = [2, 20, 200, 2_000, 60_000][usize::try_from(self.below(5)).unwrap()];
        let by = self.below(longest);
        if self.stated.goes_back && self.below(4) == 0 {
            self.time.go_back(by);
        } else {
            self.time.advance(by);
        }
        self.note(format_args!("after {by}"));
    }

    /// A value was given or computed: its entry has a life of its own.
    fn stored(&self, key: u64, value: u64, ttl: Option<Tick>) {
        let now = self.time.now();
        let Some((seen, deadline, _)) = self.inspect(key) else {
            self.known.borrow_mut().remove(key);
            assert!(self.is_bounded(), "{value} was stored, and is not there");
            return;
        };
        assert_eq!(seen, value, "another one than was stored");
        assert!(self.rules().may_end_at(deadline, ttl, now), "{ttl:?} from {now} became {deadline}");
        self.known.borrow_mut().store(key, value, now, deadline);
    }

    fn insert(&self, key: u64, when: When) -> bool {
        let (now, life) = (self.time.now(), self.life(key));
        let present = life.is_some_and(|life| self.rules().is_fresh(&life, now));
        let value = self.new_value();
        let wanted = match when {
            When::Always => true,
            When::IfPresent => present,
            When::IfAbsent => !present,
        };
        let stored = self.cache.put_tagged(key, value, &TAGS[index(key)], when);
        self.note(format_args!("insert {value} for {key}, if wanted: {wanted}, {stored}"));
        assert_eq!(stored, wanted, "{life:?}");
        if stored {
            self.deregister_doomed(key);
            self.stored(key, value, self.stated.ttl);
        }
        stored
    }

    fn update(&self, key: u64) {
        let (now, life) = (self.time.now(), self.life(key));
        let fresh = life.filter(|life| self.rules().is_fresh(life, now)).map(|life| life.value);
        let mut seen = None;
        let value = self.new_value();
        let updated = self.cache.update(key, &TAGS[index(key)], |old| {
            seen = Some(old);
            value
        });
        self.note(format_args!("update {key}: {seen:?} changed: {}", updated.is_some()));
        assert_eq!(seen, fresh, "what is not fresh is not changed: {life:?}");
        if updated.is_some() {
            self.deregister_doomed(key);
            self.stored(key, value, self.stated.ttl);
        }
    }

    fn set_ttl(&self, key: u64, only_later: bool) {
        let (now, ttl) = (self.time.now(), self.below(100));
        let fresh = self.life(key).is_some_and(|life| self.rules().is_fresh(&life, now));
        let ttl_is = Duration::from_millis(ttl);
        let set = self.cache.memo.set_deadline(&stored(key), self.cache.hash(key), ttl_is, only_later);
        self.note(format_args!("set the ttl of {key} to {ttl}, only later: {only_later}, {set}"));
        assert_eq!(set, fresh, "the life of what is fresh is changed");
        self.known.borrow_mut().set_ttl(key, now, ttl, only_later);
    }

    fn invalidate(&self, key: u64, severity: Severity) {
        self.cache.invalidate_as(key, severity);
        self.deregister_doomed(key);
        self.hit(key, severity);
    }

    fn invalidate_tag(&self, key: u64, which: usize, severity: Severity) {
        self.cache.invalidate_tag_as(TAGS[index(key)][which], severity);
        let is_hit = |other: u64| which == 0 || other == key;
        // Which tags a value will carry is not known before it is there: others go on waiting for it.
        self.renewals.borrow_mut().iter_mut().filter(|one| is_hit(one.key)).for_each(|one| one.doomed = true);
        (0..KEYS).filter(|key| is_hit(*key)).for_each(|key| self.hit(key, severity));
    }

    /// An invalidation has hit the entry of a key, or a mark.
    fn hit(&self, key: u64, severity: Severity) {
        let mut known = self.known.borrow_mut();
        match severity {
            Severity::Hard => known.remove(key),
            Severity::Soft => known.mark(key, self.time.now()),
        }
    }

    fn severity(&self) -> Severity {
        if self.below(2) == 0 { Severity::Hard } else { Severity::Soft }
    }

    fn step(&self) {
        let key = self.below(KEYS);
        match self.below(40) {
            0..14 => self.call(key),
            14..18 => self.get(key),
            18..26 => self.advance(),
            26 | 27 => {
                self.note(format_args!("refresh {key}"));
                self.compute(key, Intent::Refresh);
            }
            28 | 29 => {
                self.note(format_args!("call {key}, the origin first"));
                self.compute(key, Intent::Origin);
            }
            30 => drop(self.insert(key, When::Always)),
            31 => drop(self.insert(key, When::IfAbsent)),
            32 => drop(self.insert(key, When::IfPresent)),
            33 => self.update(key),
            34 => self.set_ttl(key, false),
            35 => self.set_ttl(key, true),
            36 => {
                let severity = self.severity();
                self.note(format_args!("invalidate {key}: {severity:?}"));
                self.invalidate(key, severity);
            }
            37 => {
                let (which, severity) = (usize::from(self.below(3) > 0), self.severity());
                self.note(format_args!("invalidate a tag of {key}, {which}: {severity:?}"));
                self.invalidate_tag(key, which, severity);
            }
            38 => {
                self.note("reclaim");
                self.cache.memo.reclaim();
            }
            _ => self.end_renewal(),
        }
        self.check_all();
    }

    fn check_counts(&self) {
        let stats = self.cache.memo.counters.read();
        assert_eq!((stats.stale, stats.fallbacks, stats.backoffs), self.counts.get());
    }
}

fn index(key: u64) -> usize {
    usize::try_from(key).expect("a small one")
}

/// A number that is set from outside.
fn given(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|number| number.parse().expect("a number"))
}

#[test]
fn no_value_is_returned_past_what_was_stated() {
    let seeds = match given("CACHE_CORE_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..4_000 * given("CACHE_CORE_STRESS").unwrap_or(1),
    };
    for seed in seeds {
        let history = History::new(seed);
        for _ in 0..60 {
            history.step();
        }
        history.check_counts();
    }
}
