//! The tables of the database, and what one write does to them.

use std::time::Duration;

use redb::{
    Database, ReadOnlyTable, ReadTransaction, ReadableDatabase, ReadableTable, Table, TableDefinition,
    TableHandle, WriteTransaction,
};

use super::failure::Failure;
use super::recency::Recency;
use super::record::{self, Header, Record};
use crate::store::clock::Millis;
use crate::store::rules::{NEVER, deadline, holds, is_alive, raised};
use crate::store::{Action, Condition, Outcome, StoreError, Write};

/// The values: a record under each key.
const ENTRIES: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("entries");
/// What expires, by when.
const EXPIRY: TableDefinition<'_, (u64, &[u8]), ()> = TableDefinition::new("expiry");
/// The keys in the order in which they were put, by the number of the put.
const ORDER: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("order");
/// What is known of the whole.
const META: TableDefinition<'_, &str, u64> = TableDefinition::new("cache-core");

const FORMAT: u64 = 1;
/// What an entry takes besides its key and its bytes, roughly.
const OVERHEAD: u64 = 100;

/// What a database turned out to be.
pub(super) enum Kind {
    Ours(Ledger),
    /// It belongs to another program, or to a newer version of this crate.
    Foreign(String),
}

/// Running counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ledger {
    pub(super) entries: u64,
    pub(super) bytes: u64,
    /// The number of the next put.
    pub(super) next: u64,
    /// Where eviction goes on.
    pub(super) hand: u64,
}

/// What an entry counts for in the bound: its key is kept two or three times.
pub(super) fn cost(key: &[u8], len: usize, deadline: Millis) -> u64 {
    let keys = if deadline == NEVER { 2 } else { 3 };
    OVERHEAD + keys * key.len() as u64 + len as u64
}

/// Finds out what a database holds, and makes the tables in an empty one.
pub(super) fn begin(database: &Database) -> Result<Kind, Failure> {
    let read = database.begin_read()?;
    let tables: Vec<String> = read.list_tables()?.map(|table| table.name().to_owned()).collect();
    if tables.is_empty() && read.list_multimap_tables()?.next().is_none() {
        drop(read);
        let write = database.begin_write()?;
        write.open_table(ENTRIES)?;
        write.open_table(EXPIRY)?;
        write.open_table(ORDER)?;
        write.open_table(META)?.insert("format", FORMAT)?;
        write.commit()?;
        return Ok(Kind::Ours(Ledger::default()));
    }
    if !tables.iter().any(|table| table == META.name()) {
        return Ok(Kind::Foreign("it is the database of another program".into()));
    }
    let meta = read.open_table(META)?;
    let number = |name| -> Result<u64, Failure> { Ok(meta.get(name)?.map_or(0, |number| number.value())) };
    match number("format")? {
        FORMAT => {}
        other => return Ok(Kind::Foreign(format!("it has format {other}, and {FORMAT} is known here"))),
    }
    let last = read.open_table(ORDER)?.last()?.map(|(number, _)| number.value());
    let next = match last {
        Some(last) => last.checked_add(1).ok_or(record::Damaged)?,
        None => 0,
    };
    Ok(Kind::Ours(Ledger { entries: number("entries")?, bytes: number("bytes")?, next, hand: 0 }))
}

/// The entries, as a transaction sees them.
pub(super) type Entries = ReadOnlyTable<&'static [u8], &'static [u8]>;

/// The entries that a transaction sees. They keep it going.
pub(super) fn entries(transaction: &ReadTransaction) -> Result<Entries, Failure> {
    Ok(transaction.open_table(ENTRIES)?)
}

/// The keys that are alive after a key and begin with a prefix, at most so many, and whether there may be more.
pub(super) fn keys(
    entries: &Entries,
    prefix: &[u8],
    after: Option<&[u8]>,
    (limit, now): (usize, Millis),
) -> Result<(Vec<Vec<u8>>, Option<Vec<u8>>), Failure> {
    use std::ops::Bound::{Excluded, Included, Unbounded};
    let begin = after.map_or(Included(prefix), Excluded);
    let mut found = Vec::new();
    for (looked_at, entry) in entries.range::<&[u8]>((begin, Unbounded))?.enumerate() {
        let (key, record) = entry?;
        let key = key.value();
        if !key.starts_with(prefix) {
            break;
        }
        if is_alive(Header::decode(record.value())?.deadline, now) {
            found.push(key.to_owned());
        }
        // What has expired counts too, so that one answer never takes long.
        if looked_at + 1 == limit {
            return Ok((found, Some(key.to_owned())));
        }
    }
    Ok((found, None))
}

/// The tables in a transaction that writes, with the counts as they will be.
pub(super) struct Tables<'t> {
    entries: Table<'t, &'static [u8], &'static [u8]>,
    expiry: Table<'t, (u64, &'static [u8]), ()>,
    order: Table<'t, u64, &'static [u8]>,
    meta: Table<'t, &'static str, u64>,
    pub(super) ledger: Ledger,
    era: u64,
    pub(super) now: Millis,
    /// The first put of this transaction: what was put in it is evicted last.
    first: u64,
}

impl<'t> Tables<'t> {
    pub(super) fn open(
        transaction: &'t WriteTransaction,
        ledger: Ledger,
        era: u64,
        now: Millis,
    ) -> Result<Self, Failure> {
        Ok(Self {
            entries: transaction.open_table(ENTRIES)?,
            expiry: transaction.open_table(EXPIRY)?,
            order: transaction.open_table(ORDER)?,
            meta: transaction.open_table(META)?,
            ledger,
            era,
            now,
            first: ledger.next,
        })
    }

    /// Writes the counts down, if they have changed since the transaction began.
    pub(super) fn end(mut self, before: &Ledger) -> Result<Ledger, Failure> {
        if self.ledger.entries != before.entries {
            self.meta.insert("entries", self.ledger.entries)?;
        }
        if self.ledger.bytes != before.bytes {
            self.meta.insert("bytes", self.ledger.bytes)?;
        }
        Ok(self.ledger)
    }

    /// What is alive under a key, and the length of its bytes.
    fn header(&self, key: &[u8]) -> Result<Option<Header>, Failure> {
        let Some(found) = self.entries.get(key)? else { return Ok(None) };
        let header = Header::decode(found.value())?;
        Ok(is_alive(header.deadline, self.now).then_some(header))
    }

    pub(super) fn write(&mut self, write: &Write) -> Result<Outcome, Failure> {
        let key = &write.key[..];
        // A put that is always carried out need not look.
        let looks = write.condition != Condition::Always || !matches!(write.action, Action::Put { .. });
        let found = if looks { self.header(key)? } else { None };
        if !holds(write.condition, found.map(|header| header.version())) {
            let there = match self.entries.get(key)? {
                Some(record) => Record::decode(key, record.value())?.stored(self.now),
                None => None,
            };
            return Ok(Outcome::Refused(there));
        }
        match &write.action {
            Action::Put { bytes, ttl } => {
                let header = self.put(key, bytes, deadline(self.now, *ttl))?;
                Ok(Outcome::Put(header.version()))
            }
            Action::Remove => {
                self.remove(key)?;
                Ok(Outcome::Removed(found.is_some()))
            }
            Action::Touch { ttl } => {
                if let Some(header) = found {
                    self.touch(key, Header { deadline: deadline(self.now, *ttl), ..header })?;
                }
                Ok(Outcome::Touched(found.is_some()))
            }
        }
    }

    fn put(&mut self, key: &[u8], bytes: &[u8], deadline: Millis) -> Result<Header, Failure> {
        let number = self.ledger.next;
        self.ledger.next = number.checked_add(1).ok_or(record::Damaged)?;
        let header = Header { era: self.era, number, deadline };
        if !is_alive(deadline, self.now) {
            self.remove(key)?;
            return Ok(header);
        }
        self.insert(key, &header.encode(key, bytes), header)?;
        Ok(header)
    }

    fn touch(&mut self, key: &[u8], header: Header) -> Result<(), Failure> {
        if !is_alive(header.deadline, self.now) {
            return self.remove(key);
        }
        let record = match self.entries.get(key)? {
            Some(record) => header.encode(key, record::payload(key, record.value())?),
            None => return Ok(()),
        };
        self.insert(key, &record, header)
    }

    fn insert(&mut self, key: &[u8], record: &[u8], header: Header) -> Result<(), Failure> {
        let old = match self.entries.insert(key, record)? {
            Some(old) => Some((Header::decode(old.value())?, old.value().len())),
            None => None,
        };
        if let Some((old, len)) = old {
            self.forget(key, old, len)?;
        }
        if header.deadline != NEVER {
            self.expiry.insert((header.deadline, key), ())?;
        }
        self.order.insert(header.number, key)?;
        self.ledger.entries += 1;
        self.ledger.bytes += cost(key, record.len(), header.deadline);
        Ok(())
    }

    fn remove(&mut self, key: &[u8]) -> Result<(), Failure> {
        let old = match self.entries.remove(key)? {
            Some(old) => (Header::decode(old.value())?, old.value().len()),
            None => return Ok(()),
        };
        self.forget(key, old.0, old.1)
    }

    /// Takes what is not in the table of entries any more out of the others.
    fn forget(&mut self, key: &[u8], header: Header, len: usize) -> Result<(), Failure> {
        if header.deadline != NEVER {
            self.expiry.remove((header.deadline, key))?;
        }
        self.order.remove(header.number)?;
        self.ledger.entries = self.ledger.entries.saturating_sub(1);
        self.ledger.bytes = self.ledger.bytes.saturating_sub(cost(key, len, header.deadline));
        Ok(())
    }

    pub(super) fn raise(
        &mut self,
        key: &[u8],
        initial: u64,
        ttl: Option<Duration>,
        store: &str,
    ) -> Result<Result<u64, StoreError>, Failure> {
        let (number, kept) = match self.entries.get(key)? {
            Some(record) if is_alive(Header::decode(record.value())?.deadline, self.now) => {
                let number = raised(record::payload(key, record.value())?, store);
                (number, Header::decode(record.value())?.deadline)
            }
            _ => (Ok(initial), self.now),
        };
        if let Ok(number) = number {
            self.put(key, number.to_string().as_bytes(), kept.max(deadline(self.now, ttl)))?;
        }
        Ok(number)
    }

    /// Removes what has expired, at most so many entries. Returns when the next expires, if it is known.
    pub(super) fn sweep(&mut self, most: usize) -> Result<Option<Millis>, Failure> {
        for _ in 0..most {
            let Some(first) = self.expiry.first()? else { return Ok(None) };
            let (at, key) = first.0.value();
            if is_alive(at, self.now) {
                return Ok(Some(at));
            }
            let key = key.to_owned();
            drop(first);
            // It is taken out here in any case, so that what the tables do not agree on cannot stay for ever.
            self.expiry.remove((at, &key[..]))?;
            let is_it = match self.entries.get(&key[..])? {
                Some(record) => Header::decode(record.value())?.deadline == at,
                None => false,
            };
            if is_it {
                self.remove(&key)?;
            }
        }
        Ok(Some(self.now))
    }

    /// Removes entries until the rest has so many bytes, in at most so many steps. Whether it has.
    ///
    /// A hand goes through the entries from the oldest put to the newest. What was read since the hand last passed
    /// stays; anything else is evicted (SIEVE: Zhang et al., NSDI 2024).
    pub(super) fn evict(&mut self, capacity: u64, recency: &Recency, steps: usize) -> Result<bool, Failure> {
        for _ in 0..steps {
            if self.ledger.bytes <= capacity {
                return Ok(true);
            }
            let Some((number, key)) = self.candidate()? else { return Ok(true) };
            self.ledger.hand = number.saturating_add(1);
            if recency.take(&key) {
                continue;
            }
            let is_it = match self.entries.get(&key[..])? {
                Some(record) => Header::decode(record.value())?.number == number,
                None => false,
            };
            self.order.remove(number)?;
            if is_it {
                self.remove(&key)?;
            }
        }
        Ok(self.ledger.bytes <= capacity)
    }

    /// The entry under the hand, else the oldest. What this transaction has put comes last.
    fn candidate(&self) -> Result<Option<(u64, Vec<u8>)>, Failure> {
        for (begin, end) in [(self.ledger.hand, self.first), (0, self.first), (0, u64::MAX)] {
            if begin < end
                && let Some(found) = self.order.range(begin..end)?.next()
            {
                let (number, key) = found?;
                return Ok(Some((number.value(), key.value().to_owned())));
            }
        }
        Ok(None)
    }
}
