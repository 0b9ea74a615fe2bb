//! Flights: one computation for a key, who waits for it, and what ends a wait.

mod recursion;
mod reentrancy;
mod single_flight;
mod user_code;
mod waits;
