//! What a cache is built with.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::compute::ComputedMemos;
use super::local::{Local, WriteBehind};
use super::stats::Counters;
use super::{Cache, Shared};
use crate::memo::TtlBounds;
use crate::memo::runtime::Runtime;
use crate::store::clock::StoreClock;
use crate::store::envelope::{Envelope, MAX_VALUE};
use crate::store::function::Warming;
use crate::store::key::Namespace;
use crate::store::link::Link;
use crate::store::protocol::Protocol;
use crate::store::{Codec, Compression, SigningKeys, Store, StoreError, StoreErrorKind, TimeToLive};

/// How long a request to a store takes at most, unless something else is said.
const TIMEOUT: Duration = Duration::from_secs(5);

/// How long a channel may be silent, unless something else is said.
const CHANNEL_TIMEOUT: Duration = Duration::from_secs(3);

/// Builds a [`Cache`]. [`Cache::builder`] returns it.
///
/// Processes that share values need the same namespace, codec and signing keys.
#[must_use = "nothing is built before `build`"]
pub struct CacheBuilder {
    store: Arc<dyn Store>,
    namespace: String,
    codec: Codec,
    compression: Compression,
    signing: Option<SigningKeys>,
    max_value: usize,
    /// The default, the shortest and the longest ttl.
    ttls: [Option<Result<Duration, StoreError>>; 3],
    timeout: Duration,
    channel_timeout: Duration,
    warm: usize,
    local: bool,
    local_ttl: Option<Result<Duration, StoreError>>,
    write_behind: bool,
}

impl CacheBuilder {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            namespace: "cache".to_owned(),
            codec: Codec::json(),
            compression: Compression::default(),
            signing: None,
            max_value: MAX_VALUE,
            ttls: [None, None, None],
            timeout: TIMEOUT,
            channel_timeout: CHANNEL_TIMEOUT,
            warm: 0,
            local: true,
            local_ttl: None,
            write_behind: false,
        }
    }

    /// What the keys of this cache begin with: `cache`, unless something else is said. It must not be empty.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// How values are encoded: as JSON, unless something else is said.
    pub fn codec(mut self, codec: Codec) -> Self {
        self.codec = codec;
        self
    }

    /// How values are compressed, and from which size on.
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// Signs values with the first of these keys, and returns only values that one of them has signed. Without keys,
    /// only values that are not signed are returned.
    pub fn signing_keys(mut self, keys: SigningKeys) -> Self {
        self.signing = Some(keys);
        self
    }

    /// How many bytes an encoded value may have: 64 MiB, unless something else is said. A larger one is not stored, and
    /// one that claims to be larger is not read.
    pub fn max_value(mut self, bytes: usize) -> Self {
        self.max_value = bytes;
        self
    }

    /// How long values are kept that say nothing of it: for ever, unless something else is said.
    pub fn ttl(mut self, ttl: impl TimeToLive) -> Self {
        self.ttls[0] = Some(ttl.into_ttl());
        self
    }

    /// How long values are kept at least. A ttl of zero stays zero.
    pub fn min_ttl(mut self, ttl: impl TimeToLive) -> Self {
        self.ttls[1] = Some(ttl.into_ttl());
        self
    }

    /// How long values are kept at most. The tags and the revision of the namespace are kept twice as long after they
    /// were last used. Without it, they are kept for ever.
    pub fn max_ttl(mut self, ttl: impl TimeToLive) -> Self {
        self.ttls[2] = Some(ttl.into_ttl());
        self
    }

    /// How long a request to the store takes at most: 5 seconds, unless something else is said. A call that takes two
    /// requests shares it between them.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long the channel of the store may be silent before functions stop keeping values in front of it: 3 seconds,
    /// unless something else is said. Each process that listens makes it show life once per second.
    pub fn channel_timeout(mut self, timeout: Duration) -> Self {
        self.channel_timeout = timeout;
        self
    }

    /// How many values of each function are taken into the process when it is called first: those that it read most when
    /// the program ran last. None, unless something else is said. See [`Cache::warm`].
    pub fn warm(mut self, entries: usize) -> Self {
        self.warm = entries;
        self
    }

    /// Whether functions also keep values in the process, unless they say it themselves (`local = false`): they do, unless
    /// something else is said.
    pub fn local(mut self, local: bool) -> Self {
        self.local = local;
        self
    }

    /// How long functions keep values in the process at most, unless they say it themselves (`local_ttl`). Where the store
    /// has no channel, that is by how much they may lag behind other processes. Then a function with a stale window keeps
    /// nothing: it would lag longer.
    pub fn local_ttl(mut self, ttl: impl TimeToLive) -> Self {
        self.local_ttl = Some(ttl.into_ttl());
        self
    }

    /// Whether a call of a function returns before the store has what it has computed: it waits, unless something else is
    /// said. It waits in any case if the process does not keep the value. A value that is still on its way when the program
    /// ends is lost, and other processes may compute it meanwhile. Beyond 1000 values on their way, calls wait again.
    pub fn write_behind(mut self, write_behind: bool) -> Self {
        self.write_behind = write_behind;
        self
    }

    /// Builds the cache. Nothing is sent to the store yet.
    ///
    /// # Errors
    ///
    /// [`Invalid`](StoreErrorKind::Invalid) if the namespace is empty, a text is no duration, or the shortest ttl is
    /// longer than the longest one.
    pub fn build(self) -> Result<Cache, StoreError> {
        let invalid = |what: String| Err(StoreError::new(StoreErrorKind::Invalid, what));
        if self.namespace.is_empty() {
            return invalid("the namespace of a cache must not be empty".to_owned());
        }
        let [ttl, min_ttl, max_ttl] = self.ttls;
        let (ttl, min_ttl, max_ttl) = (ttl.transpose()?, min_ttl.transpose()?, max_ttl.transpose()?);
        let min_ttl = min_ttl.unwrap_or(Duration::ZERO);
        let max_ttl = max_ttl.filter(|ttl| *ttl != Duration::MAX);
        if max_ttl.is_some_and(|max| max < min_ttl || max.is_zero()) {
            let namespace = self.namespace;
            return invalid(format!("`max_ttl` of `{namespace}` is zero or shorter than `min_ttl`"));
        }
        let local_ttl = self.local_ttl.transpose()?;
        if local_ttl.is_some_and(|ttl| ttl.is_zero()) {
            return invalid("a `local_ttl` of 0 keeps nothing in the process: say `local(false)`".to_owned());
        }
        let checks = !self.store.vouches_for_bytes();
        let link = Link::new(self.store, Runtime::current().clock.clone(), self.timeout);
        let envelope = Envelope {
            codec: self.codec,
            compression: self.compression,
            keys: self.signing,
            max_value: self.max_value,
            checks,
        };
        let namespace = Namespace::new(&self.namespace);
        let values = namespace.values("");
        let protocol = Protocol::new(namespace, link, StoreClock::current(), envelope, max_ttl);
        Ok(Cache(Arc::new(Shared {
            protocol,
            name: self.namespace.into(),
            values,
            bounds: TtlBounds { ttl, min: min_ttl, max: max_ttl },
            timeout: self.timeout,
            channel_timeout: self.channel_timeout,
            coherence: OnceLock::new(),
            warming: Warming::new(self.warm),
            local: Local { keeps: self.local, ttl: local_ttl },
            write_behind: WriteBehind::new(self.write_behind),
            computed: ComputedMemos::new(),
            counters: Counters::default(),
        })))
    }
}

impl fmt::Debug for CacheBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheBuilder")
            .field("store", &self.store.name())
            .field("namespace", &self.namespace)
            .finish_non_exhaustive()
    }
}
