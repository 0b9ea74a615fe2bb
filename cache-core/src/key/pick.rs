//! Which leaf a type is, chosen by method dispatch on [`Ty`]: the `Pick…` traits offer one method name at
//! different depths of `&`, and the compiler takes the most specific one that applies. It works in
//! generic functions too, from the bounds in scope.

use std::fmt;
use std::hash::Hash;

#[cfg(feature = "json")]
use super::leaf::Json;
use super::leaf::{AsArc, AsBytes, AsOwned, ByEq, Exactly, Hidden, LeafType, NoJson, NotKey, Shown, StdKey};
use super::{Exact, Ty};

/// Traits of one method that say what is chosen where their bounds hold: a type, of which the default is returned, or
/// the value of an expression.
macro_rules! picks {
    (@value $self:ident) => {
        Default::default()
    };
    (@value $self:ident $this:ident $value:expr) => {{
        let $this = $self;
        $value
    }};
    ($(
        $(#[$attr:meta])*
        $trait:ident::$method:ident for $depth:ty where [$($bounds:tt)*] => $choice:ty
            $(= |$this:ident| $value:expr)?;
    )*) => { $(
        $(#[$attr])*
        pub trait $trait {
            /// The choice.
            type Choice;
            /// The choice, as a value.
            fn $method(&self) -> Self::Choice;
        }

        $(#[$attr])*
        impl<$($bounds)*> $trait for $depth {
            type Choice = $choice;
            #[inline]
            fn $method(&self) -> $choice {
                $crate::key::picks!(@value self $($this $value)?)
            }
        }
    )* };
}
pub(crate) use picks;

picks! {
    /// Standard types that are often met.
    PickStd::__leaf_type for &&&&&&&Ty<T> where [T: StdKey + ?Sized] => LeafType<AsOwned, Exactly, T>;
    /// `Copy` standard types.
    PickBits::__leaf_type for &&&&&&Ty<T> where [T: Exact + Copy + Send + Sync + 'static]
        => LeafType<AsBytes, Exactly, T>;
    /// Other standard types.
    PickParts::__leaf_type for &&&&&Ty<T> where [T: Exact + ToOwned<Owned: Send + Sync + 'static> + ?Sized + 'static]
        => LeafType<AsArc, Exactly, T>;
    /// `Copy` types.
    PickCopy::__leaf_type for &&&&Ty<T> where [T: Copy + Hash + Eq + Send + Sync + 'static] => LeafType<AsBytes, ByEq, T>;
    /// Everything else that can be a key.
    PickShared::__leaf_type for &&&Ty<T> where [T: Hash + Eq + ToOwned<Owned: Send + Sync + 'static> + ?Sized + 'static]
        => LeafType<AsArc, ByEq, T>;
    /// `Debug` types.
    PickShown::__shown for &Ty<T> where [T: fmt::Debug + ?Sized] => Shown;
    /// Types that are not `Debug`.
    PickHidden::__shown for Ty<T> where [T: ?Sized] => Hidden;
    /// `Deserialize` types.
    #[cfg(feature = "json")]
    PickJson::__json for &Ty<T> where [T: ToOwned<Owned: serde::de::DeserializeOwned> + ?Sized] => Json;
    /// Types that are not `Deserialize`.
    PickNoJson::__json for Ty<T> where [T: ?Sized] => NoJson;
}

// What cannot be a key is chosen like the others, so that the one error is that of a trait which no type has. They are
// written out, because the compiler shows them with the error.

/// What cannot be a key, though it can be compared and sent.
pub trait PickNotCloned<T: ?Sized> {
    /// The choice, which is refused.
    fn __leaf_type(&self) -> LeafType<NotKey, NotKey, T>
    where
        Self: IsKeyOnceCloned<T>;
}

impl<T: Hash + Eq + Send + Sync + ?Sized> PickNotCloned<T> for &&Ty<T> {
    fn __leaf_type(&self) -> LeafType<NotKey, NotKey, T>
    where
        Self: IsKeyOnceCloned<T>,
    {
        Default::default()
    }
}

/// What cannot be a key, though it can be compared.
pub trait PickNotShared<T: ?Sized> {
    /// The choice, which is refused.
    fn __leaf_type(&self) -> LeafType<NotKey, NotKey, T>
    where
        Self: IsKeyOnceShared<T>;
}

impl<T: Hash + Eq + ?Sized> PickNotShared<T> for &Ty<T> {
    fn __leaf_type(&self) -> LeafType<NotKey, NotKey, T>
    where
        Self: IsKeyOnceShared<T>,
    {
        Default::default()
    }
}

/// What cannot be a key.
pub trait PickNotCompared<T: ?Sized> {
    /// The choice, which is refused.
    fn __leaf_type(&self) -> LeafType<NotKey, NotKey, T>
    where
        Self: IsKeyOnceCompared<T>;
}

impl<T: ?Sized> PickNotCompared<T> for Ty<T> {
    fn __leaf_type(&self) -> LeafType<NotKey, NotKey, T>
    where
        Self: IsKeyOnceCompared<T>,
    {
        Default::default()
    }
}

/// No type has it: says why `T` cannot be part of a key.
#[diagnostic::on_unimplemented(
    message = "`{T}` cannot be part of a key: it is not `Hash + Eq`",
    label = "not `Hash + Eq`",
    note = "derive what is missing, `#[derive(Clone, PartialEq, Eq, Hash)]`",
    note = "if it has floats, is `dyn`, or comes from another library, say what identifies the call, `key = (point.x, point.y)`, or leave the argument out, `skip(point)`"
)]
pub trait IsKeyOnceCompared<T: ?Sized> {}

/// No type has it: says why `T` cannot be part of a key.
#[diagnostic::on_unimplemented(
    message = "`{T}` cannot be part of a key: it is not `Send + Sync`",
    label = "not `Send + Sync`",
    note = "all threads see a key: take an `Arc` in place of an `Rc`, say what identifies the call, `key = (user.id, ..)`, or leave the argument out, `skip(user)`"
)]
pub trait IsKeyOnceShared<T: ?Sized> {}

/// No type has it: says why `T` cannot be part of a key.
#[diagnostic::on_unimplemented(
    message = "`{T}` cannot be part of a key: it is not `Clone`",
    label = "not `Clone`",
    note = "the cache keeps a copy: derive `Clone`, take an `Arc` of it, say what identifies the call, `key = (user.id, ..)`, or leave the argument out, `skip(user)`"
)]
pub trait IsKeyOnceCloned<T: ?Sized> {}
