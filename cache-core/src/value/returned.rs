//! What a call returns, and its body, as the core sees them: the types are known to the call alone.

use std::any::Any;
use std::sync::Arc;

use super::{ReturnKind, SharedError};
use crate::erased::Erased;

/// What a call returns.
pub(crate) trait Returned {
    /// Moves the value out of the return to where it is to be, if it is one to keep. Whether it is an error that is kept.
    fn take_value(&mut self, value: &mut Erased) -> Option<bool>;
    /// Returns a value, which is taken out.
    fn set_value(&mut self, value: &mut Erased);
    /// Sets the return to the leader's error, if that can be shared with this call. Whether it can.
    fn set_error(&mut self, error: SharedError) -> bool;
    /// The error that it returns, if it does.
    fn error(&self) -> Option<&dyn Any>;
    /// The error that is kept, if a value is one.
    fn kept_error<'v>(&self, value: &'v Erased) -> Option<&'v dyn Any>;
    /// A copy of the error for those who wait.
    fn share_error(&self) -> Option<Arc<dyn Any + Send + Sync>>;
    /// The return, which is an `Option` of its type.
    fn output(&mut self) -> &mut dyn Any;
}

/// What a call returns, once it does.
pub(crate) struct ReturnSlot<O: 'static, V: 'static> {
    pub(crate) output: Option<O>,
    /// None for a call that is not cached.
    pub(crate) kind: Option<&'static ReturnKind<O, V>>,
}

impl<O, V> ReturnSlot<O, V> {
    pub(crate) fn take(&mut self) -> O {
        let Some(output) = self.output.take() else { unreachable!("it has returned") };
        output
    }

    fn kind(&self) -> &'static ReturnKind<O, V> {
        self.kind.expect("it is cached")
    }
}

impl<O, V> Returned for ReturnSlot<O, V> {
    fn take_value(&mut self, value: &mut Erased) -> Option<bool> {
        match (self.kind().split)(self.output.take()?, value) {
            Ok(is_error) => Some(is_error),
            Err(output) => {
                self.output = Some(output);
                None
            }
        }
    }

    fn set_value(&mut self, value: &mut Erased) {
        self.output = Some((self.kind().join)(value));
    }

    fn set_error(&mut self, error: SharedError) -> bool {
        self.output = (self.kind().of_shared)(error);
        self.output.is_some()
    }

    fn error(&self) -> Option<&dyn Any> {
        (self.kind().error)(self.output.as_ref()?)
    }

    fn kept_error<'v>(&self, value: &'v Erased) -> Option<&'v dyn Any> {
        (self.kind().kept_error)(value)
    }

    fn share_error(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        (self.kind().share_error)(self.output.as_ref()?)
    }

    fn output(&mut self) -> &mut dyn Any {
        &mut self.output
    }
}
