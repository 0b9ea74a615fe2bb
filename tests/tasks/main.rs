//! Asynchronous functions, and work in the background.

#![allow(
    clippy::elidable_lifetime_names,
    clippy::items_after_statements,
    clippy::many_single_char_names,
    clippy::needless_lifetimes,
    clippy::similar_names,
    clippy::trivially_copy_pass_by_ref,
    reason = "functions as people write them"
)]

mod asynchronous;
mod background;
mod cancellation;
mod failures;
mod flights;
mod many;
mod shared_errors;
mod surroundings;
mod wakers;
