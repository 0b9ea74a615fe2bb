mod damage;
mod full;
mod tables;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};

use super::medium::Faults;
use super::*;
use crate::background::block_on;
use crate::store::Condition;

/// Longer than anything takes on the slowest machine.
const HANG: Duration = Duration::from_mins(2);

/// A folder for one test, which is removed with it.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("cache-core-disk-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Opens a store, and hears of its events. Writes fail as the faults say.
fn open(path: &Path, capacity: u64, faults: Faults) -> Result<(DiskStore, Receiver<DiskEvent>), StoreError> {
    let (tell, events) = channel();
    let place = Place { path: path.into(), memory: 1 << 20, check: false, faults };
    let listener = Listener::new(move |event| drop(tell.send(event.clone())));
    let sync_interval = Duration::from_secs(1);
    let store = DiskStore::start(Settings { place, capacity, sync_interval, listener })?;
    Ok((store, events))
}

fn write(store: &DiskStore, write: Write) -> Result<Outcome, StoreError> {
    block_on(store.write(&[write])).map(|mut outcomes| outcomes.remove(0))
}

fn put(store: &DiskStore, key: &str, bytes: impl Into<Bytes>) {
    let put = Write::put(Bytes::copy_from_slice(key.as_bytes()), bytes.into(), None);
    assert!(matches!(write(store, put), Ok(Outcome::Put(_))));
}

fn get(store: &DiskStore, key: &str) -> Result<Option<Bytes>, StoreError> {
    let found = block_on(store.read(&[Bytes::copy_from_slice(key.as_bytes())]));
    found.map(|mut found| found.remove(0).map(|found| found.bytes))
}

fn kind<T: fmt::Debug>(result: Result<T, StoreError>) -> StoreErrorKind {
    result.unwrap_err().kind()
}

#[test]
fn what_was_put_is_there_when_the_file_is_opened_again() {
    let folder = Folder::new();
    let path = folder.path("in/a/folder/cache.redb");
    let store = DiskStore::open(&path).unwrap();
    put(&store, "a", "1");
    put(&store, "b", "2");
    let first = write(&store, Write::put("c".into(), "3".into(), None)).unwrap();
    drop(store);
    let store = DiskStore::open(&path).unwrap();
    assert_eq!(get(&store, "a").unwrap().unwrap(), "1");
    assert_eq!(get(&store, "b").unwrap().unwrap(), "2");
    assert_eq!(store.len(), 3);
    write(&store, Write::remove("c".into())).unwrap();
    assert_ne!(
        write(&store, Write::put("c".into(), "3".into(), None)).unwrap(),
        first,
        "versions never repeat"
    );
}

#[test]
fn a_file_in_use_is_an_error_that_names_the_file_and_the_process() {
    let folder = Folder::new();
    let path = folder.path("cache.redb");
    let store = DiskStore::open(&path).unwrap();
    let error = DiskStore::open(&path).unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::InUse);
    let text = error.to_string();
    assert!(text.contains("cache.redb") && text.contains("this process has it"), "{text}");
    std::fs::write(folder.path("cache.redb.pid"), "77").unwrap();
    let text = DiskStore::open(&path).unwrap_err().to_string();
    assert!(text.contains("process 77 has it"), "{text}");
    std::fs::remove_file(folder.path("cache.redb.pid")).unwrap();
    let text = DiskStore::open(&path).unwrap_err().to_string();
    assert!(text.contains("not known"), "{text}");
    put(&store, "a", "1");
    drop(store);
    let store = DiskStore::open(&path).unwrap();
    assert_eq!(get(&store, "a").unwrap().unwrap(), "1");
    block_on(store.close()).unwrap();
    assert_eq!(folder.names(), ["cache.redb"], "nothing is left beside it");
}

#[test]
fn a_closed_store_refuses_and_its_file_can_be_opened() {
    let folder = Folder::new();
    let path = folder.path("cache.redb");
    let store = DiskStore::open(&path).unwrap();
    put(&store, "a", "1");
    block_on(store.close()).unwrap();
    block_on(store.close()).unwrap();
    assert_eq!(kind(get(&store, "a")), StoreErrorKind::Closed);
    assert_eq!(kind(write(&store, Write::remove("a".into()))), StoreErrorKind::Closed);
    assert_eq!(kind(block_on(store.scan().unwrap().keys(b"", None))), StoreErrorKind::Closed);
    assert_eq!(kind(block_on(store.counter().unwrap().raise(&"n".into(), 1, None))), StoreErrorKind::Closed);
    let other = DiskStore::open(&path).unwrap();
    assert_eq!(get(&other, "a").unwrap().unwrap(), "1");
}

#[test]
fn what_is_asked_for_before_the_close_is_carried_out() {
    let folder = Folder::new();
    let store = DiskStore::open(folder.path("cache.redb")).unwrap();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|number| {
                scope.spawn({
                    let store = &store;
                    move || {
                        let key = format!("{number}");
                        write(store, Write::put(key.clone().into(), "x".into(), None)).map(|_| key)
                    }
                })
            })
            .collect();
        block_on(store.close()).unwrap();
        let results: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        let other = DiskStore::open(folder.path("cache.redb")).unwrap();
        for result in results {
            match result {
                Ok(key) => assert!(get(&other, &key).unwrap().is_some(), "{key} was acknowledged"),
                Err(error) => assert_eq!(error.kind(), StoreErrorKind::Closed),
            }
        }
    });
}

#[test]
fn the_bound_holds_and_what_is_read_stays() {
    let folder = Folder::new();
    let capacity = 200_000;
    let (store, _events) = open(&folder.path("cache.redb"), capacity, Faults::default()).unwrap();
    put(&store, "read", vec![1; 900]);
    for number in 0..1500 {
        put(&store, &format!("key {number}"), vec![0; number % 900]);
        assert!(store.bytes() <= capacity, "{} bytes", store.bytes());
        assert!(get(&store, "read").unwrap().is_some(), "it is read all the time");
        assert!(get(&store, &format!("key {number}")).unwrap().is_some(), "it was just put");
    }
    assert!(get(&store, "key 0").unwrap().is_none());
    assert!(store.bytes() > capacity / 2, "most of the room is used");
}

#[test]
fn a_lower_bound_is_reached_after_the_file_is_opened_again() {
    let folder = Folder::new();
    let path = folder.path("cache.redb");
    let (store, _events) = open(&path, 1 << 30, Faults::default()).unwrap();
    let puts: Vec<Write> =
        (0..6000).map(|number| Write::put(number.to_string().into(), vec![0; 50].into(), None)).collect();
    block_on(store.write(&puts)).unwrap();
    drop(store);
    let (store, _events) = open(&path, 100_000, Faults::default()).unwrap();
    let begin = std::time::Instant::now();
    while store.bytes() > 100_000 {
        assert!(begin.elapsed() < HANG, "{} bytes", store.bytes());
        std::thread::yield_now();
    }
    assert!(store.len() > 300);
}

#[test]
fn what_the_store_can_never_take_is_refused_and_nothing_of_its_batch_is_written() {
    let folder = Folder::new();
    let (store, _events) = open(&folder.path("cache.redb"), 10_000, Faults::default()).unwrap();
    let batch =
        [Write::put("a".into(), "1".into(), None), Write::put("b".into(), vec![0; 10_000].into(), None)];
    assert_eq!(kind(block_on(store.write(&batch))), StoreErrorKind::Refused);
    assert!(store.is_empty());
}

#[cfg(feature = "testing")]
#[test]
fn expired_entries_are_removed_by_later_writes() {
    let folder = Folder::new();
    let scope = crate::testing::Scope::new();
    let _inside = scope.enter();
    let store = DiskStore::open(folder.path("cache.redb")).unwrap();
    let ttl = Some(Duration::from_secs(1));
    let puts: Vec<Write> =
        (0..500).map(|number| Write::put(number.to_string().into(), "x".into(), ttl)).collect();
    block_on(store.write(&puts)).unwrap();
    assert_eq!(store.len(), 500);
    scope.advance(Duration::from_secs(1));
    put(&store, "other", "y");
    assert_eq!(store.len(), 1);
    assert_eq!(store.bytes(), super::tables::cost(b"other", super::record::HEADER + 1, rules::NEVER));
}

#[test]
fn expired_entries_are_removed_while_nothing_is_asked_for() {
    let folder = Folder::new();
    let store = DiskStore::open(folder.path("cache.redb")).unwrap();
    let ttl = Some(Duration::from_millis(5));
    let puts: Vec<Write> =
        (0..1000).map(|number| Write::put(number.to_string().into(), "x".into(), ttl)).collect();
    block_on(store.write(&puts)).unwrap();
    let begin = std::time::Instant::now();
    while !store.is_empty() {
        assert!(begin.elapsed() < HANG, "{} entries are left", store.len());
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn space_is_given_back_when_most_of_the_file_is_unused() {
    let folder = Folder::new();
    let path = folder.path("cache.redb");
    let (store, events) = open(&path, 1 << 30, Faults::default()).unwrap();
    let puts: Vec<Write> =
        (0..120).map(|number| Write::put(number.to_string().into(), vec![7; 100_000].into(), None)).collect();
    block_on(store.write(&puts)).unwrap();
    put(&store, "kept", "here");
    let removals: Vec<Write> = (0..120).map(|number| Write::remove(number.to_string().into())).collect();
    block_on(store.write(&removals)).unwrap();
    let event = events.recv_timeout(HANG).unwrap();
    let DiskEvent::Compacted { before, after, .. } = &event else { panic!("{event}") };
    assert!(before > &10_000_000 && after < &1_000_000, "{event}");
    assert_eq!(std::fs::metadata(&path).unwrap().len(), *after);
    assert_eq!(get(&store, "kept").unwrap().unwrap(), "here");
    put(&store, "more", "1");
    drop(store);
    let store = DiskStore::open(&path).unwrap();
    assert_eq!((store.len(), get(&store, "more").unwrap().unwrap()), (2, "1".into()));
}

#[test]
fn a_read_during_a_change_of_the_file_waits_without_blocking() {
    let folder = Folder::new();
    let store = DiskStore::open(folder.path("cache.redb")).unwrap();
    put(&store, "a", "1");
    let keys = [Bytes::from("a")];
    let late = store.core.change(|_| match store.read(&keys).now() {
        Ok(_) => panic!("nobody can read now"),
        Err(late) => late,
    });
    assert_eq!(block_on(late).unwrap()[0].as_ref().unwrap().bytes, "1");
    let waiting = std::thread::scope(|scope| {
        let (begun, wait) = channel();
        let thread = store.core.change(|_| {
            let store = &store;
            let thread = scope.spawn(move || {
                let answer = store.read(&[]);
                begun.send(()).unwrap();
                block_on(answer)
            });
            wait.recv().unwrap();
            thread
        });
        thread.join().unwrap()
    });
    assert_eq!(waiting.unwrap(), []);
}

/// Reads share a snapshot until the next commit, and keep what is short in memory.
#[test]
fn an_acknowledged_write_is_seen_while_others_read_all_the_time() {
    let folder = Folder::new();
    let store = DiskStore::open(folder.path("cache.redb")).unwrap();
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !is_done.load(Ordering::Relaxed) {
                    let _ = (get(&store, "short").unwrap(), get(&store, "long").unwrap());
                }
            });
        }
        for number in 0..200_u8 {
            for (key, len) in [("short", 1), ("long", 1000)] {
                put(&store, key, vec![number; len]);
                assert_eq!(get(&store, key).unwrap().unwrap(), vec![number; len]);
            }
        }
        write(&store, Write::remove("short".into())).unwrap();
        assert_eq!(get(&store, "short").unwrap(), None);
        is_done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn more_writers_than_the_queue_holds_are_all_served() {
    let folder = Folder::new();
    let store = DiskStore::open(folder.path("cache.redb")).unwrap();
    let keys: Vec<String> = (0..3000).map(|number| number.to_string()).collect();
    let writes: Vec<[Write; 1]> =
        keys.iter().map(|key| [Write::put(key.clone().into(), "x".into(), None)]).collect();
    let outcomes =
        futures::executor::block_on(futures::future::join_all(writes.iter().map(|batch| store.write(batch))));
    assert!(outcomes.iter().all(|outcome| matches!(outcome.as_deref(), Ok([Outcome::Put(_)]))));
    assert_eq!(store.len(), 3000);
}

#[test]
fn requests_of_another_process_are_refused_without_touching_the_file() {
    let folder = Folder::new();
    let (mut store, _events) = open(&folder.path("cache.redb"), 1 << 20, Faults::default()).unwrap();
    put(&store, "a", "1");
    block_on(store.close()).unwrap();
    store.thread.take().unwrap().join().unwrap();
    // As in a child of `fork`, which has another number than who opened the store.
    Arc::get_mut(&mut store.core).unwrap().process += 1;
    assert_eq!(kind(get(&store, "a")), StoreErrorKind::Unavailable);
    assert_eq!(
        kind(write(&store, Write::remove("a".into()).on(Condition::IfPresent))),
        StoreErrorKind::Unavailable
    );
    assert_eq!(kind(block_on(store.close())), StoreErrorKind::Unavailable);
    assert_eq!(kind(block_on(store.scan().unwrap().keys(b"", None))), StoreErrorKind::Unavailable);
    assert_eq!(
        kind(block_on(store.counter().unwrap().raise(&"n".into(), 1, None))),
        StoreErrorKind::Unavailable
    );
}

#[cfg(feature = "testing")]
#[test]
fn it_does_what_every_store_must() {
    let folder = Folder::new();
    let scope = crate::testing::Scope::new();
    let _inside = scope.enter();
    let store = DiskStore::open(folder.path("cache.redb")).unwrap();
    crate::testing::conformance::check(&store, |by| scope.advance(by));
}
