//! A call's body and its return, whose types only the call knows.

use std::any::Any;
use std::sync::Arc;

use crate::draft::Draft;
use crate::erased::Erased;
use crate::flight::Shared;
use crate::plan::Prepared;
use crate::value::Returns;

/// A call that has returned, or is about to.
pub(crate) trait Returned {
    /// Takes the value out of the return, if it is one to keep.
    fn take_value(&mut self) -> Option<Erased>;
    /// Returns a value.
    fn set_value(&mut self, value: Erased);
    /// Returns what a waiter gets of the leader's error, if there is something for it.
    fn set_error(&mut self, error: Shared) -> bool;
    /// The error that it returns, if it does.
    fn error(&self) -> Option<&dyn Any>;
    /// The error that is kept, if a value is one.
    fn kept_error<'v>(&self, value: &'v Erased) -> Option<&'v dyn Any>;
    /// A copy of the error for those who wait.
    fn share_error(&self) -> Option<Arc<dyn Any + Send + Sync>>;
    /// What an entry answers to.
    fn describe(&self, value: Option<&Erased>, draft: &mut Draft);
}

/// A call whose body can be run.
pub(crate) trait Body: Returned {
    /// Runs it. It is run once.
    fn run(&mut self);
}

/// A call of a function: what it computes with, and what it returns.
pub(crate) struct Computation<R: Returns, C, D> {
    /// None when the body was begun.
    call: Option<C>,
    /// What describes the value; none before the body was begun.
    describe: Option<D>,
    output: Option<R::Output>,
}

impl<R: Returns, C, D> Computation<R, C, D> {
    pub(crate) fn new(call: C) -> Self {
        Self { call: Some(call), describe: None, output: None }
    }

    /// Of a body that was run elsewhere.
    pub(crate) fn returned(output: R::Output, describe: D) -> Self {
        Self { call: None, describe: Some(describe), output: Some(output) }
    }

    /// What the call computes with.
    pub(crate) fn take_call(&mut self) -> C {
        self.call.take().expect("a body is run once")
    }

    /// What the call returns.
    pub(crate) fn into_output(self) -> R::Output {
        self.output.expect("it has returned")
    }
}

impl<R, C, D> Returned for Computation<R, C, D>
where
    R: Returns,
    D: Fn(Option<&R::Value>, &mut Draft),
{
    fn take_value(&mut self) -> Option<Erased> {
        match R::split(self.output.take()?) {
            Ok(held) => Some(Erased::new(held)),
            Err(output) => {
                self.output = Some(output);
                None
            }
        }
    }

    fn set_value(&mut self, value: Erased) {
        self.output = Some(R::join(value.into()));
    }

    fn set_error(&mut self, error: Shared) -> bool {
        self.output = error.output::<R>();
        self.output.is_some()
    }

    fn error(&self) -> Option<&dyn Any> {
        Some(R::error(self.output.as_ref()?)?)
    }

    fn kept_error<'v>(&self, value: &'v Erased) -> Option<&'v dyn Any> {
        Some(R::kept_error(value.get())?)
    }

    fn share_error(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        R::share_error(self.output.as_ref()?)
    }

    fn describe(&self, value: Option<&Erased>, draft: &mut Draft) {
        if let Some(describe) = &self.describe {
            describe(value.and_then(|value| R::value(value.get())), draft);
        }
    }
}

impl<R, KA, SA, Run, B, D> Body for Computation<R, Prepared<KA, SA, Run>, D>
where
    R: Returns,
    Run: FnOnce(KA, SA) -> (B, D),
    B: FnOnce() -> R::Output,
    D: Fn(Option<&R::Value>, &mut Draft),
{
    fn run(&mut self) {
        let (body, describe) = self.take_call().prepare();
        (self.output, self.describe) = (Some(body()), Some(describe));
    }
}
