//! JSON with one text for equal values.

use std::fmt::{Display, LowerExp};
use std::io::Write;

use serde::ser::{
    Error as _, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant,
    SerializeTuple, SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use super::{StoreError, StoreErrorKind};

/// How deep a value may be nested.
const DEPTH: usize = 120;

/// How many bytes there is room for at first. Most keys are shorter.
const ROOM: usize = 64;

/// What a `Some` is written as whose content alone would read as `None`, up to its content.
const SOME: &[u8] = br#"{"$some":"#;

/// The structs as which `serde_json` hands out numbers of any length, and JSON that it has not read.
const NUMBER: &str = "$serde_json::private::Number";
const RAW: &str = "$serde_json::private::RawValue";

/// JSON that is the same for equal values, and differs for different values of one type.
///
/// - There is no whitespace. The entries of maps and the fields of structs are in the order of their text.
/// - Integers are exact, of any size. Floats have the fewest digits that are read back as the same float.
/// - A key of a map that is no string is written as the text of its JSON.
/// - `Some(None)` and `Some(())` are written as `{"$some":null}`, since `null` is `None`.
///
/// The features of `serde_json` make no difference: this does not go through its `Value`. With
/// `arbitrary_precision`, a number within a `Value` keeps its text, such as `1.00`.
///
/// A set is a sequence to serde, in the order of the set. So equal `HashSet`s may have different texts.
///
/// # Errors
///
/// If a float is not finite, a key of a map is `null`, or the value is nested more than 120 levels deep. Also if
/// the value's `Serialize` fails, or if it is a `RawValue`, whose text has any form.
pub(crate) fn canonical_json<T: Serialize + ?Sized>(value: &T) -> Result<String, StoreError> {
    text(value, Purpose::Key).map_err(|Failure(message)| {
        let of = std::any::type_name::<T>();
        StoreError::new(
            StoreErrorKind::Encoding,
            format!("a key of type `{of}` cannot be written: {message}"),
        )
    })
}

/// Whether two values have the same content. The order of maps and sequences does not count, so that a hash set is
/// the same as its copy.
pub(crate) fn is_same_content<T: Serialize + ?Sized>(a: &T, b: &T) -> bool {
    match (text(a, Purpose::Comparison), text(b, Purpose::Comparison)) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}

fn text<T: Serialize + ?Sized>(value: &T, purpose: Purpose) -> Result<String, Failure> {
    let mut out = Vec::with_capacity(ROOM);
    value.serialize(Writer { out: &mut out, depth: 0, purpose })?;
    String::from_utf8(out).map_err(Failure::custom)
}

/// What the text is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// It is part of a key.
    Key,
    /// It is compared with another, and all that serde can say is allowed in it.
    Comparison,
}

/// Why a value has no text.
#[derive(Debug)]
struct Failure(String);

impl Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

impl serde::ser::Error for Failure {
    fn custom<T: Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// Writes one value at the end of a text.
struct Writer<'a> {
    out: &'a mut Vec<u8>,
    depth: usize,
    purpose: Purpose,
}

impl<'a> Writer<'a> {
    fn nested(&mut self) -> Result<Writer<'_>, Failure> {
        if self.depth == DEPTH {
            return Err(Failure(format!("it is nested more than {DEPTH} levels deep")));
        }
        Ok(Writer { out: self.out, depth: self.depth + 1, purpose: self.purpose })
    }

    /// Writes what has one text in JSON.
    fn plain<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Failure> {
        serde_json::to_writer(self.out, value).map_err(Failure::custom)
    }

    /// Writes a float: `2.5` and `1.0`, but `1e300`. Its text is settled here, since it is part of keys, and that of
    /// libraries has changed before.
    fn float<T: LowerExp + Display>(self, value: T, size: f64) -> Result<(), Failure> {
        if !size.is_finite() {
            return match self.purpose {
                Purpose::Key => Err(Failure(format!("JSON has no {value}"))),
                Purpose::Comparison => write!(self.out, "{value}").map_err(Failure::custom),
            };
        }
        let start = self.out.len();
        if size == 0.0 || (1e-5..1e16).contains(&size) {
            write!(self.out, "{value}").map_err(Failure::custom)?;
            if !self.out[start..].contains(&b'.') {
                self.out.extend_from_slice(b".0");
            }
            return Ok(());
        }
        write!(self.out, "{value:e}").map_err(Failure::custom)
    }

    /// Begins `{"variant":`, which [`Parts::end`] closes.
    fn variant(self, name: &str) -> Result<Self, Failure> {
        self.out.push(b'{');
        serde_json::to_writer(&mut *self.out, name).map_err(Failure::custom)?;
        self.out.push(b':');
        Ok(self)
    }

    fn parts(self, form: Form, open: u8, close: &'static [u8]) -> Parts<'a> {
        self.out.push(open);
        let start = self.out.len();
        Parts { writer: self, form, start, ends: Vec::new(), close }
    }
}

macro_rules! plain {
    ($($name:ident($t:ty))*) => { $(
        fn $name(self, value: $t) -> Result<(), Failure> {
            self.plain(&value)
        }
    )* };
}

impl<'a> Serializer for Writer<'a> {
    type Ok = ();
    type Error = Failure;
    type SerializeSeq = Parts<'a>;
    type SerializeTuple = Parts<'a>;
    type SerializeTupleStruct = Parts<'a>;
    type SerializeTupleVariant = Parts<'a>;
    type SerializeMap = Parts<'a>;
    type SerializeStruct = Parts<'a>;
    type SerializeStructVariant = Parts<'a>;

    plain! {
        serialize_bool(bool)
        serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64) serialize_i128(i128)
        serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64) serialize_u128(u128)
        serialize_char(char) serialize_str(&str) serialize_bytes(&[u8])
    }

    fn serialize_f32(self, value: f32) -> Result<(), Failure> {
        self.float(value, f64::from(value).abs())
    }

    fn serialize_f64(self, value: f64) -> Result<(), Failure> {
        self.float(value, value.abs())
    }

    fn serialize_none(self) -> Result<(), Failure> {
        self.plain(&())
    }

    fn serialize_some<T: Serialize + ?Sized>(mut self, value: &T) -> Result<(), Failure> {
        let start = self.out.len();
        value.serialize(self.nested()?)?;
        let content = &self.out[start..];
        // What looks like a `Some` that was written out is written out too, so that no two have one text.
        if content == b"null" || content.starts_with(SOME) {
            self.out.splice(start..start, SOME.iter().copied());
            self.out.push(b'}');
        }
        Ok(())
    }

    fn serialize_unit(self) -> Result<(), Failure> {
        self.plain(&())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Failure> {
        self.plain(&())
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Failure> {
        self.plain(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        mut self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Failure> {
        value.serialize(self.nested()?)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Failure> {
        let mut writer = self.variant(variant)?;
        value.serialize(writer.nested()?)?;
        writer.out.push(b'}');
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Parts<'a>, Failure> {
        let form = if self.purpose == Purpose::Key { Form::Listed } else { Form::Sorted };
        Ok(self.parts(form, b'[', b"]"))
    }

    fn serialize_tuple(self, _: usize) -> Result<Parts<'a>, Failure> {
        Ok(self.parts(Form::Listed, b'[', b"]"))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Parts<'a>, Failure> {
        Ok(self.parts(Form::Listed, b'[', b"]"))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Parts<'a>, Failure> {
        Ok(self.variant(variant)?.parts(Form::Listed, b'[', b"]}"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Parts<'a>, Failure> {
        Ok(self.parts(Form::Sorted, b'{', b"}"))
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Parts<'a>, Failure> {
        match (name, self.purpose) {
            (NUMBER, _) => {
                let start = self.out.len();
                Ok(Parts { writer: self, form: Form::Number, start, ends: Vec::new(), close: b"" })
            }
            (RAW, Purpose::Key) => Err(Failure("a `RawValue` has no single text".to_owned())),
            _ => Ok(self.parts(Form::Sorted, b'{', b"}")),
        }
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Parts<'a>, Failure> {
        Ok(self.variant(variant)?.parts(Form::Sorted, b'{', b"}}"))
    }
}

/// What is done with the parts of a value when all are there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// They stay in their order.
    Listed,
    /// They are sorted by their text.
    Sorted,
    /// There is one, the text of a number.
    Number,
}

/// Writes the parts of a value, one after the other.
struct Parts<'a> {
    writer: Writer<'a>,
    form: Form,
    /// Where the first part begins, and where each ends.
    start: usize,
    ends: Vec<usize>,
    close: &'static [u8],
}

impl Parts<'_> {
    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failure> {
        value.serialize(self.writer.nested()?)?;
        self.ends.push(self.writer.out.len());
        Ok(())
    }

    fn key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Failure> {
        let start = self.writer.out.len();
        key.serialize(self.writer.nested()?)?;
        let key = &self.writer.out[start..];
        if key == b"null" && self.writer.purpose == Purpose::Key {
            return Err(Failure("a key of a map is null".to_owned()));
        }
        if !key.starts_with(b"\"") {
            let key = String::from_utf8(self.writer.out.split_off(start)).map_err(Failure::custom)?;
            serde_json::to_writer(&mut *self.writer.out, &key).map_err(Failure::custom)?;
        }
        self.writer.out.push(b':');
        Ok(())
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Failure> {
        if self.form != Form::Number {
            self.key(name)?;
        }
        self.item(value)
    }

    fn finish(self) -> Result<(), Failure> {
        let out = self.writer.out;
        let written = out.split_off(self.start);
        if self.form == Form::Number {
            let is_of_number = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
            let number = written.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\""));
            let number = number.filter(|text| !text.is_empty() && text.iter().all(is_of_number));
            out.extend_from_slice(number.ok_or_else(|| Failure(format!("`{NUMBER}` is no number")))?);
            return Ok(());
        }
        let mut from = self.start;
        let mut parts = Vec::with_capacity(self.ends.len());
        for end in self.ends {
            parts.push(&written[from - self.start..end - self.start]);
            from = end;
        }
        if self.form == Form::Sorted {
            parts.sort_unstable();
        }
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            out.extend_from_slice(part);
        }
        out.extend_from_slice(self.close);
        Ok(())
    }
}

macro_rules! parts {
    ($($kind:ident: $name:ident($($key:ident: $t:ty)?) => $by:ident;)*) => { $(
        impl $kind for Parts<'_> {
            type Ok = ();
            type Error = Failure;

            fn $name<T: Serialize + ?Sized>(&mut self, $($key: $t,)? value: &T) -> Result<(), Failure> {
                self.$by($($key,)? value)
            }

            fn end(self) -> Result<(), Failure> {
                self.finish()
            }
        }
    )* };
}

parts! {
    SerializeSeq: serialize_element() => item;
    SerializeTuple: serialize_element() => item;
    SerializeTupleStruct: serialize_field() => item;
    SerializeTupleVariant: serialize_field() => item;
    SerializeStruct: serialize_field(name: &'static str) => field;
    SerializeStructVariant: serialize_field(name: &'static str) => field;
}

impl SerializeMap for Parts<'_> {
    type Ok = ();
    type Error = Failure;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Failure> {
        self.key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failure> {
        self.item(value)
    }

    fn end(self) -> Result<(), Failure> {
        self.finish()
    }
}

#[cfg(test)]
#[path = "tests/canonical.rs"]
mod tests;
