//! `inherit_tags`: what was computed from an entry goes when that goes.

use std::sync::atomic::{AtomicU64, Ordering};

use cache_core::testing::Scope;
use cache_core::{memoize, registry, tag};
use futures::executor::block_on;

/// What the innermost functions read.
static ORIGIN: AtomicU64 = AtomicU64::new(0);

mod pages {
    use super::*;

    #[memoize(tags = ["cats", "cat:{id}"], ttl = 60)]
    pub(super) fn cat(id: u64, version: u64) -> u64 {
        id * 100 + version
    }

    #[memoize(inherit_tags)]
    pub(super) fn page(id: u64, version: u64) -> u64 {
        cat(id, version) + 1
    }

    #[memoize(inherit_tags, tag = "sites")]
    pub(super) fn site(version: u64) -> u64 {
        page(1, version) + page(2, version)
    }

    /// Does not inherit.
    #[memoize]
    pub(super) fn plain(id: u64, version: u64) -> u64 {
        cat(id, version)
    }
}

use pages::{cat, page, plain, site};

/// Whether the page of cat 1, that of cat 2, and the site are still there.
fn there() -> [bool; 3] {
    [page::key(1, 0).is_live(), page::key(2, 0).is_live(), site::key(0).is_live()]
}

/// A scope in which all is cached.
fn cached() -> Scope {
    let scope = Scope::new();
    let inside = scope.enter();
    site(0);
    plain(1, 0);
    assert_eq!(there(), [true; 3]);
    drop(inside);
    scope
}

#[test]
fn an_entry_goes_with_the_tags_of_what_it_was_computed_from() {
    let scope = cached();
    let _inside = scope.enter();
    assert_eq!(tag("cat:1").len(), 3, "the cat, its page, the site");
    assert_eq!(tag("cat:1").invalidate().count(), 3);
    assert_eq!(there(), [false, true, false]);
    site(0);
    assert_eq!(tag("cats").invalidate().count(), 5);
    assert_eq!(there(), [false; 3]);
}

#[test]
fn an_entry_goes_with_the_entry_it_was_computed_from() {
    let scope = cached();
    let _inside = scope.enter();
    assert_eq!(cat::entry(1, 0).invalidate().count(), 3, "the cat, its page, the site");
    assert_eq!(there(), [false, true, false]);
    assert_eq!(cat::entry(1, 0).invalidate().count(), 0);
    // Of what was never read nothing depends.
    site(0);
    assert_eq!(cat::entry(3, 0).invalidate().count(), 0);
    assert_eq!(there(), [true; 3]);
    // By an entry in between.
    assert_eq!(page::key(2, 0).invalidate().count(), 2);
    assert_eq!(there(), [true, false, false]);
}

#[test]
fn an_entry_goes_when_what_it_was_computed_from_is_cleared() {
    let scope = cached();
    let _inside = scope.enter();
    assert_eq!(cat::memo().clear().count(), 5);
    assert_eq!(there(), [false; 3]);
    site(0);
    assert_eq!(page::memo().clear().count(), 3);
    assert_eq!(cat::memo().len(), 2);
}

#[test]
fn patterns_and_predicates_take_what_was_computed_from_what_they_pick() {
    let scope = cached();
    let _inside = scope.enter();
    assert_eq!(cat::memo().invalidate_matching("*cat(1, *").count(), 3);
    assert_eq!(there(), [false, true, false]);
    site(0);
    assert_eq!(registry().invalidate_matching("*cat(2, 0)").count(), 3);
    assert_eq!(there(), [true, false, false]);
    site(0);
    assert_eq!(cat::memo().invalidate_if(|_, value| *value == 100).count(), 3);
    assert_eq!(there(), [false, true, false]);
}

#[test]
fn what_has_left_its_memo_is_still_what_others_were_computed_from() {
    let invalidations: [(fn() -> cache_core::Applied, usize); 3] = [
        (|| cat::key(1, 0).invalidate(), 2),
        (|| cat::memo().invalidate_matching("*cat(1, *"), 2),
        // A predicate cannot see the value that is gone: all of its kind may have been it.
        (|| cat::memo().invalidate_if(|_, value| *value == 100), 3),
    ];
    for (invalidate, count) in invalidations {
        let scope = cached();
        let _inside = scope.enter();
        scope.advance(std::time::Duration::from_secs(61));
        assert_eq!(cat::memo().sweep(), 2);
        assert_eq!(there(), [true; 3], "a ttl is its own");
        assert_eq!(invalidate().count(), count);
        assert!(!page::key(1, 0).is_live());
    }
}

#[test]
fn what_is_written_on_purpose_takes_what_was_computed_from_the_old() {
    for write in [
        (|| _ = cat::entry(1, 0).insert(7)) as fn(),
        || _ = cat::entry(1, 0).update(|value| value + 1),
        || _ = cat::entry(1, 0).refresh(),
    ] {
        let scope = cached();
        let _inside = scope.enter();
        write();
        assert_eq!(there(), [false, true, false]);
        assert!(cat::key(1, 0).is_live());
    }
}

#[test]
fn what_is_computed_anew_takes_nothing_with_it() {
    let scope = cached();
    let _inside = scope.enter();
    scope.advance(std::time::Duration::from_secs(61));
    cat(1, 0);
    assert_eq!(there(), [true; 3]);
}

#[test]
fn only_who_inherits_does() {
    let scope = cached();
    let _inside = scope.enter();
    tag("cats").invalidate();
    assert!(plain::key(1, 0).is_live());
}

#[test]
fn tags_are_inherited_from_hits_too() {
    let scope = Scope::new();
    let _inside = scope.enter();
    cat(1, 0);
    cat(2, 0);
    page(1, 0);
    site(0);
    assert_eq!(cat::entry(1, 0).invalidate().count(), 3);
    assert_eq!(there(), [false, true, false]);
}

#[test]
fn tags_that_are_inherited_show() {
    let scope = cached();
    let _inside = scope.enter();
    assert_eq!(page::memo().tags(), ["cat:1", "cat:2", "cats"]);
    assert_eq!(site::memo().tags(), ["cat:1", "cat:2", "cats", "sites"]);
}

#[test]
fn what_is_only_looked_at_counts() {
    #[memoize]
    fn inner(n: u64) -> u64 {
        n
    }
    #[memoize(inherit_tags)]
    fn looks(n: u64) -> Option<u64> {
        match n {
            0 => inner::entry(n).get(),
            1 => inner::key(n).get(),
            _ => matches!(inner::entry(n).peek(), cache_core::Peek::Fresh { .. }).then_some(n),
        }
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    for n in 0..3 {
        // Absent first: what was computed from that must go when it is written.
        assert_eq!(looks(n), None);
        inner::entry(n).insert(n);
        assert_eq!(looks(n), Some(n));
        assert_eq!(inner::entry(n).invalidate().count(), 2);
        assert_eq!(looks(n), None);
    }
}

#[test]
fn a_value_that_is_not_kept_has_its_tags_all_the_same() {
    #[memoize(tags = ["owner:{value}"], cache_if = |value| *value > 9)]
    fn refused(owner: u64) -> u64 {
        owner
    }
    #[memoize(tags = ["owner:{value}"], bypass_if = owner < 9)]
    fn bypassed(owner: u64) -> u64 {
        owner
    }
    #[memoize(tags = ["owner:{value}"])]
    async fn off(owner: u64) -> u64 {
        owner
    }
    #[memoize(inherit_tags)]
    fn outer(of: u64) -> u64 {
        match of {
            0 => refused(5),
            1 => bypassed(5),
            _ => block_on(off(5)),
        }
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    off::memo().set_enabled(false);
    for of in 0..3 {
        outer(of);
        assert_eq!(tag("owner:5").invalidate().count(), 1, "{of}");
        outer(of);
        let invalidated = match of {
            0 => refused::key(5).invalidate(),
            1 => bypassed::key(5).invalidate(),
            _ => off::key(5).invalidate(),
        };
        assert_eq!(invalidated.count(), 1, "{of}");
    }
}

#[test]
fn tags_are_inherited_across_awaits_threads_and_tasks() {
    #[memoize]
    async fn inner(n: u64) -> u64 {
        yield_now().await;
        n
    }
    #[memoize]
    fn blocking(n: u64) -> u64 {
        n
    }
    #[memoize(inherit_tags)]
    async fn outer() -> u64 {
        let (one, two) = futures::join!(inner(1), inner(2));
        let three = cache_core::inherit_task(inner(3));
        let three = std::thread::spawn(in_scope(|| block_on(three))).join().unwrap();
        let four = cache_core::inherit(|| blocking(4));
        let four = std::thread::spawn(in_scope(four)).join().unwrap();
        let unseen = std::thread::spawn(in_scope(|| blocking(5))).join().unwrap();
        one + two + three + four + unseen
    }

    async fn yield_now() {
        let mut yielded = false;
        std::future::poll_fn(|cx| {
            cx.waker().wake_by_ref();
            if std::mem::replace(&mut yielded, true) {
                std::task::Poll::Ready(())
            } else {
                std::task::Poll::Pending
            }
        })
        .await;
    }

    /// Takes the scope to the thread, as nothing else does.
    fn in_scope<T>(run: impl FnOnce() -> T) -> impl FnOnce() -> T {
        let scope = SCOPE.with_borrow(|scope| scope.clone().expect("set by the test"));
        move || {
            let _inside = scope.enter();
            run()
        }
    }

    thread_local! {
        static SCOPE: std::cell::RefCell<Option<Scope>> = const { std::cell::RefCell::new(None) };
    }

    let scope = Scope::new();
    SCOPE.set(Some(scope.clone()));
    let _inside = scope.enter();
    for n in 1..=3 {
        assert_eq!(block_on(outer()), 15);
        assert_eq!(inner::key(n).invalidate().count(), 2, "{n}");
    }
    block_on(outer());
    assert_eq!(blocking::key(4).invalidate().count(), 2);
    block_on(outer());
    assert_eq!(blocking::key(5).invalidate().count(), 1, "nobody could see that call");
}

#[test]
fn what_waits_for_a_computation_inherits_from_it() {
    use tests::{Latch, no_hang};

    static GATE: Latch = Latch::new();
    #[memoize(tags = ["waited:{n}"])]
    fn slow(n: u64) -> u64 {
        GATE.wait();
        n
    }
    #[memoize(inherit_tags, skip(_by))]
    fn outer(n: u64, _by: u64) -> u64 {
        slow(n)
    }
    #[memoize(inherit_tags)]
    fn other(n: u64) -> u64 {
        slow(n)
    }

    no_hang(|| {
        let scope = Scope::new();
        std::thread::scope(|threads| {
            let calls: [fn() -> u64; 2] = [|| outer(1, 0), || other(1)];
            for call in calls {
                let scope = &scope;
                threads.spawn(move || {
                    let _inside = scope.enter();
                    call()
                });
            }
            let _inside = scope.enter();
            tests::wait_until(|| slow::memo().stats().waits == 1);
            GATE.open();
        });
        let _inside = scope.enter();
        assert_eq!(tag("waited:1").invalidate().count(), 3);
    });
}

#[test]
fn an_invalidation_while_it_is_computed_leaves_nothing_stale() {
    #[memoize]
    fn inner() -> u64 {
        ORIGIN.load(Ordering::Relaxed)
    }
    #[memoize(inherit_tags, skip(meanwhile))]
    fn outer(meanwhile: &dyn Fn()) -> u64 {
        let read = inner();
        meanwhile();
        read
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let invalidations: [&dyn Fn(); 5] = [
        &|| _ = inner::entry().invalidate(),
        &|| _ = inner::memo().clear(),
        &|| _ = inner::memo().invalidate_matching("*inner()"),
        &|| _ = inner::memo().invalidate_if(|_, _| true),
        &|| _ = inner::entry().insert(ORIGIN.load(Ordering::Relaxed)),
    ];
    for invalidate in invalidations {
        let old = ORIGIN.load(Ordering::Relaxed);
        inner::memo().clear();
        let change = || {
            ORIGIN.store(old + 1, Ordering::Relaxed);
            invalidate();
        };
        assert_eq!(outer(&change), old);
        assert_eq!(outer(&|| {}), old + 1, "the old one was kept");
    }
}

#[test]
fn nothing_is_left_of_tags_that_nobody_carries() {
    #[memoize]
    fn inner(n: u64) -> u64 {
        n
    }
    #[memoize(inherit_tags, capacity = 10)]
    fn outer(n: u64) -> u64 {
        inner(n)
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    for n in 0..1000 {
        outer(n);
    }
    // What was evicted has let go: only ten are left to take.
    assert_eq!(inner::memo().clear().count(), 1000 + 10);
}

#[test]
fn nodes_inherit_and_are_inherited_from() {
    use cache_core::CacheKey;

    #[derive(CacheKey)]
    #[cache_key(value = u64, tags = ["inherited:{id}"])]
    struct CatNode {
        id: u64,
    }
    #[derive(CacheKey)]
    #[cache_key(value = u64, inherit_tags)]
    struct PageNode {
        id: u64,
    }
    #[memoize(key = CatNode { id })]
    fn cat_of(id: u64) -> u64 {
        id
    }
    #[memoize(key = PageNode { id })]
    fn page_of(id: u64) -> u64 {
        cat_of(id)
    }
    #[memoize(inherit_tags)]
    fn looks(id: u64) -> Option<u64> {
        CatNode { id }.get()
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let invalidations: [fn() -> cache_core::Applied; 3] =
        [|| CatNode { id: 1 }.invalidate(), CatNode::invalidate_all, || tag("inherited:1").invalidate()];
    for invalidate in invalidations {
        page_of(1);
        looks(1);
        assert_eq!(invalidate().count(), 3);
        assert_eq!((PageNode { id: 1 }.get(), looks(1)), (None, None));
        looks::memo().clear();
    }
}

#[test]
fn what_is_computed_in_the_background_inherits() {
    #[memoize]
    fn inner(n: u64) -> u64 {
        n
    }
    #[memoize(inherit_tags)]
    fn outer(n: u64) -> u64 {
        inner(n)
    }
    #[memoize(inherit_tags)]
    async fn outer_async(n: u64) -> u64 {
        inner(n)
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!(outer::entry(1).prefetch(), None);
    assert_eq!(block_on(outer_async::entry(1).prefetch()), None);
    tests::wait_until(|| outer::key(1).is_live() && block_on(outer_async::key(1).is_live()));
    assert_eq!(inner::key(1).invalidate().count(), 3);
}
