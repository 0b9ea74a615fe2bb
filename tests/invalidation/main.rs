//! Invalidation: by key, tag and pattern, of what was computed from it, and after a commit.

#![allow(
    clippy::elidable_lifetime_names,
    clippy::items_after_statements,
    clippy::many_single_char_names,
    clippy::needless_lifetimes,
    clippy::similar_names,
    clippy::trivially_copy_pass_by_ref,
    reason = "functions as people write them"
)]

mod inherit;
mod inherit_deep;
mod inherit_edges;
mod large;
mod pending;
mod sources;
mod tags;
mod tags_of_values;
mod typed_tags;
mod values;
mod verbs;
