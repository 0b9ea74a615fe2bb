//! The names under which things are in a store.

use bytes::Bytes;
use sha2::{Digest, Sha256};

/// How long the key of a store may be. What would be longer ends in a hash.
pub(crate) const MAX: usize = 200;

/// How much of a key stays readable before a hash.
const READABLE: usize = MAX - 1 - 2 * 32;

/// What the hash of a secret begins with, so that it is the hash of nothing else.
const SECRET: &[u8] = b"cache-core: a secret argument\0";

/// What a key names. The names of different things differ, whatever they consist of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KeyName {
    /// A value: of a function, for its arguments as canonical JSON.
    Value { namespace: String, function: String, json: String },
    /// The generation of a tag.
    Tag { namespace: String, tag: String },
    /// A fact about the generation of a tag.
    Fact { namespace: String, tag: String },
    /// The revision of a namespace.
    Revision { namespace: String },
    /// A lock, by its key as canonical JSON.
    Lock { namespace: String, json: String },
}

impl KeyName {
    /// What a full key names. [`None`] if it is none that this module makes.
    pub(crate) fn of(full: &[u8]) -> Option<Self> {
        let full = std::str::from_utf8(full).ok()?;
        let mut components = full.split('/');
        let mut next = || components.next();
        let namespace = unescape(next()?)?;
        let name = match (next()?, next(), next()) {
            ("v", Some(function), Some(json)) => {
                Self::Value { namespace, function: unescape(function)?, json: unescape(json)? }
            }
            ("t", Some(tag), None) => Self::Tag { namespace, tag: unescape(tag)? },
            ("f", Some(tag), None) => Self::Fact { namespace, tag: unescape(tag)? },
            ("l", Some(json), None) => Self::Lock { namespace, json: unescape(json)? },
            ("n", None, None) => Self::Revision { namespace },
            _ => return None,
        };
        // There is one way to write a name, so this looks at all that reading has passed over.
        (name.full() == full).then_some(name)
    }

    /// The key of what this names.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn key(&self) -> StoreKey {
        StoreKey::new(self.full())
    }

    fn full(&self) -> String {
        match self {
            Self::Value { namespace, function, json } => {
                Namespace::new(namespace).values(function).with(json)
            }
            Self::Tag { namespace, tag } => Namespace::new(namespace).with("/t/", tag),
            Self::Fact { namespace, tag } => Namespace::new(namespace).with("/f/", tag),
            Self::Revision { namespace } => Namespace::new(namespace).0 + "/n",
            Self::Lock { namespace, json } => Namespace::new(namespace).with("/l/", json),
        }
    }
}

/// A key, in full and as the store gets it. Both are printable ASCII without spaces.
///
/// Keys of different schemas are different, and the store keeps their values under the same key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct StoreKey {
    full: Bytes,
    /// What the store gets, if that is something else.
    short: Option<Bytes>,
    schema: u64,
}

impl StoreKey {
    fn new(full: String) -> Self {
        let full = Bytes::from(full);
        if full.len() <= MAX {
            return Self { full, short: None, schema: 0 };
        }
        // Components have no `~`, so a key with a hash is none without.
        let mut short = Vec::with_capacity(MAX);
        short.extend_from_slice(&full[..READABLE]);
        short.push(b'~');
        short.extend_from_slice(hex(&Sha256::digest(&full)).as_bytes());
        Self { full, short: Some(short.into()), schema: 0 }
    }

    /// The key of this name in full.
    pub(crate) fn of(full: &[u8]) -> Self {
        Self::new(String::from_utf8_lossy(full).into_owned())
    }

    /// A key that was found in a store, of which nobody knows the whole.
    pub(crate) fn unknown(stored: &Bytes) -> Self {
        Self { full: stored.clone(), short: None, schema: 0 }
    }

    /// The same key for values of another schema. Without this the schema is 0, which is that of values whose type is
    /// known only where they are used.
    pub(in crate::store) fn with_schema(mut self, schema: u64) -> Self {
        self.schema = schema;
        self
    }

    /// The schema of the values that are read and stored. Those of other schemas are left alone.
    pub(in crate::store) fn schema(&self) -> u64 {
        self.schema
    }

    /// The key in full. The value carries it, and readers compare it.
    pub(crate) fn full(&self) -> &Bytes {
        &self.full
    }

    /// The key as the store gets it: at most 200 bytes.
    pub(crate) fn stored(&self) -> &Bytes {
        self.short.as_ref().unwrap_or(&self.full)
    }
}

/// What the keys of one namespace begin with.
///
/// A component is escaped as in a URL: of its bytes, those outside of printable ASCII become `%` and two digits, and
/// so do `%`, `/` and `~`. Within a namespace `{` and `}` stay as they are; elsewhere they are escaped. So a cluster of
/// Redis places a key by the whole of it, unless its namespace says something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Namespace(String);

impl Namespace {
    pub(crate) fn new(name: &str) -> Self {
        let mut escaped = String::with_capacity(name.len());
        escape(&mut escaped, name, true);
        Self(escaped)
    }

    /// The key of a value.
    #[cfg(test)]
    pub(crate) fn value(&self, function: &str, json: &str) -> StoreKey {
        self.values(function).value(json)
    }

    /// What is in front of the keys of a function's values.
    pub(crate) fn values(&self, function: &str) -> Function {
        let mut prefix = self.with("/v/", function);
        prefix.push('/');
        Function(prefix)
    }

    /// The key of a tag's generation.
    pub(crate) fn tag(&self, tag: &str) -> StoreKey {
        StoreKey::new(self.with("/t/", tag))
    }

    /// The key of a fact about a tag's generation.
    pub(crate) fn fact(&self, tag: &str) -> StoreKey {
        StoreKey::new(self.with("/f/", tag))
    }

    /// The key of a lock.
    pub(crate) fn lock(&self, json: &str) -> StoreKey {
        StoreKey::new(self.with("/l/", json))
    }

    /// What the stored keys of all values begin with, and no others. [`None`] if it is too long to say.
    pub(crate) fn prefix(&self) -> Option<Bytes> {
        let prefix = format!("{}/v/", self.0);
        (prefix.len() <= READABLE).then(|| prefix.into())
    }

    /// The topic on which processes tell each other of invalidations in the namespace.
    pub(crate) fn topic(&self) -> Bytes {
        format!("{}/c", self.0).into()
    }

    /// The key of the namespace's revision.
    pub(crate) fn revision(&self) -> StoreKey {
        StoreKey::new(self.0.clone() + "/n")
    }

    fn with(&self, kind: &str, component: &str) -> String {
        let mut key = String::with_capacity(self.0.len() + kind.len() + component.len() + 16);
        key.push_str(&self.0);
        key.push_str(kind);
        escape(&mut key, component, false);
        key
    }
}

/// What the keys of one function's values begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Function(String);

impl Function {
    /// The key of the value for these arguments.
    pub(crate) fn value(&self, json: &str) -> StoreKey {
        StoreKey::new(self.with(json))
    }

    fn with(&self, json: &str) -> String {
        let mut key = String::with_capacity(self.0.len() + json.len() + 16);
        key.push_str(&self.0);
        escape(&mut key, json, false);
        key
    }

    /// A prefix of all stored keys of this function. If its names are long, other keys begin with it too, so what is
    /// found must be asked for its full key.
    pub(crate) fn prefix(&self) -> &[u8] {
        &self.0.as_bytes()[..self.0.len().min(READABLE)]
    }

    /// Whether a full key is that of a value of this function.
    pub(crate) fn has(&self, full: &[u8]) -> bool {
        full.strip_prefix(self.0.as_bytes()).is_some_and(|rest| !rest.contains(&b'/'))
    }
}

/// What stands in a key in the place of something secret: a text with a hash.
///
/// It does not hide what can be guessed: whoever sees the key can try all passwords of a list.
pub(crate) fn secret(json: &str) -> String {
    let hash = Sha256::new().chain_update(SECRET).chain_update(json).finalize();
    format!("secret:{}", hex(&hash))
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        push_hex(&mut text, *byte, b"0123456789abcdef");
    }
    text
}

fn push_hex(out: &mut String, byte: u8, digits: &[u8; 16]) {
    out.push(char::from(digits[usize::from(byte >> 4)]));
    out.push(char::from(digits[usize::from(byte & 15)]));
}

fn escape(out: &mut String, component: &str, has_braces: bool) {
    let is_plain = |byte: u8| match byte {
        b'%' | b'/' | b'~' => false,
        b'{' | b'}' => has_braces,
        0x21..=0x7e => true,
        _ => false,
    };
    // Most are plain as a whole.
    if component.bytes().all(is_plain) {
        out.push_str(component);
        return;
    }
    for byte in component.bytes() {
        if is_plain(byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            push_hex(out, byte, b"0123456789ABCDEF");
        }
    }
}

fn unescape(component: &str) -> Option<String> {
    let mut pieces = component.split('%');
    let mut bytes = pieces.next()?.as_bytes().to_vec();
    for piece in pieces {
        let (digits, rest) = piece.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
#[path = "tests/key.rs"]
mod tests;
