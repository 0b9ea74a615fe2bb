//! The promises, checked over the interleavings of threads and what weak memory orderings allow.
//!
//! ```sh
//! RUSTFLAGS="--cfg loom" cargo test -p cache-core --lib --release model
//! ```
//!
//! With `CACHE_CORE_LONG=1` the bounds of some are wider, which takes a few minutes more.
//!
//! Each model runs the code that ships, on a memo in a runtime of its own; what is left out is where a
//! call finds its memo, and time, which stands still: nobody is let go, so whoever waits for what
//! never comes is a deadlock, and found. A model is run under every schedule where that takes seconds,
//! else, with three threads mostly, under every schedule with at most [`FEW`] preemptions (switches at
//! blocking do not count).

mod background_calls;
mod clears;
mod deferred;
mod flights;
mod inherit;
mod invalidators;
mod keys;
mod locks;
mod patterns;
mod protocol;
mod renewals;
mod shards;
mod stale;
mod tagged_memos;
mod tags;
mod tasks;
mod updates;

use std::sync::Arc;

use loom::sync::atomic::{AtomicU64, Ordering};
use loom::thread::{JoinHandle, spawn};

use crate::spec::Spec;
use crate::tests::test_memo::TestMemo;

/// The key that most models are about.
const KEY: u64 = 7;
/// What the origin holds first.
const OLD: u64 = 1;
/// What it is changed to before an invalidation.
const NEW: u64 = 2;

/// No bound: every schedule.
const ALL: Option<usize> = None;
/// The bound for the others.
const FEW: Option<usize> = Some(4);
/// The bound where three threads do much.
const FEWER: Option<usize> = Some(3);

/// The bound where that takes minutes: one less, unless `CACHE_CORE_LONG` is set.
fn fewer_unless_long(bound: Option<usize>) -> Option<usize> {
    let is_long = std::env::var_os("CACHE_CORE_LONG").is_some();
    bound.map(|bound| if is_long { bound } else { bound - 1 })
}

/// A memo of one shard: only keys that meet there are about orders.
const ONE_SHARD: Spec = Spec::new("scene", &["key"]).capacity(256);
/// One of two, for what goes over shards one after the other.
const TWO_SHARDS: Spec = ONE_SHARD.capacity(512);

/// Runs a model under every schedule with at most so many preemptions.
fn check(preemptions: Option<usize>, model: impl Fn() + Send + Sync + 'static) {
    let mut checker = loom::model::Builder::new();
    checker.preemption_bound = preemptions;
    checker.max_branches = 20_000;
    checker.check(model);
}

/// A memo and what its function reads.
struct Scene {
    cache: TestMemo,
    /// Relaxed throughout: whoever must see a change sees it by the order that the memo makes.
    origin: AtomicU64,
    runs: AtomicU64,
}

impl Scene {
    fn new() -> Arc<Self> {
        Self::of(ONE_SHARD)
    }

    fn of(spec: Spec) -> Arc<Self> {
        let cache = TestMemo::new(spec);
        // Makes the shards: the checker does not know what `OnceLock` orders. That has a model of its own.
        cache.memo.shard(0);
        Arc::new(Self { cache, origin: AtomicU64::new(OLD), runs: AtomicU64::new(0) })
    }

    /// The body of the function.
    fn load(&self) -> u64 {
        self.origin.load(Ordering::Relaxed)
    }

    fn change(&self) {
        self.origin.store(NEW, Ordering::Relaxed);
    }

    fn call(&self, tags: &[&'static str]) -> u64 {
        self.call_of(KEY, tags)
    }

    fn call_of(&self, key: u64, tags: &[&'static str]) -> u64 {
        self.cache.call(key, tags, || Ok(self.load())).expect("never fails")
    }

    /// A call whose body makes the other call: what waits for that is a flight itself.
    fn call_through(&self, key: u64, tags: &[&'static str]) -> u64 {
        self.cache.call(key, tags, || Ok(self.call(tags))).expect("never fails")
    }

    /// An invalidation was told of before this: what the origin held before it is gone for good.
    fn must_be_new(&self, tags: &[&'static str]) {
        assert_ne!(self.cache.get(KEY), Some(OLD), "an invalidated value was found");
        assert_eq!(self.call(tags), NEW, "an invalidated value was returned");
    }

    /// Starts a thread.
    fn go<T: 'static>(self: &Arc<Self>, run: impl FnOnce(&Self) -> T + 'static) -> JoinHandle<T> {
        let scene = self.clone();
        spawn(move || run(&scene))
    }
}

/// Waits for threads.
fn join<T>(threads: impl IntoIterator<Item = JoinHandle<T>>) -> Vec<T> {
    threads.into_iter().map(|thread| thread.join().expect("asserts in the thread hold")).collect()
}
