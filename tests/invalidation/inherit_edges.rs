//! `inherit_tags` where it is easily lost: failures, updates, placeholders, values that have left by
//! themselves, tags that cannot be made, keys that call when they are dropped.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::SeqCst};

use cache_core::testing::Scope;
use cache_core::{computing, memoize, tag};
use tests::{Count, Latch, no_hang, secs, wait_until};

#[test]
fn what_was_made_of_an_error_goes_with_its_tags() {
    static THERE: AtomicBool = AtomicBool::new(false);
    #[memoize(tags = ["cat:{name}"])]
    fn get_cat(name: &str) -> Result<u64, String> {
        if THERE.load(SeqCst) { Ok(1) } else { Err(format!("no {name}")) }
    }
    #[memoize(inherit_tags)]
    fn is_known(name: &str) -> bool {
        get_cat(name).is_ok()
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert!(!is_known("tom"));
    THERE.store(true, SeqCst);
    assert_eq!(tag("cat:tom").invalidate().count(), 1);
    assert!(is_known("tom"));
}

#[test]
fn an_update_keeps_what_its_value_was_computed_from() {
    static PRICE: AtomicU64 = AtomicU64::new(1);
    #[memoize]
    fn price(n: u64) -> u64 {
        n * PRICE.load(SeqCst)
    }
    #[memoize(inherit_tags)]
    fn total(n: u64) -> u64 {
        price(n) * 10
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!(total(1), 10);
    assert_eq!(total::entry(1).update(|total| total + 1), Some(11));
    PRICE.store(2, SeqCst);
    assert_eq!(price::entry(1).invalidate().count(), 2);
    assert_eq!(total(1), 20);
}

#[test]
fn an_update_is_a_read() {
    #[memoize]
    fn price(n: u64) -> u64 {
        n
    }
    #[memoize(inherit_tags)]
    fn total(n: u64, first: bool) -> Option<u64> {
        if first { price::entry(n).update(|price| price) } else { None }
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    // It has found nothing: that holds until any call stores it.
    assert_eq!(total(1, true), None);
    assert!(!total::key(1, true).is_live());
    assert_eq!(total(1, false), None);
    assert!(total::key(1, false).is_live(), "this has not looked");
}

#[test]
fn what_was_computed_from_nothing_is_not_kept() {
    #[memoize]
    fn inner(n: u64) -> u64 {
        n
    }
    #[memoize(inherit_tags)]
    fn looks(n: u64, how: u8) -> Option<u64> {
        match how {
            0 => inner::entry(n).get(),
            1 => inner::key(n).get(),
            _ => matches!(inner::key(n).peek(), cache_core::Peek::Fresh { .. }).then_some(n),
        }
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    for how in 0..3 {
        let n = u64::from(how);
        assert_eq!(looks(n, how), None);
        inner(n);
        assert_eq!(looks(n, how), Some(n));
        assert!(looks::key(n, how).is_live());
    }
}

#[test]
fn what_was_computed_from_a_placeholder_is_not_kept() {
    #[memoize(placeholder = 0)]
    fn slow(n: u64) -> u64 {
        n
    }
    #[memoize(inherit_tags)]
    fn outer(n: u64) -> u64 {
        slow(n) * 10
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!(outer(1), 0);
    wait_until(|| slow::entry(1).get().is_some());
    assert_eq!(outer(1), 10);
}

/// The cat of a page has been evicted, and nothing of the page was: then the cat is refreshed.
#[test]
fn a_refresh_that_keeps_nothing_takes_what_was_computed_from_what_has_left() {
    static CAT: AtomicU64 = AtomicU64::new(1);
    #[memoize(capacity = 1, tags = ["cat:{value}"], cache_if = |cat| *cat != Some(3))]
    fn cat(n: u64) -> Option<u64> {
        let cat = (n == 1).then(|| CAT.load(SeqCst))?;
        // What it is about to return is invalidated meanwhile: it will not be kept.
        tag(format!("cat:{cat}")).invalidate();
        Some(cat)
    }
    #[memoize(inherit_tags)]
    fn page(n: u64) -> Option<u64> {
        cat(n)
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let fill = |value| {
        CAT.store(value, SeqCst);
        cat::entry(1).insert(Some(value));
        assert_eq!(page(1), Some(value));
        cat(2);
        assert!(!cat::key(1).is_live() && page::key(1).is_live());
    };
    fill(1);
    CAT.store(2, SeqCst);
    assert_eq!(cat::entry(1).refresh(), Some(2));
    assert_eq!((cat::memo().stats().overtaken, page(1)), (1, Some(2)), "it was overtaken");

    fill(1);
    CAT.store(3, SeqCst);
    assert_eq!(cat::entry(1).refresh(), Some(3));
    assert_eq!(page(1), Some(3), "it was not one to keep");
}

#[test]
fn a_predicate_takes_what_was_computed_from_a_value_that_has_left() {
    static OWNER: AtomicU64 = AtomicU64::new(7);
    #[memoize(capacity = 1, skip(keep))]
    fn owner(cat: u64, keep: bool) -> u64 {
        let _ = (cat, keep);
        OWNER.load(SeqCst)
    }
    #[memoize(inherit_tags)]
    fn page(cat: u64) -> u64 {
        owner(cat, true)
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!(page(1), 7);
    OWNER.store(8, SeqCst);
    for other in [2, 3, 2, 3] {
        owner(other, true);
    }
    assert!(!owner::key(1).is_live(), "it was evicted");
    assert_eq!(owner(1, true), 8, "and computed anew");
    owner::memo().invalidate_if(|_, owner| *owner == 7);
    assert_eq!(page(1), 8);
}

#[test]
fn without_a_tag_that_could_not_be_made_nothing_is_kept() {
    static ORIGIN: AtomicU64 = AtomicU64::new(1);
    static FAILS: AtomicBool = AtomicBool::new(true);
    fn owner() -> String {
        assert!(!FAILS.load(SeqCst), "no tag");
        "edges of o".to_owned()
    }
    #[memoize(tags = [owner()])]
    fn inner(n: u64) -> u64 {
        n * ORIGIN.load(SeqCst)
    }
    #[memoize(inherit_tags)]
    fn outer(n: u64) -> u64 {
        inner(n) * 10
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!(outer(1), 10);
    assert!(!outer::key(1).is_live());
    ORIGIN.store(2, SeqCst);
    FAILS.store(false, SeqCst);
    tag("edges of o").invalidate();
    assert_eq!(outer(1), 20);
}

#[test]
fn who_comes_after_an_invalidation_takes_no_value_of_which_the_tags_are_not_known() {
    static ORIGIN: AtomicU64 = AtomicU64::new(1);
    static BEGUN: Latch = Latch::new();
    static GO_ON: Latch = Latch::new();
    fn owner() -> String {
        panic!("no tag")
    }
    #[memoize(tags = [value.to_string(), owner()])]
    fn run(n: u64) -> u64 {
        let read = n * ORIGIN.load(SeqCst);
        BEGUN.open();
        GO_ON.wait();
        read
    }

    no_hang(|| {
        let scope = Scope::new();
        let inside = |scope: Scope| {
            std::thread::spawn(move || {
                let _inside = scope.enter();
                run(1)
            })
        };
        let leader = inside(scope.clone());
        BEGUN.wait();
        let _inside = scope.enter();
        ORIGIN.store(2, SeqCst);
        tag("1").invalidate();
        let late = inside(scope.clone());
        wait_until(|| run::memo().stats().waits == 1);
        GO_ON.open();
        assert_eq!((leader.join().unwrap(), late.join().unwrap()), (1, 2));
    });
}

/// A key that calls when it is dropped.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Calls(u64);

static ARMED: AtomicBool = AtomicBool::new(false);

impl Drop for Calls {
    fn drop(&mut self) {
        if ARMED.load(SeqCst) {
            called(self.0);
            let _ = of_key::memo().len();
        }
    }
}

#[memoize(capacity = unbounded)]
fn called(n: u64) -> u64 {
    n
}

#[memoize(ttl = 60)]
fn of_key(key: &Calls) -> u64 {
    key.0
}

#[test]
fn keys_that_nothing_depends_on_any_more_are_dropped_outside_every_lock() {
    #[memoize(inherit_tags)]
    fn outer(n: u64) -> u64 {
        of_key(&Calls(n))
    }

    no_hang(|| {
        let scope = Scope::new();
        let _inside = scope.enter();
        for n in 0..100 {
            outer(n);
        }
        of_key::memo().clear();
        outer::memo().clear();
        of_key(&Calls(1000));
        scope.advance(secs(61));
        ARMED.store(true, SeqCst);
        of_key::memo().sweep();
        ARMED.store(false, SeqCst);
        assert!(called::memo().len() >= 100, "they were dropped");
    });
}

/// Counts its copies.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Counted(u64);

static COPIES: AtomicI64 = AtomicI64::new(0);

impl Clone for Counted {
    fn clone(&self) -> Self {
        COPIES.fetch_add(1, SeqCst);
        Self(self.0)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        COPIES.fetch_sub(1, SeqCst);
    }
}

#[test]
fn no_key_is_kept_for_what_is_gone() {
    #[memoize]
    fn inner(key: &Counted) -> u64 {
        key.0
    }
    #[memoize(inherit_tags)]
    fn outer(n: u64) -> u64 {
        COPIES.fetch_add(1, SeqCst);
        inner(&Counted(n))
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    for n in 0..1000 {
        outer(n);
    }
    assert!(COPIES.load(SeqCst) >= 1000);
    inner::memo().clear();
    outer::memo().clear();
    inner::memo().sweep();
    assert_eq!(COPIES.load(SeqCst), 0);
}

#[test]
fn a_small_invalidation_does_not_wait_for_a_large_one() {
    static HANG: Latch = Latch::new();
    #[memoize(
        capacity = unbounded,
        tags = ["large:{which}", "small:{n}"],
        skip(which),
        on_evict = |_key, _value, _cause| HANG.wait()
    )]
    fn run(n: u64, which: &str) -> u64 {
        n
    }
    #[memoize(tags = ["small:{n}"])]
    fn other(n: u64) -> u64 {
        n
    }

    no_hang(|| {
        for n in 0..3000 {
            run(n, "a");
        }
        other(1);
        let large = tag("large:a").invalidate();
        // The thread that takes entries out hangs in the hook.
        assert_eq!(tag("small:3000").invalidate().count(), 0);
        assert_eq!(other::memo().clear().count(), 1);
        HANG.open();
        assert_eq!(large.count(), 3000);
    });
}

/// It was made of what its own past was made of, whether it says so or not.
#[test]
fn what_is_made_of_its_own_past_goes_with_the_tags_of_that() {
    static CONFIG: Count = Count::new();
    #[memoize(tag = "invalidation::inherit_edges::config")]
    fn config() -> usize {
        CONFIG.add()
    }
    #[memoize(ttl = 10, stale_if_error = "1h", inherit_tags)]
    fn page(says_so: bool) -> Result<usize, ()> {
        match computing().previous::<usize>() {
            Some(previous) => {
                assert!(!says_so || computing().not_modified());
                Ok(previous)
            }
            None => Ok(config()),
        }
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let pages = || [page(false), page(true)];
    assert_eq!(pages(), [Ok(0), Ok(0)]);
    for _ in 0..2 {
        scope.advance(secs(10));
        assert_eq!(pages(), [Ok(0), Ok(0)]);
    }
    assert_eq!((page::memo().stats().misses, page::memo().stats().not_modified), (6, 2));
    tag("invalidation::inherit_edges::config").invalidate();
    assert_eq!(pages(), [Ok(1), Ok(1)]);
}
