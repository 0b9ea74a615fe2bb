//! Who waits for whom.
//!
//! Nodes are flights. A flight depends on the flights led from within its body (its descendants, on
//! the same stack) and on those that any of these wait for. A wait that would close a circle is
//! noticed before it begins, under one lock; only calls made from within a flight take it, and only
//! to wait.

use std::cell::Cell;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashSet};
use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::pin::pin;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::fence;

use super::{BodyControl, BodyDecisions};
use crate::sync::Ordering::{AcqRel, Acquire, Release};
use crate::sync::{AtomicBool, AtomicU64 as AtomicNumber, Mutex};
use crate::tags::{Inherited, Number, SharedTags, TagState};

/// A flight and the flights within whose bodies it was started.
pub(crate) struct FlightContext {
    parent: Option<Arc<FlightContext>>,
    /// The list to which calls made within it add their tags: its own, or that of the nearest flight above.
    inheriting: Option<Arc<Inherited>>,
    /// Whether that is its own.
    inherits: bool,
    /// What its body decides about its value; none if that is not stored.
    pub(crate) control: Option<BodyControl>,
    /// What is written from within it, if it is an update.
    updating: Option<Updating>,
}

crate::sync::crosses_threads!(FlightContext { parent, inheriting, inherits, control, updating });

/// What the closure of an update does itself.
struct Updating {
    /// Whose invalidations are numbered: the address of its runtime.
    runtime: usize,
    /// It has written the entry. What it writes comes before what the update does, and does not overtake that.
    wrote: AtomicBool,
    /// It has invalidated the key.
    ended: AtomicBool,
    /// The first of its other invalidations, of whatever; 0 if there is none.
    invalidated: AtomicNumber,
    /// The tags of the entry that the update has read.
    tags: Option<SharedTags>,
}

impl FlightContext {
    /// The context of a body that runs without a flight, and whose value is not stored. It belongs to the
    /// flights above, but does not decide about their values. None if there are no flights above.
    pub(crate) fn without_flight() -> Option<Arc<Self>> {
        current().map(|parent| Self::nested(Some(parent), None, None))
    }

    /// Of a body that is run within another one's, or by itself. `inherits_in`: the runtime of which it takes tags
    /// over, if it does.
    pub(crate) fn nested(
        parent: Option<Arc<FlightContext>>,
        inherits_in: Option<usize>,
        control: Option<BodyControl>,
    ) -> Arc<Self> {
        Arc::new(Self::new(parent, inherits_in, control))
    }

    /// The same, which nobody is below yet.
    pub(crate) fn new(
        parent: Option<Arc<FlightContext>>,
        inherits_in: Option<usize>,
        control: Option<BodyControl>,
    ) -> Self {
        let above = parent.as_ref().and_then(|parent| parent.inheriting.clone());
        let (inherits, inheriting) = match inherits_in {
            Some(runtime) => (true, Some(Inherited::begin(runtime, above))),
            None => (false, above),
        };
        Self { parent, inheriting, inherits, control, updating: None }
    }

    /// The same, made of one that was ended.
    #[inline]
    pub(super) fn renew(&mut self, parent: Option<Arc<FlightContext>>, inherits_in: Option<usize>) {
        self.inherits = inherits_in.is_some();
        match &mut self.control {
            // What it is not part of needs not be looked at.
            Some(control) if parent.is_none() && !self.inherits => control.renew(),
            _ => *self = Self::new(parent, inherits_in, Some(BodyControl::new(None))),
        }
    }

    /// Its flight has ended: drops its parent and what its body has said.
    #[inline]
    pub(super) fn end(&mut self) {
        if self.parent.is_some() || self.inheriting.is_some() || self.updating.is_some() {
            (self.parent, self.inheriting, self.updating) = (None, None, None);
        }
        if let Some(control) = &mut self.control {
            control.forget();
        }
    }

    /// Of an update in a runtime, which has read an entry with these tags.
    pub(crate) fn of_update(runtime: usize, tags: Option<SharedTags>) -> Arc<Self> {
        let mut context = Self::nested(current(), None, None);
        let updating = Updating {
            runtime,
            wrote: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            invalidated: AtomicNumber::new(0),
            tags,
        };
        Arc::get_mut(&mut context).expect("nobody else has it yet").updating = Some(updating);
        context
    }

    /// The tags of the entry that an update has read.
    pub(crate) fn tags_of_read(&self) -> &[Arc<TagState>] {
        self.updating.as_ref().and_then(|updating| updating.tags.as_ref()).map_or(&[], |tags| tags)
    }

    /// Whether the closure of an update has written the entry.
    pub(crate) fn has_written(&self) -> bool {
        self.updating.as_ref().is_some_and(|updating| updating.wrote.load(Acquire))
    }

    /// Whether the closure of an update has invalidated the key.
    pub(crate) fn has_ended_itself(&self) -> bool {
        self.updating.as_ref().is_some_and(|updating| updating.ended.load(Acquire))
    }

    /// The first invalidation that the closure of an update has made, of whatever.
    pub(crate) fn has_invalidated(&self) -> Option<Number> {
        let first = self.updating.as_ref()?.invalidated.load(Acquire);
        (first > 0).then_some(first)
    }

    /// Whether this thread writes the entry from within the closure of this update. If so, that is noted.
    pub(crate) fn writes_within(&self) -> bool {
        self.note_within(|updating| &updating.wrote)
    }

    /// This thread invalidates the key, perhaps from within the closure of this update.
    pub(crate) fn ends_within(&self) {
        self.note_within(|updating| &updating.ended);
    }

    fn note_within(&self, what: impl Fn(&Updating) -> &AtomicBool) -> bool {
        let Some(updating) = &self.updating else { return false };
        let within = current().is_some_and(|current| current.chain().any(|id| id == self.id()));
        if within {
            what(updating).store(true, Release);
        }
        within
    }

    /// The computation that an update is made from, which has something to say of its value; or this one.
    pub(crate) fn outside_updates(self: Arc<Self>) -> Option<Arc<Self>> {
        let mut flight = self;
        while flight.updating.is_some() {
            flight = flight.parent.clone()?;
        }
        Some(flight)
    }

    /// What its body, which has returned, has said of its value.
    #[inline]
    pub(crate) fn said(self: &Arc<Self>) -> Option<Box<BodyDecisions>> {
        let is_alone = Arc::strong_count(self) == 1;
        // Acquire: whoever has let go of it has said what it had to say.
        fence(Acquire);
        self.control.as_ref()?.end(is_alone)
    }

    fn flights(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |flight| flight.parent.as_deref())
    }

    /// What it is told apart by, while it is there.
    fn id(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    fn chain(&self) -> impl Iterator<Item = usize> + '_ {
        self.flights().map(Self::id)
    }

    /// What takes tags over from calls made within it, if anything does.
    pub(crate) fn inheriting(&self) -> Option<&Arc<Inherited>> {
        self.inheriting.as_ref()
    }

    /// The same if it is its own.
    pub(crate) fn inherited(&self) -> Option<&Arc<Inherited>> {
        self.inheriting.as_ref().filter(|_| self.inherits)
    }
}

impl Drop for FlightContext {
    /// Unlinks a long chain step by step: the default would recurse as deep as the calls did.
    fn drop(&mut self) {
        let mut parent = self.parent.take();
        while let Some(flight) = parent {
            parent = Arc::into_inner(flight).and_then(|mut flight| flight.parent.take());
        }
    }
}

// What [`ContextGuard`] has entered last; null if nothing. That holds it.
crate::sync::thread_local! {
    static CURRENT: Cell<*const FlightContext> = const { Cell::new(ptr::null()) };
}

/// The flight whose body this thread runs. None while the thread is being torn down: a destructor
/// that calls a memoized function is in no body any more.
pub(crate) fn current() -> Option<Arc<FlightContext>> {
    let current = CURRENT.try_with(Cell::get).unwrap_or(ptr::null());
    if current.is_null() {
        return None;
    }
    // SAFETY: it was made of an `Arc` by `ContextGuard::enter`, which borrows that until it has taken this back. The
    // count is raised for the one that is made here.
    unsafe {
        Arc::increment_strong_count(current);
        Some(Arc::from_raw(current))
    }
}

/// Runs `body` as part of a flight, or of none.
pub(crate) fn with_context<T>(flight: Option<&Arc<FlightContext>>, body: impl FnOnce() -> T) -> T {
    let _within = ContextGuard::enter(flight);
    body()
}

/// Runs a future to its end, each poll as part of a flight, or of none.
pub(crate) async fn polled_with_context<F: Future>(
    flight: Option<Arc<FlightContext>>,
    future: F,
) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|cx| with_context(flight.as_ref(), || future.as_mut().poll(cx))).await
}

/// For as long as this is there, the thread runs as part of a flight, or of none. What was entered later has ended
/// before.
pub(crate) struct ContextGuard<'a> {
    outer: *const FlightContext,
    flight: PhantomData<Option<&'a Arc<FlightContext>>>,
}

impl<'a> ContextGuard<'a> {
    pub(crate) fn enter(flight: Option<&'a Arc<FlightContext>>) -> Self {
        let flight = flight.map_or(ptr::null(), Arc::as_ptr);
        let outer = CURRENT.try_with(|current| current.replace(flight)).unwrap_or(ptr::null());
        Self { outer, flight: PhantomData }
    }
}

impl Drop for ContextGuard<'_> {
    fn drop(&mut self) {
        let _ = CURRENT.try_with(|current| current.set(self.outer));
    }
}

/// This thread has made the invalidation of that number, perhaps from within the closures of updates.
pub(crate) fn has_invalidated(runtime: usize, number: Number) {
    let Some(current) = current() else { return };
    for updating in current.flights().filter_map(|flight| flight.updating.as_ref()) {
        if updating.runtime == runtime {
            let _ = updating.invalidated.compare_exchange(0, number, AcqRel, Acquire);
        }
    }
}

/// The waits under way from within flights.
pub(crate) struct Waits {
    /// Who waits for whom, and how often.
    edges: Mutex<BTreeMap<(usize, usize), usize>>,
}

/// A wait that is registered. It ends before the flight that is waited for is let go of.
pub(crate) struct Wait {
    waits: Arc<Waits>,
    waiter: Option<Arc<FlightContext>>,
    awaited: usize,
}

impl Waits {
    pub(crate) fn new() -> Self {
        Self { edges: Mutex::new(BTreeMap::new()) }
    }

    /// Keeps others from it, around a `fork`.
    #[cfg(all(unix, not(miri), not(loom)))]
    pub(crate) fn hold(&self) -> impl Sized + use<'_> {
        self.edges.lock()
    }

    /// Registers that this thread or task is about to wait for a flight. `None` if the flight waits, by
    /// whatever way, for something that it runs.
    pub(crate) fn begin(self: &Arc<Self>, awaited: &FlightContext) -> Option<Wait> {
        let Some(waiter) = current() else {
            // Nothing depends on a caller that is in no flight.
            return Some(Wait { waits: self.clone(), waiter: None, awaited: awaited.id() });
        };
        if waiter.chain().any(|id| id == awaited.id()) {
            return None;
        }
        let mut edges = self.edges.lock();
        let mut seen = HashSet::from([awaited.id()]);
        let mut next = vec![awaited.id()];
        while let Some(id) = next.pop() {
            let awaited = edges.range((id, 0)..=(id, usize::MAX)).map(|(&(_, awaited), _)| awaited);
            next.extend(awaited.filter(|id| seen.insert(*id)));
        }
        if waiter.chain().any(|id| seen.contains(&id)) {
            return None;
        }
        for id in waiter.chain() {
            *edges.entry((id, awaited.id())).or_default() += 1;
        }
        drop(edges);
        Some(Wait { waits: self.clone(), waiter: Some(waiter), awaited: awaited.id() })
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
            if let Entry::Occupied(mut times) = edges.entry((id, self.awaited)) {
                *times.get_mut() -= 1;
                if *times.get() == 0 {
                    times.remove();
                }
            }
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::cell::RefCell;
    use std::sync::mpsc::{Sender, channel};
    use std::time::Instant;

    use super::*;
    use crate::spec::Spec;
    use crate::tests::test_memo::TestMemo;

    /// Calls from a destructor of the thread.
    struct CallsAtTheEnd(Arc<TestMemo>, Sender<u64>, u64);

    impl Drop for CallsAtTheEnd {
        fn drop(&mut self) {
            let value = self.0.call(self.2, &[], || Ok(self.2)).unwrap();
            self.1.send(value).unwrap();
        }
    }

    #[test]
    fn a_call_of_itself_is_computed_in_place() {
        let cache = TestMemo::new(Spec::new("stage", &["key"]));
        let value = cache.call(1, &[], || cache.call(2, &[], || cache.call(1, &[], || Ok(1))));
        assert_eq!((value, cache.get(1), cache.get(2)), (Ok(1), Some(1), Some(1)));
        assert_eq!(cache.memo.counters.read().in_place, 1);
        assert!(cache.runtime.waits.is_empty());
    }

    #[test]
    fn a_chain_of_any_length_can_be_dropped() {
        let nested = |parent| FlightContext::nested(parent, None, None);
        drop((0..200_000).fold(nested(None), |parent, _| nested(Some(parent))));
    }

    #[test]
    fn what_the_closure_of_an_update_writes_is_known_as_its_own() {
        let update = FlightContext::of_update(0, None);
        assert!(!update.writes_within() && !update.has_written(), "it was written by another");
        let nested = FlightContext::nested(Some(update.clone()), None, None);
        assert!(with_context(Some(&nested), || update.writes_within()) && update.has_written());
        assert!(!nested.has_written(), "it is no update");
    }

    #[test]
    fn what_has_ended_keeps_nothing_of_what_it_was_part_of() {
        let control = || Some(BodyControl::new(None));
        let parent = FlightContext::nested(None, None, None);
        let within = FlightContext::new(Some(parent), None, control());
        let inherits = FlightContext::new(None, Some(0), control());
        let update = Arc::into_inner(FlightContext::of_update(0, None)).unwrap();
        assert!(within.parent.is_some() && inherits.inheriting.is_some() && update.updating.is_some());
        for mut ended in [within, inherits, update] {
            ended.end();
            assert!(ended.parent.is_none() && ended.inheriting.is_none() && ended.updating.is_none());
        }
    }

    /// A chain in which each flight waits for many others.
    #[test]
    fn a_wait_costs_the_same_however_many_there_are() {
        let time = |count: u64| {
            let waits = Arc::new(Waits::new());
            let flight = |parent| FlightContext::nested(parent, None, None);
            let (one, other) = (flight(None), flight(None));
            let awaited: Vec<_> = (0..count).map(|_| flight(None)).collect();
            let begin = Instant::now();
            let mut all = Vec::new();
            for flight in &awaited {
                all.extend(with_context(Some(&one), || waits.begin(flight)));
                all.extend(with_context(Some(&other), || waits.begin(flight)));
            }
            assert_eq!(all.len(), 2 * awaited.len());
            let closes =
                |flight: &Arc<FlightContext>| with_context(Some(flight), || waits.begin(&one)).is_none();
            assert!(closes(&awaited[0]) && closes(awaited.last().unwrap()));
            // Those that have come last go first: where they are looked for one by one, that takes longest.
            while let Some(wait) = all.pop() {
                drop(wait);
            }
            assert!(waits.is_empty());
            begin.elapsed().as_secs_f64()
        };
        time(100);
        // The best of a few: a thread that is kept waiting measures others' work.
        let best = |count| (0..3).map(|_| time(count)).fold(f64::INFINITY, f64::min);
        let (few, many) = (best(500), best(8_000));
        assert!(many / few < 16.0 * 8.0, "{few} for 500, {many} for 8000");
    }

    #[test]
    fn calls_from_destructors_of_a_thread_are_calls() {
        std::thread_local! {
            static BEFORE: RefCell<Option<CallsAtTheEnd>> = const { RefCell::new(None) };
            static AFTER: RefCell<Option<CallsAtTheEnd>> = const { RefCell::new(None) };
        }
        let cache = Arc::new(TestMemo::new(Spec::new("stage", &["key"])));
        let (send, values) = channel();
        std::thread::spawn(move || {
            BEFORE.set(Some(CallsAtTheEnd(cache.clone(), send.clone(), 1)));
            cache.call(0, &[], || Ok(0)).unwrap();
            AFTER.set(Some(CallsAtTheEnd(cache.clone(), send, 2)));
        })
        .join()
        .unwrap();
        let mut values: Vec<u64> = values.iter().collect();
        values.sort_unstable();
        assert_eq!(values, [1, 2]);
    }
}
