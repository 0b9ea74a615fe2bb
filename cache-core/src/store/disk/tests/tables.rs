//! The tables agree with each other and with the counts, whatever is done.

use std::collections::{BTreeMap, BTreeSet};

use redb::{Database, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition};

use super::super::recency::Recency;
use super::super::record::Header;
use super::super::tables::{Kind, Ledger, Tables, begin, cost};
use super::*;

const ENTRIES: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("entries");
const EXPIRY: TableDefinition<'_, (u64, &[u8]), ()> = TableDefinition::new("expiry");
const ORDER: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("order");

fn in_memory() -> Database {
    Database::builder().create_with_backend(redb::backends::InMemoryBackend::new()).unwrap()
}

fn check(database: &Database, ledger: &Ledger) {
    let read = database.begin_read().unwrap();
    let (mut bytes, mut order, mut expiry) = (0, BTreeMap::new(), BTreeSet::new());
    let entries = read.open_table(ENTRIES).unwrap();
    for entry in entries.iter().unwrap() {
        let (key, record) = entry.unwrap();
        let header = Header::decode(record.value()).unwrap();
        bytes += cost(key.value(), record.value().len(), header.deadline);
        order.insert(header.number, key.value().to_owned());
        if header.deadline != rules::NEVER {
            expiry.insert((header.deadline, key.value().to_owned()));
        }
    }
    assert_eq!((ledger.entries, ledger.bytes), (entries.len().unwrap(), bytes));
    let rows = read.open_table(ORDER).unwrap();
    let rows = rows
        .iter()
        .unwrap()
        .map(|row| row.map(|(number, key)| (number.value(), key.value().to_owned())).unwrap());
    assert!(rows.eq(order));
    let rows = read.open_table(EXPIRY).unwrap();
    let rows =
        rows.iter().unwrap().map(|row| row.map(|(at, _)| (at.value().0, at.value().1.to_owned())).unwrap());
    assert!(rows.eq(expiry));
}

fn ledger(database: &Database) -> Ledger {
    match begin(database).unwrap() {
        Kind::Ours(ledger) => ledger,
        Kind::Foreign(what) => panic!("{what}"),
    }
}

#[test]
fn tables_agree_after_any_writes() {
    let database = in_memory();
    let mut ledger = ledger(&database);
    let mut random = fastrand::Rng::with_seed(5);
    let recency = Recency::new(0);
    let mut now = 1000;
    for _ in 0..400 {
        let transaction = database.begin_write().unwrap();
        let mut tables = Tables::open(&transaction, ledger, 9, now).unwrap();
        for _ in 0..random.usize(..12) {
            let key = Bytes::from(random.u8(..40).to_string());
            let ttl = random.bool().then(|| Duration::from_millis(random.u64(..50)));
            let outcome = match random.u8(..6) {
                0 => tables.write(&Write::remove(key)).unwrap(),
                1 => tables.write(&Write::touch(key, ttl)).unwrap(),
                2 => tables.write(&Write::put(key, "1".into(), ttl).on(Condition::IfAbsent)).unwrap(),
                3 => {
                    let _ = tables.raise(&key, 1, ttl, "test").unwrap();
                    continue;
                }
                _ => tables.write(&Write::put(key, vec![b'1'; random.usize(..60)].into(), ttl)).unwrap(),
            };
            assert!(!matches!(outcome, Outcome::Refused(None)));
        }
        tables.sweep(random.usize(..5)).unwrap();
        tables.evict(4000, &recency, random.usize(..5)).unwrap();
        ledger = tables.end(&ledger).unwrap();
        transaction.commit().unwrap();
        check(&database, &ledger);
        now += random.u64(..10);
        recency.note(random.u8(..40).to_string().as_bytes());
    }
    let again = super::tables::ledger(&database);
    assert_eq!((again.entries, again.bytes), (ledger.entries, ledger.bytes));
    assert!(again.next <= ledger.next);
}

#[test]
fn the_hand_passes_what_was_read_and_takes_the_oldest_of_the_rest() {
    let database = in_memory();
    let before = ledger(&database);
    let recency = Recency::new(0);
    let transaction = database.begin_write().unwrap();
    let mut tables = Tables::open(&transaction, before, 9, 0).unwrap();
    for number in 0..10 {
        tables.write(&Write::put(number.to_string().into(), "x".into(), None)).unwrap();
    }
    let ledger = tables.end(&before).unwrap();
    transaction.commit().unwrap();
    let each = ledger.bytes / 10;
    for number in [0, 2, 3] {
        recency.note(number.to_string().as_bytes());
    }

    let transaction = database.begin_write().unwrap();
    let mut tables = Tables::open(&transaction, ledger, 9, 0).unwrap();
    tables.write(&Write::put("new".into(), "x".into(), None)).unwrap();
    assert!(tables.evict(5 * each, &recency, 100).unwrap());
    assert!(tables.ledger.bytes <= 5 * each);
    let left: Vec<&str> = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "new"]
        .into_iter()
        .filter(|key| {
            let write = Write::touch(Bytes::copy_from_slice(key.as_bytes()), None);
            tables.write(&write).unwrap() == Outcome::Touched(true)
        })
        .collect();
    assert_eq!(left, ["0", "2", "3", "new"]);
}
