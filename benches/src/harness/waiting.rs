//! Entrants that are asynchronous: how a thread waits for their answers without a runtime.

use std::cell::Cell;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::{Entrant, Role};
use crate::workload::Key;

/// How the answers are waited for.
#[derive(Clone, Copy)]
pub(crate) enum Waiting {
    /// Each call is a future of its own.
    Polled,
    /// The calls of a pass are awaited within one future.
    Awaited,
}

impl<K: Key> Entrant<K> {
    /// An entrant whose threads each call `make`, on themselves, for what answers one key.
    pub(crate) fn asynchronous<F>(
        name: &'static str,
        role: Role,
        waiting: Waiting,
        make: impl Fn() -> F + Sync + 'static,
    ) -> Self
    where
        F: AsyncFn(K) -> u64 + 'static,
    {
        Self {
            name,
            role,
            worker: Box::new(move || {
                let answer = make();
                match waiting {
                    Waiting::Polled => Box::new(move |keys| poll_all(keys, &answer)),
                    Waiting::Awaited => Box::new(move |keys| now(await_all(keys, &answer))),
                }
            }),
        }
    }
}

#[inline(never)]
fn poll_all<K: Copy>(keys: &[K], answer: &impl AsyncFn(K) -> u64) -> u64 {
    let mut sum = 0_u64;
    for &key in keys {
        sum = sum.wrapping_add(now(answer(key)));
    }
    sum
}

async fn await_all<K: Copy>(keys: &[K], answer: &impl AsyncFn(K) -> u64) -> u64 {
    let mut sum = 0_u64;
    for &key in keys {
        sum = sum.wrapping_add(answer(key).await);
    }
    sum
}

thread_local! {
    static UNREADY: Cell<u64> = const { Cell::new(0) };
}

/// How often something was polled on this thread that was not ready.
pub(super) fn unready() -> u64 {
    UNREADY.get()
}

/// Polls until it is ready.
#[inline]
fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    let mut tries = 0;
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        tries += 1;
        not_yet(tries);
    }
}

/// Another thread has what is waited for: a short time, unless it is off its core.
#[cold]
fn not_yet(tries: u32) {
    UNREADY.set(UNREADY.get() + 1);
    if tries < 100 {
        std::hint::spin_loop();
    } else {
        std::thread::yield_now();
    }
}
