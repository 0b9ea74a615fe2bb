//! Tags that a computation takes over from the calls made within it.

use std::collections::HashMap;
use std::sync::Arc;

use super::Mark;
use crate::sync::Mutex;

/// What a computation has taken over so far.
pub(crate) struct Inherited {
    /// Whose tags: those of another world mean nothing here.
    world: usize,
    /// None any more once the computation has ended.
    open: Mutex<Option<Open>>,
}

#[derive(Default)]
struct Open {
    /// By their ids.
    tags: HashMap<u64, Arc<Mark>>,
    /// Something was read of which it could not be noted what it was.
    missed: bool,
}

impl Inherited {
    /// Of a computation in a world, by its address.
    pub(crate) fn new(world: usize) -> Self {
        Self { world, open: Mutex::new(Some(Open::default())) }
    }

    /// Takes tags over, if they are of the same world and the computation still goes on.
    pub(crate) fn add(&self, world: usize, tags: &[Arc<Mark>]) {
        if let Some(open) = &mut *self.open.lock()
            && world == self.world
        {
            open.tags.extend(tags.iter().map(|tag| (tag.id, tag.clone())));
        }
    }

    /// Something was read, and nobody will be able to say that it has been invalidated.
    pub(crate) fn miss(&self) {
        if let Some(open) = &mut *self.open.lock() {
            open.missed = true;
        }
    }

    /// The computation has ended: what it has taken over, to be let go of by whoever asks; none if
    /// something was missed. Nothing the second time.
    pub(crate) fn end(&self) -> (Vec<Arc<Mark>>, bool) {
        let open = self.open.lock().take().unwrap_or_default();
        (open.tags.into_values().collect(), open.missed)
    }
}
