//! A shard's lock for models of what goes on behind it.

use loom::sync::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::ops::{Deref, DerefMut};

/// All threads of a model are run by one, which has this.
pub(crate) struct ReaderSlot(());

impl ReaderSlot {
    pub(crate) fn number(&self) -> usize {
        0
    }
}

pub(crate) fn mine() -> Option<&'static ReaderSlot> {
    Some(&ReaderSlot(()))
}

pub(crate) fn mine_or_new() -> Option<&'static ReaderSlot> {
    mine()
}

/// Writers and those who may become one pass a gate first, so that nothing changes between the
/// shared and the exclusive half of an upgrade.
pub(crate) struct ShardLock<T, G = ()> {
    gate: Mutex<G>,
    lock: RwLock<T>,
}

pub(crate) struct UpgradableGuard<'a, T, G> {
    read: RwLockReadGuard<'a, T>,
    gate: MutexGuard<'a, G>,
    lock: &'a RwLock<T>,
}

impl<T, G> Deref for UpgradableGuard<'_, T, G> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.read
    }
}

pub(crate) struct WriteGuard<'a, T, G> {
    write: RwLockWriteGuard<'a, T>,
    gate: MutexGuard<'a, G>,
}

impl<T, G> Deref for WriteGuard<'_, T, G> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.write
    }
}

impl<T, G> DerefMut for WriteGuard<'_, T, G> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.write
    }
}

impl<T, G> ShardLock<T, G> {
    pub(crate) fn new(value: T) -> Self
    where
        G: Default,
    {
        Self { gate: Mutex::new(G::default()), lock: RwLock::new(value) }
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, T> {
        self.lock.read().unwrap()
    }

    pub(crate) fn read_at_once(&self, _: &ReaderSlot) -> Option<RwLockReadGuard<'_, T>> {
        Some(self.read())
    }

    pub(crate) fn upgradable(&self) -> UpgradableGuard<'_, T, G> {
        let gate = self.gate.lock().unwrap();
        UpgradableGuard { read: self.lock.read().unwrap(), gate, lock: &self.lock }
    }

    pub(crate) fn upgrade(guard: UpgradableGuard<'_, T, G>) -> WriteGuard<'_, T, G> {
        let UpgradableGuard { read, gate, lock } = guard;
        drop(read);
        WriteGuard { write: lock.write().unwrap(), gate }
    }

    pub(crate) fn write(&self) -> WriteGuard<'_, T, G> {
        let gate = self.gate.lock().unwrap();
        WriteGuard { write: self.lock.write().unwrap(), gate }
    }
}

impl<T, G> UpgradableGuard<'_, T, G> {
    pub(crate) fn gated(&self) -> &G {
        &self.gate
    }

    pub(crate) fn gated_mut(&mut self) -> &mut G {
        &mut self.gate
    }
}

impl<T, G> WriteGuard<'_, T, G> {
    pub(crate) fn gated(&self) -> &G {
        &self.gate
    }

    pub(crate) fn gated_mut(&mut self) -> &mut G {
        &mut self.gate
    }
}
