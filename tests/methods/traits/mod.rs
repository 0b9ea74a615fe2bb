//! Trait implementations and default methods: companions in a trait of their own.

mod asynchronous;
mod companions;
mod default_methods;
mod fields;
mod generic_traits;
mod implementations;

use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cache_core::memoize;
use cache_core::testing::Scope;
use tests::{Count, secs};

fn block_on<T>(future: impl Future<Output = T>) -> T {
    futures::executor::block_on(future)
}

/// Runs a future where it must be one that can be sent.
fn spawned<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(runtime.spawn(future)).unwrap()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Db(u32);

#[test]
fn prefetch_runs_for_a_type_that_owns_all_it_is() {
    static RUNS: Count = Count::new();
    trait Slow {
        fn slow(&self, name: &str) -> String;
    }
    #[memoize]
    impl Slow for Db {
        #[memoize(key = (self.0, ..))]
        fn slow(&self, name: &str) -> String {
            RUNS.add();
            format!("{name} of {}", self.0)
        }
    }
    assert_eq!(Db(1).slow_entry("tom").prefetch(), None);
    tests::wait_until(|| Db(1).slow_key("tom").is_live());
    assert_eq!((Db(1).slow("tom"), RUNS.get()), ("tom of 1".to_owned(), 1));
}
