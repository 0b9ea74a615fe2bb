//! Flights: one computation for a key, who waits for it, and what ends a wait.

#![allow(
    clippy::elidable_lifetime_names,
    clippy::items_after_statements,
    clippy::many_single_char_names,
    clippy::needless_lifetimes,
    clippy::similar_names,
    clippy::trivially_copy_pass_by_ref,
    reason = "functions as people write them"
)]

mod inner_writes;
mod pools;
mod rayon_workers;
mod recursion;
mod reentrancy;
mod shared_errors;
mod single_flight;
mod user_code;
mod waits;
