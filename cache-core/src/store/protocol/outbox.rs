//! Invalidations that the store has not acknowledged.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

use crate::store::fork;
use crate::sync::plain::Mutex;
use crate::sync::{Locked, held_in};

/// How many keys are remembered. Beyond that the whole namespace is cleared in their place.
const MAX: usize = 10_000;

/// An invalidation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Of keys of values.
    Keys(Vec<Bytes>),
    /// Of tags, by their wire names.
    Tags(Vec<Bytes>),
    /// Of the whole namespace.
    Clear,
}

/// Remembers each invalidation that failed until the store has acknowledged it. Before anything is read from the store,
/// those that are remembered are sent once more.
pub(super) struct Outbox(Arc<Shared>);

struct Shared {
    lost: Mutex<Lost>,
    /// How much is remembered.
    len: AtomicUsize,
}

/// What was not acknowledged, each with the number of the failure that came last.
#[derive(Clone, Debug, Default)]
pub(super) struct Lost {
    failures: u64,
    pub(super) keys: HashMap<Bytes, u64>,
    pub(super) tags: HashMap<Bytes, u64>,
    pub(super) clear: Option<u64>,
}

impl Lost {
    fn len(&self) -> usize {
        self.keys.len() + self.tags.len() + usize::from(self.clear.is_some())
    }
}

impl fork::Locks for Shared {
    fn hold(self: Arc<Self>) -> Vec<Box<dyn Locked>> {
        vec![held_in(self, |shared| shared.lost.lock(), |_| ())]
    }
}

impl Outbox {
    pub(super) fn new() -> Self {
        let shared = Arc::new(Shared { lost: Mutex::default(), len: AtomicUsize::new(0) });
        fork::register(&shared);
        Self(shared)
    }

    /// Whether nothing is to be sent again.
    pub(super) fn is_empty(&self) -> bool {
        self.0.len.load(Ordering::Acquire) == 0
    }

    /// An invalidation that is under way. If it is dropped before it is acknowledged, it is remembered.
    pub(super) fn sending(&self, order: Order) -> Sending<'_> {
        Sending { outbox: self, order, is_acknowledged: false }
    }

    /// What is remembered.
    pub(super) fn lost(&self) -> Lost {
        self.0.lost.lock().clone()
    }

    /// Forgets what was acknowledged at last. What has failed again meanwhile stays.
    pub(super) fn forget(&self, sent: &Lost) {
        let mut lost = self.0.lost.lock();
        lost.keys.retain(|key, failure| sent.keys.get(key) != Some(failure));
        lost.tags.retain(|tag, failure| sent.tags.get(tag) != Some(failure));
        lost.clear = lost.clear.filter(|failure| sent.clear != Some(*failure));
        self.0.len.store(lost.len(), Ordering::Release);
    }

    /// Remembers an invalidation until it is acknowledged.
    pub(super) fn remember(&self, order: &Order) {
        let mut lost = self.0.lost.lock();
        lost.failures += 1;
        let failure = lost.failures;
        let number = |keys: &[Bytes]| keys.iter().map(|key| (key.clone(), failure)).collect::<Vec<_>>();
        match order {
            Order::Keys(keys) => lost.keys.extend(number(keys)),
            Order::Tags(tags) => lost.tags.extend(number(tags)),
            Order::Clear => lost.clear = Some(failure),
        }
        if lost.len() > MAX {
            lost.clear = Some(failure);
        }
        if lost.clear == Some(failure) {
            lost.keys = HashMap::new();
            lost.tags = HashMap::new();
        }
        self.0.len.store(lost.len(), Ordering::Release);
    }
}

/// An invalidation that is under way.
pub(super) struct Sending<'o> {
    outbox: &'o Outbox,
    order: Order,
    is_acknowledged: bool,
}

impl Sending<'_> {
    pub(super) fn order(&self) -> &Order {
        &self.order
    }

    /// The store has acknowledged it.
    pub(super) fn acknowledged(mut self) {
        self.is_acknowledged = true;
    }
}

impl Drop for Sending<'_> {
    fn drop(&mut self) {
        if !self.is_acknowledged {
            self.outbox.remember(&self.order);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn keys(numbers: std::ops::Range<usize>) -> Order {
        Order::Keys(numbers.map(|number| number.to_string().into()).collect())
    }

    #[test]
    fn what_was_not_acknowledged_is_kept_until_it_is_forgotten() {
        let outbox = Outbox::new();
        outbox.sending(keys(0..1)).acknowledged();
        assert!(outbox.is_empty());
        drop(outbox.sending(keys(0..2)));
        let sent = outbox.lost();
        assert_eq!(sent.keys.len(), 2);
        drop(outbox.sending(keys(1..3)));
        outbox.forget(&sent);
        let left = outbox.lost();
        assert_eq!(left.keys.len(), 2, "what failed again meanwhile stays");
        outbox.forget(&left);
        assert!(outbox.is_empty());
    }

    #[test]
    fn what_fails_often_is_kept_once() {
        let outbox = Outbox::new();
        for _ in 0..2 * MAX {
            drop(outbox.sending(keys(0..1)));
            drop(outbox.sending(Order::Keys(Vec::new())));
        }
        assert_eq!((outbox.lost().keys.len(), outbox.lost().clear), (1, None));
    }

    #[test]
    fn beyond_the_bound_the_namespace_is_cleared_instead() {
        let outbox = Outbox::new();
        drop(outbox.sending(keys(0..MAX)));
        assert_eq!(outbox.lost().clear, None);
        drop(outbox.sending(Order::Tags(vec!["t".into()])));
        let lost = outbox.lost();
        assert!(lost.clear.is_some() && lost.keys.is_empty() && lost.tags.is_empty());
        drop(outbox.sending(keys(0..1)));
        outbox.forget(&lost);
        assert_eq!((outbox.lost().keys.len(), outbox.lost().clear), (1, None));
    }
}
