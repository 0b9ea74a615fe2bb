//! Methods: instances, types and instantiations apart or together, as the attribute says.

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
