//! Where entries live in the process.

mod cell;
mod entries;
mod entry_ref;
mod hashes;
mod packed;
mod slab;
#[cfg(all(test, not(loom)))]
mod tests;

pub(crate) use cell::CellType;
pub(crate) use entries::{DrainedEntries, Entries, EntryId};
pub(crate) use entry_ref::{EntryRef, ExtraMetadata, MetadataRef, Removed, StoredMetadata};
pub(crate) use hashes::short;
