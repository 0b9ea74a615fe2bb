//! Any sequence of operations on a memo, beside the oracle that knows what may be returned.
//!
//! The memo may forget (it is bounded); it must never return what was replaced, invalidated, or is
//! past its ttl, nor hold more than its capacity.

#![no_main]

use std::cell::Cell;
use std::time::Duration;

use arbitrary::Arbitrary;
use cache_core::testing::Scope;
use cache_core::{memoize, tag};
use libfuzzer_sys::fuzz_target;
use oracle::{Oracle, Rules};

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

fn group(key: u8) -> u8 {
    key % 4
}

fuzz_target!(|operations: Vec<Operation>| {
    let scope = Scope::new();
    let _inside = scope.enter();
    let mut known = Oracle::new(Rules { ttl: Some(TTL), ..Rules::default() });
    known.bound(true);
    let mut now = 0;
    for operation in operations {
        match operation {
            Operation::Call(key) => {
                let before = NEXT.get();
                let value = subject(key, group(key));
                match known.learn(key, now, value < before) {
                    Some(life) => assert_eq!(value, life.value, "a value that was replaced or invalidated"),
                    None => known.store_for_ttl(key, value, now),
                }
            }
            Operation::Get(key) => {
                let value = subject::entry(key, group(key)).get();
                assert_eq!(value, known.learn(key, now, value.is_some()).map(|life| life.value));
            }
            Operation::Insert(key) => {
                let value = fresh();
                assert!(subject::entry(key, group(key)).insert(value));
                known.store_for_ttl(key, value, now);
            }
            Operation::Refresh(key) => {
                let value = subject::entry(key, group(key)).refresh();
                known.store_for_ttl(key, value, now);
            }
            Operation::Invalidate(key) => {
                subject::key(key, group(key)).invalidate();
                known.remove(key);
            }
            Operation::InvalidateTag(key) => {
                tag(format!("group:{}", group(key))).invalidate();
                known.invalidate(|other, _| group(other) == group(key));
            }
            Operation::Clear => {
                tag("all").invalidate();
                known.invalidate(|_, _| true);
            }
            Operation::SetTtl(key, millis) => {
                let ttl = u64::from(millis);
                let set = subject::key(key, group(key)).set_ttl(Duration::from_millis(ttl));
                known.learn(key, now, set);
                known.set_ttl(key, now, ttl, false);
            }
            Operation::ExtendTtl(key, millis) => {
                let ttl = u64::from(millis);
                let set = subject::key(key, group(key)).extend_ttl(Duration::from_millis(ttl));
                known.learn(key, now, set);
                known.set_ttl(key, now, ttl, true);
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
