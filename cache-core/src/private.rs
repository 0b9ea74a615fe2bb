//! What expansions of the attribute name. Not part of the public interface: it changes with any
//! release, and the attribute is locked to the exact version.

pub use crate::engine::{Cx, Draft, Found, IntoTtl};
pub use crate::entry::Entry;
pub use crate::key::{Cowed, KeyRef, Leaf, NoJson, Opt, Part, Ref, Seq, Shape, Ty};
pub use crate::memo::{Memo, When};
pub use crate::plan::{Bound, Call, NoHook, Plan, all, plain};
pub use crate::policy::Policy;
pub use crate::slot::Slot;
pub use crate::spec::Spec;
pub use crate::value::{Hold, IsOption, IsResult, OfReturn, OfValue, Outcome, Return, Returns};
use std::marker::PhantomData;

/// An argument, as expressions in options see it.
pub struct Arg<'a, T: ?Sized>(pub &'a T);

/// `Copy` arguments, references among them, are seen as they are.
pub trait ArgCopy {
    /// The argument.
    type Seen;
    /// The argument.
    fn see(&self) -> Self::Seen;
}

impl<T: Copy> ArgCopy for &Arg<'_, T> {
    type Seen = T;
    #[inline]
    fn see(&self) -> T {
        *self.0
    }
}

/// Other arguments are seen by reference.
pub trait ArgRef {
    /// The reference.
    type Seen;
    /// The reference.
    fn see(&self) -> Self::Seen;
}

impl<'a, T: ?Sized> ArgRef for Arg<'a, T> {
    type Seen = &'a T;
    #[inline]
    fn see(&self) -> &'a T {
        self.0
    }
}

/// The type of what is kept of a return.
#[inline]
pub fn kept<R, O: Outcome<R>>(_: Ty<R>, _: O) -> Ty<O::Kept> {
    Ty::NEW
}

/// Tells an instantiation apart by the companion type, which carries all type parameters.
#[must_use]
#[inline]
pub fn id<Id: ?Sized>() -> Ty<Id> {
    Ty::NEW
}

/// Names a type parameter so that it counts as used.
pub type Uses<T> = PhantomData<fn(&T)>;

/// The traits that choose by type, without their names: expansions bring them into scope beside the
/// user's own names.
pub mod picks {
    pub use super::{ArgCopy as _, ArgRef as _};
    #[cfg(feature = "json")]
    pub use crate::key::PickJson as _;
    pub use crate::key::{
        Peel as _, PeelNot as _, PickAny as _, PickBits as _, PickCopy as _, PickHidden as _,
        PickNoJson as _, PickShared as _, PickShown as _, PickStd as _,
    };
    pub use crate::value::{
        PickAsBytes as _, PickBehind as _, PickCloned as _, PickInPlace as _, PickNotKept as _,
        PickOkOnly as _, PickPlain as _, PickUncloned as _, PickWithErrors as _, PickWithoutErrors as _,
    };
}

/// The shape of an argument that is taken whole, by its type.
#[doc(hidden)]
#[macro_export]
macro_rules! __leaf {
    ($t:ty) => {{
        use $crate::__private::picks::*;
        let ty = $crate::__private::Ty::<$t>::NEW;
        $crate::__leaf_of_ty!(ty)
    }};
}

#[doc(hidden)]
#[macro_export]
#[cfg(feature = "json")]
macro_rules! __leaf_of_ty {
    ($ty:ident) => {
        $crate::__private::Leaf::new((&&&&&$ty).kind(), (&&$ty).shown(), (&&$ty).json())
    };
}

#[doc(hidden)]
#[macro_export]
#[cfg(not(feature = "json"))]
macro_rules! __leaf_of_ty {
    ($ty:ident) => {
        $crate::__private::Leaf::new((&&&&&$ty).kind(), (&&$ty).shown(), $crate::__private::NoJson)
    };
}

/// The shape of a `key` expression, by a reference to its value.
#[doc(hidden)]
#[macro_export]
macro_rules! __shape_of {
    ($value:expr) => {{
        use $crate::__private::picks::*;
        let ty = $crate::__private::Ty::of($value);
        let outer = &&ty;
        let inner = outer.inner();
        outer.wrap($crate::__leaf_of_ty!(inner))
    }};
}

/// What is decided about a return, by its type: `__returns!(Cat, OfReturn)`.
#[doc(hidden)]
#[macro_export]
macro_rules! __returns {
    ($r:ty, $face:ident) => {{
        use $crate::__private::picks::*;
        let ty = $crate::__private::Ty::<$r>::NEW;
        let outcome = (&&ty).outcome();
        $crate::__returns!(@ ty, outcome, $face)
    }};
    ($r:ty, $face:ident, errors) => {{
        use $crate::__private::picks::*;
        let ty = $crate::__private::Ty::<$r>::NEW;
        $crate::__private::is_result(ty);
        let outcome = (&&ty).with_errors();
        $crate::__returns!(@ ty, outcome, $face)
    }};
    (@ $ty:ident, $outcome:ident, $face:ident) => {{
        let kept = $crate::__private::kept($ty, $outcome);
        $crate::__private::Return::new(
            $ty,
            $outcome,
            (&&&&kept).hold(),
            (&&$ty).errors(),
            $crate::__private::$face,
        )
    }};
}

/// An argument in an option's expression: itself where it is `Copy`, else a reference.
#[doc(hidden)]
#[macro_export]
macro_rules! __see {
    ($arg:expr) => {{
        use $crate::__private::picks::*;
        (&&$crate::__private::Arg(&$arg)).see()
    }};
}

/// Runs a hook given as a closure or a path; its parameters' types come from here.
#[inline]
pub fn call_on_hit<V>(hook: impl FnOnce(&KeyRef<'_>, &V), key: &KeyRef<'_>, value: &V) {
    hook(key, value);
}

/// Runs a hook given as a closure or a path.
#[inline]
pub fn call_on_miss(hook: impl FnOnce(&KeyRef<'_>), key: &KeyRef<'_>) {
    hook(key);
}

/// The text of a tag; `None` if a user's `Display` panicked.
pub fn render(text: impl FnOnce() -> String) -> Option<String> {
    crate::sync::guarded(text)
}

/// Asks a closure or path about a value.
#[inline]
pub fn ask<V, T>(ask: impl FnOnce(&V) -> T, value: &V) -> T {
    ask(value)
}

/// Refuses `err_ttl` where there are no errors.
pub fn is_result<R: IsResult>(_: Ty<R>) {}
