//! The memos that carry a tag.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use crate::sync::RandomState;

/// The memos that have carried a tag.
pub(super) struct Carriers<C> {
    /// By their addresses. An address stays a memo's as long as it is here, though the memo may have ended.
    memos: HashMap<usize, CarrierRecord<C>, RandomState>,
    /// How many were added so far.
    added: u64,
    /// So many there were when those that have ended were last taken out.
    settled: usize,
}

struct CarrierRecord<C> {
    memo: Weak<C>,
    /// Whether all its entries carry the tag.
    all: bool,
    /// How many were added before it.
    order: u64,
}

impl<C> Carriers<C> {
    pub(super) fn new() -> Self {
        Self { memos: HashMap::default(), added: 0, settled: 0 }
    }

    /// Notes a memo. Whether it was not known yet.
    pub(super) fn add(&mut self, memo: &Weak<C>, all: bool) -> bool {
        let address = memo.as_ptr().addr();
        if let Some(known) = self.memos.get_mut(&address) {
            known.all |= all;
            return false;
        }
        // Those that have ended are looked for now and then, not each time.
        if self.memos.len() > 2 * self.settled {
            self.settle();
        }
        self.memos.insert(address, CarrierRecord { memo: memo.clone(), all, order: self.added });
        self.added += 1;
        true
    }

    /// Takes out those that have ended.
    pub(super) fn settle(&mut self) {
        self.memos.retain(|_, known| known.memo.strong_count() > 0);
        self.settled = self.memos.len();
        self.memos.shrink_to(2 * self.settled);
    }

    /// Those that are alive, in the order in which they came, and whether all their entries carry the tag.
    pub(super) fn living(&self) -> Vec<(Arc<C>, bool)> {
        let mut known: Vec<_> = self.memos.values().collect();
        known.sort_unstable_by_key(|known| known.order);
        known.into_iter().filter_map(|known| Some((known.memo.upgrade()?, known.all))).collect()
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.memos.len()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn each_memo_is_there_once_for_as_long_as_it_is_alive() {
        let mut carriers: Carriers<u32> = Carriers::new();
        let memos: Vec<Arc<u32>> = (0..100).map(Arc::new).collect();
        for round in 0..3 {
            for memo in &memos {
                carriers.add(&Arc::downgrade(memo), round == 1 && **memo == 50);
            }
        }
        assert_eq!(carriers.len(), 100);
        let all = |carriers: &Carriers<u32>| -> Vec<u32> {
            carriers.living().iter().filter(|(_, all)| *all).map(|(memo, _)| **memo).collect()
        };
        assert_eq!(all(&carriers), [50]);
        let kept: Vec<Arc<u32>> = memos.into_iter().filter(|memo| **memo % 20 == 10).collect();
        assert_eq!(carriers.living().len(), 5);
        carriers.settle();
        assert_eq!((carriers.len(), all(&carriers)), (5, vec![50]));
        for memo in &kept {
            carriers.add(&Arc::downgrade(memo), false);
        }
        assert_eq!((carriers.len(), all(&carriers)), (5, vec![50]));
    }

    #[test]
    fn those_that_have_ended_take_no_memory() {
        let mut carriers: Carriers<u32> = Carriers::new();
        let kept: Vec<Arc<u32>> = (0..20).map(Arc::new).collect();
        for memo in &kept {
            assert!(carriers.add(&Arc::downgrade(memo), false));
        }
        for passing in 0..10_000 {
            carriers.add(&Arc::downgrade(&Arc::new(passing)), false);
        }
        assert!(carriers.len() <= 41, "{}", carriers.len());
        assert_eq!(carriers.living().len(), 20);
    }
}
