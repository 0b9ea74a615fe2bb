//! The lock among real threads.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use super::{RAISED, ShardLock, slots};
use crate::sync::comparing;

/// Two numbers that are equal whenever nobody writes.
#[derive(Default)]
struct Pair(u64, u64);

impl Pair {
    fn check(&self) {
        assert_eq!(self.0, self.1, "seen while it was written");
    }

    fn write(&mut self) {
        self.0 += 1;
        thread::yield_now();
        self.1 += 1;
    }
}

fn pair() -> ShardLock<Pair> {
    ShardLock::new(Pair::default())
}

impl<T, G> ShardLock<T, G> {
    /// Whether a writer is in, or waits.
    fn is_raised(&self) -> bool {
        self.state.load(Ordering::Relaxed) & RAISED != 0
    }

    /// Whether a thread shows it.
    #[cfg(all(unix, not(miri)))]
    fn is_shown(&self) -> bool {
        let mut is_shown = false;
        slots::each_taken(|slot| is_shown |= slot.shows(super::address(&self.state)));
        is_shown
    }
}

/// Whether the lock can be written by a thread that comes now.
fn is_free(lock: &ShardLock<Pair>) -> bool {
    lock.write().write();
    lock.read().check();
    true
}

/// Panics as an `Eq` may, and goes on. Nothing is reported.
fn panics(run: impl FnOnce()) {
    assert!(catch_unwind(AssertUnwindSafe(run)).is_err());
}

#[test]
fn what_the_gate_guards_is_changed_while_others_read() {
    let lock: ShardLock<u64, u64> = ShardLock::new(1);
    let read = lock.read();
    thread::scope(|scope| {
        scope.spawn(|| *lock.upgradable().gated_mut() += 1);
    });
    assert_eq!(*read, 1);
    drop(read);
    let mut write = lock.write();
    *write.gated_mut() += *write;
    drop(write);
    assert_eq!(*lock.upgradable().gated(), 2);
}

#[test]
fn readers_and_writers_of_all_kinds_never_meet() {
    const ROUNDS: u64 = if cfg!(miri) { 20 } else { 2_000 };
    let locks = [pair(), pair()];
    thread::scope(|scope| {
        for turn in 0..4 {
            let (one, other) = (&locks[turn % 2], &locks[(turn + 1) % 2]);
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let outer = one.read();
                    outer.check();
                    if round % 3 == 0 {
                        comparing(|| {
                            other.read().check();
                            one.read().check();
                            true
                        });
                    }
                    outer.check();
                }
            });
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let found = one.upgradable();
                    found.check();
                    if round % 3 == 0 {
                        comparing(|| {
                            other.read().check();
                            true
                        });
                    }
                    let before = found.0;
                    let mut found = ShardLock::upgrade(found);
                    assert_eq!(found.0, before, "somebody has written in between");
                    found.write();
                }
            });
        }
    });
    assert_eq!(locks[0].read().0 + locks[1].read().0, 4 * ROUNDS);
}

#[test]
fn threads_that_come_and_go_read_in_the_slots_of_those_before() {
    let lock = pair();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                lock.write().write();
            }
        });
        for _ in 0..if cfg!(miri) { 3 } else { 100 } {
            thread::scope(|scope| {
                for _ in 0..8 {
                    scope.spawn(|| (0..20).for_each(|_| lock.read().check()));
                }
            });
        }
        done.store(true, Ordering::Relaxed);
    });
    // Other tests have threads as well; those of this one were 800.
    let mut taken = 0;
    slots::each_taken(|_| taken += 1);
    assert!(taken < 400, "slots are not given back");
}

#[test]
fn panics_leave_nothing_behind() {
    let lock = pair();
    let other = pair();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..if cfg!(miri) { 3 } else { 500 } {
                    panics(|| {
                        let _outer = lock.read();
                        comparing(|| {
                            let _inner = other.read();
                            resume_unwind(Box::new(()))
                        });
                    });
                    panics(|| {
                        let _found = lock.upgradable();
                        comparing(|| {
                            let _inner = other.read();
                            resume_unwind(Box::new(()))
                        });
                    });
                    panics(|| {
                        let mut written = lock.write();
                        written.write();
                        resume_unwind(Box::new(()))
                    });
                    assert!(is_free(&lock) && is_free(&other));
                }
            });
        }
    });
}

#[test]
fn a_reader_within_another_passes_a_writer_that_waits() {
    let lock = pair();
    thread::scope(|scope| {
        let outer = lock.read();
        let (begins, begun) = channel();
        let lock = &lock;
        scope.spawn(move || {
            begins.send(()).unwrap();
            lock.write().write();
        });
        begun.recv().unwrap();
        while !lock.is_raised() {
            thread::yield_now();
        }
        assert!(comparing(|| lock.read().0 == 0));
        drop(outer);
    });
    assert_eq!(lock.read().0, 1);
}

#[test]
fn readers_wait_for_a_writer_that_is_in_then_see_what_it_wrote() {
    let lock = pair();
    let within = Barrier::new(3);
    let arrived = AtomicUsize::new(0);
    thread::scope(|scope| {
        let mut written = lock.write();
        for nested in [false, true] {
            let (lock, within, arrived) = (&lock, &within, &arrived);
            scope.spawn(move || {
                within.wait();
                arrived.fetch_add(1, Ordering::Relaxed);
                let read = || lock.read().0 == 1;
                assert!(if nested { comparing(read) } else { read() });
            });
        }
        within.wait();
        while arrived.load(Ordering::Relaxed) < 2 {
            thread::yield_now();
        }
        // Both are about to wait, or do; what they see is the same either way.
        thread::sleep(Duration::from_millis(5));
        written.write();
    });
}

#[test]
fn a_thread_that_is_torn_down_may_still_read() {
    struct Reads(Arc<ShardLock<Pair>>);
    impl Drop for Reads {
        fn drop(&mut self) {
            self.0.read().check();
            self.0.read().check();
        }
    }
    std::thread_local! {
        static EARLY: RefCell<Option<Reads>> = const { RefCell::new(None) };
        static LATE: RefCell<Option<Reads>> = const { RefCell::new(None) };
    }
    let lock = Arc::new(pair());
    let shared = lock.clone();
    // One is registered before the slot's own return, one after it: one of them goes later.
    let reader = thread::spawn(move || {
        EARLY.set(Some(Reads(shared.clone())));
        shared.read().check();
        LATE.set(Some(Reads(shared)));
    });
    reader.join().unwrap();
    assert!(is_free(&lock));
}

/// What other threads read when a process forks they will never have read in the child.
#[cfg(all(unix, not(miri)))]
#[test]
fn a_child_of_fork_writes_where_other_threads_of_its_parent_read() {
    crate::memo::fork::register();
    let lock = pair();
    let (reads, reading) = channel();
    let (ends, end) = channel::<()>();
    thread::scope(|scope| {
        let shared = &lock;
        scope.spawn(move || {
            let held = shared.read();
            reads.send(()).unwrap();
            let _ = end.recv();
            held.check();
        });
        reading.recv().unwrap();
        let mine = lock.read();
        // SAFETY: the child touches this lock, which no other thread writes, and ends without a return;
        // a signal ends it if it waits for ever.
        let child = unsafe {
            let child = libc::fork();
            if child == 0 {
                libc::alarm(10);
                let still_shown = lock.is_shown();
                drop(mine);
                let is_whole = still_shown && !lock.is_shown() && is_free(&lock);
                libc::_exit(i32::from(!is_whole));
            }
            child
        };
        drop(mine);
        let mut status = 0;
        // SAFETY: it is our child, and the status is ours.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0, "status {status}");
        drop(ends);
    });
}
