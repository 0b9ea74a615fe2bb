//! Methods: instances, types and instantiations apart or together, as the attribute says.

#![allow(
    clippy::elidable_lifetime_names,
    clippy::items_after_statements,
    clippy::many_single_char_names,
    clippy::needless_lifetimes,
    clippy::similar_names,
    clippy::trivially_copy_pass_by_ref,
    reason = "functions as people write them"
)]

mod companions;
mod fields;
mod instantiations;
mod names;
mod options;
mod receivers;
mod tasks;
mod traits;

use std::fmt::Debug;
use std::future::Future;
use std::sync::{Arc, Mutex};

use cache_core::testing::Scope;
use cache_core::{Async, Memo, memoize, registry};
use tests::{Count, secs};

fn block_on<T>(future: impl Future<Output = T>) -> T {
    futures::executor::block_on(future)
}
