//! Tags that are known from the result alone: nobody finds a flight by them.

use super::{ALL, FEW, FEWER, KEY, NEW, Scene, check, fewer_unless_long, join};

fn tag_wins(preemptions: Option<usize>, callers: usize) {
    check(preemptions, move || {
        let scene = Scene::new();
        let others: Vec<_> = (0..callers).map(|_| scene.go(|scene| scene.call(&["cat"]))).collect();
        scene.change();
        scene.cache.invalidate_tag("cat");
        // May find a computation from before, and wait for it: its value must not do.
        scene.must_be_new(&["cat"]);
        join(others);
        assert_eq!(scene.cache.get(KEY), Some(NEW));
        scene.cache.memo.remove_all();
        assert_eq!(scene.cache.runtime.tags.len(), 0, "a tag that nothing carries is kept");
    });
}

#[test]
fn a_value_of_an_invalidated_tag_is_not_stored() {
    tag_wins(FEW, 1);
}

#[test]
fn a_value_of_an_invalidated_tag_reaches_no_later_caller() {
    tag_wins(FEWER, 2);
}

#[test]
fn a_tag_that_something_carries_already_is_no_different() {
    check(FEW, || {
        let scene = Scene::new();
        scene.cache.call(KEY + 1, &["cat"], || Ok(0)).unwrap();
        let other = scene.go(|scene| scene.call(&["cat"]));
        scene.change();
        scene.cache.invalidate_tag("cat");
        scene.must_be_new(&["cat"]);
        other.join().unwrap();
        assert_eq!(scene.cache.get(KEY), Some(NEW));
        assert_eq!(scene.cache.get(KEY + 1), None);
    });
}

#[test]
fn a_tag_that_one_lets_go_of_while_another_takes_it_is_one_that_is_known() {
    check(FEW, || {
        let scene = Scene::new();
        scene.call_of(KEY + 1, &["cat"]);
        let other = scene.go(|scene| scene.cache.invalidate(KEY + 1));
        scene.call(&["cat"]);
        other.join().unwrap();
        scene.change();
        scene.cache.invalidate_tag("cat");
        scene.must_be_new(&["cat"]);
    });
}

#[test]
fn two_tags_in_opposite_orders() {
    check(fewer_unless_long(FEW), || {
        let scene = Scene::new();
        scene.call(&["cat", "dog"]);
        scene.change();
        let other = scene.go(|scene| {
            scene.cache.invalidate_tag("dog");
            scene.must_be_new(&["cat", "dog"]);
            scene.cache.invalidate_tag("cat");
        });
        scene.cache.invalidate_tag("cat");
        scene.must_be_new(&["cat", "dog"]);
        scene.cache.invalidate_tag("dog");
        other.join().unwrap();
        scene.must_be_new(&["cat", "dog"]);
    });
}

/// A hit after an invalidation that is about others finds its entry valid and notes so, while another
/// invalidation hits it.
#[test]
fn a_hit_that_looks_again_does_not_miss_the_next_invalidation() {
    check(ALL, || {
        let scene = Scene::new();
        scene.call(&["cat"]);
        scene.cache.call(KEY + 1, &["dog"], || Ok(0)).unwrap();
        scene.cache.invalidate_tag("dog");
        let reader = scene.go(|scene| scene.cache.get(KEY));
        scene.change();
        scene.cache.invalidate_tag("cat");
        scene.must_be_new(&["cat"]);
        reader.join().unwrap();
        assert_eq!(scene.cache.get(KEY), Some(NEW));
    });
}

#[test]
fn two_hits_look_again_while_two_invalidations_pass() {
    check(FEW, || {
        let scene = Scene::new();
        scene.call(&["cat"]);
        scene.cache.call(KEY + 1, &["dog"], || Ok(0)).unwrap();
        let readers = [scene.go(|scene| scene.cache.get(KEY)), scene.go(|scene| scene.cache.get(KEY))];
        scene.cache.invalidate_tag("dog");
        scene.cache.invalidate_tag("cat");
        assert_eq!(scene.cache.get(KEY), None, "an entry of the tag outlived it");
        join(readers);
        assert_eq!(scene.cache.get(KEY), None, "an entry of the tag came back");
    });
}
