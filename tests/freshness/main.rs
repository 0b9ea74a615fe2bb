//! Freshness: how long a value is an answer, for whom, and what stands in for it afterwards.

#![allow(
    clippy::elidable_lifetime_names,
    clippy::items_after_statements,
    clippy::many_single_char_names,
    clippy::needless_lifetimes,
    clippy::similar_names,
    clippy::trivially_copy_pass_by_ref,
    reason = "functions as people write them"
)]

mod ahead;
mod clocks;
mod computing;
mod ends;
mod fallback;
mod fresh_nodes;
mod idle_jitter;
mod limits;
mod longest;
mod marks;
mod negative;
mod origin;
mod stale;
mod stays;
mod ttl;
