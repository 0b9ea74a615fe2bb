//! Functions of one node that compute at once, fail, or call each other.

use super::*;

#[test]
fn who_asks_waits_for_another_function_of_the_node() {
    static BEGUN: Latch = Latch::new();
    static GOES_ON: Latch = Latch::new();
    #[derive(CacheKey)]
    #[cache_key(value = u64, max_wait = "1h")]
    struct Number {
        n: u64,
    }
    #[memoize(key = Number { n })]
    fn slow(n: u64) -> u64 {
        BEGUN.open();
        GOES_ON.wait();
        n
    }
    #[memoize(key = Number { n })]
    fn other(n: u64) -> Result<u64, String> {
        panic!("{n} is computed by the other")
    }
    #[memoize(key = Number { n })]
    async fn later(n: u64) -> u64 {
        panic!("{n} is computed by the other")
    }

    let scope = Scope::new();
    let work = |work: fn() -> u64| {
        let scope = scope.clone();
        thread::spawn(move || {
            let _inside = scope.enter();
            work()
        })
    };
    let first = work(|| slow(1));
    BEGUN.wait();
    let (second, third) = (work(|| other(1).unwrap()), work(|| block_on(later(1))));
    let _inside = scope.enter();
    wait_until(|| Number::memo().stats().waits == 2);
    GOES_ON.open();
    no_hang(move || assert_eq!([first, second, third].map(|one| one.join().unwrap()), [1; 3]));
    assert_eq!(Number::memo().stats().stores, 1);
}

#[test]
fn a_thread_that_waits_for_a_task_of_the_node() {
    static GATE: Gate = Gate::new();
    #[derive(CacheKey)]
    #[cache_key(value = u64, max_wait = "1h")]
    struct Number {
        n: u64,
    }
    #[memoize(key = Number { n })]
    async fn later(n: u64) -> u64 {
        GATE.pass().await;
        n
    }
    #[memoize(key = Number { n })]
    fn plain(n: u64) -> u64 {
        n + 100
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let waits = |count: u64| move || Number::memo().stats().waits == count;
    let mut task = ByHand::new(later(1));
    assert_eq!(task.run(), None);
    // The task is this thread's, so it cannot go on: the thread is let go.
    let watching = scope.clone();
    let clock = thread::spawn(move || {
        let _inside = watching.enter();
        wait_until(waits(1));
        watching.advance(secs(3600));
    });
    assert_eq!(plain(1), 101);
    clock.join().unwrap();
    assert_eq!(Number { n: 1 }.get(), None, "it is not stored");

    // The task goes on while another thread waits.
    let waiting = scope.clone();
    let waiter = thread::spawn(move || {
        let _inside = waiting.enter();
        plain(1)
    });
    wait_until(waits(2));
    GATE.open();
    assert_eq!(task.finish(), 1);
    no_hang(move || assert_eq!(waiter.join().unwrap(), 1));
}

#[test]
fn a_thread_computes_when_the_task_it_waits_for_is_dropped() {
    #[derive(CacheKey)]
    #[cache_key(value = u64, max_wait = "1h")]
    struct Number {
        n: u64,
    }
    #[memoize(key = Number { n })]
    async fn later(n: u64) -> u64 {
        std::future::pending::<()>().await;
        n
    }
    #[memoize(key = Number { n })]
    fn plain(n: u64) -> u64 {
        n + 100
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let mut task = ByHand::new(later(1));
    assert_eq!(task.run(), None);
    let waiting = scope.clone();
    let waiter = thread::spawn(move || {
        let _inside = waiting.enter();
        plain(1)
    });
    wait_until(|| Number::memo().stats().waits == 1);
    drop(task);
    no_hang(move || assert_eq!(waiter.join().unwrap(), 101));
    assert_eq!(Number { n: 1 }.get(), Some(101));
}

#[test]
fn errors_of_different_functions_are_their_own() {
    static BEGUN: Latch = Latch::new();
    static GOES_ON: Latch = Latch::new();
    #[derive(CacheKey)]
    #[cache_key(value = u64, max_wait = "1h")]
    struct Number {
        n: u64,
    }
    #[memoize(key = Number { n })]
    fn with_text(n: u64) -> Result<u64, String> {
        BEGUN.open();
        GOES_ON.wait();
        Err(format!("{n} is wrong"))
    }
    #[memoize(key = Number { n })]
    fn with_number(n: u64) -> Result<u64, u64> {
        Err(n)
    }

    let scope = Scope::new();
    let (one, two) = (scope.clone(), scope.clone());
    let first = thread::spawn(move || {
        let _inside = one.enter();
        with_text(1)
    });
    BEGUN.wait();
    let second = thread::spawn(move || {
        let _inside = two.enter();
        with_number(1)
    });
    let _inside = scope.enter();
    wait_until(|| Number::memo().stats().waits == 1);
    GOES_ON.open();
    no_hang(move || {
        assert_eq!(first.join().unwrap(), Err("1 is wrong".to_owned()));
        assert_eq!(second.join().unwrap(), Err(1), "it computes for itself");
    });
}

#[test]
fn a_body_that_panics_is_its_callers() {
    #[derive(CacheKey)]
    #[cache_key(value = u64)]
    struct Number {
        n: u64,
    }
    #[memoize(key = Number { n })]
    fn bad(n: u64) -> u64 {
        panic!("{n}")
    }
    #[memoize(key = Number { n })]
    fn good(n: u64) -> u64 {
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert!(std::panic::catch_unwind(|| bad(1)).is_err());
    assert_eq!((Number { n: 1 }.get(), Number::memo().stats().panics), (None, 1));
    assert_eq!((good(1), bad(1)), (1, 1));
}

#[test]
fn one_function_calls_another_of_the_same_node() {
    #[derive(CacheKey)]
    #[cache_key(value = u64, max_wait = "1h")]
    struct Number {
        n: u64,
    }
    #[memoize(key = Number { n })]
    fn outer(n: u64) -> u64 {
        inner(n) + 1
    }
    #[memoize(key = Number { n })]
    fn inner(n: u64) -> u64 {
        n
    }

    let scope = Scope::new();
    no_hang(move || {
        let _inside = scope.enter();
        // A circle: the inner one is computed in place, and the outer one stored.
        assert_eq!(outer(1), 2);
        assert_eq!(inner(1), 2);
    });
}
