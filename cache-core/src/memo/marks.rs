//! Tests of marking stale, and of entries within stale windows.

use std::sync::Arc;
use std::time::Duration;

use super::{MemoSpec, When};
use crate::Invalidation;
use crate::address::Peek;
use crate::fixture::{Stage, is};
use crate::invalidate::Applied;
use crate::memo::AnyMemoRef;
use crate::policy::State;
use crate::spec::Spec;
use crate::sync::Ordering;
use crate::tags::{Form, Name};
use crate::time::{Clock, Manual, Tick};
use crate::world::World;

const SPEC: Spec = Spec::new("stage", &["key"]).ttl(millis(1000)).tags(&["all"]);
/// What is stale is of use for so long.
const WINDOW: Tick = 500;
const WITH_WINDOW: Spec = SPEC.stale_if_error(millis(WINDOW));

const fn millis(millis: Tick) -> Duration {
    Duration::from_millis(millis)
}

fn stage(spec: Spec) -> (Stage, Arc<Manual>) {
    let time = Arc::new(Manual::default());
    (Stage::within(World::new(Clock::Manual(time.clone())), spec, MemoSpec::new()), time)
}

fn store(stage: &Stage, key: u64, value: u64) {
    assert_eq!(stage.call(key, &["cat"], || Ok(value)), Ok(value));
}

impl Stage {
    fn clear_as(&self, form: Form) -> usize {
        super::clear(&[AnyMemoRef(self.memo.clone())], form).count()
    }

    fn matching(&self, form: Form) -> usize {
        super::invalidate_matching(&[AnyMemoRef(self.memo.clone())], "*", form).count()
    }

    fn held(&self) -> usize {
        self.memo.held.load(Ordering::Relaxed)
    }
}

/// Each way to hit the entry of key 1.
const WAYS: [fn(&Stage, Form) -> usize; 6] = [
    |stage, form| stage.invalidate_as(1, form),
    |stage, form| stage.invalidate_tag_as("cat", form),
    |stage, form| stage.invalidate_tag_as("all", form),
    Stage::clear_as,
    Stage::matching,
    |stage, form| stage.invalidate_if(|value| value == 1, form),
];

#[test]
fn a_mark_holds_at_once_and_its_window_counts_from_it() {
    for mark in WAYS {
        let (stage, time) = stage(WITH_WINDOW);
        store(&stage, 1, 1);
        time.advance(10);
        assert_eq!(mark(&stage, Form::Soft), 1);
        assert_eq!((stage.get(1), stage.state(1)), (None, Some(State::Stale)));
        assert_eq!((stage.memo.len(), stage.memo.keys().len(), stage.key(1).is_live()), (0, 0, false));
        time.advance(10);
        assert_eq!(mark(&stage, Form::Soft), 0, "it was not fresh");
        time.advance(WINDOW - 11);
        assert_eq!(stage.state(1), Some(State::Stale));
        time.advance(1);
        assert_eq!(stage.state(1), Some(State::Dead), "the second mark has lengthened its window");
        assert_eq!(mark(&stage, Form::Hard), 0);
    }
}

/// Deadlines are looked at by a clock that may lag behind the one that says when a mark was.
#[test]
fn a_mark_holds_though_its_time_is_yet_to_come() {
    let (stage, _time) = stage(WITH_WINDOW);
    store(&stage, 1, 1);
    let cat = Name::Text("cat".into());
    let bumped = stage.world.tags.invalidate(&cat, Form::Soft, 5).1.expect("an entry carries it");
    assert_eq!((stage.get(1), stage.state(1)), (None, Some(State::Stale)), "by its stamp");
    assert_eq!(stage.world.sweep(bumped).count(), 1);

    store(&stage, 1, 2);
    let mut room = stage.memo.shard(stage.hash(1)).write();
    let slot = room.entries.iter().next().expect("it is there").slot;
    stage.memo.mark(&mut room, slot, 5, |_| {});
    drop(room);
    assert_eq!((stage.get(1), stage.state(1)), (None, Some(State::Stale)), "by itself");
}

#[test]
fn where_there_is_no_window_what_is_marked_is_dead_before_it_is_swept() {
    let (stage, _time) = stage(SPEC);
    store(&stage, 1, 1);
    let all = Name::Text("all".into());
    let bumped = stage.world.tags.invalidate(&all, Form::Soft, 5).1.expect("the memo carries it");
    assert_eq!((stage.get(1), stage.state(1)), (None, Some(State::Dead)));
    assert_eq!((stage.world.sweep(bumped).count(), stage.state(1)), (1, None));
}

#[test]
fn where_there_is_no_window_a_mark_invalidates() {
    for mark in WAYS {
        let (stage, _time) = stage(SPEC);
        store(&stage, 1, 1);
        assert_eq!(mark(&stage, Form::Soft), 1);
        assert_eq!((stage.get(1), stage.state(1), stage.held()), (None, None, 0));
        assert_eq!(stage.memo.counters.read().invalidations, 1);
    }
}

#[test]
fn a_mark_leaves_a_stale_entry_as_it_is() {
    for mark in WAYS {
        let (stage, time) = stage(WITH_WINDOW);
        store(&stage, 1, 1);
        time.advance(1300);
        assert_eq!(mark(&stage, Form::Soft), 0);
        time.advance(199);
        assert_eq!(stage.state(1), Some(State::Stale));
        time.advance(1);
        assert_eq!(stage.state(1), Some(State::Dead), "the mark has lengthened its window");
    }
}

#[test]
fn what_was_marked_counts_when_it_is_invalidated_and_is_gone() {
    for mark in WAYS {
        for invalidate in WAYS {
            let (stage, _time) = stage(WITH_WINDOW);
            store(&stage, 1, 1);
            assert_eq!(mark(&stage, Form::Soft), 1);
            assert_eq!(invalidate(&stage, Form::Hard), 1, "it could still have been returned");
            assert_eq!((stage.state(1), stage.held()), (None, 0));
        }
    }
}

#[test]
fn an_entry_that_is_stale_by_its_ttl_counts_when_it_is_invalidated() {
    for invalidate in WAYS {
        let (stage, time) = stage(WITH_WINDOW);
        store(&stage, 1, 1);
        time.advance(1499);
        assert_eq!(invalidate(&stage, Form::Hard), 1);
        assert_eq!((stage.state(1), stage.held()), (None, 0));
    }
}

#[test]
fn what_was_being_computed_is_not_stored_and_holds_nobody_up() {
    for mark in WAYS {
        // By tag a computation is not found: its value does not do.
        let (stage, _time) = stage(WITH_WINDOW.max_wait(millis(1)));
        let body = || {
            assert_eq!(mark(&stage, Form::Soft), 0);
            Ok(1)
        };
        assert_eq!(stage.call(1, &["cat"], body), Ok(1));
        assert_eq!((stage.get(1), stage.state(1)), (None, None));
        store(&stage, 1, 2);
        assert_eq!(stage.get(1), Some(2));
    }
}

#[test]
fn what_is_stored_after_a_mark_is_fresh() {
    for mark in WAYS {
        let (stage, _time) = stage(WITH_WINDOW);
        store(&stage, 1, 1);
        mark(&stage, Form::Soft);
        store(&stage, 1, 2);
        assert_eq!((stage.get(1), stage.state(1)), (Some(2), Some(State::Fresh)));
    }
}

#[test]
fn within_an_eq_a_mark_holds_at_once() {
    for mark in WAYS {
        let (stage, _time) = stage(WITH_WINDOW);
        store(&stage, 1, 1);
        crate::sync::comparing(|| mark(&stage, Form::Soft) == 0);
        assert_eq!(stage.get(1), None);
        assert_ne!(stage.state(1), Some(State::Fresh));
        store(&stage, 1, 2);
        assert_eq!(stage.get(1), Some(2));
    }
}

/// More than are seen to within the call; some leave, and some are marked by key, before the rest is.
#[test]
fn a_mark_of_many_counts_each_once() {
    const MANY: usize = 3000;
    /// And how many it hits of those that were put in by hand, which carry no tag of their own.
    type Mark = (fn(&Stage) -> Applied, usize);
    let marks: [Mark; 3] = [
        (|stage| stage.world.invalidate_tag(&Name::Text("cat".into()), Form::Soft), 0),
        (|stage| stage.world.invalidate_tag(&Name::Text("all".into()), Form::Soft), 50),
        (|stage| super::clear(&[AnyMemoRef(stage.memo.clone())], Form::Soft), 50),
    ];
    for (mark, untagged) in marks {
        // In this world the sweeper's thread has a part in it.
        let stage = Stage::new(SPEC.stale_if_error(millis(1_000_000)).ttl(millis(1_000_000)));
        (0..MANY as u64).for_each(|key| store(&stage, key, key));
        let marked = mark(&stage);
        assert_eq!((stage.memo.len(), stage.get(7)), (0, None), "marked at once");
        assert!((0..50).all(|key| stage.put(key, 0, When::Always)));
        (50..100).for_each(|key| assert_eq!(stage.invalidate_as(key, Form::Soft), 0, "it was not fresh"));
        (100..150).for_each(|key| assert_eq!(stage.invalidate(key), 1));
        let again = mark(&stage);
        assert_eq!((marked.count(), again.count()), (MANY, untagged));
        assert_eq!(stage.clear_as(Form::Hard), MANY - 50);
    }
}

#[test]
fn stale_entries_are_kept_until_their_window_ends() {
    let (stage, time) = stage(WITH_WINDOW);
    store(&stage, 1, 1);
    store(&stage, 2, 2);
    time.advance(1000);
    assert_eq!(stage.memo.sweep_due(1000), (false, true), "the sweeper would never rest");
    assert_eq!((stage.memo.reclaim(), stage.held()), (0, 2));
    store(&stage, 2, 3);
    time.advance(WINDOW);
    assert_eq!(stage.memo.sweep_due(1500), (true, true));
    assert_eq!((stage.memo.reclaim(), stage.held()), (1, 1));
    assert_eq!(stage.memo.sweep_due(1500), (false, true));
    assert_eq!(stage.memo.counters.read().expirations, 1, "the other one was replaced while it was of use");
}

#[test]
fn marked_entries_are_reclaimed_when_their_window_ends() {
    for mark in WAYS {
        let (stage, time) = stage(WITH_WINDOW);
        store(&stage, 1, 1);
        mark(&stage, Form::Soft);
        time.advance(WINDOW - 1);
        assert_eq!((stage.memo.sweep_due(WINDOW - 1), stage.memo.reclaim()), ((false, true), 0));
        time.advance(1);
        assert_eq!((stage.memo.sweep_due(WINDOW), stage.memo.reclaim()), ((true, true), 1));
        assert_eq!(stage.memo.counters.read().expirations, 1);
    }
}

#[test]
fn an_idle_entry_is_reclaimed_when_nobody_has_read_it_for_so_long() {
    let (stage, time) = stage(Spec::new("stage", &["key"]).idle(millis(10)));
    store(&stage, 1, 1);
    store(&stage, 2, 2);
    assert_eq!(stage.memo.sweep_due(9), (false, true));
    time.advance(8);
    let room = stage.memo.shard(stage.hash(1)).read();
    room.entries.find(stage.hash(1), is(1)).expect("it is there").note_read(8);
    drop(room);
    time.advance(2);
    assert_eq!(stage.memo.sweep_due(10), (true, true));
    assert_eq!((stage.memo.reclaim(), stage.state(1), stage.state(2)), (1, Some(State::Fresh), None));
    assert_eq!(stage.memo.sweep_due(17), (false, true), "not before the next may end");
    assert_eq!(stage.memo.sweep_due(18), (true, true));
    time.advance(8);
    assert_eq!((stage.memo.len(), stage.memo.reclaim()), (0, 1));
}

#[test]
fn a_stale_entry_is_seen_by_a_peek_alone() {
    let (stage, time) = stage(WITH_WINDOW);
    store(&stage, 1, 1);
    let key = stage.key(1);
    time.advance(1200);
    assert_eq!(
        key.peek(),
        Peek::Stale { value: Ok(1), age: millis(1200), past: millis(200), left: millis(300) }
    );
    assert_eq!((key.get(), key.is_live(), key.ttl()), (None, false, None));
    assert!(!key.set_ttl(millis(10)) && !key.extend_ttl(millis(10)));
    assert!(!stage.put(1, 2, When::IfPresent) && stage.put(1, 2, When::IfAbsent));
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
    for (pages, kept) in [(WITH_WINDOW, Some(State::Stale)), (SPEC, None)] {
        for mark in WAYS {
            let (cats, _time) = stage(WITH_WINDOW);
            let pages = Stage::within(cats.world.clone(), pages.tags(&[]).inherit_tags(), MemoSpec::new());
            pages.call(7, &[], || cats.call(1, &["cat"], || Ok(1))).unwrap();
            assert_eq!(mark(&cats, Form::Soft), 2);
            assert_eq!((pages.get(7), pages.state(7)), (None, kept));
            assert_eq!(cats.state(1), Some(State::Stale));
        }
    }
}

#[test]
fn an_invalidation_as_a_value_has_both_forms() {
    let (stage, _time) = stage(WITH_WINDOW);
    store(&stage, 1, 1);
    let memo = AnyMemoRef(stage.memo.clone());
    for it in [Invalidation::from(&stage.key(1)), Invalidation::from(&memo)] {
        store(&stage, 1, 1);
        assert_eq!(it.clone().soft().apply().count(), 1);
        assert_eq!(stage.state(1), Some(State::Stale));
        assert_eq!(it.apply().count(), 1);
        assert_eq!(stage.state(1), None);
    }
}
