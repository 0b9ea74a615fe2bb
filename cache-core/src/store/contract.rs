//! What every store can do.

use std::any::Any;
use std::fmt;
use std::sync::Weak;
use std::time::Duration;

use bytes::Bytes;

use super::Answer;

/// A place for bytes under keys, which other processes may share.
///
/// Everything else of a [`Cache`](super) is built on these few operations: values with their codec, tags, and
/// invalidation that wins against computations in other processes. So a store of one's own takes little: it
/// implements `read` and `write`, and passes [`testing::conformance`](crate::testing).
///
/// # What a store must keep
///
/// - A write of one key is atomic: it is seen whole or not at all, and no other write comes between its
///   condition and its action.
/// - An acknowledged write is seen by each read that begins afterwards. A store may lose any key at any time, and
///   a value that it lost never comes back.
/// - Each put gives its key a [`Version`] that no key of this store has ever had.
/// - The writes of a batch are independent: each has its own outcome, and they may be carried out in any order.
/// - A request does nothing before its answer is polled, unless the answer is ready at once.
/// - A put is never sent twice with the same version.
/// - An action or a condition that the store does not know is refused with
///   [`Unsupported`](super::StoreErrorKind::Unsupported).
/// - What has expired is absent. A store measures a time to live by its own clock, from when the write arrives.
pub trait Store: Send + Sync + 'static {
    /// The store's kind and place as messages name it, such as `disk:./cache.redb`. Without passwords.
    fn name(&self) -> &str;

    /// What the keys hold, in their order.
    fn read<'a>(&'a self, keys: &'a [Bytes]) -> Answer<'a, Vec<Option<Stored>>>;

    /// Carries out writes of different keys. The outcomes are in the order of the batch.
    fn write<'a>(&'a self, batch: &'a [Write]) -> Answer<'a, Vec<Outcome>>;

    /// Whether other processes, or other instances in this one, may write to the same data.
    fn is_shared(&self) -> bool {
        true
    }

    /// Whether each read finds out by itself if bytes are no longer those that were put, as by a checksum. A cache then
    /// does not look for changed bits again.
    fn vouches_for_bytes(&self) -> bool {
        false
    }

    /// Writes out what is still in memory, and gives back connections and files. Later requests are refused with
    /// [`Closed`](super::StoreErrorKind::Closed). A store that has nothing to give back may leave this out.
    fn close(&self) -> Answer<'_, ()> {
        Answer::ready(Ok(()))
    }

    /// The keys that are present, if the store can list them.
    fn scan(&self) -> Option<&dyn Scan> {
        None
    }

    /// Numbers that are raised in one request, if the store has them. Others are read and replaced.
    fn counter(&self) -> Option<&dyn Counter> {
        None
    }

    /// A channel on which processes tell each other what they have invalidated, if the store has one. With it, functions
    /// may keep values in memory in front of a store that is shared.
    fn channel(&self) -> Option<&dyn Channel> {
        None
    }

    /// The client that the store is built on, for what a cache cannot do.
    fn client(&self) -> Option<&(dyn Any + Send + Sync)> {
        None
    }
}

/// A store that can list its keys.
pub trait Scan: Send + Sync {
    /// Some keys that begin with a prefix, and from where to go on; [`None`] after the last ones.
    ///
    /// Keys that are present from the first request to the last are each returned at least once. Others may or
    /// may not be.
    fn keys<'a>(&'a self, prefix: &'a [u8], from: Option<Bytes>) -> Answer<'a, (Vec<Bytes>, Option<Bytes>)>;
}

/// A store that can raise a number in one request.
pub trait Counter: Send + Sync {
    /// Adds one to the number under a key, which is written in decimal digits, and returns it. An absent one
    /// becomes `initial`. The number lives for at least `ttl` from now.
    fn raise<'a>(&'a self, key: &'a Bytes, initial: u64, ttl: Option<Duration>) -> Answer<'a, u64>;
}

/// A store that passes messages on to all processes that listen.
///
/// A message that is acknowledged has been sent to all connections that were subscribed then, that of the sender
/// among them. Those of one sender arrive in their order. Messages may be lost, but a listener whose connection was lost
/// learns of it.
pub trait Channel: Send + Sync {
    /// Sends a message to all who listen to a topic.
    fn publish<'a>(&'a self, topic: &'a Bytes, message: Bytes) -> Answer<'a, ()>;

    /// Calls a listener for each message of a topic, for as long as it is alive. It is called by any thread, one call
    /// after the other, and does not wait.
    ///
    /// The listener is told once the subscription is acknowledged, whenever messages may be lost, and when they arrive
    /// again. A connection that is lost is made anew by the store.
    fn subscribe(&self, topic: &Bytes, listener: Weak<dyn Listener>);
}

/// Is told of the messages of a [`Channel`].
pub trait Listener: Send + Sync {
    /// A message has arrived.
    fn message(&self, message: &Bytes);
    /// All messages from here on arrive. Earlier ones may have been lost.
    fn subscribed(&self);
    /// Messages from here on may be lost.
    fn lost(&self);
}

/// What a store holds under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stored {
    /// The bytes, as they were put.
    pub bytes: Bytes,
    /// Changes with each put.
    pub version: Version,
    /// How long the store will keep it from now, if the store knows that without another request.
    pub remaining: Option<Duration>,
}

impl Stored {
    /// Bytes with their version.
    pub fn new(bytes: Bytes, version: Version) -> Self {
        Self { bytes, version, remaining: None }
    }

    /// The same, with how long the store will keep it from now.
    #[must_use]
    pub fn with_remaining(mut self, remaining: Option<Duration>) -> Self {
        self.remaining = remaining;
        self
    }
}

/// Distinguishes the puts of a store: up to 24 bytes of the store's choice.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Version {
    bytes: [u8; Self::MAX],
    len: u8,
}

impl Version {
    /// The most bytes that a version can have.
    pub const MAX: usize = 24;

    /// A version of these bytes, or [`None`] if there are more than [`MAX`](Self::MAX).
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let mut version = Self { bytes: [0; Self::MAX], len: u8::try_from(bytes.len()).ok()? };
        version.bytes.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(version)
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

impl From<u64> for Version {
    fn from(number: u64) -> Self {
        let mut version = Self { bytes: [0; Self::MAX], len: 8 };
        version.bytes[..8].copy_from_slice(&number.to_be_bytes());
        version
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Version(")?;
        for byte in self.as_bytes() {
            write!(f, "{byte:02x}")?;
        }
        f.write_str(")")
    }
}

/// One write: what is done to a key, and under which condition.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Write {
    /// The key.
    pub key: Bytes,
    /// What is done to it.
    pub action: Action,
    /// When it is done.
    pub condition: Condition,
}

impl Write {
    /// Puts bytes under a key, to be kept for `ttl`, or for ever.
    pub fn put(key: Bytes, bytes: Bytes, ttl: Option<Duration>) -> Self {
        Self { key, action: Action::Put { bytes, ttl }, condition: Condition::Always }
    }

    /// Removes a key.
    pub fn remove(key: Bytes) -> Self {
        Self { key, action: Action::Remove, condition: Condition::Always }
    }

    /// Keeps what is under a key for `ttl` from now, or for ever.
    pub fn touch(key: Bytes, ttl: Option<Duration>) -> Self {
        Self { key, action: Action::Touch { ttl }, condition: Condition::Always }
    }

    /// The same, only under a condition.
    #[must_use]
    pub fn on(mut self, condition: Condition) -> Self {
        self.condition = condition;
        self
    }
}

/// What a [`Write`] does to its key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Puts bytes there, with a new version.
    Put {
        /// The bytes.
        bytes: Bytes,
        /// How long they are kept. [`None`] is for ever.
        ttl: Option<Duration>,
    },
    /// Removes what is there, if anything.
    Remove,
    /// Changes how long what is there is kept. The bytes and their version stay.
    Touch {
        /// How long it is kept. [`None`] is for ever.
        ttl: Option<Duration>,
    },
}

/// When a [`Write`] is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Condition {
    /// Always.
    Always,
    /// If the key is absent.
    IfAbsent,
    /// If the key is present.
    IfPresent,
    /// If the key has this version.
    IfVersion(Version),
}

/// What came of a [`Write`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The put was carried out; this is the new version.
    Put(Version),
    /// The key is absent now. `true` if it was present before.
    Removed(bool),
    /// The touch was carried out. `false` if the key is absent.
    Touched(bool),
    /// The condition did not hold. After [`IfAbsent`](Condition::IfAbsent) it holds what is there; after others it
    /// may be [`None`].
    Refused(Option<Stored>),
}
