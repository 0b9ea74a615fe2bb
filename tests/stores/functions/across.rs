//! What processes share, and what they learn of each other.

use std::sync::mpsc::channel;
use std::thread;

use cache_core::store::caches;
use cache_core::{Pending, Tag, invalidates, memoize, tag};
use futures::executor::block_on;

use super::{Cat, Processes, Runs};

#[test]
fn a_value_is_computed_once_for_all_processes() {
    static RUNS: Runs = Runs::new();
    #[memoize(ttl = 300, store = "shared")]
    fn get_cat(name: &str, owner: Option<u64>) -> Cat {
        RUNS.count();
        Cat::new(name, owner.unwrap_or_default())
    }
    let processes = Processes::new(3);
    for at in 0..3 {
        assert_eq!(processes.inside(at, || get_cat("tom", Some(7))), Cat::new("tom", 7));
    }
    assert_eq!(RUNS.take(), 1);
    assert_eq!(processes.inside(1, || get_cat("tom", None)), Cat::new("tom", 0), "another key");
    assert_eq!(processes.inside(2, || get_cat::memo().stats().store_hits), 1);
}

#[test]
fn an_asynchronous_function_shares_its_values_too() {
    static RUNS: Runs = Runs::new();
    #[memoize(ttl = 300, store = "shared", local = false)]
    async fn get_cat(name: String) -> Result<Cat, std::io::Error> {
        RUNS.count();
        Ok(Cat::new(&name, 7))
    }
    let processes = Processes::new(2);
    for at in [0, 1, 0] {
        let cat = processes.inside(at, || block_on(get_cat("tom".to_owned())));
        assert_eq!(cat.unwrap(), Cat::new("tom", 7));
    }
    assert_eq!(RUNS.take(), 1);
}

#[test]
fn what_this_process_keeps_needs_no_request() {
    static RUNS: Runs = Runs::new();
    #[memoize(ttl = 300, store = "shared")]
    fn get_cat(name: &str) -> Cat {
        RUNS.count();
        Cat::new(name, 7)
    }
    let alone = Processes::alone();
    alone.inside(0, || get_cat("tom"));
    let before = alone.requests();
    alone.inside(0, || (0..9).for_each(|_| drop(get_cat("tom"))));
    assert_eq!((alone.requests() - before, RUNS.take()), (0, 1));

    // Where others use the store too, and cannot tell of what they invalidate, nothing is kept.
    let processes = Processes::new(1);
    processes.inside(0, || (0..9).for_each(|_| drop(get_cat("tom"))));
    assert_eq!((processes.inside(0, || get_cat::memo().len()), RUNS.take()), (0, 1));
}

#[derive(Tag)]
struct Owner(u64);

static SHARED_RUNS: Runs = Runs::new();

#[memoize(ttl = 300, store = "shared", tags = ["cats", "name:{name}", Owner(value.owner)])]
fn shared_cat(name: &str) -> Cat {
    SHARED_RUNS.count();
    Cat::new(name, 7)
}

#[test]
fn each_invalidation_reaches_all_processes() {
    let invalidations: [(&str, fn()); 9] = [
        ("key", || shared_cat::key("tom").invalidate().wait().unwrap()),
        ("soft", || shared_cat::entry("tom").mark_stale().wait().unwrap()),
        ("tag", || tag("cats").invalidate().wait().unwrap()),
        ("tag of the argument", || tag("name:tom").invalidate().wait().unwrap()),
        ("tag of the value", || tag(Owner(7)).invalidate().wait().unwrap()),
        ("memo", || shared_cat::memo().clear().wait().unwrap()),
        ("pattern", || {
            cache_core::registry().invalidate_matching("*shared_cat(\"t?m\")").wait().unwrap();
        }),
        ("predicate", || shared_cat::memo().invalidate_if(|_, cat| cat.owner == 7).wait().unwrap()),
        ("cache", || caches().get("shared").unwrap().clear().wait().unwrap()),
    ];
    let processes = Processes::new(3);
    SHARED_RUNS.take();
    for (what, invalidate) in invalidations {
        processes.inside(0, || shared_cat("tom"));
        processes.inside(1, || shared_cat("tom"));
        SHARED_RUNS.take();
        // It has never called the function.
        processes.inside(2, invalidate);
        processes.inside(1, || shared_cat("tom"));
        assert_eq!(SHARED_RUNS.take(), 1, "after {what}");
    }
    processes.inside(2, || tag("dogs").invalidate().wait().unwrap());
    processes.inside(0, || cache_core::registry().invalidate_matching("elsewhere::*").wait().unwrap());
    processes.inside(1, || shared_cat("tom"));
    assert_eq!(SHARED_RUNS.take(), 0, "others stay");
}

#[test]
fn an_invalidation_can_be_awaited() {
    #[memoize(store = "shared", tag = "awaited")]
    async fn get_cat(id: u64) -> u64 {
        id
    }
    let processes = Processes::new(2);
    processes.inside(0, || {
        block_on(async {
            get_cat(1).await;
            tag("awaited").invalidate().await.unwrap();
            get_cat::key(1).invalidate().await.unwrap();
        });
    });
}

#[test]
fn a_value_from_before_an_invalidation_elsewhere_is_not_stored() {
    static RUNS: Runs = Runs::new();
    #[memoize(ttl = 300, store = "shared", skip(race), tags = ["racing", Owner(value.owner)])]
    fn race_for_cat(name: &str, race: &dyn Fn()) -> Cat {
        RUNS.count();
        race();
        Cat::new(name, 7)
    }
    let processes = Processes::new(3);
    let races: [fn(); 4] = [
        || race_for_cat::key("tom").invalidate().wait().unwrap(),
        || tag("racing").invalidate().wait().unwrap(),
        || tag(Owner(7)).invalidate().wait().unwrap(),
        || race_for_cat::memo().clear().wait().unwrap(),
    ];
    for race in races {
        processes.inside(0, || race_for_cat("tom", &|| processes.inside(1, race)));
        processes.inside(2, || race_for_cat("tom", &|| ()));
        assert_eq!(RUNS.take(), 2, "the second process has got a value from before the invalidation");
        processes.inside(2, || race_for_cat::memo().clear().wait().unwrap());
    }
}

#[test]
fn a_call_that_came_late_asks_the_store_again() {
    static RUNS: Runs = Runs::new();
    #[memoize(ttl = 300, store = "shared", skip(wait))]
    fn get_cat(name: &str, wait: &dyn Fn()) -> Cat {
        RUNS.count();
        wait();
        Cat::new(name, 7)
    }
    let processes = Processes::new(2);
    let scope = &processes.scopes[0];
    let (tell, begun) = channel();
    let (go_on, waits) = channel::<()>();
    let waits = std::sync::Mutex::new(waits);
    let wait = move || {
        tell.send(()).unwrap();
        let _ = waits.lock().unwrap().recv();
    };
    let wait = std::sync::Mutex::new(wait);
    let wait = || (wait.lock().unwrap())();
    thread::scope(|threads| {
        threads.spawn(|| {
            let _inside = scope.enter();
            get_cat("tom", &wait);
        });
        begun.recv().unwrap();
        // In another process, after the first call has asked the store.
        processes.inside(1, || get_cat::key("tom").invalidate().wait().unwrap());
        let late = threads.spawn(|| {
            let _inside = scope.enter();
            get_cat("tom", &|| ());
        });
        while processes.inside(0, || get_cat::memo().stats().waits) == 0 {
            thread::yield_now();
        }
        go_on.send(()).unwrap();
        late.join().unwrap();
    });
    assert_eq!(RUNS.take(), 2, "it has got a value from before the invalidation");
}

#[test]
fn what_a_function_has_written_is_invalidated_in_the_store_before_it_returns() {
    static RUNS: Runs = Runs::new();
    #[memoize(ttl = 300, store = "shared", tag = "written")]
    fn get_cat(name: &str) -> Cat {
        RUNS.count();
        Cat::new(name, 7)
    }
    #[invalidates(entries = [get_cat(name)])]
    fn rename(name: &str) {}
    #[invalidates(tag = "written")]
    async fn change_all() {}
    let processes = Processes::new(2);
    let writes: [fn(); 3] = [
        || rename("tom"),
        || block_on(change_all()),
        || {
            let pending = Pending::new();
            pending.add(get_cat::key("tom"));
            pending.apply().wait().unwrap();
        },
    ];
    for write in writes {
        processes.inside(0, || get_cat("tom"));
        processes.inside(1, write);
        processes.inside(0, || get_cat("tom"));
        assert_eq!(RUNS.take(), 2);
        processes.inside(1, || get_cat::memo().clear().wait().unwrap());
    }
}

mod versions {
    use cache_core::memoize;

    #[memoize(name = "versions::get", store = "shared", version = 1)]
    pub(super) fn first(id: u64) -> u32 {
        super::RUNS_OF_VERSIONS.count();
        u32::try_from(id).unwrap()
    }

    #[memoize(name = "versions::get", store = "shared", version = 2)]
    pub(super) fn second(id: u64) -> String {
        super::RUNS_OF_VERSIONS.count();
        id.to_string()
    }
}

static RUNS_OF_VERSIONS: Runs = Runs::new();

#[test]
fn two_versions_of_a_program_have_values_of_their_own_and_invalidate_both() {
    let processes = Processes::new(2);
    for _ in 0..3 {
        assert_eq!(processes.inside(0, || versions::first(7)), 7);
        assert_eq!(processes.inside(1, || versions::second(7)), "7");
    }
    assert_eq!(RUNS_OF_VERSIONS.take(), 2);
    processes.inside(1, || versions::second::key(7).invalidate().wait().unwrap());
    processes.inside(0, || versions::first(7));
    processes.inside(1, || versions::second(7));
    assert_eq!(RUNS_OF_VERSIONS.take(), 2);
}

#[test]
fn nothing_of_a_secret_is_in_the_store() {
    #[memoize(store = "shared", secret(token))]
    fn session(token: &str, user: u64) -> u64 {
        let _ = token;
        user
    }
    let processes = Processes::new(2);
    processes.inside(0, || session("hunter2", 7));
    let has = |text: &str| {
        let contains = |bytes: &[u8]| bytes.windows(text.len()).any(|part| part == text.as_bytes());
        processes.stores[0]
            .keys()
            .iter()
            .any(|key| contains(key) || contains(&processes.stores[0].bytes(key).unwrap_or_default()))
    };
    assert!(has("session") && !has("hunter2"));
    assert_eq!(processes.inside(1, || (session("hunter2", 7), session::memo().stats().store_hits)), (7, 1));
    assert!(!session::key("hunter2", 7).to_string().contains("hunter2"));
}

#[test]
fn methods_share_their_values_too() {
    static RUNS: Runs = Runs::new();
    struct Shop {
        id: u64,
    }
    impl Shop {
        #[memoize(key = (self.id, name), store = "shared", name = "shop::cat")]
        fn cat(&self, name: &str) -> Cat {
            RUNS.count();
            Cat::new(name, self.id)
        }
    }
    let processes = Processes::new(2);
    let (one, two) = (Shop { id: 1 }, Shop { id: 2 });
    for at in 0..2 {
        assert_eq!(processes.inside(at, || one.cat("tom")).owner, 1);
        assert_eq!(processes.inside(at, || two.cat("tom")).owner, 2);
    }
    assert_eq!(RUNS.take(), 2);
}
