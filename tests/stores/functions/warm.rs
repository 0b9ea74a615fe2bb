//! Warm starts: what was read most is there when a program starts.

use std::time::{Duration, Instant};

use cache_core::memoize;
use cache_core::store::{Cache, StoreErrorKind, caches};
use cache_core::testing::scripted::Hold;

use super::{Cat, Processes, Runs, SECOND};
use crate::noop;

/// Waits for something that the background does.
fn until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(20), "{what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn shared() -> Cache {
    caches().get("shared").unwrap()
}

/// Has the store remember what the functions of a process read most.
fn write(processes: &Processes, at: usize) {
    let store = &processes.stores[at];
    let lists = || store.keys().into_iter().filter(|key| key.starts_with(b"shop/v/%00most_read/"));
    // Not only a placeholder for it.
    let is_list = |bytes: &[u8]| bytes.windows(2).any(|part| part == b"[\"");
    processes.inside(at, || shared().warm(10).wait().unwrap());
    processes.advance(SECOND);
    until("nothing was written", || lists().any(|list| is_list(&store.bytes(&list).unwrap())));
}

#[test]
fn what_was_read_most_is_there_at_the_next_start() {
    static RUNS: Runs = Runs::new();
    #[memoize(ttl = 300, store = "shared")]
    fn get_cat(name: &str, owner: u64) -> Cat {
        RUNS.count();
        Cat::new(name, owner)
    }
    let processes = Processes::with_channel(2);
    processes.inside(0, || {
        for owner in 0..10 {
            get_cat("tom", owner);
        }
        for _ in 0..3 {
            get_cat("tom", 3);
            get_cat("tom", 7);
        }
    });
    write(&processes, 0);
    RUNS.take();
    processes.inside(1, || {
        let _ = get_cat::memo();
        assert_eq!(shared().warm(2).wait().unwrap(), 2);
        let mut keys: Vec<String> = get_cat::memo().any_keys().iter().map(ToString::to_string).collect();
        keys.sort();
        assert_eq!(keys.len(), 2, "{keys:?}");
        assert!(keys[0].ends_with("(\"tom\", 3)") && keys[1].ends_with("(\"tom\", 7)"), "{keys:?}");
        let requests = processes.stores[1].requests().len();
        assert_eq!((get_cat("tom", 3), get_cat("tom", 7)), (Cat::new("tom", 3), Cat::new("tom", 7)));
        assert_eq!(processes.stores[1].requests().len(), requests);
        let stats = get_cat::memo().stats();
        assert_eq!((stats.hits, stats.misses, stats.store_hits), (2, 0, 0));
    });
    assert_eq!(RUNS.take(), 0);
}

#[test]
fn a_function_is_warmed_when_it_is_called_first() {
    static RUNS: Runs = Runs::new();
    #[memoize(ttl = 300, store = "shared")]
    fn get_cat(owner: u64) -> Cat {
        RUNS.count();
        Cat::new("tom", owner)
    }
    let processes = Processes::with_channel(2);
    processes.inside(0, || (0..5).for_each(|owner| drop(get_cat(owner))));
    write(&processes, 0);
    processes.inside(1, || {
        let store = std::sync::Arc::new(processes.stores[1].clone());
        let cache = Cache::builder_with(store).namespace("shop").warm(10).build().unwrap();
        caches().register("shared", cache).unwrap();
        get_cat(9);
        until("it stays cold", || {
            get_cat(9);
            get_cat::memo().len() == 6
        });
    });
    assert_eq!(RUNS.take(), 6);
}

#[test]
fn what_was_invalidated_meanwhile_is_not_taken_in() {
    #[memoize(ttl = 300, store = "shared", tag = "warmed")]
    fn get_cat(owner: u64) -> Cat {
        Cat::new("tom", owner)
    }
    // Nobody waits for an answer of the store: in the process that reads they are held up.
    let invalidations: [(usize, fn()); 7] = [
        (0, || drop(get_cat::key(3).invalidate())),
        (0, || drop(cache_core::tag("warmed").invalidate())),
        (0, || drop(get_cat::memo().clear())),
        (0, || shared().clear().wait().unwrap()),
        (1, || drop(get_cat::key(3).invalidate())),
        (1, || drop(cache_core::tag("warmed").invalidate())),
        (1, || drop(get_cat::memo().clear())),
    ];
    for (at, (by, invalidate)) in invalidations.into_iter().enumerate() {
        let processes = Processes::with_channel(2);
        processes.inside(0, || drop(get_cat(3)));
        write(&processes, 0);
        let store = &processes.stores[1];
        store.hold(Hold::Reply);
        let mut warming = processes.inside(1, || {
            let _ = get_cat::memo();
            shared().warm(10)
        });
        let answer_first =
            || assert!(store.answer(store.held().iter().find(|held| !held.is_answered).unwrap().number));
        // The list is read, and then the values.
        assert!(noop(&mut warming).is_none());
        answer_first();
        assert!(noop(&mut warming).is_none());
        processes.inside(by, invalidate);
        answer_first();
        store.release();
        assert_eq!(noop(&mut warming).unwrap().unwrap(), 1, "{at}: it was read before");
        assert_eq!(processes.inside(1, || get_cat::memo().len()), 0, "{at}");
    }
}

#[test]
fn what_cannot_be_taken_in_is_passed_over() {
    #[memoize(ttl = 10, store = "shared", secret(token))]
    fn get_secret_cat(token: &str, owner: u64) -> Cat {
        Cat::new(token, owner)
    }
    #[memoize(ttl = 10, store = "shared", local = false)]
    fn get_cat_elsewhere(owner: u64) -> Cat {
        Cat::new("kim", owner)
    }
    #[memoize(ttl = 10, store = "shared")]
    fn get_cat(owner: u64) -> Cat {
        Cat::new("tom", owner)
    }
    let processes = Processes::with_channel(2);
    processes.inside(0, || {
        get_secret_cat("open sesame", 1);
        get_cat_elsewhere(1);
        (0..4).for_each(|owner| drop(get_cat(owner)));
    });
    write(&processes, 0);
    processes.inside(0, || {
        assert!(get_cat::key(1).invalidate().count() > 0);
        get_cat::key(2).set_ttl(5 * SECOND);
    });
    processes.advance(6 * SECOND);
    processes.inside(1, || {
        let memos = [get_secret_cat::memo().len(), get_cat_elsewhere::memo().len(), get_cat::memo().len()];
        assert_eq!(memos, [0, 0, 0]);
        assert_eq!(shared().warm(10).wait().unwrap(), 2);
        assert_eq!((get_secret_cat::memo().len(), get_cat::memo().len()), (0, 2));
        // They keep their remaining life, and no more.
        processes.advance(3 * SECOND);
        assert_eq!(get_cat::memo().len(), 0);
    });
    let written = processes.stores[0].keys();
    let lists = written.iter().filter(|key| key.starts_with(b"shop/v/%00most_read"));
    for list in lists {
        let bytes = processes.stores[0].bytes(list).unwrap();
        assert!(!bytes.windows(4).any(|part| part == b"open"), "the secret was written");
    }
}

#[test]
fn a_memo_takes_in_no_more_than_it_holds() {
    #[memoize(ttl = 300, store = "shared", capacity = 3)]
    fn get_cat(owner: u64) -> Cat {
        Cat::new("tom", owner)
    }
    let processes = Processes::with_channel(2);
    processes.inside(0, || {
        get_cat::memo().set_capacity(10).unwrap();
        (0..10).for_each(|owner| drop(get_cat(owner)));
    });
    write(&processes, 0);
    processes.inside(1, || {
        let _ = get_cat::memo();
        assert_eq!(shared().warm(10).wait().unwrap(), 3);
        assert_eq!(get_cat::memo().len(), 3);
        assert_eq!(get_cat::memo().stats().evictions, 0);
    });
}

#[test]
fn a_process_that_has_read_little_does_not_shorten_the_list() {
    #[memoize(ttl = 300, store = "shared")]
    fn get_cat(owner: u64) -> Cat {
        Cat::new("tom", owner)
    }
    let processes = Processes::with_channel(3);
    processes.inside(0, || (0..5).for_each(|owner| drop(get_cat(owner))));
    write(&processes, 0);
    processes.inside(1, || {
        get_cat(9);
        assert_eq!(shared().warm(10).wait().unwrap(), 5);
        // Its list has what it has in memory, and the rest of the list of the other.
        get_cat::memo().set_capacity(1).unwrap();
        get_cat(9);
        shared().close().wait().unwrap();
    });
    processes.inside(2, || {
        let _ = get_cat::memo();
        assert_eq!(shared().warm(10).wait().unwrap(), 6);
    });
}

#[test]
fn a_store_that_fails_is_asked_again() {
    #[memoize(ttl = 300, store = "shared")]
    fn get_cat(owner: u64) -> Cat {
        Cat::new("tom", owner)
    }
    let processes = Processes::with_channel(2);
    processes.inside(0, || drop(get_cat(3)));
    write(&processes, 0);
    processes.inside(1, || {
        let _ = get_cat::memo();
        processes.stores[1].down(StoreErrorKind::Unavailable);
        let error = shared().warm(10).wait().unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
        processes.stores[1].up();
        processes.scopes[1].advance(2 * SECOND);
        get_cat(9);
        until("it stays cold", || get_cat::memo().len() == 2);
    });
}

#[test]
fn after_the_channel_was_lost_it_begins_anew() {
    #[memoize(ttl = 300, store = "shared")]
    fn get_cat(owner: u64) -> Cat {
        Cat::new("tom", owner)
    }
    let processes = Processes::with_channel(1);
    processes.inside(0, || drop(get_cat(3)));
    write(&processes, 0);
    processes.stores[0].cut_channel();
    assert_eq!(processes.inside(0, || get_cat::memo().len()), 0);
    processes.stores[0].restore_channel();
    until("it stays cold", || processes.inside(0, || get_cat::memo().len()) == 1);
}
