//! Workers of rayon that wait for what is beneath them on their own stacks. Nobody is let go by `max_wait` here
//! before the test is taken to hang.

use std::sync::mpsc::channel;
use std::thread;

use cache_core::memoize;
use tests::{Count, Latch, millis, no_hang};

fn workers(count: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(count).build().unwrap()
}

/// One worker leads the call and joins a part of it that the other has taken. Above that part, on the other's
/// stack, a call waits for the first.
#[test]
fn a_worker_does_not_wait_for_what_is_beneath_it() {
    static BODIES: Count = Count::new();
    static TAKEN: Latch = Latch::new();
    #[memoize(max_wait = "10m")]
    fn total(n: u64) -> u64 {
        let first = BODIES.add() == 0;
        let (left, right) = rayon::join(
            || {
                if first {
                    // Until the other worker has the part, and the call above it.
                    TAKEN.wait();
                }
                n
            },
            || {
                if first {
                    // What a worker does that looks for work in the midst of a part.
                    rayon::spawn(move || {
                        TAKEN.open();
                        total(n);
                    });
                    while rayon::yield_local() == Some(rayon::Yield::Executed) {}
                }
                n + 1
            },
        );
        left + right
    }
    assert_eq!(no_hang(|| workers(2).install(|| total(20))), 41);
    let stats = total::memo().stats();
    assert_eq!((BODIES.get(), stats.in_place, stats.stores), (2, 1, 1));
}

/// The same where the call is led by a thread that is no worker, and has its parts done by workers.
#[test]
fn a_worker_does_not_wait_for_what_another_thread_leads() {
    static BODIES: Count = Count::new();
    #[memoize(max_wait = "10m", skip(pool))]
    fn total(pool: &rayon::ThreadPool, n: u64) -> u64 {
        if BODIES.add() > 0 {
            return n;
        }
        pool.install(|| {
            rayon::spawn(move || assert_eq!(total::key(n).get(), None));
            rayon::spawn(move || assert_eq!(call(n), n));
            while rayon::yield_local() == Some(rayon::Yield::Executed) {}
            n
        })
    }
    fn call(n: u64) -> u64 {
        total(&workers(1), n)
    }
    assert_eq!(no_hang(|| call(20)), 20);
    assert_eq!((BODIES.get(), total::memo().stats().in_place), (2, 1));
}

fn tree(depth: u32, k: u64) -> u64 {
    if depth == 0 {
        thread::sleep(millis(1 + k % 3));
        return 1;
    }
    let (a, b) = rayon::join(|| tree(depth - 1, k), || tree(depth - 1, k + 1));
    a + b
}

/// Many calls at once, on few workers, of a body that is computed in many parts.
#[test]
fn calls_from_several_workers_of_a_body_in_parts_end() {
    const ROUNDS: u64 = 5;
    const CALLS: u64 = 8;
    #[memoize(max_wait = "10m")]
    fn slow(k: u64) -> u64 {
        tree(6, k)
    }
    let sums: Vec<u64> = no_hang(|| {
        let pool = workers(4);
        let round = |round| {
            let (sender, receiver) = channel();
            for n in 0..CALLS {
                let sender = sender.clone();
                pool.spawn(move || sender.send(slow(round)).unwrap());
                if n == 0 {
                    thread::sleep(millis(15));
                }
            }
            drop(sender);
            receiver.iter().sum()
        };
        (0..ROUNDS).map(round).collect()
    });
    assert_eq!(sums, vec![64 * CALLS; 5]);
    let stats = slow::memo().stats();
    assert_eq!(stats.stores, ROUNDS, "stored twice");
    assert!(stats.in_place < ROUNDS * CALLS && stats.waits < ROUNDS * CALLS, "{stats:?}");
}

#[test]
fn parallel_iterators_within_parallel_iterators_end() {
    use rayon::prelude::*;
    #[memoize(max_wait = "10m")]
    fn sum(n: u64) -> u64 {
        (0..64_u64).into_par_iter().map(|m| m + part(n, m % 4)).sum()
    }
    #[memoize(max_wait = "10m")]
    fn part(n: u64, m: u64) -> u64 {
        (0..16_u64).into_par_iter().map(|k| n + m + k).sum()
    }
    let sums: Vec<u64> =
        no_hang(|| workers(2).install(|| (0..32_u64).into_par_iter().map(|n| sum(n % 4)).collect()));
    for (n, total) in (0..32_u64).zip(sums) {
        let n = n % 4;
        let part = |m: u64| (0..16).map(|k| n + m + k).sum::<u64>();
        assert_eq!(total, (0..64).map(|m| m + part(m % 4)).sum::<u64>());
    }
}

/// Other threads wait as ever, however long it takes.
#[test]
fn who_is_no_worker_waits_for_who_computes() {
    static RUNS: Count = Count::new();
    static LATCH: Latch = Latch::new();
    #[memoize(max_wait = "10m")]
    fn run(n: u64) -> u64 {
        RUNS.add();
        LATCH.wait();
        n
    }
    no_hang(|| {
        let pool = workers(1);
        let (send, values) = channel();
        pool.spawn(move || send.send(run(1)).unwrap());
        tests::wait_until(|| RUNS.get() == 1);
        let waiter = thread::spawn(|| run(1));
        tests::wait_until(|| run::memo().stats().waits == 1);
        thread::sleep(millis(50));
        assert!(!waiter.is_finished());
        LATCH.open();
        assert_eq!((values.recv().unwrap(), waiter.join().unwrap()), (1, 1));
        assert_eq!((RUNS.get(), run::memo().stats().in_place), (1, 0));
    });
}
