//! Lint levels of the user hold for the body, and only there.
#![deny(warnings, missing_docs, clippy::pedantic, clippy::shadow_unrelated, clippy::allow_attributes_without_reason)]

use cache_core::memoize;

/// What the body does is expected.
#[memoize(ttl = 5)]
#[expect(clippy::cast_possible_truncation, reason = "small numbers")]
#[must_use]
pub fn small(n: u64) -> u8 {
    n as u8
}

/// Parameters may carry attributes, too.
#[memoize]
#[must_use]
pub fn unused(#[allow(unused_variables, reason = "part of the key alone")] region: &str, n: u32) -> u32 {
    n
}

/// Is old.
#[memoize]
#[deprecated = "use `small`"]
#[must_use]
pub fn old(n: u32) -> u32 {
    n
}

#[memoize]
fn private(n: u32) -> u32 {
    n
}

fn main() {
    assert_eq!(small(7), 7);
    assert_eq!(unused("eu", 1), 1);
    assert_eq!(private(1), 1);
}
