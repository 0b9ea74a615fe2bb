use std::pin::pin;
use std::sync::mpsc::channel;
use std::task::{Context, Poll, Waker};

use super::*;
use crate::background::block_on;
use crate::store::{Action, Condition, StoreError, Version};
use crate::testing::Scope;

const SECOND: Duration = Duration::from_secs(1);

fn put(key: &'static str, bytes: &'static str) -> Write {
    Write::put(key.into(), bytes.into(), None)
}

fn write(store: &ScriptedStore, write: Write) -> Result<Outcome, StoreError> {
    let mut outcomes = store.write(&[write]).now().expect("nothing is held")?;
    assert_eq!(outcomes.len(), 1);
    Ok(outcomes.remove(0))
}

fn read(store: &ScriptedStore, key: &'static str) -> Result<Option<Stored>, StoreError> {
    let mut found = store.read(&[key.into()]).now().expect("nothing is held")?;
    assert_eq!(found.len(), 1);
    Ok(found.remove(0))
}

fn kind<T: fmt::Debug>(result: Result<T, StoreError>) -> StoreErrorKind {
    result.unwrap_err().kind()
}

fn poll<T>(answer: &mut Answer<'_, T>) -> Poll<Result<T, StoreErrorKind>> {
    pin!(answer).poll(&mut Context::from_waker(Waker::noop())).map_err(|error| error.kind())
}

#[test]
fn each_condition_is_kept_and_each_put_has_a_version_of_its_own() {
    let store = ScriptedStore::new();
    let on = |condition| write(&store, put("k", "other").on(condition)).unwrap();
    assert_eq!(on(Condition::IfPresent), Outcome::Refused(None));
    assert_eq!(on(Condition::IfVersion(Version::from(1))), Outcome::Refused(None));
    assert_eq!(on(Condition::IfAbsent), Outcome::Put(Version::from(1)));
    let stored = read(&store, "k").unwrap();
    assert_eq!(on(Condition::IfAbsent), Outcome::Refused(stored));
    assert_eq!(on(Condition::IfPresent), Outcome::Put(Version::from(2)));
    assert!(matches!(on(Condition::IfVersion(Version::from(1))), Outcome::Refused(Some(_))));
    assert_eq!(on(Condition::IfVersion(Version::from(2))), Outcome::Put(Version::from(3)));
    assert_eq!(write(&store, Write::remove("k".into())).unwrap(), Outcome::Removed(true));
    assert_eq!(write(&store, Write::remove("k".into())).unwrap(), Outcome::Removed(false));
    assert_eq!(write(&store, Write::touch("k".into(), None)).unwrap(), Outcome::Touched(false));
    assert_eq!(on(Condition::Always), Outcome::Put(Version::from(4)));
}

#[test]
fn times_to_live_follow_the_clock_of_the_scope() {
    let scope = Scope::new();
    let store = {
        let _inside = scope.enter();
        ScriptedStore::new()
    };
    let millis = Duration::from_millis;
    let put = |ttl| Write::put("k".into(), "v".into(), Some(ttl));
    write(&store, put(Duration::from_nanos(1))).unwrap();
    assert_eq!(read(&store, "k").unwrap().unwrap().remaining, Some(millis(1)), "it is rounded up");
    write(&store, put(millis(1000))).unwrap();
    scope.advance(millis(999));
    assert_eq!(read(&store, "k").unwrap().unwrap().remaining, Some(millis(1)));
    scope.advance(millis(1));
    assert_eq!(read(&store, "k").unwrap(), None);
    assert_eq!(store.keys().len(), 0);

    write(&store, put(millis(1000))).unwrap();
    assert_eq!(write(&store, Write::touch("k".into(), Some(millis(5000)))).unwrap(), Outcome::Touched(true));
    scope.advance(millis(4999));
    assert!(read(&store, "k").unwrap().is_some());
    assert_eq!(write(&store, Write::touch("k".into(), None)).unwrap(), Outcome::Touched(true));
    scope.advance(millis(u64::MAX));
    assert_eq!(read(&store, "k").unwrap().unwrap().remaining, None);

    write(&store, Write::put("k".into(), "v".into(), Some(Duration::ZERO))).unwrap();
    assert_eq!(
        read(&store, "k").unwrap(),
        None,
        "what is kept for no time takes the place of what was there"
    );
}

#[test]
fn numbers_are_raised_and_live_as_long_as_the_longest_ttl() {
    let scope = Scope::new();
    let _inside = scope.enter();
    let store = ScriptedStore::new();
    let raise = |ttl| store.counter().unwrap().raise(&"n".into(), 7, ttl).now().unwrap();
    assert_eq!(raise(Some(2 * SECOND)).unwrap(), 7);
    assert_eq!(raise(Some(SECOND)).unwrap(), 8);
    assert_eq!(read(&store, "n").unwrap().unwrap().remaining, Some(2 * SECOND));
    scope.advance(SECOND);
    assert_eq!(raise(None).unwrap(), 9);
    assert_eq!(store.bytes(b"n").unwrap(), "9");
    assert_eq!(read(&store, "n").unwrap().unwrap().remaining, None);
    for wrong in ["", "x", "-1", "+1", "1.5", "18446744073709551615", "99999999999999999999"] {
        store.put("n", wrong);
        assert_eq!(kind(raise(None)), StoreErrorKind::NotAnInteger, "{wrong}");
    }
    assert!(store.clone().without_counter().counter().is_none());
}

#[test]
fn a_scan_returns_the_keys_of_a_prefix_page_by_page() {
    let store = ScriptedStore::new();
    let names: Vec<Bytes> = (0..200).map(|n| format!("a{n:03}").into()).collect();
    for name in names.iter().cloned().chain(["a", "b", "Z"].map(Bytes::from)) {
        store.put(name, "v");
    }
    let (mut found, mut from) = (Vec::new(), None);
    loop {
        let (keys, next) = Store::scan(&store).unwrap().keys(b"a", from).now().unwrap().unwrap();
        found.extend(keys);
        // What was returned may go meanwhile.
        store.lose(|key| next.as_ref().is_some_and(|next| key == next));
        if next.is_none() {
            break;
        }
        from = next;
    }
    assert_eq!(found[0], "a");
    assert_eq!(found[1..], names);
    let all = Store::scan(&store).unwrap().keys(b"c", None).now().unwrap().unwrap();
    assert_eq!(all, (vec![], None));
    assert!(Store::scan(&store.clone().without_scan()).is_none());
}

#[test]
fn so_many_requests_of_a_kind_fail_and_are_not_carried_out() {
    let store = ScriptedStore::new();
    store.fail_writes(2, StoreErrorKind::Full);
    store.fail_reads(1, StoreErrorKind::Unavailable);
    assert_eq!(kind(write(&store, put("k", "1"))), StoreErrorKind::Full);
    assert_eq!(kind(read(&store, "k")), StoreErrorKind::Unavailable);
    assert_eq!(
        kind(store.counter().unwrap().raise(&"n".into(), 0, None).now().unwrap()),
        StoreErrorKind::Full
    );
    assert_eq!(store.keys().len(), 0);
    write(&store, put("k", "2")).unwrap();
    assert_eq!(read(&store, "k").unwrap().unwrap().bytes, "2");
}

#[test]
fn a_store_is_down_until_it_is_up() {
    let store = ScriptedStore::new();
    let other = store.connect();
    store.down(StoreErrorKind::Unavailable);
    for _ in 0..3 {
        assert_eq!(kind(write(&store, put("k", "1"))), StoreErrorKind::Unavailable);
        assert_eq!(kind(read(&store, "k")), StoreErrorKind::Unavailable);
    }
    write(&other, put("k", "2")).unwrap();
    store.fail_reads(9, StoreErrorKind::TimedOut);
    store.up();
    assert_eq!(read(&store, "k").unwrap().unwrap().bytes, "2");
}

#[test]
fn a_share_of_the_requests_fails_alike_for_the_same_seed() {
    let failures = |seed, share| -> Vec<bool> {
        let store = ScriptedStore::new();
        store.fail_some(seed, share, StoreErrorKind::TimedOut);
        (0..400).map(|_| read(&store, "k").is_err()).collect()
    };
    let half = failures(1, 0.5);
    assert!((100..300).contains(&half.iter().filter(|failed| **failed).count()));
    assert_eq!(half, failures(1, 0.5));
    assert_ne!(half, failures(2, 0.5));
    assert!(failures(3, 1.0).iter().all(|failed| *failed));
    assert!(!failures(3, 0.0).iter().any(|failed| *failed));
}

#[test]
fn a_write_whose_reply_is_lost_was_carried_out() {
    let store = ScriptedStore::new();
    store.lose_replies(2);
    assert_eq!(read(&store, "k").unwrap(), None);
    assert_eq!(kind(write(&store, put("k", "1"))), StoreErrorKind::TimedOut);
    assert_eq!(
        kind(store.counter().unwrap().raise(&"n".into(), 0, None).now().unwrap()),
        StoreErrorKind::TimedOut
    );
    assert_eq!((store.bytes(b"k").unwrap(), store.bytes(b"n").unwrap()), ("1".into(), "0".into()));
    write(&store, put("k", "2")).unwrap();
}

#[test]
fn a_late_command_is_carried_out_when_it_is_released() {
    let store = ScriptedStore::new();
    store.hold(Hold::Command);
    let batch = [put("k", "1")];
    let mut late = store.write(&batch);
    assert_eq!(poll(&mut late), Poll::Pending);
    store.connect().write(&[put("k", "2")]).now().unwrap().unwrap();
    assert_eq!(store.release(), 1);
    assert_eq!(poll(&mut late), Poll::Ready(Ok(vec![Outcome::Put(Version::from(2))])));
    assert_eq!(store.bytes(b"k").unwrap(), "1");
    assert_eq!(store.held(), []);
    write(&store, put("k", "3")).unwrap();
}

#[test]
fn a_late_reply_tells_what_was_there_when_the_command_arrived() {
    let store = ScriptedStore::new();
    store.put("k", "1");
    store.hold(Hold::Reply);
    let keys = ["k".into()];
    let late = store.read(&keys);
    store.put("k", "2");
    store.release();
    assert_eq!(block_on(late).unwrap()[0].as_ref().unwrap().bytes, "1");
}

#[test]
fn held_requests_arrive_and_are_answered_in_any_order() {
    let store = ScriptedStore::new();
    store.hold(Hold::Command);
    let (first, second) = ([put("k", "1")], [put("k", "2")]);
    let (mut one, mut two) = (store.write(&first), store.write(&second));
    let numbers: Vec<u64> = store.held().iter().map(|held| held.number).collect();
    assert_eq!(numbers, [1, 2]);
    assert!(store.arrive(2) && store.arrive(1) && store.arrive(1));
    assert_eq!(store.bytes(b"k").unwrap(), "1", "it was carried out once, as the last");
    assert!(store.held().iter().all(|held| held.has_arrived && !held.is_answered));
    assert_eq!((poll(&mut one), poll(&mut two)), (Poll::Pending, Poll::Pending));
    assert!(store.answer(1) && !store.answer(1));
    assert_eq!(poll(&mut one), Poll::Ready(Ok(vec![Outcome::Put(Version::from(2))])));
    assert_eq!(poll(&mut two), Poll::Pending);
    assert!(store.answer(2));
    assert_eq!(poll(&mut two), Poll::Ready(Ok(vec![Outcome::Put(Version::from(1))])));
    assert!(!store.arrive(1) && !store.answer(7) && !store.fail(7, StoreErrorKind::Full));
}

#[test]
fn a_command_may_arrive_after_its_caller_was_told_that_it_failed() {
    let store = ScriptedStore::new();
    store.hold(Hold::Command);
    let batch = [put("k", "1")];
    let late = store.write(&batch);
    assert!(
        store.fail(1, StoreErrorKind::TimedOut) && !store.answer(99) && !store.fail(1, StoreErrorKind::Full)
    );
    assert_eq!(kind(block_on(late)), StoreErrorKind::TimedOut);
    assert_eq!(store.keys().len(), 0);
    assert!(store.held()[0].is_answered);
    assert!(store.arrive(1));
    assert_eq!(store.keys(), ["k"]);
    assert_eq!(store.held(), []);
}

#[test]
fn a_forgotten_request_is_neither_carried_out_nor_answered() {
    let store = ScriptedStore::new();
    store.hold(Hold::Command);
    let batch = [put("k", "1")];
    let mut lost = store.write(&batch);
    assert!(store.forget(1) && !store.forget(1));
    assert_eq!(store.release(), 0);
    assert_eq!(poll(&mut lost), Poll::Pending);
    assert_eq!(store.keys().len(), 0);
}

#[test]
fn what_is_held_arrives_though_nobody_waits_for_it() {
    let store = ScriptedStore::new();
    store.hold(Hold::Command);
    drop(store.write(&[put("k", "1")]));
    assert_eq!(store.keys().len(), 0);
    assert_eq!(store.release(), 1);
    assert_eq!(store.keys(), ["k"]);
}

#[test]
fn a_thread_that_waits_for_a_held_request_is_woken() {
    let store = ScriptedStore::new();
    store.put("k", "1");
    store.hold(Hold::Command);
    let (asks, asked) = channel();
    let waiting = std::thread::spawn({
        let store = store.clone();
        move || {
            let keys = ["k".into()];
            let answer = store.read(&keys);
            asks.send(()).unwrap();
            block_on(answer)
        }
    });
    asked.recv().unwrap();
    store.release();
    assert_eq!(waiting.join().unwrap().unwrap()[0].as_ref().unwrap().bytes, "1");
}

#[test]
fn requests_are_held_for_a_time() {
    let scope = Scope::new();
    let _inside = scope.enter();
    let store = ScriptedStore::new();
    let batch = [put("k", "1")];
    store.hold_for(Hold::Command, 2 * SECOND);
    let mut late = store.write(&batch);
    scope.advance(SECOND);
    assert_eq!(poll(&mut late), Poll::Pending);
    assert_eq!(store.keys().len(), 0);
    scope.advance(SECOND);
    assert_eq!(store.keys(), ["k"]);
    assert_eq!(poll(&mut late), Poll::Ready(Ok(vec![Outcome::Put(Version::from(1))])));

    store.hold_for(Hold::Reply, SECOND);
    let mut late = store.write(&batch);
    assert_eq!(store.release(), 1);
    assert_eq!(poll(&mut late), Poll::Ready(Ok(vec![Outcome::Put(Version::from(2))])));
    scope.advance(SECOND);
}

#[test]
fn values_come_back_damaged_and_the_data_stay_whole() {
    let damaged = |seed| -> Vec<Bytes> {
        let store = ScriptedStore::new();
        store.put("k", "a value of some length");
        store.put("other", "foreign");
        store.corrupt(seed, 1.0);
        let found = (0..60).map(|_| read(&store, "k").unwrap().unwrap()).inspect(|stored| {
            assert_eq!(stored.version, Version::from(1));
        });
        let found: Vec<Bytes> = found.map(|stored| stored.bytes).collect();
        let refused = write(&store, put("k", "x").on(Condition::IfAbsent)).unwrap();
        let Outcome::Refused(Some(refused)) = refused else { panic!("it is there") };
        assert_ne!(refused.bytes, "a value of some length");
        assert_eq!(store.bytes(b"k").unwrap(), "a value of some length");
        store.corrupt(seed, 0.0);
        assert_eq!(read(&store, "k").unwrap().unwrap().bytes, "a value of some length");
        found
    };
    let found = damaged(5);
    let whole = Bytes::from_static(b"a value of some length");
    assert!(!found.contains(&whole));
    assert!(found.iter().any(|bytes| bytes == "foreign"));
    assert!(found.iter().any(|bytes| bytes.len() < whole.len() && whole.starts_with(bytes)));
    assert!(found.iter().any(|bytes| bytes.len() == whole.len()));
    assert_eq!(found, damaged(5));
    assert_ne!(found, damaged(6));

    let store = ScriptedStore::new();
    store.put("empty", "");
    store.corrupt(1, 1.0);
    assert_ne!(read(&store, "empty").unwrap().unwrap().bytes, "");
}

#[test]
fn keys_are_lost_by_name_or_by_chance() {
    let store = ScriptedStore::new();
    let fill =
        || (0..100).for_each(|n| store.put(format!("{}{n}", if n % 2 == 0 { "t/" } else { "v/" }), "v"));
    fill();
    assert_eq!(store.lose(|key| key.starts_with(b"t/")), 50);
    assert!(store.keys().iter().all(|key| key.starts_with(b"v/")));
    fill();
    let lost = store.lose_some(3, 0.5);
    assert!((20..80).contains(&lost));
    let left = store.keys();
    assert_eq!(left.len(), 100 - lost);
    fill();
    store.lose_some(3, 0.5);
    assert_eq!(store.keys(), left, "the same seed loses the same keys");
    assert_eq!(store.lose_some(1, 1.0), left.len());
}

#[test]
fn a_restored_store_has_the_old_versions_and_gives_none_of_them_again() {
    let scope = Scope::new();
    let _inside = scope.enter();
    let store = ScriptedStore::new();
    store.put("k", "old");
    write(&store, Write::put("short".into(), "v".into(), Some(SECOND))).unwrap();
    let snapshot = store.snapshot();
    write(&store, put("k", "new")).unwrap();
    write(&store, put("other", "new")).unwrap();
    scope.advance(SECOND);
    store.restore(&snapshot);
    assert_eq!(store.keys(), ["k"]);
    let stored = read(&store, "k").unwrap().unwrap();
    assert_eq!((stored.bytes, stored.version), ("old".into(), Version::from(1)));
    let over = put("k", "newer").on(Condition::IfVersion(Version::from(1)));
    assert_eq!(write(&store, over).unwrap(), Outcome::Put(Version::from(5)));
}

#[test]
fn requests_are_listed_whatever_came_of_them() {
    let store = ScriptedStore::new();
    let other = store.connect();
    store.fail_reads(1, StoreErrorKind::Full);
    let _ = read(&store, "k");
    let _ = write(&store, Write::touch("k".into(), Some(SECOND)));
    let _ = Store::scan(&other).unwrap().keys(b"p", None).now();
    let touch =
        Write { key: "k".into(), action: Action::Touch { ttl: Some(SECOND) }, condition: Condition::Always };
    let expected = [Request::Read { keys: vec!["k".into()] }, Request::Write { batch: vec![touch] }];
    assert_eq!(store.take_requests(), expected);
    assert_eq!(store.requests(), []);
    assert_eq!(other.requests(), [Request::Scan { prefix: "p".into(), from: None }]);
}

#[test]
fn a_closed_connection_refuses_and_others_go_on() {
    let store = ScriptedStore::new();
    let other = store.connect();
    store.hold(Hold::Command);
    (0..2).for_each(|_| store.close().now().unwrap().unwrap());
    assert_eq!(kind(read(&store, "k")), StoreErrorKind::Closed);
    assert_eq!(kind(write(&store.clone(), put("k", "1"))), StoreErrorKind::Closed);
    write(&other, put("k", "1")).unwrap();
    assert_eq!(store.keys(), ["k"]);
    assert_eq!((store.is_shared(), ScriptedStore::exclusive().connect().is_shared()), (true, false));
}
