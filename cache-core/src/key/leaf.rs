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
use super::compound::Inner;
use super::{Exact, Lend, Part, Ref, Shape, Ty};
use crate::sync::Comparing;

/// A leaf of a type, which is a `Ty<..>`. `L` says how it is stored, compared, shown, and read from JSON.
#[derive(Clone, Copy)]
pub struct Leaf<T, L>(PhantomData<fn() -> (T, L)>);

/// The type of a leaf, with how it is stored and how it is compared.
pub(super) type LeafType<S, C, T> = (S, C, Ty<T>);

impl<T: ?Sized, S, C, D, J> Leaf<Ty<T>, (S, C, D, J)> {
    /// A leaf from its choices.
    #[inline]
    pub fn new(_: LeafType<S, C, T>, _: D, _: J) -> Self {
        Self(PhantomData)
    }
}

/// The choices for a leaf.
pub trait Choices<T: ?Sized>: Copy + 'static {
    /// How it is stored.
    type Storage: Storage<T>;
    /// How it is compared.
    type Compare: Compare<T>;
    /// How it is shown.
    type Show: ShowLeaf<T>;
    /// How it is read from JSON.
    type Parse: ParseLeaf<T>;
}

impl<T: ?Sized, S: Storage<T>, C: Compare<T>, D: ShowLeaf<T>, J: ParseLeaf<T>> Choices<T> for (S, C, D, J) {
    type Storage = S;
    type Compare = C;
    type Show = D;
    type Parse = J;
}

/// How a leaf is kept.
pub trait Storage<T: ?Sized>: Copy + 'static {
    /// The stored form; its `Clone` is never user code.
    type Owned: Clone + Send + Sync + 'static;
    /// Makes the stored form.
    fn store(target: &T) -> Self::Owned;
    /// The stored form seen as the call's type; may be user code.
    fn view(owned: &Self::Owned) -> &T;
}

/// As its owned form: types of the standard library whose clones are cheap enough under a lock.
#[derive(Clone, Copy, Default)]
pub struct AsOwned;
/// As its bytes, in place: `Copy` types.
#[derive(Clone, Copy, Default)]
pub struct AsBytes;
/// As its owned form in an `Arc`, so that copying the key never runs the type's `Clone`.
#[derive(Clone, Copy, Default)]
pub struct AsArc;

impl<T: StdKey + ?Sized> Storage<T> for AsOwned {
    type Owned = T::Owned;
    #[inline]
    fn store(target: &T) -> T::Owned {
        target.to_owned()
    }
    #[inline]
    fn view(owned: &T::Owned) -> &T {
        owned.borrow()
    }
}

impl<T: Copy + Send + Sync + 'static> Storage<T> for AsBytes {
    type Owned = Bitwise<T>;
    #[inline]
    fn store(target: &T) -> Bitwise<T> {
        Bitwise(*target)
    }
    #[inline]
    fn view(owned: &Bitwise<T>) -> &T {
        &owned.0
    }
}

impl<T: ToOwned<Owned: Send + Sync + 'static> + ?Sized> Storage<T> for AsArc {
    type Owned = Arc<T::Owned>;
    #[inline]
    fn store(target: &T) -> Arc<T::Owned> {
        Arc::new(target.to_owned())
    }
    #[inline]
    fn view(owned: &Arc<T::Owned>) -> &T {
        (**owned).borrow()
    }
}

/// How a leaf is compared.
pub trait Compare<T: ?Sized>: Copy + 'static {
    /// Whether comparing runs user code: `Eq`, and the `Borrow` of the stored form.
    const RUNS_USER_CODE: bool;
    /// Feeds a hasher.
    fn feed<H: Hasher>(target: &T, state: &mut H);
    /// Compares.
    fn same(a: &T, b: &T) -> bool;
}

/// By all that can be seen of it: a type of the standard library.
#[derive(Clone, Copy, Default)]
pub struct Exactly;
/// By its own `Eq`: a user's type.
#[derive(Clone, Copy, Default)]
pub struct ByEq;

impl<T: Exact + ?Sized> Compare<T> for Exactly {
    const RUNS_USER_CODE: bool = false;
    #[inline]
    fn feed<H: Hasher>(target: &T, state: &mut H) {
        target.hash_exactly(state);
    }
    #[inline]
    fn same(a: &T, b: &T) -> bool {
        a.same_exactly(b)
    }
}

impl<T: Hash + Eq + ?Sized> Compare<T> for ByEq {
    const RUNS_USER_CODE: bool = true;
    #[inline]
    fn feed<H: Hasher>(target: &T, state: &mut H) {
        target.hash(state);
    }
    #[inline]
    fn same(a: &T, b: &T) -> bool {
        a == b
    }
}

/// Not at all: refused where it is picked; here so that this is the only error.
#[derive(Clone, Copy, Default)]
pub struct NotKey;

impl<T: ?Sized> Storage<T> for NotKey {
    type Owned = ();
    fn store(_: &T) {}
    fn view((): &()) -> &T {
        unreachable!("does not compile")
    }
}

impl<T: ?Sized> Compare<T> for NotKey {
    const RUNS_USER_CODE: bool = false;
    fn feed<H: Hasher>(_: &T, _: &mut H) {}
    fn same(_: &T, _: &T) -> bool {
        false
    }
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

/// Standard types whose `Clone` is known as well, and is cheap enough under a lock. Those that are `Copy` need not
/// be: they are kept in place.
pub trait StdKey: Exact + ToOwned<Owned: Clone + Send + Sync + 'static> + 'static {}

macro_rules! std_keys {
    ($($t:ty),*) => { $(impl StdKey for $t {})* };
}

std_keys!(str, String, Box<str>, Arc<str>, [String], Vec<String>);
std_keys!(Path, PathBuf, Box<Path>, Arc<Path>, [PathBuf], Vec<PathBuf>);
std_keys!(OsStr, OsString, [u8], Vec<u8>);

/// A stored leaf, which is a part of a key itself.
pub struct Stored<S: Storage<T>, T: ?Sized>(S::Owned);

impl<S: Storage<T>, T: ?Sized> Stored<S, T> {
    #[inline]
    pub(crate) fn view(&self) -> &T {
        S::view(&self.0)
    }
}

impl<S: Storage<T>, T: ?Sized> Clone for Stored<S, T> {
    #[inline]
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: ?Sized + 'static, L: Choices<T>> Shape for Leaf<Ty<T>, L> {
    type Owned = Stored<L::Storage, T>;
    const RUNS_USER_CODE: bool = L::Compare::RUNS_USER_CODE;

    #[cfg(feature = "json")]
    fn parse(json: &serde_json::Value) -> Result<Self::Owned, JsonMismatch> {
        L::Parse::read(json, |target| Stored(L::Storage::store(target)))
    }
}

impl<T: ?Sized + 'static, L: Choices<T>> Part<Leaf<Ty<T>, L>> for T {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        L::Compare::feed(self, state);
    }
    #[inline]
    fn matches(&self, owned: &Stored<L::Storage, T>) -> bool {
        let _comparing = L::Compare::RUNS_USER_CODE.then(Comparing::begin);
        L::Compare::same(owned.view(), self)
    }
    #[inline]
    fn own(&self) -> Stored<L::Storage, T> {
        Stored(L::Storage::store(self))
    }
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        L::Show::write(self, f)
    }
}

impl<T: ?Sized + 'static, L: Choices<T>> Part<Leaf<Ty<T>, L>> for Stored<L::Storage, T> {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        L::Compare::feed(self.view(), state);
    }
    #[inline]
    fn matches(&self, owned: &Self) -> bool {
        let _comparing = L::Compare::RUNS_USER_CODE.then(Comparing::begin);
        L::Compare::same(self.view(), owned.view())
    }
    fn own(&self) -> Self {
        self.clone()
    }
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        L::Show::write(self.view(), f)
    }
}

impl<T: ?Sized + 'static, L: Choices<T>> Lend for Ref<Leaf<Ty<T>, L>> {
    type Lent<'v> = &'v T;

    fn lend(owned: &Inner<Stored<L::Storage, T>>) -> &T {
        owned.0.view()
    }
}

/// How a leaf is shown.
pub trait ShowLeaf<T: ?Sized>: Copy + 'static {
    /// Writes it.
    fn write(target: &T, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

/// The type is `Debug`.
#[derive(Clone, Copy, Default)]
pub struct Shown;
/// The type is not `Debug`: it shows as `_`.
#[derive(Clone, Copy, Default)]
pub struct Hidden;

impl<T: fmt::Debug + ?Sized> ShowLeaf<T> for Shown {
    fn write(target: &T, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        target.fmt(f)
    }
}

impl<T: ?Sized> ShowLeaf<T> for Hidden {
    fn write(_: &T, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("_")
    }
}

/// How a leaf is read from JSON.
pub trait ParseLeaf<T: ?Sized>: Copy + 'static {
    /// Reads it.
    #[cfg(feature = "json")]
    fn read<R>(json: &serde_json::Value, own: impl FnOnce(&T) -> R) -> Result<R, JsonMismatch>;
}

/// The type is `Deserialize`.
#[cfg(feature = "json")]
#[derive(Clone, Copy, Default)]
pub struct Json;
/// The type cannot be read from JSON.
#[derive(Clone, Copy, Default)]
pub struct NoJson;

#[cfg(feature = "json")]
impl<T: ToOwned<Owned: serde::de::DeserializeOwned> + ?Sized> ParseLeaf<T> for Json {
    fn read<R>(json: &serde_json::Value, own: impl FnOnce(&T) -> R) -> Result<R, JsonMismatch> {
        let target: T::Owned =
            serde::Deserialize::deserialize(json).map_err(|e| JsonMismatch::new(e.to_string()))?;
        Ok(own(target.borrow()))
    }
}

impl<T: ?Sized> ParseLeaf<T> for NoJson {
    #[cfg(feature = "json")]
    fn read<R>(_: &serde_json::Value, _: impl FnOnce(&T) -> R) -> Result<R, JsonMismatch> {
        Err(JsonMismatch::new(format!(
            "`{}` is not `Deserialize`, so it cannot be given as JSON",
            std::any::type_name::<T>()
        )))
    }
}
