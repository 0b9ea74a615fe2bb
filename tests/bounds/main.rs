//! Bounds: what a memo keeps, what makes room, and what does not grow.

mod capacities;
mod eviction;
mod growth;
mod weights;
