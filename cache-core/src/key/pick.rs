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
    PickStd::__leaf_type for &&&&&Ty<T> where [T: StdKey + ?Sized] => LeafType<AsOwned, Exactly, T>;
    /// `Copy` standard types.
    PickBits::__leaf_type for &&&&Ty<T> where [T: Exact + Copy + Send + Sync + 'static]
        => LeafType<AsBytes, Exactly, T>;
    /// Other standard types.
    PickParts::__leaf_type for &&&Ty<T> where [T: Exact + ToOwned<Owned: Send + Sync + 'static> + ?Sized + 'static]
        => LeafType<AsArc, Exactly, T>;
    /// `Copy` types.
    PickCopy::__leaf_type for &&Ty<T> where [T: Copy + Hash + Eq + Send + Sync + 'static] => LeafType<AsBytes, ByEq, T>;
    /// Everything else that can be a key.
    PickShared::__leaf_type for &Ty<T> where [T: Hash + Eq + ToOwned<Owned: Send + Sync + 'static> + ?Sized + 'static]
        => LeafType<AsArc, ByEq, T>;
    /// What cannot be a key.
    PickAny::__leaf_type for Ty<T> where [T: ?Sized] => LeafType<NotKey, NotKey, T>;
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
