//! `ratio`: how many of a trace's accesses are hits, and how many could have been.

mod belady;
mod subjects;
mod trace;

use serde_json::{Value, json};

use self::belady::Future;
use self::subjects::{ALL, Replayed, Subject};
use self::trace::{Set, Trace};
use crate::Outcome;
use crate::cli::Options;
use crate::harness::{Quartiles, Table, float};
use crate::report;

/// The hash of most subjects is seeded by chance, and with it what falls together: so often each is replayed.
const REPEATS: usize = 3;
/// With `--quick`, accesses of each trace.
const QUICK: usize = 20_000;

pub(crate) fn run(options: Options) -> Outcome {
    let Words { traces, sizes } = Words::parse(&options.words)?;
    let mut sets = traces.iter().map(|word| Set::read(word)).collect::<Result<Vec<_>, _>>()?;
    if sets.is_empty() {
        println!(
            "No traces were given, so this is a made-up one: Zipf 0.9 that moves on, and scans between."
        );
        sets.push(Set::synthetic());
    }
    for trace in sets.iter_mut().flat_map(|set| &mut set.traces) {
        if options.quick {
            trace.keys.truncate(QUICK);
        }
        if let Some(sizes) = &sizes {
            trace.sizes.clone_from(sizes);
        }
    }
    let repeats = if options.quick { 1 } else { REPEATS };
    println!(
        "Hits in percent of Belady's optimum, and of the accesses; medians of {repeats}. Caches of so many \
         entries, empty at first, one thread; a missing key is computed and stored."
    );
    println!(
        "moka was made to evict at once, and foyer has one shard, so that each keeps to its size and has \
         the whole of it."
    );
    let measured: Vec<MeasuredSet> = sets.iter().map(|set| MeasuredSet::of(set, repeats)).collect();
    print_means(&measured);
    options.write_json(&json!({
        "measurement": "ratio",
        "repeats": repeats,
        "sets": measured.iter().map(MeasuredSet::figures).collect::<Vec<_>>(),
        "means": means(&measured),
    }))
}

/// What the command line says besides what all sub-commands understand.
struct Words {
    traces: Vec<String>,
    sizes: Option<Vec<usize>>,
}

impl Words {
    fn parse(words: &[String]) -> Result<Self, String> {
        let (mut traces, mut sizes) = (Vec::new(), None);
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--sizes" => {
                    let list = words.next().ok_or("`--sizes` wants numbers after it: `256,512`")?;
                    sizes = Some(parse_sizes(list)?);
                }
                option if option.starts_with("--") => {
                    return Err(format!(
                        "unknown option `{option}`; `ratio` has `--sizes 256,512`, `--json FILE` and `--quick`"
                    ));
                }
                trace => traces.push(trace.to_owned()),
            }
        }
        Ok(Self { traces, sizes })
    }
}

fn parse_sizes(list: &str) -> Result<Vec<usize>, String> {
    let size = |word: &str| {
        let number: Option<usize> = word.parse().ok();
        number
            .filter(|&size| size > 0)
            .ok_or_else(|| format!("`{word}` is no number of entries; `--sizes` wants some, as in `256,512`"))
    };
    list.split(',').map(size).collect()
}

/// A trace on caches of one size.
struct Run {
    trace: String,
    accesses: u64,
    size: usize,
    optimum: u64,
    /// In the order of the subjects.
    hits: Vec<f64>,
}

impl Run {
    fn of(trace: &Trace, future: &Future, size: usize, repeats: usize) -> Self {
        let hits = |subject: &Subject| {
            let replayed: Vec<Replayed> = (0..repeats).map(|_| subject.replay(&trace.keys, size)).collect();
            let most = replayed.iter().map(|replayed| replayed.held).max().unwrap_or(0);
            if most > size {
                println!("note: `{}` held {most} entries where {size} were allowed", subject.name);
            }
            Quartiles::of(&replayed.iter().map(|replayed| float(replayed.hits)).collect::<Vec<_>>()).median
        };
        Self {
            trace: trace.name.clone(),
            accesses: trace.keys.len() as u64,
            size,
            optimum: future.hits(size),
            hits: ALL.iter().map(hits).collect(),
        }
    }

    /// Percent of the optimum; nothing is known where there is nothing to hit.
    fn percent(&self, place: usize) -> f64 {
        self.hits[place] / float(self.optimum) * 100.0
    }

    fn ratio(&self, hits: f64) -> f64 {
        hits / float(self.accesses) * 100.0
    }

    fn figures(&self) -> Value {
        let subjects = ALL.iter().enumerate().map(|(place, subject)| {
            json!({
                "subject": subject.name,
                "hit_ratio": self.ratio(self.hits[place]) / 100.0,
                "percent_of_optimum": self.percent(place),
            })
        });
        json!({
            "trace": self.trace,
            "accesses": self.accesses,
            "size": self.size,
            "optimum_hit_ratio": self.ratio(float(self.optimum)) / 100.0,
            "subjects": subjects.collect::<Vec<_>>(),
        })
    }
}

struct MeasuredSet {
    name: String,
    runs: Vec<Run>,
}

impl MeasuredSet {
    fn of(set: &Set, repeats: usize) -> Self {
        let mut runs = Vec::new();
        for trace in &set.traces {
            let future = Future::of(&trace.keys);
            let first = runs.len();
            runs.extend(trace.sizes.iter().map(|&size| Run::of(trace, &future, size, repeats)));
            print(trace, &runs[first..]);
        }
        Self { name: set.name.clone(), runs }
    }

    /// The mean of the percents of the optimum. A trace with nothing to hit has none.
    fn percent(&self, place: usize) -> f64 {
        mean(self.runs.iter().map(|run| run.percent(place)).filter(|percent| !percent.is_nan()))
    }

    fn ratio(&self, place: usize) -> f64 {
        mean(self.runs.iter().map(|run| run.ratio(run.hits[place])))
    }

    fn figures(&self) -> Value {
        json!({ "set": self.name, "runs": self.runs.iter().map(Run::figures).collect::<Vec<_>>() })
    }
}

fn mean(figures: impl Iterator<Item = f64>) -> f64 {
    let all: Vec<f64> = figures.collect();
    all.iter().sum::<f64>() / float(all.len() as u64)
}

fn print(trace: &Trace, runs: &[Run]) {
    let mut table = Table::new("");
    for run in runs {
        table.group(run.size.to_string(), &["% opt", "hits %"]);
    }
    let optimum = runs.iter().flat_map(|run| ["100.0".to_owned(), hits(run, float(run.optimum))]);
    table.row(std::iter::once("Belady's optimum".to_owned()).chain(optimum).collect());
    for (place, subject) in ALL.iter().enumerate() {
        let cells =
            runs.iter().flat_map(|run| [report::shown(run.percent(place), 1), hits(run, run.hits[place])]);
        table.row(std::iter::once(subject.name.to_owned()).chain(cells).collect());
    }
    println!("\n{}, {} accesses\n{table}", trace.name, trace.keys.len());
}

fn hits(run: &Run, hits: f64) -> String {
    report::shown(run.ratio(hits), 2)
}

/// Over all sets: the mean of their means, so that none counts for more because it has more traces.
fn overall(sets: &[MeasuredSet], of: impl Fn(&MeasuredSet) -> f64) -> f64 {
    mean(sets.iter().map(of))
}

fn print_means(sets: &[MeasuredSet]) {
    let mut table = Table::new("");
    println!("Means over all traces and sizes");
    for (number, set) in (1..).zip(sets) {
        println!("set {number}: {}", set.name);
        table.group(format!("set {number}"), &["% opt", "hits %"]);
    }
    if sets.len() > 1 {
        table.group("mean of sets", &["% opt", "hits %"]);
    }
    for (place, subject) in ALL.iter().enumerate() {
        let mut figures: Vec<f64> =
            sets.iter().flat_map(|set| [set.percent(place), set.ratio(place)]).collect();
        if sets.len() > 1 {
            figures.extend([overall(sets, |set| set.percent(place)), overall(sets, |set| set.ratio(place))]);
        }
        let cells = figures.into_iter().map(|figure| report::shown(figure, 2));
        table.row(std::iter::once(subject.name.to_owned()).chain(cells).collect());
    }
    print!("{table}");
}

fn means(sets: &[MeasuredSet]) -> Value {
    let rows = ALL.iter().enumerate().map(|(place, subject)| {
        let by_set = sets
            .iter()
            .map(|set| json!({ "set": set.name, "percent_of_optimum": set.percent(place), "hit_ratio": set.ratio(place) / 100.0 }));
        json!({
            "subject": subject.name,
            "percent_of_optimum": overall(sets, |set| set.percent(place)),
            "hit_ratio": overall(sets, |set| set.ratio(place)) / 100.0,
            "sets": by_set.collect::<Vec<_>>(),
        })
    });
    rows.collect()
}
