//! Companions of a function with a store behind it: what they read and write there.

use crate::done::{Done, Read};
use crate::erased::Erased;
use crate::memo::{Fetched, MemoRef, Published, Tier, When};
use crate::metadata::EntryMetadata;
use crate::tags::Severity;

/// How often a value is written again because others have written meanwhile.
const TRIES: usize = 8;

/// Writes a value by hand: to the store, from which the next read takes it. If the store has failed, to the memo, if that
/// keeps values, and the older value of the store is removed before anything else is read there.
pub(super) async fn insert(
    memo: MemoRef,
    key: Erased,
    hash: u32,
    value: Erased,
    metadata: EntryMetadata,
    when: When,
) -> bool {
    let Some(backing) = memo.backing().filter(|_| !memo.is_disabled()) else { return false };
    let mut tier = None;
    for _ in 0..TRIES {
        let fetched = backing.fetch(&memo, &key, false).fetched.await;
        let Fetched { found, publisher, .. } = fetched;
        tier = Some(fetched.tier);
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
        let is_error = memo.is_error(&value);
        let Some(publication) = memo.publication(&fetched.tier, is_error, true, &mut metadata) else {
            return false;
        };
        match publisher.publish(&memo, &value, publication).await {
            Published::Stored => {
                memo.invalidate_key_here(&key, hash, Severity::Hard);
                return true;
            }
            Published::Refused => {}
            Published::Failed => break,
        }
    }
    let (tier, mut metadata) = (tier.unwrap_or(Tier::ALONE), metadata);
    backing.invalidate(&memo, Some(&key));
    let is_to_be_kept = memo.publication(&tier, memo.is_error(&value), true, &mut metadata).is_some();
    let is_stored = is_to_be_kept && memo.put(&key, hash, &value, Some(metadata), when);
    if !is_stored {
        memo.invalidate_key_here(&key, hash, Severity::Hard);
    }
    is_stored
}

/// Changes a value by hand, if the store has a fresh one. If the store has failed, that of the memo, and the older value of
/// the store is removed before anything else is read there.
pub(super) fn update(
    memo: &MemoRef,
    key: &Erased,
    hash: u32,
    begun: Fetched,
    mut change: impl FnMut(Erased) -> Option<(Erased, EntryMetadata)>,
) -> Read<Erased> {
    let Fetched { tier, found, publisher, .. } = begun;
    let mut prepare = |old| {
        let (value, mut metadata) = change(old)?;
        let publication = memo.publication(&tier, memo.is_error(&value), true, &mut metadata)?;
        Some((value, metadata, publication))
    };
    let Some(mut publisher) = publisher else {
        memo.backing().and_then(|backing| backing.invalidate(memo, Some(key)));
        if tier.local_ttl.is_some() {
            // The value of the memo may be late, and what is computed from it would be later still.
            memo.invalidate_key_here(key, hash, Severity::Hard);
            return Done::Now(None);
        }
        let change = |old| prepare(old).map(|(value, metadata, _)| (value, metadata));
        return Done::Now(memo.update(key, hash, change));
    };
    let Some(found) = found.and_then(|found| memo.fresh(found)) else {
        // Nor is there one in the memo from here on: what it had was not changed.
        memo.invalidate_key_here(key, hash, Severity::Hard);
        return Done::Now(None);
    };
    publisher.based_on_found();
    let publishing =
        prepare(found).map(|(value, _, publication)| (publisher.publish(memo, &value, publication), value));
    let (memo, key) = (memo.clone(), key.clone());
    Done::Later(Box::pin(async move {
        if let Some((publishing, value)) = publishing
            && publishing.await == Published::Stored
        {
            memo.invalidate_key_here(&key, hash, Severity::Hard);
            return Some(value);
        }
        // Nobody reads what the change was to take the place of.
        memo.invalidate_key(&key, hash, Severity::Hard);
        None
    }))
}
