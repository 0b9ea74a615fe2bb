//! The limit: a plain hash map that one thread has to itself. No bound, no expiry, no sharing.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use crate::harness::{Entrant, Role};
use crate::workload::{origin_str, origin_u64};

const NAME: &str = "limit: thread-private hash map";

pub(crate) fn by_u64() -> Entrant<u64> {
    Entrant::new(NAME, Role::Limit, || {
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

pub(crate) fn by_str() -> Entrant<&'static str> {
    Entrant::new(NAME, Role::Limit, || {
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
