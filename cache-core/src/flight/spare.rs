//! Flights that a thread has led, kept to be made into its next ones: so most misses allocate none.

use std::cell::RefCell;
use std::sync::{Arc, Weak};

use super::{BodyControl, Flight, FlightContext, Kind, Leader, PreviousEntry, PreviousValue, current};
use crate::erased::Erased;
use crate::sync::{Ordering, fence};
use crate::tags::Number;
use crate::time::NEVER;

/// How many a thread keeps. Few calls are nested deeper.
const KEPT: usize = 4;

crate::sync::thread_local! {
    static SPARE: RefCell<Vec<Arc<Flight>>> = const { RefCell::new(Vec::new()) };
}

/// The value, if nobody else has it. [`Arc::get_mut`] writes to memory to know.
///
/// # Safety
///
/// Nobody else has a [`Weak`] of it, or makes one from here on.
#[inline]
unsafe fn unique<T>(arc: &mut Arc<T>) -> Option<&mut T> {
    debug_assert_eq!(Arc::weak_count(arc), 0);
    if Arc::strong_count(arc) > 1 {
        return None;
    }
    // What the others have done with it was done before they have let go of it.
    fence(Ordering::Acquire);
    // SAFETY: this is the only one: nobody else has one to clone, or a `Weak` of it.
    Some(unsafe { &mut *Arc::as_ptr(arc).cast_mut() })
}

impl Flight {
    /// A flight that this thread begins, and what its body may decide. `inherits_in`: the runtime of which it takes
    /// tags over, if it does.
    #[inline]
    pub(crate) fn begin(
        key: &Erased,
        hash: u32,
        born: Number,
        kind: Kind,
        old: Option<PreviousEntry>,
        inherits_in: Option<usize>,
        memo: impl FnOnce() -> Weak<dyn PreviousValue>,
    ) -> Arc<Self> {
        let old_entry = || old.map(|old| (memo() as Weak<dyn PreviousValue>, old.id));
        let spare = SPARE.try_with(|spare| spare.borrow_mut().pop()).ok().flatten();
        let Some(spare) = spare else {
            let context = FlightContext::nested(current(), inherits_in, Some(BodyControl::new(old_entry())));
            return Arc::new(Self::new(key.clone(), hash, born, kind, old, context));
        };
        // SAFETY: nobody else has a spare flight, as was asked before it was kept.
        let flight = unsafe { &mut *Arc::as_ptr(&spare).cast_mut() };
        // SAFETY: nor its context.
        let context = unsafe { &mut *Arc::as_ptr(&flight.context).cast_mut() };
        context.renew(current(), inherits_in);
        flight.key.clone_from(key);
        (flight.hash, flight.born) = (hash, born);
        (flight.kind, *flight.preceded.get_mut()) = (kind, false);
        *flight.takes_until.get_mut() = NEVER;
        if old.is_some() {
            flight.old = old;
            context.control = Some(BodyControl::new(old_entry()));
        }
        spare
    }

    /// Keeps an ended flight for reuse by this thread, without its key and value, if nobody else has it or has joined
    /// it. It was computed by who began it.
    pub(crate) fn give_back(mut flight: Arc<Self>) {
        if flight.joined() > 0 {
            return;
        }
        // SAFETY: waiters make a `Weak`, and nobody has joined this flight. So does the caller that hands a flight to the
        // background, and that one is not given back.
        let Some(own) = (unsafe { unique(&mut flight) }) else { return };
        // SAFETY: nobody ever makes one of a context.
        let Some(context) = (unsafe { unique(&mut own.context) }) else { return };
        context.end();
        let state = own.state.get_mut();
        if state.landing.is_some() {
            return;
        }
        state.leader = Leader::default();
        (own.key, own.old) = (Erased::new(()), None);
        let _ = SPARE.try_with(|spare| {
            let mut spare = spare.borrow_mut();
            if spare.len() < KEPT {
                spare.push(flight);
            }
        });
    }
}
