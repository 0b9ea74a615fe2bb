//! Where panics do not unwind: what is checked everywhere, and what threads do.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use cache_core::memoize;
use cache_core::testing::Scope;

#[memoize]
fn slow(n: u64) -> u64 {
    thread::sleep(Duration::from_millis(50));
    n
}

#[memoize(ttl = "1ms", stale_while_revalidate = "1h")]
fn renewed() -> u64 {
    bare::double(renewed::memo().stats().stores)
}

fn main() {
    let panics = if cfg!(panic = "abort") { "abort" } else { "unwind" };
    assert_eq!(panics, "abort", "this is for `--profile abort`");
    let scope = Scope::new();
    {
        let _inside = scope.enter();
        bare::check(&|by| scope.advance(by));
    }
    one_computes_for_all();
    the_background_computes();
    println!("the same without unwinding");
}

fn one_computes_for_all() {
    let together = Barrier::new(8);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                together.wait();
                assert_eq!(slow(7), 7);
            });
        }
    });
    let stats = slow::memo().stats();
    assert_eq!((stats.stores, stats.hits + stats.misses), (1, 8));
}

/// By the system's clock: soon its value is no longer fresh, and then a newer one comes by itself.
fn the_background_computes() {
    let first = renewed();
    let begin = Instant::now();
    while renewed() == first {
        assert!(begin.elapsed() < Duration::from_mins(1), "nothing is computed in the background");
        thread::yield_now();
    }
}
