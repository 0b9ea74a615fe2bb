//! Tests of marking stale, and of entries within stale windows.

use std::sync::Arc;
use std::time::Duration;

use super::test_memo::{TestMemo, is};
use crate::Invalidation;
use crate::handles::{AnyMemoRef, Peek};
use crate::memo::{Applied, MemoSpec, Runtime, When};
use crate::policy::Freshness;
use crate::spec::Spec;
use crate::sync::Ordering;
use crate::tags::{Name, Severity};
use crate::time::{Clock, Manual, Tick};

const SPEC: Spec = Spec::new("stage", &["key"]).ttl(millis(1000)).tags(&["all"]);
/// What is stale is of use for so long.
const WINDOW: Tick = 500;
const WITH_WINDOW: Spec = SPEC.stale_if_error(millis(WINDOW));

const fn millis(millis: Tick) -> Duration {
    Duration::from_millis(millis)
}

fn cache(spec: Spec) -> (TestMemo, Arc<Manual>) {
    let time = Arc::new(Manual::default());
    (TestMemo::within(Runtime::new(Clock::Manual(time.clone())), spec, MemoSpec::new()), time)
}

fn store(cache: &TestMemo, key: u64, value: u64) {
    assert_eq!(cache.call(key, &["cat"], || Ok(value)), Ok(value));
}

impl TestMemo {
    fn clear_as(&self, severity: Severity) -> usize {
        crate::handles::clear(&[AnyMemoRef(self.memo.clone())], severity).count()
    }

    fn matching(&self, severity: Severity) -> usize {
        crate::handles::invalidate_matching(&[AnyMemoRef(self.memo.clone())], "*", severity).count()
    }

    fn held(&self) -> usize {
        self.memo.total_weight.load(Ordering::Relaxed)
    }
}

/// Each way to hit the entry of key 1.
const WAYS: [fn(&TestMemo, Severity) -> usize; 6] = [
    |cache, severity| cache.invalidate_as(1, severity),
    |cache, severity| cache.invalidate_tag_as("cat", severity),
    |cache, severity| cache.invalidate_tag_as("all", severity),
    TestMemo::clear_as,
    TestMemo::matching,
    |cache, severity| cache.invalidate_if(|value| value == 1, severity),
];

#[test]
fn a_mark_holds_at_once_and_its_window_counts_from_it() {
    for mark in WAYS {
        let (cache, time) = cache(WITH_WINDOW);
        store(&cache, 1, 1);
        time.advance(10);
        assert_eq!(mark(&cache, Severity::Soft), 1);
        assert_eq!((cache.get(1), cache.state(1)), (None, Some(Freshness::Stale)));
        assert_eq!(
            (cache.memo.len(), cache.memo.live_keys(None).len(), cache.key(1).is_live()),
            (0, 0, false)
        );
        time.advance(10);
        assert_eq!(mark(&cache, Severity::Soft), 0, "it was not fresh");
        time.advance(WINDOW - 11);
        assert_eq!(cache.state(1), Some(Freshness::Stale));
        time.advance(1);
        assert_eq!(cache.state(1), Some(Freshness::Dead), "the second mark has lengthened its window");
        assert_eq!(mark(&cache, Severity::Hard), 0);
    }
}

/// Deadlines are looked at by a clock that may lag behind the one that says when a mark was.
#[test]
fn a_mark_holds_though_its_time_is_yet_to_come() {
    let (cache, _time) = cache(WITH_WINDOW);
    store(&cache, 1, 1);
    let cat = Name::Text("cat".into());
    let pending = cache.runtime.tags.invalidate(&cat, Severity::Soft, 5).1.expect("an entry carries it");
    assert_eq!((cache.get(1), cache.state(1)), (None, Some(Freshness::Stale)), "by its stamp");
    assert_eq!(cache.runtime.finish_invalidation(pending).count(), 1);

    store(&cache, 1, 2);
    let mut guard = cache.memo.shard(cache.hash(1)).write();
    let slot = guard.entries.iter().next().expect("it is there").slot;
    cache.memo.mark(&mut guard, slot, 5, |_| {});
    drop(guard);
    assert_eq!((cache.get(1), cache.state(1)), (None, Some(Freshness::Stale)), "by itself");
}

#[test]
fn where_there_is_no_window_what_is_marked_is_dead_before_it_is_swept() {
    let (cache, _time) = cache(SPEC);
    store(&cache, 1, 1);
    let all = Name::Text("all".into());
    let pending = cache.runtime.tags.invalidate(&all, Severity::Soft, 5).1.expect("the memo carries it");
    assert_eq!((cache.get(1), cache.state(1)), (None, Some(Freshness::Dead)));
    assert_eq!((cache.runtime.finish_invalidation(pending).count(), cache.state(1)), (1, None));
}

#[test]
fn where_there_is_no_window_a_mark_invalidates() {
    for mark in WAYS {
        let (cache, _time) = cache(SPEC);
        store(&cache, 1, 1);
        assert_eq!(mark(&cache, Severity::Soft), 1);
        assert_eq!((cache.get(1), cache.state(1), cache.held()), (None, None, 0));
        assert_eq!(cache.memo.counters.read().invalidations, 1);
    }
}

#[test]
fn a_mark_leaves_a_stale_entry_as_it_is() {
    for mark in WAYS {
        let (cache, time) = cache(WITH_WINDOW);
        store(&cache, 1, 1);
        time.advance(1300);
        assert_eq!(mark(&cache, Severity::Soft), 0);
        time.advance(199);
        assert_eq!(cache.state(1), Some(Freshness::Stale));
        time.advance(1);
        assert_eq!(cache.state(1), Some(Freshness::Dead), "the mark has lengthened its window");
    }
}

#[test]
fn what_was_marked_counts_when_it_is_invalidated_and_is_gone() {
    for mark in WAYS {
        for invalidate in WAYS {
            let (cache, _time) = cache(WITH_WINDOW);
            store(&cache, 1, 1);
            assert_eq!(mark(&cache, Severity::Soft), 1);
            assert_eq!(invalidate(&cache, Severity::Hard), 1, "it could still have been returned");
            assert_eq!((cache.state(1), cache.held()), (None, 0));
        }
    }
}

#[test]
fn an_entry_that_is_stale_by_its_ttl_counts_when_it_is_invalidated() {
    for invalidate in WAYS {
        let (cache, time) = cache(WITH_WINDOW);
        store(&cache, 1, 1);
        time.advance(1499);
        assert_eq!(invalidate(&cache, Severity::Hard), 1);
        assert_eq!((cache.state(1), cache.held()), (None, 0));
    }
}

#[test]
fn what_was_being_computed_is_not_stored_and_holds_nobody_up() {
    for mark in WAYS {
        // By tag a computation is not found: its value does not do.
        let (cache, _time) = cache(WITH_WINDOW.max_wait(millis(1)));
        let body = || {
            assert_eq!(mark(&cache, Severity::Soft), 0);
            Ok(1)
        };
        assert_eq!(cache.call(1, &["cat"], body), Ok(1));
        assert_eq!((cache.get(1), cache.state(1)), (None, None));
        store(&cache, 1, 2);
        assert_eq!(cache.get(1), Some(2));
    }
}

#[test]
fn what_is_stored_after_a_mark_is_fresh() {
    for mark in WAYS {
        let (cache, _time) = cache(WITH_WINDOW);
        store(&cache, 1, 1);
        mark(&cache, Severity::Soft);
        store(&cache, 1, 2);
        assert_eq!((cache.get(1), cache.state(1)), (Some(2), Some(Freshness::Fresh)));
    }
}

#[test]
fn within_an_eq_a_mark_holds_at_once() {
    for mark in WAYS {
        let (cache, _time) = cache(WITH_WINDOW);
        store(&cache, 1, 1);
        crate::sync::comparing(|| mark(&cache, Severity::Soft) == 0);
        assert_eq!(cache.get(1), None);
        assert_ne!(cache.state(1), Some(Freshness::Fresh));
        store(&cache, 1, 2);
        assert_eq!(cache.get(1), Some(2));
    }
}

/// More than are seen to within the call; some leave, and some are marked by key, before the rest is.
#[test]
fn a_mark_of_many_counts_each_at_most_once() {
    const MANY: usize = 3000;
    /// And how many it hits of those that were put in by hand, which carry no tag of their own.
    type Marking = (fn(&TestMemo) -> Applied, usize);
    let marks: [Marking; 3] = [
        (|cache| cache.runtime.invalidate_tag(&Name::Text("cat".into()), Severity::Soft), 0),
        (|cache| cache.runtime.invalidate_tag(&Name::Text("all".into()), Severity::Soft), 50),
        (|cache| crate::handles::clear(&[AnyMemoRef(cache.memo.clone())], Severity::Soft), 50),
    ];
    for (mark, untagged) in marks {
        // In this runtime the sweeper's thread has a part in it.
        let cache = TestMemo::new(SPEC.stale_if_error(millis(1_000_000)).ttl(millis(1_000_000)));
        (0..MANY as u64).for_each(|key| store(&cache, key, key));
        let marked = mark(&cache);
        assert_eq!((cache.memo.len(), cache.get(7)), (0, None), "marked at once");
        assert!((0..50).all(|key| cache.put(key, 0, When::Always)));
        (50..100).for_each(|key| assert_eq!(cache.invalidate_as(key, Severity::Soft), 0, "it was not fresh"));
        (100..150).for_each(|key| assert_eq!(cache.invalidate(key), 1));
        let again = mark(&cache);
        assert_eq!(again.count(), untagged);
        // Those that were replaced or marked by another before their turn may be missing.
        assert!((MANY - 150..=MANY).contains(&marked.count()), "{marked:?}");
        assert_eq!(cache.clear_as(Severity::Hard), MANY - 50);
    }
}

#[test]
fn stale_entries_are_kept_until_their_window_ends() {
    let (cache, time) = cache(WITH_WINDOW);
    store(&cache, 1, 1);
    store(&cache, 2, 2);
    time.advance(1000);
    assert_eq!(cache.memo.expiry_due(1000), (false, true), "the sweeper would never rest");
    assert_eq!((cache.memo.reclaim(), cache.held()), (0, 2));
    store(&cache, 2, 3);
    time.advance(WINDOW);
    assert_eq!(cache.memo.expiry_due(1500), (true, true));
    assert_eq!((cache.memo.reclaim(), cache.held()), (1, 1));
    assert_eq!(cache.memo.expiry_due(1500), (false, true));
    assert_eq!(cache.memo.counters.read().expirations, 1, "the other one was replaced while it was of use");
}

#[test]
fn marked_entries_are_reclaimed_when_their_window_ends() {
    for mark in WAYS {
        let (cache, time) = cache(WITH_WINDOW);
        store(&cache, 1, 1);
        mark(&cache, Severity::Soft);
        time.advance(WINDOW - 1);
        assert_eq!((cache.memo.expiry_due(WINDOW - 1), cache.memo.reclaim()), ((false, true), 0));
        time.advance(1);
        assert_eq!((cache.memo.expiry_due(WINDOW), cache.memo.reclaim()), ((true, true), 1));
        assert_eq!(cache.memo.counters.read().expirations, 1);
    }
}

#[test]
fn an_idle_entry_is_reclaimed_when_nobody_has_read_it_for_so_long() {
    let (cache, time) = cache(Spec::new("stage", &["key"]).idle(millis(10)));
    store(&cache, 1, 1);
    store(&cache, 2, 2);
    assert_eq!(cache.memo.expiry_due(9), (false, true));
    time.advance(8);
    let guard = cache.memo.shard(cache.hash(1)).read();
    guard.entries.find(cache.hash(1), is(1)).expect("it is there").note_read(8);
    drop(guard);
    time.advance(2);
    assert_eq!(cache.memo.expiry_due(10), (true, true));
    assert_eq!((cache.memo.reclaim(), cache.state(1), cache.state(2)), (1, Some(Freshness::Fresh), None));
    assert_eq!(cache.memo.expiry_due(17), (false, true), "not before the next may end");
    assert_eq!(cache.memo.expiry_due(18), (true, true));
    time.advance(8);
    assert_eq!((cache.memo.len(), cache.memo.reclaim()), (0, 1));
}

#[test]
fn a_stale_entry_is_seen_by_a_peek_alone() {
    let (cache, time) = cache(WITH_WINDOW);
    store(&cache, 1, 1);
    let key = cache.key(1);
    time.advance(1200);
    assert_eq!(
        key.peek(),
        Peek::Stale { value: Ok(1), age: millis(1200), past: millis(200), left: millis(300) }
    );
    assert_eq!((key.get(), key.is_live(), key.ttl()), (None, false, None));
    assert!(!key.set_ttl(millis(10)) && !key.extend_ttl(millis(10)));
    assert!(!cache.put(1, 2, When::IfPresent) && cache.put(1, 2, When::IfAbsent));
    assert_eq!(key.get(), Some(Ok(2)));
    time.advance(100);
    assert_eq!(key.mark_stale().count(), 1);
    assert_eq!(
        key.peek(),
        Peek::Stale { value: Ok(2), age: millis(100), past: millis(0), left: millis(WINDOW) }
    );
    time.advance(WINDOW);
    assert_eq!(key.peek(), Peek::Absent);
}

#[test]
fn what_was_computed_from_a_marked_entry_is_marked_as_well() {
    for (pages, kept) in [(WITH_WINDOW, Some(Freshness::Stale)), (SPEC, None)] {
        for mark in WAYS {
            let (cats, _time) = cache(WITH_WINDOW);
            let pages =
                TestMemo::within(cats.runtime.clone(), pages.tags(&[]).inherit_tags(), MemoSpec::new());
            pages.call(7, &[], || cats.call(1, &["cat"], || Ok(1))).unwrap();
            assert_eq!(mark(&cats, Severity::Soft), 2);
            assert_eq!((pages.get(7), pages.state(7)), (None, kept));
            assert_eq!(cats.state(1), Some(Freshness::Stale));
        }
    }
}

#[test]
fn an_invalidation_as_a_value_has_both_forms() {
    let (cache, _time) = cache(WITH_WINDOW);
    store(&cache, 1, 1);
    let memo = AnyMemoRef(cache.memo.clone());
    for it in [Invalidation::from(&cache.key(1)), Invalidation::from(&memo)] {
        store(&cache, 1, 1);
        assert_eq!(it.clone().soft().apply().count(), 1);
        assert_eq!(cache.state(1), Some(Freshness::Stale));
        assert_eq!(it.apply().count(), 1);
        assert_eq!(cache.state(1), None);
    }
}
