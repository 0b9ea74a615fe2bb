//! `hit`: the time and the allocations of a hit, everyone beside everyone.

use serde_json::{Value, json};

use crate::Outcome;
use crate::alloc::Count;
use crate::cli::Options;
use crate::harness::{self, Entrant, Plan, Quartiles, Standing, Table, float};
use crate::peers;
use crate::workload::{CAPACITY, Key, RESIDENT, SEED, SEQUENCE, SKEW, TTL_SECONDS, Workload};

/// Threads that hit one cache at once. One comes first: the others are checked against it.
const THREADS: [usize; 2] = [1, 2];

/// All that was measured with one type of key.
struct Report<K> {
    entrants: Vec<Entrant<K>>,
    /// For each of `THREADS`, the standings in the order of the entrants.
    by_threads: Vec<Vec<Standing>>,
    /// Of one pass over the access sequence.
    allocations: Vec<Option<Count>>,
}

pub(crate) fn run(options: Options) -> Outcome {
    let (rounds, passes) = if options.quick { (5, 1) } else { (15, 4) };
    let cores = std::thread::available_parallelism()?;
    println!("A hit: Zipf {SKEW} over {RESIDENT} resident keys, every entrant warm.");
    println!(
        "{rounds} interleaved rounds of {} hits per entrant and thread; {cores} cores.",
        passes * SEQUENCE
    );
    println!(
        "ns: median over the rounds, of one hit on each thread. /limit: its ratio to the limit; \
         ours/: ours over it (medians of the rounds' ratios)."
    );

    let by_u64 = measure(peers::by_u64(), rounds, passes)?;
    print(&by_u64);
    let by_str = measure(peers::by_str(), rounds, passes)?;
    print(&by_str);

    options.write_json(&json!({
        "measurement": "hit",
        "cores": cores.get(),
        "rounds": rounds,
        "hits_per_round_and_thread": passes * SEQUENCE,
        "resident_keys": RESIDENT,
        "zipf": SKEW,
        "seed": SEED,
        "capacity": CAPACITY,
        "ttl_seconds": TTL_SECONDS,
        "keys": { u64::NAME: figures(&by_u64), <&str>::NAME: figures(&by_str) },
    }))
}

fn measure<K: Key>(entrants: Vec<Entrant<K>>, rounds: usize, passes: usize) -> Result<Report<K>, String> {
    let workload = Workload::new(THREADS.into_iter().max().unwrap_or(1));
    let mut by_threads = Vec::new();
    for threads in THREADS {
        let plan = Plan { threads, rounds, passes };
        let samples = harness::interleave(&entrants, &workload, plan)?;
        by_threads.push(harness::standings(&entrants, &samples));
    }
    let allocations = entrants.iter().map(|entrant| harness::allocations(entrant, &workload)).collect();
    Ok(Report { entrants, by_threads, allocations })
}

/// Allocations and bytes of one hit; void if not known.
fn per_hit(count: Option<Count>) -> [f64; 2] {
    count.map_or([f64::NAN; 2], |Count { allocations, bytes }| {
        [allocations, bytes].map(|count| float(count) / float(SEQUENCE as u64))
    })
}

/// `1 thread`, `2 threads`.
fn counted(threads: usize) -> String {
    let plural = if threads == 1 { "" } else { "s" };
    format!("{threads} thread{plural}")
}

fn print<K: Key>(report: &Report<K>) {
    let mut table = Table::new(K::NAME);
    for threads in THREADS {
        table.group(counted(threads), &["ns", "quartiles", "/limit", "ours/"]);
    }
    table.group("per hit", &["allocs", "bytes"]);
    for (place, entrant) in report.entrants.iter().enumerate() {
        let mut cells = vec![entrant.name.to_owned()];
        for standings in &report.by_threads {
            let Standing { nanos: Quartiles { lower, median, upper }, to_limit, ours_to_this, .. } =
                standings[place];
            cells.extend([
                shown(median, 1),
                format!("{}..{}", shown(lower, 1), shown(upper, 1)),
                shown(to_limit, 2),
                shown(ours_to_this, 2),
            ]);
        }
        let [allocations, bytes] = per_hit(report.allocations[place]);
        cells.push(shown(allocations, 2));
        cells.push(shown(bytes, 1));
        table.row(cells);
    }
    print!("\n{table}");
    for (threads, standings) in THREADS.into_iter().zip(&report.by_threads) {
        print_notes(report, threads, standings);
    }
}

/// Says what the figures on so many threads must not be believed for.
fn print_notes<K: Key>(report: &Report<K>, threads: usize, standings: &[Standing]) {
    let on = counted(threads);
    if let Some(slowdown) = harness::busy(&report.entrants, &report.by_threads[0], standings) {
        println!(
            "note: the limit, which shares nothing, was {slowdown:.1} times slower on {on}: the \
             cores were busy with something else, and these figures understate contention"
        );
    }
    for (entrant, Standing { misses, nanos, .. }) in report.entrants.iter().zip(standings) {
        if *misses > 0 {
            let void = if nanos.median.is_nan() { ": too often for a hit, its figures are void" } else { "" };
            println!("note: `{}` missed {misses} times on {on} while timed{void}", entrant.name);
        }
    }
}

/// A figure with so many decimals; a void one as a dash.
fn shown(figure: f64, decimals: usize) -> String {
    if figure.is_nan() { "-".to_owned() } else { format!("{figure:.decimals$}") }
}

fn figures<K: Key>(report: &Report<K>) -> Value {
    let rows = report.entrants.iter().enumerate().map(|(place, entrant)| {
        let by_threads = THREADS.iter().zip(&report.by_threads);
        let timings = by_threads.map(|(&threads, standings)| timing(threads, &standings[place]));
        let [allocations, bytes] = per_hit(report.allocations[place]);
        json!({
            "entrant": entrant.name,
            "timings": timings.collect::<Vec<_>>(),
            "allocations_per_hit": allocations,
            "bytes_per_hit": bytes,
        })
    });
    rows.collect()
}

/// What is void, and so not a number, becomes `null` in JSON.
fn timing(threads: usize, standing: &Standing) -> Value {
    json!({
        "threads": threads,
        "ns": standing.nanos.median,
        "ns_quartiles": [standing.nanos.lower, standing.nanos.upper],
        "ns_least": standing.least,
        "ratio_to_limit": standing.to_limit,
        "ratio_of_ours_to_this": standing.ours_to_this,
        "misses": standing.misses,
    })
}
