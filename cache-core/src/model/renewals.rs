//! What is computed anew in the background, what stands in for what has failed, and what is not modified,
//! against invalidations.

use std::time::Duration;

use loom::sync::atomic::Ordering;

use super::{ALL, FEW, FEWER, KEY, NEW, OLD, ONE_SHARD, Scene, check, join};
use crate::computing::computing;
use crate::engine::Step;
use crate::flight::Intent;
use crate::spec::Spec;
use crate::tags::Severity;
use crate::tests::test_memo::{Failure, Output, compute_as_leader, is, number};

const CAT: &str = "cat";
const TAGS: &[&str] = &[CAT];
/// Time stands still, so that what is marked is within its windows.
const WINDOW: Duration = Duration::from_secs(1);
const REVALIDATED: Spec = ONE_SHARD.stale_while_revalidate(WINDOW);
const COVERED: Spec = ONE_SHARD.stale_if_error(WINDOW);

impl Scene {
    /// One whose old value is there, and marked stale.
    fn stale(spec: Spec) -> std::sync::Arc<Self> {
        let scene = Self::of(spec);
        scene.call(TAGS);
        scene.cache.invalidate_as(KEY, Severity::Soft);
        scene
    }

    /// A call that is answered with what is stale, and computes it anew after that.
    fn call_and_renew(&self) -> u64 {
        let (memo, hash) = (&self.cache.memo, self.cache.hash(KEY));
        let Some((held, renew)) = memo.get(hash, &is(KEY), false) else {
            return self.call(TAGS);
        };
        if renew && let Step::Lead(leader) = self.cache.begin(KEY, Intent::Ahead) {
            let body = || {
                self.runs.fetch_add(1, Ordering::Relaxed);
                Ok(self.load())
            };
            assert!(compute_as_leader(leader, TAGS, body).is_ok());
        }
        number(&held)
    }
}

fn renewal_yields(preemptions: Option<usize>, callers: usize, invalidate: fn(&Scene) -> usize) {
    check(preemptions, move || {
        let scene = Scene::stale(REVALIDATED);
        let others: Vec<_> = (0..callers).map(|_| scene.go(Scene::call_and_renew)).collect();
        scene.change();
        invalidate(&scene);
        scene.must_be_new(TAGS);
        assert_eq!(scene.call_and_renew(), NEW, "an invalidated value was an answer");
        join(others);
        assert_ne!(scene.cache.get(KEY), Some(OLD), "stored after the invalidation");
        assert_eq!(scene.cache.flights(), 0);
    });
}

#[test]
fn what_is_computed_anew_is_not_stored_after_an_invalidation_by_key() {
    renewal_yields(FEW, 1, |scene| scene.cache.invalidate(KEY));
}

#[test]
fn what_is_computed_anew_is_not_stored_after_an_invalidation_by_tag() {
    renewal_yields(FEW, 1, |scene| scene.cache.invalidate_tag(CAT));
}

#[test]
fn what_is_computed_anew_is_not_stored_after_an_invalidation_whoever_reads() {
    renewal_yields(FEWER, 2, |scene| scene.cache.invalidate(KEY));
}

#[test]
fn one_is_computed_anew_however_many_read() {
    check(FEW, || {
        let scene = Scene::stale(REVALIDATED);
        scene.change();
        let others = [(); 2].map(|()| scene.go(Scene::call_and_renew));
        let read = join(others);
        assert!(read.contains(&OLD), "nobody has computed before somebody was answered");
        assert_eq!(scene.runs.load(Ordering::Relaxed), 1, "computed twice");
        assert_eq!((scene.cache.get(KEY), scene.cache.flights()), (Some(NEW), 0));
    });
}

/// A mark ends what was computed anew before it; another takes its place.
#[test]
fn a_mark_lets_another_renewal_begin() {
    check(FEW, || {
        let scene = Scene::stale(REVALIDATED);
        let other = scene.go(Scene::call_and_renew);
        scene.change();
        scene.cache.invalidate_as(KEY, Severity::Soft);
        scene.call_and_renew();
        other.join().unwrap();
        assert_eq!(scene.cache.get(KEY), Some(NEW), "nobody has computed anew what was marked");
        assert_eq!(scene.cache.flights(), 0);
    });
}

#[test]
fn leader_and_waiter_get_what_stands_in() {
    fn fails(scene: &Scene) -> Output {
        scene.cache.compute(KEY, Intent::Read, TAGS, || {
            scene.runs.fetch_add(1, Ordering::Relaxed);
            Err(Failure)
        })
    }
    check(ALL, || {
        let scene = Scene::stale(COVERED);
        let other = scene.go(fails);
        assert_eq!((fails(&scene), other.join().unwrap()), (Ok(OLD), Ok(OLD)));
        // Who comes later finds it at rest.
        assert_eq!(scene.runs.load(Ordering::Relaxed), 1);
        let stats = scene.cache.memo.counters.read();
        assert_eq!((stats.errors, stats.backoffs, stats.stale), (1, 1, 2));
        assert_eq!(scene.cache.flights(), 0);
    });
}

#[test]
fn what_was_invalidated_stands_in_for_nothing() {
    check(ALL, || {
        let scene = Scene::stale(COVERED);
        let other = scene.go(|scene| scene.cache.compute(KEY, Intent::Read, TAGS, || Err(Failure)));
        scene.cache.invalidate(KEY);
        assert_eq!(scene.cache.compute(KEY, Intent::Read, TAGS, || Err(Failure)), Err(Failure));
        assert!([Ok(OLD), Err(Failure)].contains(&other.join().unwrap()));
    });
}

fn unmodified(scene: &Scene) -> Output {
    scene.cache.compute(KEY, Intent::Refresh, TAGS, || {
        let load = || Ok(scene.load());
        match computing().previous::<Output>() {
            Some(previous) if scene.load() == OLD && computing().not_modified() => previous,
            _ => load(),
        }
    })
}

#[test]
fn what_is_not_modified_is_not_kept_after_an_invalidation_by_tag() {
    check(FEW, || {
        let scene = Scene::stale(COVERED);
        let other = scene.go(unmodified);
        scene.change();
        scene.cache.invalidate_tag(CAT);
        scene.must_be_new(TAGS);
        other.join().unwrap().unwrap();
        assert_ne!(scene.cache.get(KEY), Some(OLD), "brought back after the invalidation");
    });
}

#[test]
fn what_is_not_modified_is_not_kept_after_an_invalidation_by_key() {
    check(FEW, || {
        let scene = Scene::stale(COVERED);
        let other = scene.go(unmodified);
        scene.change();
        scene.cache.invalidate(KEY);
        scene.must_be_new(TAGS);
        other.join().unwrap().unwrap();
        assert_ne!(scene.cache.get(KEY), Some(OLD), "brought back after the invalidation");
    });
}

/// A predicate dooms whatever is being computed, of keys too whose entries it does not pick.
#[test]
fn a_refresh_that_a_predicate_has_doomed_leaves_nothing_older() {
    check(FEW, || {
        let scene = Scene::of(ONE_SHARD);
        scene.call(TAGS);
        scene.change();
        let other = scene.go(|scene| scene.cache.invalidate_if(|_| false, Severity::Hard));
        let new = scene.cache.compute(KEY, Intent::Refresh, TAGS, || Ok(scene.load()));
        assert_eq!(new, Ok(NEW));
        assert_ne!(scene.cache.get(KEY), Some(OLD), "who has the new value has found the old one");
        other.join().unwrap();
        assert_ne!(scene.cache.get(KEY), Some(OLD));
    });
}
