//! The lock of a shard: the one that ships, which the other models have a plain lock for.
//!
//! What a lock guards here is watched by the model checker: an access that is not ordered before or
//! after a write is an error, whether they meet or not. Waiting for ever is a deadlock, and found.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use loom::cell::UnsafeCell;
use loom::thread::{JoinHandle, spawn};

use super::{ALL, FEW, FEWER, fewer_unless_long, join};
use crate::sync::shard_lock::ShardLock;
use crate::sync::{comparing, fresh};

/// As [`check`](super::check), with slots of its own in each execution.
fn check(preemptions: Option<usize>, model: impl Fn() + Send + Sync + 'static) {
    check_with(4, preemptions, model);
}

/// The same where a block has so many slots.
fn check_with(slots: usize, preemptions: Option<usize>, model: impl Fn() + Send + Sync + 'static) {
    super::check(preemptions, move || {
        fresh(slots);
        model();
    });
}

/// A number that only writers may change.
struct Watched(UnsafeCell<u64>);

impl Default for Watched {
    fn default() -> Self {
        Self(UnsafeCell::new(0))
    }
}

// SAFETY: the model checker panics on accesses that must not meet.
unsafe impl Sync for Watched {}

impl Watched {
    fn get(&self) -> u64 {
        // SAFETY: checked by the model checker, first.
        self.0.with(|number| unsafe { *number })
    }

    fn add(&mut self) {
        // SAFETY: as above.
        self.0.with_mut(|number| unsafe { *number += 1 });
    }
}

type Lock = Arc<ShardLock<Watched>>;

fn lock() -> Lock {
    Arc::new(ShardLock::new(Watched::default()))
}

fn go<T: 'static>(lock: &Lock, run: impl FnOnce(&ShardLock<Watched>) -> T + 'static) -> JoinHandle<T> {
    let lock = lock.clone();
    spawn(move || run(&lock))
}

fn go_on_two<T: 'static>(
    (one, other): (&Lock, &Lock),
    run: impl FnOnce(&ShardLock<Watched>, &ShardLock<Watched>) -> T + 'static,
) -> JoinHandle<T> {
    let (one, other) = (one.clone(), other.clone());
    spawn(move || run(&one, &other))
}

fn read(lock: &ShardLock<Watched>) -> u64 {
    lock.read().get()
}

fn write(lock: &ShardLock<Watched>) {
    lock.write().add();
}

/// Reads the other lock within the `Eq` of a key that is found in the one.
fn read_within(one: &ShardLock<Watched>, other: &ShardLock<Watched>) {
    let outer = one.read();
    comparing(|| {
        other.read().get();
        true
    });
    outer.get();
}

/// Finds the place, then writes there. What was found is still there.
fn find_and_write(lock: &ShardLock<Watched>) {
    let found = lock.upgradable();
    let before = found.get();
    let mut found = ShardLock::upgrade(found);
    assert_eq!(found.get(), before, "somebody has written in between");
    found.add();
}

/// Those who hold the gate meet neither each other nor a writer, while a reader is in.
#[test]
fn what_the_gate_guards_is_had_by_one_at_a_time() {
    check(FEW, || {
        let lock: Arc<ShardLock<Watched, Watched>> = Arc::new(ShardLock::new(Watched::default()));
        let holders = [false, true].map(|writes| {
            let lock = lock.clone();
            spawn(move || {
                let mut held = lock.upgradable();
                held.gated_mut().add();
                if writes {
                    let mut held = ShardLock::upgrade(held);
                    held.add();
                    held.gated_mut().add();
                }
            })
        });
        let read = lock.read().get();
        assert!(read <= 1);
        join(holders);
        let held = lock.upgradable();
        assert_eq!((held.get(), held.gated().get()), (1, 3));
    });
}

#[test]
fn a_reader_and_a_writer_never_meet() {
    check(ALL, || {
        let lock = lock();
        let writer = go(&lock, write);
        read(&lock);
        assert!(read(&lock) <= 1);
        writer.join().unwrap();
        assert_eq!(read(&lock), 1);
    });
}

#[test]
fn a_reader_and_two_writers_never_meet() {
    check(FEW, || {
        let lock = lock();
        let writers = [go(&lock, write), go(&lock, find_and_write)];
        read(&lock);
        join(writers);
        assert_eq!(read(&lock), 2);
    });
}

#[test]
fn two_readers_and_a_writer_never_meet() {
    check(FEWER, || {
        let lock = lock();
        let readers = [go(&lock, read), go(&lock, read)];
        write(&lock);
        join(readers);
    });
}

#[test]
fn what_was_found_is_there_after_an_upgrade() {
    check(FEW, || {
        let lock = lock();
        let writer = go(&lock, find_and_write);
        let reader = go(&lock, read);
        find_and_write(&lock);
        join([writer]);
        assert!(join([reader])[0] <= 2);
        assert_eq!(read(&lock), 2);
    });
}

#[test]
fn readers_come_and_go_under_upgradable_access() {
    check(ALL, || {
        let lock = lock();
        let found = lock.upgradable();
        let reader = go(&lock, |lock| (read(lock), read(lock)));
        assert_eq!(reader.join().unwrap(), (0, 0));
        ShardLock::upgrade(found).add();
    });
}

#[test]
fn a_reader_that_goes_on_to_another_lock_has_read_before_the_writer_writes() {
    check(ALL, || {
        let (one, other) = (lock(), lock());
        let reader = go_on_two((&one, &other), |one, other| {
            read(one);
            read(other);
        });
        write(&one);
        reader.join().unwrap();
    });
}

#[test]
fn a_thread_that_takes_the_slot_of_one_that_ended_reads_after_it() {
    check(Some(2), || {
        let (one, other) = (lock(), lock());
        // Whichever comes second may find the slot of the first.
        let ends = go(&one, |one| {
            read(one);
        });
        let begins = go(&other, |other| {
            read(other);
        });
        write(&one);
        join([ends, begins]);
    });
}

/// Each has a block of its own, or has that of the other, which has ended.
#[test]
fn threads_that_take_slots_of_several_blocks_and_give_them_back_never_meet_a_writer() {
    check_with(1, Some(2), || {
        let lock = lock();
        let readers = [go(&lock, read), go(&lock, read)];
        write(&lock);
        assert!(join(readers).iter().all(|read| *read <= 1));
    });
}

#[test]
fn a_counted_reader_and_a_writer_never_meet() {
    check(ALL, || {
        let (one, other) = (lock(), lock());
        let writer = go(&other, write);
        read_within(&one, &other);
        writer.join().unwrap();
        assert_eq!(read(&other), 1);
    });
}

#[test]
fn a_counted_reader_and_two_writers_never_meet() {
    check(FEWER, || {
        let (one, other) = (lock(), lock());
        let writers = [go(&other, write), go(&other, find_and_write)];
        read_within(&one, &other);
        join(writers);
        assert_eq!(read(&other), 2);
    });
}

#[test]
fn a_thread_that_reads_a_lock_twice_passes_the_writer_that_waits_for_it() {
    check(ALL, || {
        let lock = lock();
        let writer = go(&lock, write);
        read_within(&lock, &lock);
        writer.join().unwrap();
    });
}

#[test]
fn a_counted_reader_may_stay_longer_than_the_one_that_is_shown() {
    check(ALL, || {
        let lock = lock();
        let writer = go(&lock, write);
        let first = lock.read();
        let second = lock.read();
        drop(first);
        second.get();
        drop(second);
        writer.join().unwrap();
    });
}

#[test]
fn threads_that_read_two_locks_crosswise_pass_the_writers_that_wait_for_them() {
    check(fewer_unless_long(Some(2)), || {
        let (one, other) = (lock(), lock());
        // This one is in already; for a circle it has to be interrupted once, and the other too.
        let outer = one.read();
        let crossed = go_on_two((&other, &one), read_within);
        let writers = [go(&one, write), go(&other, write)];
        comparing(|| other.read().get() <= 1);
        outer.get();
        drop(outer);
        join(writers);
        join([crossed]);
    });
}

#[test]
fn what_compares_under_upgradable_access_passes_a_writer_that_waits() {
    check(FEW, || {
        let (one, other) = (lock(), lock());
        let held = other.read();
        let writer = go(&other, write);
        let finder = go_on_two((&one, &other), |one, other| {
            let _found = one.upgradable();
            comparing(|| other.read().get() == 0)
        });
        assert!(finder.join().unwrap(), "nobody can have written");
        drop(held);
        writer.join().unwrap();
    });
}

#[test]
fn a_panic_while_reading_leaves_nothing_behind() {
    check(FEWER, || {
        let (one, other) = (lock(), lock());
        let reader = go_on_two((&one, &other), |one, other| {
            let panicked = catch_unwind(AssertUnwindSafe(|| {
                let _outer = one.read();
                comparing(|| {
                    let _inner = other.read();
                    std::panic::resume_unwind(Box::new("an `Eq`"))
                })
            }));
            assert!(panicked.is_err());
            read(one);
        });
        write(&one);
        write(&other);
        reader.join().unwrap();
    });
}
