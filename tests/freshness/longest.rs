//! A duration may be as long as there are any: what is so far away never comes, and nothing overflows on the
//! way there.

use std::time::Duration;

use cache_core::testing::Scope;
use cache_core::{TimedOut, Ttl, memoize};
use tests::{now, secs};

#[test]
fn the_longest_durations_are_never_over() {
    #[memoize(ttl = 18446744073709551615, jitter = 0.5)]
    fn fresh(n: u32) -> u32 {
        n
    }
    #[memoize(ttl = "18446744073709551615s", refresh_ahead = "18446744073709551614s")]
    fn fresh_by_text(n: u32) -> u32 {
        n
    }
    #[memoize(ttl = |_| Duration::MAX, idle = 18446744073709551615)]
    fn fresh_by_value(n: u32) -> u32 {
        n
    }
    #[memoize(err_ttl = 0xffff_ffff_ffff_ffff, none_ttl = 18446744073709551615u64)]
    fn failed(n: u32) -> Result<Option<u32>, u32> {
        if n > 1 { Err(n) } else { Ok(None) }
    }
    #[memoize(ttl = 1, stale_while_revalidate = 18446744073709551615, stale_if_error = 18446744073709551615)]
    fn old(n: u32) -> Result<u32, u32> {
        Ok(n)
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let jobs = scope.hold_background().unwrap();
    let call = || (fresh(1), fresh_by_text(1), fresh_by_value(1), failed(1), failed(2), old(1));
    for _ in 0..3 {
        assert_eq!(call(), (1, 1, 1, Ok(None), Err(2), Ok(1)));
        scope.advance(secs(100_000_000));
        jobs.run();
    }
    let misses = [fresh::memo().stats(), fresh_by_text::memo().stats(), fresh_by_value::memo().stats()];
    assert_eq!(misses.map(|stats| stats.misses), [1; 3]);
    assert_eq!((failed::memo().stats().misses, old::memo().stats().misses), (2, 1));
    assert!(fresh::key(1).set_ttl(Duration::MAX) && fresh::key(1).extend_ttl(Duration::MAX));
    assert!(matches!(fresh::key(1).ttl(), Some(Ttl::Unlimited | Ttl::For(_))));
}

#[test]
fn the_longest_limits_of_a_call_are_never_reached() {
    #[memoize(timeout = "18446744073709551615s", max_wait = "18446744073709551615s")]
    async fn patient(n: u32) -> Result<u32, TimedOut> {
        tests::yields(3).await;
        Ok(n)
    }
    #[memoize(origin_first, fallback_after = "18446744073709551614s", timeout = "18446744073709551615s")]
    fn origin(n: u32) -> Result<u32, TimedOut> {
        Ok(n)
    }
    #[memoize(ttl = 1, stale_if_error = "1h", soft_timeout = "18446744073709551615s")]
    fn soft(n: u32) -> Result<u32, TimedOut> {
        Ok(n)
    }
    for _ in 0..2 {
        assert_eq!((now(patient(1)).ok(), origin(1).ok(), soft(1).ok()), (Some(1), Some(1), Some(1)));
    }
    // Of waiters, too.
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!((origin(2).ok(), soft(2).ok()), (Some(2), Some(2))));
        }
    });
}
