//! Failures, requests that are dropped, and requests that overlap in a certain way.

use std::task::{Context, Poll, Waker};

use super::*;
use crate::testing::scripted::Hold;

fn poll<T>(answer: &mut Answer<'_, T>) -> Poll<Result<T, StoreErrorKind>> {
    let answer = std::pin::pin!(answer);
    answer.poll(&mut Context::from_waker(Waker::noop())).map_err(|error| error.kind())
}

#[test]
fn an_error_of_the_back_is_the_callers() {
    let tiers = Tiers::new();
    tiers.write(put("k", "v")).unwrap();
    tiers.back.down(StoreErrorKind::Unavailable);
    assert_eq!(tiers.bytes("k").unwrap(), "v", "the front needs no back");
    assert_eq!(kind(block_on(tiers.store.read(&["other".into(), "k".into()]))), StoreErrorKind::Unavailable);
    assert_eq!(kind(tiers.write(put("k", "w"))), StoreErrorKind::Unavailable);
    assert_eq!(tiers.front.keys().len(), 0);
    assert_eq!(kind(block_on(tiers.store.read(&["k".into()]))), StoreErrorKind::Unavailable);
}

#[test]
fn the_copy_goes_when_nobody_knows_what_came_of_a_write() {
    let tiers = Tiers::new();
    tiers.write(put("k", "1")).unwrap();
    tiers.back.lose_replies(1);
    assert_eq!(kind(tiers.write(put("k", "2"))), StoreErrorKind::TimedOut);
    assert_eq!(tiers.bytes("k").unwrap(), "2");
    tiers.back.fail_writes(1, StoreErrorKind::TimedOut);
    assert_eq!(kind(tiers.write(put("k", "3"))), StoreErrorKind::TimedOut);
    assert_eq!(tiers.bytes("k").unwrap(), "2");
}

#[test]
fn a_front_that_is_down_is_passed_over() {
    let tiers = Tiers::new();
    tiers.back.put("k", "1");
    tiers.front.down(StoreErrorKind::Unavailable);
    assert_eq!(tiers.bytes("k").unwrap(), "1");
    assert_eq!(tiers.requests(), (1, 1), "nothing is copied to it");
    assert_eq!(tiers.write(put("k", "2")).unwrap(), Outcome::Put(Version::from(2)));
    assert_eq!(tiers.bytes("k").unwrap(), "2");
    assert_eq!(tiers.store.front_failures(), 3);
    tiers.front.up();
    assert_eq!((tiers.bytes("k").unwrap(), tiers.bytes("k").unwrap()), ("2".into(), "2".into()));
    assert_eq!((tiers.store.promotions(), tiers.store.front_hits()), (1, 1));
}

#[test]
fn what_could_not_be_removed_from_the_front_is_never_served() {
    for write in [put("k", "2"), Write::remove("k".into())] {
        let tiers = Tiers::new();
        tiers.write(put("k", "1")).unwrap();
        tiers.front.fail_writes(9, StoreErrorKind::Unavailable);
        tiers.write(write).unwrap();
        tiers.front.up();
        assert_eq!(tiers.front.keys(), ["k"]);
        assert_eq!(tiers.bytes("k"), tiers.back.bytes(b"k"));
        assert_eq!(tiers.bytes("k"), tiers.back.bytes(b"k"));
    }
}

#[test]
fn a_value_that_the_front_does_not_take_replaces_what_was_there() {
    for refusal in [StoreErrorKind::Refused, StoreErrorKind::Full] {
        let tiers = Tiers::new();
        tiers.write(put("k", "1")).unwrap();
        tiers.front.fail_writes(1, refusal);
        tiers.write(put("k", "2")).unwrap();
        assert_eq!(tiers.front.keys().len(), 0);
        assert_eq!(tiers.bytes("k").unwrap(), "2");
    }
}

#[test]
fn a_copy_that_arrives_late_in_the_front_is_void() {
    let tiers = Tiers::new();
    tiers.back.put("k", "1");
    tiers.front.hold(Hold::Command);
    let keys = ["k".into()];
    let mut read = tiers.store.read(&keys);
    assert_eq!(poll(&mut read), Poll::Pending);
    tiers.front.answer(1);
    assert_eq!(poll(&mut read), Poll::Pending);
    tiers.front.fail(2, StoreErrorKind::TimedOut);
    assert!(poll(&mut read).is_ready(), "the copy is on its way, and nobody waits for it");

    let writes = [put("k", "2")];
    let mut write = tiers.store.write(&writes);
    assert_eq!(poll(&mut write), Poll::Pending);
    tiers.front.answer(3);
    assert!(poll(&mut write).is_ready());
    assert_eq!(tiers.front.release(), 1);
    assert_eq!(tiers.bytes("k").unwrap(), "2");
    assert_eq!(tiers.bytes("k").unwrap(), "2");
}

#[test]
fn a_fetch_that_a_write_overtakes_is_not_copied() {
    let tiers = Tiers::new();
    tiers.back.put("k", "1");
    tiers.back.hold(Hold::Reply);
    let keys = ["k".into()];
    let mut read = tiers.store.read(&keys);
    assert_eq!(poll(&mut read), Poll::Pending);
    let writes = [Write::remove("k".into())];
    let mut write = tiers.store.write(&writes);
    assert_eq!(poll(&mut write), Poll::Pending);
    tiers.back.answer(2);
    assert!(poll(&mut write).is_ready());
    tiers.back.release();
    let Poll::Ready(Ok(found)) = poll(&mut read) else { panic!("it was answered") };
    assert_eq!(found[0].as_ref().unwrap().bytes, "1", "the read began before the write ended");
    assert_eq!((tiers.read("k"), tiers.store.promotions()), (None, 0));
}

#[test]
fn a_dropped_write_leaves_no_copy_that_is_used() {
    for drops_at_front in [false, true] {
        let tiers = Tiers::new();
        tiers.write(put("k", "1")).unwrap();
        if !drops_at_front {
            tiers.back.hold(Hold::Command);
        }
        tiers.front.hold(Hold::Command);
        let writes = [put("k", "2")];
        let mut write = tiers.store.write(&writes);
        assert_eq!(poll(&mut write), Poll::Pending);
        drop(write);
        tiers.back.release();
        assert_eq!(tiers.back.bytes(b"k").unwrap(), "2");
        tiers.front.forget(2);
        tiers.front.release();
        assert_eq!(tiers.bytes("k").unwrap(), "2");
    }
}

#[test]
fn a_write_that_is_never_polled_changes_nothing() {
    let tiers = Tiers::new();
    tiers.write(put("k", "1")).unwrap();
    tiers.requests();
    drop(tiers.store.write(&[put("k", "2")]));
    assert_eq!(tiers.bytes("k").unwrap(), "1");
    assert_eq!(tiers.requests(), (1, 0));
}

#[test]
fn copies_of_another_instance_are_not_used() {
    let tiers = Tiers::new();
    tiers.write(put("k", "1")).unwrap();
    tiers.back.put("k", "2");
    tiers.front.put("foreign", "no copy at all, but a value of somebody else");
    let store = TieredStore::new(Arc::new(tiers.front.clone()), Arc::new(tiers.back.clone())).unwrap();
    let tiers = Tiers { store: Arc::new(store), ..tiers };
    assert_eq!((tiers.bytes("k").unwrap(), tiers.read("foreign")), ("2".into(), None));
    assert_eq!(tiers.front.keys(), ["k"]);
}

#[test]
fn a_damaged_front_does_no_harm_beyond_the_value_that_is_read() {
    let tiers = Tiers::new();
    let write = || tiers.write(put("k", "the bytes in the back")).unwrap();
    write();
    let whole = tiers.front.bytes(b"k").unwrap();
    for len in 0..whole.len() {
        tiers.front.put("k", whole.slice(..len));
        tiers.read("k").unwrap();
    }
    for seed in 0..300 {
        tiers.front.corrupt(seed, 1.0);
        tiers.read("k").unwrap();
        tiers.front.corrupt(seed, 0.0);
        write();
        assert_eq!(tiers.bytes("k").unwrap(), "the bytes in the back");
    }
}

#[test]
fn an_evicted_value_does_not_come_back_after_it_was_missed() {
    // A read finds the key absent in the back, while another is copying what it found there before.
    let tiers = Tiers::new();
    tiers.back.put("k", "v");
    tiers.front.hold(Hold::Command);
    let keys = ["k".into()];
    let (mut copies, mut misses) = (tiers.store.read(&keys), tiers.store.read(&keys));
    tiers.front.answer(1);
    assert_eq!(poll(&mut copies), Poll::Pending);
    tiers.back.lose(|_| true);
    tiers.front.answer(2);
    assert_eq!(poll(&mut misses), Poll::Ready(Ok(vec![None])));
    tiers.front.release();
    assert!(matches!(poll(&mut copies), Poll::Ready(Ok(found)) if found[0].is_some()));
    assert_eq!(tiers.read("k"), None);
}

#[test]
fn an_evicted_value_does_not_come_back_when_the_front_does() {
    let tiers = Tiers::new();
    tiers.write(put("k", "v")).unwrap();
    tiers.back.lose(|_| true);
    tiers.front.fail_reads(1, StoreErrorKind::Unavailable);
    assert_eq!(tiers.read("k"), None);
    assert_eq!(tiers.front.keys(), ["k"]);
    assert_eq!(tiers.read("k"), None);
}
