//! The requests that a scripted store is sent, and how they are held.

use std::time::Duration;

use bytes::Bytes;

use crate::store::Write;

/// Which part of a request is late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// The request itself. It is carried out when it is released.
    Command,
    /// The reply. The request is carried out at once.
    Reply,
}

/// A request that a [`ScriptedStore`](super::ScriptedStore) was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Request {
    /// [`Store::read`](crate::store::Store::read)
    Read {
        /// The keys to read.
        keys: Vec<Bytes>,
    },
    /// [`Store::write`](crate::store::Store::write)
    Write {
        /// The writes.
        batch: Vec<Write>,
    },
    /// [`Scan::keys`](crate::store::Scan::keys)
    Scan {
        /// What the keys begin with.
        prefix: Bytes,
        /// From where to go on.
        from: Option<Bytes>,
    },
    /// [`Counter::raise`](crate::store::Counter::raise)
    Raise {
        /// The key of the number.
        key: Bytes,
        /// The number if the key is absent.
        initial: u64,
        /// How long it is kept.
        ttl: Option<Duration>,
    },
    /// [`Channel::publish`](crate::store::Channel::publish)
    Publish {
        /// To whom.
        topic: Bytes,
        /// What.
        message: Bytes,
    },
    /// [`Store::close`](crate::store::Store::close)
    Close,
}

/// A request that a [`ScriptedStore`](super::ScriptedStore) holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Held {
    /// The number of the request on its connection. The first one is 1.
    pub number: u64,
    /// The request.
    pub request: Request,
    /// Whether it was carried out.
    pub has_arrived: bool,
    /// Whether the caller has its answer, which was then an error.
    pub is_answered: bool,
}
