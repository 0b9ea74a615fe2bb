//! Companions of a function with a store behind it: what they read and write there.

use crate::erased::Erased;
use crate::memo::{Fetched, Later, MemoRef, Published, When};
use crate::metadata::EntryMetadata;
use crate::tags::Severity;

/// How often a value is written again because others have written meanwhile.
const TRIES: usize = 8;

/// Writes a value by hand: to the store, from which the next read takes it. If the store has failed, to the memo, and the
/// older value of the store is removed before anything else is read there.
pub(super) async fn insert(
    memo: MemoRef,
    key: Erased,
    hash: u32,
    value: Erased,
    metadata: EntryMetadata,
    when: When,
) -> bool {
    let Some(backing) = memo.backing().filter(|_| !memo.is_disabled()) else { return false };
    for _ in 0..TRIES {
        let fetched = backing.fetch(&memo, &key).await;
        let Fetched { tier, found, publisher, .. } = fetched;
        let is_present = found.and_then(|found| memo.fresh(found)).is_some();
        let Some(publisher) = publisher else { break };
        let is_wanted = match when {
            When::Always => true,
            When::IfPresent => is_present,
            When::IfAbsent => !is_present,
        };
        if !is_wanted {
            return false;
        }
        let mut metadata = metadata.clone();
        let Some(publication) = memo.publication(&tier, memo.is_error(&value), true, &mut metadata) else {
            return false;
        };
        match publisher.publish(&memo, &value, publication).await {
            Published::Stored => {
                memo.invalidate_key_here(&key, hash, Severity::Hard);
                return true;
            }
            Published::Refused => {}
            Published::Failed => {
                memo.counters.store_errors.add();
                break;
            }
        }
    }
    backing.invalidate(&memo, Some(&key));
    memo.put(&key, hash, &value, Some(metadata), when)
}

/// Changes a value by hand, if the store has a fresh one. None if the store has failed.
pub(super) fn update(
    memo: &MemoRef,
    key: &Erased,
    hash: u32,
    begun: Fetched,
    change: impl FnOnce(Erased) -> Option<(Erased, EntryMetadata)>,
) -> Option<Later<Option<Erased>>> {
    let Fetched { tier, found, publisher, .. } = begun;
    let publisher = publisher?;
    let changed = found.and_then(|found| memo.fresh(found)).and_then(change);
    let prepared = changed.and_then(|(value, mut metadata)| {
        let publication = memo.publication(&tier, memo.is_error(&value), true, &mut metadata)?;
        Some((publisher.publish(memo, &value, publication), value))
    });
    let (memo, key) = (memo.clone(), key.clone());
    Some(Box::pin(async move {
        let (publishing, value) = prepared?;
        let outcome = publishing.await;
        if outcome == Published::Failed {
            memo.counters.store_errors.add();
        }
        if outcome == Published::Stored {
            memo.invalidate_key_here(&key, hash, Severity::Hard);
            return Some(value);
        }
        // Nobody reads what the change was to take the place of.
        memo.invalidate_key(&key, hash, Severity::Hard);
        None
    }))
}
