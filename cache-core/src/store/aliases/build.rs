//! Caches and stores as a configuration says.

use std::sync::Arc;

use super::config::{CacheConfig, Place, StoreConfig};
use super::signing::SecretKey;
use super::{ConfigError, ConfigErrorKind};
use crate::store::{
    Cache, Codec, Compression, MemoryStore, NullStore, SigningKeys, Store, StoreError, TieredStore,
};

/// A cache in a store.
pub(super) fn build(config: &CacheConfig, store: Arc<dyn Store>) -> Result<Cache, ConfigError> {
    let mut builder = Cache::builder_with(store);
    if let Some(namespace) = &config.namespace {
        builder = builder.namespace(namespace);
    }
    if let Some(codec) = config.codec {
        builder = builder.codec(Codec::named(codec).map_err(of_store)?);
    }
    if let Some(compression) = &config.compression {
        let mut chosen = Compression::named(compression.algorithm).map_err(of_store)?;
        #[cfg(feature = "zstd")]
        if let Some(level) = compression.level {
            chosen = Compression::zstd(level);
        }
        if let Some(bytes) = compression.threshold {
            chosen = chosen.with_threshold(bytes);
        }
        builder = builder.compression(chosen);
    }
    if let Some(keys) = &config.signing_keys {
        let keys = SigningKeys::new(keys.iter().map(SecretKey::bytes)).map_err(|error| {
            ConfigError::wrong(error.to_string()).caused_by(error).of_field("signing_keys")
        })?;
        builder = builder.signing_keys(keys);
    }
    if let Some(ttl) = config.ttl {
        builder = builder.ttl(ttl);
    }
    if let Some(ttl) = config.min_ttl {
        builder = builder.min_ttl(ttl);
    }
    if let Some(ttl) = config.max_ttl {
        builder = builder.max_ttl(ttl);
    }
    if let Some(timeout) = config.timeout {
        builder = builder.timeout(timeout);
    }
    if let Some(bytes) = config.max_value {
        // No value is longer than the addresses of this machine reach.
        builder = builder.max_value(usize::try_from(bytes).unwrap_or(usize::MAX));
    }
    if let Some(local) = config.local {
        builder = builder.local(local);
    }
    if let Some(ttl) = config.local_ttl {
        builder = builder.local_ttl(ttl);
    }
    if let Some(write_behind) = config.write_behind {
        builder = builder.write_behind(write_behind);
    }
    if let Some(entries) = config.warm {
        builder = builder.warm(usize::try_from(entries).unwrap_or(usize::MAX));
    }
    builder.build().map_err(of_store)
}

/// Opens a store.
pub(super) fn open(config: &StoreConfig) -> Result<Arc<dyn Store>, ConfigError> {
    match config {
        StoreConfig::One(place) => open_place(place),
        StoreConfig::Tiers { front, back, front_ttl } => {
            // The file that lasts is opened first: it is the one that may not be there.
            let back = open_place(back)?;
            let mut tiers = TieredStore::new(open_place(front)?, back).map_err(of_store)?;
            if let Some(ttl) = front_ttl {
                tiers = tiers.front_ttl(*ttl);
            }
            Ok(Arc::new(tiers))
        }
    }
}

fn open_place(place: &Place) -> Result<Arc<dyn Store>, ConfigError> {
    match place {
        Place::Memory { capacity: None } => Ok(Arc::new(MemoryStore::new())),
        Place::Memory { capacity: Some(bytes) } => Ok(Arc::new(MemoryStore::with_capacity(*bytes))),
        Place::Null => Ok(Arc::new(NullStore::new())),
        #[cfg(feature = "disk")]
        Place::Disk { path, capacity, sync_interval } => {
            let mut builder = crate::store::DiskStore::builder(path);
            if let Some(bytes) = capacity {
                builder = builder.capacity(*bytes);
            }
            if let Some(interval) = sync_interval {
                builder = builder.sync_interval(*interval);
            }
            Ok(Arc::new(builder.open().map_err(of_store)?))
        }
        #[cfg(not(feature = "disk"))]
        Place::Disk { .. } => Err(ConfigError::feature("a url with `disk:`", "disk")),
    }
}

fn of_store(error: StoreError) -> ConfigError {
    ConfigError::new(ConfigErrorKind::Store, error.to_string()).caused_by(error)
}
