use super::*;
use crate::store::Condition;

fn key(number: usize) -> Bytes {
    format!("key {number}").into()
}

fn put(store: &MemoryStore, key: Bytes, len: usize, ttl: Option<Duration>) {
    let put = Write::put(key, vec![0; len].into(), ttl);
    assert!(matches!(store.write(&[put]).now().unwrap().unwrap()[..], [Outcome::Put(_)]));
}

fn has(store: &MemoryStore, key: Bytes) -> bool {
    store.read(&[key]).now().unwrap().unwrap()[0].is_some()
}

#[test]
fn the_bound_holds_and_what_was_just_put_is_there() {
    let store = MemoryStore::with_capacity(20_000);
    for number in 0..2000 {
        put(&store, key(number), number % 700, None);
        assert!(store.bytes() <= 20_000);
        assert!(has(&store, key(number)));
    }
    assert!(store.len() > 20, "most of the room is used");
}

#[test]
fn a_value_that_fills_the_store_takes_the_place_of_all_others() {
    let store = MemoryStore::with_capacity(20_000);
    (0..50).for_each(|number| put(&store, key(number), 10, None));
    put(&store, key(99), 19_800, None);
    assert!(has(&store, key(99)));
    assert_eq!(store.len(), 1);
}

#[test]
fn a_value_larger_than_the_bound_is_refused_and_nothing_of_its_batch_is_written() {
    let store = MemoryStore::with_capacity(1000);
    let batch = [Write::put(key(1), "x".into(), None), Write::put(key(2), vec![0; 1001].into(), None)];
    assert_eq!(store.write(&batch).now().unwrap().unwrap_err().kind(), StoreErrorKind::Refused);
    assert!(store.is_empty());
}

#[test]
fn the_least_recently_used_is_evicted() {
    let store = MemoryStore::with_capacity(100 * (OVERHEAD + 20));
    (0..50).for_each(|number| put(&store, key(number), 8, None));
    for number in 50..2000 {
        put(&store, key(number), 8, None);
        assert!(has(&store, key(0)), "it was read before each put");
    }
    assert!(!has(&store, key(1)));
}

#[cfg(feature = "testing")]
#[test]
fn expired_entries_are_given_back_by_later_writes() {
    let scope = crate::testing::Scope::new();
    let _inside = scope.enter();
    let store = MemoryStore::new();
    for number in 0..5000 {
        put(&store, key(number), 8, Some(Duration::from_secs(1)));
    }
    assert_eq!(store.len(), 5000);
    scope.advance(Duration::from_secs(1));
    for number in 0..5000 {
        put(&store, Bytes::from(format!("other {}", number % 2000)), 8, None);
    }
    assert_eq!(store.len(), 2000);
    let expected: u64 = (0..2000).map(|number| OVERHEAD + 8 + format!("other {number}").len() as u64).sum();
    assert_eq!(store.bytes(), expected);
    assert!(store.inner.shards.iter().all(|shard| shard.lock().expiry.is_empty()));
}

#[test]
fn a_shard_that_has_emptied_gives_its_memory_back() {
    let mut shard = Shard::new();
    let entry = || Entry { bytes: Bytes::new(), version: 0, deadline: NEVER };
    for number in 0..100_000 {
        shard.insert(key(number), entry());
    }
    for number in 100..100_000 {
        shard.remove(&key(number));
    }
    shard.shrink();
    assert_eq!((shard.most, shard.entries.len()), (100, 100));
    assert_eq!(shard.evict().unwrap().0, key(0), "the order is kept");
}

#[test]
fn the_count_of_bytes_follows_every_write() {
    let store = MemoryStore::new();
    fastrand::seed(7);
    for _ in 0..5000 {
        let key = key(fastrand::usize(..50));
        let write = match fastrand::u8(..4) {
            0 => Write::remove(key),
            1 => Write::touch(key, Some(Duration::from_secs(fastrand::u64(..9)))),
            2 => Write::put(key, vec![1; 30].into(), None).on(Condition::IfAbsent),
            _ => Write::put(key, vec![1; fastrand::usize(..90)].into(), Some(Duration::from_hours(1))),
        };
        store.write(&[write]).now().unwrap().unwrap();
    }
    let held: u64 = store
        .inner
        .shards
        .iter()
        .map(|shard| {
            let shard = shard.lock();
            let ending = shard.entries.iter().filter(|(_, entry)| entry.deadline != NEVER).count();
            assert_eq!(ending, shard.expiry.len());
            shard.entries.iter().map(|(key, entry)| cost(key, &entry.bytes)).sum::<u64>()
        })
        .sum();
    assert_eq!(store.bytes(), held);
    store.close().now().unwrap().unwrap();
    assert_eq!((store.bytes(), store.len()), (0, 0));
}

#[test]
fn a_scan_goes_on_only_from_where_one_has_ended() {
    let store = MemoryStore::new();
    let error = store.inner.keys(b"", Some(&Bytes::from_static(b"xx"))).unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Refused);
}
