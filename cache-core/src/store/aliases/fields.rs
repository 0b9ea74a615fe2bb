//! The fields of an alias: one table, from which the parser, its messages and the JSON schema come.

use serde_json::Value;

use super::compression::Compressing;
use super::error::{list, suggestion};
use super::signing::Keys;
use super::url::{OneUrl, Scheme, TwoUrls};
use super::value::{CodecName, Count, Form, Period, Size, Switch, Text, Ttl};
use super::{ConfigError, ConfigErrorKind};

/// A field of an alias.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) part: Part,
    /// What it is for.
    pub(super) about: &'static str,
    pub(super) schema: fn() -> Value,
    pub(super) is_given: fn(&Draft) -> bool,
    /// Reads the value into the draft. Returns whether there was none yet.
    pub(super) read: fn(&mut Draft, &Value) -> Result<bool, ConfigError>,
    /// The same with the option of a url.
    pub(super) read_option: fn(&mut Draft, &str) -> Result<bool, ConfigError>,
}

/// What a field is a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// It says which store it is.
    Address,
    /// It says how the cache uses its store, whichever that is.
    Cache,
    /// It says how stores of some kinds work.
    Store(&'static [Scheme]),
    /// It says how two tiers work together.
    Tiers,
}

macro_rules! fields {
    ($($name:ident: $form:ty, $part:expr, $about:literal;)*) => {
        /// What was read so far of an alias.
        #[derive(Debug, Default)]
        pub(super) struct Draft {
            $(pub(super) $name: Option<<$form as Form>::Read>,)*
        }

        pub(super) const FIELDS: &[Field] = &[$(Field {
            name: stringify!($name),
            part: $part,
            about: $about,
            schema: <$form>::schema,
            is_given: |draft| draft.$name.is_some(),
            read: |draft, value| Ok(draft.$name.replace(<$form>::read(value)?).is_none()),
            read_option: |draft, text| Ok(draft.$name.replace(<$form>::read_option(text)?).is_none()),
        },)*];
    };
}

const SIZED: Part = Part::Store(&[Scheme::Memory, Scheme::Disk]);
const SYNCED: Part = Part::Store(&[Scheme::Disk]);

fields! {
    url: OneUrl, Part::Address,
        "The store: `memory:`, `null:` (it holds nothing), or `disk:` and the path of a file. A relative path begins \
         at the folder of the configuration file, or else at the working directory. Options may follow, as in \
         `memory:?capacity=256MiB`: all other fields but `tiers` and `signing_keys`.";
    tiers: TwoUrls, Part::Address,
        "Two stores as one, in the place of `url`: a fast one in front of one that keeps more.";
    namespace: Text, Part::Cache,
        "What the keys of the cache begin with. Caches with different namespaces share nothing. Without it, it is \
         the alias.";
    codec: CodecName, Part::Cache,
        "How values are encoded. Without it, it is `json`.";
    compression: Compressing, Part::Cache,
        "How values are compressed. Without it, LZ4 is used for larger values.";
    signing_keys: Keys, Part::Cache,
        "Keys for HMAC-SHA-256. The first signs, all verify. Values that none of them has signed are not returned.";
    ttl: Ttl, Part::Cache,
        "How long values are kept for which the program does not say it. Without it, they are kept for ever, or as \
         long as `max_ttl`.";
    min_ttl: Ttl, Part::Cache,
        "How long values are kept at least.";
    max_ttl: Period, Part::Cache,
        "How long values are kept at most.";
    timeout: Period, Part::Cache,
        "How long a request to the store takes at most. Without it, it is 5 seconds.";
    max_value: Size, Part::Cache,
        "How large an encoded value may be. Larger ones are not stored, and not read. Without it, it is 64 MiB.";
    local: Switch, Part::Cache,
        "Whether functions also keep values in the process, unless they say it themselves. Without it, they do.";
    local_ttl: Period, Part::Cache,
        "How long functions keep values in the process at most, unless they say it themselves. Functions with a stale \
         window then keep none.";
    write_behind: Switch, Part::Cache,
        "Whether calls of functions return before the store has what they have computed. Without it, they do not.";
    warm: Count, Part::Cache,
        "How many values of each function are taken into the process when it is called first: those that it read most \
         when the program ran last. Without it, none.";
    capacity: Size, SIZED,
        "How many bytes the store holds at most. When it is full, it evicts. Without it, a store in memory has no \
         bound, and one on disk 1 GiB.";
    sync_interval: Ttl, SYNCED,
        "After what time at the latest a file is synced, so that what was written survives a loss of power. With 0, \
         each write is acknowledged after a sync. Without it, it is a second.";
    front_ttl: Period, Part::Tiers,
        "How long the tier in front keeps a copy at most. Without it, it keeps it as long as the other tier.";
}

/// Finds a field by its name.
pub(super) fn find(name: &str) -> Result<&'static Field, ConfigError> {
    let names = || FIELDS.iter().map(|field| field.name);
    FIELDS.iter().find(|field| field.name == name).ok_or_else(|| {
        let near = suggestion(name, names());
        let what = format!("there is no such field{near}; there are {}", list(names(), "and"));
        ConfigError::new(ConfigErrorKind::UnknownField, what).of_field(name)
    })
}
