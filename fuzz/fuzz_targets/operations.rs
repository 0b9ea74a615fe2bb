//! Any sequence of operations on a memo, against a map that remembers what may still be returned.
//!
//! The memo may forget (it is bounded); it must never return what was replaced, invalidated, or is
//! past its ttl, nor hold more than its capacity.

#![no_main]

use std::cell::Cell;
use std::collections::HashMap;
use std::time::Duration;

use arbitrary::Arbitrary;
use cache_core::testing::Scope;
use cache_core::{memoize, tag};
use libfuzzer_sys::fuzz_target;

const CAPACITY: usize = 16;
const TTL: u64 = 1000;

#[derive(Arbitrary, Debug)]
enum Operation {
    Call(u8),
    Get(u8),
    Insert(u8),
    Refresh(u8),
    Invalidate(u8),
    InvalidateTag(u8),
    Clear,
    SetTtl(u8, u16),
    ExtendTtl(u8, u16),
    Advance(u16),
    Sweep,
}

thread_local! {
    static NEXT: Cell<u64> = const { Cell::new(0) };
}

fn fresh() -> u64 {
    NEXT.with(|next| next.replace(next.get() + 1))
}

#[memoize(ttl = "1s", capacity = CAPACITY, tags = ["all", "group:{group}"], key = (key, group))]
fn subject(key: u8, group: u8) -> u64 {
    let _ = key;
    fresh()
}

/// What a key may answer with, and until when.
type Known = HashMap<u8, (u64, u64)>;

fn group(key: u8) -> u8 {
    key % 4
}

fuzz_target!(|operations: Vec<Operation>| {
    let scope = Scope::new();
    let _inside = scope.enter();
    let mut known = Known::new();
    let mut now = 0;
    for operation in operations {
        match operation {
            Operation::Call(key) => {
                let before = NEXT.get();
                let value = subject(key, group(key));
                if value < before {
                    check(&known, key, value, now);
                } else {
                    known.insert(key, (value, now + TTL));
                }
            }
            Operation::Get(key) => {
                if let Some(value) = subject::entry(key, group(key)).get() {
                    check(&known, key, value, now);
                }
            }
            Operation::Insert(key) => {
                let value = fresh();
                assert!(subject::entry(key, group(key)).insert(value));
                known.insert(key, (value, now + TTL));
            }
            Operation::Refresh(key) => {
                let value = subject::entry(key, group(key)).refresh();
                known.insert(key, (value, now + TTL));
            }
            Operation::Invalidate(key) => {
                subject::key(key, group(key)).invalidate();
                known.remove(&key);
            }
            Operation::InvalidateTag(key) => {
                tag(format!("group:{}", group(key))).invalidate();
                known.retain(|other, _| group(*other) != group(key));
            }
            Operation::Clear => {
                tag("all").invalidate();
                known.clear();
            }
            Operation::SetTtl(key, millis) => {
                let ttl = u64::from(millis);
                if subject::key(key, group(key)).set_ttl(Duration::from_millis(ttl)) {
                    known.get_mut(&key).expect("what has a ttl is known").1 = now + ttl;
                }
            }
            Operation::ExtendTtl(key, millis) => {
                let ttl = u64::from(millis);
                if subject::key(key, group(key)).extend_ttl(Duration::from_millis(ttl)) {
                    let until = &mut known.get_mut(&key).expect("what has a ttl is known").1;
                    *until = (*until).max(now + ttl);
                }
            }
            Operation::Advance(millis) => {
                scope.advance(Duration::from_millis(u64::from(millis)));
                now += u64::from(millis);
            }
            Operation::Sweep => {
                subject::memo().sweep();
            }
        }
        assert!(subject::memo().len() <= CAPACITY);
    }
});

fn check(known: &Known, key: u8, value: u64, now: u64) {
    let (expected, until) = known.get(&key).expect("nothing may be there");
    assert_eq!(value, *expected, "a value that was replaced or invalidated");
    assert!(now < *until, "a value past its ttl");
}
