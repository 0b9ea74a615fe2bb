//! What stands for calls of an `async fn` with an argument that is not `Send`. They do not compile: the argument is
//! refused where it is written, and nothing else is reported of it.

use std::marker::PhantomData;
use std::task::{Context, Poll};

use super::calling::{AsyncCall, CallKind};
use super::verbs::sealed::Sealed;
use super::{Address, BeginsUpdate, BegunUpdate, Bound, MakesBody, MemoizedFn, WriteCall};
use crate::done::{Done, Read};
use crate::handles::Key;
use crate::key::Ty;
use crate::memo::When;
use crate::mode::Async;

impl<T: Send> Ty<T> {
    /// The type of an argument that may be in the future of an `async fn`. It is `Send` if the argument is.
    #[inline]
    pub fn __sent(&self) -> PhantomData<T> {
        PhantomData
    }
}

/// An argument that is not `Send`.
pub trait UnsentArgument<T> {
    /// Refused.
    fn __sent(&self) -> PhantomData<T>
    where
        Self: IsSentWithFuture<T>;
}

impl<T> UnsentArgument<T> for Ty<T> {
    fn __sent(&self) -> PhantomData<T>
    where
        Self: IsSentWithFuture<T>,
    {
        unreachable!("does not compile")
    }
}

/// Says what is wrong with such an argument. Nothing has it.
#[diagnostic::on_unimplemented(
    message = "the future of a memoized function is `Send`, and an argument is in it that is not: `{T}`",
    label = "not `Send`",
    note = "let it be `Send`, and what is behind a `&` `Sync`: with bounds of type parameters, with an `Arc` in place of an `Rc`, with a `Mutex` in place of a `Cell`; or write `#[memoize(?Send)]`"
)]
pub trait IsSentWithFuture<T> {}

/// Stands for the body. It is no future, so that nothing can be done with a call of it but what is here.
pub struct UnsentBody<O>(PhantomData<fn() -> O>);

/// What the call would do otherwise.
pub trait UnsentCalls: Sized {
    /// What the function returns.
    type Output;
    /// What companions speak of.
    type CompanionValue: 'static;
    /// Stands for the call that its caller computes.
    fn by_caller(self) -> UnsentCall<Self::Output, Self::CompanionValue> {
        unreachable!("does not compile")
    }
    /// Stands for the call that owns what it needs.
    fn by_owner<O>(self) -> UnsentCall<Self::Output, Self::CompanionValue> {
        unreachable!("does not compile")
    }
    /// Stands for the call that the background may compute.
    fn by_clock(self) -> UnsentCall<Self::Output, Self::CompanionValue> {
        unreachable!("does not compile")
    }
}

impl<C, KA, SA, Run, A, X, O> UnsentCalls for Bound<C, KA, SA, Run, A, X>
where
    C: MemoizedFn<KA>,
    Run: MakesBody<KA, SA, Body = UnsentBody<O>>,
{
    type Output = C::Output;
    type CompanionValue = C::CompanionValue;
}

/// Stands for a call. It is `Send`.
pub struct UnsentCall<O, V>(PhantomData<fn() -> (O, V)>);

impl<O, V> Sealed for UnsentCall<O, V> {}

impl<O, V: 'static> Address for UnsentCall<O, V> {
    type Output = O;
    type CompanionValue = V;
    type Mode = Async;
    fn get(&self) -> Read<V> {
        unreachable!("does not compile")
    }
    fn key(&self) -> Key<V, Async> {
        unreachable!("does not compile")
    }
}

impl<O, V: 'static> WriteCall for UnsentCall<O, V> {
    const WHY_NOT_IN_BACKGROUND: Option<&'static str> = None;
    fn insert(self, _: V, _: When) -> Done<bool> {
        unreachable!("does not compile")
    }
    fn begin_update(&self) -> Option<BeginsUpdate> {
        unreachable!("does not compile")
    }
    fn update(self, _: Option<BegunUpdate>, _: impl FnMut(V) -> V) -> Read<V> {
        unreachable!("does not compile")
    }
    fn prefetch(self) -> Option<V> {
        unreachable!("does not compile")
    }
}

impl<O, V: 'static> AsyncCall for UnsentCall<O, V> {
    fn set(&mut self, _: CallKind) {
        unreachable!("does not compile")
    }
    fn refresh(&mut self) {
        unreachable!("does not compile")
    }
    fn poll(&mut self, _: &mut Context<'_>) -> Poll<O> {
        unreachable!("does not compile")
    }
}
