//! Bounds: what a memo keeps, and what makes room.

mod capacities;
mod eviction;
mod weights;
