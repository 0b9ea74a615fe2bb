//! What the attribute writes: a [`Callee`] is a function, and looks its calls up; a [`Bound`] is one call of it, with
//! its arguments, hooks and body.

mod background_call;
#[cfg(feature = "store")]
pub(crate) mod behind;
pub(crate) mod blocking;
mod body;
mod bound;
mod calling;
mod detached;
pub(crate) mod future;
mod hooks;
mod lookup;
pub(crate) mod node;
mod owners;
mod timeouts;
mod unanswered;
mod unsent;
mod verbs;

pub(crate) use background_call::{
    BackgroundCall, BackgroundCallBy, ByArgs, MakesJob, Mode, NoBackgroundCall, OwnedCall,
    RequiredBackgroundCall, StartsJob,
};
pub use background_call::{FlightHandle, Why};
pub use body::described;
pub(crate) use body::{Description, MakesBody, Plain, PlainOfArgs, RunsBody};
pub use bound::Bound;
#[cfg(all(test, loom))]
pub(crate) use bound::Parts;
pub(crate) use bound::Prepared;
pub(crate) use calling::CallKind;
pub use calling::{AsyncCall, Calling};
pub use detached::go_on;
pub use hooks::NoHook;
pub(crate) use hooks::{Extras, Hooked, Hooking, Hooks, MissHook};
pub use lookup::{Answer, Callee, Lookup, function, function_of, function_once, no_hooks};
pub(crate) use lookup::{MemoizedFn, Unanswered};
pub use owners::{Given, Lent, LentCow, PickMove, PickNotGiven, PickNotLent, PickToOwned, can_own};
pub(crate) use owners::{Owners, PassedArgs, PassedAs};
pub(crate) use timeouts::{Timeouts, WaitLimits};
pub(crate) use unanswered::UnansweredCall;
pub use unsent::{UnsentArgument, UnsentBody, UnsentCalls};
pub(crate) use verbs::WriteCall;
pub(crate) use verbs::begun_now;
pub use verbs::{Address, BeginsUpdate, BegunUpdate, Call};

/// Every instantiation of a generic function at once.
#[must_use]
pub fn all(slot: &'static crate::memo::slot::Slot) -> crate::handles::AllMemos {
    crate::handles::AllMemos::new(slot)
}
