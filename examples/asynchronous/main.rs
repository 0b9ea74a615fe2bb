//! Asynchronous functions: one computation among tasks, what becomes of it when its caller leaves, and
//! work in the background.
//!
//! `cargo run -p example-asynchronous`

use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use cache_core::memoize;
use tokio::task::{JoinHandle, yield_now};
use tokio::time::sleep;

// ---- Two slow services, memoized ---------------------------------------------------------------

/// How often the bodies below have begun to run.
static RUNS: AtomicU32 = AtomicU32::new(0);

/// The name of a country, from a service that takes its time.
///
/// If the caller that began a computation leaves, another begins anew, with its own argument, in its own runtime.
/// This one owns its argument, so an executor can finish it if nobody waits.
#[memoize(ttl = "1h")]
async fn country(code: String) -> String {
    RUNS.fetch_add(1, Ordering::Relaxed);
    sleep(Duration::from_millis(200)).await;
    look_up(&code)
}

/// The same with a borrowed argument, which lives no longer than its caller does: with the last caller the
/// computation is dropped. A hit copies nothing.
#[memoize(ttl = "1h")]
async fn borrowed(code: &str) -> String {
    RUNS.fetch_add(1, Ordering::Relaxed);
    sleep(Duration::from_millis(200)).await;
    look_up(code)
}

fn look_up(code: &str) -> String {
    let mut countries = include_str!("../data/iso3166.tab").lines().filter_map(|line| line.split_once('\t'));
    countries.find(|(known, _)| *known == code).map_or("nowhere", |(_, name)| name).to_owned()
}

// ---- What can be done with them ----------------------------------------------------------------

/// On one thread, so that each run is like the other; with several threads the answers are the same.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("A hundred tasks ask for the same at once");
    let tasks: Vec<_> = (0..100).map(|_| tokio::spawn(country("NO".into()))).collect();
    for task in tasks {
        assert_eq!(task.await?, "Norway");
    }
    println!("    the function ran {} time", runs());

    println!("\nA hit is ready at the first poll");
    let hit = pin!(country("NO".into()));
    println!("    {:?}", hit.poll(&mut Context::from_waker(Waker::noop())));

    println!("\nThe caller that began leaves, another waits");
    let (first, second) = (begun(country("SE".into())).await, begun(country("SE".into())).await);
    leave(first).await;
    println!("    the other gets {:?}", second.await?);
    println!("    the function ran {} times", runs());

    println!("\nThe same with a borrowed argument");
    let (first, second) = (begun(borrowed("SE")).await, begun(borrowed("SE")).await);
    leave(first).await;
    println!("    the other gets {:?}", second.await?);
    println!("    the function ran {} times", runs());

    println!("\nAll callers leave");
    let before = country::memo().stats().cancelled;
    leave(begun(country("FI".into())).await).await;
    println!("    computations given up: {}", country::memo().stats().cancelled - before);
    println!("    kept: {:?}", country::entry("FI".into()).get().await);
    runs();

    println!("\nWith an executor, what was begun is finished, and kept");
    let runtime = tokio::runtime::Handle::current();
    cache_core::set_executor(move |task| drop(runtime.spawn(task)))?;
    leave(begun(country("FI".into())).await).await;
    // Who asks meanwhile waits for it, as for any other.
    println!("    {:?}", country("FI".into()).await);
    println!("    the function ran {} time", runs());

    println!("\nPrefetch: what is there, at once; else it is computed in the background");
    println!("    {:?}", country::entry("PE".into()).prefetch().await);
    println!("    {:?}", country("PE".into()).await);
    println!("    {:?}", country::entry("PE".into()).prefetch().await);
    println!("    the function ran {} time", runs());

    println!("\nInvalidation acts at once, and is not awaited");
    println!("    invalidated: {}", country::key("PE".into()).invalidate().count());
    println!("    invalidated: {}", country::memo().clear().count());
    Ok(())
}

/// How often bodies ran since this was last asked.
fn runs() -> u32 {
    RUNS.swap(0, Ordering::Relaxed)
}

/// Spawns a call, and lets it come to where it waits.
async fn begun<T: Send + 'static>(call: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    let task = tokio::spawn(call);
    yield_now().await;
    task
}

/// Drops a task.
async fn leave<T>(task: JoinHandle<T>) {
    task.abort();
    // It is dropped when its turn comes.
    assert!(task.await.is_err_and(|error| error.is_cancelled()));
}
