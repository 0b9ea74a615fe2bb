//! Leaves of a key: types that are taken whole, each with the cheapest safe way to keep it.

use std::borrow::Borrow;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[cfg(feature = "json")]
use super::Misfit;
use super::{Lend, Part, Ref, Shape};
use crate::sync::comparing;

/// A leaf: how it is kept (`K`), whether it can be shown (`D`), whether it can be read from JSON (`J`).
pub struct Leaf<K, D, J>(PhantomData<fn() -> (K, D, J)>);

impl<K: LeafKind, D, J> Leaf<K, D, J> {
    /// A leaf from its three choices; what cannot be a key is refused here, and only here.
    #[inline]
    pub fn new(_: K, _: D, _: J) -> Self
    where
        K: IsKey<K::Target>,
    {
        Self(PhantomData)
    }
}

impl<K, D, J> Clone for Leaf<K, D, J> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, D, J> Copy for Leaf<K, D, J> {}

/// A leaf that can be part of a key.
#[diagnostic::on_unimplemented(
    message = "`{T}` cannot be part of a key: it is not `Hash + Eq + Clone + Send + Sync`",
    label = "cannot be part of the key",
    note = "leave the argument out with `skip(..)`, say what identifies the call with `key = (..)`, or derive what is missing"
)]
pub trait IsKey<T: ?Sized> {}

#[diagnostic::do_not_recommend]
impl<T: ?Sized> IsKey<T> for Std<T> {}
#[diagnostic::do_not_recommend]
impl<T> IsKey<T> for Bits<T> {}
#[diagnostic::do_not_recommend]
impl<T> IsKey<T> for Bytes<T> {}
#[diagnostic::do_not_recommend]
impl<T: ?Sized> IsKey<T> for Shared<T> {}

/// How a leaf is kept.
pub trait LeafKind: 'static {
    /// The type as it is met in a call.
    type Target: ?Sized + 'static;
    /// The stored form; its `Clone` is never user code.
    type Owned: Clone + Send + Sync + 'static;

    /// The stored form seen as the call's type.
    fn view(owned: &Self::Owned) -> &Self::Target;
    /// Makes the stored form.
    fn own(target: &Self::Target) -> Self::Owned;
    /// Feeds a hasher.
    fn hash<H: Hasher>(target: &Self::Target, state: &mut H);
    /// Compares.
    fn same(a: &Self::Target, b: &Self::Target) -> bool;
}

macro_rules! marker {
    ($(#[$doc:meta])* $name:ident<T $(: ?$sized:ident)?>) => {
        $(#[$doc])*
        pub struct $name<T $(: ?$sized)?>(PhantomData<fn(&T)>);
        impl<T $(: ?$sized)?> $name<T> {
            #[inline]
            pub(super) fn new() -> Self {
                Self(PhantomData)
            }
        }
        impl<T $(: ?$sized)?> Clone for $name<T> {
            fn clone(&self) -> Self {
                *self
            }
        }
        impl<T $(: ?$sized)?> Copy for $name<T> {}
    };
}

marker! {
    /// A type of the standard library whose `Hash`, `Eq` and `Clone` are known: kept by `ToOwned`.
    Std<T: ?Sized>
}
marker! {
    /// A float, told by its bits.
    Bits<T>
}
marker! {
    /// A user's `Copy` type: kept in place.
    Bytes<T>
}
marker! {
    /// Any other type: kept behind an `Arc`, so that copying the key never runs the type's `Clone`.
    Shared<T: ?Sized>
}
marker! {
    /// A type that cannot be part of a key.
    NotKey<T: ?Sized>
}

/// A `Copy` value whose `Clone` is a copy of its bytes, never user code.
#[derive(Copy)]
pub struct Bitwise<T>(pub(crate) T);

#[expect(clippy::expl_impl_clone_on_copy, reason = "must not call T::clone")]
impl<T: Copy> Clone for Bitwise<T> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

/// Standard types that are hashed, compared and copied without running user code.
pub trait StdKey: Hash + Eq + ToOwned<Owned: Clone + Send + Sync + 'static> + 'static {}

macro_rules! std_keys {
    ($($t:ty),* $(,)?) => { $(impl StdKey for $t {})* };
}

std_keys!(
    (),
    bool,
    char,
    u8,
    u16,
    u32,
    u64,
    u128,
    usize,
    i8,
    i16,
    i32,
    i64,
    i128,
    isize,
    str,
    String,
    Path,
    PathBuf,
    OsStr,
    OsString,
    std::time::Duration,
    std::time::SystemTime,
    std::time::Instant,
    std::net::IpAddr,
    std::net::Ipv4Addr,
    std::net::Ipv6Addr,
    std::net::SocketAddr,
    Box<str>,
    Arc<str>,
    std::any::TypeId,
    std::cmp::Ordering,
    Vec<u8>,
    [u8],
    Vec<String>,
    [String],
    std::num::NonZeroU8,
    std::num::NonZeroU16,
    std::num::NonZeroU32,
    std::num::NonZeroU64,
    std::num::NonZeroU128,
    std::num::NonZeroUsize,
    std::num::NonZeroI32,
    std::num::NonZeroI64,
);

impl<T: StdKey + ?Sized> LeafKind for Std<T> {
    type Target = T;
    type Owned = T::Owned;

    #[inline]
    fn view(owned: &T::Owned) -> &T {
        owned.borrow()
    }
    #[inline]
    fn own(target: &T) -> T::Owned {
        target.to_owned()
    }
    #[inline]
    fn hash<H: Hasher>(target: &T, state: &mut H) {
        Hash::hash(target, state);
    }
    #[inline]
    fn same(a: &T, b: &T) -> bool {
        a == b
    }
}

macro_rules! floats {
    ($($t:ty),*) => { $(
        impl LeafKind for Bits<$t> {
            type Target = $t;
            type Owned = Bitwise<$t>;

            #[inline]
            fn view(owned: &Bitwise<$t>) -> &$t {
                &owned.0
            }
            #[inline]
            fn own(target: &$t) -> Bitwise<$t> {
                Bitwise(*target)
            }
            #[inline]
            fn hash<H: Hasher>(target: &$t, state: &mut H) {
                Hash::hash(&target.to_bits(), state);
            }
            #[inline]
            fn same(a: &$t, b: &$t) -> bool {
                a.to_bits() == b.to_bits()
            }
        }
    )* };
}

floats!(f32, f64);

impl<T: Copy + Hash + Eq + Send + Sync + 'static> LeafKind for Bytes<T> {
    type Target = T;
    type Owned = Bitwise<T>;

    #[inline]
    fn view(owned: &Bitwise<T>) -> &T {
        &owned.0
    }
    #[inline]
    fn own(target: &T) -> Bitwise<T> {
        Bitwise(*target)
    }
    #[inline]
    fn hash<H: Hasher>(target: &T, state: &mut H) {
        Hash::hash(target, state);
    }
    #[inline]
    fn same(a: &T, b: &T) -> bool {
        comparing(|| a == b)
    }
}

impl<T> LeafKind for Shared<T>
where
    T: Hash + Eq + ToOwned<Owned: Send + Sync + 'static> + ?Sized + 'static,
{
    type Target = T;
    type Owned = Arc<T::Owned>;

    #[inline]
    fn view(owned: &Arc<T::Owned>) -> &T {
        (**owned).borrow()
    }
    #[inline]
    fn own(target: &T) -> Arc<T::Owned> {
        Arc::new(target.to_owned())
    }
    #[inline]
    fn hash<H: Hasher>(target: &T, state: &mut H) {
        Hash::hash(target, state);
    }
    #[inline]
    fn same(a: &T, b: &T) -> bool {
        comparing(|| a == b)
    }
}

/// Refused by [`Leaf::new`]; here so that this is the only error.
impl<T: ?Sized + 'static> LeafKind for NotKey<T> {
    type Target = T;
    type Owned = ();

    fn view((): &()) -> &T {
        unreachable!("does not compile")
    }
    fn own(_: &T) {}
    fn hash<H: Hasher>(_: &T, _: &mut H) {}
    fn same(_: &T, _: &T) -> bool {
        false
    }
}

impl<K, D, J> Shape for Leaf<K, D, J>
where
    K: LeafKind,
    D: ShowLeaf<K::Target>,
    J: ParseLeaf<K>,
{
    type Owned = K::Owned;

    #[inline]
    fn hash_owned<H: Hasher>(owned: &K::Owned, state: &mut H) {
        K::hash(K::view(owned), state);
    }
    #[inline]
    fn same(a: &K::Owned, b: &K::Owned) -> bool {
        K::same(K::view(a), K::view(b))
    }
    fn show_owned(owned: &K::Owned, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        D::show(K::view(owned), f)
    }
    #[cfg(feature = "json")]
    fn parse(json: &serde_json::Value) -> Result<K::Owned, Misfit> {
        J::parse(json)
    }
}

impl<K, D, J> Lend for Ref<Leaf<K, D, J>>
where
    K: LeafKind,
    D: ShowLeaf<K::Target>,
    J: ParseLeaf<K>,
{
    type Lent<'v> = &'v K::Target;

    fn lend(owned: &K::Owned) -> &K::Target {
        K::view(owned)
    }
}

impl<T, K, D, J> Part<Leaf<K, D, J>> for T
where
    T: ?Sized,
    K: LeafKind<Target = T>,
    D: ShowLeaf<T>,
    J: ParseLeaf<K>,
{
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        K::hash(self, state);
    }
    #[inline]
    fn matches(&self, owned: &K::Owned) -> bool {
        K::same(K::view(owned), self)
    }
    #[inline]
    fn own(&self) -> K::Owned {
        K::own(self)
    }
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        D::show(self, f)
    }
}

/// How a leaf is shown.
pub trait ShowLeaf<T: ?Sized>: 'static {
    /// Writes it.
    fn show(target: &T, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

/// The type is `Debug`.
#[derive(Clone, Copy)]
pub struct Shown;
/// The type is not `Debug`: it shows as `_`.
#[derive(Clone, Copy)]
pub struct Hidden;

impl<T: fmt::Debug + ?Sized> ShowLeaf<T> for Shown {
    fn show(target: &T, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        target.fmt(f)
    }
}

impl<T: ?Sized> ShowLeaf<T> for Hidden {
    fn show(_: &T, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("_")
    }
}

/// How a leaf is read from JSON.
pub trait ParseLeaf<K: LeafKind>: 'static {
    /// Reads it.
    #[cfg(feature = "json")]
    fn parse(json: &serde_json::Value) -> Result<K::Owned, Misfit>;
}

/// The type is `Deserialize`.
#[cfg(feature = "json")]
#[derive(Clone, Copy)]
pub struct Json;
/// The type cannot be read from JSON.
#[derive(Clone, Copy)]
pub struct NoJson;

#[cfg(feature = "json")]
impl<K> ParseLeaf<K> for Json
where
    K: LeafKind<Target: ToOwned<Owned: serde::de::DeserializeOwned>>,
{
    fn parse(json: &serde_json::Value) -> Result<K::Owned, Misfit> {
        use serde::Deserialize as _;
        let owned =
            <K::Target as ToOwned>::Owned::deserialize(json).map_err(|e| Misfit::new(e.to_string()))?;
        Ok(K::own(owned.borrow()))
    }
}

impl<K: LeafKind> ParseLeaf<K> for NoJson {
    #[cfg(feature = "json")]
    fn parse(_: &serde_json::Value) -> Result<K::Owned, Misfit> {
        Err(Misfit::new(format!(
            "`{}` is not `Deserialize`, so it cannot be given as JSON",
            std::any::type_name::<K::Target>()
        )))
    }
}
