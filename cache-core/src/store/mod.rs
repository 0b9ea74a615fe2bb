//! Where entries live. So far: in the process, typed.

mod hashes;
mod life;
mod resident;
mod residents;
mod slab;

pub(crate) use hashes::{long, short};
pub(crate) use resident::{Lease, Record, Removed, Resident};
pub(crate) use residents::{Emptied, Node, Residents};
