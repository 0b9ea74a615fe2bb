//! Nodes with stale windows, and functions that share their entries; calls with limits on a runtime.

use std::time::Duration;

use cache_core::testing::Scope;
use cache_core::{CacheKey, TimedOut, memoize};
use tests::{Count, Gate, millis, now, secs};

#[derive(Clone, Debug, PartialEq)]
enum Failed {
    Down,
    Late,
}

impl From<TimedOut> for Failed {
    fn from(_: TimedOut) -> Self {
        Self::Late
    }
}

/// Whoever finds the entry stale has it computed anew, by its own body, for all.
#[test]
fn functions_of_a_node_renew_what_they_share() {
    #[derive(CacheKey)]
    #[cache_key(value = usize, ttl = 10, stale_while_revalidate = "5s")]
    struct Node<'a> {
        name: &'a str,
    }
    static RUNS: Count = Count::new();
    #[memoize(key = Node { name })]
    fn run(name: &str) -> usize {
        RUNS.add()
    }
    static TASKS: Count = Count::new();
    #[memoize(key = Node { name })]
    async fn task(name: String) -> Result<usize, Failed> {
        Ok(100 + TASKS.add())
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let background = scope.hold_background().unwrap();
    assert_eq!((run("tom"), now(task("tom".into()))), (0, Ok(0)));
    scope.advance(secs(10));
    assert_eq!(now(task("tom".into())), Ok(0), "stale");
    assert_eq!((run("tom"), background.len()), (0, 1), "one computation, whoever asks");
    assert_eq!(background.run(), 1);
    assert_eq!((run("tom"), RUNS.get(), TASKS.get()), (100, 1, 1));
    scope.advance(secs(10));
    assert_eq!((run("tom"), background.run(), run("tom")), (100, 1, 1));
    let stats = Node::memo().stats();
    assert_eq!((stats.stale, stats.revalidations, stats.stores), (3, 2, 3));
}

#[test]
fn what_a_node_keeps_stands_in_for_the_errors_of_its_functions() {
    #[derive(CacheKey)]
    #[cache_key(value = u32, ttl = 10, stale_if_error = "1h")]
    struct Node {
        id: u32,
    }
    #[memoize(key = Node { id })]
    fn steady(id: u32) -> u32 {
        id
    }
    #[memoize(key = Node { id })]
    fn broken(id: u32) -> Result<u32, Failed> {
        Err(Failed::Down)
    }
    #[memoize(key = Node { id }, origin_first)]
    fn asks_first(id: u32) -> Result<u32, Failed> {
        Err(Failed::Down)
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!(broken(7), Err(Failed::Down));
    assert_eq!(asks_first(7), Err(Failed::Down));
    assert_eq!(steady(7), 7);
    assert_eq!(asks_first(7), Ok(7));
    scope.advance(secs(10));
    assert_eq!((broken(7), asks_first(7)), (Ok(7), Ok(7)));
    scope.advance(secs(3600));
    assert_eq!((broken(7), asks_first(7)), (Err(Failed::Down), Err(Failed::Down)));
}

#[test]
fn soft_verbs_of_a_node_leave_it_to_its_window() {
    #[derive(CacheKey)]
    #[cache_key(value = usize, ttl = 10, stale_while_revalidate = "5s")]
    struct Node {
        id: u32,
    }
    static RUNS: Count = Count::new();
    #[memoize(key = Node { id })]
    fn run(id: u32) -> usize {
        RUNS.add()
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let background = scope.hold_background().unwrap();
    assert_eq!((run(1), run(2)), (0, 1));
    assert_eq!(Node { id: 1 }.mark_stale().count(), 1);
    assert_eq!((Node { id: 1 }.get(), run(1), run(2)), (None, 0, 1));
    assert_eq!((background.run(), run(1)), (1, 2));
    assert_eq!(Node::mark_all_stale().count(), 2);
    assert_eq!((run(1), run(2), background.run()), (2, 1, 2));
}

/// On the clock of the system, and the timers of the runtime beside ours.
#[tokio::test]
async fn limits_hold_on_a_runtime() {
    static GATE: Gate = Gate::new();
    #[memoize(timeout = "50ms")]
    async fn hangs(_name: &str) -> Result<u32, Failed> {
        GATE.pass().await;
        Ok(0)
    }
    #[memoize(timeout = "1h")]
    async fn sleeps(_name: String) -> Result<u32, Failed> {
        tokio::time::sleep(Duration::from_millis(1)).await;
        Ok(1)
    }

    assert_eq!(hangs("tom").await, Err(Failed::Late));
    let (one, two) = tokio::join!(sleeps("tom".into()), sleeps("tom".into()));
    assert_eq!((one, two), (Ok(1), Ok(1)));
    assert_eq!((hangs::memo().stats().timeouts, sleeps::memo().stats().stores), (1, 1));
    // A thread of the pool may be busy with it, which others need.
    GATE.open();
}

/// What its caller has left goes on where the executor runs it, in the runtime that it needs.
#[tokio::test]
async fn what_is_late_goes_on_in_its_runtime() {
    static RUNS: Count = Count::new();
    static GATE: Gate = Gate::new();
    #[memoize(ttl = 10, stale_if_error = "1h", soft_timeout = "200ms")]
    async fn run(_name: &str) -> usize {
        let runs = RUNS.add();
        if runs > 0 {
            GATE.pass().await;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        runs
    }

    let scope = Scope::new();
    let background = scope.within(async { scope.hold_background() }).await.unwrap();
    assert_eq!(scope.within(run("tom")).await, 0);
    scope.advance(secs(10));
    let call = tokio::spawn(scope.within(run("tom")));
    while RUNS.get() < 2 {
        tokio::task::yield_now().await;
    }
    scope.advance(millis(200));
    assert_eq!(call.await.unwrap(), 0, "old, since the new one is late");
    GATE.open();
    assert_eq!(background.run_async().await, 1);
    assert_eq!(scope.within(run("tom")).await, 1);
}
