//! Where entries live. So far: in the process, typed.

mod resident;
mod residents;

pub(crate) use resident::{Lease, Resident};
pub(crate) use residents::{Emptied, Residents, Rest};
