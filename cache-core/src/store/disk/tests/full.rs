use std::io::ErrorKind;
use std::time::Instant;

use super::*;

/// Writes until it is taken again: it is tried once a second.
fn write_until_taken(store: &DiskStore, key: &str) {
    let begin = Instant::now();
    while write(store, Write::put(key.to_owned().into(), "late".into(), None)).is_err() {
        assert!(begin.elapsed() < HANG, "writes are not taken again");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_full_disk_refuses_writes_and_is_read_until_there_is_room() {
    let folder = Folder::new();
    let path = folder.path("cache.redb");
    let faults = Faults::default();
    let (store, events) = open(&path, 1 << 30, faults.clone()).unwrap();
    put(&store, "a", "1");
    faults.set(Some(ErrorKind::StorageFull));
    assert_eq!(kind(write(&store, Write::put("b".into(), "2".into(), None))), StoreErrorKind::Full);
    assert!(matches!(events.recv_timeout(HANG).unwrap(), DiskEvent::WritesRefused { .. }));
    for _ in 0..10 {
        assert_eq!(get(&store, "a").unwrap().unwrap(), "1");
        assert_eq!(kind(write(&store, Write::remove("a".into()))), StoreErrorKind::Full);
    }
    assert_eq!(kind(DiskStore::open(&path)), StoreErrorKind::InUse, "nobody else takes the file meanwhile");
    faults.set(None);
    write_until_taken(&store, "c");
    assert_eq!(events.recv_timeout(HANG).unwrap(), DiskEvent::WritesResumed { path: path.clone() });
    assert_eq!(get(&store, "a").unwrap().unwrap(), "1");
    drop(store);
    let store = DiskStore::open(&path).unwrap();
    assert_eq!(get(&store, "c").unwrap().unwrap(), "late");
    assert_eq!(folder.names(), ["cache.redb", "cache.redb.pid"], "nothing was set aside");
}

#[test]
fn a_disk_that_fills_up_in_the_midst_of_many_writes_loses_nothing_acknowledged() {
    let folder = Folder::new();
    let path = folder.path("cache.redb");
    let faults = Faults::default();
    let (store, _events) = open(&path, 1 << 30, faults.clone()).unwrap();
    let mut acknowledged = Vec::new();
    let mut refused = 0;
    for round in 0..3 {
        std::thread::scope(|scope| {
            let filling = scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(20));
                faults.set(Some(ErrorKind::StorageFull));
            });
            while !filling.is_finished() || refused == round {
                let key = format!("{round} {}", acknowledged.len());
                match write(&store, Write::put(key.clone().into(), vec![1; 3000].into(), None)) {
                    Ok(_) => acknowledged.push(key),
                    Err(error) => {
                        assert_eq!(error.kind(), StoreErrorKind::Full);
                        refused = round + 1;
                    }
                }
            }
        });
        assert!(acknowledged.iter().all(|key| get(&store, key).unwrap().is_some()), "while it is full");
        faults.set(None);
        write_until_taken(&store, "again");
        assert!(acknowledged.iter().all(|key| get(&store, key).unwrap().is_some()), "and afterwards");
    }
}

#[test]
fn a_file_that_cannot_be_written_is_read_and_left_as_it_is() {
    let folder = Folder::new();
    let path = folder.path("cache.redb");
    let store = DiskStore::open(&path).unwrap();
    put(&store, "a", "1");
    drop(store);
    let before = std::fs::read(&path).unwrap();
    let faults = Faults::default();
    faults.set(Some(ErrorKind::PermissionDenied));
    let (store, events) = open(&path, 1 << 30, faults).unwrap();
    assert!(matches!(events.try_recv().unwrap(), DiskEvent::WritesRefused { .. }));
    assert_eq!(get(&store, "a").unwrap().unwrap(), "1");
    assert_eq!(kind(write(&store, Write::remove("a".into()))), StoreErrorKind::Refused);
    let (keys, _) = block_on(store.scan().unwrap().keys(b"", None)).unwrap();
    assert_eq!(keys, [Bytes::from("a")]);
    block_on(store.close()).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn a_file_that_is_not_there_and_cannot_be_made_is_an_error() {
    let folder = Folder::new();
    let faults = Faults::default();
    for (fault, expected) in [
        (ErrorKind::PermissionDenied, StoreErrorKind::Refused),
        (ErrorKind::StorageFull, StoreErrorKind::Full),
        (ErrorKind::Other, StoreErrorKind::Unavailable),
    ] {
        faults.set(Some(fault));
        assert_eq!(kind(open(&folder.path("cache.redb"), 1 << 30, faults.clone())), expected);
    }
    assert!(folder.names().is_empty());
}

#[test]
fn a_failing_disk_answers_with_errors_and_is_used_again_when_it_works() {
    let folder = Folder::new();
    let path = folder.path("cache.redb");
    let faults = Faults::default();
    let (store, events) = open(&path, 1 << 30, faults.clone()).unwrap();
    put(&store, "a", "1");
    faults.set(Some(ErrorKind::Other));
    assert_eq!(kind(write(&store, Write::put("b".into(), "2".into(), None))), StoreErrorKind::Unavailable);
    assert!(matches!(events.recv_timeout(HANG).unwrap(), DiskEvent::Unusable { .. }));
    assert_eq!(kind(get(&store, "a")), StoreErrorKind::Unavailable);
    faults.set(None);
    let begin = Instant::now();
    while get(&store, "a").is_err() {
        assert!(begin.elapsed() < HANG, "reads have it tried again too");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(get(&store, "a").unwrap().unwrap(), "1");
    put(&store, "b", "2");
    assert!(matches!(events.recv_timeout(HANG).unwrap(), DiskEvent::WritesResumed { .. }));
}
