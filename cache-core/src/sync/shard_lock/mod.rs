//! The lock of a shard: shared, shared with the right to become exclusive, or exclusive.
//!
//! User code (`Eq`, and the `Borrow` that it needs) runs under shared or upgradable access. Whoever writes finds its
//! place under upgradable access first, then upgrades and acts on what it found without comparing again.
//!
//! What ships is [`published`]; it has models of its own (`model/locks.rs`). The models of the runtime
//! have a plain lock in its place, since with both there would be too many schedules.

pub(crate) mod gate;
#[cfg(any(not(loom), test))]
pub(crate) mod published;
#[cfg(loom)]
mod simple;
#[cfg(any(not(loom), test))]
pub(crate) mod slots;
#[cfg(all(test, not(loom)))]
mod tests;

#[cfg(not(loom))]
pub(crate) use published::ShardLock;
#[cfg(loom)]
pub(crate) use simple::{ReaderSlot, ShardLock, mine, mine_or_new};
#[cfg(not(loom))]
pub(crate) use slots::{ReaderSlot, mine, mine_or_new};
