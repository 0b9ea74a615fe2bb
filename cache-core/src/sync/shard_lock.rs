//! The lock of a shard: shared, shared with the right to become exclusive, or exclusive.
//!
//! User code (`Eq` alone) runs under shared access only; whoever writes first finds its place with an
//! upgradable access, then upgrades and acts on what it found without comparing again.

#[cfg(not(loom))]
mod imp {
    use parking_lot::{RwLock, RwLockReadGuard, RwLockUpgradableReadGuard, RwLockWriteGuard};

    pub(crate) struct ShardLock<T>(RwLock<T>);

    pub(crate) type Upgradable<'a, T> = RwLockUpgradableReadGuard<'a, T>;
    pub(crate) type Write<'a, T> = RwLockWriteGuard<'a, T>;

    impl<T> ShardLock<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(RwLock::new(value))
        }

        #[inline]
        pub(crate) fn read(&self) -> RwLockReadGuard<'_, T> {
            match self.0.try_read() {
                Some(guard) => guard,
                None => self.read_slowly(),
            }
        }

        #[cold]
        fn read_slowly(&self) -> RwLockReadGuard<'_, T> {
            if crate::sync::is_comparing() {
                // This thread holds shared access further up its stack: a writer that waits for it
                // to end must not make it wait.
                self.0.read_recursive()
            } else {
                self.0.read()
            }
        }

        #[inline]
        pub(crate) fn upgradable(&self) -> Upgradable<'_, T> {
            self.0.upgradable_read()
        }

        #[inline]
        pub(crate) fn upgrade(guard: Upgradable<'_, T>) -> Write<'_, T> {
            RwLockUpgradableReadGuard::upgrade(guard)
        }

        #[inline]
        pub(crate) fn write(&self) -> Write<'_, T> {
            self.0.write()
        }
    }
}

#[cfg(loom)]
mod imp {
    use loom::sync::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};
    use std::ops::{Deref, DerefMut};

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
}

pub(crate) use imp::ShardLock;
