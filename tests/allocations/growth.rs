//! Nothing grows with the number of calls ever made: what is held is bounded, in bytes too.
#![allow(
    clippy::items_after_statements,
    reason = "nothing may be counted before the test has the process for itself"
)]

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;

use cache_core::testing::Scope;
use cache_core::{memoize, registry, tag};
use tests::{ByHand, Count, Latch, no_hang, now, secs, wait_until};

use crate::{HELD, alone, bytes_kept};

/// The bytes that `turn` leaves behind over many turns, once everything has reached its size.
fn growth(turns: u64, mut turn: impl FnMut(u64)) -> isize {
    (0..turns).for_each(&mut turn);
    // What leaks does so in each of the three. A table that happens to double does so in one of them.
    let mut least = isize::MAX;
    for from in [turns, 4 * turns, 7 * turns] {
        let before = HELD.load(Ordering::Relaxed);
        (from..from + 3 * turns).for_each(&mut turn);
        least = least.min(HELD.load(Ordering::Relaxed) - before);
        if least < SLACK {
            break;
        }
    }
    least
}

/// What may come and go without being a leak: the capacity of tables and queues.
const SLACK: isize = 48 * 1024;

#[test]
fn entries_and_keys() {
    let _alone = alone();
    #[memoize(capacity = 100)]
    fn fifo(key: String) -> String {
        key
    }
    #[memoize(capacity = 100, policy = Lru)]
    fn lru(key: String) -> String {
        key
    }
    let grown = growth(10_000, |n| {
        fifo(n.to_string());
        lru(n.to_string());
    });
    assert!(grown < SLACK, "grew by {grown} bytes");
}

#[test]
fn tags() {
    let _alone = alone();
    #[memoize(capacity = 100, tags = ["of:{n}", "and:{value}"])]
    fn run(n: u64) -> u64 {
        n + 1_000_000
    }
    let grown = growth(10_000, |n| {
        run(n);
        if n % 3 == 0 {
            tag(format!("of:{n}")).invalidate();
        }
        // Of tags that nothing ever carried.
        tag(format!("nobody:{n}")).invalidate();
    });
    assert!(grown < SLACK, "grew by {grown} bytes");
    assert!(run::memo().tags().len() <= 200);
}

#[test]
fn invalidated_entries() {
    let _alone = alone();
    #[memoize(capacity = unbounded, tags = ["parity:{value}"])]
    fn run(n: u64) -> u64 {
        n % 2
    }
    let grown = growth(10_000, |n| {
        run(n);
        match n % 5 {
            0 => run::key(n).invalidate(),
            1 => run::memo().invalidate_matching("*"),
            2 => run::memo().clear(),
            3 => run::memo().invalidate_if(|_, _| true),
            _ => tag(format!("parity:{}", n % 2)).invalidate(),
        };
    });
    assert!(grown < SLACK, "grew by {grown} bytes");
}

#[test]
fn errors_panics_and_refused_values() {
    let _alone = alone();
    #[memoize]
    fn fails(n: u64) -> Result<u64, String> {
        Err(n.to_string())
    }
    #[memoize(cache_if = |_value| false, tags = ["refused:{n}"])]
    fn refused(n: u64) -> u64 {
        n
    }
    #[memoize(capacity = 10, weigh = |_key, _value| 11, tags = ["heavy:{n}"])]
    fn heavy(n: u64) -> u64 {
        n
    }
    #[memoize(tags = ["gone:{n}"])]
    fn overtaken(n: u64) -> u64 {
        overtaken::key(n).invalidate();
        n
    }
    let grown = growth(5_000, |n| {
        let _ = fails(n);
        refused(n);
        heavy(n);
        overtaken(n);
    });
    assert!(grown < SLACK, "grew by {grown} bytes");
    assert!(refused::memo().is_empty() && heavy::memo().is_empty() && overtaken::memo().is_empty());
}

#[test]
fn expired_entries_are_reclaimed() {
    let _alone = alone();
    #[memoize(ttl = 1, capacity = unbounded, tags = ["expired:{n}"])]
    fn run(n: u64) -> Arc<[u8]> {
        vec![0; usize::try_from(n % 64).unwrap()].into()
    }
    let scope = Scope::new();
    let _inside = scope.enter();
    let grown = growth(10_000, |n| {
        run(n);
        if n % 500 == 0 {
            scope.advance(secs(1));
            run::memo().sweep();
        }
    });
    assert!(grown < SLACK, "grew by {grown} bytes");
}

#[test]
fn what_was_held_is_given_back() {
    let _alone = alone();
    #[memoize(capacity = unbounded, tags = ["back:{n}", "back"])]
    fn run(n: u64) -> String {
        format!("{n:0>100}")
    }
    run(0);
    run::memo().clear();
    let before = HELD.load(Ordering::Relaxed);
    for n in 0..50_000 {
        run(n);
    }
    assert!(HELD.load(Ordering::Relaxed) - before > 50_000 * 100);
    assert_eq!(tag("back").invalidate().count(), 50_000);
    // In the background: so many are not taken out within the call.
    wait_until(|| HELD.load(Ordering::Relaxed) - before < SLACK);
}

#[test]
fn an_unbounded_memo_that_is_bounded_gives_back() {
    let _alone = alone();
    #[memoize(capacity = unbounded)]
    fn run(n: u64) -> String {
        format!("{n:0>100}")
    }
    run(0);
    let before = HELD.load(Ordering::Relaxed);
    for n in 0..50_000 {
        run(n);
    }
    run::memo().set_capacity(10).unwrap();
    let left = HELD.load(Ordering::Relaxed) - before;
    assert!(left < SLACK, "{left} bytes left");
}

/// Whether no tenth is left of what was held at the height.
fn fell_to_a_tenth(before: isize, height: isize) -> bool {
    (HELD.load(Ordering::Relaxed) - before) * 10 < height - before
}

#[test]
fn a_memo_that_was_cleared_gives_back() {
    let _alone = alone();
    #[memoize(capacity = 200_000)]
    fn run(n: u64) -> u64 {
        n
    }
    let before = HELD.load(Ordering::Relaxed);
    for n in 0..200_000 {
        run(n);
    }
    let height = HELD.load(Ordering::Relaxed);
    assert!(height - before > 200_000 * 32);
    run::memo().clear();
    wait_until(|| fell_to_a_tenth(before, height));
    assert_eq!((run(1), run::memo().len()), (1, 1));
}

#[test]
fn a_memo_most_of_whose_entries_have_expired_gives_back() {
    const KEPT: u64 = 100;
    let _alone = alone();
    #[memoize(capacity = 200_000, ttl = |value| secs(if *value % KEPT == 0 { 100 } else { 1 }))]
    fn bounded(n: u64) -> u64 {
        n
    }
    #[memoize(capacity = unbounded, ttl = |value| secs(if *value % KEPT == 0 { 100 } else { 1 }))]
    fn unbounded(n: u64) -> u64 {
        n
    }
    fn check(call: impl Fn(u64) -> u64, memo: impl Fn() -> cache_core::Memo<u64>) {
        let scope = Scope::new();
        let _inside = scope.enter();
        let before = HELD.load(Ordering::Relaxed);
        for n in 0..200_000 {
            call(n);
        }
        let height = HELD.load(Ordering::Relaxed);
        scope.advance(secs(1));
        memo().sweep();
        assert!(fell_to_a_tenth(before, height), "{} of {height} bytes", HELD.load(Ordering::Relaxed));
        for n in (0..200_000).step_by(usize::try_from(KEPT).unwrap()) {
            assert_eq!(call(n), n);
        }
        assert_eq!(memo().stats().hits, 200_000 / KEPT, "what has not expired is found");
    }
    check(bounded, || bounded::memo().clone());
    check(unbounded, || unbounded::memo().clone());
}

#[test]
fn a_memo_that_is_not_called_is_small() {
    let _alone = alone();
    macro_rules! memos {
        ($($name:ident: $options:tt),*) => {
            $(
                #[memoize $options]
                fn $name(n: u64) -> u64 {
                    n
                }
            )*
            // What the process has once.
            memos![@ first];
            $(memos![@ $name];)*
        };
        (@ $name:ident) => {
            let bytes = bytes_kept(|| {
                let _ = $name::memo();
            });
            assert!(stringify!($name) == "first" || bytes <= 1024, "{bytes} bytes for {}", stringify!($name));
        };
    }
    #[memoize]
    fn first(n: u64) -> u64 {
        n
    }
    memos! {
        plain: (capacity = 10_000),
        large: (capacity = 1_000_000, ttl = 300, tags = ["cat:{n}"]),
        unbounded: (capacity = unbounded, idle = "1h"),
        lru: (capacity = 100, policy = Lru),
        ahead: (ttl = 300, refresh_ahead = 0.5, stale_while_revalidate = "1h")
    }
    assert_eq!((first(1), plain(1), large(1), unbounded(1), lru(1), ahead(1)), (1, 1, 1, 1, 1, 1));
}

/// Key and value included.
#[test]
fn an_entry_is_small() {
    let _alone = alone();
    #[memoize(ttl = 3_600, capacity = 100_000)]
    fn run(n: u64) -> u64 {
        n
    }
    #[memoize]
    fn first(n: u64) -> u64 {
        n
    }
    first(1);
    let bytes = bytes_kept(|| {
        for n in 0..100_000 {
            run(n);
        }
    });
    assert_eq!(run::memo().len(), 100_000);
    assert!(bytes <= 100_000 * 48, "{} bytes for 1000 entries", bytes / 100);
}

#[test]
fn one_hung_flight_holds_nothing_but_itself() {
    static STARTED: Latch = Latch::new();
    static GO: Latch = Latch::new();
    let _alone = alone();
    #[memoize(capacity = 100, tags = ["hung", "hung:{n}"])]
    fn run(n: u64) -> u64 {
        if n == u64::MAX {
            STARTED.open();
            GO.wait();
        }
        n
    }
    no_hang(|| {
        let hung = thread::spawn(|| run(u64::MAX));
        STARTED.wait();
        let grown = growth(5_000, |n| {
            run(n);
            tag(format!("hung:{n}")).invalidate();
            match n % 7 {
                0 => run::memo().invalidate_matching("*(1*"),
                1 => run::key(u64::MAX).invalidate(),
                2 => run::memo().invalidate_if(|_, value| *value % 2 == 0),
                _ => tag("hung").invalidate(),
            };
        });
        GO.open();
        assert_eq!(hung.join().unwrap(), u64::MAX);
        assert!(grown < SLACK, "grew by {grown} bytes");
    });
}

#[test]
fn flights_and_waits_are_gone_when_they_land() {
    static NOW: Count = Count::new();
    let _alone = alone();
    #[memoize(capacity = 10)]
    fn inner(n: u64) -> u64 {
        NOW.add();
        n
    }
    #[memoize(capacity = 10)]
    fn outer(n: u64, who: u64) -> u64 {
        let _ = who;
        inner(n)
    }
    let grown = growth(300, |n| {
        thread::scope(|threads| {
            for who in 0..3 {
                threads.spawn(move || outer(n, who));
            }
        });
    });
    assert!(grown < SLACK, "grew by {grown} bytes");
}

#[test]
fn scopes_and_their_memos() {
    let _alone = alone();
    #[memoize(ttl = 5, tags = ["scoped:{n}"])]
    fn run(n: u64) -> u64 {
        n
    }
    let grown = growth(200, |n| {
        let scope = Scope::new();
        let _inside = scope.enter();
        run(n);
        assert_eq!(registry().memos().len(), 1);
        tag(format!("scoped:{n}")).invalidate();
    });
    assert!(grown < SLACK, "grew by {grown} bytes");
}

#[test]
fn keys_that_are_made_and_dropped() {
    let _alone = alone();
    #[memoize]
    fn run(n: u64) -> u64 {
        n
    }
    let grown = growth(10_000, |n| {
        let key = run::key(n);
        key.invalidate();
        let _ = (key.get(), key.peek(), run::entry(n).get());
    });
    assert!(grown < SLACK, "grew by {grown} bytes");
    wait_until(|| run::memo().is_empty());
}

#[test]
fn alarms_of_calls_that_are_over() {
    let _alone = alone();
    #[memoize(timeout = "1h", timeout_error = (), capacity = 100)]
    async fn run(n: u64) -> Result<u64, ()> {
        if n.is_multiple_of(2) { Ok(n) } else { std::future::pending().await }
    }
    let grown = growth(10_000, |n| {
        now(run(2 * n)).unwrap();
    });
    assert!(grown < SLACK, "grew by {grown} bytes");
    let scope = Scope::new();
    let _inside = scope.enter();
    let background = scope.hold_background().unwrap();
    let grown = growth(10_000, |n| {
        now(run(2 * n)).unwrap();
        // And one that is given up long before its time is up.
        assert_eq!(ByHand::new(run(2 * n + 1)).run(), None);
        background.refuse();
    });
    assert!(grown < SLACK, "grew by {grown} bytes");
}
