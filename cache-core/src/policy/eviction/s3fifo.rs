//! S3-FIFO: a small queue that newcomers pass through, a main queue for those that were read on the
//! way, and a ghost queue of those that were not, which go straight to main when they come back.
//!
//! Yang, Zhang, Qiu, Yue, Vinayak: "FIFO queues are all you need for cache eviction", SOSP 2023.

use std::collections::VecDeque;

use super::ghost::Ghost;
use super::{Entries, Eviction, Node};

/// The part of the entries that the small queue may hold: a tenth.
const SMALL: usize = 10;
/// Reads in the small queue that let an entry into main.
const PROMOTE: u8 = 2;

/// The queues of one shard.
pub(crate) struct S3Fifo {
    small: VecDeque<Node>,
    main: VecDeque<Node>,
    /// Made when something is first evicted: what never fills never pays for it.
    ghost: Option<Ghost>,
    /// Nodes whose entries have left by another way.
    gone: usize,
}

impl S3Fifo {
    pub(crate) fn new() -> Self {
        Self { small: VecDeque::new(), main: VecDeque::new(), ghost: None, gone: 0 }
    }

    fn len(&self) -> usize {
        self.small.len() + self.main.len()
    }

    fn forget(&mut self, hash: u32) {
        let live = self.len();
        match &mut self.ghost {
            Some(ghost) if ghost.capacity() * 2 >= live && ghost.capacity() <= live.max(4) * 8 => {
                ghost.remember(hash);
            }
            ghost => ghost.insert(Ghost::with_capacity(live)).remember(hash),
        }
    }

    /// Gives memory back after many entries have left.
    pub(crate) fn shrink(&mut self) {
        let live = self.len();
        self.small.shrink_to(self.small.len() * 2);
        self.main.shrink_to(self.main.len() * 2);
        if self.ghost.as_ref().is_some_and(|ghost| ghost.capacity() > live.max(4) * 8) {
            self.ghost = None;
        }
    }

    /// Drops nodes of entries that are gone once they are the greater part.
    pub(crate) fn tidy(&mut self, entries: &impl Entries) {
        if self.gone > 32 && self.gone * 2 > self.len() {
            self.small.retain(|node| entries.reads(*node).is_some());
            self.main.retain(|node| entries.reads(*node).is_some());
            let live = self.len();
            self.small.shrink_to(live);
            self.main.shrink_to(live);
            self.gone = 0;
        }
    }
}

impl Eviction for S3Fifo {
    fn insert(&mut self, node: Node) {
        if self.ghost.as_mut().is_some_and(|ghost| ghost.recall(node.hash)) {
            self.main.push_back(node);
        } else {
            self.small.push_back(node);
        }
    }

    fn remove(&mut self, _: Node) {
        self.gone += 1;
    }

    fn read(&mut self, _: Node) {}

    fn victim(&mut self, entries: &impl Entries) -> Option<Node> {
        loop {
            let from_small = self.small.len() * SMALL >= self.len() || self.main.is_empty();
            let queue = if from_small { &mut self.small } else { &mut self.main };
            let node = queue.pop_front()?;
            match entries.reads(node) {
                None => self.gone = self.gone.saturating_sub(1),
                Some(reads) if from_small && reads >= PROMOTE => {
                    entries.set_reads(node, 0);
                    self.main.push_back(node);
                }
                Some(_) if from_small => {
                    self.forget(node.hash);
                    return Some(node);
                }
                Some(0) => return Some(node),
                Some(reads) => {
                    entries.set_reads(node, reads - 1);
                    self.main.push_back(node);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::collections::HashMap;

    #[derive(Default)]
    struct Reads(RefCell<HashMap<u32, u8>>);

    impl Entries for Reads {
        fn reads(&self, node: Node) -> Option<u8> {
            self.0.borrow().get(&node.id).copied()
        }
        fn set_reads(&self, node: Node, reads: u8) {
            self.0.borrow_mut().insert(node.id, reads);
        }
    }

    fn node(id: u32) -> Node {
        Node { hash: id.wrapping_mul(0x9E37_79B9), id }
    }

    #[test]
    fn what_was_read_outlives_one_time_visitors() {
        let (mut queues, reads) = (S3Fifo::new(), Reads::default());
        for id in 0..10 {
            reads.set_reads(node(id), if id < 5 { 3 } else { 0 });
            queues.insert(node(id));
        }
        let evicted: Vec<u32> = (0..5).map(|_| queues.victim(&reads).unwrap().id).collect();
        assert_eq!(evicted, [5, 6, 7, 8, 9]);
    }

    #[test]
    fn what_comes_back_soon_goes_to_the_main_queue() {
        let (mut queues, reads) = (S3Fifo::new(), Reads::default());
        for id in 0..10 {
            reads.set_reads(node(id), 0);
            queues.insert(node(id));
        }
        assert_eq!(queues.victim(&reads), Some(node(0)));
        reads.0.borrow_mut().remove(&0);
        reads.set_reads(node(0), 0);
        queues.insert(node(0));
        assert_eq!(queues.main.back(), Some(&node(0)));
    }

    #[test]
    fn nodes_of_entries_that_left_do_not_pile_up() {
        let (mut queues, reads) = (S3Fifo::new(), Reads::default());
        for id in 0..100_000 {
            queues.insert(node(id));
            queues.remove(node(id));
            queues.tidy(&reads);
        }
        assert!(queues.len() < 100, "{} nodes for nothing", queues.len());
    }
}
