//! Which leaf a type is, chosen by method dispatch on [`Ty`]: the `Pick…` traits offer one method name at
//! different depths of `&`, and the compiler takes the most specific one that applies. It works in
//! generic functions too, from the bounds in scope.

use std::fmt;
use std::hash::Hash;

#[cfg(feature = "json")]
use super::leaf::Json;
use super::leaf::{Bits, Bytes, Hidden, NoJson, NotKey, Parts, Shared, Shown, Std, StdKey};
use super::{Exact, Ty};

macro_rules! pick {
    ($(#[$doc:meta])* $name:ident, $method:ident, $assoc:ident) => {
        $(#[$doc])*
        pub trait $name {
            /// The choice.
            type $assoc;
            /// The choice, as a value.
            fn $method(&self) -> Self::$assoc;
        }
    };
}

pick! { /// Standard types that are often met.
PickStd, __kind, Kind }
pick! { /// Other `Copy` standard types, such as floats.
PickBits, __kind, Kind }
pick! { /// Other standard types.
PickParts, __kind, Kind }
pick! { /// `Copy` types.
PickCopy, __kind, Kind }
pick! { /// Everything else that can be a key.
PickShared, __kind, Kind }
pick! { /// What cannot be a key.
PickAny, __kind, Kind }
pick! { /// `Debug` types.
PickShown, __shown, Shown }
pick! { /// Types that are not `Debug`.
PickHidden, __shown, Shown }
#[cfg(feature = "json")]
pick! { /// `Deserialize` types.
PickJson, __json, Json }
pick! { /// Types that are not `Deserialize`.
PickNoJson, __json, Json }

macro_rules! picks {
    ($($trait:ident for $depth:ty where [$($bounds:tt)*] => $kind:ty;)*) => { $(
        impl<$($bounds)*> $trait for $depth {
            type Kind = $kind;
            #[inline]
            fn __kind(&self) -> $kind {
                <$kind>::new()
            }
        }
    )* };
}

picks! {
    PickStd for &&&&&Ty<T> where [T: StdKey + ?Sized] => Std<T>;
    PickBits for &&&&Ty<T> where [T: Exact + Copy + Send + Sync + 'static] => Bits<T>;
    PickParts for &&&Ty<T> where [T: Exact + ToOwned<Owned: Send + Sync + 'static> + ?Sized + 'static] => Parts<T>;
    PickCopy for &&Ty<T> where [T: Copy + Hash + Eq + Send + Sync + 'static] => Bytes<T>;
    PickShared for &Ty<T> where [T: Hash + Eq + ToOwned<Owned: Send + Sync + 'static> + ?Sized + 'static] => Shared<T>;
    PickAny for Ty<T> where [T: ?Sized] => NotKey<T>;
}

impl<T: fmt::Debug + ?Sized> PickShown for &Ty<T> {
    type Shown = Shown;
    #[inline]
    fn __shown(&self) -> Shown {
        Shown
    }
}

impl<T: ?Sized> PickHidden for Ty<T> {
    type Shown = Hidden;
    #[inline]
    fn __shown(&self) -> Hidden {
        Hidden
    }
}

#[cfg(feature = "json")]
impl<T: ToOwned<Owned: serde::de::DeserializeOwned> + ?Sized> PickJson for &Ty<T> {
    type Json = Json;
    #[inline]
    fn __json(&self) -> Json {
        Json
    }
}

impl<T: ?Sized> PickNoJson for Ty<T> {
    type Json = NoJson;
    #[inline]
    fn __json(&self) -> NoJson {
        NoJson
    }
}
