//! Functions whose values are in a store: `#[memoize(store = "..")]`.

mod across;
mod calls;
mod channels;
mod histories;
mod local;
mod outages;
mod staleness;
mod verbs;
mod warm;
mod writes;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use cache_core::store::{Cache, Store, caches};
use cache_core::testing::{Scope, ScriptedStore};
use serde_derive::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Cat {
    name: String,
    owner: u64,
}

impl Cat {
    fn new(name: &str, owner: u64) -> Self {
        Self { name: name.to_owned(), owner }
    }
}

/// Some processes with one store, which has the alias `shared` in each of them. Each is a test scope.
struct Processes {
    /// The connections of each.
    stores: Vec<ScriptedStore>,
    scopes: Vec<Scope>,
}

impl Processes {
    fn new(count: usize) -> Self {
        Self::of(count, ScriptedStore::new)
    }

    /// One process with a store that no other uses.
    fn alone() -> Self {
        Self::of(1, ScriptedStore::exclusive)
    }

    /// Processes that hear of each other.
    fn with_channel(count: usize) -> Self {
        Self::of(count, || ScriptedStore::new().with_channel())
    }

    fn of(count: usize, store: impl FnOnce() -> ScriptedStore) -> Self {
        let scopes: Vec<Scope> = (0..count).map(|_| Scope::new()).collect();
        let inside = scopes[0].enter();
        let store = store();
        drop(inside);
        let this = Self { stores: (0..count).map(|_| store.connect()).collect(), scopes };
        for at in 0..count {
            this.inside(at, || {
                let store: Arc<dyn Store> = Arc::new(this.stores[at].clone());
                let cache = Cache::builder_with(store).namespace("shop").build().unwrap();
                caches().register("shared", cache).unwrap();
            });
        }
        this
    }

    /// Runs something in one of the processes.
    fn inside<T>(&self, at: usize, run: impl FnOnce() -> T) -> T {
        let _inside = self.scopes[at].enter();
        run()
    }

    /// Time passes in all of them.
    fn advance(&self, time: Duration) {
        self.scopes.iter().for_each(|scope| scope.advance(time));
    }

    /// How many requests the first of them has made.
    fn requests(&self) -> usize {
        self.stores[0].requests().len()
    }
}

/// How often the bodies of one test have run.
struct Runs(AtomicU32);

impl Runs {
    const fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    fn count(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    /// How often since it was asked last.
    fn take(&self) -> u32 {
        self.0.swap(0, Ordering::SeqCst)
    }
}

const SECOND: Duration = Duration::from_secs(1);
