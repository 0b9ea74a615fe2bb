//! New modules of `functions`, until they stand there.

#[path = "functions/conditions.rs"]
mod conditions;
#[path = "functions/fragments.rs"]
mod fragments;
#[path = "writers/instances.rs"]
mod instances;
#[path = "freshness/longest.rs"]
mod longest;
