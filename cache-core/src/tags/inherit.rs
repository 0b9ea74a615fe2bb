//! Tags that a computation takes over from the calls made within it.
//!
//! What is read within several computations that take tags over is noted by the innermost alone. When that ends it
//! hands on to the next one what its value carries, or, if it has none, all that it has noted. So each hears of
//! what was read within it once, and in the short form in which an entry carries it.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use super::TagState;
use crate::sync::{Mutex, RandomState};

/// What a computation has taken over so far.
pub(crate) struct Inherited {
    /// Whose tags: those of another runtime mean nothing here.
    runtime: usize,
    /// The computation within which it was begun, if that takes tags over.
    above: Option<Arc<Inherited>>,
    /// None any more once the computation has ended.
    open: Mutex<Option<InheritedTags>>,
}

#[derive(Default)]
struct InheritedTags {
    /// By their ids.
    tags: HashMap<u64, Arc<TagState>, RandomState>,
    /// Something was read of which it could not be noted what it was. So it is for all above.
    is_incomplete: bool,
    /// Computations of the same runtime within this one that go on, by their addresses.
    within: HashMap<usize, Weak<Inherited>, RandomState>,
    /// How many tags there were when they were asked for.
    known: usize,
}

impl InheritedTags {
    fn add(&mut self, tags: &[Arc<TagState>]) {
        self.tags.extend(tags.iter().map(|tag| (tag.id, tag.clone())));
    }
}

impl Inherited {
    /// Of a computation in a runtime, by its address, that begins within another one.
    pub(crate) fn begin(runtime: usize, above: Option<Arc<Self>>) -> Arc<Self> {
        let this = Arc::new(Self { runtime, above, open: Mutex::new(Some(InheritedTags::default())) });
        this.tell_above(|open| drop(open.within.insert(this.address(), Arc::downgrade(&this))));
        this
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// This one and those above, from the inside out.
    fn chain(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |this| this.above.as_deref())
    }

    /// Takes tags over, or has the nearest above do so: it must be of the same runtime and still go on.
    pub(crate) fn add(&self, runtime: usize, tags: &[Arc<TagState>]) {
        Self::tell(Some(self), runtime, |open| open.add(tags));
    }

    /// Something was read, and nobody will be able to say that it has been invalidated.
    pub(crate) fn note_unknown(&self) {
        let is_incomplete = |this: &&Self| this.open.lock().as_ref().is_some_and(|open| open.is_incomplete);
        let unaware: Vec<&Self> = self.chain().take_while(|this| !is_incomplete(this)).collect();
        // From the outside in: who finds that one knows of it knows the same of all above.
        for this in unaware.into_iter().rev() {
            if let Some(open) = &mut *this.open.lock() {
                open.is_incomplete = true;
            }
        }
    }

    /// What the computation, whose body has returned, has taken over; none if something was missed. It still goes
    /// on, until [`end`](Self::end).
    pub(crate) fn so_far(&self) -> Option<Vec<Arc<TagState>>> {
        // Those within that go on have noted what was read, and not handed it on. Their value cannot be part of
        // what this one has returned, but whatever else they have done may be.
        let mut within = self.within();
        let mut found = Vec::new();
        while let Some(this) = within.pop() {
            if let Some(open) = &*this.open.lock() {
                found.extend(open.tags.values().cloned());
            }
            within.extend(this.within());
        }
        let mut open = self.open.lock();
        let Some(open) = &mut *open else { return Some(Vec::new()) };
        open.add(&found);
        open.known = open.tags.len();
        (!open.is_incomplete).then(|| open.tags.values().cloned().collect())
    }

    fn within(&self) -> Vec<Arc<Self>> {
        let open = self.open.lock();
        open.iter().flat_map(|open| open.within.values()).filter_map(Weak::upgrade).collect()
    }

    /// The computation has ended. The next one above that goes on takes over what its value carries; if it has no
    /// value, all of it. What is left is handed out, to be let go of. Nothing the second time.
    pub(crate) fn end(&self, carried: Option<&[Arc<TagState>]>) -> Vec<Arc<TagState>> {
        // Held meanwhile: whoever is above and ends finds this one open, or has been told.
        let mut this = self.open.lock();
        let Some(mut ended) = this.take() else { return Vec::new() };
        let mut left = std::mem::take(&mut ended.tags);
        self.tell_above(|open| {
            open.within.remove(&self.address());
            open.within.extend(ended.within.drain());
            // What has come after it was asked for was read by what goes on within, for others.
            if carried.is_none() || ended.known < left.len() {
                if open.tags.len() < left.len() {
                    std::mem::swap(&mut open.tags, &mut left);
                }
                open.tags.extend(left.drain());
            }
            open.add(carried.unwrap_or_default());
        });
        drop(this);
        left.into_values().collect()
    }

    /// Has the nearest above that is of the same runtime and goes on note something.
    fn tell_above(&self, note: impl FnOnce(&mut InheritedTags)) {
        Self::tell(self.above.as_deref(), self.runtime, note);
    }

    fn tell(from: Option<&Self>, runtime: usize, note: impl FnOnce(&mut InheritedTags)) {
        for this in from.into_iter().flat_map(Self::chain).filter(|this| this.runtime == runtime) {
            if let Some(open) = &mut *this.open.lock() {
                return note(open);
            }
        }
    }
}

impl Drop for Inherited {
    /// Unlinks a long chain step by step: the default would recurse as deep as the calls did.
    fn drop(&mut self) {
        let mut above = self.above.take();
        while let Some(this) = above {
            above = Arc::into_inner(this).and_then(|mut this| this.above.take());
        }
    }
}
