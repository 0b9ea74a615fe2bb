//! Urls of stores: a scheme, perhaps a path, perhaps options.

use serde_json::{Value, json};

use super::error::{list, quoted, suggestion};
use super::value::{Form, other_type};
use super::{ConfigError, ConfigErrorKind};

/// A kind of store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Memory,
    Null,
    Disk,
}

impl Scheme {
    pub(super) const ALL: [Self; 3] = [Self::Memory, Self::Null, Self::Disk];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Null => "null",
            Self::Disk => "disk",
        }
    }

    /// The name with which a url begins.
    const fn prefix(self) -> &'static str {
        match self {
            Self::Memory => "memory:",
            Self::Null => "null:",
            Self::Disk => "disk:",
        }
    }
}

/// Schemes of stores that are not in this version.
const LATER: [&str; 4] = ["redis", "rediss", "valkey", "memcached"];

/// What a url says. It was not looked whether the options are right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Url {
    pub(super) scheme: Scheme,
    /// Empty if the scheme has none.
    pub(super) path: String,
    pub(super) options: Vec<(String, String)>,
}

/// Schemes, as a list in a message.
pub(super) fn schemes(schemes: &[Scheme], word: &str) -> String {
    list(schemes.iter().map(|scheme| scheme.prefix()), word)
}

impl Url {
    /// Reads a url. No message shows more of it than its scheme and the names of its options.
    pub(super) fn parse(text: &str) -> Result<Self, ConfigError> {
        let (before, options) = text.split_once('?').unwrap_or((text, ""));
        let Some((name, rest)) = before.split_once(':') else {
            let known = schemes(&Scheme::ALL, "or");
            return Err(ConfigError::wrong(format!("a url begins with {known}")));
        };
        let scheme = scheme(name)?;
        let path = match scheme {
            Scheme::Memory | Scheme::Null if rest.is_empty() || rest == "//" => String::new(),
            Scheme::Memory | Scheme::Null => {
                let what = format!("nothing but options may follow {}", quoted(scheme.prefix()));
                return Err(ConfigError::wrong(what));
            }
            Scheme::Disk => path(rest)?,
        };
        let options = options.split('&').filter(|option| !option.is_empty()).map(option);
        Ok(Self { scheme, path, options: options.collect::<Result<_, _>>()? })
    }
}

fn scheme(name: &str) -> Result<Scheme, ConfigError> {
    if let Some(known) = Scheme::ALL.into_iter().find(|scheme| name == scheme.name()) {
        return if known == Scheme::Disk && !cfg!(feature = "disk") {
            Err(ConfigError::feature("a url with `disk:`", "disk"))
        } else {
            Ok(known)
        };
    }
    let unknown = |what: String| {
        let what = format!("{what}; there are {}", schemes(&Scheme::ALL, "and"));
        Err(ConfigError::new(ConfigErrorKind::UnknownScheme, what))
    };
    let shown = quoted(&format!("{name}:"));
    if LATER.contains(&name) {
        return unknown(format!("urls with {shown} are not in this version"));
    }
    let near = suggestion(&format!("{}:", name.to_lowercase()), Scheme::ALL.map(Scheme::prefix));
    unknown(format!("there are no urls with {shown}{near}"))
}

/// The path of a file, after the scheme.
fn path(text: &str) -> Result<String, ConfigError> {
    let path = match text.strip_prefix("//") {
        None => text,
        Some(path) if path.starts_with('/') => path,
        Some(_) => {
            let what = "a url with `disk://` names a host: write `disk:///` before an absolute path, and `disk:` \
                        before a relative one";
            return Err(ConfigError::wrong(what));
        }
    };
    if path.is_empty() {
        return Err(ConfigError::wrong("the path of a file follows `disk:`, as in `disk:./cache.redb`"));
    }
    let path = decoded(path).ok_or_else(|| not_encoded("the path"))?;
    if path.contains('\0') {
        return Err(ConfigError::wrong("there is a NUL in the path"));
    }
    Ok(path)
}

fn option(text: &str) -> Result<(String, String), ConfigError> {
    let (name, value) = text.split_once('=').ok_or_else(|| {
        ConfigError::wrong("an option of a url is a name and a value, as in `memory:?capacity=256MiB`")
    })?;
    let name = decoded(name).ok_or_else(|| not_encoded("the name of an option"))?;
    let value = decoded(value).ok_or_else(|| not_encoded(&format!("the option {}", quoted(&name))))?;
    Ok((name, value))
}

fn not_encoded(what: &str) -> ConfigError {
    let what =
        format!("{what} has a `%` without two hexadecimal digits, or is no UTF-8: write `%25` for `%`");
    ConfigError::wrong(what)
}

/// A text in which `%` and two hexadecimal digits stand for a byte.
fn decoded(text: &str) -> Option<String> {
    let mut pieces = text.split('%');
    let mut bytes = pieces.next()?.as_bytes().to_vec();
    for piece in pieces {
        let (digits, rest) = piece.split_at_checked(2)?;
        let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        bytes.push(is_hex.then(|| u8::from_str_radix(digits, 16).ok())??);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

/// The url of a store.
pub(super) struct OneUrl;

impl Form for OneUrl {
    type Read = Url;

    fn expected() -> String {
        "a url such as \"memory:\" or \"disk:./cache.redb\"".to_owned()
    }

    fn read(value: &Value) -> Result<Url, ConfigError> {
        Url::parse(value.as_str().ok_or_else(|| other_type::<Self>(value))?)
    }

    fn schema() -> Value {
        let names: Vec<&str> = Scheme::ALL.iter().map(|scheme| scheme.name()).collect();
        json!({ "type": "string", "pattern": format!("^({}):", names.join("|")) })
    }
}

/// The urls of a store in front of another.
pub(super) struct TwoUrls;

impl Form for TwoUrls {
    type Read = [Url; 2];

    fn expected() -> String {
        "a list of two urls, the one in front first, such as [\"memory:\", \"disk:./cache.redb\"]".to_owned()
    }

    fn read(value: &Value) -> Result<[Url; 2], ConfigError> {
        let urls = value.as_array().ok_or_else(|| other_type::<Self>(value))?;
        let [front, back] = urls.as_slice() else {
            let len = urls.len();
            return Err(ConfigError::wrong(format!(
                "it is a list of {len}, and must be {}",
                Self::expected()
            )));
        };
        Ok([OneUrl::read(front)?, OneUrl::read(back)?])
    }

    fn schema() -> Value {
        json!({ "type": "array", "items": OneUrl::schema(), "minItems": 2, "maxItems": 2 })
    }
}
