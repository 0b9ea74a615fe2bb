//! An origin of rows that change, behind memoized functions; and the histories of those who read
//! through them while others write and invalidate.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// The rows there are.
pub const KEYS: u64 = 16;
const ROWS: usize = 16;
const OWNERS: u64 = 3;

/// A version of a row. Its owner changes with each version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Which row.
    pub key: u64,
    /// To fill tags from.
    pub owner: u64,
    /// 0 at first.
    pub version: u64,
}

impl Row {
    /// A version of a row.
    #[must_use]
    pub const fn new(key: u64, version: u64) -> Self {
        Self { key, owner: key % OWNERS + version % 2 * OWNERS, version }
    }

    /// The owners that versions of a row have.
    #[must_use]
    pub fn owners(key: u64) -> [u64; 2] {
        [0, 1].map(|version| Self::new(key, version).owner)
    }
}

/// What memoized functions read.
#[derive(Debug, Default)]
pub struct Origin {
    versions: [AtomicU64; ROWS],
    now: AtomicU64,
}

impl Origin {
    /// Every row in its first version.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn version(&self, key: u64) -> &AtomicU64 {
        &self.versions[usize::try_from(key).expect("a key")]
    }

    /// The row as it is.
    #[must_use]
    pub fn read(&self, key: u64) -> Row {
        Row::new(key, self.version(key).load(Ordering::SeqCst))
    }

    /// Changes the row.
    pub fn write(&self, key: u64) -> Row {
        Row::new(key, self.version(key).fetch_add(1, Ordering::SeqCst) + 1)
    }

    /// The next moment of the history: later than all that anybody has had before.
    pub fn moment(&self) -> u64 {
        self.now.fetch_add(1, Ordering::SeqCst)
    }
}

/// One that has read.
#[derive(Clone, Copy, Debug)]
struct Read {
    function: usize,
    key: u64,
    row: Row,
    begin: u64,
    end: u64,
}

/// A version that was written.
#[derive(Clone, Copy, Debug)]
struct Write {
    row: Row,
    begin: u64,
    /// When its invalidation had returned, or it had been given to a function by hand.
    end: u64,
    /// The functions whose entries of the row were invalidated or replaced, one bit each.
    reach: u32,
}

/// What one or several threads have done.
#[derive(Debug, Default)]
pub struct History {
    reads: Vec<Read>,
    writes: Vec<Write>,
    /// Those that were given by hand.
    given: HashMap<(u64, u64), Write>,
}

impl History {
    /// Nothing has been done.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads through a function; what it did not find is nothing to note.
    pub fn read(&mut self, origin: &Origin, function: usize, key: u64, read: impl FnOnce() -> Option<Row>) {
        let begin = origin.moment();
        if let Some(row) = read() {
            self.has_read(origin, function, key, begin, row);
        }
    }

    /// Has read what a read that began at `begin` has found.
    pub fn has_read(&mut self, origin: &Origin, function: usize, key: u64, begin: u64, row: Row) {
        self.reads.push(Read { function, key, row, begin, end: origin.moment() });
    }

    /// Changes a row, then invalidates entries of it. `invalidate` tells of which functions: a bit each.
    pub fn write(&mut self, origin: &Origin, key: u64, invalidate: impl FnOnce() -> u32) {
        let begin = origin.moment();
        let row = origin.write(key);
        let reach = invalidate();
        self.writes.push(Write { row, begin, end: origin.moment(), reach });
    }

    /// Changes a row, and gives it to functions by hand: a bit each, as for invalidations. `give` tells
    /// whether it was kept.
    pub fn give(&mut self, origin: &Origin, key: u64, functions: u32, give: impl FnOnce(Row) -> bool) {
        let begin = origin.moment();
        let row = origin.write(key);
        let kept = give(row);
        let reach = if kept { functions } else { 0 };
        let write = Write { row, begin, end: origin.moment(), reach };
        if kept {
            self.given.insert((key, row.version), write);
        }
        self.writes.push(write);
    }

    /// Joins what another thread has done.
    pub fn join(&mut self, other: Self) {
        self.reads.extend(other.reads);
        self.writes.extend(other.writes);
        self.given.extend(other.given);
    }

    /// How many reads there were.
    #[must_use]
    pub fn reads(&self) -> usize {
        self.reads.len()
    }

    /// Checks that whoever began to read after an invalidation had returned, or a value had been given by
    /// hand, has read nothing older than what was written before that; and nothing that was never there.
    ///
    /// # Panics
    ///
    /// If somebody has.
    pub fn check(mut self) {
        let written = self.writes.iter().map(|write| ((write.row.key, write.row.version), write.begin));
        let written: HashMap<_, _> = written.collect();
        for read in &self.reads {
            let Read { row, key, .. } = *read;
            assert_eq!(row, Row::new(key, row.version), "not a row of the origin: {read:?}");
            let written = written.get(&(key, row.version)).is_some_and(|begin| *begin < read.end);
            assert!(written || row.version == 0, "read before it was written: {read:?}");
        }
        self.reads.sort_by_key(|read| read.begin);
        self.writes.sort_by_key(|write| write.end);
        // What was written last, of those whose invalidation was over when the read began.
        let mut newest: HashMap<(usize, u64), Vec<Write>> = HashMap::new();
        let mut writes = self.writes.iter().peekable();
        for read in &self.reads {
            while let Some(write) = writes.next_if(|write| write.end < read.begin) {
                for function in (0..32).filter(|function| write.reach & 1 << function != 0) {
                    let newest = newest.entry((function, write.row.key)).or_default();
                    // In the order of ends; a later one that is older says nothing new.
                    if newest.last().is_none_or(|last| last.row.version < write.row.version) {
                        newest.push(*write);
                    }
                }
            }
            let newest = newest.get(&(read.function, read.key)).map_or(&[][..], |newest| newest);
            let later = newest.iter().rev().take_while(|write| write.row.version > read.row.version);
            // What was given by hand may have been so after the invalidation.
            let given = self.given.get(&(read.key, read.row.version)).map(|given| given.end);
            let hit = later.filter(|write| given.is_none_or(|end| end < write.begin)).last();
            assert!(hit.is_none(), "{read:?}, which {hit:?} had invalidated");
        }
    }
}

/// The seed to begin with, or the only one: from `CACHE_CORE_SEED`, if that is set.
#[must_use]
pub fn seeds(count: u64) -> Vec<u64> {
    let given = std::env::var("CACHE_CORE_SEED").ok();
    given
        .map_or_else(|| (0..count).collect(), |seed| vec![seed.parse().expect("CACHE_CORE_SEED is a number")])
}

/// Tells how to make a run again, if it fails.
#[derive(Debug)]
pub struct Replay(pub u64);

impl Drop for Replay {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("to draw the same again: CACHE_CORE_SEED={}", self.0);
        }
    }
}
