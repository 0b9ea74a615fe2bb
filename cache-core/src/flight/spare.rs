//! The flight that a thread has led last, kept to be made into its next one: so most misses allocate none.

use std::cell::Cell;
use std::sync::{Arc, Weak};

use super::{Ancestry, Deciding, Flight, Kind, Old, Remembers, current};
use crate::erased::Erased;
use crate::tags::Number;

crate::sync::thread_local! {
    static SPARE: Cell<Option<Arc<Flight>>> = const { Cell::new(None) };
}

impl Flight {
    /// A flight that this thread begins, and what its body may decide. `inherits_in`: the world of which it takes
    /// tags over, if it does.
    #[inline]
    pub(crate) fn begin(
        key: Erased,
        hash: u32,
        born: Number,
        kind: Kind,
        old: Option<Old>,
        inherits_in: Option<usize>,
        memo: Weak<dyn Remembers>,
    ) -> Arc<Self> {
        let deciding = Some(Deciding::new(memo, old.map(|old| old.node)));
        let spare = SPARE.try_with(Cell::take).ok().flatten();
        let Some(mut spare) = spare else {
            let ancestry = Ancestry::below(current(), inherits_in, deciding);
            return Arc::new(Self::new(key, hash, born, kind, old, ancestry));
        };
        let flight = Arc::get_mut(&mut spare).expect("nobody else has a spare flight");
        let ancestry = Arc::get_mut(&mut flight.ancestry).expect("nor its ancestry");
        ancestry.renew(current(), inherits_in, deciding);
        (flight.key, flight.hash, flight.born) = (key, hash, born);
        (flight.kind, flight.old) = (kind, old);
        spare
    }

    /// This thread has led a flight that has ended. It is kept if nobody else has ever had it, but not what it was
    /// for.
    pub(crate) fn give_back(mut flight: Arc<Self>) {
        let Some(own) = Arc::get_mut(&mut flight) else { return };
        if own.joined() > 0 || own.state.get_mut().landing.is_some() {
            return;
        }
        let Some(ancestry) = Arc::get_mut(&mut own.ancestry) else { return };
        ancestry.end();
        own.key = Erased::new(());
        let _ = SPARE.try_with(|spare| spare.set(Some(flight)));
    }
}
