//! What companions read and write in the store.

use std::time::Duration;

use cache_core::store::caches;
use cache_core::{memoize, tag};
use futures::executor::block_on;

use super::{Cat, Processes, Runs};

#[memoize(ttl = 300, store = "shared", tags = ["kept", "owner:{value.owner}"])]
fn get_cat(name: &str) -> Cat {
    Cat::new(name, 7)
}

#[memoize(ttl = 300, store = "shared", cache_if = |cat| cat.owner != 0)]
async fn far_cat(name: String) -> Cat {
    Cat::new(&name, 7)
}

#[test]
fn what_one_process_inserts_others_read() {
    let processes = Processes::new(2);
    assert_eq!(processes.inside(1, || get_cat::entry("tom").get()), None);
    assert!(processes.inside(0, || get_cat::entry("tom").insert(Cat::new("tom", 1))));
    assert_eq!(processes.inside(1, || get_cat::entry("tom").get()), Some(Cat::new("tom", 1)));
    assert_eq!(processes.inside(1, || get_cat::key("tom").get()), Some(Cat::new("tom", 1)));
    assert_eq!(processes.inside(1, || get_cat("tom")), Cat::new("tom", 1));
    processes.inside(0, || tag("owner:1").invalidate().wait().unwrap());
    assert_eq!(processes.inside(1, || get_cat::entry("tom").get()), None, "it has the tags of its value");
}

#[test]
fn an_insert_may_depend_on_what_others_have_stored() {
    let processes = Processes::new(2);
    let entry = || get_cat::entry("kim");
    assert!(!processes.inside(0, || entry().insert_if_present(Cat::new("kim", 1))));
    assert!(processes.inside(0, || entry().insert_if_absent(Cat::new("kim", 1))));
    assert!(!processes.inside(1, || entry().insert_if_absent(Cat::new("kim", 2))));
    assert!(processes.inside(1, || entry().insert_if_present(Cat::new("kim", 3))));
    assert_eq!(processes.inside(0, || entry().get()), Some(Cat::new("kim", 3)));
}

#[test]
fn an_update_changes_what_the_store_has() {
    let processes = Processes::new(2);
    let entry = || get_cat::entry("zoe");
    let older = |mut cat: Cat| {
        cat.owner += 1;
        cat
    };
    assert_eq!(processes.inside(0, || entry().update(older)), None);
    processes.inside(0, || get_cat("zoe"));
    assert_eq!(processes.inside(1, || entry().update(older)), Some(Cat::new("zoe", 8)));
    assert_eq!(processes.inside(0, || get_cat("zoe")), Cat::new("zoe", 8));
    processes.inside(0, || tag("owner:8").invalidate().wait().unwrap());
    assert_eq!(processes.inside(1, || entry().get()), None);
}

#[test]
fn asynchronous_verbs_await_the_store() {
    let processes = Processes::new(2);
    let entry = || far_cat::entry("tom".to_owned());
    processes.inside(0, || {
        block_on(async {
            assert!(!entry().insert(Cat::new("tom", 0)).await, "refused by its condition");
            assert!(entry().insert(Cat::new("tom", 1)).await);
        });
    });
    processes.inside(1, || {
        block_on(async {
            assert_eq!(entry().get().await, Some(Cat::new("tom", 1)));
            assert_eq!(entry().update(|cat| Cat { owner: 2, ..cat }).await, Some(Cat::new("tom", 2)));
            assert_eq!(far_cat::key("tom".to_owned()).get().await, Some(Cat::new("tom", 2)));
        });
    });
    assert_eq!(processes.inside(0, || block_on(far_cat("tom".to_owned()))), Cat::new("tom", 2));
}

#[test]
fn a_write_takes_the_place_of_what_this_process_keeps() {
    static RUNS: Runs = Runs::new();
    #[memoize(ttl = 300, store = "shared", tag = "kept")]
    fn get_cat(name: &str) -> Cat {
        RUNS.count();
        Cat::new(name, 7)
    }
    let alone = Processes::alone();
    alone.inside(0, || {
        get_cat("tom");
        RUNS.take();
        assert!(get_cat::entry("tom").insert(Cat::new("tom", 1)));
        assert_eq!((get_cat("tom").owner, get_cat("tom").owner), (1, 1));
        get_cat::entry("tom").update(|cat| Cat { owner: 2, ..cat }).unwrap();
        assert_eq!(get_cat("tom").owner, 2);
        caches().get("shared").unwrap().tag("kept").invalidate().wait().unwrap();
        assert_eq!((get_cat("tom").owner, RUNS.take()), (7, 1));
        caches().get("shared").unwrap().clear().wait().unwrap();
        assert_eq!((get_cat("tom").owner, RUNS.take()), (7, 1));
    });
}

#[test]
fn a_ttl_is_set_for_all() {
    static RUNS: Runs = Runs::new();
    #[memoize(ttl = 300, store = "shared", tag = "kept")]
    fn get_cat(name: &str) -> Cat {
        RUNS.count();
        Cat::new(name, 7)
    }
    let processes = Processes::new(2);
    let key = || get_cat::key("max");
    assert!(!processes.inside(0, || key().set_ttl(Duration::from_secs(5))));
    processes.inside(0, || get_cat("max"));
    RUNS.take();
    assert!(processes.inside(1, || key().set_ttl(Duration::from_secs(5))));
    assert!(processes.inside(0, || key().extend_ttl(Duration::from_secs(2))), "it is longer already");
    processes.advance(Duration::from_secs(4));
    processes.inside(0, || get_cat("max"));
    assert_eq!(RUNS.take(), 0);
    processes.advance(Duration::from_secs(1));
    processes.inside(0, || get_cat("max"));
    assert_eq!(RUNS.take(), 1);
    assert!(processes.inside(1, || get_cat::entry("max").extend_ttl(Duration::from_secs(1000))));
    processes.advance(Duration::from_mins(15));
    processes.inside(0, || get_cat("max"));
    assert_eq!(RUNS.take(), 0);
    assert!(processes.inside(1, || block_on(far_cat("max".to_owned())).owner == 7));
    let set = || far_cat::key("max".to_owned());
    assert!(processes.inside(0, || block_on(set().set_ttl(Duration::ZERO))));
    assert_eq!(processes.inside(1, || block_on(set().get())), None);
}

#[test]
fn a_refresh_replaces_the_value_of_all() {
    let processes = Processes::new(2);
    processes.inside(0, || get_cat::entry("leo").insert(Cat::new("leo", 1)));
    assert_eq!(processes.inside(1, || get_cat::entry("leo").refresh()).owner, 7);
    assert_eq!(processes.inside(0, || get_cat("leo")).owner, 7);
}
