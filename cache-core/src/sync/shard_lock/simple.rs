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
pub(crate) struct ShardLock<T> {
    gate: Mutex<()>,
    lock: RwLock<T>,
}

pub(crate) struct Upgradable<'a, T> {
    read: RwLockReadGuard<'a, T>,
    gate: MutexGuard<'a, ()>,
    lock: &'a RwLock<T>,
}

impl<T> Deref for Upgradable<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.read
    }
}

pub(crate) struct Write<'a, T> {
    write: RwLockWriteGuard<'a, T>,
    _gate: MutexGuard<'a, ()>,
}

impl<T> Deref for Write<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.write
    }
}

impl<T> DerefMut for Write<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.write
    }
}

impl<T> ShardLock<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { gate: Mutex::new(()), lock: RwLock::new(value) }
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, T> {
        self.lock.read().unwrap()
    }

    pub(crate) fn read_at_once(&self, _: &Slot) -> Option<RwLockReadGuard<'_, T>> {
        Some(self.read())
    }

    pub(crate) fn upgradable(&self) -> Upgradable<'_, T> {
        let gate = self.gate.lock().unwrap();
        Upgradable { read: self.lock.read().unwrap(), gate, lock: &self.lock }
    }

    pub(crate) fn upgrade(guard: Upgradable<'_, T>) -> Write<'_, T> {
        let Upgradable { read, gate, lock } = guard;
        drop(read);
        Write { write: lock.write().unwrap(), _gate: gate }
    }

    pub(crate) fn write(&self) -> Write<'_, T> {
        let gate = self.gate.lock().unwrap();
        Write { write: self.lock.write().unwrap(), _gate: gate }
    }
}
