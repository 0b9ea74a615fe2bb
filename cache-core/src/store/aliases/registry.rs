//! The aliases of one runtime: what is configured, and what was built of it.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Weak};

use super::build::{build, open};
use super::config::{CacheConfig, StoreConfig, check_files, used_otherwise};
use super::environment::Environment;
use super::error::{list, suggestion};
use super::{ConfigError, ConfigErrorKind};
use crate::handles::{AnyMemoRef, clear_here};
use crate::memo::{Acknowledgement, Backing, MemoCore, Runtime, Stores};
use crate::store::protocol::wire_names;
use crate::store::{Cache, Store};
use crate::sync::plain::{Mutex, MutexGuard};
use crate::sync::{Locked, held_in};
use crate::tags::{Name, Severity, TagName};

/// The aliases of a runtime.
pub(in crate::store) struct Registry {
    /// What the environment says. Test scopes have none.
    environment: Option<fn() -> Environment>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What the program has configured.
    aliases: BTreeMap<String, Alias>,
    /// What the environment has configured, once it was read.
    environment: Option<Result<BTreeMap<String, Alias>, ConfigError>>,
    /// Stores by the files that they use.
    files: BTreeMap<PathBuf, FileUse>,
    /// Held while something is built, so that no file is opened twice. The lock of the state is not held then.
    building: Arc<Mutex<()>>,
}

struct Alias {
    /// [`None`] if the program has built the cache itself.
    config: Option<Arc<CacheConfig>>,
    cache: Option<Cache>,
}

/// A store that uses a file.
struct FileUse {
    config: StoreConfig,
    store: Weak<dyn Store>,
}

impl Alias {
    fn new(config: CacheConfig) -> Self {
        Self { config: Some(Arc::new(config)), cache: None }
    }
}

/// What is found under an alias.
enum Found {
    Built(Cache),
    Configured(Arc<CacheConfig>),
}

impl Registry {
    pub(super) fn new(environment: Option<fn() -> Environment>) -> Arc<Self> {
        let registry = Arc::new(Self { environment, state: Mutex::default() });
        crate::store::fork::register(&registry);
        registry
    }

    /// Takes aliases in, in place of those of the same names. If one is wrong, nothing is changed.
    pub(super) fn configure(&self, configs: BTreeMap<String, CacheConfig>) -> Result<(), ConfigError> {
        let building = self.building();
        let guard = building.lock();
        // Whoever changes aliases holds the lock for building.
        let others: Vec<_> = {
            let state = self.state.lock();
            let others = state.aliases.iter().filter(|(alias, _)| !configs.contains_key(*alias));
            others.filter_map(|(alias, known)| Some((alias.clone(), known.config.clone()?))).collect()
        };
        let others = others.iter().map(|(alias, config)| (alias.as_str(), &**config));
        let new = configs.iter().map(|(alias, config)| (alias.as_str(), config));
        check_files(others.chain(new))?;
        let new = configs.into_iter().map(|(alias, config)| (alias, Alias::new(config)));
        self.replace(new, guard);
        Ok(())
    }

    /// Takes in a cache that was built elsewhere.
    pub(super) fn register(&self, alias: &str, cache: Cache) {
        let new = Alias { config: None, cache: Some(cache) };
        let building = self.building();
        self.replace([(alias.to_owned(), new)], building.lock());
    }

    /// Puts aliases in the place of those of the same names. `building` is held.
    fn replace(&self, new: impl IntoIterator<Item = (String, Alias)>, building: MutexGuard<'_, ()>) {
        let mut state = self.state.lock();
        let mut names = Vec::new();
        let old = new.into_iter().filter_map(|(alias, new)| {
            names.push(alias.clone());
            state.aliases.insert(alias, new)
        });
        let (registered, configured): (Vec<_>, Vec<_>) = old.partition(|alias| alias.config.is_none());
        drop(state);
        // This may close files. Nobody opens them again meanwhile.
        drop(configured);
        drop(building);
        // The stores of these may be the user's, whose code runs under no lock.
        drop(registered);
        // What functions have kept without the new caches, nobody else could invalidate.
        let is_new = |memo: &Arc<MemoCore>| {
            let alias = memo.backing().and_then(Backing::alias);
            alias.is_some_and(|alias| names.iter().any(|name| name == alias))
        };
        let memos = Runtime::current().memos().into_iter().filter(is_new).map(AnyMemoRef);
        clear_here(&memos.collect::<Vec<_>>(), Severity::Hard);
    }

    /// The cache of an alias.
    pub(in crate::store) fn get(&self, alias: &str) -> Result<Cache, ConfigError> {
        loop {
            let config = match self.find(alias)? {
                Found::Built(cache) => return Ok(cache),
                Found::Configured(config) => config,
            };
            let building = self.building();
            let guard = building.lock();
            // Another thread may have built it while this one waited, or the alias may be another.
            match self.find_known(alias) {
                Some(Found::Built(cache)) => return Ok(cache),
                Some(Found::Configured(now)) if Arc::ptr_eq(&now, &config) => {}
                _ => continue,
            }
            let cache = self.build(&config).map_err(|error| error.of_alias(alias))?;
            let mut state = self.state.lock();
            if let Some(known) = state.known(alias) {
                known.cache = Some(cache.clone());
            }
            drop(state);
            drop(guard);
            return Ok(cache);
        }
    }

    /// A new cache of an alias.
    pub(super) fn create(&self, alias: &str) -> Result<Cache, ConfigError> {
        self.find(alias)?;
        let config = self.state.lock().known(alias).and_then(|known| known.config.clone());
        let Some(config) = config else {
            let what = "the program has registered this cache itself, so no other can be made";
            return Err(ConfigError::new(ConfigErrorKind::NotApplicable, what).of_alias(alias));
        };
        self.build_alone(&config).map_err(|error| error.of_alias(alias))
    }

    /// A cache that no alias stands for.
    pub(super) fn build_alone(&self, config: &CacheConfig) -> Result<Cache, ConfigError> {
        let building = self.building();
        let _guard = building.lock();
        self.build(config)
    }

    /// All aliases, in order.
    pub(super) fn aliases(&self) -> Vec<String> {
        self.read_environment();
        let state = self.state.lock();
        let names: BTreeSet<&String> = state.names().collect();
        names.into_iter().cloned().collect()
    }

    /// The aliases whose stores may hold values. A store in memory that was not asked for yet is empty.
    fn that_may_hold_values(&self) -> Vec<String> {
        self.read_environment();
        let mut state = self.state.lock();
        let names: BTreeSet<String> = state.names().cloned().collect();
        let may_hold = |alias: &Alias| {
            alias.cache.is_some()
                || alias.config.as_deref().is_some_and(|config| !config.store.begins_empty())
        };
        names.into_iter().filter(|name| state.known(name).is_some_and(|alias| may_hold(alias))).collect()
    }

    fn building(&self) -> Arc<Mutex<()>> {
        self.state.lock().building.clone()
    }

    fn find_known(&self, alias: &str) -> Option<Found> {
        let mut state = self.state.lock();
        let known = state.known(alias)?;
        let config = known.config.clone().map(Found::Configured);
        known.cache.clone().map(Found::Built).or(config)
    }

    fn find(&self, alias: &str) -> Result<Found, ConfigError> {
        if let Some(found) = self.find_known(alias) {
            return Ok(found);
        }
        self.read_environment();
        if let Some(found) = self.find_known(alias) {
            return Ok(found);
        }
        let state = self.state.lock();
        if let Some(Err(error)) = &state.environment {
            return Err(error.clone());
        }
        let names: BTreeSet<&str> = state.names().map(String::as_str).collect();
        let what = if names.is_empty() {
            "no alias is configured: `caches().configure(..)` does it".to_owned()
        } else {
            let near = suggestion(alias, names.iter().copied());
            format!("it is not configured{near}; there are {}", list(names, "and"))
        };
        Err(ConfigError::new(ConfigErrorKind::UnknownAlias, what).of_alias(alias))
    }

    /// Reads the environment, if it was not read yet.
    fn read_environment(&self) {
        let Some(environment) = self.environment else { return };
        let building = self.building();
        let _guard = building.lock();
        if self.state.lock().environment.is_none() {
            let read = environment().read();
            let aliases = read
                .map(|read| read.into_iter().map(|(alias, config)| (alias, Alias::new(config))).collect());
            self.state.lock().environment = Some(aliases);
        }
    }

    /// Builds a cache. The lock for building is held.
    fn build(&self, config: &CacheConfig) -> Result<Cache, ConfigError> {
        build(config, self.store(&config.store)?)
    }

    /// The store of a configuration: one that is there, if it uses files, or else a new one.
    fn store(&self, config: &StoreConfig) -> Result<Arc<dyn Store>, ConfigError> {
        // The path that a file has is known when its folder is there. If it cannot be made, the store says why.
        for folder in config.files().iter().filter_map(|path| path.parent()) {
            let _ = std::fs::create_dir_all(folder);
        }
        let config = config.canonical();
        for path in config.files() {
            let state = self.state.lock();
            let Some(used) = state.files.get(&path) else { continue };
            let Some(store) = used.store.upgrade() else { continue };
            let same = used.config == config;
            // A store may be dropped here for the last time: not under the lock.
            drop(state);
            return if same { Ok(store) } else { Err(used_otherwise(&path, "a cache that is still in use")) };
        }
        let store = open(&config)?;
        let mut state = self.state.lock();
        state.files.retain(|_, used| used.store.strong_count() > 0);
        for path in config.files() {
            state.files.insert(path, FileUse { config: config.clone(), store: Arc::downgrade(&store) });
        }
        drop(state);
        Ok(store)
    }
}

impl State {
    /// An alias. What the program has configured goes before what the environment has.
    fn known(&mut self, alias: &str) -> Option<&mut Alias> {
        let of_environment = self.environment.as_mut().and_then(|read| read.as_mut().ok());
        self.aliases.get_mut(alias).or_else(|| of_environment?.get_mut(alias))
    }

    fn names(&self) -> impl Iterator<Item = &String> {
        let of_environment = self.environment.as_ref().and_then(|read| read.as_ref().ok());
        self.aliases.keys().chain(of_environment.into_iter().flat_map(BTreeMap::keys))
    }
}

impl Stores for Registry {
    fn invalidate_tag(&self, name: &Name) -> Vec<Acknowledgement> {
        let Ok(names) = wire_names(&[TagName(name.clone())]) else { return Vec::new() };
        let invalidate = |alias: String| {
            let cache = self.get(&alias).ok()?;
            cache.shared().protocol.remember_tags(&names);
            cache.send_remembered(&Runtime::current())
        };
        self.that_may_hold_values().into_iter().filter_map(invalidate).collect()
    }

    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

impl crate::store::fork::Locks for Registry {
    fn hold(self: Arc<Self>) -> Vec<Box<dyn Locked>> {
        // What another thread of the parent was building is never built in the child.
        let held = held_in(self, |registry| registry.state.lock(), |state| state.building = Arc::default());
        vec![held]
    }
}
