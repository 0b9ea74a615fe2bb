//! Tests of the runtime as a whole, and the memo without a function that these, the unit tests and the models use.

#[cfg(not(loom))]
mod freshness_oracle;
#[cfg(all(not(loom), not(miri)))]
mod house;
#[cfg(not(loom))]
mod stale;
pub(crate) mod test_memo;
