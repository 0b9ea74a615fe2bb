//! How a call's body is made, and how its value is described.

use std::marker::PhantomData;

use super::{NoHook, PassedArgs, PassedAs};
use crate::erased::Erased;
use crate::metadata::EntryMetadata;
use crate::value::Returns;

/// Makes the body of a call of its arguments.
pub trait MakesBody<KA, SA> {
    /// The body.
    type Body;
    /// The description of its value.
    type Description: Description;
    /// Makes both at once, since the body may consume arguments that the description needs.
    fn make(self, keyed: KA, skipped: SA) -> (Self::Body, Self::Description);
}

impl<KA, SA, F: FnOnce(KA, SA) -> (B, D), B, D: Description> MakesBody<KA, SA> for F {
    type Body = B;
    type Description = D;
    #[inline]
    fn make(self, keyed: KA, skipped: SA) -> (B, D) {
        self(keyed, skipped)
    }
}

/// A body that is a plain function of the arguments, without a description.
pub struct Plain<KA, SA, O>(pub(super) fn(KA, SA) -> O);

/// Such a body with its arguments.
pub struct PlainBody<KA, SA, O>(fn(KA, SA) -> O, KA, SA);

impl<KA, SA, O> MakesBody<KA, SA> for Plain<KA, SA, O> {
    type Body = PlainBody<KA, SA, O>;
    type Description = NoHook;
    #[inline]
    fn make(self, keyed: KA, skipped: SA) -> (Self::Body, NoHook) {
        (PlainBody(self.0, keyed, skipped), NoHook)
    }
}

/// A plain function of arguments that can be owned and passed again.
pub struct PlainOfArgs<P: PassedArgs, O: 'static>(pub(super) P::Function<O>);

/// Such a body with its arguments.
pub struct PlainBodyOfArgs<P: PassedArgs, KA, O: 'static>(P::Function<O>, KA);

impl<P: PassedAs<KA>, KA, O> MakesBody<KA, ()> for PlainOfArgs<P, O> {
    type Body = PlainBodyOfArgs<P, KA, O>;
    type Description = NoHook;
    #[inline]
    fn make(self, keyed: KA, (): ()) -> (Self::Body, NoHook) {
        (PlainBodyOfArgs(self.0, keyed), NoHook)
    }
}

impl<P: PassedAs<KA>, KA, O> RunsBody<O> for PlainBodyOfArgs<P, KA, O> {
    #[inline]
    fn run(self) -> O {
        P::call(self.0, self.1)
    }
}

/// The body of a synchronous call.
pub trait RunsBody<O> {
    /// Runs it.
    fn run(self) -> O;
}

impl<O, B: FnOnce() -> O> RunsBody<O> for B {
    #[inline]
    fn run(self) -> O {
        self()
    }
}

impl<KA, SA, O> RunsBody<O> for PlainBody<KA, SA, O> {
    #[inline]
    fn run(self) -> O {
        (self.0)(self.1, self.2)
    }
}

/// What the options of a function say of a value: tags, ttl, conditions.
pub trait Description {
    /// Whether they say anything.
    const SET: bool;
    /// Writes it into the metadata. `stored` is none if the return is an error that is not stored.
    fn describe(&self, stored: Option<&Erased>, metadata: &mut EntryMetadata);
}

impl Description for NoHook {
    const SET: bool = false;
    #[inline]
    fn describe(&self, _: Option<&Erased>, _: &mut EntryMetadata) {}
}

/// A description by a closure.
pub struct DescribedBy<R, D>(D, PhantomData<fn() -> R>);

/// Describes a value by a closure. The first argument tells the closure the value's type.
#[inline]
pub fn described<R: Returns, D: Fn(Option<&R::Value>, &mut EntryMetadata)>(
    _: R,
    describe: D,
) -> DescribedBy<R, D> {
    DescribedBy(describe, PhantomData)
}

impl<R: Returns, D: Fn(Option<&R::Value>, &mut EntryMetadata)> Description for DescribedBy<R, D> {
    const SET: bool = true;
    fn describe(&self, stored: Option<&Erased>, metadata: &mut EntryMetadata) {
        (self.0)(stored.and_then(|stored| R::value(stored.get())), metadata);
    }
}
