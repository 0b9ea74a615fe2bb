//! Groups: one tag that stands for many.
//!
//! An entry that was computed from many others would carry the tags of all of them, and so would whatever is
//! computed from it in its turn: a chain of entries would take memory, and time, as the square of its length. So an
//! entry that has inherited more than a few tags carries a group of them instead, and so does whatever is computed
//! from it. A group is a tag that nobody invalidates: it is invalid when one of its parts is, which may be groups
//! themselves.
//!
//! Its stamps are made from those of its parts when they are asked for, and kept: they are right for all
//! invalidations up to a number that is noted beside them. So after an invalidation each group is looked at once,
//! however many lead to it and whoever asks.

use std::sync::Arc;

use super::stamps::Number;
use super::{Name, TagState};
use crate::sync::{AtomicU64, Ordering};

/// So many inherited tags an entry carries as they are.
pub(super) const FEW: usize = 16;

/// The same in whatever runs.
pub(super) fn few() -> usize {
    #[cfg(loom)]
    return IN_MODEL.get();
    #[cfg(not(loom))]
    FEW
}

// All threads of a model are run by one.
#[cfg(loom)]
std::thread_local! {
    /// The same in a model, which has few tags.
    pub(crate) static IN_MODEL: std::cell::Cell<usize> = const { std::cell::Cell::new(FEW) };
}

/// What a tag stands for that is a group.
pub(super) struct Group {
    pub(super) parts: Box<[Arc<TagState>]>,
    /// The stamps tell of all invalidations up to this one.
    told: AtomicU64,
}

impl Group {
    pub(super) fn of(parts: Box<[Arc<TagState>]>) -> Self {
        Self { parts, told: AtomicU64::new(0) }
    }
}

impl TagState {
    pub(super) fn parts(&self) -> &[Arc<TagState>] {
        self.group.as_ref().map_or(&[], |group| &group.parts)
    }

    /// Whether it is a group whose stamps do not yet tell of all invalidations up to a number.
    fn is_behind(&self, upto: Number) -> bool {
        // Acquire: the stamps that were raised before this was noted.
        self.group.as_ref().is_some_and(|group| group.told.load(Ordering::Acquire) < upto)
    }

    /// Makes the stamps tell of all invalidations up to a number, which was loaded before. Not by recursion:
    /// groups lie within each other as deep as entries were computed from each other.
    fn catch_up(&self, upto: Number) {
        let mut path = vec![(self, self.parts().iter())];
        while let Some((tag, parts)) = path.last_mut() {
            if let Some(part) = parts.find(|part| part.is_behind(upto)) {
                path.push((part, part.parts().iter()));
                continue;
            }
            // Stamps only grow, so it does not matter who else does the same meanwhile, up to what number.
            tag.parts().iter().for_each(|part| tag.stamps.raise_to(&part.stamps));
            if let Some(group) = &tag.group {
                // Release: see `is_behind`.
                group.told.fetch_max(upto, Ordering::Release);
            }
            path.pop();
        }
    }
}

/// Makes the stamps of these tags tell of all invalidations up to a number, which was loaded before.
#[inline]
pub(super) fn catch_up(tags: &[Arc<TagState>], upto: impl FnOnce() -> Number) {
    if tags.iter().any(|tag| tag.group.is_some()) {
        let upto = upto();
        tags.iter().filter(|tag| tag.is_behind(upto)).for_each(|tag| tag.catch_up(upto));
    }
}

/// Calls `see` with the names that users gave to some tags and to their parts. `seen`: groups that were looked
/// at before, by their ids.
pub(crate) fn each_public<'t>(
    tags: &'t [Arc<TagState>],
    seen: &mut std::collections::HashSet<u64>,
    mut see: impl FnMut(&'t Name),
) {
    let mut next: Vec<&TagState> = tags.iter().map(|tag| &**tag).collect();
    while let Some(tag) = next.pop() {
        if !matches!(tag.name, Name::Unnamed(_)) {
            see(&tag.name);
        } else if tag.group.is_some() && seen.insert(tag.id) {
            next.extend(tag.parts().iter().map(|part| &**part));
        }
    }
}

impl Drop for TagState {
    /// Parts of parts one by one: the default would recurse as deep as groups lie within each other.
    fn drop(&mut self) {
        let Some(group) = self.group.take() else { return };
        let mut parts = group.parts.into_vec();
        while let Some(part) = parts.pop() {
            if let Some(mut part) = Arc::into_inner(part)
                && let Some(group) = part.group.take()
            {
                parts.extend(group.parts);
            }
        }
    }
}
