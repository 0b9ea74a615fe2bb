//! Invalidation: by key, tag and pattern, of what was computed from it, and after a commit.

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
