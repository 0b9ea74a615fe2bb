//! Asynchronous functions, and work in the background.

mod asynchronous;
mod background;
mod cancellation;
mod failures;
mod flights;
mod many;
mod shared_errors;
mod surroundings;
mod wakers;
