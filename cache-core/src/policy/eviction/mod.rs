//! Eviction: which entry makes room for another. One algorithm a file.
//!
//! An algorithm keeps order among [`Node`]s and asks the store about the entries behind them, so that
//! the store stays ignorant of the algorithm. A node whose entry has left by another way is noticed
//! when it comes up, and skipped.

mod ghost;
mod lru;
mod s3fifo;

pub use self::kind::Policy;
pub(crate) use lru::Lru;
pub(crate) use s3fifo::S3Fifo;

mod kind {
    /// Which entry makes room when a memo is full.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[non_exhaustive]
    pub enum Policy {
        /// Few hits make an entry stay, one-time visitors leave first; a hit moves nothing. Yang et al.,
        /// "FIFO queues are all you need for cache eviction", SOSP 2023. The default.
        S3Fifo,
        /// Exactly the least recently used, by the `lru` crate. A hit takes the memo's one lock
        /// exclusively, so threads wait for each other.
        Lru,
    }
}

/// An entry, as eviction knows it: where to find it, and which of those who lived there it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) hash: u32,
    pub(crate) id: u32,
}

/// What eviction asks of the entries.
pub(crate) trait Entries {
    /// How often the entry was read of late, 0 to 3; `None` if it is gone.
    fn reads(&self, node: Node) -> Option<u8>;
    /// Sets that number.
    fn set_reads(&self, node: Node, reads: u8);
}

/// An eviction algorithm.
pub(crate) trait Eviction {
    /// An entry was stored.
    fn insert(&mut self, node: Node);
    /// An entry has left by another way than [`victim`](Eviction::victim).
    fn remove(&mut self, node: Node);
    /// An entry was read; called only for algorithms that must move something then.
    fn read(&mut self, node: Node);
    /// The entry to evict; it is no longer known here.
    fn victim(&mut self, entries: &impl Entries) -> Option<Node>;
}

/// The algorithm of a memo.
pub(crate) enum Evictor {
    S3Fifo(S3Fifo),
    Lru(Lru),
    /// Nothing is ever evicted.
    Unbounded,
}

impl Evictor {
    pub(crate) fn insert(&mut self, node: Node) {
        match self {
            Self::S3Fifo(queues) => queues.insert(node),
            Self::Lru(list) => list.insert(node),
            Self::Unbounded => {}
        }
    }

    pub(crate) fn remove(&mut self, node: Node, entries: &impl Entries) {
        match self {
            Self::S3Fifo(queues) => {
                queues.remove(node);
                queues.tidy(entries);
            }
            Self::Lru(list) => list.remove(node),
            Self::Unbounded => {}
        }
    }

    /// Gives memory back after many entries have left.
    pub(crate) fn shrink(&mut self) {
        match self {
            Self::S3Fifo(queues) => queues.shrink(),
            Self::Lru(list) => list.shrink(),
            Self::Unbounded => {}
        }
    }

    pub(crate) fn read(&mut self, node: Node) {
        match self {
            Self::S3Fifo(queues) => queues.read(node),
            Self::Lru(list) => list.read(node),
            Self::Unbounded => {}
        }
    }

    pub(crate) fn victim(&mut self, entries: &impl Entries) -> Option<Node> {
        match self {
            Self::S3Fifo(queues) => queues.victim(entries),
            Self::Lru(list) => list.victim(entries),
            Self::Unbounded => None,
        }
    }
}
