//! `#[invalidates]`: what a function that writes drops, and when.

#![allow(
    clippy::elidable_lifetime_names,
    clippy::items_after_statements,
    clippy::many_single_char_names,
    clippy::needless_lifetimes,
    clippy::similar_names,
    clippy::trivially_copy_pass_by_ref,
    reason = "functions as people write them"
)]

mod collected;
mod instances;
mod mistakes;
mod nodes;
mod signatures;
mod tasks;
mod value;
mod what;
mod when;

use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};

use cache_core::testing::Scope;
use cache_core::{AnyKey, Invalidation, Memo, Pending, Tag, invalidates, memoize, tag};
use tests::Count;

fn panics<T>(run: impl FnOnce() -> T) -> bool {
    catch_unwind(AssertUnwindSafe(run)).is_err()
}

#[memoize(tags = ["cats", "cat:{name}"])]
fn get_cat(name: &str) -> String {
    format!("cat {name}")
}

#[memoize]
fn get_lives(name: &str, id: u64) -> u64 {
    let _ = name;
    id
}

/// Stores some entries, which nothing has written yet.
fn fill() {
    get_cat("tom");
    get_cat("kit");
    get_lives("tom", 1);
    get_lives("kit", 2);
}

/// Which of them are still there.
fn left() -> [bool; 4] {
    [
        get_cat::key("tom").is_live(),
        get_cat::key("kit").is_live(),
        get_lives::key("tom", 1).is_live(),
        get_lives::key("kit", 2).is_live(),
    ]
}

const ALL: [bool; 4] = [true; 4];

#[test]
fn a_writer_of_a_scope_writes_there() {
    static RUNS: Count = Count::new();
    #[memoize(tags = ["scoped"])]
    fn scoped(n: u32) -> u32 {
        RUNS.add();
        n
    }
    #[invalidates(tag = "scoped")]
    fn write() {}

    scoped(1);
    let scope = Scope::new();
    {
        let _inside = scope.enter();
        scoped(1);
        write();
        assert!(scoped::memo().is_empty());
    }
    assert_eq!(tag("scoped").len(), 1);
    write();
    assert_eq!((tag("scoped").len(), RUNS.get()), (0, 2));
}

#[test]
fn tags_of_a_write_reach_through_what_is_not_there() {
    #[memoize(tags = ["owner:{owner}", "owner:none"])]
    fn of(owner: u32) -> u32 {
        owner
    }
    #[invalidates(tags = ["owner:{owner}", "owner:{value.0}"])]
    fn move_out(owner: Option<u32>, to: Option<u32>) -> (Option<u32>,) {
        (to,)
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let there = || [7, 8].map(|owner| of::key(owner).is_live());
    of(7);
    of(8);
    move_out(None, None);
    assert_eq!(there(), [true, true]);
    move_out(Some(7), None);
    assert_eq!(there(), [false, true]);
    move_out(None, Some(8));
    assert_eq!(there(), [false, false]);
}
