//! How long a call waits for its value.

use std::sync::Arc;

use super::{FlightHandle, NoHook};
use crate::flight::{Limits, TimedOut};
use crate::one_shot::{BodyResult, OneShot};

/// A return that may come from another thread than the caller's.
#[cfg_attr(
    target_family = "wasm",
    diagnostic::on_unimplemented(
        message = "`timeout`, `soft_timeout` and `fallback_after` need threads, and there are none on this target",
        label = "is waited for to its end",
        note = "leave them out here: `#[cfg_attr(target_family = \"wasm\", memoize(..))]`, beside \
                `#[cfg_attr(not(target_family = \"wasm\"), memoize(.., timeout = ..))]`"
    )
)]
#[cfg_attr(
    not(target_family = "wasm"),
    diagnostic::on_unimplemented(
        message = "a call that is not waited for to its end is computed elsewhere, and `{Self}` cannot be sent from there",
        label = "not `Send`",
        note = "`timeout`, `soft_timeout` and `fallback_after` need a return that is `Send`: leave them out, or make it so"
    )
)]
pub trait CrossesThreads: Send + 'static {}

#[cfg(not(target_family = "wasm"))]
#[diagnostic::do_not_recommend]
impl<T: Send + 'static> CrossesThreads for T {}

/// How long a call waits, and what it returns after that.
pub struct Timeouts<F> {
    pub(crate) limits: Limits,
    pub(crate) late: F,
}

/// Takes the payload of a computation that has panicked.
pub(crate) type Panicked = Box<dyn FnOnce(Box<dyn std::any::Any + Send>) + Send>;

/// How long a call waits, if there is a limit.
pub trait WaitLimits<O> {
    /// Whether there is a limit.
    const SET: bool;
    /// The limits.
    fn limits(&self) -> Limits;
    /// The return after the last limit; none without a limit.
    fn late(&self, late: TimedOut) -> Option<O>;
    /// Gives the handle of a computation that runs elsewhere a channel for its return. Returns both.
    fn handle(&self, handle: FlightHandle) -> (FlightHandle, Arc<OneShot<BodyResult<O>>>);
    /// Sends a panic from before the body through the channel.
    fn on_panic(&self, one_shot: &Arc<OneShot<BodyResult<O>>>) -> Panicked;
}

impl<O> WaitLimits<O> for NoHook {
    const SET: bool = false;
    #[inline]
    fn limits(&self) -> Limits {
        Limits::NONE
    }
    fn late(&self, _: TimedOut) -> Option<O> {
        None
    }
    fn handle(&self, handle: FlightHandle) -> (FlightHandle, Arc<OneShot<BodyResult<O>>>) {
        // Nobody waits for it.
        (handle, Arc::new(OneShot::new()))
    }
    fn on_panic(&self, _: &Arc<OneShot<BodyResult<O>>>) -> Panicked {
        Box::new(drop)
    }
}

impl<O: CrossesThreads, F: Fn(TimedOut) -> O> WaitLimits<O> for Timeouts<F> {
    const SET: bool = true;
    fn limits(&self) -> Limits {
        self.limits
    }
    fn late(&self, late: TimedOut) -> Option<O> {
        Some((self.late)(late))
    }
    fn handle(&self, handle: FlightHandle) -> (FlightHandle, Arc<OneShot<BodyResult<O>>>) {
        let one_shot = Arc::new(OneShot::new());
        (handle.with(one_shot.clone()), one_shot)
    }
    fn on_panic(&self, one_shot: &Arc<OneShot<BodyResult<O>>>) -> Panicked {
        let one_shot = one_shot.clone();
        Box::new(move |payload| one_shot.put(Err(payload)))
    }
}
