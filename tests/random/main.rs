//! Random operations, one after the other and at once, and invariants that hold throughout.

#![allow(
    clippy::elidable_lifetime_names,
    clippy::items_after_statements,
    clippy::many_single_char_names,
    clippy::needless_lifetimes,
    clippy::similar_names,
    clippy::trivially_copy_pass_by_ref,
    reason = "functions as people write them"
)]

mod histories;
mod reference;
mod stress;
mod stress_tasks;
