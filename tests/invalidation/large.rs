//! Tags of many entries: invalidated at once, taken out afterwards. In the world of the process, where a
//! thread does the latter.

use std::sync::Arc;

use cache_core::{Cause, memoize, registry, tag};
use tests::{Count, wait_until};

/// More than are taken out within a call.
const MANY: usize = 5_000;

#[test]
fn what_is_taken_out_later_is_gone_at_once() {
    #[memoize(capacity = unbounded, tags = ["gone:{n}", "gone"])]
    fn fixed(n: usize) -> usize {
        n
    }
    #[memoize(capacity = unbounded, tags = ["gone-too:{which}"], skip(which))]
    fn filled(n: usize, which: &str) -> usize {
        n
    }

    for n in 0..MANY {
        fixed(n);
        filled(n, "a");
    }
    filled(MANY, "b");
    assert_eq!((tag("gone").len(), tag("gone-too:a").len()), (MANY, MANY));
    let (all, some) = (tag("gone").invalidate(), tag("gone-too:a").invalidate());
    assert!((0..MANY).all(|n| fixed::entry(n).get().is_none()));
    assert!((0..MANY).all(|n| filled::key(n).get().is_none()));
    assert_eq!((tag("gone").len(), tag("gone-too:a").len()), (0, 0));
    assert!(fixed::memo().is_empty());
    assert_eq!(filled::memo().len(), 1);
    assert_eq!((all.count(), some.count()), (MANY, MANY));
    assert_eq!((tag("gone").invalidate().count(), tag("gone-too:a").invalidate().count()), (0, 0));
}

#[test]
fn it_is_done_without_anybody_asking() {
    static LEFT: Count = Count::new();
    #[memoize(capacity = unbounded, tags = ["unasked:{which}"], skip(which), on_evict = |_key, _value, cause| {
        assert_eq!(cause, Cause::Invalidated);
        LEFT.add();
    })]
    fn run(n: usize, which: &str) -> Arc<usize> {
        Arc::new(n)
    }

    let kept: Vec<Arc<usize>> = (0..MANY).map(|n| run(n, "a")).collect();
    tag("unasked:a").invalidate();
    wait_until(|| LEFT.get() == MANY);
    wait_until(|| kept.iter().all(|value| Arc::strong_count(value) == 1));
    let kept: Vec<Arc<usize>> = (0..MANY).map(|n| run(n, "a")).collect();
    run::memo().clear();
    wait_until(|| kept.iter().all(|value| Arc::strong_count(value) == 1));
    assert_eq!(LEFT.get(), 2 * MANY);
    assert_eq!(run::memo().stats().hook_panics, 0);
}

#[test]
fn a_few_do_not_count_again_that_many_others_have_taken_along() {
    #[memoize(capacity = unbounded, tags = ["along", "along:{few}"], key = (n, few))]
    fn run(n: usize, few: bool) -> usize {
        n
    }

    for _ in 0..20 {
        for n in 0..MANY {
            run(n, n < 10);
        }
        let (all, few) = (tag("along").invalidate(), tag("along:true").invalidate());
        assert_eq!((few.count(), all.count()), (0, MANY));
    }
}

#[test]
fn each_entry_counts_once() {
    #[memoize(capacity = unbounded, tags = ["each:{parity}"], key = (n, parity))]
    fn run(n: usize, parity: usize) -> usize {
        n
    }

    for n in 0..2 * MANY {
        run(n, n % 2);
    }
    let one = tag("each:1").invalidate();
    let again = tag("each:1").invalidate();
    let key = run::key(0, 0).invalidate();
    let other = run::key(1, 1).invalidate();
    let rest = run::memo().clear();
    let none = run::memo().clear();
    // Asked in another order than they were made.
    assert_eq!((none.count(), other.count(), key.count()), (0, 0, 1));
    assert!(rest.count() >= MANY - 1, "{rest:?}");
    // For whichever of them has taken it out. The one that was hit twice by then may count for none.
    let sum = one.count() + again.count() + rest.count() + 1;
    assert!(sum == 2 * MANY || sum == 2 * MANY - 1, "{sum}");
}

#[test]
fn what_is_stored_meanwhile_stays() {
    #[memoize(capacity = unbounded, tags = ["meanwhile:{which}"], skip(which, value))]
    fn run(n: usize, which: &str, value: usize) -> (usize, usize) {
        (n, value)
    }

    for n in 0..MANY {
        run(n, "a", 0);
    }
    let applied = tag("meanwhile:a").invalidate();
    for n in 0..MANY {
        assert_eq!(run(n, "a", 1), (n, 1));
    }
    assert!(applied.count() <= MANY, "what was stored meanwhile counts");
    assert!((0..MANY).all(|n| run::key(n).get() == Some((n, 1))));
    assert_eq!(tag("meanwhile:a").len(), MANY);
    assert_eq!(tag("meanwhile:a").invalidate().count(), MANY);
}

#[test]
fn a_bound_holds_while_it_is_done() {
    #[memoize(capacity = 6_000, tags = ["bound:{which}"], skip(which))]
    fn run(n: usize, which: &str) -> usize {
        n
    }

    for n in 0..MANY {
        run(n, "a");
    }
    let applied = tag("bound:a").invalidate();
    for n in MANY..3 * MANY {
        run(n, "b");
    }
    assert!(run::memo().len() <= 6_000);
    assert!(applied.count() <= MANY, "what was stored meanwhile counts");
    assert!(run::memo().len() > 1_000);
    run::memo().clear();
    assert_eq!(run::memo().len(), 0);
}

#[test]
fn the_registry_can_help() {
    #[memoize(name = "invalidation::large::helped", capacity = unbounded)]
    fn run(n: usize) -> usize {
        n
    }

    for n in 0..MANY {
        run(n);
    }
    let applied = run::memo().clear();
    registry().find("invalidation::large::helped").unwrap().sweep();
    assert_eq!(format!("{applied:?}"), format!("Applied {{ count: {MANY} }}"));
}
