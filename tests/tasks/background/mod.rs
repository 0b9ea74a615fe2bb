//! `prefetch`, `placeholder`, executors, `update` and `on_error`.

mod ahead;
mod failures;
mod on_error;
mod updates;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use cache_core::testing::Scope;
use cache_core::{Executor, ExecutorIsSet, Task, Ttl, memoize, set_enabled, set_executor, tag};
use futures::executor::block_on;
use futures::future::FutureExt as _;
use tests::{ByHand, Count, Latch, Queue, in_turn, no_hang, secs, wait_until, yields};

/// A scope with an executor that runs when it is told to.
fn with_queue() -> (Scope, Queue) {
    let (scope, queue) = (Scope::new(), Queue::default());
    let inside = scope.enter();
    set_executor(queue.clone()).unwrap();
    drop(inside);
    (scope, queue)
}
