//! Tags that a computation takes over from the calls made within it.
//!
//! What is read within several computations that take tags over is noted by the innermost alone. When that ends it
//! hands on to the next one what its value carries, or, if it has none, all that it has noted. So each hears of
//! what was read within it once, and in the short form in which an entry carries it.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use super::Mark;
use crate::sync::{Mutex, RandomState};

/// What a computation has taken over so far.
pub(crate) struct Inherited {
    /// Whose tags: those of another world mean nothing here.
    world: usize,
    /// The computation within which it was begun, if that takes tags over.
    above: Option<Arc<Inherited>>,
    /// None any more once the computation has ended.
    open: Mutex<Option<Open>>,
}

#[derive(Default)]
struct Open {
    /// By their ids.
    tags: HashMap<u64, Arc<Mark>, RandomState>,
    /// Something was read of which it could not be noted what it was. So it is for all above.
    missed: bool,
    /// Computations of the same world within this one that go on, by their addresses.
    within: HashMap<usize, Weak<Inherited>, RandomState>,
    /// How many tags there were when they were asked for.
    told: usize,
}

impl Open {
    fn add(&mut self, tags: &[Arc<Mark>]) {
        self.tags.extend(tags.iter().map(|tag| (tag.id, tag.clone())));
    }
}

impl Inherited {
    /// Of a computation in a world, by its address, that begins within another one.
    pub(crate) fn begin(world: usize, above: Option<Arc<Self>>) -> Arc<Self> {
        let this = Arc::new(Self { world, above, open: Mutex::new(Some(Open::default())) });
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

    /// Takes tags over, or has the nearest above do so: it must be of the same world and still go on.
    pub(crate) fn add(&self, world: usize, tags: &[Arc<Mark>]) {
        Self::tell(Some(self), world, |open| open.add(tags));
    }

    /// Something was read, and nobody will be able to say that it has been invalidated.
    pub(crate) fn miss(&self) {
        let missed = |this: &&Self| this.open.lock().as_ref().is_some_and(|open| open.missed);
        let unaware: Vec<&Self> = self.chain().take_while(|this| !missed(this)).collect();
        // From the outside in: who finds that one knows of it knows the same of all above.
        for this in unaware.into_iter().rev() {
            if let Some(open) = &mut *this.open.lock() {
                open.missed = true;
            }
        }
    }

    /// What the computation, whose body has returned, has taken over; none if something was missed. It still goes
    /// on, until [`end`](Self::end).
    pub(crate) fn so_far(&self) -> Option<Vec<Arc<Mark>>> {
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
        open.told = open.tags.len();
        (!open.missed).then(|| open.tags.values().cloned().collect())
    }

    fn within(&self) -> Vec<Arc<Self>> {
        let open = self.open.lock();
        open.iter().flat_map(|open| open.within.values()).filter_map(Weak::upgrade).collect()
    }

    /// The computation has ended. The next one above that goes on takes over what its value carries; if it has no
    /// value, all of it. What is left is handed out, to be let go of. Nothing the second time.
    pub(crate) fn end(&self, carried: Option<&[Arc<Mark>]>) -> Vec<Arc<Mark>> {
        // Held meanwhile: whoever is above and ends finds this one open, or has been told.
        let mut this = self.open.lock();
        let Some(mut ended) = this.take() else { return Vec::new() };
        let mut left = std::mem::take(&mut ended.tags);
        self.tell_above(|open| {
            open.within.remove(&self.address());
            open.within.extend(ended.within.drain());
            // What has come after it was asked for was read by what goes on within, for others.
            if carried.is_none() || ended.told < left.len() {
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

    /// Has the nearest above that is of the same world and goes on note something.
    fn tell_above(&self, note: impl FnOnce(&mut Open)) {
        Self::tell(self.above.as_deref(), self.world, note);
    }

    fn tell(from: Option<&Self>, world: usize, note: impl FnOnce(&mut Open)) {
        for this in from.into_iter().flat_map(Self::chain).filter(|this| this.world == world) {
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
