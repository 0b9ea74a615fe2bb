//! Types of the standard library that are told apart by all that can be seen of them.
//!
//! Most do so by their own `Eq`. That of floats and paths is coarser: `0.0 == -0.0`, and `"a//b/."` is the
//! same path as `"a/b"`, though a body can tell them apart. So floats are compared by their bits and paths
//! by their text, and so is what contains them.

use std::any::TypeId;
use std::borrow::Cow;
use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BTreeSet, LinkedList, VecDeque};
use std::ffi::{OsStr, OsString};
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::num::{NonZeroI8, NonZeroI16, NonZeroI32, NonZeroI64, NonZeroI128, NonZeroIsize};
use std::num::{NonZeroU8, NonZeroU16, NonZeroU32, NonZeroU64, NonZeroU128, NonZeroUsize};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// A type whose comparison runs no user code, and which is equal only where a body sees no difference.
pub trait Exact {
    /// Feeds a hasher.
    fn hash_exactly<H: Hasher>(&self, state: &mut H);
    /// Compares.
    fn same_exactly(&self, other: &Self) -> bool;

    /// The same of a slice, without its length.
    #[inline]
    fn hash_slice<H: Hasher>(items: &[Self], state: &mut H)
    where
        Self: Sized,
    {
        for item in items {
            item.hash_exactly(state);
        }
    }
    /// The same of two slices.
    #[inline]
    fn same_slice(a: &[Self], b: &[Self]) -> bool
    where
        Self: Sized,
    {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same_exactly(b))
    }
}

/// Types that are taken by their own `Hash` and `Eq`.
macro_rules! by_eq {
    ($($t:ty),*) => { $(
        impl Exact for $t {
            #[inline]
            fn hash_exactly<H: Hasher>(&self, state: &mut H) {
                Hash::hash(self, state);
            }
            #[inline]
            fn same_exactly(&self, other: &Self) -> bool {
                self == other
            }
            #[inline]
            fn hash_slice<H: Hasher>(items: &[Self], state: &mut H) {
                Hash::hash_slice(items, state);
            }
            #[inline]
            fn same_slice(a: &[Self], b: &[Self]) -> bool {
                a == b
            }
        }
    )* };
}

by_eq!(bool, char, String, OsString);
by_eq!(u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize);
by_eq!(NonZeroU8, NonZeroU16, NonZeroU32, NonZeroU64, NonZeroU128, NonZeroUsize);
by_eq!(NonZeroI8, NonZeroI16, NonZeroI32, NonZeroI64, NonZeroI128, NonZeroIsize);
by_eq!(IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6);
by_eq!(Duration, SystemTime, Instant, TypeId, Ordering);

/// Types that are seen as another one.
macro_rules! seen_as {
    ($([$($generics:tt)*] $t:ty, $this:ident => $seen:expr;)*) => { $(
        impl<$($generics)*> Exact for $t {
            #[inline]
            fn hash_exactly<H: Hasher>(&self, state: &mut H) {
                let $this = self;
                $seen.hash_exactly(state);
            }
            #[inline]
            fn same_exactly(&self, other: &Self) -> bool {
                let $this = self;
                let seen = $seen;
                let $this = other;
                seen.same_exactly($seen)
            }
        }
    )* };
}

seen_as! {
    [] str, this => this.as_bytes();
    [] OsStr, this => this.as_encoded_bytes();
    [] f32, this => &this.to_bits();
    [] f64, this => &this.to_bits();
    [] Path, this => this.as_os_str();
    [] PathBuf, this => this.as_os_str();
    [T: Exact + ?Sized] &T, this => &**this;
    [T: Exact + ?Sized] Box<T>, this => &**this;
    [T: Exact + ?Sized] Arc<T>, this => &**this;
    [T: Exact + ToOwned + ?Sized] Cow<'_, T>, this => &**this;
    [T: Exact] Vec<T>, this => &**this;
    [T: Exact, const N: usize] [T; N], this => &this[..];
    [T: Exact] Reverse<T>, this => &this.0;
    [T: Exact, E: Exact] Result<T, E>, this => &(this.as_ref().ok(), this.as_ref().err());
    [T: Exact] Range<T>, this => &(&this.start, &this.end);
}

impl<T: Exact> Exact for [T] {
    #[inline]
    fn hash_exactly<H: Hasher>(&self, state: &mut H) {
        Hash::hash(&self.len(), state);
        T::hash_slice(self, state);
    }
    #[inline]
    fn same_exactly(&self, other: &Self) -> bool {
        T::same_slice(self, other)
    }
}

impl<T: Exact> Exact for Option<T> {
    #[inline]
    fn hash_exactly<H: Hasher>(&self, state: &mut H) {
        Hash::hash(&self.is_some(), state);
        if let Some(inner) = self {
            inner.hash_exactly(state);
        }
    }
    #[inline]
    fn same_exactly(&self, other: &Self) -> bool {
        match (self, other) {
            (Some(a), Some(b)) => a.same_exactly(b),
            (None, None) => true,
            _ => false,
        }
    }
}

/// Collections, in their order.
macro_rules! collections {
    ($([$($generics:tt)*] $t:ty;)*) => { $(
        impl<$($generics)*> Exact for $t {
            fn hash_exactly<H: Hasher>(&self, state: &mut H) {
                Hash::hash(&self.len(), state);
                for item in self {
                    item.hash_exactly(state);
                }
            }
            fn same_exactly(&self, other: &Self) -> bool {
                self.len() == other.len() && self.iter().zip(other).all(|(a, b)| a.same_exactly(&b))
            }
        }
    )* };
}

collections! {
    [T: Exact] VecDeque<T>;
    [T: Exact] LinkedList<T>;
    [T: Exact] BTreeSet<T>;
    [K: Exact, V: Exact] BTreeMap<K, V>;
}

macro_rules! tuple {
    ($(($S:ident $T:ident $i:tt))*) => {
        impl<$($T: Exact),*> Exact for ($($T,)*) {
            fn hash_exactly<H: Hasher>(&self, _state: &mut H) {
                $(self.$i.hash_exactly(_state);)*
            }
            fn same_exactly(&self, _other: &Self) -> bool {
                true $(&& self.$i.same_exactly(&_other.$i))*
            }
        }
    };
}

each_length!(tuple);
