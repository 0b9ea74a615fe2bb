//! Types of the standard library that `serde` writes. Types that it writes alike are described by one of them.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};
use std::marker::PhantomData;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::num::{NonZero, Saturating, Wrapping};
use std::ops::{Bound, Range, RangeFrom, RangeInclusive, RangeTo};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::{Schema, SchemaDescription};

/// Types with a name of their own.
macro_rules! named {
    ($($ty:ty: $name:literal),* $(,)?) => {$(
        impl Schema for $ty {
            fn describe(description: &mut SchemaDescription) {
                description.text($name);
            }
        }
    )*};
}

named! {
    (): "unit",
    bool: "bool",
    char: "char",
    str: "str",
    i8: "i8",
    i16: "i16",
    i32: "i32",
    i64: "i64",
    i128: "i128",
    u8: "u8",
    u16: "u16",
    u32: "u32",
    u64: "u64",
    u128: "u128",
    f32: "f32",
    f64: "f64",
    Duration: "Duration",
    SystemTime: "SystemTime",
    IpAddr: "IpAddr",
    Ipv4Addr: "Ipv4Addr",
    Ipv6Addr: "Ipv6Addr",
    SocketAddr: "SocketAddr",
    SocketAddrV4: "SocketAddrV4",
    SocketAddrV6: "SocketAddrV6",
    // Whatever it is, its form is written with it.
    serde_json::Value: "json",
}

/// Types that are written as another one is.
macro_rules! written_as {
    ($([$($params:tt)*] $ty:ty: $other:ty),* $(,)?) => {$(
        impl<$($params)*> Schema for $ty {
            fn describe(description: &mut SchemaDescription) {
                description.of::<$other>();
            }
        }
    )*};
}

written_as! {
    [] usize: u64,
    [] isize: i64,
    [] String: str,
    [] Path: str,
    [] PathBuf: str,
    [T: Schema + ?Sized] &T: T,
    [T: Schema + ?Sized] &mut T: T,
    [T: Schema + ?Sized] Box<T>: T,
    [T: Schema + ?Sized] Rc<T>: T,
    [T: Schema + ?Sized] Arc<T>: T,
    [T: Schema + ToOwned + ?Sized] Cow<'_, T>: T,
    [T: Schema] Vec<T>: [T],
    [T: Schema] VecDeque<T>: [T],
    [T: Schema] LinkedList<T>: [T],
    [T: Schema, S] HashSet<T, S>: BTreeSet<T>,
    [K: Schema, V: Schema, S] HashMap<K, V, S>: BTreeMap<K, V>,
    [T: Schema] Wrapping<T>: T,
    [T: Schema] Saturating<T>: T,
}

/// Types that are made of others.
macro_rules! made_of {
    ($([$($params:tt)*] $ty:ty: $name:literal $($part:ident)*),* $(,)?) => {$(
        impl<$($params)*> Schema for $ty {
            fn describe(description: &mut SchemaDescription) {
                description.text($name);
                $(description.of::<$part>();)*
            }
        }
    )*};
}

made_of! {
    [T: ?Sized] PhantomData<T>: "PhantomData",
    [T: Schema] Option<T>: "option" T,
    [T: Schema, E: Schema] Result<T, E>: "Result" T E,
    [T: Schema] [T]: "sequence" T,
    // What is read into a set loses its order and what is there twice.
    [T: Schema] BTreeSet<T>: "set" T,
    [T: Schema] BinaryHeap<T>: "heap" T,
    [K: Schema, V: Schema] BTreeMap<K, V>: "map" K V,
    [T: Schema] Reverse<T>: "Reverse" T,
    [T: Schema] Range<T>: "Range" T,
    [T: Schema] RangeFrom<T>: "RangeFrom" T,
    [T: Schema] RangeInclusive<T>: "RangeInclusive" T,
    [T: Schema] RangeTo<T>: "RangeTo" T,
    [T: Schema] Bound<T>: "Bound" T,
}

impl<T: Schema, const N: usize> Schema for [T; N] {
    fn describe(description: &mut SchemaDescription) {
        description.text(&format!("array {N}"));
        description.of::<T>();
    }
}

macro_rules! non_zero {
    ($($ty:ty),*) => {$(
        impl Schema for NonZero<$ty> {
            fn describe(description: &mut SchemaDescription) {
                description.text("NonZero");
                description.of::<$ty>();
            }
        }
    )*};
}

non_zero!(i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize);

macro_rules! tuples {
    ($($len:literal: $($name:ident)*,)*) => {$(
        impl<$($name: Schema),*> Schema for ($($name,)*) {
            fn describe(description: &mut SchemaDescription) {
                description.text(concat!("tuple ", $len));
                $(description.of::<$name>();)*
            }
        }
    )*};
}

tuples! {
    1: A,
    2: A B,
    3: A B C,
    4: A B C D,
    5: A B C D E,
    6: A B C D E F,
    7: A B C D E F G,
    8: A B C D E F G H,
    9: A B C D E F G H I,
    10: A B C D E F G H I J,
    11: A B C D E F G H I J K,
    12: A B C D E F G H I J K L,
}
