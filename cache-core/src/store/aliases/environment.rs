//! Caches that the environment of the process configures.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::path::Path;

use super::config::{self, CacheConfig};
use super::{ConfigError, ConfigErrorKind};

const CONFIG: &str = "CACHE_CORE_CONFIG";
const URL: &str = "CACHE_CORE_URL";

/// The alias that a url alone is for.
const DEFAULT: &str = "default";

/// The variables, if they are set and not empty.
#[derive(Debug, Default)]
pub(super) struct Environment {
    /// The path of a file, or JSON.
    pub(super) config: Option<OsString>,
    /// The url of the alias `default`.
    pub(super) url: Option<OsString>,
}

impl Environment {
    pub(super) fn of_process() -> Self {
        let variable = |name| env::var_os(name).filter(|value| !value.is_empty());
        Self { config: variable(CONFIG), url: variable(URL) }
    }

    pub(super) fn read(self) -> Result<BTreeMap<String, CacheConfig>, ConfigError> {
        let mut aliases = BTreeMap::new();
        if let Some(value) = self.config {
            let text = value.to_str().filter(|text| text.trim_start().starts_with('{'));
            let read = match text {
                Some(text) => config::aliases(text, None),
                None => read_file(Path::new(&value)),
            };
            aliases = read.map_err(|error| error.from(CONFIG))?;
        }
        if let Some(url) = self.url {
            let url = url.into_string().map_err(|_| {
                ConfigError::new(ConfigErrorKind::Unreadable, "its value is no Unicode").from(URL)
            })?;
            let mut config = CacheConfig::of_url(&url).map_err(|error| error.of_alias(DEFAULT).from(URL))?;
            config.namespace.get_or_insert_with(|| DEFAULT.to_owned());
            aliases.insert(DEFAULT.to_owned(), config);
        }
        let configs = aliases.iter().map(|(alias, config)| (alias.as_str(), config));
        config::check_files(configs).map_err(|error| error.from("the environment"))?;
        Ok(aliases)
    }
}

/// Reads a file. Relative paths within begin at its folder.
pub(super) fn read_file(path: &Path) -> Result<BTreeMap<String, CacheConfig>, ConfigError> {
    let shown = path.display().to_string();
    let unreadable = |error: std::io::Error| {
        let what = format!("the file cannot be read: {error}");
        ConfigError::new(ConfigErrorKind::Unreadable, what).caused_by(error).from(&shown)
    };
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    let whole = std::path::absolute(path).map_err(unreadable)?;
    config::aliases(&text, whole.parent()).map_err(|error| error.from(&shown))
}
