//! Workers of rayon that wait for what is beneath them, without the feature `rayon`: `max_wait` lets them go.

use cache_core::memoize;
use rayon::prelude::*;
use tests::{Count, Latch, no_hang};

fn pool() -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap()
}

// One worker leads the call and joins a job that the other has taken. On the other's stack, above that
// job, a call waits for the first: it is let go after `max_wait`.
#[test]
fn a_leader_may_wait_for_a_job_beneath_one_of_its_waiters() {
    static BODIES: Count = Count::new();
    static TAKEN: Latch = Latch::new();
    #[memoize(max_wait = "50ms")]
    fn total(n: u64) -> u64 {
        let first = BODIES.add() == 0;
        let (left, right) = rayon::join(
            || {
                if first {
                    // Until the other worker has the job, and the call above it.
                    TAKEN.wait();
                }
                n
            },
            || {
                if first {
                    // What a worker does that looks for work in the midst of a job.
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
    assert_eq!(no_hang(|| pool().install(|| total(20))), 41);
    let stats = total::memo().stats();
    assert_eq!((BODIES.get(), stats.in_place, stats.stores), (2, 1, 1));
}

#[test]
fn a_parallel_iterator_in_a_function_that_is_called_in_parallel_ends() {
    #[memoize(max_wait = "50ms")]
    fn sum(n: u64) -> u64 {
        (0..64_u64).into_par_iter().map(|m| m + part(n, m % 4)).sum()
    }
    #[memoize(max_wait = "50ms")]
    fn part(n: u64, m: u64) -> u64 {
        (0..16_u64).into_par_iter().map(|k| n + m + k).sum()
    }
    let sums: Vec<u64> = no_hang(|| {
        let pool = pool();
        pool.install(|| (0..32_u64).into_par_iter().map(|n| sum(n % 4)).collect())
    });
    for (n, total) in (0..32_u64).zip(sums) {
        let n = n % 4;
        let part = |m: u64| (0..16).map(|k| n + m + k).sum::<u64>();
        assert_eq!(total, (0..64).map(|m| m + part(m % 4)).sum::<u64>());
    }
    assert_eq!(sum::memo().len(), 4);
}
