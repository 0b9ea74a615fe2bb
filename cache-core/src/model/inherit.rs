//! What was computed from an entry, against invalidations of that entry.

use std::sync::Arc;

use loom::sync::atomic::{AtomicU64, Ordering};
use loom::thread::spawn;

use super::{FEWER, KEY, NEW, OLD, check, fewer_unless_long};
use crate::flight::Intent;
use crate::memo::{MemoSpec, Runtime};
use crate::spec::Spec;
use crate::tags::{IN_MODEL, Severity};
use crate::tests::test_memo::TestMemo;
use crate::time::Clock;

/// Cats, and pages that are computed from them.
struct Site {
    cats: TestMemo,
    pages: TestMemo,
    origin: AtomicU64,
}

impl Site {
    fn new() -> Arc<Self> {
        let runtime = Runtime::new(Clock::System);
        let cats = TestMemo::within(runtime.clone(), Spec::new("cat", &["key"]), MemoSpec::new());
        let spec = Spec::new("page", &["key"]).inherit_tags();
        let pages = TestMemo::within(runtime, spec, MemoSpec::new());
        Arc::new(Self { cats, pages, origin: AtomicU64::new(OLD) })
    }

    fn cat(&self) -> u64 {
        self.cats.call(KEY, &["cat"], || Ok(self.origin.load(Ordering::Relaxed))).expect("never fails")
    }

    fn page(&self, key: u64) -> u64 {
        self.pages.call(key, &[], || Ok(self.cat())).expect("never fails")
    }
}

/// A page is computed while its cat changes; from a cat that is there, or that is computed with it.
fn dependents_go(preemptions: Option<usize>, cached: bool, invalidate: fn(&Site)) {
    check(preemptions, move || {
        let site = Site::new();
        if cached {
            site.cat();
        }
        let other = site.clone();
        let other = spawn(move || other.page(KEY));
        site.origin.store(NEW, Ordering::Relaxed);
        invalidate(&site);
        assert_eq!(site.page(KEY), NEW, "computed from what was invalidated");
        other.join().unwrap();
        assert_ne!(site.pages.get(KEY), Some(OLD), "what was computed before is kept");
        assert_eq!(site.page(KEY), NEW);
    });
}

fn by_key(site: &Site) {
    site.cats.invalidate(KEY);
}

fn by_tag(site: &Site) {
    site.cats.invalidate_tag("cat");
}

fn by_clear(site: &Site) {
    site.cats.memo.remove_all();
}

fn by_predicate(site: &Site) {
    site.cats.invalidate_if(|value| value == OLD, Severity::Hard);
}

/// A group stands for what a page has inherited.
fn dependents_of_groups_go(cached: bool, invalidate: fn(&Site)) {
    IN_MODEL.set(1);
    dependents_go(Some(2), cached, invalidate);
}

#[test]
fn a_page_with_a_group_goes_with_its_cat() {
    dependents_of_groups_go(true, by_key);
}

#[test]
fn a_page_with_a_group_goes_with_the_tag_of_a_cat_that_is_computed_with_it() {
    dependents_of_groups_go(false, by_tag);
}

#[test]
fn a_page_goes_with_its_cat() {
    dependents_go(FEWER, true, by_key);
}

#[test]
fn a_page_goes_with_a_cat_that_is_computed_with_it() {
    dependents_go(FEWER, false, by_key);
}

#[test]
fn a_page_goes_with_the_tag_of_its_cat() {
    dependents_go(FEWER, true, by_tag);
}

#[test]
fn a_page_goes_when_cats_are_cleared() {
    dependents_go(fewer_unless_long(FEWER), true, by_clear);
}

#[test]
fn a_page_goes_with_a_cat_that_a_predicate_picks() {
    dependents_go(FEWER, true, by_predicate);
}

/// The cat is computed anew, and left by itself before that if it was `evicted`; what is invalidated meanwhile
/// leaves nothing of the new one.
fn dependents_go_with_a_refresh(evicted: bool, overtaken: bool) {
    check(FEWER, move || {
        let site = Site::new();
        site.page(KEY);
        if evicted {
            site.cats.memo.bound(0);
            site.cats.memo.bound(1);
        }
        let other = site.clone();
        let other = spawn(move || other.page(KEY + 1));
        site.origin.store(NEW, Ordering::Relaxed);
        let body = || {
            if overtaken {
                site.cats.invalidate_tag("new");
            }
            Ok(site.origin.load(Ordering::Relaxed))
        };
        site.cats.compute(KEY, Intent::Refresh, &["new"], body).expect("never fails");
        assert_eq!((site.page(KEY), site.page(KEY + 1)), (NEW, NEW), "computed from what was refreshed");
        other.join().unwrap();
        assert_eq!((site.page(KEY), site.page(KEY + 1)), (NEW, NEW), "what was computed before is kept");
    });
}

#[test]
fn a_page_goes_with_a_cat_that_is_refreshed() {
    dependents_go_with_a_refresh(false, false);
}

#[test]
fn a_page_goes_with_a_cat_that_is_refreshed_and_not_kept() {
    dependents_go_with_a_refresh(false, true);
}

#[test]
fn a_page_goes_with_a_cat_that_has_left_and_is_refreshed() {
    dependents_go_with_a_refresh(true, false);
}

#[test]
fn a_page_goes_with_a_cat_that_has_left_and_is_refreshed_and_not_kept() {
    dependents_go_with_a_refresh(true, true);
}

/// One page lets go of the dependency while another takes it up.
#[test]
fn a_source_that_is_let_go_of_and_taken_up_again_is_told() {
    check(FEWER, || {
        let site = Site::new();
        site.page(KEY);
        let other = site.clone();
        let other = spawn(move || other.page(KEY + 1));
        site.pages.invalidate(KEY);
        site.origin.store(NEW, Ordering::Relaxed);
        site.cats.invalidate(KEY);
        assert_eq!(site.page(KEY + 1), NEW);
        other.join().unwrap();
        assert_eq!(site.page(KEY + 1), NEW);
    });
}
