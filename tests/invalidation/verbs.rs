//! Invalidation by key, pattern, predicate and altogether; and that it wins over what is being
//! computed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use cache_core::testing::Scope;
use cache_core::{memoize, registry, tag};
use tests::{Count, Latch, no_hang, secs, wait_until};

#[test]
fn an_entry_is_gone_and_only_that_entry() {
    #[memoize]
    fn run(n: u32) -> u32 {
        n
    }

    (0..5).for_each(|n| {
        run(n);
    });
    assert_eq!(run::entry(2).invalidate().count(), 1);
    assert_eq!(run::entry(2).invalidate().count(), 0, "what is gone does not count");
    assert_eq!(run::key(7).invalidate().count(), 0, "what was never there does not count");
    assert_eq!(run::memo().len(), 4);
    assert_eq!(run::entry(2).get(), None);
    assert_eq!(run::key(3).invalidate().count(), 1);
    assert_eq!(run::key(4).any().invalidate().count(), 1);
    assert_eq!(run::memo().len(), 2);
    assert_eq!(run::memo().stats().invalidations, 3);
}

#[test]
fn clear_empties_one_memo_and_no_other() {
    #[memoize]
    fn nm(n: u32) -> u32 {
        n
    }
    #[memoize]
    fn nma(n: u32) -> u32 {
        n
    }

    for n in 0..5 {
        nm(n);
        nma(n);
    }
    assert_eq!(nm::memo().clear().count(), 5);
    assert_eq!(nm::memo().clear().count(), 0);
    assert_eq!((nm::memo().len(), nma::memo().len()), (0, 5));
}

#[test]
fn a_pattern_takes_all_that_match_and_no_other() {
    #[memoize(capacity = unbounded)]
    fn big(kind: &str, n: u32) -> u32 {
        let _ = kind;
        n
    }
    #[memoize(capacity = unbounded)]
    fn other(kind: &str, n: u32) -> u32 {
        let _ = kind;
        n
    }

    for n in 0..10_000 {
        big("a", n);
        other("a", n);
    }
    big("b", 1);
    big("ab", 1);
    assert_eq!(big::memo().invalidate_matching(r#"*big("a", *"#).count(), 10_000);
    assert_eq!(big::memo().len(), 2);
    assert_eq!(other::memo().len(), 10_000);
    assert_eq!(big::memo().invalidate_matching("*(\"?\", 1)").count(), 1);
    assert!(big::key("ab", 1).is_live());
    assert_eq!(big::memo().invalidate_matching("nothing").count(), 0);
}

#[test]
fn a_pattern_over_all_memos() {
    #[memoize(name = "zoo::cats")]
    fn cats(n: u32) -> u32 {
        n
    }
    #[memoize(name = "zoo::dogs")]
    fn dogs(n: u32) -> u32 {
        n
    }
    #[memoize(name = "farm::dogs")]
    fn farm(n: u32) -> u32 {
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    for n in 0..3 {
        cats(n);
        dogs(n);
        farm(n);
    }
    assert_eq!(registry().invalidate_matching("zoo::*(1)").count(), 2);
    assert_eq!(registry().invalidate_matching("zoo::*").count(), 4);
    assert_eq!(farm::memo().len(), 3);
}

#[test]
fn a_predicate_sees_key_and_value() {
    #[memoize]
    fn square(n: i64) -> i64 {
        n * n
    }
    #[memoize]
    fn checked(n: i64) -> Result<i64, String> {
        Ok(n)
    }

    (0..10).for_each(|n| {
        square(n);
        checked(n).unwrap();
    });
    assert_eq!(square::memo().invalidate_if(|_, value| *value >= 25).count(), 5);
    assert_eq!(
        square::memo().invalidate_if(|key, _| key.to_string() == "invalidation::verbs::square(4)").count(),
        1
    );
    assert_eq!(square::memo().len(), 4);
    assert_eq!(checked::memo().invalidate_if(|_, value| *value > 7).count(), 2);
    assert_eq!(
        square::memo().invalidate_if(|key, _| key.function() != "invalidation::verbs::square").count(),
        0
    );
}

#[test]
fn what_is_past_its_ttl_does_not_count() {
    #[memoize(ttl = 10, tag = "invalidation::verbs::late")]
    fn run(n: u32) -> u32 {
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let fill = || (0..3).for_each(|n| assert_eq!(run(n), n));
    for invalidate in [
        || run::entry(1).invalidate(),
        || run::memo().clear(),
        || run::memo().invalidate_matching("*"),
        || run::memo().invalidate_if(|_, _| true),
        || tag("invalidation::verbs::late").invalidate(),
    ] {
        fill();
        scope.advance(secs(10));
        assert_eq!(invalidate().count(), 0);
    }
}

/// A function whose computation stands still until it is let go, in a scope of its own.
struct Stage {
    scope: Scope,
    started: Latch,
    go: Latch,
    /// What the body reads: raised before each invalidation, as a writer would.
    truth: AtomicU64,
}

impl Stage {
    fn new() -> Self {
        Self { scope: Scope::new(), started: Latch::new(), go: Latch::new(), truth: AtomicU64::new(1) }
    }

    /// The body: reads the truth, then is slow the first time.
    fn compute(&self) -> u64 {
        let truth = self.truth.load(Ordering::SeqCst);
        if truth == 1 {
            self.started.open();
            self.go.wait();
        }
        truth
    }

    /// An invalidation while the leader computes from before it: whoever waited before may have the
    /// old value, nothing keeps it, whoever comes after gets the new one, at once where the flight is
    /// known to be doomed.
    fn play(
        &self,
        call: impl Fn() -> u64 + Sync,
        waits: impl Fn() -> u64 + Sync,
        get: impl Fn() -> Option<u64>,
        invalidate: impl FnOnce(),
    ) {
        thread::scope(|threads| {
            let (scope, call) = (&self.scope, &call);
            let leader = threads.spawn(|| {
                let _inside = scope.enter();
                call()
            });
            self.started.wait();
            let waiter = threads.spawn(|| {
                let _inside = scope.enter();
                call()
            });
            let _inside = self.scope.enter();
            wait_until(|| waits() == 1);
            self.truth.store(2, Ordering::SeqCst);
            invalidate();
            let late = threads.spawn(|| {
                let _inside = scope.enter();
                call()
            });
            // Either it computes by itself at once or it waits, to find out that it must.
            wait_until(|| late.is_finished() || waits() == 2);
            self.go.open();
            assert_eq!(leader.join().unwrap(), 1, "the caller gets what was computed for it");
            assert_eq!(waiter.join().unwrap(), 1, "who waited before gets it too");
            assert_eq!(late.join().unwrap(), 2, "who came after does not");
            assert_ne!(get(), Some(1), "what was overtaken is not stored");
            assert_eq!(call(), 2);
        });
    }
}

/// One invalidation that must win over a computation.
macro_rules! wins {
    ($($(#[$doc:meta])* $test:ident($($options:tt)*) by $invalidate:expr;)*) => { $(
        $(#[$doc])*
        #[test]
        fn $test() {
            static STAGE: std::sync::LazyLock<Stage> = std::sync::LazyLock::new(Stage::new);
            #[memoize($($options)*)]
            fn read(n: u32) -> u64 {
                let _ = n;
                STAGE.compute()
            }
            fn invalidate() {
                let invalidate: fn(cache_core::Key<u64>, cache_core::Memo<u64>) = $invalidate;
                invalidate(read::key(1), read::memo());
            }
            no_hang(|| {
                STAGE.play(|| read(1), || read::memo().stats().waits, || read::entry(1).get(), invalidate);
                let _inside = STAGE.scope.enter();
                assert_eq!(read::memo().stats().overtaken, 1);
            });
        }
    )* };
}

wins! {
    invalidation_by_key_wins() by |key, _| { key.invalidate(); };
    invalidation_by_fixed_tag_wins(tag = "wins") by |_, _| { tag("wins").invalidate(); };
    invalidation_by_a_tag_from_an_argument_wins(tags = ["wins:{n}"]) by |_, _| { tag("wins:1").invalidate(); };
    /// Nothing carries the tag yet when it is invalidated.
    invalidation_by_a_tag_from_the_result_wins(tags = ["truth:{value}"]) by |_, _| { tag("truth:1").invalidate(); };
    invalidation_by_pattern_wins() by |_, memo| { memo.invalidate_matching("*(1)"); };
    invalidation_by_registry_pattern_wins() by |_, _| { registry().invalidate_matching("*read(1)"); };
    invalidation_by_predicate_wins() by |_, memo| { memo.invalidate_if(|_, _| false); };
    clear_wins() by |_, memo| { memo.clear(); };
    invalidation_by_json_wins() by |key, _| {
        let name = key.memo().name().to_owned();
        registry().invalidate(&name, &serde_json::json!([1])).unwrap();
    };
}

#[test]
fn an_insert_supersedes_what_is_being_computed() {
    static STAGE: std::sync::LazyLock<Stage> = std::sync::LazyLock::new(Stage::new);
    #[memoize]
    fn read(n: u32) -> u64 {
        let _ = n;
        STAGE.compute()
    }

    no_hang(|| {
        STAGE.play(
            || read(1),
            || read::memo().stats().waits,
            || read::entry(1).get(),
            || assert!(read::entry(1).insert(2)),
        );
        let _inside = STAGE.scope.enter();
        assert_eq!(read::entry(1).get(), Some(2));
    });
}

/// Nobody else need know of it: the memo has no options.
#[test]
fn an_insert_over_an_entry_supersedes_its_refresh() {
    static STARTED: Latch = Latch::new();
    static GO: Latch = Latch::new();
    static RUNS: Count = Count::new();
    #[memoize]
    fn read(n: u32) -> usize {
        let _ = n;
        let run = RUNS.add();
        if run == 1 {
            STARTED.open();
            GO.wait();
        }
        run
    }

    no_hang(|| {
        assert_eq!(read(1), 0);
        let refresh = thread::spawn(|| read::entry(1).refresh());
        STARTED.wait();
        assert!(read::entry(1).insert(50));
        assert_eq!(read(1), 50);
        GO.open();
        assert_eq!(refresh.join().unwrap(), 1);
        assert_eq!((read(1), read::memo().len()), (50, 1));
    });
}

#[test]
fn a_refresh_supersedes_what_is_being_computed() {
    static STAGE: std::sync::LazyLock<Stage> = std::sync::LazyLock::new(Stage::new);
    #[memoize]
    fn read(n: u32) -> u64 {
        let _ = n;
        STAGE.compute()
    }

    no_hang(|| {
        STAGE.play(
            || read(1),
            || read::memo().stats().waits,
            || read::entry(1).get(),
            || assert_eq!(read::entry(1).refresh(), 2),
        );
        let _inside = STAGE.scope.enter();
        assert_eq!(read::entry(1).get(), Some(2));
    });
}

#[test]
fn invalidation_of_one_key_leaves_the_others_computation_alone() {
    static STARTED: Latch = Latch::new();
    static GO: Latch = Latch::new();
    #[memoize(tags = ["one:{n}"])]
    fn read(n: u32) -> u32 {
        STARTED.open();
        GO.wait();
        n
    }

    no_hang(|| {
        let scope = Scope::new();
        thread::scope(|threads| {
            threads.spawn(|| {
                let _inside = scope.enter();
                read(1)
            });
            STARTED.wait();
            let _inside = scope.enter();
            read::entry(2).invalidate();
            tag("one:2").invalidate();
            read::memo().invalidate_matching("*(2)");
            GO.open();
        });
        let _inside = scope.enter();
        assert_eq!(read::entry(1).get(), Some(1));
    });
}

#[test]
fn a_later_caller_does_not_wait_for_a_doomed_computation() {
    static STARTED: Latch = Latch::new();
    static GO: Latch = Latch::new();
    static RUNS: Count = Count::new();
    #[memoize]
    fn read(n: u32) -> usize {
        let _ = n;
        let run = RUNS.add();
        if run == 0 {
            STARTED.open();
            GO.wait();
        }
        run
    }

    no_hang(|| {
        let first = thread::spawn(|| read(1));
        STARTED.wait();
        read::entry(1).invalidate();
        // Returns although the first computation still stands.
        assert_eq!(read(1), 1);
        assert_eq!(read(1), 1, "the later computation is stored while the doomed one goes on");
        GO.open();
        assert_eq!(first.join().unwrap(), 0);
        assert_eq!(read(1), 1, "the doomed one does not take its place");
        assert_eq!(RUNS.get(), 2);
    });
}

#[test]
fn nobody_gets_an_invalidated_value_through_a_nested_call() {
    static STAGE: std::sync::LazyLock<Stage> = std::sync::LazyLock::new(Stage::new);
    #[memoize(tag = "nested")]
    fn inner(n: u32) -> u64 {
        let _ = n;
        STAGE.compute()
    }
    #[memoize(tag = "nested")]
    fn outer(n: u32) -> u64 {
        inner(n)
    }

    no_hang(|| {
        STAGE.play(
            || outer(1),
            || outer::memo().stats().waits,
            || outer::entry(1).get(),
            || {
                tag("nested").invalidate();
            },
        );
    });
}

#[test]
fn an_invalidation_from_within_the_body_wins() {
    static RUNS: Count = Count::new();
    #[memoize(tags = ["self:{n}"])]
    fn read(n: u32) -> usize {
        if RUNS.add() == 0 {
            tag(format!("self:{n}")).invalidate();
        }
        n as usize
    }
    #[memoize]
    fn by_key(n: u32) -> usize {
        by_key::entry(n).invalidate();
        n as usize
    }

    assert_eq!(read(1), 1);
    assert_eq!(read::entry(1).get(), None);
    assert_eq!(read(1), 1);
    assert_eq!(read::entry(1).get(), Some(1));
    assert_eq!(by_key(1), 1);
    assert_eq!(by_key::entry(1).get(), None);
}

#[test]
fn what_is_done_can_be_ignored_or_asked() {
    #[memoize]
    fn run(n: u32) -> u32 {
        n
    }

    run(1);
    let applied = run::entry(1).invalidate();
    assert_eq!(format!("{applied:?}"), "Applied { count: 1 }");
}

#[test]
fn an_update_is_not_made_of_what_its_tag_has_invalidated_meanwhile() {
    #[memoize(tags = ["step:{value}"])]
    fn count(n: u64) -> u64 {
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    count(1);
    let updated = count::entry(1).update(|value| {
        tag("step:1").invalidate();
        value + 1
    });
    assert_eq!((updated, count::entry(1).get()), (None, None), "changed what was invalidated");
}

#[test]
fn what_is_made_of_what_a_predicate_picks_goes_with_it() {
    static TRUTH: AtomicU64 = AtomicU64::new(1);
    #[memoize(capacity = 100)]
    fn read(depth: u64) -> u64 {
        if depth == 0 { TRUTH.load(Ordering::SeqCst) } else { read(depth - 1) }
    }

    read(0);
    TRUTH.store(2, Ordering::SeqCst);
    read::memo().invalidate_if(|_, _| {
        // As another thread might.
        read(1);
        true
    });
    assert_eq!(read(1), 2, "made of what was invalidated");
}

#[test]
fn a_refresh_while_entries_are_judged_leaves_nothing_older() {
    static ORIGIN: AtomicU64 = AtomicU64::new(1);
    #[memoize]
    fn run(n: u64) -> u64 {
        n * ORIGIN.load(Ordering::Relaxed)
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    run(1);
    run::memo().invalidate_if(|_, _| {
        ORIGIN.store(2, Ordering::Relaxed);
        assert_eq!(run::entry(1).refresh(), 2);
        assert_ne!(run::entry(1).get(), Some(1), "what was refreshed is still served");
        false
    });
    assert_eq!(run(1), 2);
}
