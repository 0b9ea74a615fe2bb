//! Many tasks at one cold key: what each costs does not grow with how many there are.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cache_core::memoize;
use cache_core::testing::Scope;
use tests::{ByHand, Gate, in_turn};

#[derive(Debug)]
struct Failed;

/// What the next body waits for; the others wait for nothing.
static NEXT: Mutex<Option<Arc<Gate>>> = Mutex::new(None);
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

type Load = ByHand<'static, Result<usize, Failed>>;

async fn body(n: usize) -> Result<usize, Failed> {
    let gate = NEXT.lock().unwrap().take();
    if let Some(gate) = gate {
        gate.pass().await;
    }
    if n == 0 { Err(Failed) } else { Ok(n) }
}

#[memoize(max_wait = "1h")]
async fn load(n: usize) -> Result<usize, Failed> {
    body(n).await
}

#[memoize(max_wait = "1h", share_error = |_error| Failed)]
async fn shared(n: usize) -> Result<usize, Failed> {
    body(n).await
}

/// Thirty times as many take thirty times as long, give or take what else the machine does, and not a thousand
/// times: the best of three says so.
#[track_caller]
fn is_linear(call: fn() -> Load, end: fn(&mut Vec<Load>, &Gate)) {
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let time = |n: usize| {
        let scope = Scope::new();
        let _inside = scope.enter();
        let gate = Arc::new(Gate::new());
        *NEXT.lock().unwrap() = Some(gate.clone());
        let begin = Instant::now();
        let mut tasks: Vec<_> = (0..n).map(|_| call()).collect();
        assert!(in_turn(&mut tasks).iter().all(Option::is_none));
        end(&mut tasks, &gate);
        assert!(in_turn(&mut tasks).iter().all(Option::is_some));
        begin.elapsed()
    };
    let best = |n| (0..3).map(|_| time(n)).min().unwrap_or(Duration::MAX);
    let (few, many) = (best(500), best(15_000));
    assert!(many < few * 300, "{few:?}, then {many:?}");
}

#[test]
fn who_waits_for_a_value_costs_the_same_however_many_do() {
    is_linear(|| ByHand::new(load(1)), |_, gate| gate.open());
}

#[test]
fn who_waits_for_a_leader_that_leaves_costs_the_same_however_many_do() {
    is_linear(|| ByHand::new(load(1)), |tasks, _| drop(tasks.remove(0)));
}

#[test]
fn who_waits_for_an_error_that_is_shared_costs_the_same_however_many_do() {
    is_linear(|| ByHand::new(shared(0)), |_, gate| gate.open());
}

#[test]
fn who_waits_for_an_error_that_is_not_shared_costs_the_same_however_many_do() {
    is_linear(|| ByHand::new(load(0)), |_, gate| gate.open());
}
