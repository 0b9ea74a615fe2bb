//! What a configuration says of an alias, checked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value};

use super::compression::CompressionConfig;
use super::error::quoted;
use super::fields::{Draft, FIELDS, Part, find};
use super::json::{kind, object};
use super::signing::SecretKey;
use super::url::{Scheme, Url, schemes};
use super::{ConfigError, ConfigErrorKind};

/// What an alias stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CacheConfig {
    pub(super) store: StoreConfig,
    pub(super) namespace: Option<String>,
    pub(super) codec: Option<&'static str>,
    pub(super) compression: Option<CompressionConfig>,
    pub(super) signing_keys: Option<Vec<SecretKey>>,
    pub(super) ttl: Option<Duration>,
    pub(super) min_ttl: Option<Duration>,
    pub(super) max_ttl: Option<Duration>,
    pub(super) timeout: Option<Duration>,
    pub(super) max_value: Option<u64>,
    pub(super) local: Option<bool>,
    pub(super) local_ttl: Option<Duration>,
    pub(super) write_behind: Option<bool>,
    pub(super) warm: Option<u64>,
}

/// A store, or two as one. Configurations that use the same file must say the same of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum StoreConfig {
    One(Place),
    Tiers { front: Place, back: Place, front_ttl: Option<Duration> },
}

/// Where a store is, and how it works there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Memory {
        capacity: Option<u64>,
    },
    Null,
    Disk {
        /// Absolute.
        path: PathBuf,
        capacity: Option<u64>,
        sync_interval: Option<Duration>,
    },
}

/// The name by which a configuration file tells an editor its schema.
pub(super) const SCHEMA: &str = "$schema";

/// Reads a configuration. Relative paths begin at `folder`, or at the working directory.
pub(super) fn aliases(
    text: &str,
    folder: Option<&Path>,
) -> Result<BTreeMap<String, CacheConfig>, ConfigError> {
    read(object(text)?, folder)
}

/// The same of a value. Fields that are null are as if they were not there: a program has written them.
pub(super) fn aliases_of(
    value: &impl serde::Serialize,
) -> Result<BTreeMap<String, CacheConfig>, ConfigError> {
    let text = serde_json::to_string(value).map_err(|error| {
        ConfigError::new(ConfigErrorKind::Syntax, format!("the value cannot be written as JSON: {error}"))
            .caused_by(error)
    })?;
    let mut map = object(&text)?;
    map.values_mut().for_each(without_nulls);
    read(map, None)
}

fn without_nulls(value: &mut Value) {
    if let Value::Object(fields) = value {
        fields.retain(|_, field| !field.is_null());
        fields.values_mut().for_each(without_nulls);
    }
}

fn read(
    map: Map<String, Value>,
    folder: Option<&Path>,
) -> Result<BTreeMap<String, CacheConfig>, ConfigError> {
    let mut aliases = BTreeMap::new();
    // In the order of their names, whichever map it is.
    let given: BTreeMap<String, Value> = map.into_iter().collect();
    for (alias, value) in given {
        if alias == SCHEMA && value.is_string() {
            continue;
        }
        let config = CacheConfig::of_alias(&alias, &value, folder).map_err(|error| error.of_alias(&alias))?;
        aliases.insert(alias, config);
    }
    Ok(aliases)
}

/// Looks whether an alias can be one.
pub(super) fn check_alias(alias: &str) -> Result<(), ConfigError> {
    if alias.is_empty() {
        return Err(ConfigError::wrong("an alias must not be empty"));
    }
    Ok(())
}

impl CacheConfig {
    fn of_alias(alias: &str, value: &Value, folder: Option<&Path>) -> Result<Self, ConfigError> {
        check_alias(alias)?;
        let Value::Object(fields) = value else {
            let mut what = format!("it is {}, and must be an object of fields", kind(value));
            if find(alias).is_ok() {
                what.push_str("; fields are within an alias, as in {\"default\": {\"url\": \"memory:\"}}");
            }
            return Err(ConfigError::wrong(what));
        };
        let mut draft = Draft::default();
        let fields: BTreeMap<_, _> = fields.iter().collect();
        for (name, value) in fields {
            let field = find(name)?;
            (field.read)(&mut draft, value).map_err(|error| error.of_field(name))?;
        }
        let mut config = Self::new(draft, folder)?;
        config.namespace.get_or_insert_with(|| alias.to_owned());
        Ok(config)
    }

    /// What a url says.
    pub(super) fn of_url(url: &str) -> Result<Self, ConfigError> {
        Self::new(Draft { url: Some(Url::parse(url)?), ..Draft::default() }, None)
    }

    fn new(mut draft: Draft, folder: Option<&Path>) -> Result<Self, ConfigError> {
        let store = match (draft.url.take(), draft.tiers.take()) {
            (Some(url), None) => {
                take_options(&mut draft, &url.options)?;
                StoreConfig::One(Place::new(&url, &draft, folder)?)
            }
            (None, Some(urls)) => tiers(&urls, &draft, folder)?,
            (None, None) => {
                let what = "it needs the field `url` or `tiers`, as in {\"url\": \"memory:\"}";
                return Err(ConfigError::new(ConfigErrorKind::MissingField, what));
            }
            (Some(_), Some(_)) => {
                let what = "it has both `url` and `tiers`, and only one of them can say where the store is";
                return Err(ConfigError::new(ConfigErrorKind::Conflict, what));
            }
        };
        check_ttls(&draft)?;
        Ok(Self {
            store,
            namespace: draft.namespace,
            codec: draft.codec,
            compression: draft.compression,
            signing_keys: draft.signing_keys,
            ttl: draft.ttl,
            min_ttl: draft.min_ttl,
            max_ttl: draft.max_ttl,
            timeout: draft.timeout,
            max_value: draft.max_value,
            local: draft.local,
            local_ttl: draft.local_ttl,
            write_behind: draft.write_behind,
            warm: draft.warm,
        })
    }
}

/// Reads the options of a url as if they were fields.
fn take_options(draft: &mut Draft, options: &[(String, String)]) -> Result<(), ConfigError> {
    for (name, text) in options {
        let field = find(name)?;
        if field.part == Part::Address {
            let what = "it cannot be an option of a url";
            return Err(ConfigError::new(ConfigErrorKind::NotApplicable, what).of_field(name));
        }
        let is_new = (field.read_option)(draft, text).map_err(|error| error.of_field(name))?;
        if !is_new {
            let what = "it is given twice: as an option of the url and as another one, or as a field";
            return Err(ConfigError::new(ConfigErrorKind::Duplicate, what).of_field(name));
        }
    }
    Ok(())
}

/// Refuses fields that would do nothing. `why` says what is wrong with a field of some part.
fn refuse(draft: &Draft, why: impl Fn(Part) -> Option<String>) -> Result<(), ConfigError> {
    for field in FIELDS.iter().filter(|field| (field.is_given)(draft)) {
        if let Some(what) = why(field.part) {
            return Err(ConfigError::new(ConfigErrorKind::NotApplicable, what).of_field(field.name));
        }
    }
    Ok(())
}

/// Two tiers. What is said of the stores must be said in their urls.
fn tiers(urls: &[Url; 2], draft: &Draft, folder: Option<&Path>) -> Result<StoreConfig, ConfigError> {
    let of_a_store = "with `tiers` it is an option of a url, as in `memory:?capacity=256MiB`";
    refuse(draft, |part| matches!(part, Part::Store(_)).then(|| of_a_store.to_owned()))?;
    let place = |url: &Url| {
        if url.scheme == Scheme::Null {
            let what = "a tier that holds nothing does nothing: give the other one as `url`";
            return Err(ConfigError::new(ConfigErrorKind::NotApplicable, what));
        }
        let mut own = Draft::default();
        take_options(&mut own, &url.options)?;
        let of_all = "it is not for one tier, but for both: make it a field";
        refuse(&own, |part| (!matches!(part, Part::Store(_))).then(|| of_all.to_owned()))?;
        Place::new(url, &own, folder)
    };
    let place = |url: &Url| place(url).map_err(|error| error.of_field("tiers"));
    let (front, back) = (place(&urls[0])?, place(&urls[1])?);
    if let Place::Memory { .. } = back {
        let what = "the second tier must keep more than the first, so it cannot be `memory:`";
        return Err(ConfigError::new(ConfigErrorKind::NotApplicable, what).of_field("tiers"));
    }
    if let (Place::Disk { path, .. }, Place::Disk { path: other, .. }) = (&front, &back)
        && identity(path) == identity(other)
    {
        let what = "both tiers are the same file";
        return Err(ConfigError::new(ConfigErrorKind::Conflict, what).of_field("tiers"));
    }
    Ok(StoreConfig::Tiers { front, back, front_ttl: draft.front_ttl })
}

impl Place {
    /// Whether a store is empty that was just opened here.
    fn begins_empty(&self) -> bool {
        matches!(self, Self::Memory { .. } | Self::Null)
    }

    fn new(url: &Url, draft: &Draft, folder: Option<&Path>) -> Result<Self, ConfigError> {
        refuse(draft, |part| match part {
            Part::Store(kinds) if !kinds.contains(&url.scheme) => {
                let (own, kinds) = (schemes(&[url.scheme], "or"), schemes(kinds, "and"));
                Some(format!("it does nothing for {own}; it is for {kinds}"))
            }
            Part::Tiers => Some("it does nothing without `tiers`".to_owned()),
            _ => None,
        })?;
        let (capacity, sync_interval) = (draft.capacity, draft.sync_interval);
        match url.scheme {
            Scheme::Memory => Ok(Self::Memory { capacity }),
            Scheme::Null => Ok(Self::Null),
            Scheme::Disk => {
                let path = absolute(Path::new(&url.path), folder)?;
                Ok(Self::Disk { path, capacity, sync_interval })
            }
        }
    }
}

fn absolute(path: &Path, folder: Option<&Path>) -> Result<PathBuf, ConfigError> {
    let path = folder.map_or_else(|| path.to_owned(), |folder| folder.join(path));
    std::path::absolute(&path).map_err(|error| {
        let what = format!("the working directory, where a relative path begins, is not known: {error}");
        ConfigError::new(ConfigErrorKind::Unreadable, what).caused_by(error)
    })
}

/// A ttl that is always cut, or always lengthened, is a mistake.
fn check_ttls(draft: &Draft) -> Result<(), ConfigError> {
    let conflict =
        |field: &str, what: &str| Err(ConfigError::new(ConfigErrorKind::Conflict, what).of_field(field));
    let (ttl, min, max) = (draft.ttl, draft.min_ttl, draft.max_ttl);
    if min.zip(max).is_some_and(|(min, max)| min > max) {
        return conflict("min_ttl", "it is longer than `max_ttl`");
    }
    if ttl.zip(max).is_some_and(|(ttl, max)| ttl > max) {
        return conflict("ttl", "it is longer than `max_ttl`");
    }
    if ttl.zip(min).is_some_and(|(ttl, min)| ttl < min && !ttl.is_zero()) {
        return conflict("ttl", "it is shorter than `min_ttl`");
    }
    Ok(())
}

/// The path that a file has, whatever name it is reached by. The file, and its folder, need not be there.
pub(super) fn identity(path: &Path) -> PathBuf {
    let whole = path.canonicalize();
    let by_folder = || Some(path.parent()?.canonicalize().ok()?.join(path.file_name()?));
    whole.ok().or_else(by_folder).unwrap_or_else(|| path.to_owned())
}

impl StoreConfig {
    /// Whether such a store is empty when it was just opened.
    pub(super) fn begins_empty(&self) -> bool {
        match self {
            Self::One(place) => place.begins_empty(),
            Self::Tiers { front, back, .. } => front.begins_empty() && back.begins_empty(),
        }
    }

    /// The files that it uses, by the paths that they have.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        let path =
            |place: &Place| if let Place::Disk { path, .. } = place { Some(identity(path)) } else { None };
        match self {
            Self::One(place) => path(place).into_iter().collect(),
            Self::Tiers { front, back, .. } => path(front).into_iter().chain(path(back)).collect(),
        }
    }

    /// The same, with the paths that the files have.
    pub(super) fn canonical(&self) -> Self {
        let mut same = self.clone();
        let places = match &mut same {
            Self::One(place) => [Some(place), None],
            Self::Tiers { front, back, .. } => [Some(front), Some(back)],
        };
        for place in places.into_iter().flatten() {
            if let Place::Disk { path, .. } = place {
                *path = identity(path);
            }
        }
        same
    }
}

/// The error of a file that is used in two ways. `who` uses it otherwise.
pub(super) fn used_otherwise(path: &Path, who: &str) -> ConfigError {
    let path = quoted(&path.display().to_string());
    let what = format!("{who} uses the file {path} with other options or tiers: give both the same");
    ConfigError::new(ConfigErrorKind::Conflict, what)
}

/// Looks whether all that use the same file say the same of it.
pub(super) fn check_files<'a>(
    configs: impl IntoIterator<Item = (&'a str, &'a CacheConfig)>,
) -> Result<(), ConfigError> {
    let mut files: BTreeMap<PathBuf, (&str, StoreConfig)> = BTreeMap::new();
    for (alias, config) in configs {
        let store = config.store.canonical();
        for path in store.files() {
            match files.get(&path) {
                Some((first, known)) if *known != store => {
                    let who = format!("the alias {}", quoted(first));
                    return Err(used_otherwise(&path, &who).of_alias(alias));
                }
                Some(_) => {}
                None => {
                    files.insert(path, (alias, store.clone()));
                }
            }
        }
    }
    Ok(())
}
