//! A cache in memory, beside a map of bytes behind a lock.

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use cache_core::store::{Cache, MemoryStore};
use foldhash::fast::RandomState;

use super::page::{Coded, Page, SIZES, count, drawn, expect, keys};
use super::pairs::{Pair, Section, Unit, calls};
use crate::Outcome;

/// A map of bytes, with keys and values as a program would have them.
struct Map {
    map: Mutex<HashMap<Bytes, Bytes, RandomState>>,
    coded: Coded,
}

impl Map {
    fn get(&self, key: &str) -> Result<Option<Page>, Box<dyn Error>> {
        let found = self.map.lock().unwrap_or_else(PoisonError::into_inner).get(key.as_bytes()).cloned();
        found.map(|bytes| self.coded.decode(&bytes)).transpose()
    }

    fn insert(&self, key: &str, page: &Page) -> Outcome {
        let (key, bytes) = (Bytes::copy_from_slice(key.as_bytes()), self.coded.encode(page)?.into());
        self.map.lock().unwrap_or_else(PoisonError::into_inner).insert(key, bytes);
        Ok(())
    }
}

/// Pages of one size in one codec, with a cache and a map that hold all of them.
#[derive(Clone)]
struct Filled {
    keys: Arc<[String]>,
    pages: Arc<[Page]>,
    cache: Cache,
    map: Arc<Map>,
}

impl Filled {
    fn new(size: usize, coded: Coded) -> Result<Self, Box<dyn Error>> {
        let keys: Arc<[String]> = keys(count(size)).into();
        let pages: Arc<[Page]> = (0..keys.len()).map(|id| Page::new(id, size)).collect();
        let cache = Cache::builder(MemoryStore::new()).codec(coded.codec()).build()?;
        let map = Arc::new(Map { map: Mutex::default(), coded });
        for (key, page) in keys.iter().zip(&*pages) {
            cache.insert(key, page).wait()?;
            map.insert(key, page)?;
        }
        Ok(Self { keys, pages, cache, map })
    }

    fn get(&self, call: usize) -> Outcome {
        let id = drawn(call, self.keys.len());
        expect(self.cache.get(&self.keys[id]).wait()?.as_ref(), id)
    }

    fn get_raw(&self, call: usize) -> Outcome {
        let id = drawn(call, self.keys.len());
        expect(self.map.get(&self.keys[id])?.as_ref(), id)
    }

    fn insert(&self, call: usize) -> Outcome {
        let id = drawn(call, self.keys.len());
        Ok(self.cache.insert(&self.keys[id], &self.pages[id]).wait()?)
    }

    fn insert_raw(&self, call: usize) -> Outcome {
        let id = drawn(call, self.keys.len());
        self.map.insert(&self.keys[id], &self.pages[id])
    }

    /// A pair of these.
    fn pair(
        &self,
        name: String,
        ours: fn(&Self, usize) -> Outcome,
        raw: fn(&Self, usize) -> Outcome,
    ) -> Pair {
        let (of_ours, of_raw) = (self.clone(), self.clone());
        Pair::new(name, calls(move |call| ours(&of_ours, call)), calls(move |call| raw(&of_raw, call)))
    }
}

/// One get.
pub(crate) fn get(size: usize) -> Result<Pair, Box<dyn Error>> {
    Ok(Filled::new(size, Coded::Json)?.pair(String::new(), Filled::get, Filled::get_raw))
}

pub(crate) fn section() -> Result<Section, Box<dyn Error>> {
    let mut section = Section::new(
        "In memory: `Cache` over `MemoryStore`, beside a mutex around a `HashMap<Bytes, Bytes>` with the codec. \
         An insert replaces a value.",
        ["cache", "map"],
        Unit::Micros,
    );
    for (size, size_name) in SIZES {
        for coded in Coded::ALL {
            let filled = Filled::new(size, coded)?;
            let name = |verb| format!("{verb}, {size_name}, {}", coded.name());
            section.add(filled.pair(name("get"), Filled::get, Filled::get_raw));
            section.add(filled.pair(name("insert"), Filled::insert, Filled::insert_raw));
            if matches!(coded, Coded::Json) {
                section.add(filled.pair(format!("noise, {size_name}"), Filled::get_raw, Filled::get_raw));
            }
        }
    }
    Ok(section)
}
