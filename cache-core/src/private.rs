//! What expansions of the attribute name. Not part of the public interface: it changes with any
//! release, and the attribute is locked to the exact version.

pub use crate::argument::{Arg, ArgCopy, ArgRef};
pub use crate::call::node::{Fields, Node, OnMiss, OnValue, find_node};
pub use crate::call::{
    Address, Answer, AsyncCall, BeginsUpdate, BegunUpdate, Bound, Call, Callee, FlightHandle, Given, Lent,
    LentCow, Lookup, NoHook, UnsentArgument, UnsentBody, UnsentCalls, Why, all, can_own, described, function,
    function_of, function_once, go_on, no_hooks,
};
pub use crate::done::{Done, DoneFuture, Read};
pub use crate::engine::{Cx, Found};
pub use crate::entry::Entry;
pub use crate::event::Cause;
pub use crate::flight::{Limits, TimedOut};
pub use crate::handles::Memo;
pub use crate::key::{KeyRef, Leaf, NoJson, Opt, Part, Ref, Seq, Shape, Ty};
#[cfg(feature = "store")]
pub use crate::memo::Fetched;
pub use crate::memo::When;
pub use crate::memo::slot::{Function, Method, Only, Slot};
pub use crate::metadata::{EntryMetadata, IntoTtl};
pub use crate::mode::Async;
pub use crate::policy::{Ahead, Policy};
pub use crate::spec::Spec;
#[cfg(feature = "store")]
pub use crate::store::function::{
    EncodesKey, EncodesValue, InStore, IsWrittenInKeys, IsWrittenInValues, SecretPart, in_store,
    in_store_by_schema,
};
pub use crate::tags::{IntoTag, TagField, TagList, ThroughOption, ThroughPlain, ThroughRef, typed_tag};
pub use crate::value::{IsOption, IsResult, IsSent, OfReturn, OfValue, Outcome, Return, Returns, share};
pub use crate::writes::{Writes, begin, hole, keep, keep_piece, no, writing, wrote};
pub use std::compile_error;
pub use std::primitive::{bool, str};

use std::any::Any;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The type of what is kept of a return.
#[inline]
pub fn kept<R, O: Outcome<R>>(_: Ty<R>, _: O) -> Ty<O::Kept> {
    Ty::NEW
}

/// Tells an instantiation apart by the companion type, which carries all type parameters.
#[must_use]
#[inline]
pub fn id<Id: ?Sized>() -> Ty<Function<Id>> {
    Ty::NEW
}

/// The same of a function that has one instantiation. It must be so, and keys and values of one type.
#[must_use]
#[inline]
pub fn only() -> Ty<Only> {
    Ty::NEW
}

/// Tells an instantiation of a method apart by its type, and its own parameters as those of a function
/// pointer.
#[must_use]
#[inline]
pub fn id_of_method<T: ?Sized, P>() -> Ty<Method<T, P>> {
    Ty::NEW
}

/// Types that tell constants apart: `consts::u8<7>`.
#[expect(non_camel_case_types, reason = "each is called as the type of its constants")]
pub mod consts {
    macro_rules! consts {
        ($($t:ident)*) => { $(
            /// By a constant of the type of this name.
            #[derive(Debug)]
            pub enum $t<const N: core::primitive::$t> {}
        )* };
    }

    consts!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize bool char);
}

/// Names a type parameter so that it counts as used.
pub type Uses<T> = PhantomData<fn(&T)>;

/// The traits that choose by type, without their names: expansions bring them into scope beside the
/// user's own names. Their methods begin with `__`, since a user's trait for every type may have a method of
/// any plain name.
pub mod picks {
    pub use super::{ArgCopy as _, ArgRef as _};
    pub use crate::call::{PickMove as _, PickNotGiven as _, PickNotLent as _, PickToOwned as _};
    #[cfg(feature = "json")]
    pub use crate::key::PickJson as _;
    pub use crate::key::{
        Peel as _, PeelNot as _, PickBits as _, PickCopy as _, PickHidden as _, PickNoJson as _,
        PickNotCloned as _, PickNotCompared as _, PickNotShared as _, PickParts as _, PickShared as _,
        PickShown as _, PickStd as _,
    };
    pub use crate::tags::{ThroughOption as _, ThroughPlain as _, ThroughRef as _};
    pub use crate::value::{
        PickAsBytes as _, PickBehind as _, PickCloned as _, PickErrorNotKept as _, PickInPlace as _,
        PickNotCloned as _, PickNotSent as _, PickNotSync as _, PickOkOnly as _, PickPlain as _,
        PickUncloned as _, PickWithErrors as _, PickWithoutErrors as _,
    };
}

/// The shape of an argument that is taken whole, by its type.
#[doc(hidden)]
#[macro_export]
macro_rules! __leaf {
    ($t:ty) => {{
        use $crate::__private::picks::*;
        let __ty = $crate::__private::Ty::<$t>::NEW;
        $crate::__leaf_of_ty!(__ty)
    }};
}

#[doc(hidden)]
#[macro_export]
#[cfg(feature = "json")]
macro_rules! __leaf_of_ty {
    ($ty:ident) => {
        $crate::__private::Leaf::new((&&&&&&&&$ty).__leaf_type(), (&&$ty).__shown(), (&&$ty).__json())
    };
}

#[doc(hidden)]
#[macro_export]
#[cfg(not(feature = "json"))]
macro_rules! __leaf_of_ty {
    ($ty:ident) => {
        $crate::__private::Leaf::new(
            (&&&&&&&&$ty).__leaf_type(),
            (&&$ty).__shown(),
            $crate::__private::NoJson,
        )
    };
}

/// The shape of a `key` expression, by a reference to its value.
#[doc(hidden)]
#[macro_export]
macro_rules! __shape_of {
    ($value:expr) => {{
        use $crate::__private::picks::*;
        let __ty = $crate::__private::Ty::of($value);
        let __outer = &&__ty;
        let __inner = __outer.__inner();
        __outer.__wrap($crate::__leaf_of_ty!(__inner))
    }};
}

/// What is decided about a return, by its type: `__returns!(Cat, OfReturn)`.
#[doc(hidden)]
#[macro_export]
macro_rules! __returns {
    ($r:ty, $companion_value:ident) => {{
        use $crate::__private::picks::*;
        let __ty = $crate::__private::Ty::<$r>::NEW;
        let __outcome = (&&__ty).__outcome();
        $crate::__returns!(@ __ty, __outcome, $companion_value)
    }};
    ($r:ty, $companion_value:ident, errors) => {{
        use $crate::__private::picks::*;
        let __ty = $crate::__private::Ty::<$r>::NEW;
        $crate::__private::is_result(__ty);
        let __outcome = (&&__ty).__with_errors();
        $crate::__returns!(@ __ty, __outcome, $companion_value)
    }};
    (@ $ty:ident, $outcome:ident, $companion_value:ident) => {{
        let __kept = $crate::__private::kept($ty, $outcome);
        $crate::__private::Return::new(
            $ty,
            $outcome,
            (&&&&&&&__kept).__stored_form(),
            (&&$ty).__errors(),
            $crate::__private::$companion_value,
        )
    }};
}

/// The second of two blocks where an `impl Trait` return borrows from no argument by itself, as before edition 2024.
/// There `gen` is the name of a type; the token is of the edition of where it was written.
#[doc(hidden)]
#[macro_export]
macro_rules! __by_capture {
    ($before_2024:ty, $all:tt $none:tt) => {
        $none
    };
    (gen, $all:tt $none:tt) => {
        $all
    };
}

/// Refuses edition 2015, where `dyn` is the name of a value.
#[doc(hidden)]
#[macro_export]
macro_rules! __edition {
    ($in_2015:expr) => {
        $crate::__private::compile_error!(
            "`cache_core` needs edition 2018 or later: write `edition = \"2024\"` in the `[package]` of Cargo.toml"
        );
    };
    (dyn) => {};
}

/// Puts a store behind a memo: `__in_store!((hooks) "shared" .local(false))`.
#[doc(hidden)]
#[macro_export]
#[cfg(feature = "store")]
macro_rules! __in_store {
    (($($hooks:tt)*) auto $function:literal $alias:literal $($options:tt)*) => {
        $crate::__private::in_store_by_schema(
            $($hooks)*,
            $crate::__private::InStore::new($alias) $($options)*,
            $function,
        )
    };
    (($($hooks:tt)*) $alias:literal $($options:tt)*) => {
        $crate::__private::in_store($($hooks)*, $crate::__private::InStore::new($alias) $($options)*)
    };
}

/// A part of a key of which a store gets only a hash.
#[doc(hidden)]
#[macro_export]
#[cfg(feature = "store")]
macro_rules! __secret_part {
    ($shape:expr) => {
        $crate::__private::SecretPart($shape)
    };
}

/// There are no stores.
#[doc(hidden)]
#[macro_export]
#[cfg(not(feature = "store"))]
macro_rules! __secret_part {
    ($shape:expr) => {
        $shape
    };
}

/// There are no stores.
#[doc(hidden)]
#[macro_export]
#[cfg(not(feature = "store"))]
macro_rules! __in_store {
    (($($hooks:tt)*) $($options:tt)*) => {{
        $crate::__private::compile_error!(
            "`store` needs a feature of cache-core that is not compiled in: `cargo add cache-core --features store`"
        );
        $($hooks)*
    }};
}

/// What success is, by a reference to what was returned.
#[doc(hidden)]
#[macro_export]
macro_rules! __success {
    ($output:expr) => {{
        use $crate::__private::picks::*;
        (&&$crate::__private::Ty::of($output)).__outcome()
    }};
}

/// How an argument is owned: `__own!(Lent, str, Why)` for a `&str`, `__own!(Given, u64, Why)` for a `u64`. Without a
/// reason it has to be.
#[doc(hidden)]
#[macro_export]
macro_rules! __own {
    ($kind:ident, $t:ty) => {{
        use $crate::__private::picks::*;
        (&&$crate::__private::$kind::<$t>::NEW).__owned()
    }};
    ($kind:ident, $t:ty, $why:ty) => {{
        use $crate::__private::picks::*;
        (&&$crate::__private::$kind::<$t, $why>::NEW).__owner()
    }};
}

/// A reason, as a value of a type of its own.
#[doc(hidden)]
#[macro_export]
macro_rules! __why {
    ($why:literal) => {{
        struct __Because;
        impl $crate::__private::Why for __Because {
            const TEXT: &'static $crate::__private::str = $why;
        }
        __Because
    }};
}

/// An argument in an option's expression: itself where it is `Copy`, else a reference.
#[doc(hidden)]
#[macro_export]
macro_rules! __see {
    ($arg:expr) => {{
        use $crate::__private::picks::*;
        (&&$crate::__private::Arg(&$arg)).__see()
    }};
}

/// What a hole of a tag names: `__reach!(value, owner, id)` is `value.owner.id`, by reference. Returns
/// `None` from the closure it is in where a step of the path is `None`.
#[doc(hidden)]
#[macro_export]
macro_rules! __reach {
    ($root:expr $(, $field:tt)*) => {{
        use $crate::__private::picks::*;
        let __place = $crate::__through!(&$root);
        $(let __place = $crate::__through!(&__place.$field);)*
        __place
    }};
}

/// The same for one step. Three times: for a reference, an `Option`, and another of either in it.
#[doc(hidden)]
#[macro_export]
macro_rules! __through {
    ($place:expr) => {
        $crate::__through!(@ $crate::__through!(@ $crate::__through!(@ $place)))
    };
    (@ $place:expr) => {
        (&&&$crate::__private::Arg($place)).__through()?
    };
}

/// Runs a hook given as a closure or a path; its parameters' types come from here.
#[inline]
pub fn call_on_hit<R: Returns>(
    _: R,
    hook: impl FnOnce(&KeyRef<'_>, &R::Value),
    key: &KeyRef<'_>,
    stored: &dyn Any,
) {
    if let Some(value) = stored.downcast_ref().and_then(R::value) {
        hook(key, value);
    }
}

/// Runs a hook given as a closure or a path.
#[inline]
pub fn call_on_miss(hook: impl FnOnce(&KeyRef<'_>), key: &KeyRef<'_>) {
    hook(key);
}

/// Runs a hook of a node, or its weigher, given as a closure or a path; its parameters' types come from here.
#[inline]
pub fn call_of_node<V, T>(hook: impl FnOnce(&KeyRef<'_>, &V) -> T, key: &KeyRef<'_>, value: &V) -> T {
    hook(key, value)
}

/// The same for entries that have left.
#[inline]
pub fn call_of_node_on_evict<V>(
    hook: impl FnOnce(&KeyRef<'_>, &V, Cause),
    key: &KeyRef<'_>,
    value: &V,
    cause: Cause,
) {
    hook(key, value, cause);
}

/// Says what an entry of a node answers to; the value's type comes from here.
#[inline]
pub fn describe<V>(
    value: Option<&V>,
    metadata: &mut EntryMetadata,
    describe: impl FnOnce(Option<&V>, &mut EntryMetadata),
) {
    describe(value, metadata);
}

/// Asks a closure or path about a value.
#[inline]
pub fn ask<V, T>(ask: impl FnOnce(&V) -> T, value: &V) -> T {
    ask(value)
}

/// The body of an asynchronous function, whose future must be `Send`, and the types of arguments that are in it. The name
/// of the method is the remedy, and appears in the compiler's report.
pub struct Body<F, A = ()>(pub F, pub A);

impl<F: Future + Send, A> Body<F, A> {
    /// The body.
    #[inline]
    pub fn send_or_write_memoize_with_question_mark_send(self) -> F {
        self.0
    }
}

/// A body that is not `Send`, and not because of an argument.
pub trait BodyIsNotSend<F: Future> {
    /// Refused. What it returns is `Send`, so that this is the only error.
    fn send_or_write_memoize_with_question_mark_send(self) -> NoBody<F::Output>
    where
        F: Send;
}

impl<F: Future, A: Send> BodyIsNotSend<F> for Body<F, A> {
    fn send_or_write_memoize_with_question_mark_send(self) -> NoBody<F::Output>
    where
        F: Send,
    {
        unreachable!("does not compile")
    }
}

/// Stands for a body that is not `Send`.
pub struct NoBody<O>(PhantomData<fn() -> O>);

impl<O> Future for NoBody<O> {
    type Output = O;
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<O> {
        unreachable!("does not compile")
    }
}

/// A body with an argument that is not `Send`, which [`UnsentArgument`] has refused.
pub trait ArgumentIsNotSend<F: Future> {
    /// Lets that be the only error.
    fn send_or_write_memoize_with_question_mark_send(self) -> UnsentBody<F::Output>;
}

impl<F: Future, A> ArgumentIsNotSend<F> for &Body<F, A> {
    fn send_or_write_memoize_with_question_mark_send(self) -> UnsentBody<F::Output> {
        unreachable!("does not compile")
    }
}

/// The type of an argument, by its name, that is in the future of an `async fn`, and has to be `Send`.
#[doc(hidden)]
#[macro_export]
macro_rules! __sent {
    ($argument:ident) => {{
        use $crate::__private::UnsentArgument as _;
        $crate::__private::Ty::of(&$argument).__sent()
    }};
}

/// The body of an asynchronous function, which must be `Send`; and so must be arguments, which are refused first.
#[doc(hidden)]
#[macro_export]
macro_rules! __send {
    ($body:expr) => {{
        use $crate::__private::BodyIsNotSend as _;
        $crate::__private::Body($body, ()).send_or_write_memoize_with_question_mark_send()
    }};
    ($args:expr, $body:expr) => {{
        use $crate::__private::{ArgumentIsNotSend as _, BodyIsNotSend as _};
        let __args = $args;
        $crate::__private::Body($body, __args).send_or_write_memoize_with_question_mark_send()
    }};
}

/// Refuses `err_ttl` where there are no errors.
pub fn is_result<R: IsResult>(_: Ty<R>) {}

/// What a function whose computation is late returns: the error that `timeout_error` says.
pub fn late<R: FailsWith<E>, E>(error: E) -> R {
    R::fail(error)
}

/// What `timeout_error` is an error of.
#[diagnostic::on_unimplemented(
    message = "`timeout_error` is `{E}`, and a function that returns `{Self}` cannot return that as its error",
    label = "not its error",
    note = "`timeout` needs a function that returns a `Result`, and `timeout_error` is of the type of its `Err`"
)]
pub trait FailsWith<E> {
    /// Makes it.
    fn fail(error: E) -> Self;
}

#[diagnostic::do_not_recommend]
impl<T, E> FailsWith<E> for Result<T, E> {
    fn fail(error: E) -> Self {
        Err(error)
    }
}

/// The same where nothing is said: the error is made of ours.
pub fn timed_out<R: IsResult<Err: FromTimedOut>>(late: TimedOut) -> R {
    R::err(R::Err::from_timed_out(late))
}

/// What a function without `timeout` returns when it is late: it is waited for to its end.
pub fn never_late<R>(_: TimedOut) -> R {
    unreachable!("there is no `timeout`")
}

/// What a function without `timeout_error` needs its error to be.
#[diagnostic::on_unimplemented(
    message = "`timeout` needs an error to return, and `{Self}` is not `From<cache_core::TimedOut>`",
    label = "not `From<TimedOut>`",
    note = "write `timeout_error = ..`, or implement `From<cache_core::TimedOut>` for it"
)]
pub trait FromTimedOut {
    /// Makes it.
    fn from_timed_out(late: TimedOut) -> Self;
}

#[diagnostic::do_not_recommend]
impl<E: From<TimedOut>> FromTimedOut for E {
    fn from_timed_out(late: TimedOut) -> Self {
        late.into()
    }
}
