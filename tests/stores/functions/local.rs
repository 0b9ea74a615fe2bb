//! What an alias says for all of its functions: what the process keeps, and whether calls wait for the store.

use std::sync::{Arc, Mutex};

use cache_core::store::{Cache, CacheBuilder, StoreErrorKind, caches};
use cache_core::{Task, memoize, set_executor};

use super::{Cat, Processes, Runs, SECOND};
use crate::noop;

/// A process whose cache is built so.
fn process(processes: &Processes, at: usize, build: fn(CacheBuilder) -> CacheBuilder) {
    processes.inside(at, || {
        let builder = Cache::builder_with(Arc::new(processes.stores[at].clone())).namespace("shop");
        caches().register("shared", build(builder).build().unwrap()).unwrap();
    });
}

#[test]
fn an_alias_says_what_functions_keep_unless_they_say_it() {
    #[memoize(ttl = 60, store = "shared")]
    fn get_cat(name: &str) -> Cat {
        Cat::new(name, 7)
    }
    #[memoize(ttl = 60, store = "shared", local = true)]
    fn get_kept_cat(name: &str) -> Cat {
        Cat::new(name, 7)
    }
    #[memoize(ttl = 60, store = "shared", local_ttl = "20s")]
    fn get_late_cat(name: &str) -> Cat {
        Cat::new(name, 7)
    }
    #[memoize(ttl = 60, store = "shared", stale_while_revalidate = 60)]
    fn get_stale_cat(name: &str) -> Cat {
        Cat::new(name, 7)
    }
    let kept = |processes: &Processes| {
        processes.inside(0, || {
            for cat in [get_cat("tom"), get_kept_cat("tom"), get_late_cat("tom"), get_stale_cat("tom")] {
                assert_eq!(cat, Cat::new("tom", 7));
            }
            let memos = [get_cat::memo().len(), get_kept_cat::memo().len()];
            (memos, [get_late_cat::memo().len(), get_stale_cat::memo().len()])
        })
    };
    let alone = Processes::alone();
    process(&alone, 0, |builder| builder.local(false));
    assert_eq!(kept(&alone), ([0, 1], [0, 0]));

    // Where others write, too, and are not heard of.
    let processes = Processes::new(1);
    assert_eq!(kept(&processes), ([0, 0], [1, 0]));
    process(&processes, 0, |builder| builder.local_ttl("5s"));
    assert_eq!(kept(&processes), ([1, 1], [1, 0]), "a stale value would be late for longer");
    processes.advance(6 * SECOND);
    let kept = processes.inside(0, || (get_cat::memo().len(), get_late_cat::memo().len()));
    assert_eq!(kept, (0, 1));
}

#[test]
fn a_call_is_late_by_no_more_than_the_alias_says() {
    static RUNS: Runs = Runs::new();
    #[memoize(ttl = 60, store = "shared")]
    fn get_cat(name: &str) -> Cat {
        RUNS.count();
        Cat::new(name, 7)
    }
    let processes = Processes::new(2);
    process(&processes, 0, |builder| builder.local_ttl("5s"));
    processes.inside(0, || {
        get_cat("tom");
        // It is not kept for longer either if its deadline is moved.
        get_cat::key("tom").set_ttl(60 * SECOND);
    });
    processes.inside(1, || get_cat::key("tom").invalidate().wait().unwrap());
    RUNS.take();
    processes.inside(0, || get_cat("tom"));
    assert_eq!(RUNS.take(), 0, "it may be late");
    processes.advance(5 * SECOND);
    processes.inside(0, || get_cat("tom"));
    assert_eq!(RUNS.take(), 1);
}

#[test]
fn a_call_need_not_wait_until_the_store_has_its_value() {
    #[memoize(ttl = 60, store = "shared")]
    fn get_cat(name: &str) -> Cat {
        Cat::new(name, 7)
    }
    let processes = Processes::with_channel(2);
    process(&processes, 0, |builder| builder.write_behind(true));
    let tasks: Arc<Mutex<Vec<Task>>> = Arc::default();
    let spawned = tasks.clone();
    processes
        .inside(0, || set_executor(move |task| spawned.lock().unwrap().push(task)))
        .expect("it is set once");
    processes.inside(0, || get_cat("tom"));
    assert_eq!(processes.inside(0, || get_cat::memo().len()), 1);
    assert_eq!(processes.inside(1, || get_cat::key("tom").get()), None, "it is on its way");
    // What was invalidated meanwhile does not come back.
    processes.inside(0, || get_cat("kim"));
    processes.inside(1, || get_cat::key("kim").invalidate().wait().unwrap());
    let poll = || {
        for mut task in std::mem::take(&mut *tasks.lock().unwrap()) {
            processes.inside(0, || noop(&mut task)).expect("the store answers at once");
        }
    };
    poll();
    processes.inside(1, || {
        assert_eq!(get_cat::key("tom").get(), Some(Cat::new("tom", 7)));
        assert_eq!(get_cat::key("kim").get(), None);
    });
    // A failure is told of.
    processes.inside(0, || get_cat("sam"));
    processes.stores[0].down(StoreErrorKind::Unavailable);
    poll();
    let stats = processes.inside(0, || get_cat::memo().stats());
    assert_eq!(stats.store_errors, 1);
}

#[test]
fn what_is_written_by_hand_is_waited_for_in_any_case() {
    #[memoize(ttl = 60, store = "shared")]
    fn get_cat(name: &str) -> Cat {
        Cat::new(name, 7)
    }
    let processes = Processes::with_channel(2);
    process(&processes, 0, |builder| builder.write_behind(true));
    assert!(processes.inside(0, || get_cat::entry("tom").insert(Cat::new("tom", 1))));
    assert_eq!(processes.inside(1, || get_cat("tom")), Cat::new("tom", 1));
}

#[test]
fn where_very_many_values_are_on_their_way_calls_wait_again() {
    #[memoize(ttl = 60, store = "shared")]
    fn get_cat(owner: u64) -> Cat {
        Cat::new("tom", owner)
    }
    let processes = Processes::with_channel(1);
    process(&processes, 0, |builder| builder.write_behind(true));
    let tasks: Arc<Mutex<Vec<Task>>> = Arc::default();
    let spawned = tasks.clone();
    processes
        .inside(0, || set_executor(move |task| spawned.lock().unwrap().push(task)))
        .expect("it is set once");
    processes.inside(0, || (0..1500).for_each(|owner| drop(get_cat(owner))));
    assert_eq!(tasks.lock().unwrap().len(), 1000, "the others were waited for");
    tasks.lock().unwrap().clear();
    processes.inside(0, || get_cat(2000));
    assert_eq!(tasks.lock().unwrap().len(), 1, "what was dropped is not counted any more");
}

#[test]
fn where_nothing_is_kept_calls_wait_in_any_case() {
    static RUNS: Runs = Runs::new();
    #[memoize(ttl = 60, store = "shared", local = false)]
    fn get_cat(name: &str) -> Cat {
        RUNS.count();
        Cat::new(name, 7)
    }
    let processes = Processes::with_channel(1);
    process(&processes, 0, |builder| builder.write_behind(true));
    processes.inside(0, || [get_cat("tom"), get_cat("tom")].map(drop));
    assert_eq!(RUNS.take(), 1);
}
