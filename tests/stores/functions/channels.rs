//! What processes keep in memory in front of a shared store, as long as they hear of each other.

use cache_core::store::{Channel as _, StoreErrorKind, caches};
use cache_core::{memoize, tag};

use super::{Cat, Processes, Runs, SECOND};

static RUNS: Runs = Runs::new();

#[memoize(ttl = 300, store = "shared", tags = ["heard", "name:{name}", "owner:{value.owner}"])]
fn get_cat(name: &str) -> Cat {
    RUNS.count();
    Cat::new(name, 7)
}

/// Calls the function in a process, and says how many requests that took, and how often it ran.
fn call(processes: &Processes, at: usize) -> (usize, u32) {
    let before = processes.stores[at].requests().len();
    RUNS.take();
    processes.inside(at, || get_cat("tom"));
    (processes.stores[at].requests().len() - before, RUNS.take())
}

/// Two processes that both keep the value.
fn with_values() -> Processes {
    let processes = Processes::with_channel(2);
    call(&processes, 0);
    call(&processes, 1);
    assert_eq!((call(&processes, 0), call(&processes, 1)), ((0, 0), (0, 0)), "both keep it");
    processes
}

/// The tests of this file count the runs of one function.
fn alone() -> std::sync::MutexGuard<'static, ()> {
    static ALONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[test]
fn each_invalidation_is_heard_of() {
    let _alone = alone();
    let invalidations: [(&str, fn()); 8] = [
        ("key", || get_cat::key("tom").invalidate().wait().unwrap()),
        ("tag", || tag("heard").invalidate().wait().unwrap()),
        ("tag of the argument", || tag("name:tom").invalidate().wait().unwrap()),
        ("tag of the value", || tag("owner:7").invalidate().wait().unwrap()),
        ("memo", || get_cat::memo().clear().wait().unwrap()),
        ("tag of the cache", || caches().get("shared").unwrap().tag("heard").invalidate().wait().unwrap()),
        ("cache", || caches().get("shared").unwrap().clear().wait().unwrap()),
        ("insert", || assert!(get_cat::entry("tom").insert(Cat::new("tom", 1)))),
    ];
    for (what, invalidate) in invalidations {
        let processes = with_values();
        processes.inside(1, invalidate);
        let (requests, runs) = call(&processes, 0);
        assert!(requests > 0, "{what} was not heard of");
        assert_eq!(runs, u32::from(what != "insert"), "{what}");
        call(&processes, 1);
        assert_eq!((call(&processes, 0), call(&processes, 1)), ((0, 0), (0, 0)), "after {what}");
    }
    let processes = with_values();
    processes.inside(1, || tag("others").invalidate().wait().unwrap());
    processes.inside(1, || get_cat::key("kim").invalidate().wait().unwrap());
    assert_eq!(call(&processes, 0), (0, 0), "others stay");
}

#[test]
fn a_value_that_was_being_read_is_not_kept() {
    static RUNS: Runs = Runs::new();
    #[memoize(ttl = 300, store = "shared", skip(race), tag = "raced")]
    fn race_for_cat(name: &str, race: &dyn Fn()) -> Cat {
        RUNS.count();
        race();
        Cat::new(name, 7)
    }
    let races: [fn(); 3] = [
        || race_for_cat::key("tom").invalidate().wait().unwrap(),
        || tag("raced").invalidate().wait().unwrap(),
        || race_for_cat::memo().clear().wait().unwrap(),
    ];
    for race in races {
        let processes = Processes::with_channel(2);
        processes.inside(0, || race_for_cat("tom", &|| processes.inside(1, race)));
        processes.inside(0, || race_for_cat("tom", &|| ()));
        assert_eq!(RUNS.take(), 2);
    }
}

#[test]
fn while_the_channel_is_cut_nothing_is_kept() {
    let _alone = alone();
    let processes = with_values();
    processes.stores[0].cut_channel();
    processes.inside(1, || get_cat::key("tom").invalidate().wait().unwrap());
    assert_eq!(call(&processes, 0).1, 1);
    assert!(call(&processes, 0).0 > 0, "it has kept what it may not hear of");
    assert_eq!(call(&processes, 0).1, 0);
    processes.stores[0].restore_channel();
    call(&processes, 0);
    assert_eq!(call(&processes, 0), (0, 0));
}

#[test]
fn a_channel_that_is_silent_is_trusted_for_three_seconds() {
    let _alone = alone();
    let processes = with_values();
    processes.advance(10 * SECOND);
    assert_eq!(call(&processes, 0), (0, 0), "it shows life");
    processes.stores[0].silence_channel();
    processes.inside(1, || get_cat::key("tom").invalidate().wait().unwrap());
    for _ in 0..5 {
        processes.advance(SECOND);
    }
    assert_eq!(call(&processes, 0).1, 1);
    assert!(call(&processes, 0).0 > 0, "it has kept what it may not hear of");
    processes.stores[0].restore_channel();
    processes.advance(2 * SECOND);
    call(&processes, 0);
    assert_eq!(call(&processes, 0), (0, 0));
}

#[test]
fn a_message_that_was_lost_is_missed_at_the_next_one() {
    let _alone = alone();
    let processes = with_values();
    // The sender is known by its first message.
    processes.inside(1, || get_cat::key("kim").invalidate().wait().unwrap());
    processes.stores[0].lose_messages(1);
    processes.inside(1, || get_cat::key("tom").invalidate().wait().unwrap());
    assert_eq!(call(&processes, 0), (0, 0), "nobody can know yet");
    // Each process shows life once per second, and says how many messages there were.
    processes.advance(2 * SECOND);
    assert_eq!(call(&processes, 0).1, 1);
}

#[test]
fn a_message_that_nobody_can_read_empties_what_is_kept() {
    let _alone = alone();
    for rubbish in [&b""[..], b"rubbish", b"[2,1,1,\"keys\",[]]", &[0xff; 4000]] {
        let processes = with_values();
        let topic = "shop/c".into();
        processes.stores[1].publish(&topic, rubbish.to_vec().into()).now().unwrap().unwrap();
        assert!(call(&processes, 0).0 > 0);
        assert_eq!(call(&processes, 0), (0, 0));
    }
}

#[test]
fn an_invalidation_is_acknowledged_when_the_others_were_told() {
    let _alone = alone();
    let processes = with_values();
    // The removal, and not the message.
    processes.stores[1].hold(cache_core::testing::scripted::Hold::Command);
    let applied = processes.inside(1, || get_cat::key("tom").invalidate());
    let held = || processes.stores[1].held().first().map(|held| held.number);
    assert!(processes.stores[1].answer(held().unwrap()));
    while held().is_none() {
        std::thread::yield_now();
    }
    assert_eq!(call(&processes, 0), (0, 0), "it was not told yet");
    processes.stores[1].fail(held().unwrap(), StoreErrorKind::Unavailable);
    assert_eq!(applied.wait().unwrap_err().kind(), StoreErrorKind::Unavailable);
    processes.stores[1].release();
    processes.advance(2 * SECOND);
    call(&processes, 1);
    assert!(call(&processes, 0).0 > 0, "it was told with the next request of the other");
}

#[test]
fn with_local_switched_off_nobody_listens() {
    static RUNS: Runs = Runs::new();
    #[memoize(ttl = 300, store = "shared", local = false)]
    fn far_cat(name: &str) -> Cat {
        RUNS.count();
        Cat::new(name, 7)
    }
    let processes = Processes::with_channel(1);
    processes.inside(0, || (far_cat("tom"), far_cat("tom")));
    let before = processes.requests();
    processes.advance(10 * SECOND);
    assert_eq!((processes.requests(), RUNS.take()), (before, 1));
    assert_eq!(processes.inside(0, || far_cat::memo().len()), 0);
}
