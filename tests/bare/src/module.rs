//! The same as a WebAssembly module, whose host tells the time: see `run.mjs`, which calls what is here.

#![allow(clippy::items_after_statements, reason = "functions as people write them")]

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cache_core::{CacheKey, ClockIsSet, memoize, set_clock};

/// What the host says that it is, in milliseconds.
static TIME: AtomicU64 = AtomicU64::new(1_700_000_000_000);

fn advance(by: Duration) {
    TIME.fetch_add(u64::try_from(by.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
}

#[link(wasm_import_module = "host")]
unsafe extern "C" {
    fn complain(text: *const u8, length: usize);
}

/// A panic ends the module without a word; the host is told what it was.
fn complain_of_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let text = panic.to_string();
        // SAFETY: the host reads the text, and keeps nothing of it.
        unsafe { complain(text.as_ptr(), text.len()) };
    }));
}

#[memoize(ttl = 60, stale_while_revalidate = 60)]
fn renewed() -> u64 {
    crate::run()
}

#[memoize(placeholder = 0)]
fn awaited(n: u64) -> u64 {
    n
}

#[derive(CacheKey)]
#[cache_key(value = u64)]
struct Shared {
    n: u64,
}

#[memoize(key = Shared { n })]
async fn in_a_task(n: u64) -> u64 {
    std::future::pending::<()>().await;
    n
}

#[memoize(key = Shared { n })]
fn in_place(n: u64) -> u64 {
    n
}

#[memoize(ttl = 60, stale_while_revalidate = 60)]
async fn renewed_by_tasks() -> u64 {
    crate::run()
}

#[cfg(feature = "timeout")]
#[memoize(timeout = "2s")]
fn asked(n: u64) -> Result<u64, cache_core::TimedOut> {
    Ok(n)
}

/// With a clock.
#[unsafe(no_mangle)]
pub extern "C" fn with_a_clock() {
    complain_of_panics();
    assert_eq!(set_clock(|| Duration::from_millis(TIME.load(Ordering::Relaxed))), Ok(()));
    assert_eq!(set_clock(|| Duration::ZERO), Err(ClockIsSet));
    crate::check(&advance);
    what_is_left_to_the_background();
    nobody_waits_for_what_cannot_go_on();
}

/// There is no background. What is not asynchronous is done at once, so it is there for the next call.
fn what_is_left_to_the_background() {
    let first = renewed();
    advance(Duration::from_secs(61));
    assert_eq!(renewed(), first);
    let second = renewed();
    assert_ne!(second, first);
    assert_eq!(renewed(), second);

    assert_eq!([awaited(1), awaited(1)], [0, 1]);
    #[memoize]
    fn fetched(n: u64) -> u64 {
        n
    }
    assert_eq!(fetched::entry(1).prefetch(), None);
    assert_eq!(fetched::entry(1).get(), Some(1));

    // What is asynchronous wants an executor. Without one it is computed when the old value will not do any more.
    let first = crate::ready(renewed_by_tasks());
    advance(Duration::from_secs(61));
    assert_eq!(crate::ready(renewed_by_tasks()), first);
    assert_eq!(crate::ready(renewed_by_tasks()), first);
    advance(Duration::from_mins(1));
    assert_ne!(crate::ready(renewed_by_tasks()), first);
}

/// A task that stands still until this returns.
fn nobody_waits_for_what_cannot_go_on() {
    let mut task = Box::pin(in_a_task(1));
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(task.as_mut().poll(&mut cx).is_pending());
    assert_eq!(in_place(1), 1);
    drop(task);
}

/// Without a clock: nobody knows how old anything is, so what has an end is not kept, and the rest is.
#[unsafe(no_mangle)]
pub extern "C" fn without_a_clock() {
    complain_of_panics();
    assert_eq!(crate::runs(|| assert_eq!([crate::double(1), crate::double(1)], [2, 2])), 1);
    assert_eq!(set_clock(|| Duration::ZERO), Err(ClockIsSet), "the time was asked for");
    assert_ne!(crate::weather("Ghent"), crate::weather("Ghent"));
    assert_eq!(crate::runs(|| assert_eq!([crate::idle(1), crate::idle(1)], [1, 1])), 2);
    let is_down = Cell::new(false);
    assert_eq!(crate::rate("EUR", &is_down), Ok(1));
    is_down.set(true);
    assert!(crate::rate("EUR", &is_down).is_err());
    assert_ne!(renewed(), renewed());
    assert!(crate::double::entry(1).set_ttl(Duration::from_secs(9)));
    assert_eq!(crate::double::entry(1).get(), None);
    assert!(crate::double::entry(1).insert(3));
    assert_eq!(crate::double(1), 3);
    nobody_waits_for_what_cannot_go_on();
}
