//! Writers, in a crate that denies all warnings.
#![deny(warnings, missing_docs, unreachable_pub, unused, clippy::pedantic, clippy::shadow_unrelated)]

use std::future::Future;
use std::pin::Pin;

use cache_core::{Memo, Pending, invalidates, memoize};

/// Its lives.
#[memoize(tags = ["cat:{id}"])]
#[must_use]
pub fn lives(id: u64) -> u64 {
    id
}

/// With everything.
///
/// # Errors
///
/// If there is no such cat.
#[invalidates(
    tags = ["cat:{id}", "named:{name}:{value}", extra, ..more.iter().map(String::as_str)],
    entries = [lives(id), lives(*value), lives(_old), ..ids.iter().map(|other| lives::key(*other))],
    memos = [lives],
    matching = ["*lives({id})", "*lives({value})"],
    into = pending,
    crate = cache_core,
)]
#[inline]
pub fn write(
    id: u64,
    name: String,
    extra: Option<&str>,
    mut more: Vec<String>,
    (_old, ids): (u64, &[u64]),
    pending: &Pending,
) -> Result<u64, String> {
    more.push(name);
    more.iter().map(|more| more.parse::<u64>().map_err(|_| format!("{more} {extra:?} {}", ids.len()))).sum()
}

/// Nothing is said of it but that it writes.
#[invalidates(memos = [lives])]
pub fn clear() {}

/// Asynchronous.
///
/// # Errors
///
/// Never.
#[invalidates(entries = [lives(id), lives(*value)])]
pub async fn later(id: u64) -> Result<u64, String> {
    std::future::ready(()).await;
    Ok(id)
}

/// What it needs not await.
#[invalidates(entries = [lives(id)])]
pub fn opaque(id: u64) -> impl Future<Output = u64> + Send + 'static {
    async move { id }
}

/// In a box.
#[invalidates(entries = [lives(*id)])]
#[must_use]
pub fn boxed(id: &u64) -> Pin<Box<dyn Future<Output = u64> + Send + '_>> {
    Box::pin(async move { *id })
}

/// A table.
#[derive(Debug, Default)]
pub struct Table {
    names: Memo<String>,
    count: u64,
}

impl Table {
    /// Its name.
    #[memoize(memo = self.names)]
    #[must_use]
    pub fn name(&self, id: u64) -> String {
        format!("{} {id}", self.count)
    }

    /// Is counted.
    #[invalidates(entries = [self.name(id)], memos = [self.names])]
    pub fn rename(&mut self, id: u64) -> &mut u64 {
        self.count += id;
        &mut self.count
    }

    /// Is consumed.
    #[invalidates(entries = [self.name(value.len() as u64)])]
    #[must_use]
    pub fn finish(self: std::sync::Arc<Self>) -> String {
        format!("{self:?}")
    }
}

fn main() {
    let pending = Pending::new();
    assert_eq!(write(1, "2".to_owned(), None, vec!["3".to_owned()], (1, &[2]), &pending), Ok(5));
    assert_eq!(pending.len(), 10);
    pending.discard();
    clear();
    drop((later(1), opaque(1), boxed(&1)));
    let mut table = Table::default();
    *table.rename(1) += 1;
    assert!(std::sync::Arc::new(table).finish().contains('2'));
}
