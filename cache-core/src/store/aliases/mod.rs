//! Aliases: caches by name, as a configuration says what they are.

mod build;
mod compression;
mod config;
mod environment;
mod error;
mod fields;
mod json;
mod registry;
mod schema;
mod signing;
#[cfg(all(test, feature = "testing", not(loom)))]
mod tests;
mod url;
mod value;

use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

pub use error::{ConfigError, ConfigErrorKind};

use self::config::CacheConfig;
use self::environment::Environment;
use self::registry::Registry;
use super::Cache;
use crate::memo::runtime::Runtime;

/// The aliases of this process, or of the test scope of this thread.
///
/// ```
/// use cache_core::store::caches;
///
/// caches().configure(r#"{
///     "default": { "url": "memory:?capacity=64MiB", "ttl": "1h" },
///     "sessions": { "url": "memory:", "ttl": "20m", "max_ttl": "1d" }
/// }"#)?;
///
/// let sessions = caches().get("sessions")?;
/// sessions.insert("tom", &7).wait()?;
/// assert_eq!(caches().get("sessions")?.get::<u32>("tom").wait()?, Some(7));
/// assert_eq!(caches().get("default")?.get::<u32>("tom").wait()?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Configuration
///
/// A configuration is a JSON object. Each name is an alias, and its value an object of fields. The JSON schema of it
/// is [`Caches::schema`].
///
#[doc = include_str!("fields.md")]
///
/// A duration is a text such as `"5m"` or `"1h30m"`, or a number of seconds. A size is a number of bytes, or a text
/// such as `"64KiB"`, `"256MiB"` or `"2GiB"`. In a path or an option of a url, `%` and two hexadecimal digits are a
/// byte.
///
/// A field that does nothing for a store is an error, and so is whatever is there twice. Aliases that use the same
/// file must say the same of it. They share one store then, and are apart by their namespaces.
///
/// # Environment
///
/// Two variables configure caches without a change to the program: `CACHE_CORE_CONFIG` is the path of a file, or JSON
/// if it begins with `{`. `CACHE_CORE_URL` is the url of the alias `default`, and goes before what the former says of
/// it. What the program configures goes before both. They are read once, when an alias is asked for that the program
/// has not configured. Test scopes do not look at them.
pub fn caches() -> Caches {
    Caches
}

/// The aliases of this process, or of the test scope of this thread. See [`caches`].
///
/// Within a test scope, nothing is configured at first.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Caches;

impl Caches {
    /// Configures aliases by a JSON text. Others stay as they are.
    ///
    /// If an alias was configured before, later [`get`](Self::get)s return a new cache. Who has the old one keeps it.
    /// Nothing is opened yet.
    ///
    /// # Errors
    ///
    /// If anything in the text is wrong. Then nothing is changed.
    pub fn configure(&self, text: &str) -> Result<(), ConfigError> {
        registry().configure(config::aliases(text, None)?)
    }

    /// Configures aliases by a file of JSON, as [`configure`](Self::configure) does. Relative paths in it begin at the
    /// folder of the file.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or anything in it is wrong. Then nothing is changed.
    pub fn configure_file(&self, path: impl AsRef<Path>) -> Result<(), ConfigError> {
        let path = path.as_ref();
        let configs = environment::read_file(path)?;
        registry().configure(configs).map_err(|error| error.from(&path.display().to_string()))
    }

    /// Configures aliases by a value that serializes as such a configuration, as [`configure`](Self::configure) does.
    /// Fields that are null count as not there.
    ///
    /// ```
    /// use cache_core::store::caches;
    /// use serde_json::json;
    ///
    /// let capacity = 64 << 20;
    /// caches().configure_value(&json!({ "pages": { "url": "memory:", "capacity": capacity } }))?;
    /// # Ok::<(), cache_core::store::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the value does not serialize, or anything in it is wrong. Then nothing is changed.
    pub fn configure_value(&self, value: &impl Serialize) -> Result<(), ConfigError> {
        registry().configure(config::aliases_of(value)?)
    }

    /// Lets an alias stand for a cache that the program has built itself, such as one with a store or a codec of its
    /// own. It takes the place of what was configured before.
    ///
    /// # Errors
    ///
    /// If the alias is empty.
    ///
    /// ```
    /// use cache_core::store::{Cache, MemoryStore, caches};
    ///
    /// caches().register("own", Cache::builder(MemoryStore::new()).namespace("own").build()?)?;
    /// assert_eq!(caches().get("own")?.namespace(), "own");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn register(&self, alias: &str, cache: Cache) -> Result<(), ConfigError> {
        config::check_alias(alias)?;
        registry().register(alias, cache);
        Ok(())
    }

    /// Returns the cache of an alias: the same each time. It is built when it is asked for first, and its store is
    /// opened then.
    ///
    /// Later calls take one lock and look into a map. Keep the cache where this counts.
    ///
    /// # Errors
    ///
    /// If the alias is not configured, the environment is wrong, or the store cannot be opened. The next call tries
    /// again to open it.
    pub fn get(&self, alias: &str) -> Result<Cache, ConfigError> {
        registry().get(alias)
    }

    /// Makes a new cache as an alias says. It counts for itself. If the store is in memory, it is a new one without
    /// values. If it uses a file, it is shared with the other caches that do.
    ///
    /// # Errors
    ///
    /// As for [`get`](Self::get), and if the alias stands for a cache that the program has
    /// [registered](Self::register).
    pub fn create(&self, alias: &str) -> Result<Cache, ConfigError> {
        registry().create(alias)
    }

    /// Makes a new cache as a url says, with options such as `memory:?namespace=shop&ttl=5m`. Its namespace is
    /// `cache`, if the url has no other.
    ///
    /// # Errors
    ///
    /// If the url is wrong, or the store cannot be opened.
    ///
    /// ```
    /// use cache_core::store::caches;
    ///
    /// let cache = caches().from_url("memory:?capacity=16MiB&ttl=1h")?;
    /// let error = caches().from_url("memroy:").unwrap_err();
    /// assert!(error.to_string().contains("did you mean `memory:`?"));
    /// # Ok::<(), cache_core::store::ConfigError>(())
    /// ```
    pub fn from_url(&self, url: &str) -> Result<Cache, ConfigError> {
        registry().build_alone(&CacheConfig::of_url(url)?)
    }

    /// Returns the names of all aliases, in order. If the environment is wrong, those that the program has configured.
    pub fn aliases(&self) -> Vec<String> {
        registry().aliases()
    }

    /// Returns the JSON schema of configurations, for editors. It is also the file `config.schema.json` of this crate.
    /// A configuration may name it, by a text `$schema` among the aliases.
    pub fn schema() -> String {
        format!("{:#}\n", schema::schema())
    }
}

/// The registry of the runtime in which this thread works.
fn registry() -> Arc<Registry> {
    registry_of(&Runtime::current())
}

/// The registry of a runtime.
pub(in crate::store) fn registry_of(runtime: &Arc<Runtime>) -> Arc<Registry> {
    let stores = runtime.stores_or(|is_process| {
        let environment: Option<fn() -> Environment> = is_process.then_some(Environment::of_process);
        Registry::new(environment)
    });
    stores.as_any().downcast().unwrap_or_else(|_| unreachable!("the aliases of caches are of one type"))
}
