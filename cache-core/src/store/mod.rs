//! Where entries live. So far: in the process.

mod cell;
mod hashes;
mod life;
mod resident;
mod residents;
mod slab;
#[cfg(all(test, not(loom)))]
mod tests;

pub(crate) use cell::CellType;
pub(crate) use hashes::short;
pub(crate) use resident::{Lease, Record, Removed, Resident};
pub(crate) use residents::{Emptied, Node, Residents};
