//! Keys: the parts of a call that identify it, borrowed for looking up and owned for keeping.
//!
//! An argument is described by a zero-size [`Shape`] that the attribute writes: references, options,
//! slices, tuples and `Cow`s are spelled out (`Opt<Ref<leaf>>`), and each leaf is resolved by method
//! dispatch on its type. A [`Part`] is the argument itself, seen through its shape: it can be hashed
//! and compared with a stored key without being copied.

#![expect(clippy::missing_errors_doc, reason = "hidden: named by expansions only")]

/// Calls a macro for tuples of each length.
macro_rules! each_length {
    ($tuple:ident) => {
        each_length!($tuple [] (S0 T0 0) (S1 T1 1) (S2 T2 2) (S3 T3 3) (S4 T4 4) (S5 T5 5)
            (S6 T6 6) (S7 T7 7) (S8 T8 8) (S9 T9 9) (S10 T10 10) (S11 T11 11));
    };
    ($tuple:ident [$($part:tt)*]) => {
        $tuple!($($part)*);
    };
    ($tuple:ident [$($part:tt)*] $next:tt $($more:tt)*) => {
        $tuple!($($part)*);
        each_length!($tuple [$($part)* $next] $($more)*);
    };
}
#[cfg(feature = "store")]
pub(crate) use each_length;

mod compound;
mod exact;
mod leaf;
mod pick;

use std::fmt;
use std::hash::Hasher;
use std::marker::PhantomData;

pub use compound::{Opt, Peel, PeelNot, Ref, Seq};
pub(crate) use exact::Exact;
#[cfg(test)]
pub(crate) use leaf::AsBytes;
#[cfg(feature = "store")]
pub(crate) use leaf::AsOwned;
pub(crate) use leaf::Bitwise;
#[cfg(feature = "store")]
pub(crate) use leaf::Choices as LeafChoices;
#[cfg(any(test, feature = "store"))]
pub(crate) use leaf::{Exactly, Shown};
pub use leaf::{Leaf, NoJson};
#[cfg(feature = "json")]
pub use pick::PickJson;
pub(crate) use pick::picks;
pub use pick::{
    PickBits, PickCopy, PickHidden, PickNoJson, PickNotCloned, PickNotCompared, PickNotShared, PickParts,
    PickShared, PickShown, PickStd,
};

#[cfg(feature = "json")]
use crate::erased::Erased;
use crate::erased::ErasedRef;

/// A type as a value, on which method dispatch on types begins.
pub struct Ty<T: ?Sized>(PhantomData<fn(&T)>);

impl<T: ?Sized> Ty<T> {
    /// The type itself.
    pub const NEW: Self = Self(PhantomData);

    /// Returns the type of a value.
    #[inline]
    pub fn of(_: &T) -> Self {
        Self::NEW
    }
}

impl<T: ?Sized> Clone for Ty<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for Ty<T> {}

impl<T: ?Sized> Default for Ty<T> {
    fn default() -> Self {
        Self::NEW
    }
}

/// The shape of a part of a key: how it is kept and read back. It is a zero-size value.
pub trait Shape: Copy + 'static {
    /// The stored form, which is a part itself and has the same hash as the borrowed form. Cloning and
    /// dropping it runs no user code, except the drop of the last copy.
    type Owned: Part<Self> + Clone + Send + Sync + 'static;
    /// Whether comparing parts runs user code.
    const RUNS_USER_CODE: bool;

    /// Reads a part from JSON.
    #[cfg(feature = "json")]
    fn parse(json: &serde_json::Value) -> Result<Self::Owned, JsonMismatch>;
}

/// The reason why JSON is not a key.
#[cfg(feature = "json")]
#[derive(Debug)]
pub struct JsonMismatch {
    /// The number of the part of the key, from 0, if it is about one part.
    pub(crate) part: Option<usize>,
    pub(crate) why: String,
}

#[cfg(feature = "json")]
impl JsonMismatch {
    pub(crate) fn new(why: impl Into<String>) -> Self {
        Self { part: None, why: why.into() }
    }

    pub(crate) fn in_part(self, part: usize) -> Self {
        Self { part: Some(part), ..self }
    }
}

/// A part of a key, borrowed or stored.
pub trait Part<S: Shape> {
    /// Feeds the part to a hasher.
    fn hash<H: Hasher>(&self, state: &mut H);
    /// Returns whether a stored part is this one.
    fn matches(&self, owned: &S::Owned) -> bool;
    /// Makes the stored form.
    fn own(&self) -> S::Owned;
    /// Writes the part for people.
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

/// A shape whose stored parts can be seen again as they were borrowed in a call.
pub trait Lend: Shape {
    /// The borrowed form.
    type Lent<'v>;
    /// Lends a stored part.
    fn lend(owned: &Self::Owned) -> Self::Lent<'_>;
}

/// The functions that a memo needs for its stored keys.
pub(crate) struct KeyFns {
    #[cfg(feature = "json")]
    pub(crate) hash: fn(ErasedRef<'_>, &mut foldhash::fast::FoldHasher<'_>),
    pub(crate) same: fn(ErasedRef<'_>, ErasedRef<'_>) -> bool,
    pub(crate) show: fn(ErasedRef<'_>, &mut fmt::Formatter<'_>) -> fmt::Result,
    #[cfg(feature = "json")]
    pub(crate) parse: fn(&serde_json::Value) -> Result<Erased, JsonMismatch>,
}

impl KeyFns {
    pub(crate) const fn of<S: Shape>() -> &'static Self {
        &Self {
            #[cfg(feature = "json")]
            hash: |key, state| key.get::<S::Owned>().hash(state),
            same: |a, b| a.get::<S::Owned>().matches(b.get()),
            show: |key, f| key.get::<S::Owned>().show(f),
            #[cfg(feature = "json")]
            parse: |json| S::parse(json).map(Erased::new),
        }
    }
}

/// A part, to be displayed.
pub(crate) struct Shows<'a, S, P>(&'a P, PhantomData<S>);

impl<'a, S, P> Shows<'a, S, P> {
    pub(crate) fn new(part: &'a P) -> Self {
        Self(part, PhantomData)
    }
}

impl<S: Shape, P: Part<S>> fmt::Debug for Shows<'_, S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.show(f)
    }
}

/// A kept key.
pub(crate) struct StoredKey<'a> {
    pub(crate) key: ErasedRef<'a>,
    pub(crate) fns: &'static KeyFns,
}

impl fmt::Debug for StoredKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (self.fns.show)(self.key, f)
    }
}

/// The key of a call, as hooks and predicates get it. It displays as `cats::get_cat("tom")`.
///
/// Making one costs nothing, because the text is only made when it is displayed. Arguments whose type is not
/// [`Debug`](fmt::Debug) display as `_`.
#[derive(Clone, Copy)]
pub struct KeyRef<'a> {
    pub(crate) name: &'a str,
    pub(crate) key: &'a dyn fmt::Debug,
}

impl KeyRef<'_> {
    /// Returns the registered name of the function, such as `cats::get_cat`.
    #[must_use]
    pub fn function(&self) -> &str {
        self.name
    }
}

impl fmt::Display for KeyRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        self.key.fmt(f)
    }
}

impl fmt::Debug for KeyRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
