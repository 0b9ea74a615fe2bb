//! Functions whose values are in a store, beside the cache by hand, and beside functions without a store.

use std::error::Error;
use std::sync::Arc;

use cache_core::memoize;
use cache_core::store::{Cache, MemoryStore, caches};

use super::disk::Folder;
use super::page::{Coded, KIB, Page, drawn, expect};
use super::pairs::{Pair, Section, Side, Unit, calls};
use crate::workload::{Workload, origin_u64};

/// How many pages the functions have.
const PAGES: usize = 1000;

#[memoize(store = "memory", local = false)]
fn in_memory(id: usize) -> Page {
    Page::new(id, KIB)
}

#[memoize(store = "disk", local = false)]
fn on_disk(id: usize) -> Page {
    Page::new(id, KIB)
}

#[memoize(ttl = 300, capacity = 100_000, store = "memory")]
pub(crate) fn kept(key: u64) -> u64 {
    origin_u64(key)
}

#[memoize(ttl = 300, capacity = 100_000)]
pub(crate) fn plain(key: u64) -> u64 {
    origin_u64(key)
}

/// Gives the functions a store in memory.
pub(crate) fn configure() -> Result<Cache, Box<dyn Error>> {
    let cache = Cache::builder(MemoryStore::new()).build()?;
    caches().register("memory", cache.clone())?;
    Ok(cache)
}

/// Functions that keep nothing in the process, beside the same request by hand.
pub(crate) fn in_the_store(folder: &Folder) -> Result<Section, Box<dyn Error>> {
    let mut section = Section::new(
        "A function with `store` and `local = false`, beside `Cache::get` of the same value: 1 KiB, JSON.",
        ["function", "cache"],
        Unit::Micros,
    );
    section.add(in_memory_beside_cache()?);
    section.add(on_disk_beside_cache(folder)?);
    Ok(section)
}

pub(crate) fn in_memory_beside_cache() -> Result<Pair, Box<dyn Error>> {
    pair("in memory", in_memory, configure()?)
}

pub(crate) fn on_disk_beside_cache(folder: &Folder) -> Result<Pair, Box<dyn Error>> {
    let cache = folder.cache(Coded::Json)?;
    caches().register("disk", cache.clone())?;
    pair("on disk", on_disk, cache)
}

fn pair(name: &str, function: fn(usize) -> Page, cache: Cache) -> Result<Pair, Box<dyn Error>> {
    for id in 0..PAGES {
        cache.insert(id, &Page::new(id, KIB)).wait()?;
        function(id).expect(id)?;
    }
    let ours = calls(move |call| {
        let id = drawn(call, PAGES);
        function(id).expect(id)
    });
    let by_hand = calls(move |call| {
        let id = drawn(call, PAGES);
        expect(cache.get(id).wait()?.as_ref(), id)
    });
    Ok(Pair::new(name, ours, by_hand))
}

/// Hits of functions that keep values in the process, with a store behind them and without.
pub(crate) fn in_the_process() -> Result<Section, Box<dyn Error>> {
    let mut section = Section::new(
        "A hit in the memory of the process: a function with `store`, beside the same one without.",
        ["with store", "without"],
        Unit::Nanos,
    );
    configure()?;
    let keys: Arc<[u64]> = Workload::new(1).sequence(0).keys.clone().into();
    section.add(Pair::new("u64", all(&keys, kept), all(&keys, plain)));
    section.add(Pair::new("noise", all(&keys, plain), all(&keys, plain)));
    Ok(section)
}

/// A loop of its own for each function, into which a hit is inlined.
fn all(keys: &Arc<[u64]>, function: impl Fn(u64) -> u64 + 'static) -> Side {
    let keys = keys.clone();
    keys.iter().for_each(|&key| {
        function(key);
    });
    Box::new(move |begin, count| {
        let mut sum = 0_u64;
        for &key in keys.iter().cycle().skip(begin % keys.len()).take(count) {
            sum = sum.wrapping_add(function(key));
        }
        std::hint::black_box(sum);
        Ok(())
    })
}
