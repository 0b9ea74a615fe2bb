//! What is counted of ours, and the limit beside it.

use std::sync::Arc;

use cache_core::memoize;

use super::counting::{Calls, Of, Subject, calls, hits};
use crate::harness::{Entrant, Role, Waiting};
use crate::peers::asynchronous::ours::{by_str as borrowed, by_u64 as owned};
use crate::peers::{limit, ours};
use crate::workload::{Random, SEED, SEQUENCE, SKEW, Zipf, mix, origin_u64};

pub(crate) const SUBJECTS: &[Subject] = &[
    hit("limit, u64", |passes| hits(&limit::by_u64(), passes)),
    hit("ours, u64", |passes| hits(&ours::by_u64(), passes)),
    hit("ours, u64, a fixed tag", |passes| hits(&ours::tagged_by_u64(), passes)),
    hit("ours, u64, 1 run-time tag", |passes| hits(&ours::one_tag_by_u64(), passes)),
    hit("ours, u64, 3 run-time tags", |passes| hits(&ours::three_tags_by_u64(), passes)),
    hit("ours, u64 to String of 64 bytes", |passes| hits(&to_u64(|key| text(key).len() as u64), passes)),
    hit("ours, u64 to Arc of 1 KiB", |passes| hits(&to_u64(|key| block(key)[0]), passes)),
    hit("ours async, u64, polled", |passes| hits(&owned(Waiting::Polled), passes)),
    hit("ours async, u64, awaited", |passes| hits(&owned(Waiting::Awaited), passes)),
    hit("limit, &str", |passes| hits(&limit::by_str(), passes)),
    hit("ours, &str", |passes| hits(&ours::by_str(), passes)),
    hit("ours, &str, a fixed tag", |passes| hits(&ours::tagged_by_str(), passes)),
    hit("ours async, &str, polled", |passes| hits(&borrowed(Waiting::Polled), passes)),
    hit("ours async, &str, awaited", |passes| hits(&borrowed(Waiting::Awaited), passes)),
    Subject { name: "ours, u64, new keys: each evicts", of: Of::Misses, run: churn },
    Subject { name: "ours, u64, Zipf over 10x its capacity", of: Of::Both, run: natural },
];

pub(super) const fn hit(name: &'static str, run: fn(usize) -> Calls) -> Subject {
    Subject { name, of: Of::Hits, run }
}

fn to_u64(function: fn(u64) -> u64) -> Entrant<u64> {
    Entrant::function("", Role::Ours, function)
}

#[memoize(ttl = 300, capacity = 100_000)]
fn text(key: u64) -> String {
    format!("{:064x}", origin_u64(key))
}

#[memoize(ttl = 300, capacity = 100_000)]
fn block(key: u64) -> Arc<[u64; 128]> {
    Arc::new([origin_u64(key); 128])
}

#[memoize(ttl = 300, capacity = 10_000)]
fn small(key: u64) -> u64 {
    origin_u64(key)
}

/// Keys that were never seen before, in a memo that is full.
fn churn(passes: usize) -> Calls {
    let mut worker = to_u64(small).worker();
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
    let mut worker = to_u64(small).worker();
    let zipf = Zipf::new(100_000, SKEW);
    let mut random = Random(SEED);
    let mut keys = || -> Vec<u64> { (0..SEQUENCE).map(|_| mix(zipf.rank(random.unit()) as u64)).collect() };
    worker(&keys());
    worker(&keys());
    calls(&mut worker, &keys(), passes)
}
