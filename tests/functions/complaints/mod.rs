//! What users of other libraries of this kind have run into, as it is here.

#![allow(clippy::needless_pass_by_value, reason = "arguments as people write them")]

mod aliases_of_result;
mod another_instances_value;
mod another_keys_miss;
mod names_of_arguments;
mod one_name_twice;
mod recursion;
mod where_functions_stand;

use std::fmt::Debug;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::{io, thread};

use cache_core::memoize;
use cache_core::testing::Scope;
use futures::channel::oneshot;
use tests::{Count, Latch, no_hang, wait_until};

fn block_on<T>(future: impl Future<Output = T>) -> T {
    futures::executor::block_on(future)
}

/// What a future is after its first poll.
fn poll_once<T>(future: std::pin::Pin<&mut impl Future<Output = T>>) -> Poll<T> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}
