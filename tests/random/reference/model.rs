//! What must be there, what may be, and what must not: maps, told of every operation.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use cache_core::Peek;
use tests::history::{KEYS, Row};

use super::functions::{ALL, NESTED, Source, TAGGED};

/// An entry that may be there.
#[derive(Clone, Copy, Debug)]
struct Known {
    row: Row,
    deadline: Option<u64>,
    /// It may have been evicted.
    may_have_left: bool,
}

/// One function's entries.
struct Entries {
    by_key: BTreeMap<u64, Known>,
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
            Entries { by_key: BTreeMap::new(), capacity: function.capacity, is_on: true }
        };
        let functions = ALL.iter().map(entries).collect();
        Self { origin: Source::default(), functions, is_on: true, now: 0 }
    }

    fn is_on(&self, f: usize) -> bool {
        self.is_on && self.functions[f].is_on
    }

    /// The entry that is live if it was not evicted.
    fn known(&mut self, f: usize, key: u64) -> Option<&mut Known> {
        let now = self.now;
        let known = self.functions[f].by_key.get_mut(&key);
        known.filter(|known| known.deadline.is_none_or(|deadline| now < deadline))
    }

    /// Learns whether an entry was there. It, if so.
    fn learn(&mut self, f: usize, key: u64, was_there: bool) -> Option<Known> {
        let known = self.known(f, key);
        if was_there {
            let known = known.unwrap_or_else(|| panic!("found what must not be there: {f} {key}"));
            known.may_have_left = false;
            return Some(*known);
        }
        assert!(known.is_none_or(|known| known.may_have_left), "did not find what must be there: {f} {key}");
        self.functions[f].by_key.remove(&key);
        None
    }

    fn store(&mut self, f: usize, key: u64, row: Row) {
        let deadline = ALL[f].ttl.map(|ttl| self.now + ttl);
        let Entries { by_key, capacity, .. } = &mut self.functions[f];
        if *capacity < KEYS {
            for known in by_key.values_mut() {
                known.may_have_left = true;
            }
        }
        by_key.insert(key, Known { row, deadline, may_have_left: false });
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
            return known.row;
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
            assert_eq!(found, known.map(|known| known.row));
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
        let live = self.count(|f, key, known| hit(f, key, &known.row));
        assert!(live.contains(&count), "took {count}, not one of {live:?}");
        for (f, entries) in self.functions.iter_mut().enumerate() {
            entries.by_key.retain(|key, known| !hit(f, *key, &known.row));
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
        let deadline = self.now + ttl;
        if let Some(known) = self.known(f, key) {
            let shortens = known.deadline.is_none_or(|before| before > deadline);
            if !(only_later && shortens) {
                known.deadline = Some(deadline);
            }
        }
    }

    pub(crate) fn bound(&mut self, f: usize, capacity: u64) {
        let entries = &mut self.functions[f];
        entries.capacity = capacity;
        if capacity < KEYS {
            for known in entries.by_key.values_mut() {
                known.may_have_left = true;
            }
        }
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

    fn count(&self, of: impl Fn(usize, u64, &Known) -> bool) -> RangeInclusive<usize> {
        let all = self.functions.iter().enumerate();
        let all =
            all.flat_map(|(f, entries)| entries.by_key.iter().map(move |(key, known)| (f, *key, known)));
        let live = all.filter(|(f, key, known)| {
            known.deadline.is_none_or(|deadline| self.now < deadline) && of(*f, *key, known)
        });
        let (certain, all) = live.fold((0, 0), |(certain, all), (.., known)| {
            (certain + usize::from(!known.may_have_left), all + 1)
        });
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
            for (key, known) in &self.functions[f].by_key {
                let is_there = keys.contains(&format!("{}({key})", function.name));
                let is_live = known.deadline.is_none_or(|deadline| self.now < deadline);
                assert!(is_live || !is_there, "{} {key} is past its ttl", function.name);
                assert!(is_there || !is_live || known.may_have_left, "{} {key} is not listed", function.name);
                if is_there {
                    tags.extend(function.tags(&known.row));
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
