//! Which changes of a type change the number. All types here are `Serialize` and `Deserialize`, so that each attribute
//! is one that `serde` takes.

#![allow(dead_code, clippy::items_after_statements)]

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};
use std::marker::PhantomData;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZero;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_derive::{Deserialize, Serialize};

use super::{Schema, SchemaDescription, schema_of};
use cache_macros::Schema;

/// Functions as `serde` wants them.
#[allow(clippy::float_cmp, clippy::trivially_copy_pass_by_ref)]
mod whole {
    pub(super) fn serialize<S: serde::Serializer>(value: &f64, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_f64(value.round())
    }

    pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
        serde::Deserialize::deserialize(from)
    }

    pub(super) fn zero() -> f64 {
        0.0
    }

    pub(super) fn one() -> f64 {
        1.0
    }

    pub(super) fn is_zero(value: &f64) -> bool {
        *value == 0.0
    }

    pub(super) fn is_one(value: &f64) -> bool {
        *value == 1.0
    }
}

/// The number of `Cat`.
macro_rules! number {
    ($($item:item)*) => {{
        $(
            #[derive(Schema, Serialize, Deserialize)]
            #[schema(crate = crate)]
            $item
        )*
        schema_of::<Cat>()
    }};
}

/// Each `Cat` has the number of the first.
macro_rules! same {
    ($({ $($item:item)* })*) => {
        let numbers = [$(number!($($item)*)),*];
        for (at, number) in numbers.iter().enumerate() {
            assert_eq!(*number, numbers[0], "number {at} is another than the first, line {}", line!());
        }
    };
}

/// No `Cat` has the number of another.
macro_rules! different {
    ($({ $($item:item)* })*) => {
        all_different(&[$(number!($($item)*)),*]);
    };
}

#[track_caller]
fn all_different(numbers: &[u64]) {
    for (at, number) in numbers.iter().enumerate() {
        let other = numbers[..at].iter().position(|other| other == number);
        assert_eq!(other, None, "number {at} is that of another");
    }
}

#[test]
fn fields_count() {
    different! {
        { struct Cat; }
        { struct Cat {} }
        { struct Cat(); }
        { struct Cat(u8); }
        { struct Cat(u8, u8); }
        { struct Cat { a: u8 } }
        { struct Cat { b: u8 } }
        { struct Cat { a: u16 } }
        { struct Cat { a: u8, b: u16 } }
        { struct Cat { b: u16, a: u8 } }
        { struct Cat { a: u16, b: u8 } }
        { struct Cat { a: (u8, u16) } }
        { #[serde(rename = "Dog")] struct Cat { a: u8 } }
        { #[serde(tag = "a")] struct Cat { b: u8 } }
        { #[serde(tag = "b")] struct Cat { a: u8 } }
    }
}

#[test]
fn what_does_not_change_what_is_written_does_not_count() {
    same! {
        { struct Cat { a_b: u8, kind: String } }
        { pub(crate) struct Cat { #[doc = "One."] pub(crate) a_b: u8, r#kind: Box<str> } }
        { struct Cat { #[serde(rename = "a_b")] other: u8, #[serde(rename = "kind")] r#type: Cow<'static, str> } }
        { #[serde(rename_all = "snake_case")] struct Cat { a_b: u8, kind: String } }
        { #[serde(rename_all = "camelCase")] struct Cat { #[serde(rename = "a_b")] b: u8, kind: String } }
        { #[serde(deny_unknown_fields)] struct Cat { a_b: u8, #[serde(alias = "sort")] kind: String } }
        { #[derive(Default)] #[serde(default)] struct Cat { a_b: u8, kind: String } }
        { struct Cat { #[serde(default)] a_b: u8, kind: String } }
        { #[serde(crate = "serde", expecting = "a cat")] struct Cat { a_b: u8, kind: String } }
        { struct Cat { a_b: u8, kind: String, #[serde(skip)] lives: u8, #[serde(skip_serializing)] x: () } }
        { struct Cat { a_b: u8, kind: String, #[serde(skip, default = "whole::one")] x: f64 } }
    }
    same! {
        { enum Cat { Tom, Big { size: u8 }, Old(u8) } }
        { #[repr(u8)] enum Cat { Tom = 7, Big { size: u8 } = 9, #[doc = "Old."] Old(u8) = 1 } }
        { enum Cat { #[serde(rename = "Tom")] A, #[serde(rename = "Big", alias = "B")] B { size: u8 }, Old(u8) } }
        { enum Cat { Tom, Big { size: u8 }, Old(u8), #[serde(skip)] Dead } }
    }
}

#[test]
fn names_are_those_of_serde() {
    same! {
        { struct Cat { #[serde(rename = "ownerName")] a: u8 } }
        { #[serde(rename_all = "camelCase")] struct Cat { owner_name: u8 } }
    }
    different! {
        { struct Cat { owner_name: u8 } }
        { #[serde(rename_all = "UPPERCASE")] struct Cat { owner_name: u8 } }
        { #[serde(rename_all = "PascalCase")] struct Cat { owner_name: u8 } }
        { #[serde(rename_all = "camelCase")] struct Cat { owner_name: u8 } }
        { #[serde(rename_all = "kebab-case")] struct Cat { owner_name: u8 } }
        { #[serde(rename_all = "SCREAMING-KEBAB-CASE")] struct Cat { owner_name: u8 } }
        { #[serde(rename_all(serialize = "kebab-case"))] struct Cat { owner_name: u8 } }
        { #[serde(rename_all(deserialize = "kebab-case"))] struct Cat { owner_name: u8 } }
        { struct Cat { #[serde(rename(serialize = "a", deserialize = "b"))] owner_name: u8 } }
        { struct Cat { #[serde(rename(serialize = "a", deserialize = "b"), alias = "a")] owner_name: u8 } }
    }
    same! {
        { enum Cat { #[serde(rename = "big-one")] A { #[serde(rename = "ITS_SIZE")] size: u8 } } }
        { #[serde(rename_all = "kebab-case", rename_all_fields = "SCREAMING_SNAKE_CASE")] enum Cat { BigOne { its_size: u8 } } }
        { #[serde(rename_all = "kebab-case")] enum Cat { #[serde(rename_all = "SCREAMING_SNAKE_CASE")] BigOne { its_size: u8 } } }
    }
    different! {
        { enum Cat { BigOne { its_size: u8 } } }
        { #[serde(rename_all = "lowercase")] enum Cat { BigOne { its_size: u8 } } }
        { #[serde(rename_all = "UPPERCASE")] enum Cat { BigOne { its_size: u8 } } }
        { #[serde(rename_all = "camelCase")] enum Cat { BigOne { its_size: u8 } } }
        { #[serde(rename_all = "snake_case")] enum Cat { BigOne { its_size: u8 } } }
        { #[serde(rename_all = "SCREAMING_SNAKE_CASE")] enum Cat { BigOne { its_size: u8 } } }
        { #[serde(rename_all = "SCREAMING-KEBAB-CASE")] enum Cat { BigOne { its_size: u8 } } }
        { #[serde(rename_all_fields = "camelCase")] enum Cat { BigOne { its_size: u8 } } }
    }
}

#[test]
fn variants_count() {
    different! {
        { enum Cat { Tom } }
        { enum Cat { Tom {} } }
        { enum Cat { Tom() } }
        { enum Cat { Tom, Old } }
        { enum Cat { Old, Tom } }
        { enum Cat { Tom, #[serde(skip)] Young, Old } }
        { enum Cat { Tom(u8) } }
        { enum Cat { Tom(u8, u8) } }
        { enum Cat { Tom((u8, u8)) } }
        { enum Cat { Tom { a: u8 } } }
        { #[serde(tag = "t")] enum Cat { Tom { a: u8 } } }
        { #[serde(tag = "t", content = "c")] enum Cat { Tom { a: u8 } } }
        { #[serde(tag = "t", content = "d")] enum Cat { Tom { a: u8 } } }
        { #[serde(untagged)] enum Cat { Tom { a: u8 } } }
        { enum Cat { #[serde(untagged)] Tom { a: u8 } } }
        { enum Cat { #[serde(serialize_with = "whole::serialize")] Tom(f64) } }
        { enum Cat { Tom(f64) } }
    }
    same! {
        { enum Cat { Tom, Old } }
        { enum Cat { Tom(#[serde(skip)] u8), Old } }
    }
}

#[test]
fn what_is_left_out_counts_with_what_stands_for_it() {
    different! {
        { struct Cat { a: f64, b: f64 } }
        { struct Cat { #[serde(skip)] a: f64, b: f64 } }
        { struct Cat { #[serde(skip_serializing_if = "whole::is_zero")] a: f64, b: f64 } }
        { struct Cat { #[serde(skip_serializing_if = "whole::is_one")] a: f64, b: f64 } }
        { struct Cat { #[serde(skip_serializing_if = "whole::is_zero", default)] a: f64, b: f64 } }
        { struct Cat { #[serde(skip_serializing_if = "whole::is_zero", default = "whole::zero")] a: f64, b: f64 } }
        { struct Cat { #[serde(skip_serializing_if = "whole::is_zero", default = "whole::one")] a: f64, b: f64 } }
        { #[derive(Default)] #[serde(default)] struct Cat { #[serde(skip_serializing_if = "whole::is_zero")] a: f64, b: f64 } }
    }
}

#[test]
fn in_what_is_tried_it_counts_how_values_are_read() {
    different! {
        { #[serde(untagged)] enum Cat { A { a: u8 }, B { b: u8 } } }
        { #[serde(untagged)] enum Cat { B { b: u8 }, A { a: u8 } } }
        { #[serde(untagged, deny_unknown_fields)] enum Cat { A { a: u8 }, B { b: u8 } } }
        { #[serde(untagged)] enum Cat { A { #[serde(default)] a: u8 }, B { b: u8 } } }
        { #[serde(untagged)] enum Cat { A { #[serde(alias = "b")] a: u8 }, B { b: u8 } } }
    }
    different! {
        { struct Owner { id: u8 } struct Cat { owner: u8, #[serde(flatten)] of: Option<Owner> } }
        { struct Owner { id: u8 } struct Cat { #[serde(alias = "id")] owner: u8, #[serde(flatten)] of: Option<Owner> } }
        { #[serde(deny_unknown_fields)] struct Owner { id: u8 } struct Cat { owner: u8, #[serde(flatten)] of: Option<Owner> } }
        { struct Owner { id: u8 } struct Cat { owner: u8, of: Option<Owner> } }
    }
    // A type that was met before counts again where it is tried.
    different! {
        { struct Owner { id: u8 } #[serde(untagged)] enum Who { Owner(Owner) } struct Cat(Owner, Who); }
        { #[serde(deny_unknown_fields)] struct Owner { id: u8 } #[serde(untagged)] enum Who { Owner(Owner) } struct Cat(Owner, Who); }
    }
    same! {
        { struct Owner { id: u8 } enum Who { Owner(Owner) } struct Cat(Who, Owner); }
        { #[serde(deny_unknown_fields)] struct Owner { id: u8 } enum Who { #[serde(alias = "Of")] Owner(Owner) } struct Cat(Who, Owner); }
    }
}

#[test]
fn functions_stand_for_what_they_write() {
    different! {
        { struct Cat { a: f64 } }
        { struct Cat { #[serde(with = "whole")] a: f64 } }
        { struct Cat { #[serde(with = "self::whole")] a: f64 } }
        { struct Cat { #[serde(serialize_with = "whole::serialize")] a: f64 } }
        { struct Cat { #[serde(deserialize_with = "whole::deserialize")] a: f64 } }
        { struct Cat { #[serde(with = "whole")] #[schema(as = f32)] a: f64 } }
        { struct Cat { #[serde(with = "whole")] #[schema(version = 1)] a: f64 } }
    }
}

#[test]
fn types_that_are_written_as_another_have_its_number() {
    struct Foreign;

    assert_eq!(number! { #[serde(transparent)] struct Cat(u64); }, schema_of::<u64>());
    assert_eq!(
        number! { #[serde(transparent)] struct Cat { id: u64, #[serde(skip)] of: PhantomData<u8> } },
        schema_of::<u64>()
    );
    assert_ne!(number! { struct Cat(u64); }, schema_of::<u64>());

    #[derive(Schema)]
    #[schema(crate = crate)]
    #[serde(rename = "Cat")]
    struct Other {
        a: u8,
    }
    assert_eq!(number! { struct Cat { a: u8 } }, schema_of::<Other>());

    #[derive(Schema)]
    #[schema(crate = crate)]
    #[serde(into = "String", from = "String")]
    struct Email(Foreign);
    assert_eq!(schema_of::<Email>(), schema_of::<String>());

    #[derive(Schema)]
    #[schema(crate = crate)]
    #[serde(into = "String", try_from = "String")]
    struct Checked(Foreign);
    assert_eq!(schema_of::<Checked>(), schema_of::<String>());

    #[derive(Schema)]
    #[schema(crate = crate, as = str)]
    struct ByHand(Foreign);
    assert_eq!(schema_of::<ByHand>(), schema_of::<String>());

    #[derive(Schema)]
    #[schema(crate = crate)]
    #[serde(into = "String", from = "u8")]
    struct Odd(Foreign);
    #[derive(Schema)]
    #[schema(crate = crate)]
    #[serde(from = "String")]
    struct Read(u8);
    #[derive(Schema)]
    #[schema(crate = crate, version = 1)]
    #[serde(into = "String", from = "String")]
    struct Versioned(Foreign);
    all_different(&[
        schema_of::<String>(),
        schema_of::<Odd>(),
        schema_of::<Read>(),
        schema_of::<Versioned>(),
        schema_of::<u8>(),
    ]);
}

#[test]
fn versions_and_what_is_not_understood_count() {
    #[derive(Schema)]
    #[schema(crate = crate)]
    #[serde(variant_identifier)]
    enum Cat {
        A,
    }
    all_different(&[
        number! { enum Cat { A } },
        number! { #[schema(version = 1)] enum Cat { A } },
        number! { #[schema(version = 2)] enum Cat { A } },
        number! { enum Cat { #[schema(version = 1)] A } },
        number! { enum Cat { #[schema(version = 2)] A } },
        schema_of::<Cat>(),
    ]);
    different! {
        { struct Cat { a: u8, b: u8 } }
        { struct Cat { #[schema(version = 1)] a: u8, b: u8 } }
        { struct Cat { a: u8, #[schema(version = 1)] b: u8 } }
        { struct Cat { #[schema(as = u16)] a: u8, b: u8 } }
    }
}

#[test]
fn types_may_contain_themselves_and_each_other() {
    different! {
        { struct Cat { kittens: Vec<Cat> } }
        { struct Cat { kittens: Vec<Cat>, name: u8 } }
        { struct Cat { kittens: Option<Box<Cat>> } }
        { struct Cat { kittens: Vec<Vec<Cat>> } }
        { struct Cat { kittens: Vec<Dog> } struct Dog { puppies: Vec<Cat> } }
        { struct Cat { kittens: Vec<Dog> } struct Dog { puppies: Vec<Dog> } }
        { struct Cat { kittens: Vec<Dog>, name: u8 } struct Dog { puppies: Vec<Cat> } }
    }
    same! {
        { struct Cat { kittens: Vec<Cat>, like: Option<Box<Cat>>, name: String, other: String } }
        { struct Cat { kittens: VecDeque<Box<Cat>>, like: Box<Option<Cat>>, name: Box<str>, other: String } }
    }
}

#[test]
fn many_types_that_contain_each_other_are_each_described_once() {
    struct Mesh<const N: usize>;
    macro_rules! mesh {
        ($($n:literal)*) => {
            impl<const N: usize> Schema for Mesh<N> {
                fn describe(description: &mut SchemaDescription) {
                    description.text("mesh");
                    $(description.of::<Mesh<$n>>();)*
                }
            }
        };
    }
    mesh! { 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 }
    let mut description = SchemaDescription::default();
    description.of::<Mesh<0>>();
    assert_eq!(description.begun.len(), 30);
    assert!(description.text.len() < 30 * 30 * 8, "{}", description.text.len());
}

#[test]
fn parameters_are_described_by_what_they_are() {
    #[derive(Schema)]
    #[schema(crate = crate)]
    struct Page<'a, T, U: Iterator, V: ?Sized, const N: usize = 2>
    where
        T: Clone,
    {
        items: Vec<T>,
        next: Option<Cow<'a, str>>,
        last: Option<U::Item>,
        of: PhantomData<V>,
        others: [u8; N],
    }
    type Words = std::vec::IntoIter<String>;
    struct Foreign;
    all_different(&[
        schema_of::<Page<u8, Words, Foreign>>(),
        schema_of::<Page<u16, Words, Foreign>>(),
        schema_of::<Page<u8, std::vec::IntoIter<u8>, Foreign>>(),
        schema_of::<Page<u8, Words, Foreign, 3>>(),
    ]);
    assert_eq!(schema_of::<Page<u8, Words, Foreign>>(), schema_of::<Page<'static, u8, Words, str>>());
}

#[test]
fn types_of_the_standard_library() {
    let same: [&[u64]; 8] = [
        &[schema_of::<str>(), schema_of::<&String>(), schema_of::<Cow<'_, str>>(), schema_of::<PathBuf>()],
        &[schema_of::<usize>(), schema_of::<u64>(), schema_of::<Box<u64>>(), schema_of::<Rc<Arc<u64>>>()],
        &[schema_of::<isize>(), schema_of::<i64>(), schema_of::<&mut i64>()],
        &[schema_of::<[u8]>(), schema_of::<Vec<u8>>(), schema_of::<VecDeque<u8>>()],
        &[schema_of::<LinkedList<char>>(), schema_of::<Cow<'_, [char]>>()],
        &[schema_of::<HashSet<u8>>(), schema_of::<BTreeSet<u8>>()],
        &[schema_of::<HashMap<u8, char>>(), schema_of::<BTreeMap<u8, char>>()],
        &[schema_of::<NonZero<u64>>(), schema_of::<NonZero<usize>>()],
    ];
    for (at, numbers) in same.iter().enumerate() {
        assert!(numbers.iter().all(|number| *number == numbers[0]), "line {at}");
    }
    let mut different: Vec<u64> = same.iter().map(|numbers| numbers[0]).collect();
    different.extend([
        schema_of::<()>(),
        schema_of::<bool>(),
        schema_of::<char>(),
        schema_of::<u8>(),
        schema_of::<u16>(),
        schema_of::<u32>(),
        schema_of::<u128>(),
        schema_of::<i8>(),
        schema_of::<i16>(),
        schema_of::<i32>(),
        schema_of::<i128>(),
        schema_of::<f32>(),
        schema_of::<f64>(),
        schema_of::<NonZero<u8>>(),
        schema_of::<Option<u8>>(),
        schema_of::<Option<Option<u8>>>(),
        schema_of::<Result<u8, char>>(),
        schema_of::<Result<char, u8>>(),
        schema_of::<HashMap<char, u8>>(),
        schema_of::<BinaryHeap<u8>>(),
        schema_of::<[u8; 0]>(),
        schema_of::<[u8; 2]>(),
        schema_of::<(u8,)>(),
        schema_of::<(u8, u8)>(),
        schema_of::<(u8, (u8,))>(),
        schema_of::<((u8, u8),)>(),
        schema_of::<Duration>(),
        schema_of::<SystemTime>(),
        schema_of::<IpAddr>(),
        schema_of::<Ipv4Addr>(),
        schema_of::<Ipv6Addr>(),
        schema_of::<SocketAddr>(),
        schema_of::<PhantomData<u8>>(),
        schema_of::<serde_json::Value>(),
        schema_of::<(u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8)>(),
    ]);
    all_different(&different);
}
