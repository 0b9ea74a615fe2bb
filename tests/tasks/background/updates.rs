//! `update`: a value is changed in one piece, whatever is written meanwhile.

use super::*;

#[test]
fn updates_of_many_threads_are_all_there() {
    #[memoize]
    fn count(name: &str) -> usize {
        let _ = name;
        0
    }
    #[memoize]
    async fn count_async(name: &str) -> usize {
        let _ = name;
        0
    }

    no_hang(|| {
        assert_eq!((count("tom"), block_on(count_async("tom"))), (0, 0));
        thread::scope(|threads| {
            for _ in 0..8 {
                threads.spawn(|| {
                    for _ in 0..500 {
                        assert!(count::entry("tom").update(|n| n + 1).is_some());
                        assert!(block_on(count_async::entry("tom").update(|n| n + 1)).is_some());
                    }
                });
            }
        });
        assert_eq!((count("tom"), block_on(count_async("tom"))), (4_000, 4_000));
    });
}

#[test]
fn nothing_is_updated_that_is_not_there() {
    #[memoize(ttl = 10, err_ttl = 10, cache_if = |value| *value != 7)]
    fn load(n: usize) -> Result<usize, String> {
        if n == 0 { Err("none".to_owned()) } else { Ok(n) }
    }
    #[memoize]
    async fn load_async(n: usize) -> usize {
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let never = |_: usize| -> usize { unreachable!("there is nothing to change") };
    assert_eq!(load::entry(3).update(never), None, "never computed");
    assert_eq!(load_async::entry(3).update(never).now_or_never(), Some(None));
    load(0).unwrap_err();
    assert_eq!(load::memo().len(), 1);
    assert_eq!(load::entry(0).update(never), None, "an error is no value");
    load(3).unwrap();
    assert_eq!(load::entry(3).update(|n| n + 4), None, "7 is not to be kept");
    assert_eq!(load::entry(3).get(), Some(3), "then what was there stays");
    scope.advance(secs(11));
    assert_eq!(load::entry(3).update(never), None, "its time is up");
    assert_eq!(load::memo().stats().stores, 2);
}

/// What a closure does itself does not come between.
fn by_another(write: impl FnOnce() + Send) {
    std::thread::scope(|scope| scope.spawn(write).join().unwrap());
}

#[test]
fn an_update_runs_again_when_a_write_comes_between() {
    #[memoize]
    fn load(n: usize) -> usize {
        n
    }
    #[memoize]
    async fn load_async(n: usize) -> usize {
        n
    }

    load(3);
    let mut seen = Vec::new();
    let updated = load::entry(3).update(|n| {
        seen.push(n);
        let write = || match seen.len() {
            1 => assert!(load::entry(3).insert(10)),
            2 => assert_eq!(load::entry(3).update(|n| n * 2), Some(20)),
            3 => assert_eq!(load::entry(3).refresh(), 3),
            _ => {}
        };
        by_another(write);
        n + 1
    });
    assert_eq!((updated, load(3)), (Some(4), 4));
    assert_eq!(seen, [3, 10, 20, 3]);

    block_on(load_async(3));
    let mut seen = Vec::new();
    let updated = block_on(load_async::entry(3).update(|n| {
        seen.push(n);
        if seen.len() == 1 {
            by_another(|| assert_eq!(load_async::entry(3).insert(10).now_or_never(), Some(true)));
        }
        n + 1
    }));
    assert_eq!((updated, seen), (Some(11), vec![3, 10]));

    // An invalidation takes what there was to change.
    let mut runs = 0;
    let updated = load::entry(3).update(|n| {
        runs += 1;
        load::entry(3).invalidate();
        n + 1
    });
    assert_eq!((updated, runs, load::entry(3).get()), (None, 1, None));
}

#[test]
fn an_update_runs_again_when_a_computation_that_began_before_it_is_stored() {
    static RUNS: Count = Count::new();
    #[memoize]
    async fn load(n: usize) -> usize {
        let run = RUNS.add();
        yields(1).await;
        n + 10 * run
    }

    assert_eq!(ByHand::new(load(3)).finish(), 3);
    let mut refresh = ByHand::new(load::entry(3).refresh());
    assert_eq!(refresh.poll(), None);
    let (mut refresh, mut seen) = (Some(refresh), Vec::new());
    let updated = load::entry(3).update(|n| {
        seen.push(n);
        if let Some(refresh) = refresh.take() {
            assert_eq!(refresh.finish(), 13);
        }
        n + 1
    });
    assert_eq!(updated.now_or_never(), Some(Some(14)));
    assert_eq!((seen, load(3).now_or_never()), (vec![3, 13], Some(14)));
}

#[test]
fn an_update_supersedes_what_is_being_computed() {
    #[memoize]
    async fn load(n: usize) -> usize {
        yields(1).await;
        n
    }

    assert_eq!(ByHand::new(load(3)).finish(), 3);
    let mut refresh = ByHand::new(load::entry(3).refresh());
    assert_eq!(refresh.poll(), None);
    assert_eq!(load::entry(3).update(|n| n + 1).now_or_never(), Some(Some(4)));
    assert_eq!(refresh.finish(), 3, "its caller gets it");
    assert_eq!(load(3).now_or_never(), Some(4), "but it is not stored");
}

#[test]
fn what_is_updated_is_tagged_and_timed_as_the_attribute_says() {
    #[memoize(ttl = |value| secs(*value), tags = ["background:{name}", "background:{value}"])]
    fn load(name: &str) -> u64 {
        u64::try_from(name.len()).unwrap()
    }
    #[memoize(ttl = |value| secs(*value), tags = ["background:{name}", "background:{value}"])]
    async fn load_async(name: &str) -> u64 {
        u64::try_from(name.len()).unwrap()
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    load("tom");
    assert_eq!(load::entry("tom").ttl(), Some(Ttl::For(secs(3))));
    scope.advance(secs(1));
    assert_eq!(load::entry("tom").update(|n| n + 10), Some(13));
    assert_eq!(load::entry("tom").ttl(), Some(Ttl::For(secs(13))));
    assert_eq!(load::memo().tags(), ["background:13", "background:tom"]);
    assert_eq!(tag("background:3").invalidate().count(), 0, "that was the old value's");
    assert_eq!(tag("background:13").invalidate().count(), 1);

    block_on(load_async("tom"));
    assert_eq!(block_on(load_async::entry("tom").update(|n| n + 10)), Some(13));
    assert_eq!(block_on(load_async::entry("tom").ttl()), Some(Ttl::For(secs(13))));
    assert_eq!(load_async::memo().tags(), ["background:13", "background:tom"]);
}

#[test]
fn an_update_that_panics_leaves_the_old_value() {
    #[memoize]
    fn load(n: usize) -> usize {
        n
    }

    load(3);
    let change = |_: usize| -> usize { panic!("no change") };
    assert!(catch_unwind(AssertUnwindSafe(|| load::entry(3).update(change))).is_err());
    assert_eq!(load::entry(3).get(), Some(3));
    assert_eq!(load::entry(3).update(|n| n + 1), Some(4), "nothing is left in the way");
}
