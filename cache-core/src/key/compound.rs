//! Compound shapes: references, options, sequences, `Cow`s and tuples around leaves.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};

#[cfg(feature = "json")]
use super::JsonMismatch;
use super::{Lend, Part, Shape, Ty};
use crate::sync::comparing;

/// `&T`, `Box<T>`, `Arc<T>`: what it points to is the key.
#[derive(Clone, Copy)]
pub struct Ref<S>(pub S);
/// `Option<T>`.
#[derive(Clone, Copy)]
pub struct Opt<S>(pub S);
/// `[T]`, `Vec<T>`, `[T; N]`.
#[derive(Clone, Copy)]
pub struct Seq<S>(pub S);
/// `Cow<'_, T>`.
#[derive(Clone, Copy)]
pub struct Cowed<S>(pub S);

/// Shapes of what is looked through: the key is what is inside.
macro_rules! transparent {
    ($($wrapper:ident for $t:ty where [$($bound:tt)*], $comparing:path;)*) => { $(
        impl<S: Shape> Shape for $wrapper<S> {
            type Owned = S::Owned;
            const RUNS_USER_CODE: bool = S::RUNS_USER_CODE;

            #[inline]
            fn hash_owned<H: Hasher>(owned: &S::Owned, state: &mut H) {
                S::hash_owned(owned, state);
            }
            #[inline]
            fn same(a: &S::Owned, b: &S::Owned) -> bool {
                S::same(a, b)
            }
            fn show_owned(owned: &S::Owned, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                S::show_owned(owned, f)
            }
            #[cfg(feature = "json")]
            fn parse(json: &serde_json::Value) -> Result<S::Owned, JsonMismatch> {
                S::parse(json)
            }
        }

        impl<S: Shape, T: Part<S> + $($bound)*> Part<$wrapper<S>> for $t {
            #[inline]
            fn hash<H: Hasher>(&self, state: &mut H) {
                (**self).hash(state);
            }
            #[inline]
            fn matches(&self, owned: &S::Owned) -> bool {
                $comparing(S::RUNS_USER_CODE, || (**self).matches(owned))
            }
            #[inline]
            fn own(&self) -> S::Owned {
                (**self).own()
            }
            fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                (**self).show(f)
            }
        }
    )* };
}

transparent! {
    Ref for &T where [?Sized], plainly;
    Cowed for Cow<'_, T> where [ToOwned + ?Sized], guardedly;
}

/// Looking through a reference runs no user code.
#[inline]
fn plainly(_: bool, matches: impl FnOnce() -> bool) -> bool {
    matches()
}

/// Looking through an owned `Cow` runs `Borrow`.
#[inline]
fn guardedly(runs_user_code: bool, matches: impl FnOnce() -> bool) -> bool {
    if runs_user_code { comparing(matches) } else { matches() }
}

impl<S: Shape> Shape for Opt<S> {
    type Owned = Option<S::Owned>;
    const RUNS_USER_CODE: bool = S::RUNS_USER_CODE;

    #[inline]
    fn hash_owned<H: Hasher>(owned: &Self::Owned, state: &mut H) {
        Hash::hash(&owned.is_some(), state);
        if let Some(owned) = owned {
            S::hash_owned(owned, state);
        }
    }
    #[inline]
    fn same(a: &Self::Owned, b: &Self::Owned) -> bool {
        match (a, b) {
            (Some(a), Some(b)) => S::same(a, b),
            (None, None) => true,
            _ => false,
        }
    }
    fn show_owned(owned: &Self::Owned, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match owned {
            Some(owned) => wrap(f, "Some(", ")", |f| S::show_owned(owned, f)),
            None => f.write_str("None"),
        }
    }
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
        match self {
            Some(part) => wrap(f, "Some(", ")", |f| part.show(f)),
            None => f.write_str("None"),
        }
    }
}

impl<S: Shape> Shape for Seq<S> {
    type Owned = Vec<S::Owned>;
    const RUNS_USER_CODE: bool = S::RUNS_USER_CODE;

    #[inline]
    fn hash_owned<H: Hasher>(owned: &Self::Owned, state: &mut H) {
        Hash::hash(&owned.len(), state);
        for item in owned {
            S::hash_owned(item, state);
        }
    }
    #[inline]
    fn same(a: &Self::Owned, b: &Self::Owned) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| S::same(a, b))
    }
    fn show_owned(owned: &Self::Owned, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        wrap(f, "[", "]", |f| list(f, owned, |item, f| S::show_owned(item, f)))
    }
    #[cfg(feature = "json")]
    fn parse(json: &serde_json::Value) -> Result<Self::Owned, JsonMismatch> {
        let items =
            json.as_array().ok_or_else(|| JsonMismatch::new(format!("expected an array, not {json}")))?;
        items.iter().map(S::parse).collect()
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
        wrap(f, "[", "]", |f| list(f, self, Part::show))
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

fn wrap(
    f: &mut fmt::Formatter<'_>,
    open: &str,
    close: &str,
    inner: impl FnOnce(&mut fmt::Formatter<'_>) -> fmt::Result,
) -> fmt::Result {
    f.write_str(open)?;
    inner(f)?;
    f.write_str(close)
}

fn list<T>(
    f: &mut fmt::Formatter<'_>,
    items: &[T],
    show: impl Fn(&T, &mut fmt::Formatter<'_>) -> fmt::Result,
) -> fmt::Result {
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            f.write_str(", ")?;
        }
        show(item, f)?;
    }
    Ok(())
}

/// A key is the tuple of its parts; tuples among the arguments are tuples of parts likewise.
macro_rules! tuples {
    ($($len:literal: $($S:ident $T:ident $i:tt),*;)*) => { $(
        impl<$($S: Shape),*> Shape for ($($S,)*) {
            type Owned = ($($S::Owned,)*);
            const RUNS_USER_CODE: bool = false $(|| $S::RUNS_USER_CODE)*;

            #[inline]
            fn hash_owned<H: Hasher>(_owned: &Self::Owned, _state: &mut H) {
                $($S::hash_owned(&_owned.$i, _state);)*
            }
            #[inline]
            fn same(_a: &Self::Owned, _b: &Self::Owned) -> bool {
                true $(&& $S::same(&_a.$i, &_b.$i))*
            }
            fn show_owned(_owned: &Self::Owned, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("(")?;
                $(
                    if $i > 0 {
                        f.write_str(", ")?;
                    }
                    $S::show_owned(&_owned.$i, f)?;
                )*
                f.write_str(")")
            }
            #[cfg(feature = "json")]
            fn parse(json: &serde_json::Value) -> Result<Self::Owned, JsonMismatch> {
                let items = json.as_array().ok_or_else(|| JsonMismatch::new(format!("expected an array, not {json}")))?;
                if items.len() != $len {
                    return Err(JsonMismatch::new(format!("expected {} values, got {}", $len, items.len())));
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
            fn hash<HH: Hasher>(&self, _state: &mut HH) {
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
                $(
                    if $i > 0 {
                        f.write_str(", ")?;
                    }
                    self.$i.show(f)?;
                )*
                f.write_str(")")
            }
        }
    )* };
}

tuples! {
    0: ;
    1: S0 T0 0;
    2: S0 T0 0, S1 T1 1;
    3: S0 T0 0, S1 T1 1, S2 T2 2;
    4: S0 T0 0, S1 T1 1, S2 T2 2, S3 T3 3;
    5: S0 T0 0, S1 T1 1, S2 T2 2, S3 T3 3, S4 T4 4;
    6: S0 T0 0, S1 T1 1, S2 T2 2, S3 T3 3, S4 T4 4, S5 T5 5;
    7: S0 T0 0, S1 T1 1, S2 T2 2, S3 T3 3, S4 T4 4, S5 T5 5, S6 T6 6;
    8: S0 T0 0, S1 T1 1, S2 T2 2, S3 T3 3, S4 T4 4, S5 T5 5, S6 T6 6, S7 T7 7;
    9: S0 T0 0, S1 T1 1, S2 T2 2, S3 T3 3, S4 T4 4, S5 T5 5, S6 T6 6, S7 T7 7, S8 T8 8;
    10: S0 T0 0, S1 T1 1, S2 T2 2, S3 T3 3, S4 T4 4, S5 T5 5, S6 T6 6, S7 T7 7, S8 T8 8, S9 T9 9;
    11: S0 T0 0, S1 T1 1, S2 T2 2, S3 T3 3, S4 T4 4, S5 T5 5, S6 T6 6, S7 T7 7, S8 T8 8, S9 T9 9, S10 T10 10;
    12: S0 T0 0, S1 T1 1, S2 T2 2, S3 T3 3, S4 T4 4, S5 T5 5, S6 T6 6, S7 T7 7, S8 T8 8, S9 T9 9, S10 T10 10, S11 T11 11;
}

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
    type Wrapped<S: Shape> = Cowed<S>;
    #[inline]
    fn __wrap<S: Shape>(&self, inner: S) -> Cowed<S> {
        Cowed(inner)
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
