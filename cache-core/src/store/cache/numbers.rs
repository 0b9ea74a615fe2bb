//! Numbers that several processes count.

use serde::Serialize;

use super::Cache;
use crate::store::{Reply, StoreError, StoreErrorKind};

impl Cache {
    /// Adds to a whole number and returns the sum. An absent number counts as 0. The number keeps its deadline and
    /// its tags.
    ///
    /// The number is replaced if nobody else changed it meanwhile, so each addition counts once. Many processes that
    /// change the same number often hinder each other.
    ///
    /// # Errors
    ///
    /// [`NotAnInteger`](StoreErrorKind::NotAnInteger) if the value is something else or the sum does not fit;
    /// [`Contended`](StoreErrorKind::Contended) if others changed it at each attempt.
    pub fn increment(&self, key: impl Serialize, by: i64) -> Reply<i64> {
        let name = self.0.name(key);
        self.reply(move |shared, deadline| async move {
            let not_integer = |what| StoreError::new(StoreErrorKind::NotAnInteger, what);
            let add = |old: Option<i64>| {
                let sum = old.unwrap_or(0).checked_add(by);
                sum.map(Some).ok_or_else(|| not_integer("the sum does not fit into an `i64`"))
            };
            match shared.change(&name?, deadline, add).await {
                Ok(sum) => Ok(sum.unwrap_or_default()),
                Err(error) if error.kind() == StoreErrorKind::Encoding => {
                    Err(not_integer("the value is not an integer").caused_by(error))
                }
                Err(error) => Err(error),
            }
        })
    }
}
