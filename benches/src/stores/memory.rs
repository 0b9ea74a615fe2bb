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

pub(crate) fn section() -> Result<Section, Box<dyn Error>> {
    let mut section = Section::new(
        "In memory: `Cache` over `MemoryStore`, beside a mutex around a `HashMap<Bytes, Bytes>` with the codec. \
         An insert replaces a value.",
        ["cache", "map"],
        Unit::Micros,
    );
    for (size, size_name) in SIZES {
        let keys: Arc<[String]> = keys(count(size)).into();
        let pages: Arc<[Page]> = (0..keys.len()).map(|id| Page::new(id, size)).collect();
        for coded in Coded::ALL {
            let cache = Cache::builder(MemoryStore::new()).codec(coded.codec()).build()?;
            let map = Arc::new(Map { map: Mutex::default(), coded });
            for (key, page) in keys.iter().zip(&*pages) {
                cache.insert(key, page).wait()?;
                map.insert(key, page)?;
            }
            let name = |verb| format!("{verb}, {size_name}, {}", coded.name());
            let get_raw = || {
                let (map, keys) = (map.clone(), keys.clone());
                calls(move |call| {
                    let id = drawn(call, keys.len());
                    expect(map.get(&keys[id])?.as_ref(), id)
                })
            };
            let (of, keys_of, pages_of) = (cache.clone(), keys.clone(), pages.clone());
            let insert = calls(move |call| {
                let id = drawn(call, keys_of.len());
                Ok(of.insert(&keys_of[id], &pages_of[id]).wait()?)
            });
            let (of, keys_of, pages_of) = (map.clone(), keys.clone(), pages.clone());
            let insert_raw = calls(move |call| {
                let id = drawn(call, keys_of.len());
                of.insert(&keys_of[id], &pages_of[id])
            });
            let keys_of = keys.clone();
            let get = calls(move |call| {
                let id = drawn(call, keys_of.len());
                expect(cache.get(&keys_of[id]).wait()?.as_ref(), id)
            });
            section.add(Pair::new(name("get"), get, get_raw()));
            section.add(Pair::new(name("insert"), insert, insert_raw));
            if matches!(coded, Coded::Json) {
                section.add(Pair::new(format!("noise, {size_name}"), get_raw(), get_raw()));
            }
        }
    }
    Ok(section)
}
