//! The sources of all editions, in edition 2018.

#[path = "../../all.rs"]
pub mod all;
#[path = "../../before_2024.rs"]
pub mod before_2024;
