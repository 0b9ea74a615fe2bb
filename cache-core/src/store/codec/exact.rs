//! Values that a codec could write and not give back are errors when they are written.

use serde::ser::{
    Error, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use super::DEPTH;

/// What a format can tell apart.
pub(super) struct Rules {
    /// Whether it has floats that are not finite.
    pub(super) has_non_finite: bool,
    /// Whether `()` is written as `None` is.
    pub(super) unit_is_none: bool,
    /// Whether a struct without fields is written as `None` is.
    pub(super) unit_struct_is_none: bool,
}

/// A value that is written only if it comes back as it was.
pub(super) struct Exact<'a, T: ?Sized> {
    value: &'a T,
    place: Place<'a>,
}

/// Where a value stands.
#[derive(Clone, Copy)]
struct Place<'a> {
    rules: &'a Rules,
    depth: usize,
    /// Whether it is what a `Some` holds.
    is_in_some: bool,
}

impl<'a, T: ?Sized> Exact<'a, T> {
    pub(super) fn new(value: &'a T, rules: &'a Rules) -> Self {
        Self { value, place: Place { rules, depth: 0, is_in_some: false } }
    }
}

impl<T: Serialize + ?Sized> Serialize for Exact<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(Checking { inner: serializer, place: self.place })
    }
}

impl<'a> Place<'a> {
    /// A value that is part of the one at this place.
    fn part<'b, T: ?Sized, E: Error>(self, value: &'b T) -> Result<Exact<'b, T>, E>
    where
        'a: 'b,
    {
        if self.depth >= DEPTH {
            return Err(E::custom(format_args!("it is nested more than {DEPTH} levels deep")));
        }
        Ok(Exact { value, place: Place { depth: self.depth + 1, is_in_some: false, ..self } })
    }

    fn finite<E: Error>(self, is_finite: bool) -> Result<(), E> {
        if is_finite || self.rules.has_non_finite {
            return Ok(());
        }
        Err(E::custom("it has no floats that are not finite"))
    }

    /// Looks at a value that is written as `None` is, or not.
    fn none<E: Error>(self, is_as_none: bool) -> Result<(), E> {
        if self.is_in_some && is_as_none {
            return Err(E::custom("it would give back `None` for a `Some` that holds `None` or `()`"));
        }
        Ok(())
    }
}

/// A serializer, or what writes the parts of a value, at its place.
struct Checking<'a, S> {
    inner: S,
    place: Place<'a>,
}

macro_rules! as_it_is {
    ($($name:ident($t:ty))*) => { $(
        #[inline]
        fn $name(self, value: $t) -> Result<S::Ok, S::Error> {
            self.inner.$name(value)
        }
    )* };
}

macro_rules! compound {
    ($($name:ident($($arg:ident: $t:ty),*) -> $kind:ident + $depth:literal;)*) => { $(
        #[inline]
        fn $name(self, $($arg: $t),*) -> Result<Self::$kind, S::Error> {
            let place = Place { depth: self.place.depth + $depth, ..self.place };
            Ok(Checking { inner: self.inner.$name($($arg),*)?, place })
        }
    )* };
}

impl<'a, S: Serializer> Serializer for Checking<'a, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Checking<'a, S::SerializeSeq>;
    type SerializeTuple = Checking<'a, S::SerializeTuple>;
    type SerializeTupleStruct = Checking<'a, S::SerializeTupleStruct>;
    type SerializeTupleVariant = Checking<'a, S::SerializeTupleVariant>;
    type SerializeMap = Checking<'a, S::SerializeMap>;
    type SerializeStruct = Checking<'a, S::SerializeStruct>;
    type SerializeStructVariant = Checking<'a, S::SerializeStructVariant>;

    as_it_is! {
        serialize_bool(bool)
        serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64) serialize_i128(i128)
        serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64) serialize_u128(u128)
        serialize_char(char) serialize_str(&str) serialize_bytes(&[u8])
    }

    // A variant with parts is two levels: the variant, and what holds its parts.
    compound! {
        serialize_seq(len: Option<usize>) -> SerializeSeq + 0;
        serialize_tuple(len: usize) -> SerializeTuple + 0;
        serialize_tuple_struct(name: &'static str, len: usize) -> SerializeTupleStruct + 0;
        serialize_tuple_variant(name: &'static str, index: u32, variant: &'static str, len: usize)
            -> SerializeTupleVariant + 1;
        serialize_map(len: Option<usize>) -> SerializeMap + 0;
        serialize_struct(name: &'static str, len: usize) -> SerializeStruct + 0;
        serialize_struct_variant(name: &'static str, index: u32, variant: &'static str, len: usize)
            -> SerializeStructVariant + 1;
    }

    #[inline]
    fn serialize_f32(self, value: f32) -> Result<S::Ok, S::Error> {
        self.place.finite(value.is_finite())?;
        self.inner.serialize_f32(value)
    }

    #[inline]
    fn serialize_f64(self, value: f64) -> Result<S::Ok, S::Error> {
        self.place.finite(value.is_finite())?;
        self.inner.serialize_f64(value)
    }

    #[inline]
    fn serialize_none(self) -> Result<S::Ok, S::Error> {
        self.place.none(self.place.rules.unit_is_none)?;
        self.inner.serialize_none()
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        let mut value = self.place.part(value)?;
        value.place.is_in_some = true;
        self.inner.serialize_some(&value)
    }

    #[inline]
    fn serialize_unit(self) -> Result<S::Ok, S::Error> {
        self.place.none(self.place.rules.unit_is_none)?;
        self.inner.serialize_unit()
    }

    #[inline]
    fn serialize_unit_struct(self, name: &'static str) -> Result<S::Ok, S::Error> {
        self.place.none(self.place.rules.unit_struct_is_none)?;
        self.inner.serialize_unit_struct(name)
    }

    #[inline]
    fn serialize_unit_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
    ) -> Result<S::Ok, S::Error> {
        self.inner.serialize_unit_variant(name, index, variant)
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let mut value = self.place.part(value)?;
        // A newtype is written as what it holds.
        value.place.is_in_some = self.place.is_in_some;
        self.inner.serialize_newtype_struct(name, &value)
    }

    #[inline]
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        self.inner.serialize_newtype_variant(name, index, variant, &self.place.part(value)?)
    }

    #[inline]
    fn collect_str<T: std::fmt::Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.inner.collect_str(value)
    }

    #[inline]
    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

macro_rules! parts {
    ($($kind:ident: $name:ident($($key:ident: $t:ty)?) $({$skip:ident})?;)*) => { $(
        impl<S: $kind> $kind for Checking<'_, S> {
            type Ok = S::Ok;
            type Error = S::Error;

            #[inline]
            fn $name<T: Serialize + ?Sized>(&mut self, $($key: $t,)? value: &T) -> Result<(), S::Error> {
                self.inner.$name($($key,)? &self.place.part(value)?)
            }

            $(#[inline]
            fn $skip(&mut self, name: &'static str) -> Result<(), S::Error> {
                self.inner.$skip(name)
            })?

            #[inline]
            fn end(self) -> Result<S::Ok, S::Error> {
                self.inner.end()
            }
        }
    )* };
}

parts! {
    SerializeSeq: serialize_element();
    SerializeTuple: serialize_element();
    SerializeTupleStruct: serialize_field();
    SerializeTupleVariant: serialize_field();
    SerializeStruct: serialize_field(name: &'static str) {skip_field};
    SerializeStructVariant: serialize_field(name: &'static str) {skip_field};
}

impl<S: SerializeMap> SerializeMap for Checking<'_, S> {
    type Ok = S::Ok;
    type Error = S::Error;

    #[inline]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), S::Error> {
        self.inner.serialize_key(&self.place.part(key)?)
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), S::Error> {
        self.inner.serialize_value(&self.place.part(value)?)
    }

    #[inline]
    fn end(self) -> Result<S::Ok, S::Error> {
        self.inner.end()
    }
}
