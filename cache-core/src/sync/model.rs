//! What a model has in place of what ships: the model checker's locks, with the manners of [`plain`](super::plain),
//! and a shard's lock that is made of them, for models of what goes on behind it.

use std::cell::Cell;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use loom::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::shard_lock::slots::ReaderSlots;

pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

pub(crate) type MutexGuard<'a, T> = loom::sync::MutexGuard<'a, T>;

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(loom::sync::Mutex::new(value))
    }
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap()
    }
    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.0.get_mut().unwrap()
    }
}

/// There is no time in the model: whoever sleeps is woken.
pub(crate) fn park_timeout(_: Duration) {
    loom::thread::park();
}

/// The model checker's thread-locals are always made on first use.
macro_rules! lazy_thread_local {
    ($(static $name:ident: $t:ty = const { $init:expr };)*) => {
        loom::thread_local! { $(static $name: $t = $init;)* }
    };
}
pub(crate) use lazy_thread_local;

/// The model checker lets others run.
pub(crate) struct Backoff(u32);

impl Backoff {
    /// After so many rounds whoever waits has seen what there is to be seen. From there on others get
    /// their turn, and no other schedules are tried: who never gets any further is found all the same.
    const ENOUGH: u32 = 3;

    pub(crate) fn new() -> Self {
        Self(0)
    }

    /// One try is as good as many.
    pub(crate) fn spins(&self) -> bool {
        self.0 < 1
    }

    pub(crate) fn wait(&mut self) {
        self.0 += 1;
        if self.0 > Self::ENOUGH {
            loom::skip_branch();
        }
        loom::thread::yield_now();
    }
}

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

/// Access of who holds the gate.
pub(crate) struct GateGuard<'a, T, G, Access> {
    access: Access,
    gate: MutexGuard<'a, G>,
    lock: &'a RwLock<T>,
}

pub(crate) type UpgradableGuard<'a, T, G> = GateGuard<'a, T, G, RwLockReadGuard<'a, T>>;
pub(crate) type WriteGuard<'a, T, G> = GateGuard<'a, T, G, RwLockWriteGuard<'a, T>>;

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
        let gate = self.gate.lock();
        GateGuard { access: self.read(), gate, lock: &self.lock }
    }

    pub(crate) fn upgrade(guard: UpgradableGuard<'_, T, G>) -> WriteGuard<'_, T, G> {
        let GateGuard { access, gate, lock } = guard;
        drop(access);
        GateGuard { access: lock.write().unwrap(), gate, lock }
    }

    pub(crate) fn downgrade(guard: WriteGuard<'_, T, G>) -> UpgradableGuard<'_, T, G> {
        let GateGuard { access, gate, lock } = guard;
        drop(access);
        GateGuard { access: lock.read().unwrap(), gate, lock }
    }

    pub(crate) fn write(&self) -> WriteGuard<'_, T, G> {
        let gate = self.gate.lock();
        GateGuard { access: self.lock.write().unwrap(), gate, lock: &self.lock }
    }
}

impl<T, G, Access> GateGuard<'_, T, G, Access> {
    pub(crate) fn gated(&self) -> &G {
        &self.gate
    }

    pub(crate) fn gated_mut(&mut self) -> &mut G {
        &mut self.gate
    }
}

impl<T, G, Access: Deref<Target = T>> Deref for GateGuard<'_, T, G, Access> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.access
    }
}

impl<T, G, Access: DerefMut<Target = T>> DerefMut for GateGuard<'_, T, G, Access> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.access
    }
}

// All threads of a model are run by one.
std::thread_local! {
    /// The slots of readers, for models of the lock that ships. They are others in each execution.
    static SLOTS: Cell<Option<&'static ReaderSlots>> = const { Cell::new(None) };
}

/// Begins an execution, whose blocks have so many slots. All blocks are made here: the checker does not know
/// what `OnceLock` orders.
pub(crate) fn fresh(size: usize) {
    SLOTS.set(Some(Box::leak(Box::new(ReaderSlots::made(size)))));
}

pub(super) fn slots() -> &'static ReaderSlots {
    SLOTS.get().expect("the model has begun with `fresh`")
}
