//! `freshness`: what the options that decide when an entry is used cost a hit; what an answer costs that is
//! stale; and what it costs not to wait for a computation to its end.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use cache_core::{Executor, Task, TimedOut, memoize, set_executor};
use serde_json::{Value, json};

use crate::Outcome;
use crate::cli::Options;
use crate::harness::{Entrant, Quartiles, Role, Table, float};
use crate::peers::{limit, ours};
use crate::report::{self, Effort};
use crate::workload::origin_u64;

/// Misses in a round of one subject, and how many rounds.
const MISSES: (u64, usize) = (2_000, 11);
/// The same to see that it runs.
const QUICK: (u64, usize) = (200, 3);

#[memoize(ttl = 300, capacity = 100_000, stale_while_revalidate = 60)]
fn windowed(key: u64) -> u64 {
    origin_u64(key)
}

#[memoize(ttl = 300, capacity = 100_000, jitter = 0.1)]
fn jittered(key: u64) -> u64 {
    origin_u64(key)
}

#[memoize(ttl = 300, capacity = 100_000, idle = 60)]
fn idling(key: u64) -> u64 {
    origin_u64(key)
}

#[memoize(ttl = 300, capacity = 100_000, refresh_ahead = 0.9)]
fn ahead(key: u64) -> u64 {
    origin_u64(key)
}

#[memoize(ttl = 300, capacity = 100_000, refresh_ahead = xfetch(1.0))]
fn by_chance(key: u64) -> u64 {
    origin_u64(key)
}

/// Stale from a moment after it was stored.
#[memoize(ttl = "1ms", capacity = 100_000, stale_while_revalidate = "1h")]
fn stale(key: u64) -> u64 {
    origin_u64(key)
}

#[memoize(capacity = 100_000)]
fn plain(key: u64) -> Result<u64, Never> {
    Ok(origin_u64(key))
}

#[memoize(capacity = 100_000, timeout = "10s")]
fn timed(key: u64) -> Result<u64, Never> {
    Ok(origin_u64(key))
}

/// Nothing fails here, nor takes that long.
#[derive(Clone, Debug)]
struct Never(Infallible);

impl From<TimedOut> for Never {
    fn from(late: TimedOut) -> Self {
        unreachable!("{late}")
    }
}

/// Where work of the background goes.
struct Background;
/// As it does by default.
struct Default;

impl Executor for Default {
    fn spawn(&self, _: Task) {}
}

impl Executor for Background {
    fn spawn(&self, _: Task) {}

    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>) {
        if RENEWS_FOR_EVER.with(std::cell::Cell::get) {
            // What is stale stays so, and is being renewed all the time.
            std::mem::forget(work);
        } else {
            Default.spawn_blocking(work);
        }
    }
}

thread_local! {
    static RENEWS_FOR_EVER: std::cell::Cell<bool> = const { std::cell::Cell::new(true) };
}

pub(crate) fn run(options: Options) -> Outcome {
    set_executor(Background)?;
    let cores = std::thread::available_parallelism()?.get();
    println!("What options of freshness cost a hit. ours/: without them over this.");
    let effort = Effort::of(&options);
    effort.print(cores);
    let entrants = vec![
        limit::by_u64(),
        ours::by_u64(),
        other("stale_while_revalidate, fresh", windowed),
        other("the same, stale, being renewed", stale),
        other("jitter", jittered),
        other("idle", idling),
        other("refresh_ahead = 0.9", ahead),
        other("refresh_ahead = xfetch(1.0)", by_chance),
    ];
    let hits = report::measure("u64", entrants, effort)?;
    report::print(&hits);
    let (misses, rounds) = if options.quick { QUICK } else { MISSES };
    let mut figures = effort.figures("freshness", cores, &json!({ "u64": report::figures(&hits) }));
    figures["misses"] = compare_misses(misses, rounds);
    options.write_json(&figures)
}

fn other(name: &'static str, function: fn(u64) -> u64) -> Entrant<u64> {
    Entrant::function(name, Role::Other, function)
}

/// A miss that its caller computes, beside one that the background does, so that the caller need not wait.
fn compare_misses(misses: u64, rounds: usize) -> Value {
    RENEWS_FOR_EVER.set(false);
    let subjects: [(&str, fn(u64) -> Result<u64, Never>, fn() -> usize); 2] = [
        ("computed by the caller", plain, || plain::memo().clear().count()),
        ("timeout = \"10s\"", timed, || timed::memo().clear().count()),
    ];
    let mut micros = [const { Vec::new() }; 2];
    for _ in 0..rounds {
        for ((_, function, clear), micros) in subjects.iter().zip(&mut micros) {
            let begin = Instant::now();
            for key in 0..misses {
                assert!(function(key).is_ok(), "nothing fails here");
            }
            micros.push(per(begin.elapsed(), misses));
            assert_eq!(clear() as u64, misses, "all of them were kept");
        }
    }
    let mut table = Table::new("");
    table.group("a miss, µs", &["median", "quartiles"]);
    let mut figures = Vec::new();
    for ((name, ..), micros) in subjects.iter().zip(&micros) {
        let Quartiles { lower, median, upper } = Quartiles::of(micros);
        let quartiles = format!("{}..{}", report::shown(lower, 2), report::shown(upper, 2));
        table.row(vec![(*name).to_owned(), report::shown(median, 2), quartiles]);
        figures.push(json!({ "subject": name, "us": median, "us_quartiles": [lower, upper] }));
    }
    print!("\nMisses of a function that does nothing, {rounds} rounds of {misses}\n{table}");
    Value::Array(figures)
}

fn per(elapsed: Duration, count: u64) -> f64 {
    elapsed.as_secs_f64() * 1e6 / float(count)
}
