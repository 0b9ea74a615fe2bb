//! A shard's lock for models of what goes on behind it.

use loom::sync::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::ops::{Deref, DerefMut};

/// All threads of a model are run by one, which has this.
pub(crate) struct Slot(());

impl Slot {
    pub(crate) fn number(&self) -> usize {
        0
    }
}

pub(crate) fn mine() -> Option<&'static Slot> {
    Some(&Slot(()))
}

pub(crate) fn mine_or_new() -> Option<&'static Slot> {
    mine()
}

/// Writers and those who may become one pass a gate first, so that nothing changes between the
/// shared and the exclusive half of an upgrade.
pub(crate) struct ShardLock<T, G = ()> {
    gate: Mutex<G>,
    lock: RwLock<T>,
}

pub(crate) struct Upgradable<'a, T, G> {
    read: RwLockReadGuard<'a, T>,
    gate: MutexGuard<'a, G>,
    lock: &'a RwLock<T>,
}

impl<T, G> Deref for Upgradable<'_, T, G> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.read
    }
}

pub(crate) struct Write<'a, T, G> {
    write: RwLockWriteGuard<'a, T>,
    gate: MutexGuard<'a, G>,
}

impl<T, G> Deref for Write<'_, T, G> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.write
    }
}

impl<T, G> DerefMut for Write<'_, T, G> {
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

    pub(crate) fn read_at_once(&self, _: &Slot) -> Option<RwLockReadGuard<'_, T>> {
        Some(self.read())
    }

    pub(crate) fn upgradable(&self) -> Upgradable<'_, T, G> {
        let gate = self.gate.lock().unwrap();
        Upgradable { read: self.lock.read().unwrap(), gate, lock: &self.lock }
    }

    pub(crate) fn upgrade(guard: Upgradable<'_, T, G>) -> Write<'_, T, G> {
        let Upgradable { read, gate, lock } = guard;
        drop(read);
        Write { write: lock.write().unwrap(), gate }
    }

    pub(crate) fn write(&self) -> Write<'_, T, G> {
        let gate = self.gate.lock().unwrap();
        Write { write: self.lock.write().unwrap(), gate }
    }
}

impl<T, G> Upgradable<'_, T, G> {
    pub(crate) fn gated(&self) -> &G {
        &self.gate
    }

    pub(crate) fn gated_mut(&mut self) -> &mut G {
        &mut self.gate
    }
}

impl<T, G> Write<'_, T, G> {
    pub(crate) fn gated(&self) -> &G {
        &self.gate
    }

    pub(crate) fn gated_mut(&mut self) -> &mut G {
        &mut self.gate
    }
}
