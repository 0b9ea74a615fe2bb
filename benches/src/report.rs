//! What measurements with interleaved rounds make of them: standings and allocations, as a table and as JSON.

use serde_json::{Value, json};

use crate::alloc::Count;
use crate::cli::Options;
use crate::harness::{self, Entrant, Plan, Quartiles, Standing, Table, float};
use crate::workload::{CAPACITY, Key, RESIDENT, SEED, SEQUENCE, SKEW, TTL_SECONDS, Workload};

/// Threads that hit one cache at once. One comes first: the others are checked against it.
const THREADS: [usize; 2] = [1, 2];
pub(crate) const MOST_THREADS: usize = THREADS[1];

/// How much is measured of each entrant.
#[derive(Clone, Copy)]
pub(crate) struct Effort {
    rounds: usize,
    passes: usize,
}

/// All that was measured of entrants with one type of key.
pub(crate) struct Report<K> {
    /// What stands above the entrants' names.
    title: &'static str,
    entrants: Vec<Entrant<K>>,
    /// For each of `THREADS`, the standings in the order of the entrants.
    by_threads: Vec<Vec<Standing>>,
    /// Of one pass over the access sequence.
    allocations: Vec<Option<Count>>,
    /// Whether misses are a part of it.
    may_miss: bool,
}

impl Effort {
    pub(crate) fn of(options: &Options) -> Self {
        let (rounds, passes) = if options.quick { (5, 1) } else { (15, 4) };
        Self { rounds, passes }
    }

    /// With fewer passes, for measurements whose calls take longer.
    pub(crate) fn with_passes(self, passes: usize) -> Self {
        Self { passes: self.passes.min(passes), ..self }
    }

    /// Says how it was measured, and what the columns are.
    pub(crate) fn print(self, cores: usize) {
        let Self { rounds, passes } = self;
        println!(
            "{rounds} interleaved rounds of {} calls per entrant and thread; {cores} cores.",
            passes * SEQUENCE
        );
        println!(
            "ns: median over the rounds, of one call on each thread. /limit: its ratio to the limit; \
             ours/: ours over it (medians of the rounds' ratios)."
        );
    }

    /// The circumstances, and what was found with each type of key.
    pub(crate) fn figures(self, measurement: &str, cores: usize, keys: &Value) -> Value {
        let Self { rounds, passes } = self;
        json!({
            "measurement": measurement,
            "cores": cores,
            "rounds": rounds,
            "hits_per_round_and_thread": passes * SEQUENCE,
            "resident_keys": RESIDENT,
            "zipf": SKEW,
            "seed": SEED,
            "capacity": CAPACITY,
            "ttl_seconds": TTL_SECONDS,
            "keys": keys,
        })
    }
}

pub(crate) fn measure<K: Key>(
    title: &'static str,
    entrants: Vec<Entrant<K>>,
    effort: Effort,
) -> Result<Report<K>, String> {
    measure_on(title, entrants, &Workload::new(MOST_THREADS), effort)
}

/// The same on another workload, which must be one of `MOST_THREADS`.
pub(crate) fn measure_on<K: Key>(
    title: &'static str,
    entrants: Vec<Entrant<K>>,
    workload: &Workload<K>,
    Effort { rounds, passes }: Effort,
) -> Result<Report<K>, String> {
    let mut by_threads = Vec::new();
    for threads in THREADS {
        let plan = Plan { threads, rounds, passes };
        let samples = harness::interleave(&entrants, workload, plan)?;
        by_threads.push(harness::standings(&entrants, &samples));
    }
    let allocations = entrants.iter().map(|entrant| harness::allocations(entrant, workload)).collect();
    Ok(Report { title, entrants, by_threads, allocations, may_miss: workload.may_miss })
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

pub(crate) fn print<K: Key>(report: &Report<K>) {
    let mut table = Table::new(report.title);
    for threads in THREADS {
        table.group(counted(threads), &["ns", "quartiles", "/limit", "ours/"]);
    }
    table.group(
        "per call",
        if report.may_miss { &["allocs", "bytes", "hits %"] } else { &["allocs", "bytes"] },
    );
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
        if report.may_miss {
            cells.push(shown(report.by_threads[0][place].hit_percent, 1));
        }
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
    for (entrant, Standing { misses, unready, nanos, .. }) in report.entrants.iter().zip(standings) {
        if *misses > 0 && !report.may_miss {
            let void = if nanos.median.is_nan() { ": too often for a hit, its figures are void" } else { "" };
            println!("note: `{}` missed {misses} times on {on} while timed{void}", entrant.name);
        }
        if *unready > 0 {
            println!(
                "note: `{}` was not ready when polled {unready} times on {on} while timed",
                entrant.name
            );
        }
    }
}

/// A figure with so many decimals; a void one as a dash.
pub(crate) fn shown(figure: f64, decimals: usize) -> String {
    if figure.is_nan() { "-".to_owned() } else { format!("{figure:.decimals$}") }
}

pub(crate) fn figures<K: Key>(report: &Report<K>) -> Value {
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
        "hit_percent": standing.hit_percent,
        "polls_not_ready": standing.unready,
    })
}

/// Fails if a hit of ours allocated, or was not ready at its first poll.
///
/// # Errors
/// It says which, and how often.
pub(crate) fn demand_ready_without_allocation<K: Key>(report: &Report<K>) -> Result<(), String> {
    let title = report.title;
    for (place, entrant) in report.entrants.iter().enumerate().filter(|(_, entrant)| entrant.is_ours()) {
        let name = entrant.name;
        match report.allocations[place] {
            Some(Count { allocations: 0, .. }) => {}
            Some(Count { allocations, .. }) => {
                return Err(format!("`{name}` ({title}) allocated {allocations} times in {SEQUENCE} hits"));
            }
            None => return Err(format!("`{name}` ({title}) missed: its allocations are not those of hits")),
        }
        let unready: u64 = report.by_threads.iter().map(|standings| standings[place].unready).sum();
        if unready > 0 {
            return Err(format!("`{name}` ({title}) was not ready when polled {unready} times"));
        }
    }
    Ok(())
}
