//! The memos that carry a tag.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use crate::sync::RandomState;

/// So many are looked through one by one. Mostly there is one.
const FEW: usize = 8;

/// The memos that have carried a tag, and whether all their entries do. One is found, added or told of in
/// constant time, however many there are.
pub(super) struct Carriers<C: ?Sized> {
    list: Vec<(Weak<C>, bool)>,
    /// Where in the list a memo is, by its address, once they are more than a few. An address stays a memo's as
    /// long as it is in the list, though the memo may have ended.
    places: Option<HashMap<usize, usize, RandomState>>,
    /// So many there were when those that have ended were last taken out.
    settled: usize,
}

impl<C: ?Sized> Carriers<C> {
    pub(super) fn new() -> Self {
        Self { list: Vec::new(), places: None, settled: 0 }
    }

    /// Notes a memo. Whether it was not known yet.
    pub(super) fn add(&mut self, memo: &Weak<C>, all: bool) -> bool {
        if let Some(at) = self.find(memo) {
            self.list[at].1 |= all;
            return false;
        }
        // Those that have ended are looked for now and then, not each time.
        if self.list.len() > 2 * self.settled {
            self.settle();
        }
        self.list.push((memo.clone(), all));
        match &mut self.places {
            Some(places) => drop(places.insert(address(memo), self.list.len() - 1)),
            None if self.list.len() > FEW => self.index(),
            None => {}
        }
        true
    }

    fn find(&self, memo: &Weak<C>) -> Option<usize> {
        match &self.places {
            Some(places) => places.get(&address(memo)).copied(),
            None => self.list.iter().position(|(known, _)| Weak::ptr_eq(known, memo)),
        }
    }

    fn index(&mut self) {
        let places = self.list.iter().enumerate().map(|(at, (memo, _))| (address(memo), at));
        self.places = (self.list.len() > FEW).then(|| places.collect());
    }

    /// Takes out those that have ended.
    pub(super) fn settle(&mut self) {
        let before = self.list.len();
        self.list.retain(|(memo, _)| memo.strong_count() > 0);
        self.settled = self.list.len();
        if self.settled < before {
            self.list.shrink_to(2 * self.settled);
            self.index();
        }
    }

    /// Those that are alive.
    pub(super) fn living(&self) -> Vec<(Arc<C>, bool)> {
        self.list.iter().filter_map(|(memo, all)| Some((memo.upgrade()?, *all))).collect()
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }
}

fn address<C: ?Sized>(memo: &Weak<C>) -> usize {
    memo.as_ptr().cast::<()>().addr()
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
