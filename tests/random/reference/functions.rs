//! The functions, and what of them the model must know.

use cache_core::{Key, Memo, memoize};
use tests::Count;
use tests::history::{Origin, Row};

/// What all of them read, and how often the body of each has run.
#[derive(Default)]
pub(crate) struct Source {
    rows: Origin,
    pub(crate) ran: [Count; ALL.len()],
}

impl std::ops::Deref for Source {
    type Target = Origin;
    fn deref(&self) -> &Origin {
        &self.rows
    }
}

impl Source {
    fn load(&self, function: usize, key: u64) -> Row {
        self.ran[function].add();
        self.rows.read(key)
    }
}

#[memoize(skip(source), tag = "rows")]
fn plain(source: &Source, key: u64) -> Row {
    source.load(0, key)
}

#[memoize(skip(source), tags = ["rows", "row:{key}", "owner:{value.owner}"])]
fn tagged(source: &Source, key: u64) -> Row {
    source.load(TAGGED, key)
}

#[memoize(skip(source), ttl = 10, tags = ["row:{key}"])]
fn timed(source: &Source, key: u64) -> Row {
    source.load(2, key)
}

#[memoize(skip(source), capacity = 6, tags = ["rows", "owner:{value.owner}"])]
fn small(source: &Source, key: u64) -> Row {
    source.load(3, key)
}

#[memoize(skip(source), ttl = 25, capacity = 6, policy = Lru, tags = ["row:{key}", "owner:{value.owner}"])]
fn lru(source: &Source, key: u64) -> Row {
    source.load(4, key)
}

/// What it returns may be older than the origin: it was never told of more than its own tag.
#[memoize(skip(source), tag = "rows")]
fn nested(source: &Source, key: u64) -> Row {
    source.ran[NESTED].add();
    tagged(source, key)
}

/// The function that [`NESTED`] calls.
pub(crate) const TAGGED: usize = 1;
/// The one that calls another.
pub(crate) const NESTED: usize = 5;

type Insert = fn(&Source, u64, Row) -> bool;

/// One of the functions.
pub(crate) struct Function {
    pub(crate) name: &'static str,
    /// In milliseconds.
    pub(crate) ttl: Option<u64>,
    pub(crate) capacity: u64,
    tags: &'static [fn(&Row) -> String],
    pub(crate) call: fn(&Source, u64) -> Row,
    pub(crate) refresh: fn(&Source, u64) -> Row,
    pub(crate) insert: Insert,
    pub(crate) insert_if_present: Insert,
    pub(crate) insert_if_absent: Insert,
    pub(crate) update: fn(&Source, u64, &mut dyn FnMut(Row) -> Row) -> Option<Row>,
    pub(crate) key: fn(u64) -> Key<Row>,
    pub(crate) memo: fn() -> Memo<Row>,
}

impl Function {
    /// The tags of an entry.
    pub(crate) fn tags(&self, row: &Row) -> Vec<String> {
        self.tags.iter().map(|tag| tag(row)).collect()
    }
}

macro_rules! function {
    ($name:ident, ttl: $ttl:expr, capacity: $capacity:expr, tags: [$($tag:ident),*]) => {
        Function {
            name: concat!(module_path!(), "::", stringify!($name)),
            ttl: $ttl,
            capacity: $capacity,
            call: $name,
            refresh: |source, key| $name::entry(source, key).refresh(),
            insert: |source, key, row| $name::entry(source, key).insert(row),
            insert_if_present: |source, key, row| $name::entry(source, key).insert_if_present(row),
            insert_if_absent: |source, key, row| $name::entry(source, key).insert_if_absent(row),
            update: |source, key, change| $name::entry(source, key).update(change),
            key: $name::key,
            memo: $name::memo,
            tags: &[$($tag),*],
        }
    };
}

fn rows(_: &Row) -> String {
    "rows".to_owned()
}

fn by_row(row: &Row) -> String {
    format!("row:{}", row.key)
}

fn by_owner(row: &Row) -> String {
    format!("owner:{}", row.owner)
}

pub(crate) static ALL: [Function; 6] = [
    function!(plain, ttl: None, capacity: 10_000, tags: [rows]),
    function!(tagged, ttl: None, capacity: 10_000, tags: [rows, by_row, by_owner]),
    function!(timed, ttl: Some(10_000), capacity: 10_000, tags: [by_row]),
    function!(small, ttl: None, capacity: 6, tags: [rows, by_owner]),
    function!(lru, ttl: Some(25_000), capacity: 6, tags: [by_row, by_owner]),
    function!(nested, ttl: None, capacity: 10_000, tags: [rows]),
];
