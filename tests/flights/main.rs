//! Flights: one computation for a key, who waits for it, and what ends a wait.

mod inner_writes;
mod pools;
mod rayon_workers;
mod recursion;
mod reentrancy;
mod shared_errors;
mod single_flight;
mod user_code;
mod waits;
