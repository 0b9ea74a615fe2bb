//! `invalidate`: what it costs to invalidate one entry, a thousand and a million at once, and what a
//! reader on another thread feels of it; what one key costs; and what tags cost a hit.

mod subjects;
mod watch;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use self::subjects::{Subject, WATCHED};
use self::watch::Sample;
use crate::Outcome;
use crate::cli::Options;
use crate::harness::{Quartiles, Table};
use crate::peers::ours;
use crate::report::{self, Effort};

/// How many entries are invalidated at once, and how often that is repeated.
const SIZES: [(u64, usize); 3] = [(1, 100), (1_000, 100), (1_000_000, 7)];
/// The same to see that it runs.
const QUICK: [(u64, usize); 3] = [(1, 5), (1_000, 5), (100_000, 2)];
/// How many keys are invalidated one by one.
const KEYS: u64 = 10_000;

pub(crate) fn run(options: Options) -> Outcome {
    let sizes = if options.quick { QUICK } else { SIZES };
    let cores = std::thread::available_parallelism()?.get();
    println!("Invalidations, while a thread looks up {WATCHED} keys in the same cache; {cores} cores.");
    println!(
        "call: the invalidation itself; gone: until 99 of 100 of their values were dropped; reader: the \
         longest look-up meanwhile (of entries that stay, where some can be spared), and in a window as \
         long in which nothing happens. Medians of the repeats, and the most. In moka entries leave when \
         somebody calls `run_pending_tasks`, which was done without a pause. -: not within \
         10 s. Not here: `cached` and \
         `memoize` can only clear, under the one lock of the cache."
    );
    let mut groups = Vec::new();
    for (entries, repeats) in sizes {
        let rows: Vec<Row> =
            subjects::all().iter().map(|subject| Row::measure(subject, entries, repeats)).collect();
        print(entries, repeats, &rows);
        groups.push(json!({
            "entries": entries,
            "repeats": repeats,
            "subjects": rows.iter().map(Row::figures).collect::<Vec<_>>(),
        }));
    }
    let by_key = by_key();

    println!("\nWhat tags cost a hit. ours/: without tags over this.");
    let effort = Effort::of(&options);
    effort.print(cores);
    let hits = report::measure("u64", ours::by_tags(), effort)?;
    report::print(&hits);

    let mut figures = effort.figures("invalidate", cores, &json!({ "u64": report::figures(&hits) }));
    figures["at_once"] = Value::Array(groups);
    figures["by_key"] = by_key;
    options.write_json(&figures)
}

/// What was measured of one subject with one number of entries.
struct Row {
    name: &'static str,
    samples: Vec<Sample>,
}

impl Row {
    fn measure(subject: &Subject, entries: u64, repeats: usize) -> Self {
        let samples = watch::samples(subject, entries, || fill(subject, entries), repeats);
        empty(subject);
        Self { name: subject.name, samples }
    }

    /// The median of something over the repeats, and the most, in microseconds.
    fn micros(&self, of: impl Fn(&Sample) -> Option<Duration>) -> [f64; 2] {
        let micros = |sample| of(sample).map_or(f64::NAN, |duration| duration.as_secs_f64() * 1e6);
        let all: Vec<f64> = self.samples.iter().map(micros).collect();
        if all.iter().any(|one| one.is_nan()) {
            return [f64::NAN; 2];
        }
        [Quartiles::of(&all).median, all.iter().copied().fold(0.0, f64::max)]
    }

    /// Call, gone, the reader meanwhile, and in quiet.
    fn columns(&self) -> [[f64; 2]; 4] {
        [
            self.micros(|sample| Some(sample.call)),
            self.micros(|sample| sample.gone),
            self.micros(|sample| Some(sample.meanwhile)),
            self.micros(|sample| Some(sample.quiet)),
        ]
    }

    fn figures(&self) -> Value {
        let [call, gone, meanwhile, quiet] =
            self.columns().map(|[median, most]| json!({ "median_us": median, "max_us": most }));
        json!({
            "subject": self.name,
            "call": call,
            "gone": gone,
            "longest_look_up_meanwhile": meanwhile,
            "longest_look_up_in_quiet": quiet,
        })
    }
}

/// Fills in entries, and those that stay.
fn fill(subject: &Subject, entries: u64) {
    let keys = (0..entries).chain(subject.spared());
    keys.filter(|key| !(subject.look)(*key)).for_each(|key| (subject.fill)(key));
    subject.tend.iter().for_each(|tend| tend());
}

/// Leaves nothing behind for the next subject.
fn empty(subject: &Subject) {
    subject.spared().for_each(|key| (subject.remove)(key));
    subject.tend.iter().for_each(|tend| tend());
}

fn print(entries: u64, repeats: usize, rows: &[Row]) {
    let mut table = Table::new("");
    for title in ["call, µs", "gone, µs", "reader, µs", "reader in quiet, µs"] {
        table.group(title, &["median", "most"]);
    }
    for row in rows {
        let figures = row.columns().into_iter().flatten().map(|figure| report::shown(figure, 1));
        table.row(std::iter::once(row.name.to_owned()).chain(figures).collect());
    }
    let plural = if entries == 1 { "entry" } else { "entries" };
    print!("\n{entries} {plural}, {repeats} times\n{table}");
}

/// Invalidates keys one by one.
fn by_key() -> Value {
    let mut table = Table::new("");
    table.group("", &["ns a key"]);
    let mut rows = Vec::new();
    let mut subjects = subjects::all();
    subjects.dedup_by_key(|subject| subject.cache);
    for subject in subjects {
        fill(&subject, KEYS);
        let begin = Instant::now();
        for key in 0..KEYS {
            (subject.remove)(key);
        }
        let nanos = begin.elapsed().as_secs_f64() * 1e9 / crate::harness::float(KEYS);
        empty(&subject);
        table.row(vec![subject.cache.to_owned(), report::shown(nanos, 1)]);
        rows.push(json!({ "cache": subject.cache, "ns": nanos }));
    }
    print!("\nOne key of {KEYS}, one after the other\n{table}");
    Value::Array(rows)
}
