//! Where entries live. So far: in the process.

mod cell;
mod entries;
mod entry_ref;
mod hashes;
mod life;
mod slab;
#[cfg(all(test, not(loom)))]
mod tests;

pub(crate) use cell::CellType;
pub(crate) use entries::{Emptied, Entries, EntryId};
pub(crate) use entry_ref::{EntryRef, Lease, More, Record, Removed};
pub(crate) use hashes::short;
