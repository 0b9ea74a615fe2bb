//! What a call returns, and its body, as the core sees them: the types are known to the call alone.

use std::any::Any;
use std::sync::Arc;

use crate::erased::Erased;
use crate::flight::SharedError;
use crate::metadata::EntryMetadata;
use crate::value::Returns;

/// What a call returns.
pub(crate) trait Returned {
    /// Takes the value out of the return, if it is one to keep.
    fn take_value(&mut self) -> Option<Erased>;
    /// Returns a value.
    fn set_value(&mut self, value: Erased);
    /// Sets the return to the leader's error, if that can be shared with this call. Whether it can.
    fn set_error(&mut self, error: SharedError) -> bool;
    /// The error that it returns, if it does.
    fn error(&self) -> Option<&dyn Any>;
    /// The error that is kept, if a value is one.
    fn kept_error<'v>(&self, value: &'v Erased) -> Option<&'v dyn Any>;
    /// A copy of the error for those who wait.
    fn share_error(&self) -> Option<Arc<dyn Any + Send + Sync>>;
}

/// A call whose value is described by its function.
pub(crate) trait Described {
    /// What it returns.
    fn returned(&mut self) -> &mut dyn Returned;
    /// Whether its function says something of the value.
    fn describes(&self) -> bool;
    /// What an entry of the value answers to; of the error, if there is none.
    fn describe(&self, value: Option<&Erased>, metadata: &mut EntryMetadata);
}

/// A call whose body can be run.
pub(crate) trait Body: Described {
    /// Runs it. It is run once.
    fn run(&mut self);
}

/// What a call returns, once it does.
pub(crate) struct ReturnSlot<R: Returns>(pub(crate) Option<R::Output>);

impl<R: Returns> ReturnSlot<R> {
    pub(crate) fn set(&mut self, output: R::Output) {
        self.0 = Some(output);
    }

    pub(crate) fn take(&mut self) -> R::Output {
        let Some(output) = self.0.take() else { unreachable!("it has returned") };
        output
    }

    pub(crate) fn into_output(mut self) -> R::Output {
        self.take()
    }
}

impl<R: Returns> Returned for ReturnSlot<R> {
    fn take_value(&mut self) -> Option<Erased> {
        match R::split(self.0.take()?) {
            Ok(stored) => Some(Erased::new(stored)),
            Err(output) => {
                self.0 = Some(output);
                None
            }
        }
    }

    fn set_value(&mut self, value: Erased) {
        self.0 = Some(R::join(value.into()));
    }

    fn set_error(&mut self, error: SharedError) -> bool {
        self.0 = error.output::<R>();
        self.0.is_some()
    }

    fn error(&self) -> Option<&dyn Any> {
        Some(R::error(self.0.as_ref()?)?)
    }

    fn kept_error<'v>(&self, value: &'v Erased) -> Option<&'v dyn Any> {
        Some(R::kept_error(value.get())?)
    }

    fn share_error(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        R::share_error(self.0.as_ref()?)
    }
}
