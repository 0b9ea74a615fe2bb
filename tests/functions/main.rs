//! Functions: what a call answers, of what signature and with what options, and how tools find it.

#![allow(
    clippy::elidable_lifetime_names,
    clippy::items_after_statements,
    clippy::many_single_char_names,
    clippy::needless_lifetimes,
    clippy::similar_names,
    clippy::trivially_copy_pass_by_ref,
    reason = "functions as people write them"
)]

mod attributes;
mod calls;
mod complaints;
mod conditions;
mod editions;
mod fragments;
mod generics;
mod hooks;
mod hygiene;
mod keys;
mod names;
mod options;
mod panics;
mod registry;
mod scopes;
mod signatures;
mod surroundings;
mod told_apart;
mod values;
