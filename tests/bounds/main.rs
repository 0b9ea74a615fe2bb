//! Bounds: what a memo keeps, what makes room, and what does not grow.

#![allow(
    clippy::elidable_lifetime_names,
    clippy::items_after_statements,
    clippy::many_single_char_names,
    clippy::needless_lifetimes,
    clippy::similar_names,
    clippy::trivially_copy_pass_by_ref,
    reason = "functions as people write them"
)]

mod capacities;
mod eviction;
mod growth;
mod weights;
