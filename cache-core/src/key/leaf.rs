//! Leaves of a key: types that are taken whole, each with the cheapest safe way to keep it.

use std::borrow::Borrow;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[cfg(feature = "json")]
use super::JsonMismatch;
use super::{Exact, Lend, Part, Ref, Shape};
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
impl<T: ?Sized> IsKey<T> for Parts<T> {}
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
    /// Whether comparing runs user code: `Eq`, and the `Borrow` of the stored form.
    const RUNS_USER_CODE: bool;

    /// The stored form seen as the call's type; may be user code.
    fn view(owned: &Self::Owned) -> &Self::Target;
    /// Makes the stored form.
    fn own(target: &Self::Target) -> Self::Owned;
    /// Feeds a hasher.
    fn hash<H: Hasher>(target: &Self::Target, state: &mut H);
    /// Compares a stored form with what is met in a call.
    fn matches(owned: &Self::Owned, target: &Self::Target) -> bool;
    /// Compares two stored forms.
    fn same(a: &Self::Owned, b: &Self::Owned) -> bool;
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
    /// A type of the standard library that is often met: kept by `ToOwned`.
    Std<T: ?Sized>
}
marker! {
    /// Any other `Copy` type of the standard library: kept in place.
    Bits<T>
}
marker! {
    /// Any other type of the standard library: kept behind an `Arc`.
    Parts<T: ?Sized>
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

/// Standard types whose `Clone` is known as well, and is cheap enough under a lock.
pub trait StdKey: Exact + ToOwned<Owned: Clone + Send + Sync + 'static> + 'static {}

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
    Box<Path>,
    Arc<Path>,
    std::any::TypeId,
    std::cmp::Ordering,
    Vec<u8>,
    [u8],
    Vec<String>,
    [String],
    Vec<PathBuf>,
    [PathBuf],
    std::num::NonZeroU8,
    std::num::NonZeroU16,
    std::num::NonZeroU32,
    std::num::NonZeroU64,
    std::num::NonZeroU128,
    std::num::NonZeroUsize,
    std::num::NonZeroI32,
    std::num::NonZeroI64,
);

/// The kinds that are compared by [`Exact`], which runs no user code.
macro_rules! exact_kinds {
    ($($kind:ident<T: [$($bounds:tt)*]>, $owned:ty, $view:expr, $own:expr;)*) => { $(
        impl<T: $($bounds)*> LeafKind for $kind<T> {
            type Target = T;
            type Owned = $owned;
            const RUNS_USER_CODE: bool = false;

            #[inline]
            fn view(owned: &$owned) -> &T {
                let view: fn(&$owned) -> &T = $view;
                view(owned)
            }
            #[inline]
            fn own(target: &T) -> $owned {
                let own: fn(&T) -> $owned = $own;
                own(target)
            }
            #[inline]
            fn hash<H: Hasher>(target: &T, state: &mut H) {
                target.hash_exactly(state);
            }
            #[inline]
            fn matches(owned: &$owned, target: &T) -> bool {
                Self::view(owned).same_exactly(target)
            }
            #[inline]
            fn same(a: &$owned, b: &$owned) -> bool {
                Self::view(a).same_exactly(Self::view(b))
            }
        }
    )* };
}

exact_kinds! {
    Std<T: [StdKey + ?Sized]>, T::Owned, |owned| owned.borrow(), |target| target.to_owned();
    Bits<T: [Exact + Copy + Send + Sync + 'static]>, Bitwise<T>, |owned| &owned.0, |target| Bitwise(*target);
    Parts<T: [Exact + ToOwned<Owned: Send + Sync + 'static> + ?Sized + 'static]>, Arc<T::Owned>,
        |owned| (**owned).borrow(), |target| Arc::new(target.to_owned());
}

impl<T: Copy + Hash + Eq + Send + Sync + 'static> LeafKind for Bytes<T> {
    type Target = T;
    type Owned = Bitwise<T>;
    const RUNS_USER_CODE: bool = true;

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
    fn matches(owned: &Bitwise<T>, target: &T) -> bool {
        comparing(|| owned.0 == *target)
    }
    #[inline]
    fn same(a: &Bitwise<T>, b: &Bitwise<T>) -> bool {
        comparing(|| a.0 == b.0)
    }
}

impl<T> LeafKind for Shared<T>
where
    T: Hash + Eq + ToOwned<Owned: Send + Sync + 'static> + ?Sized + 'static,
{
    type Target = T;
    type Owned = Arc<T::Owned>;
    const RUNS_USER_CODE: bool = true;

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
    fn matches(owned: &Arc<T::Owned>, target: &T) -> bool {
        comparing(|| Self::view(owned) == target)
    }
    #[inline]
    fn same(a: &Arc<T::Owned>, b: &Arc<T::Owned>) -> bool {
        comparing(|| Self::view(a) == Self::view(b))
    }
}

/// Refused by [`Leaf::new`]; here so that this is the only error.
impl<T: ?Sized + 'static> LeafKind for NotKey<T> {
    type Target = T;
    type Owned = ();
    const RUNS_USER_CODE: bool = false;

    fn view((): &()) -> &T {
        unreachable!("does not compile")
    }
    fn own(_: &T) {}
    fn hash<H: Hasher>(_: &T, _: &mut H) {}
    fn matches((): &(), _: &T) -> bool {
        false
    }
    fn same((): &(), (): &()) -> bool {
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
    const RUNS_USER_CODE: bool = K::RUNS_USER_CODE;

    #[inline]
    fn hash_owned<H: Hasher>(owned: &K::Owned, state: &mut H) {
        K::hash(K::view(owned), state);
    }
    #[inline]
    fn same(a: &K::Owned, b: &K::Owned) -> bool {
        K::same(a, b)
    }
    fn show_owned(owned: &K::Owned, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        D::show(K::view(owned), f)
    }
    #[cfg(feature = "json")]
    fn parse(json: &serde_json::Value) -> Result<K::Owned, JsonMismatch> {
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
        K::matches(owned, self)
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
    fn parse(json: &serde_json::Value) -> Result<K::Owned, JsonMismatch>;
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
    fn parse(json: &serde_json::Value) -> Result<K::Owned, JsonMismatch> {
        use serde::Deserialize as _;
        let owned =
            <K::Target as ToOwned>::Owned::deserialize(json).map_err(|e| JsonMismatch::new(e.to_string()))?;
        Ok(K::own(owned.borrow()))
    }
}

impl<K: LeafKind> ParseLeaf<K> for NoJson {
    #[cfg(feature = "json")]
    fn parse(_: &serde_json::Value) -> Result<K::Owned, JsonMismatch> {
        Err(JsonMismatch::new(format!(
            "`{}` is not `Deserialize`, so it cannot be given as JSON",
            std::any::type_name::<K::Target>()
        )))
    }
}
