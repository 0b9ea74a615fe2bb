//! New modules of `functions`, until they stand there.

#[path = "functions/fragments.rs"]
mod fragments;
#[path = "freshness/longest.rs"]
mod longest;
