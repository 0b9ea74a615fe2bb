//! What can invalidate many entries at once: ours, and what comes nearest in the peers.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cache_core::{memoize, tag};

/// The keys of entries that stay, where a subject can spare some; those to invalidate are below.
const SPARED: Range<u64> = 1 << 40..(1 << 40) + WATCHED;
/// How many keys a reader looks up at most.
pub(super) const WATCHED: u64 = 1_000;

/// A value whose end is noticed.
#[derive(Debug)]
pub(super) struct Counted {
    key: u64,
    alive: &'static AtomicUsize,
}

/// As caches hold it: a copy costs one count.
pub(super) type Value = Arc<Counted>;

fn value(key: u64, alive: &'static AtomicUsize) -> Value {
    alive.fetch_add(1, Ordering::Relaxed);
    Arc::new(Counted { key, alive })
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A count of the values of one cache, for the rest of the program.
fn count() -> &'static AtomicUsize {
    Box::leak(Box::default())
}

/// A cache, and a way to invalidate its entries.
pub(super) struct Subject {
    pub(super) name: &'static str,
    /// Whose entries they are, by which options.
    pub(super) cache: &'static str,
    /// The values that are in memory.
    pub(super) alive: &'static AtomicUsize,
    /// Whether it can leave entries where they are.
    spares: bool,
    /// Fills in an entry.
    pub(super) fill: Box<dyn Fn(u64)>,
    /// Whether an entry is there.
    pub(super) look: Box<dyn Fn(u64) -> bool + Send + Sync>,
    pub(super) invalidate: Box<dyn Fn()>,
    /// What must be called so that memory is given back, where that is left to the user.
    pub(super) tend: Option<Box<dyn Fn()>>,
    /// Invalidates one key.
    pub(super) remove: Box<dyn Fn(u64)>,
}

impl Subject {
    /// The keys of entries that stay: none if it cannot leave any.
    pub(super) fn spared(&self) -> Range<u64> {
        if self.spares { SPARED } else { 0..0 }
    }

    /// The keys that a reader looks up: of entries that stay, where some do.
    pub(super) fn watched(&self, entries: u64) -> Range<u64> {
        if self.spares { SPARED } else { 0..entries.min(WATCHED) }
    }

    fn holds(value: Option<Value>, key: u64) -> bool {
        value.inspect(|value| assert_eq!(value.key, key, "another key's value")).is_some()
    }
}

/// The part of the entries that is invalidated, and the part that stays.
const PARTS: [u64; 2] = [0, 1];

fn part(key: u64) -> u64 {
    PARTS[usize::from(SPARED.contains(&key))]
}

static FIXED: AtomicUsize = AtomicUsize::new(0);
static TAGGED: AtomicUsize = AtomicUsize::new(0);
static CLEARED: AtomicUsize = AtomicUsize::new(0);

#[memoize(capacity = 2_000_000, tag = "bench:fixed")]
fn fixed(key: u64) -> Value {
    value(key, &FIXED)
}

#[memoize(capacity = 2_000_000, skip(part), tags = ["bench:part:{part}"])]
fn tagged(key: u64, part: u64) -> Value {
    let _ = part;
    value(key, &TAGGED)
}

#[memoize(capacity = 2_000_000)]
fn cleared(key: u64) -> Value {
    value(key, &CLEARED)
}

fn ours() -> Vec<Subject> {
    vec![
        Subject {
            name: "ours: a fixed tag",
            cache: "ours: a fixed tag",
            alive: &FIXED,
            spares: false,
            fill: Box::new(|key| {
                fixed(key);
            }),
            look: Box::new(|key| Subject::holds(fixed::entry(key).get(), key)),
            invalidate: Box::new(|| {
                tag("bench:fixed").invalidate();
            }),
            tend: None,
            remove: Box::new(|key| {
                fixed::key(key).invalidate();
            }),
        },
        Subject {
            name: "ours: a tag from an argument",
            cache: "ours: a tag from an argument",
            alive: &TAGGED,
            spares: true,
            fill: Box::new(|key| {
                tagged(key, part(key));
            }),
            look: Box::new(|key| Subject::holds(tagged::entry(key, part(key)).get(), key)),
            invalidate: Box::new(|| {
                tag("bench:part:0").invalidate();
            }),
            tend: None,
            remove: Box::new(|key| {
                tagged::key(key).invalidate();
            }),
        },
        Subject {
            name: "ours: clear",
            cache: "ours: no tag",
            alive: &CLEARED,
            spares: false,
            fill: Box::new(|key| {
                cleared(key);
            }),
            look: Box::new(|key| Subject::holds(cleared::entry(key).get(), key)),
            invalidate: Box::new(|| {
                cleared::memo().clear();
            }),
            tend: None,
            remove: Box::new(|key| {
                cleared::key(key).invalidate();
            }),
        },
    ]
}

fn moka() -> Vec<Subject> {
    let cache = moka::sync::Cache::<u64, Value>::builder().support_invalidation_closures().build();
    let alive = count();
    let subject = |name, spares, invalidate: fn(&moka::sync::Cache<u64, Value>)| Subject {
        name,
        cache: "moka",
        alive,
        spares,
        fill: {
            let cache = cache.clone();
            Box::new(move |key| cache.insert(key, value(key, alive)))
        },
        look: {
            let cache = cache.clone();
            Box::new(move |key| Subject::holds(cache.get(&key), key))
        },
        invalidate: {
            let cache = cache.clone();
            Box::new(move || invalidate(&cache))
        },
        tend: {
            let cache = cache.clone();
            Some(Box::new(move || cache.run_pending_tasks()))
        },
        remove: {
            let cache = cache.clone();
            Box::new(move |key| cache.invalidate(&key))
        },
    };
    vec![
        subject("moka: invalidate_all", false, moka::sync::Cache::invalidate_all),
        subject("moka: invalidate_entries_if", true, |cache| {
            let condemned = cache.invalidate_entries_if(|key, _| !SPARED.contains(key));
            condemned.expect("the cache was built for it");
        }),
    ]
}

fn quick_cache() -> Vec<Subject> {
    type Cache = quick_cache::sync::Cache<u64, Value>;
    let cache = Arc::new(Cache::new(2_000_000));
    let alive = count();
    let subject = |name, spares, invalidate: fn(&Cache)| Subject {
        name,
        cache: "quick_cache",
        alive,
        spares,
        fill: {
            let cache = cache.clone();
            Box::new(move |key| cache.insert(key, value(key, alive)))
        },
        look: {
            let cache = cache.clone();
            Box::new(move |key| Subject::holds(cache.get(&key), key))
        },
        invalidate: {
            let cache = cache.clone();
            Box::new(move || invalidate(&cache))
        },
        tend: None,
        remove: {
            let cache = cache.clone();
            Box::new(move |key| drop(cache.remove(&key)))
        },
    };
    vec![
        subject("quick_cache: clear", false, Cache::clear),
        subject("quick_cache: retain", true, |cache| cache.retain(|key, _| SPARED.contains(key))),
    ]
}

/// All of them. Those that share a cache stand together, and never hold entries at the same time.
pub(super) fn all() -> Vec<Subject> {
    ours().into_iter().chain(moka()).chain(quick_cache()).collect()
}
