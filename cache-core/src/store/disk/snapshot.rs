//! The entries as of one commit.

use std::collections::HashMap;

use bytes::Bytes;
use foldhash::fast::RandomState;

use super::failure::Failure;
use super::record::Record;
use super::tables::Entries;
use crate::store::Stored;
use crate::store::clock::Millis;
use crate::sync::plain::Mutex;

/// What has at most so many bytes is kept in memory once it was read. It is the revision of a namespace, which each
/// request reads, and the generations of tags.
const SHORT: usize = 32;
/// How many of these are kept.
const MOST: usize = 256;

/// The entries as of one commit. All reads until the next one share a transaction, which this is.
pub(super) struct Snapshot {
    pub(super) entries: Entries,
    short: Mutex<HashMap<Bytes, Record, RandomState>>,
}

impl Snapshot {
    pub(super) fn new(entries: Entries) -> Self {
        Self { entries, short: Mutex::default() }
    }

    /// What a key holds.
    pub(super) fn read(&self, key: &Bytes, now: Millis) -> Result<Option<Stored>, Failure> {
        if let Some(record) = self.short.lock().get(key) {
            return Ok(record.clone().stored(now));
        }
        let Some(found) = self.entries.get(&key[..])? else { return Ok(None) };
        let record = Record::decode(key, found.value())?;
        if record.bytes.len() <= SHORT {
            let mut short = self.short.lock();
            if short.len() < MOST {
                short.insert(key.clone(), record.clone());
            }
        }
        Ok(record.stored(now))
    }
}
