//! What a call costs does not grow with what is there already: threads, memos, entries, tasks.
//!
//! Each test compares two costs of one run, the same work where there is little and where there is much, and
//! allows for far more than noise; what it excludes is a cost that grows with how much there is.

use std::future::Future;
use std::sync::Barrier;
use std::sync::mpsc::channel;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use cache_core::{Memo, memoize, tag};
use futures::FutureExt;

/// How long this thread takes for something, on a processor where the system tells, so that it does not matter who
/// else runs.
fn time(run: impl FnOnce()) -> Duration {
    let on_processor = || {
        let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        stat.split(' ').next()?.parse().ok().map(Duration::from_nanos)
    };
    let (begin, before) = (Instant::now(), on_processor());
    run();
    match (before, on_processor()) {
        (Some(before), Some(after)) if after > before => after.saturating_sub(before),
        _ => begin.elapsed(),
    }
}

/// The median time of some runs.
fn median(runs: usize, mut run: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..runs).map(|_| time(&mut run)).collect();
    times.sort_unstable();
    times[runs / 2]
}

/// How many times as much one takes as the other.
fn ratio(more: Duration, less: Duration) -> f64 {
    let ratio = more.as_secs_f64() / less.as_secs_f64();
    println!("{more:?} / {less:?} = {ratio:.1}");
    ratio
}

fn on_a_large_stack(run: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().stack_size(1 << 30).spawn(run).unwrap();
    thread.join().unwrap();
}

#[test]
fn a_miss_does_not_pay_for_threads_that_have_ended() {
    const THREADS: usize = 2_000;
    #[memoize(capacity = 100)]
    fn double(n: u64) -> u64 {
        n * 2
    }

    let mut next = 0;
    let mut misses = || {
        median(9, || {
            for _ in 0..200 {
                next += 1;
                double(next);
            }
        })
    };
    misses();
    let before = misses();
    let all_read = Barrier::new(THREADS);
    thread::scope(|scope| {
        let all_read = &all_read;
        let (last_may_end, may_end) = channel::<()>();
        let mut last = Some(may_end);
        let threads: Vec<_> = (0..THREADS)
            .map(|at| {
                // The one that has come last stays.
                let may_end = if at == THREADS - 1 { last.take() } else { None };
                let run = move || {
                    double(1);
                    all_read.wait();
                    if let Some(may_end) = may_end {
                        let _ = may_end.recv();
                    }
                };
                thread::Builder::new().stack_size(128 << 10).spawn_scoped(scope, run).unwrap()
            })
            .collect();
        threads.into_iter().take(THREADS - 1).for_each(|thread| thread.join().unwrap());
        let after = misses();
        drop(last_may_end);
        assert!(ratio(after, before) < 8.0, "a miss pays for threads that have ended");
    });
}

#[test]
fn deep_recursion_that_inherits_tags_takes_time_in_proportion_to_its_depth() {
    #[memoize(inherit_tags, capacity = unbounded)]
    fn sum(chain: u64, n: u64) -> u64 {
        if n == 0 { 0 } else { n + sum(chain, n - 1) }
    }
    #[memoize(inherit_tags, capacity = unbounded)]
    fn failing(chain: u64, n: u64) -> Result<u64, u64> {
        if n == 0 { Err(7) } else { failing(chain, n - 1) }
    }

    on_a_large_stack(|| {
        let mut chain = 0;
        let mut take = |depth| {
            median(5, || {
                chain += 1;
                assert_eq!(sum(chain, depth), depth * (depth + 1) / 2);
            })
        };
        take(100);
        let (short, long) = (take(100), take(1_600));
        assert!(ratio(long, short) < 80.0, "sixteen times as deep");
        let mut take = |depth| {
            median(5, || {
                chain += 1;
                assert_eq!(failing(chain, depth), Err(7));
            })
        };
        let (short, long) = (take(100), take(1_600));
        assert!(ratio(long, short) < 80.0, "sixteen times as deep, and failing");
    });
}

#[test]
fn an_entry_that_was_computed_from_a_long_chain_costs_what_one_from_a_short_chain_does() {
    #[memoize(inherit_tags, capacity = unbounded)]
    fn next(n: u64) -> u64 {
        if n == 0 { 0 } else { next(n - 1) + 1 }
    }

    let mut at = 0;
    let mut build = |entries| {
        time(|| {
            for _ in 0..entries {
                assert_eq!(next(at), at);
                at += 1;
            }
        })
    };
    build(100);
    let first = build(500);
    build(7_000);
    let last = build(500);
    assert!(ratio(last, first) < 5.0, "it costs more the longer the chain");
    // Whatever one of them was computed from goes with it, and nothing else.
    assert_eq!(next::entry(100).invalidate().count(), 8_000);
    assert!(next::entry(99).get().is_some());
    assert!(next::entry(101).get().is_none() && next::entry(8_099).get().is_none());
}

#[derive(Default)]
struct Home {
    cats: Memo<u64>,
    pages: Memo<u64>,
    tagged: Memo<u64>,
}

impl Home {
    #[memoize(memo = self.cats, capacity = 10)]
    fn cat(&self, n: u64) -> u64 {
        n
    }

    #[memoize(memo = self.pages, capacity = 10, inherit_tags)]
    fn page(&self, n: u64) -> u64 {
        self.cat(n) + 1
    }

    #[memoize(memo = self.tagged, capacity = 10, tags = [format!("growth:home:{}", n.min(1))])]
    fn tagged(&self, n: u64) -> u64 {
        n
    }
}

#[test]
fn a_new_instance_costs_the_same_however_many_there_are() {
    let mut homes = Vec::new();
    let mut some = |count| {
        time(|| {
            for _ in 0..count {
                let home = Home::default();
                assert_eq!(home.page(1), 2);
                homes.push(home);
            }
        })
    };
    some(50);
    let first = some(200);
    some(8_000);
    let last = some(200);
    assert!(ratio(last, first) < 8.0, "an instance pays for the others");
}

#[test]
fn a_store_costs_the_same_however_many_memos_carry_its_tag() {
    fn stores(home: &Home) -> Duration {
        let mut n = 0;
        median(9, || {
            for _ in 0..100 {
                n += 1;
                home.tagged(n);
            }
        })
    }

    let first = Home::default();
    stores(&first);
    let few = stores(&first);
    let homes: Vec<Home> = (0..10_000).map(|_| Home::default()).collect();
    for home in &homes {
        home.tagged(1);
    }
    let last = Home::default();
    let many = stores(&last);
    assert!(ratio(many, few) < 4.0, "a store pays for other memos of the tag");
    assert_eq!(tag("growth:home:1").invalidate().count(), 10_020);
}

#[test]
fn a_task_that_waits_costs_the_same_however_many_wait() {
    type Done = futures::future::Shared<futures::channel::oneshot::Receiver<()>>;

    #[memoize(skip(done), max_wait = "1000s")]
    async fn slow(n: u64, done: Done) -> u64 {
        done.await.unwrap();
        n
    }

    fn wait(n: u64, tasks: usize) {
        let (tell, done) = futures::channel::oneshot::channel();
        let done = done.shared();
        let mut cx = Context::from_waker(Waker::noop());
        let mut calls: Vec<_> = (0..tasks).map(|_| Box::pin(slow(n, done.clone()))).collect();
        // Twice, since a task is polled more than once.
        for _ in 0..2 {
            assert!(calls.iter_mut().all(|call| call.as_mut().poll(&mut cx).is_pending()));
        }
        tell.send(()).unwrap();
        // Some leave, those who have come last and those who have come after the first, before the rest is told.
        calls.truncate(tasks * 3 / 4);
        calls.drain(1..tasks / 4);
        assert!(calls.iter_mut().all(|call| call.as_mut().poll(&mut cx) == Poll::Ready(n)));
    }

    wait(0, 500);
    let few = time(|| wait(1, 1_000));
    let many = time(|| wait(2, 16_000));
    assert!(ratio(many, few) < 80.0, "sixteen times as many tasks");
}
