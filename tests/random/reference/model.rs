//! What must be there, what may be, and what must not: an oracle for each function, told of every operation.

use std::ops::RangeInclusive;

use cache_core::Peek;
use oracle::{Life, Oracle, Rules};
use tests::history::{KEYS, Row};

use super::functions::{ALL, NESTED, Source, TAGGED};

/// One function's entries.
struct Entries {
    known: Oracle<u64, Row>,
    capacity: u64,
    is_on: bool,
}

/// All functions, their origin and the time.
pub(crate) struct Model {
    pub(crate) origin: Source,
    functions: Vec<Entries>,
    is_on: bool,
    now: u64,
}

impl Model {
    pub(crate) fn new() -> Self {
        let entries = |function: &super::functions::Function| {
            // The registry knows what has been used.
            assert!((function.memo)().is_empty());
            let mut known = Oracle::new(Rules { ttl: function.ttl, ..Rules::default() });
            known.bound(function.capacity < KEYS);
            Entries { known, capacity: function.capacity, is_on: true }
        };
        let functions = ALL.iter().map(entries).collect();
        Self { origin: Source::default(), functions, is_on: true, now: 0 }
    }

    fn is_on(&self, f: usize) -> bool {
        self.is_on && self.functions[f].is_on
    }

    /// Learns whether an entry was there. It, if so.
    fn learn(&mut self, f: usize, key: u64, was_there: bool) -> Option<Life<Row>> {
        self.functions[f].known.learn(key, self.now, was_there)
    }

    fn store(&mut self, f: usize, key: u64, row: Row) {
        self.functions[f].known.store_for_ttl(key, row, self.now);
    }

    /// Makes a call, and explains by the bodies that have run why it returned what it did.
    pub(crate) fn call(&mut self, f: usize, key: u64) {
        self.explained(ALL[f].call, f, key, false);
    }

    pub(crate) fn refresh(&mut self, f: usize, key: u64) {
        self.explained(ALL[f].refresh, f, key, true);
    }

    fn explained(&mut self, call: fn(&Source, u64) -> Row, f: usize, key: u64, refresh: bool) {
        self.origin.ran.iter().for_each(|ran| ran.set(0));
        let row = call(&self.origin, key);
        let expected = self.explain(f, key, refresh);
        assert_eq!(row, expected, "returned by {}", ALL[f].name);
        assert!(self.origin.ran.iter().all(|ran| ran.get() == 0), "a body has run that should not");
    }

    /// What a call must have returned. Takes the runs that explain it.
    fn explain(&mut self, f: usize, key: u64, refresh: bool) -> Row {
        let has_run = self.origin.ran[f].get() > 0;
        if self.is_on(f)
            && !refresh
            && let Some(known) = self.learn(f, key, !has_run)
        {
            return known.value;
        }
        assert!(has_run, "answered without the body");
        self.origin.ran[f].sub();
        let row = if f == NESTED { self.explain(TAGGED, key, false) } else { self.origin.read(key) };
        if self.is_on(f) {
            self.store(f, key, row);
        }
        row
    }

    /// What a read without computing has found.
    pub(crate) fn found(&mut self, f: usize, key: u64, found: Option<Row>) {
        if self.is_on(f) {
            let known = self.learn(f, key, found.is_some());
            assert_eq!(found, known.map(|known| known.value));
        } else {
            assert_eq!(found, None, "found while it was off");
        }
    }

    pub(crate) fn peeked(&mut self, f: usize, key: u64, peek: &Peek<Row>) {
        let found = match peek {
            Peek::Fresh { value, .. } => Some(*value),
            _ => None,
        };
        self.found(f, key, found);
    }

    /// Inserts a new version, if `wants` says so, told whether a fresh one is there.
    pub(crate) fn insert(
        &mut self,
        f: usize,
        key: u64,
        insert: fn(&Source, u64, Row) -> bool,
        wants: fn(bool) -> bool,
    ) {
        let row = self.origin.write(key);
        let stored = insert(&self.origin, key, row);
        if !self.is_on(f) {
            assert!(!stored, "stored while it was off");
            return;
        }
        if wants(true) == wants(false) {
            assert!(stored);
        } else {
            self.learn(f, key, wants(true) == stored);
        }
        if stored {
            self.store(f, key, row);
        }
    }

    /// Replaces what is there by a new version.
    pub(crate) fn update(&mut self, f: usize, key: u64) {
        let (origin, mut seen) = (&self.origin, None);
        let updated = (ALL[f].update)(origin, key, &mut |row| {
            assert!(seen.replace(row).is_none(), "changed twice though nobody disturbed it");
            origin.write(key)
        });
        self.found(f, key, seen);
        if seen.is_some() {
            let row = self.origin.read(key);
            assert_eq!(updated, Some(row));
            self.store(f, key, row);
        } else {
            assert_eq!(updated, None);
        }
    }

    /// An invalidation has taken so many entries: those that `hit` picks.
    pub(crate) fn invalidated(&mut self, count: usize, hit: impl Fn(usize, u64, &Row) -> bool) {
        let live = self.count(&hit);
        assert!(live.contains(&count), "took {count}, not one of {live:?}");
        for (f, entries) in self.functions.iter_mut().enumerate() {
            entries.known.invalidate(|key, row| hit(f, key, row));
        }
    }

    pub(crate) fn advance(&mut self, millis: u64) {
        self.now += millis;
    }

    pub(crate) fn set_ttl(&mut self, f: usize, key: u64, ttl: u64, only_later: bool, was_there: bool) {
        if !self.is_on(f) {
            assert!(!was_there, "found while it was off");
            return;
        }
        self.learn(f, key, was_there);
        self.functions[f].known.set_ttl(key, self.now, ttl, only_later);
    }

    pub(crate) fn bound(&mut self, f: usize, capacity: u64) {
        let entries = &mut self.functions[f];
        entries.capacity = capacity;
        entries.known.bound(capacity < KEYS);
    }

    /// Switches one of them off or on, or all.
    pub(crate) fn switch(&mut self, f: Option<usize>, is_on: bool) {
        if let Some(f) = f {
            (ALL[f].memo)().set_enabled(is_on);
            self.functions[f].is_on = is_on;
        } else {
            cache_core::set_enabled(is_on);
            self.is_on = is_on;
        }
    }

    /// How many live entries there must be at least, and may be at most.
    pub(crate) fn live(&self, of: impl Fn(usize) -> bool) -> RangeInclusive<usize> {
        self.count(|f, _, _| of(f))
    }

    fn count(&self, of: impl Fn(usize, u64, &Row) -> bool) -> RangeInclusive<usize> {
        let counts = self.functions.iter().enumerate().map(|(f, entries)| {
            let count = entries.known.count(self.now, |key, row| of(f, key, row));
            (*count.start(), *count.end())
        });
        let (certain, all) = counts.fold((0, 0), |sum, count| (sum.0 + count.0, sum.1 + count.1));
        certain..=all
    }

    /// Looks at everything from outside.
    pub(crate) fn look_around(&self) {
        for (f, function) in ALL.iter().enumerate() {
            let memo = (function.memo)();
            let live = self.live(|other| other == f);
            assert!(
                live.contains(&memo.len()),
                "{} live in {}, not one of {live:?}",
                memo.len(),
                function.name
            );
            assert!(memo.len() as u64 <= self.functions[f].capacity, "more than the capacity");
            let keys: Vec<String> = memo.any_keys().iter().map(ToString::to_string).collect();
            assert_eq!(keys.len(), memo.len());
            let mut tags: Vec<String> = Vec::new();
            let Entries { known, .. } = &self.functions[f];
            for (key, life) in known.all() {
                let is_there = keys.contains(&format!("{}({key})", function.name));
                let is_live = known.rules.is_fresh(life, self.now);
                assert!(is_live || !is_there, "{} {key} is past its ttl", function.name);
                assert!(is_there || !is_live || life.may_have_left, "{} {key} is not listed", function.name);
                if is_there {
                    tags.extend(function.tags(&life.value));
                }
            }
            tags.sort();
            tags.dedup();
            assert!(
                memo.tags().iter().map(ToString::to_string).eq(tags.iter().cloned()),
                "{:?}, not {tags:?}",
                memo.tags()
            );
        }
    }
}
