//! The configuration that users build, without the feature `testing`: there are no scopes, time is the system's, and
//! background work is done by the pool.
//!
//! Times are judged by what must not be yet (a lower bound that the test measures itself) and by what is some day.

#[path = "../invalidation/large.rs"]
mod large;
#[path = "../functions/signatures.rs"]
mod signatures;

mod background;
mod calls;
mod rayon_workers;
mod time;
