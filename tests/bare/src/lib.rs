//! What holds everywhere: without unwinding, and without threads.

#[cfg(target_family = "wasm")]
pub mod module;

use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use cache_core::{CacheKey, Memo, Peek, computing, memoize, registry, tag};

/// How often bodies have run.
static RUNS: AtomicU64 = AtomicU64::new(0);

/// A body has run.
fn run() -> u64 {
    RUNS.fetch_add(1, Ordering::Relaxed)
}

/// How often bodies run in the course of it.
pub fn runs(of: impl FnOnce()) -> u64 {
    let before = RUNS.load(Ordering::Relaxed);
    of();
    RUNS.load(Ordering::Relaxed) - before
}

/// Polls a future until it is ready, which is soon.
///
/// # Panics
///
/// If it is not.
pub fn ready<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    for _ in 0..100 {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return value;
        }
    }
    panic!("the future does not get ready")
}

/// A function without options.
#[memoize]
pub fn double(n: u64) -> u64 {
    run();
    2 * n
}

#[memoize(ttl = 60)]
fn weather(city: &str) -> String {
    format!("{city} at {}", run())
}

#[memoize(idle = 60)]
fn idle(n: u64) -> u64 {
    run();
    n
}

#[memoize(ttl = 60, stale_if_error = 60, skip(is_down))]
fn rate(currency: &str, is_down: &std::cell::Cell<bool>) -> Result<u64, String> {
    run();
    if is_down.get() { Err(currency.into()) } else { Ok(1) }
}

#[memoize(capacity = 100, tag = "bare")]
fn few(n: u64) -> u64 {
    run();
    n
}

#[memoize(capacity = 100, policy = Lru, weigh = |_, value| *value)]
fn heavy(n: usize) -> usize {
    run();
    n
}

#[memoize(tags = ["bare", "part:{value.1}"])]
fn part(n: u64) -> (u64, u64) {
    run();
    (n, n % 2)
}

#[memoize(inherit_tags)]
fn sum(n: u64) -> u64 {
    run();
    (0..n).map(|n| part(n).0).sum()
}

#[memoize]
fn fibonacci(n: u64) -> u64 {
    if n < 2 { n } else { fibonacci(n - 1) + fibonacci(n - 2) }
}

#[derive(CacheKey)]
#[cache_key(value = u64, ttl = 60)]
struct Node {
    n: u64,
}

#[memoize(key = Node { n })]
fn of_node(n: u64) -> u64 {
    run();
    n + 1
}

#[memoize]
async fn later(n: u64) -> u64 {
    run();
    let mut polls = 0;
    std::future::poll_fn(|cx| {
        polls += 1;
        cx.waker().wake_by_ref();
        if polls < 3 { Poll::Pending } else { Poll::Ready(n) }
    })
    .await
}

#[memoize(ttl = 60, stale_if_error = 60)]
fn found_unchanged() -> Result<u64, String> {
    let now = run();
    let Some(before) = computing().previous() else { return Ok(now) };
    computing().not_modified();
    Ok(before)
}

#[derive(Default)]
struct Owner {
    cats: Memo<u64>,
}

impl Owner {
    #[memoize(memo = self.cats)]
    fn cat(&self, n: u64) -> u64 {
        run();
        n
    }
}

/// Looks at all of it, with a clock that `advance` moves.
///
/// # Panics
///
/// If something does not hold.
pub fn check(advance: &dyn Fn(Duration)) {
    let minute = || advance(Duration::from_mins(1));
    what_is_there_is_returned();
    what_has_expired_is_not(&minute);
    what_was_invalidated_is_not();
    memos_are_bounded();
    calls_may_call();
    values_are_written();
    futures_are_memoized();
}

fn what_is_there_is_returned() {
    assert_eq!(runs(|| assert_eq!([double(2), double(3), double(2)], [4, 6, 4])), 2);
    let stats = double::memo().stats();
    assert_eq!((stats.hits, stats.misses, stats.stores), (1, 2, 2));
    let owner = Owner::default();
    assert_eq!(runs(|| assert_eq!([owner.cat(1), owner.cat(1)], [1, 1])), 1);
    assert_eq!(runs(|| assert_eq!(Owner::default().cat(1), 1)), 1);
}

fn what_has_expired_is_not(minute: &dyn Fn()) {
    let first = weather("Ghent");
    assert_eq!(weather("Ghent"), first);
    assert!(matches!(weather::entry("Ghent").peek(), Peek::Fresh { .. }));
    minute();
    assert_eq!(weather::entry("Ghent").get(), None);
    assert_ne!(weather("Ghent"), first);

    assert_eq!(runs(|| assert_eq!([idle(1), idle(1)], [1, 1])), 1);
    minute();
    assert_eq!(runs(|| assert_eq!(idle(1), 1)), 1);

    let is_down = std::cell::Cell::new(false);
    assert_eq!(rate("EUR", &is_down), Ok(1));
    is_down.set(true);
    minute();
    assert_eq!(rate("EUR", &is_down), Ok(1), "the older value stands in");
    minute();
    assert!(rate("EUR", &is_down).is_err());

    let value = found_unchanged();
    minute();
    assert_eq!(runs(|| assert_eq!(found_unchanged(), value)), 1);
    assert_eq!(runs(|| assert_eq!(found_unchanged(), value)), 0);
}

fn what_was_invalidated_is_not() {
    for n in 0..200 {
        part(n);
    }
    assert_eq!(part::entry(0).invalidate().count(), 1);
    assert_eq!(tag("part:1").invalidate().count(), 100);
    assert_eq!(part::memo().invalidate_if(|_, value| value.0 < 100).count(), 49);
    assert_eq!(part::memo().invalidate_matching("*(15?)").count(), 5);
    assert_eq!(registry().find("bare::part").map(|memo| memo.len()), Some(45));
    assert_eq!(runs(|| assert_eq!(part(102), (102, 0))), 0);
    assert_eq!(tag("bare").invalidate().count(), 45);
    assert_eq!(part::memo().len(), 0);

    assert_eq!(sum(3), 3);
    assert_eq!(part::entry(2).invalidate().count(), 2, "the part, and the sum");
    assert_eq!(runs(|| assert_eq!(sum(3), 3)), 2);
    part::memo().clear();
}

fn memos_are_bounded() {
    let many = if cfg!(miri) { 120_u16 } else { 10_000 };
    for n in 0..many {
        few(n.into());
        heavy(usize::from(n % 100));
    }
    assert_eq!((few::memo().len(), few::memo().stats().evictions), (100, u64::from(many) - 100));
    let weight: usize = heavy::memo().get_many(&heavy::memo().keys()).into_iter().flatten().sum();
    assert!((1..=100).contains(&weight), "{weight}");
    assert_eq!(few::memo().clear().count(), 100);
}

fn calls_may_call() {
    assert_eq!(fibonacci(90), 2_880_067_194_370_816_120);
    assert_eq!(of_node(1), 2);
    assert_eq!(Node { n: 1 }.get(), Some(2));
}

fn values_are_written() {
    assert!(double::entry(5).insert(11));
    assert_eq!(double::entry(5).update(|value| value + 1), Some(12));
    assert_eq!(runs(|| assert_eq!(double(5), 12)), 0);
    assert_eq!(double::entry(5).refresh(), 10);
    assert!(double::entry(5).set_ttl(Duration::from_secs(9)));
    double::entry(5).mark_stale();
    assert_eq!(double::entry(5).get(), None);
}

fn futures_are_memoized() {
    assert_eq!(runs(|| assert_eq!((ready(later(1)), ready(later(1))), (1, 1))), 1);
    assert_eq!(later::key(1).invalidate().count(), 1);
    assert_eq!(ready(later::entry(1).get()), None);
}

#[cfg(test)]
mod tests {
    /// For the interpreter: all unsafe code is run here, in its place.
    #[test]
    fn it_all_holds() {
        let scope = cache_core::testing::Scope::new();
        let _inside = scope.enter();
        super::check(&|by| scope.advance(by));
    }
}
