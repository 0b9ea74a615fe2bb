//! The functions, each in a variant of its own.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use cache_core::Applied;
use serde_derive::{Deserialize, Serialize};

use super::super::SECOND;
use super::ledger;

pub(super) type Later<T> = Pin<Box<dyn Future<Output = T>>>;

/// What the database holds under a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Row {
    /// No other value has the same.
    pub(super) serial: u64,
    pub(super) key: u8,
    pub(super) owner: u8,
}

/// The condition of an insert.
#[derive(Clone, Copy, Debug)]
pub(super) enum On {
    Always,
    Present,
    Absent,
}

/// A memoized function with its companions. Calls are numbered.
pub(super) struct Function {
    pub(super) is_shared: bool,
    /// By how much a process may lag behind others.
    pub(super) lag: Duration,
    pub(super) call: fn(u8, u64) -> Later<Row>,
    pub(super) refresh: fn(u8, u64) -> Later<Row>,
    pub(super) get: fn(u8) -> Later<Option<Row>>,
    pub(super) insert: fn(u8, Row, On) -> Later<bool>,
    pub(super) update: fn(u8, fn(Row) -> Row) -> Later<Option<Row>>,
    pub(super) invalidate: fn(u8) -> Applied,
    pub(super) mark_stale: fn(u8) -> Applied,
    pub(super) clear: fn() -> Applied,
    pub(super) mark_all_stale: fn() -> Applied,
    pub(super) invalidate_if: fn(u8) -> Applied,
}

macro_rules! function {
    ($constant:ident $module:ident { $($field:tt)* } $($option:tt)*) => {
        mod $module {
            use cache_core::memoize;

            use super::{On, Row, ledger};

            #[memoize(
                ttl = 60,
                store = "shared",
                skip(call),
                tags = ["rows", "row:{key}", "owner:{value.owner}"],
                $($option)*
            )]
            pub(super) async fn row(key: u8, call: u64) -> Row {
                ledger::read_row(key, call).await
            }

            pub(super) async fn insert(key: u8, row: Row, on: On) -> bool {
                let entry = row::entry(key, 0);
                match on {
                    On::Always => entry.insert(row).await,
                    On::Present => entry.insert_if_present(row).await,
                    On::Absent => entry.insert_if_absent(row).await,
                }
            }
        }

        pub(super) static $constant: Function = Function {
            call: |key, call| Box::pin($module::row(key, call)),
            refresh: |key, call| Box::pin(async move { $module::row::entry(key, call).refresh().await }),
            get: |key| Box::pin(async move { $module::row::key(key).get().await }),
            insert: |key, row, on| Box::pin($module::insert(key, row, on)),
            update: |key, change| Box::pin(async move { $module::row::entry(key, 0).update(change).await }),
            invalidate: |key| $module::row::key(key).invalidate(),
            mark_stale: |key| $module::row::key(key).mark_stale(),
            clear: || $module::row::memo().clear(),
            mark_all_stale: || $module::row::memo().mark_all_stale(),
            invalidate_if: |key| $module::row::memo().invalidate_if(|_, row| row.key == key),
            $($field)*
        };
    };
}

function!(SHARED shared { is_shared: true, lag: Duration::ZERO } local = false);
function!(SINGLE single { is_shared: true, lag: Duration::ZERO } single_flight = false);
function!(LAGGING lagging { is_shared: true, lag: LAG } local_ttl = "2s");
function!(EXCLUSIVE exclusive { is_shared: false, lag: Duration::ZERO });
function!(REFRESHED refreshed { is_shared: false, lag: Duration::ZERO } refresh_ahead = 0.2);

const LAG: Duration = SECOND.saturating_mul(2);
