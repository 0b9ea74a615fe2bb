//! What is counted of ours, and the limit beside it.
//!
//! Functions of its own, and not those that other measurements have: a figure that is kept shall not change
//! because they do.

use std::fmt::Debug;
use std::hash::Hash;
use std::sync::{Arc, LazyLock};

use cache_core::{CacheKey, Memo, memoize};
use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::counting::{Calls, Of, Subject, calls, hits};
use super::misses;
use crate::harness::{Entrant, Role, Waiting};
use crate::workload::{Key, Random, SEED, SEQUENCE, SKEW, Zipf, mix, origin_str, origin_u64};

pub(crate) const SUBJECTS: &[Subject] = &[
    hit("limit, u64", |passes| hits(&limit_u64(), passes)),
    hit("ours, u64", |passes| sync(passes, plain)),
    hit("ours, u64, a fixed tag", |passes| sync(passes, fixed_tag)),
    hit("ours, u64, 1 run-time tag", |passes| sync(passes, one_tag)),
    hit("ours, u64, 3 run-time tags", |passes| sync(passes, three_tags)),
    hit("ours, u64 to String of 64 bytes", |passes| sync(passes, |key| text(key).len() as u64)),
    hit("ours, u64 to Arc of 1 KiB", |passes| sync(passes, |key| block(key)[0])),
    hit("ours, u64, a key by an expression", |passes| sync(passes, by_expression)),
    hit("ours, u64, a node", |passes| sync(passes, of_node)),
    hit("ours, u64, on_hit", |passes| sync(passes, with_hook)),
    hit("ours, u64, generic", |passes| sync(passes, generic::<u64>)),
    hit("ours, u64, a method", |passes| sync(passes, |key| HOME.method(key))),
    hit("ours, u64, a memo in a field", |passes| sync(passes, |key| HOME.in_field(key))),
    hit("ours async, u64, polled", |passes| awaited(passes, Waiting::Polled, || owned)),
    hit("ours async, u64, awaited", |passes| awaited(passes, Waiting::Awaited, || owned)),
    hit("limit, &str", |passes| hits(&limit_str(), passes)),
    hit("ours, &str", |passes| sync(passes, of_str)),
    hit("ours, &str, a fixed tag", |passes| sync(passes, of_str_fixed_tag)),
    hit("ours async, &str, polled", |passes| awaited(passes, Waiting::Polled, || borrowed)),
    hit("ours async, &str, awaited", |passes| awaited(passes, Waiting::Awaited, || borrowed)),
    Subject { name: "ours, u64, new keys: each evicts", of: Of::Misses, run: churn },
    Subject { name: "ours async, u64, new keys: each evicts", of: Of::Misses, run: misses::asynchronous },
    Subject { name: "ours, u64, Zipf over 10x its capacity", of: Of::Both, run: natural },
    hit("ours, u64, insert over an entry", |passes| sync(passes, overwrite)),
];

pub(super) const fn hit(name: &'static str, run: fn(usize) -> Calls) -> Subject {
    Subject { name, of: Of::Hits, run }
}

fn sync<K: Key>(passes: usize, function: impl Fn(K) -> u64 + Copy + Sync + 'static) -> Calls {
    hits(&Entrant::function("", Role::Ours, function), passes)
}

fn awaited<K: Key, F: AsyncFn(K) -> u64 + 'static>(
    passes: usize,
    waiting: Waiting,
    function: impl Fn() -> F + Sync + 'static,
) -> Calls {
    hits(&Entrant::asynchronous("", Role::Ours, waiting, function), passes)
}

/// A plain hash map: no bound, no expiry, no sharing.
fn limit_u64() -> Entrant<u64> {
    Entrant::new("", Role::Limit, || {
        let mut map: HashMap<u64, u64, RandomState> = HashMap::default();
        move |key| {
            if let Some(&value) = map.get(&key) {
                return value;
            }
            let value = origin_u64(key);
            map.insert(key, value);
            value
        }
    })
}

fn limit_str() -> Entrant<&'static str> {
    Entrant::new("", Role::Limit, || {
        let mut map: HashMap<Box<str>, u64, RandomState> = HashMap::default();
        move |key: &'static str| {
            if let Some(&value) = map.get(key) {
                return value;
            }
            let value = origin_str(key);
            map.insert(key.into(), value);
            value
        }
    })
}

#[memoize(ttl = 300, capacity = 100_000)]
fn plain(key: u64) -> u64 {
    origin_u64(key)
}

#[memoize(ttl = 300, capacity = 100_000, tag = "t")]
fn fixed_tag(key: u64) -> u64 {
    origin_u64(key)
}

#[memoize(ttl = 300, capacity = 100_000, tags = ["one:{key}"])]
fn one_tag(key: u64) -> u64 {
    origin_u64(key)
}

#[memoize(ttl = 300, capacity = 100_000, tags = ["one:{key}", "of:{value}", "all:{key}"])]
fn three_tags(key: u64) -> u64 {
    origin_u64(key)
}

#[memoize(ttl = 300, capacity = 100_000)]
fn text(key: u64) -> String {
    format!("{:064x}", origin_u64(key))
}

#[memoize(ttl = 300, capacity = 100_000)]
fn block(key: u64) -> Arc<[u64; 128]> {
    Arc::new([origin_u64(key); 128])
}

#[memoize(ttl = 300, capacity = 100_000, key = key ^ 1)]
fn by_expression(key: u64) -> u64 {
    origin_u64(key)
}

#[derive(CacheKey)]
#[cache_key(value = u64, ttl = 300, capacity = 100_000)]
struct Node {
    key: u64,
}

#[memoize(key = Node { key })]
fn of_node(key: u64) -> u64 {
    origin_u64(key)
}

#[memoize(ttl = 300, capacity = 100_000, on_hit = |_key, value| { std::hint::black_box(value); })]
fn with_hook(key: u64) -> u64 {
    origin_u64(key)
}

#[memoize(ttl = 300, capacity = 100_000)]
fn generic<T: Into<u64> + Copy + Debug + Eq + Hash + Send + Sync + 'static>(key: T) -> u64 {
    origin_u64(key.into())
}

#[derive(Default)]
struct Home {
    memo: Memo<u64>,
}

static HOME: LazyLock<Home> = LazyLock::new(Home::default);

impl Home {
    #[memoize(ttl = 300, capacity = 100_000, skip(self))]
    fn method(&self, key: u64) -> u64 {
        origin_u64(key)
    }

    #[memoize(ttl = 300, capacity = 100_000, memo = self.memo)]
    fn in_field(&self, key: u64) -> u64 {
        origin_u64(key)
    }
}

#[memoize(ttl = 300, capacity = 100_000)]
async fn owned(key: u64) -> u64 {
    origin_u64(key)
}

#[memoize(ttl = 300, capacity = 100_000)]
fn of_str(key: &str) -> u64 {
    origin_str(key)
}

#[memoize(ttl = 300, capacity = 100_000, tag = "t")]
fn of_str_fixed_tag(key: &str) -> u64 {
    origin_str(key)
}

#[memoize(ttl = 300, capacity = 100_000)]
async fn borrowed(key: &str) -> u64 {
    origin_str(key)
}

#[memoize(ttl = 300, capacity = 10_000)]
fn small(key: u64) -> u64 {
    origin_u64(key)
}

/// Inserts values for keys that have an entry.
fn overwrite(key: u64) -> u64 {
    let value = key.wrapping_add(1);
    plain::entry(key).insert(value);
    value
}

/// Keys that were never seen before, in a memo that is full.
fn churn(passes: usize) -> Calls {
    churn_of(&Entrant::function("", Role::Ours, small), passes)
}

pub(super) fn churn_of(entrant: &Entrant<u64>, passes: usize) -> Calls {
    let mut worker = entrant.worker();
    let mut fresh = (0..).map(mix);
    let mut keys = || -> Vec<u64> { fresh.by_ref().take(SEQUENCE).collect() };
    worker(&keys());
    let all = (0..passes).map(|_| calls(&mut worker, &keys(), 1));
    all.fold(Calls { all: 0, misses: 0 }, |sum, one| Calls {
        all: sum.all + one.all,
        misses: sum.misses + one.misses,
    })
}

/// Misses as they come in use: popular keys stay, others come and go.
fn natural(passes: usize) -> Calls {
    let mut worker = Entrant::function("", Role::Ours, small).worker();
    let zipf = Zipf::new(100_000, SKEW);
    let mut random = Random(SEED);
    let mut keys = || -> Vec<u64> { (0..SEQUENCE).map(|_| mix(zipf.rank(random.unit()) as u64)).collect() };
    worker(&keys());
    worker(&keys());
    calls(&mut worker, &keys(), passes)
}
