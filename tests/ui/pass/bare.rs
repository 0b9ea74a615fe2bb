//! The least there is.
#![deny(warnings, missing_docs, clippy::pedantic)]

/// Doubles.
#[cache_core::memoize]
#[must_use]
pub fn double(n: u32) -> u32 {
    n * 2
}

fn main() {
    assert_eq!([double(2), double(2)], [4, 4]);
}
