//! Belady's optimum: the most hits that any cache of a size can have on a trace.

use std::collections::{BinaryHeap, HashMap};

/// A key's next use, when it has none.
const NEVER: usize = usize::MAX;

/// For each access of a trace, where its key is accessed next.
pub(super) struct Future(Vec<usize>);

impl Future {
    pub(super) fn of(keys: &[u64]) -> Self {
        let mut next = vec![NEVER; keys.len()];
        let mut later = HashMap::new();
        for (at, key) in keys.iter().enumerate().rev() {
            if let Some(use_after) = later.insert(key, at) {
                next[at] = use_after;
            }
        }
        Self(next)
    }

    /// The hits of one that knows the future: it keeps those used soonest, and does not take in what
    /// would be used later than all of them. (One that had to take in everything would have a few less,
    /// but some of the peers need not.)
    pub(super) fn hits(&self, capacity: usize) -> u64 {
        // Of each use that is kept for, whether it still is: a use is the next one of one key only.
        let mut kept = vec![false; self.0.len()];
        let mut farthest = BinaryHeap::new();
        let (mut held, mut hits) = (0, 0);
        for (at, &next) in self.0.iter().enumerate() {
            if kept[at] {
                hits += 1;
                held -= 1;
            }
            if next == NEVER {
                continue;
            }
            kept[next] = true;
            farthest.push(next);
            held += 1;
            if held > capacity {
                // Uses that have passed are nearer than any to come: they stay at the bottom.
                let out = farthest.pop().expect("something is held");
                kept[out] = false;
                held -= 1;
            }
        }
        hits
    }
}

#[cfg(test)]
mod tests {
    use super::Future;

    #[test]
    fn a_loop_one_too_long_keeps_all_but_one() {
        let keys: Vec<u64> = (0..30).map(|at| at % 3).collect();
        let future = Future::of(&keys);
        assert_eq!(future.hits(3), 27);
        // One of two places is kept for one key; the other serves the one that is next.
        assert_eq!(future.hits(2), 18);
        assert_eq!(future.hits(1), 9);
    }

    #[test]
    fn no_subset_of_the_uses_that_fits_is_larger() {
        // Each use to come is an interval that takes a place from one access to the next: the optimum is
        // the most intervals of which never more than `capacity` overlap.
        let keys = [1, 2, 3, 1, 4, 2, 5, 1, 3, 2, 4, 1];
        let future = Future::of(&keys);
        let uses: Vec<(usize, usize)> = (0..keys.len())
            .filter_map(|at| (at + 1..keys.len()).find(|&next| keys[next] == keys[at]).map(|next| (at, next)))
            .collect();
        for capacity in 1..4 {
            let fits = |chosen: u32| {
                (0..keys.len()).all(|at| {
                    let over = |&(place, &(from, to)): &(usize, &(usize, usize))| {
                        chosen >> place & 1 == 1 && from <= at && at < to
                    };
                    uses.iter().enumerate().filter(over).count() <= capacity
                })
            };
            let most = (0..1_u32 << uses.len()).filter(|&chosen| fits(chosen)).map(u32::count_ones).max();
            assert_eq!(future.hits(capacity), u64::from(most.unwrap_or(0)));
        }
    }
}
