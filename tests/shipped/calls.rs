//! Hits, misses, invalidation, waiting for others: in the one world there is.

use std::io;
use std::sync::Mutex;
use std::thread;

use cache_core::{Cause, invalidates, memoize, registry, tag};
use futures::executor::block_on;
use serde_json::json;
use tests::{Count, Gate, Latch, in_turn, no_hang, wait_until};

#[test]
fn a_call_runs_its_body_once_for_each_key() {
    static RUNS: Count = Count::new();
    #[memoize]
    fn length(text: &str, times: usize) -> usize {
        RUNS.add();
        text.len() * times
    }

    for _ in 0..3 {
        assert_eq!((length("tom", 1), length("tom", 2), length("kitty", 1)), (3, 6, 5));
    }
    assert_eq!(RUNS.get(), 3);
    let stats = length::memo().stats();
    assert_eq!((stats.misses, stats.hits, stats.stores), (3, 6, 3));
    assert_eq!(length::key("tom", 2).get(), Some(6));
    assert_eq!(length::entry("unheard of", 1).get(), None);
}

#[test]
fn what_a_key_a_tag_or_a_pattern_names_is_gone_at_once() {
    #[memoize(name = "shipped::gone", tags = ["shipped:gone", "shipped:even:{value.1}"])]
    fn run(n: u32) -> (u32, bool) {
        (n, n.is_multiple_of(2))
    }
    let fill = || assert_eq!((0..4).map(|n| run(n).0).sum::<u32>(), 6);
    let left = || (0..4).filter(|n| run::key(*n).is_live()).collect::<Vec<_>>();

    fill();
    assert_eq!(run::key(1).invalidate().count(), 1);
    assert_eq!(left(), [0, 2, 3]);
    fill();
    assert_eq!(tag("shipped:even:true").invalidate().count(), 2);
    assert_eq!(left(), [1, 3]);
    fill();
    assert_eq!(registry().invalidate_matching("shipped::gone(2)").count(), 1);
    assert_eq!(left(), [0, 1, 3]);
    fill();
    assert_eq!(registry().invalidate("shipped::gone", &json!([0])).unwrap().count(), 1);
    assert_eq!(registry().invalidate("shipped::gone", &json!({ "n": 3 })).unwrap().count(), 1);
    assert_eq!(left(), [1, 2]);
    fill();
    assert_eq!(tag("shipped:gone").invalidate().count(), 4);
    assert!(run::memo().is_empty());
}

#[test]
fn a_writer_drops_what_it_names() {
    #[memoize(tags = ["shipped:row:{id}"])]
    fn read(id: u32) -> u32 {
        id
    }
    #[invalidates(tags = ["shipped:row:{id}"])]
    fn write(id: u32) -> Result<(), io::Error> {
        if id == 0 { Err(io::Error::other("refused")) } else { Ok(()) }
    }

    assert_eq!((read(0), read(1)), (0, 1));
    assert!(write(0).is_err());
    write(1).unwrap();
    assert_eq!([0, 1].map(|id| read::key(id).is_live()), [true, false]);
}

#[test]
fn what_is_made_of_an_entry_goes_with_it() {
    #[memoize(tag = "shipped:inner:{n}")]
    fn inner(n: u32) -> u32 {
        n
    }
    #[memoize(inherit_tags)]
    fn outer(n: u32) -> u32 {
        inner(n) + 1
    }

    assert_eq!((outer(1), outer(2)), (2, 3));
    tag("shipped:inner:1").invalidate();
    assert_eq!([1, 2].map(|n| outer::key(n).is_live()), [false, true]);
}

#[test]
fn one_computation_serves_all_who_ask_meanwhile() {
    static RUNS: Count = Count::new();
    static LATCH: Latch = Latch::new();
    #[memoize(max_wait = "1h")]
    fn run(n: u32) -> u32 {
        RUNS.add();
        LATCH.wait();
        n
    }

    no_hang(|| {
        let calls: Vec<_> = (0..8).map(|_| thread::spawn(|| run(7))).collect();
        wait_until(|| run::memo().stats().waits == 7);
        LATCH.open();
        assert!(calls.into_iter().all(|call| call.join().unwrap() == 7));
        assert_eq!(RUNS.get(), 1);
    });
}

#[test]
fn an_invalidation_overtakes_what_is_being_computed() {
    static RUNS: Count = Count::new();
    static STARTED: Latch = Latch::new();
    static LATCH: Latch = Latch::new();
    #[memoize]
    fn run() -> usize {
        let runs = RUNS.add();
        STARTED.open();
        LATCH.wait();
        runs
    }

    no_hang(|| {
        let call = thread::spawn(run);
        STARTED.wait();
        run::key().invalidate();
        LATCH.open();
        assert_eq!(call.join().unwrap(), 0);
        assert_eq!((run::entry().get(), run()), (None, 1));
    });
}

#[test]
fn tasks_share_one_computation_and_survive_who_leaves() {
    static RUNS: Count = Count::new();
    static GATE: Gate = Gate::new();
    #[memoize(max_wait = "1h")]
    async fn run(n: u32) -> u32 {
        RUNS.add();
        GATE.pass().await;
        n
    }

    let mut calls = [(); 4].map(|()| tests::ByHand::new(run(3)));
    assert_eq!(in_turn(&mut calls), [None; 4]);
    let [leader, mut rest @ ..] = calls;
    drop(leader);
    GATE.open();
    assert_eq!(in_turn(&mut rest), [Some(3); 3]);
    // Of the leader that has left, and of the waiter that leads in its place.
    assert_eq!(RUNS.get(), 2);
    assert_eq!(block_on(run::entry(3).get()), Some(3));
}

#[test]
fn errors_and_panics_are_not_kept() {
    static RUNS: Count = Count::new();
    #[memoize]
    fn run(fails: &str) -> Result<u32, String> {
        RUNS.add();
        match fails {
            "fails" => Err("no".to_owned()),
            "panics" => std::panic::resume_unwind(Box::new("no")),
            _ => Ok(1),
        }
    }

    for _ in 0..2 {
        assert!(run("fails").is_err());
        assert!(std::panic::catch_unwind(|| run("panics")).is_err());
        assert_eq!(run("neither"), Ok(1));
    }
    assert_eq!((RUNS.get(), run::memo().len()), (5, 1));
}

#[test]
fn hooks_see_what_happens() {
    static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());
    fn see(what: &str, key: u32) {
        SEEN.lock().unwrap().push(format!("{what} {key}"));
    }
    #[memoize(
        capacity = 2,
        on_miss = |_key| see("miss", n),
        on_store = |_key, value| see("store", *value),
        on_hit = |_key, value| see("hit", *value),
        on_evict = |_key, value, cause| see(if cause == Cause::Invalidated { "gone" } else { "out" }, *value)
    )]
    fn run(n: u32) -> u32 {
        n
    }

    run(1);
    run(1);
    run::key(1).invalidate();
    assert_eq!(*SEEN.lock().unwrap(), ["miss 1", "store 1", "hit 1", "gone 1"]);
    assert!((2..10).all(|n| run(n) == n));
    assert!(run::memo().len() <= 2);
    assert_eq!(SEEN.lock().unwrap().iter().filter(|seen| seen.starts_with("out")).count(), 6);
}

#[test]
fn recursion_and_circles_of_threads_end() {
    #[memoize]
    fn fibonacci(n: u64) -> u64 {
        if n < 2 { n } else { fibonacci(n - 1) + fibonacci(n - 2) }
    }
    #[memoize(max_wait = "1h")]
    fn circle(n: u64, depth: u64) -> u64 {
        if depth == 0 { n } else { circle((n + 1) % 3, depth - 1) }
    }

    no_hang(|| {
        assert_eq!(fibonacci(80), 23_416_728_348_467_685);
        let calls: Vec<_> = (0..3).map(|n| thread::spawn(move || circle(n, 9))).collect();
        for (n, call) in (0..3).zip(calls) {
            assert_eq!(call.join().unwrap(), n);
        }
    });
}
