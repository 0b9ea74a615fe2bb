//! The configuration that users build, without the feature `testing`: there are no scopes, time is the system's, and
//! background work is done by the pool.
//!
//! Times are judged by what must not be yet (a lower bound that the test measures itself) and by what is some day.

#![allow(
    clippy::elidable_lifetime_names,
    clippy::items_after_statements,
    clippy::many_single_char_names,
    clippy::needless_lifetimes,
    clippy::similar_names,
    clippy::trivially_copy_pass_by_ref,
    reason = "functions as people write them"
)]

#[path = "../invalidation/large.rs"]
mod large;
#[path = "../functions/signatures.rs"]
mod signatures;

mod background;
mod calls;
mod rayon_workers;
mod time;
