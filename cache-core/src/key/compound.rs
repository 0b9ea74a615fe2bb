//! Compound shapes: references and `Cow`s, options, sequences and tuples around leaves.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

#[cfg(feature = "json")]
use super::JsonMismatch;
use super::{Lend, Part, Shape, Shows, Ty};
use crate::sync::Comparing;

/// `&T` and `Cow<'_, T>`: what they lead to is the key.
#[derive(Clone, Copy)]
pub struct Ref<S>(pub S);
/// `Option<T>`.
#[derive(Clone, Copy)]
pub struct Opt<S>(pub S);
/// `[T]`, `Vec<T>`, `[T; N]`.
#[derive(Clone, Copy)]
pub struct Seq<S>(pub S);

/// What they led to, as it is stored.
#[derive(Clone)]
pub struct Inner<T>(pub(super) T);

impl<T> Deref for Inner<T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<S: Shape> Shape for Ref<S> {
    type Owned = Inner<S::Owned>;
    const RUNS_USER_CODE: bool = S::RUNS_USER_CODE;

    #[cfg(feature = "json")]
    fn parse(json: &serde_json::Value) -> Result<Self::Owned, JsonMismatch> {
        S::parse(json).map(Inner)
    }
}

/// What is looked through, with whether that runs user code.
macro_rules! transparent {
    ($([$($generics:tt)*] $t:ty, $runs_user_code:expr;)*) => { $(
        impl<S: Shape, $($generics)*> Part<Ref<S>> for $t {
            #[inline]
            fn hash<H: Hasher>(&self, state: &mut H) {
                (**self).hash(state);
            }
            #[inline]
            fn matches(&self, owned: &Inner<S::Owned>) -> bool {
                let _comparing = $runs_user_code.then(Comparing::begin);
                (**self).matches(owned)
            }
            #[inline]
            fn own(&self) -> Inner<S::Owned> {
                Inner((**self).own())
            }
            fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                (**self).show(f)
            }
        }
    )* };
}

transparent! {
    [T: Part<S> + ?Sized] &T, false;
    // `Borrow` of what is owned.
    [T: Part<S> + ToOwned + ?Sized] Cow<'_, T>, S::RUNS_USER_CODE;
    [T: Part<S>] Inner<T>, false;
}

impl<S: Shape> Shape for Opt<S> {
    type Owned = Option<S::Owned>;
    const RUNS_USER_CODE: bool = S::RUNS_USER_CODE;

    #[cfg(feature = "json")]
    fn parse(json: &serde_json::Value) -> Result<Self::Owned, JsonMismatch> {
        if json.is_null() { Ok(None) } else { S::parse(json).map(Some) }
    }
}

impl<S: Lend> Lend for Opt<S> {
    type Lent<'v> = Option<S::Lent<'v>>;

    fn lend(owned: &Self::Owned) -> Self::Lent<'_> {
        owned.as_ref().map(S::lend)
    }
}

impl<S: Shape, T: Part<S>> Part<Opt<S>> for Option<T> {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        Hash::hash(&self.is_some(), state);
        if let Some(part) = self {
            part.hash(state);
        }
    }
    #[inline]
    fn matches(&self, owned: &Option<S::Owned>) -> bool {
        match (self, owned) {
            (Some(part), Some(owned)) => part.matches(owned),
            (None, None) => true,
            _ => false,
        }
    }
    #[inline]
    fn own(&self) -> Option<S::Owned> {
        self.as_ref().map(Part::own)
    }
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.as_ref().map(Shows::<S, T>::new), f)
    }
}

impl<S: Shape> Shape for Seq<S> {
    type Owned = Vec<S::Owned>;
    const RUNS_USER_CODE: bool = S::RUNS_USER_CODE;

    #[cfg(feature = "json")]
    fn parse(json: &serde_json::Value) -> Result<Self::Owned, JsonMismatch> {
        array(json)?.iter().map(S::parse).collect()
    }
}

impl<S: Shape, T: Part<S>> Part<Seq<S>> for [T] {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        Hash::hash(&self.len(), state);
        for item in self {
            item.hash(state);
        }
    }
    #[inline]
    fn matches(&self, owned: &Vec<S::Owned>) -> bool {
        self.len() == owned.len() && self.iter().zip(owned).all(|(item, owned)| item.matches(owned))
    }
    fn own(&self) -> Vec<S::Owned> {
        self.iter().map(Part::own).collect()
    }
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(Shows::<S, T>::new)).finish()
    }
}

/// Sequences that are looked at as slices.
macro_rules! as_slice {
    ($([$($generics:tt)*] $t:ty),*) => { $(
        impl<S: Shape, T: Part<S>, $($generics)*> Part<Seq<S>> for $t {
            #[inline]
            fn hash<H: Hasher>(&self, state: &mut H) {
                Part::<Seq<S>>::hash(&self[..], state);
            }
            #[inline]
            fn matches(&self, owned: &Vec<S::Owned>) -> bool {
                Part::<Seq<S>>::matches(&self[..], owned)
            }
            fn own(&self) -> Vec<S::Owned> {
                Part::<Seq<S>>::own(&self[..])
            }
            fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                Part::<Seq<S>>::show(&self[..], f)
            }
        }
    )* };
}

as_slice!([] Vec<T>, [const N: usize] [T; N]);

#[cfg(feature = "json")]
fn array(json: &serde_json::Value) -> Result<&Vec<serde_json::Value>, JsonMismatch> {
    json.as_array().ok_or_else(|| JsonMismatch::new(format!("expected an array, not {json}")))
}

/// A key is the tuple of its parts; tuples among the arguments are tuples of parts likewise.
macro_rules! tuple {
    ($(($S:ident $T:ident $i:tt))*) => {
        impl<$($S: Shape),*> Shape for ($($S,)*) {
            type Owned = ($($S::Owned,)*);
            const RUNS_USER_CODE: bool = false $(|| $S::RUNS_USER_CODE)*;

            #[cfg(feature = "json")]
            fn parse(json: &serde_json::Value) -> Result<Self::Owned, JsonMismatch> {
                let (items, parts): (_, &[&str]) = (array(json)?, &[$(stringify!($i)),*]);
                if items.len() != parts.len() {
                    let (expected, got) = (parts.len(), items.len());
                    return Err(JsonMismatch::new(format!("expected {expected} values, got {got}")));
                }
                Ok(($($S::parse(&items[$i]).map_err(|e| e.in_part($i))?,)*))
            }
        }

        impl<$($S: Lend),*> Lend for ($($S,)*) {
            type Lent<'v> = ($($S::Lent<'v>,)*);

            #[allow(clippy::unused_unit, reason = "the empty tuple")]
            fn lend(_owned: &Self::Owned) -> Self::Lent<'_> {
                ($($S::lend(&_owned.$i),)*)
            }
        }

        impl<$($S: Shape, $T: Part<$S>),*> Part<($($S,)*)> for ($($T,)*) {
            #[inline]
            fn hash<H: Hasher>(&self, _state: &mut H) {
                $(self.$i.hash(_state);)*
            }
            #[inline]
            fn matches(&self, _owned: &($($S::Owned,)*)) -> bool {
                true $(&& self.$i.matches(&_owned.$i))*
            }
            #[inline]
            #[allow(clippy::unused_unit, reason = "the empty tuple")]
            fn own(&self) -> ($($S::Owned,)*) {
                ($(self.$i.own(),)*)
            }
            fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("(")?;
                let mut _separator = "";
                $(
                    f.write_str(_separator)?;
                    self.$i.show(f)?;
                    _separator = ", ";
                )*
                f.write_str(")")
            }
        }
    };
}

each_length!(tuple);

/// What a `key` expression's type is made of: references, options of references and `Cow`s are
/// peeled, so that `key = name.trim()` is looked up without a copy.
pub trait Peel {
    /// The type inside.
    type Inner: ?Sized;
    /// The shape around the inner one's.
    type Wrapped<S: Shape>: Shape;
    /// The type inside, as a value.
    fn __inner(&self) -> Ty<Self::Inner> {
        Ty::NEW
    }
    /// Puts the shape back around the inner one's.
    fn __wrap<S: Shape>(&self, inner: S) -> Self::Wrapped<S>;
}

impl<T: ?Sized> Peel for &Ty<&T> {
    type Inner = T;
    type Wrapped<S: Shape> = Ref<S>;
    #[inline]
    fn __wrap<S: Shape>(&self, inner: S) -> Ref<S> {
        Ref(inner)
    }
}

impl<T: ?Sized> Peel for &Ty<Option<&T>> {
    type Inner = T;
    type Wrapped<S: Shape> = Opt<Ref<S>>;
    #[inline]
    fn __wrap<S: Shape>(&self, inner: S) -> Opt<Ref<S>> {
        Opt(Ref(inner))
    }
}

impl<T: ToOwned + ?Sized> Peel for &Ty<Cow<'_, T>> {
    type Inner = T;
    type Wrapped<S: Shape> = Ref<S>;
    #[inline]
    fn __wrap<S: Shape>(&self, inner: S) -> Ref<S> {
        Ref(inner)
    }
}

/// Types that are taken whole.
pub trait PeelNot {
    /// The type itself.
    type Inner: ?Sized;
    /// The type, as a value.
    fn __inner(&self) -> Ty<Self::Inner> {
        Ty::NEW
    }
    /// Leaves the shape as it is.
    fn __wrap<S: Shape>(&self, inner: S) -> S {
        inner
    }
}

impl<T: ?Sized> PeelNot for Ty<T> {
    type Inner = T;
}
