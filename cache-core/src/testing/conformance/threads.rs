//! What holds when several threads write at once.

use std::sync::Barrier;
use std::thread;

use bytes::Bytes;

use super::Suite;
use crate::background::block_on;
use crate::store::{Condition, Outcome, Store, Stored, Version, Write};

const THREADS: usize = 4;
const ROUNDS: usize = 25;

/// Has each thread do something at the same time. Returns what each has returned.
fn together<T: Send>(work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let (barrier, work) = (Barrier::new(THREADS), &work);
    let begin = |number| {
        barrier.wait();
        work(number)
    };
    thread::scope(|scope| {
        let begin = &begin;
        let threads: Vec<_> = (0..THREADS).map(|number| scope.spawn(move || begin(number))).collect();
        // A panic of one is the caller's.
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

/// Writes, on any thread.
fn write(store: &dyn Store, write: Write) -> Outcome {
    match block_on(store.write(&[write])) {
        Ok(mut outcomes) if outcomes.len() == 1 => outcomes.remove(0),
        other => panic!("the store {:?}: one write has one outcome; found {other:?}", store.name()),
    }
}

fn read(store: &dyn Store, key: &Bytes) -> Option<Stored> {
    match block_on(store.read(std::slice::from_ref(key))) {
        Ok(mut found) if found.len() == 1 => found.remove(0),
        other => panic!("the store {:?}: one key has one answer; found {other:?}", store.name()),
    }
}

impl Suite<'_> {
    #[track_caller]
    pub(super) fn check_threads(&self) {
        self.check_one_winner("IfAbsent", |_| Condition::IfAbsent);
        self.check_one_winner("IfVersion", Condition::IfVersion);
        self.check_increments();
        self.check_wholeness();
        self.check_raises();
    }

    /// Of writes that exclude each other exactly one is carried out.
    #[track_caller]
    fn check_one_winner(&self, name: &str, condition: impl Fn(Version) -> Condition) {
        let store = self.store;
        let key = self.key(format!("race {name}"));
        for _ in 0..ROUNDS {
            let condition = condition(self.put(&key, "start", None));
            if condition == Condition::IfAbsent {
                self.write(Write::remove(key.clone()));
            }
            let outcomes = together(|number| {
                write(store, Write::put(key.clone(), number.to_string().into(), None).on(condition))
            });
            let winners: Vec<usize> =
                (0..THREADS).filter(|number| matches!(outcomes[*number], Outcome::Put(_))).collect();
            let rule = format!("of several puts under one {name}, one is carried out");
            self.expect(winners.len() == 1, &rule, &outcomes);
            let found = self.bytes(&key);
            let rule = format!("after a race under {name}, the winner's value is there");
            self.expect(
                found.as_deref() == winners[0].to_string().as_bytes().into(),
                &rule,
                &(winners, found),
            );
        }
        self.write(Write::remove(key));
    }

    /// Numbers that are read and replaced by their version lose nothing.
    #[track_caller]
    fn check_increments(&self) {
        let store = self.store;
        let key = self.key("increments");
        self.put(&key, "0", None);
        together(|_| {
            for _ in 0..ROUNDS {
                loop {
                    let found = read(store, &key);
                    let Some(found) = found else {
                        panic!("the store {:?}: a key was lost in a race", store.name())
                    };
                    let number = String::from_utf8_lossy(&found.bytes).parse::<u64>().unwrap_or(u64::MAX / 2);
                    let put = Write::put(key.clone(), (number + 1).to_string().into(), None);
                    if matches!(write(store, put.on(Condition::IfVersion(found.version))), Outcome::Put(_)) {
                        break;
                    }
                }
            }
        });
        let found = self.bytes(&key);
        let is_right = found.as_deref() == Some((THREADS * ROUNDS).to_string().as_bytes());
        self.expect(is_right, "a compare-and-swap loses no write of another thread", &found);
        self.write(Write::remove(key));
    }

    /// No read sees a part of a write.
    #[track_caller]
    fn check_wholeness(&self) {
        let store = self.store;
        let key = self.key("whole");
        let length = self.largest.min(20_000);
        self.put(&key, vec![0; length], None);
        together(|number| {
            for round in 0..ROUNDS {
                if number % 2 == 0 {
                    let byte = u8::try_from(round * 2 + number).unwrap_or_default();
                    write(store, Write::put(key.clone(), vec![byte; length].into(), None));
                    continue;
                }
                let found = read(store, &key).map(|found| found.bytes).unwrap_or_default();
                let is_whole = found.len() == length && found.iter().all(|byte| *byte == found[0]);
                assert!(
                    is_whole,
                    "the store {:?}: a read sees each write whole; found {} bytes",
                    store.name(),
                    found.len()
                );
            }
        });
        self.write(Write::remove(key));
    }

    #[track_caller]
    fn check_raises(&self) {
        let Some(counter) = self.store.counter() else { return };
        let key = self.key("raises");
        let store = self.store;
        let raise = |_| {
            let raise = || block_on(counter.raise(&key, 1, None));
            let numbers: Result<Vec<u64>, _> = (0..ROUNDS).map(|_| raise()).collect();
            numbers.unwrap_or_else(|error| panic!("the store {:?}: a raise failed: {error:?}", store.name()))
        };
        let mut numbers: Vec<u64> = together(raise).into_iter().flatten().collect();
        numbers.sort_unstable();
        let expected: Vec<u64> = (1..).take(THREADS * ROUNDS).collect();
        self.expect(numbers == expected, "each raise gets a number of its own, without gaps", &numbers);
        self.write(Write::remove(key));
    }
}
