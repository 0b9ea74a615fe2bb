//! Stores of bytes, and caches in them.

#![cfg(not(miri))]

mod aliases;
mod compute;
mod conformance;
#[cfg(unix)]
mod crash;
mod functions;
mod histories;
mod outages;
mod verbs;

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};

use cache_core::store::{Cache, DiskStore, MemoryStore, Store, TieredStore};
use cache_core::testing::{Scope, ScriptedStore};

/// A folder for one test, which is removed with it. It is in memory where that can be had: nothing here is about a
/// loss of power, so what a disk does is of no account, and how long it takes is.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let memory = PathBuf::from("/dev/shm");
        let parent = if memory.is_dir() { memory } else { std::env::temp_dir() };
        let path = parent.join(format!("cache-core-stores-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A cache of a namespace in a store.
fn cache(store: &Arc<dyn Store>, namespace: &str) -> Cache {
    Cache::builder_with(store.clone()).namespace(namespace).build().unwrap()
}

/// Runs a test over an empty store of each kind, with the clock of the store.
fn in_each_store(test: impl Fn(&Arc<dyn Store>, &Scope)) {
    let folder = Folder::new();
    let count = AtomicU32::new(0);
    let disk = || -> Arc<dyn Store> {
        let number = count.fetch_add(1, Ordering::Relaxed);
        Arc::new(DiskStore::open(folder.path(&format!("{number}.redb"))).unwrap())
    };
    let tiered =
        || -> Arc<dyn Store> { Arc::new(TieredStore::new(Arc::new(MemoryStore::new()), disk()).unwrap()) };
    let kinds: [(&str, &dyn Fn() -> Arc<dyn Store>); 5] = [
        ("memory", &|| Arc::new(MemoryStore::new())),
        ("disk", &disk),
        ("tiered", &tiered),
        ("scripted", &|| Arc::new(ScriptedStore::new())),
        ("plain", &|| Arc::new(ScriptedStore::new().without_counter().without_scan())),
    ];
    for (kind, store) in kinds {
        println!("{kind}");
        let scope = Scope::new();
        let inside = scope.enter();
        test(&store(), &scope);
        drop(inside);
    }
}

/// Polls a future once.
fn noop<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    match Pin::new(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}
