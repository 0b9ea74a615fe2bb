//! Who waits for whom.
//!
//! Nodes are flights. A flight depends on the flights led from within its body (its descendants, on
//! the same stack) and on those that any of these wait for. A wait that would close a circle is
//! noticed before it begins, under one lock; only calls made from within a flight take it, and only
//! to wait.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Deciding, Decisions};
use crate::sync::Mutex;
use crate::tags::{Inherited, Mark};

/// A flight and the flights within whose bodies it was started.
pub(crate) struct Ancestry {
    id: u64,
    parent: Option<Arc<Ancestry>>,
    /// The tags it takes over from calls made within it, if it does.
    pub(crate) inherited: Option<Inherited>,
    /// Whether it or one above takes tags over.
    pub(crate) inherits: bool,
    /// What its body decides about its value; none if that is not stored.
    pub(crate) deciding: Option<Deciding>,
}

impl Ancestry {
    /// Of a body that is run without a flight, and whose value is not stored: it is part of those above,
    /// but has nothing to say about theirs. None if there are none.
    pub(crate) fn aside() -> Option<Arc<Self>> {
        current().map(|parent| Self::below(Some(parent), None, None))
    }

    pub(crate) fn below(
        parent: Option<Arc<Ancestry>>,
        inherited: Option<Inherited>,
        deciding: Option<Deciding>,
    ) -> Arc<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let inherits = inherited.is_some() || parent.as_ref().is_some_and(|parent| parent.inherits);
        Arc::new(Self { id: NEXT.fetch_add(1, Ordering::Relaxed), parent, inherited, inherits, deciding })
    }

    /// What its body, which has returned, has said of its value.
    pub(crate) fn said(&self) -> Decisions {
        self.deciding.as_ref().map(Deciding::end).unwrap_or_default()
    }

    fn flights(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |flight| flight.parent.as_deref())
    }

    fn chain(&self) -> impl Iterator<Item = u64> + '_ {
        self.flights().map(|flight| flight.id)
    }

    /// Hands tags of a world to those, from this one upwards, that take them over.
    pub(crate) fn hand_up(&self, world: usize, tags: &[Arc<Mark>]) {
        for inherited in self.flights().filter_map(|flight| flight.inherited.as_ref()) {
            inherited.add(world, tags);
        }
    }

    /// Something was read of which it cannot be said what it was.
    pub(crate) fn miss(&self) {
        self.flights().filter_map(|flight| flight.inherited.as_ref()).for_each(Inherited::miss);
    }

    /// As [`hand_up`](Self::hand_up), without this one.
    pub(crate) fn hand_on(&self, world: usize, tags: &[Arc<Mark>]) {
        if let Some(parent) = self.parent.as_ref().filter(|parent| parent.inherits) {
            parent.hand_up(world, tags);
        }
    }
}

impl Drop for Ancestry {
    /// Unlinks a long chain step by step: the default would recurse as deep as the calls did.
    fn drop(&mut self) {
        let mut parent = self.parent.take();
        while let Some(flight) = parent {
            parent = Arc::into_inner(flight).and_then(|mut flight| flight.parent.take());
        }
    }
}

crate::sync::thread_local! {
    static CURRENT: RefCell<Option<Arc<Ancestry>>> = const { RefCell::new(None) };
}

/// The flight whose body this thread runs. None while the thread is being torn down: a destructor
/// that calls a memoized function is in no body any more.
pub(crate) fn current() -> Option<Arc<Ancestry>> {
    CURRENT.try_with(|current| current.borrow().clone()).ok().flatten()
}

/// Runs `body` as part of a flight, or of none.
pub(crate) fn under<T>(flight: Option<Arc<Ancestry>>, body: impl FnOnce() -> T) -> T {
    struct Restore(Option<Arc<Ancestry>>);
    impl Drop for Restore {
        fn drop(&mut self) {
            let outer = self.0.take();
            let _ = CURRENT.try_with(|current| current.replace(outer));
        }
    }
    let _restore = Restore(CURRENT.try_with(|current| current.replace(flight)).ok().flatten());
    body()
}

/// The waits under way from within flights.
pub(crate) struct Waits {
    edges: Mutex<HashMap<u64, Vec<u64>>>,
}

/// A wait that is registered.
pub(crate) struct Wait {
    waits: Arc<Waits>,
    waiter: Option<Arc<Ancestry>>,
    awaited: u64,
}

impl Waits {
    pub(crate) fn new() -> Self {
        Self { edges: Mutex::new(HashMap::new()) }
    }

    /// Keeps others from it, around a `fork`.
    #[cfg(all(unix, not(miri), not(loom)))]
    pub(crate) fn hold(&self) -> impl Sized + use<'_> {
        self.edges.lock()
    }

    /// Registers that this thread or task is about to wait for a flight. `None` if the flight waits, by
    /// whatever way, for something that it runs.
    pub(crate) fn begin(self: &Arc<Self>, awaited: &Ancestry) -> Option<Wait> {
        let Some(waiter) = current() else {
            // Nothing depends on a caller that is in no flight.
            return Some(Wait { waits: self.clone(), waiter: None, awaited: awaited.id });
        };
        if waiter.chain().any(|id| id == awaited.id) {
            return None;
        }
        let mut edges = self.edges.lock();
        let mut seen = vec![awaited.id];
        let mut next = 0;
        while let Some(&id) = seen.get(next) {
            next += 1;
            for &id in edges.get(&id).into_iter().flatten() {
                if !seen.contains(&id) {
                    seen.push(id);
                }
            }
        }
        if waiter.chain().any(|id| seen.contains(&id)) {
            return None;
        }
        for id in waiter.chain() {
            edges.entry(id).or_default().push(awaited.id);
        }
        drop(edges);
        Some(Wait { waits: self.clone(), waiter: Some(waiter), awaited: awaited.id })
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.edges.lock().is_empty()
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        let Some(waiter) = self.waiter.take() else { return };
        let mut edges = self.waits.edges.lock();
        for id in waiter.chain() {
            if let Some(awaited) = edges.get_mut(&id) {
                if let Some(at) = awaited.iter().position(|id| *id == self.awaited) {
                    awaited.swap_remove(at);
                }
                if awaited.is_empty() {
                    edges.remove(&id);
                }
            }
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::cell::RefCell;
    use std::sync::Arc;
    use std::sync::mpsc::{Sender, channel};

    use crate::fixture::Stage;
    use crate::spec::Spec;

    /// Calls from a destructor of the thread.
    struct CallsAtTheEnd(Arc<Stage>, Sender<u64>, u64);

    impl Drop for CallsAtTheEnd {
        fn drop(&mut self) {
            let value = self.0.call(self.2, &[], || Ok(self.2)).unwrap();
            self.1.send(value).unwrap();
        }
    }

    #[test]
    fn a_call_of_itself_is_computed_in_place() {
        let stage = Stage::new(Spec::new("stage", &["key"]));
        let value = stage.call(1, &[], || stage.call(2, &[], || stage.call(1, &[], || Ok(1))));
        assert_eq!((value, stage.get(1), stage.get(2)), (Ok(1), Some(1), Some(1)));
        assert_eq!(stage.memo.counters.read().in_place, 1);
        assert!(stage.world.waits.is_empty());
    }

    #[test]
    fn calls_from_destructors_of_a_thread_are_calls() {
        std::thread_local! {
            static BEFORE: RefCell<Option<CallsAtTheEnd>> = const { RefCell::new(None) };
            static AFTER: RefCell<Option<CallsAtTheEnd>> = const { RefCell::new(None) };
        }
        let stage = Arc::new(Stage::new(Spec::new("stage", &["key"])));
        let (send, values) = channel();
        std::thread::spawn(move || {
            BEFORE.set(Some(CallsAtTheEnd(stage.clone(), send.clone(), 1)));
            stage.call(0, &[], || Ok(0)).unwrap();
            AFTER.set(Some(CallsAtTheEnd(stage.clone(), send, 2)));
        })
        .join()
        .unwrap();
        let mut values: Vec<u64> = values.iter().collect();
        values.sort_unstable();
        assert_eq!(values, [1, 2]);
    }
}
