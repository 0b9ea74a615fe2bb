//! Random operations, one after the other and at once, and invariants that hold throughout.

mod histories;
mod reference;
mod stress;
mod stress_tasks;
