//! Values by their tags.

use super::Cache;
use crate::memo::Runtime;
use crate::store::Reply;
use crate::store::protocol::wire_names;
use crate::tags::{Severity, Tag, TagName};

/// A tag of a cache. [`Cache::tag`] returns it.
#[derive(Clone, Debug)]
#[must_use = "nothing is invalidated before `invalidate`"]
pub struct CacheTag {
    cache: Cache,
    name: TagName,
}

impl Cache {
    /// A tag, to be invalidated.
    pub fn tag(&self, tag: impl Tag) -> CacheTag {
        CacheTag { cache: self.clone(), name: tag.name() }
    }

    /// Invalidates several tags, and those of all functions in this process. Takes two requests, however many tags and values.
    pub fn invalidate_tags<G: Tag>(&self, tags: impl IntoIterator<Item = G>) -> Reply<()> {
        let names: Vec<TagName> = tags.into_iter().map(|tag| tag.name()).collect();
        let runtime = Runtime::current();
        self.reply(|shared, by| async move {
            let wire = wire_names(&names)?;
            if wire.is_empty() {
                return Ok(());
            }
            let invalidated = shared.protocol.invalidate_tags(&wire, by).await;
            // What functions have read meanwhile belongs to flights that end here.
            for TagName(name) in &names {
                runtime.invalidate_tag(name, Severity::Hard);
            }
            invalidated
        })
    }
}

impl CacheTag {
    /// Invalidates all values that carry the tag, in all processes. In this one, the values that functions keep go, too. A
    /// value that is being stored meanwhile is not returned either.
    ///
    /// Takes two requests, whatever the number of values. Their room is given back when they expire or are replaced.
    ///
    /// # Errors
    ///
    /// If the store fails. Then it is sent again before this cache reads anything from the store.
    pub fn invalidate(&self) -> Reply<()> {
        self.cache.invalidate_tags([self.name.clone()])
    }
}
