use redb::{Database, ReadableDatabase, TableDefinition};

use super::*;

const MINE: TableDefinition<'_, &str, u64> = TableDefinition::new("mine");

fn filled(path: &Path) {
    let store = DiskStore::open(path).unwrap();
    let puts: Vec<Write> =
        (0..300).map(|number| Write::put(number.to_string().into(), vec![7; 500].into(), None)).collect();
    block_on(store.write(&puts)).unwrap();
}

#[test]
fn what_is_no_database_is_moved_aside_and_never_deleted() {
    let folder = Folder::new();
    let path = folder.path("cache.redb");
    for number in 1..=3 {
        std::fs::write(&path, format!("garbage {number}").repeat(1000)).unwrap();
        let (store, events) = open(&path, 1 << 30, Faults::default()).unwrap();
        let DiskEvent::SetAside { moved_to, .. } = events.try_recv().unwrap() else { panic!() };
        assert_eq!(moved_to, folder.path(&format!("cache.redb.damaged-{number}")));
        assert!(std::fs::read_to_string(moved_to).unwrap().starts_with(&format!("garbage {number}")));
        put(&store, "a", "1");
        assert_eq!(get(&store, "a").unwrap().unwrap(), "1");
    }
}

#[test]
fn a_truncated_file_is_moved_aside_or_whole() {
    let folder = Folder::new();
    let original = folder.path("original");
    filled(&original);
    let bytes = std::fs::read(&original).unwrap();
    for part in 1..20 {
        let path = folder.path(&format!("cache-{part}.redb"));
        std::fs::write(&path, &bytes[..bytes.len() * part / 20]).unwrap();
        let (store, events) = open(&path, 1 << 30, Faults::default()).unwrap();
        let is_new = matches!(events.try_recv(), Ok(DiskEvent::SetAside { .. }));
        assert_eq!(store.is_empty(), is_new, "{part} twentieths");
        put(&store, "a", "1");
    }
}

#[test]
fn the_database_of_another_program_is_left_alone() {
    let folder = Folder::new();
    let path = folder.path("other.redb");
    let database = Database::create(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(MINE).unwrap().insert("a", 1).unwrap();
    transaction.commit().unwrap();
    drop(database);
    let before = std::fs::read(&path).unwrap();
    let error = DiskStore::open(&path).unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Refused);
    assert!(error.to_string().contains("another program"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap().len(), before.len());
    let database = Database::open(&path).unwrap();
    let read = database.begin_read().unwrap();
    assert_eq!(read.open_table(MINE).unwrap().get("a").unwrap().unwrap().value(), 1);
    assert_eq!(read.list_tables().unwrap().count(), 1);
}

#[test]
fn a_file_of_a_newer_version_is_left_alone() {
    let folder = Folder::new();
    let path = folder.path("cache.redb");
    filled(&path);
    let database = Database::create(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    let meta: TableDefinition<'_, &str, u64> = TableDefinition::new("cache-core");
    transaction.open_table(meta).unwrap().insert("format", 2).unwrap();
    transaction.commit().unwrap();
    drop(database);
    let error = DiskStore::open(&path).unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Refused);
    assert!(error.to_string().contains("format 2"), "{error}");
}

#[test]
fn a_damaged_value_is_never_returned_and_the_file_is_moved_aside() {
    let folder = Folder::new();
    let path = folder.path("cache.redb");
    filled(&path);
    let mut bytes = std::fs::read(&path).unwrap();
    // Each of its values is changed, and nothing else.
    let long: Vec<usize> =
        bytes.windows(400).enumerate().filter(|(_, w)| w.iter().all(|b| *b == 7)).map(|(at, _)| at).collect();
    assert!(long.len() > 300);
    for at in long {
        bytes[at] = 8;
    }
    std::fs::write(&path, bytes).unwrap();
    let (store, events) = open(&path, 1 << 30, Faults::default()).unwrap();
    assert_eq!(kind(get(&store, "7")), StoreErrorKind::Unavailable);
    let event = events.recv_timeout(HANG).unwrap();
    assert!(matches!(event, DiskEvent::SetAside { .. }), "{event}");
    let begin = std::time::Instant::now();
    while get(&store, "7").is_err() {
        assert!(begin.elapsed() < HANG);
    }
    assert_eq!((get(&store, "7").unwrap(), store.len()), (None, 0));
    put(&store, "7", "new");
    drop(store);
    let store = DiskStore::open(&path).unwrap();
    assert_eq!(get(&store, "7").unwrap().unwrap(), "new");
    assert_eq!(folder.names(), ["cache.redb", "cache.redb.damaged-1", "cache.redb.pid"]);
}

/// Bytes are changed anywhere, in files that were closed and in files that were not. Nothing panics, and what is read
/// is what was put.
#[test]
fn a_file_with_changed_bytes_never_panics_and_never_lies() {
    let folder = Folder::new();
    let original = folder.path("original");
    filled(&original);
    let closed = std::fs::read(&original).unwrap();
    let store = DiskStore::open(&original).unwrap();
    put(&store, "7", vec![7; 500]);
    // As it is when the process is killed now: nothing is under way.
    let killed = std::fs::read(&original).unwrap();
    drop(store);
    let mut random = fastrand::Rng::with_seed(11);
    let mut set_aside = 0;
    for round in 0..60 {
        let path = folder.path(&format!("cache-{round}.redb"));
        let mut bytes = if round % 2 == 0 { closed.clone() } else { killed.clone() };
        for _ in 0..random.usize(1..2000) {
            let at = random.usize(..bytes.len());
            bytes[at] ^= 1 << random.u8(..8);
        }
        std::fs::write(&path, bytes).unwrap();
        let (store, events) = match open(&path, 1 << 30, Faults::default()) {
            Ok(opened) => opened,
            // The tables may have other names now.
            Err(error) => {
                assert_eq!(error.kind(), StoreErrorKind::Refused, "{error}");
                continue;
            }
        };
        for number in 0..300 {
            if let Ok(Some(found)) = get(&store, &number.to_string()) {
                assert!(found == vec![7; 500], "round {round}: {number} is not what was put");
            }
            if number % 10 == 0 {
                let _ = write(&store, Write::put(format!("new {number}").into(), vec![7; 500].into(), None));
            }
        }
        let _ = block_on(store.close());
        set_aside += events.try_iter().filter(|event| matches!(event, DiskEvent::SetAside { .. })).count();
    }
    assert!(set_aside > 20, "{set_aside} files were moved aside");
}

#[test]
fn a_file_that_was_begun_and_not_finished_is_begun_anew() {
    let folder = Folder::new();
    let path = folder.path("cache.redb");
    std::fs::write(folder.path("cache.redb.new"), "half").unwrap();
    let (store, events) = open(&path, 1 << 30, Faults::default()).unwrap();
    put(&store, "a", "1");
    assert!(events.try_recv().is_err(), "it held nothing");
    assert_eq!(folder.names(), ["cache.redb", "cache.redb.pid"]);
}

#[test]
fn an_empty_file_is_a_new_one() {
    let folder = Folder::new();
    let path = folder.path("cache.redb");
    std::fs::write(&path, "").unwrap();
    let (store, events) = open(&path, 1 << 30, Faults::default()).unwrap();
    put(&store, "a", "1");
    assert!(events.try_recv().is_err());
}
