//! `latency`: how long single hits take, one by one, while another thread does something to the cache.

mod subjects;

use std::ops::Range;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use self::subjects::Subject;
use crate::Outcome;
use crate::cli::Options;
use crate::harness::{Quartiles, Table, Times, Watch};
use crate::report;

/// The keys that are read; those that come and go are below.
const READ: Range<u64> = 1 << 40..(1 << 40) + 1_000;

fn is_read(key: u64) -> bool {
    READ.contains(&key)
}

/// What another thread does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Event {
    Quiet,
    Churn,
    Fill,
    Clear,
    Half,
    Sweep,
    Resize,
}

impl Event {
    const ALL: [Self; 7] =
        [Self::Quiet, Self::Churn, Self::Fill, Self::Clear, Self::Half, Self::Sweep, Self::Resize];

    fn name(self) -> &'static str {
        match self {
            Self::Quiet => "nothing",
            Self::Churn => "inserts, each evicts",
            Self::Fill => "fills",
            Self::Clear => "clears",
            Self::Half => "half goes: tag, retain",
            Self::Sweep => "sweeps what expired",
            Self::Resize => "capacity down and up",
        }
    }
}

/// How much is measured.
#[derive(Clone, Copy)]
struct Effort {
    entries: u64,
    repeats: usize,
    /// No window is shorter: what a call leaves to the background goes on after it.
    window: Duration,
    /// How long what expires lives: long enough to be filled in.
    life: Duration,
}

pub(crate) fn run(options: Options) -> Outcome {
    let effort = if options.quick {
        Effort {
            entries: 100_000,
            repeats: 2,
            window: Duration::from_millis(30),
            life: Duration::from_millis(500),
        }
    } else {
        Effort {
            entries: 1_000_000,
            repeats: 5,
            window: Duration::from_millis(100),
            life: Duration::from_secs(4),
        }
    };
    let Effort { entries, repeats, window, .. } = effort;
    let cores = std::thread::available_parallelism()?.get();
    println!(
        "A thread looks up {} keys, and times each look-up, while another does something to the {entries} \
         entries of the cache; {cores} cores.",
        READ.count()
    );
    println!(
        "Percentiles in ns over windows of {} ms, longer where it takes longer: medians of {repeats} windows, \
         of the longest look-up also the least. Keys that were taken from the reader are filled in again, untimed.",
        window.as_millis()
    );
    let clock = clock_alone(effort);
    println!(
        "The clock's own part is in it: nothing at all takes {} ns (median), {} (99.9 %), {} (longest).",
        clock.columns()[1],
        clock.columns()[3],
        clock.columns()[5]
    );
    println!(
        "On core: without what the reader waited for a core meanwhile, where the system tells. What it waited \
         for a lock is in it, also if the lock's holder was without a core."
    );
    let mut table = Table::new("");
    table.group("", &["call, ms"]);
    table.group("ns", &["50 %", "99 %", "99.9 %", "99.99 %"]);
    table.group("longest, ns", &["median", "least"]);
    table.group("longest on core, ns", &["median", "least"]);
    let mut rows = vec![clock.figures("the clock alone", "")];
    for event in Event::ALL {
        for row in measure(event, effort) {
            let [call, rest @ ..] = row.columns();
            let mut cells = vec![format!("{}: {}", event.name(), row.subject), report::shown(call / 1e6, 1)];
            cells.extend(rest.map(|figure| report::shown(figure, 0)));
            table.row(cells);
            rows.push(row.figures(event.name(), row.subject));
        }
    }
    print!("\n{table}");
    options.write_json(&json!({
        "measurement": "latency",
        "cores": cores,
        "entries": entries,
        "repeats": repeats,
        "window_ms": u64::try_from(window.as_millis())?,
        "rows": rows,
    }))
}

/// What was measured of one cache and one event.
struct Row {
    subject: &'static str,
    samples: Vec<(Duration, Times)>,
}

impl Row {
    /// Call, four percentiles, the longest and the least of the longest, as they were and without
    /// what the reader waited for a core: in nanoseconds.
    fn columns(&self) -> [f64; 9] {
        let all = |of: fn(&(Duration, Times)) -> Duration| -> Vec<f64> {
            self.samples.iter().map(|sample| (of(sample).as_secs_f64() * 1e9).round()).collect()
        };
        let least = |all: &[f64]| all.iter().copied().fold(f64::NAN, f64::min);
        let longest = all(|(_, times)| times.longest);
        let on_core = all(|(_, times)| times.longest_on_core);
        [
            Quartiles::of(&all(|(call, _)| *call)).median,
            Quartiles::of(&all(|(_, times)| times.all_but(500_000))).median,
            Quartiles::of(&all(|(_, times)| times.all_but(10_000))).median,
            Quartiles::of(&all(|(_, times)| times.all_but(1_000))).median,
            Quartiles::of(&all(|(_, times)| times.all_but(100))).median,
            Quartiles::of(&longest).median,
            least(&longest),
            Quartiles::of(&on_core).median,
            least(&on_core),
        ]
    }

    fn figures(&self, event: &str, subject: &str) -> Value {
        let [call, p50, p99, p999, p9999, longest, least, on_core, least_on_core] = self.columns();
        json!({
            "event": event,
            "subject": subject,
            "call_ns": call,
            "p50_ns": p50,
            "p99_ns": p99,
            "p999_ns": p999,
            "p9999_ns": p9999,
            "longest_ns": longest,
            "longest_ns_least": least,
            "longest_on_core_ns": on_core,
            "longest_on_core_ns_least": least_on_core,
        })
    }
}

/// Runs the look-ups of a reader beside whatever `act` does, with the reader's watch.
fn beside<T>(
    look: impl Fn(u64) -> bool + Send,
    missed: impl Fn(u64) + Send,
    act: impl FnOnce(&Watch) -> T,
) -> T {
    let watch = Watch::new();
    std::thread::scope(|scope| {
        let watch = &watch;
        scope.spawn(move || watch.read(READ.cycle(), look, missed));
        let result = act(watch);
        watch.stop();
        result
    })
}

/// Look-ups that look nothing up.
fn clock_alone(effort: Effort) -> Row {
    let samples = beside(
        |_| true,
        |_| (),
        |watch| {
            let window = || watch.window(effort.window, || ());
            (0..effort.repeats).map(|_| (Duration::ZERO, window().1)).collect()
        },
    );
    Row { subject: "", samples }
}

/// All caches that have the like of an event.
fn measure(event: Event, effort: Effort) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for _ in 0..effort.repeats {
        // In turns, so that whatever else the machine does falls on all of them alike.
        for subject in subjects::of(event) {
            let sample = sample(&subject, event, effort);
            match rows.iter_mut().find(|row| row.subject == subject.name) {
                Some(row) => row.samples.push(sample),
                None => rows.push(Row { subject: subject.name, samples: vec![sample] }),
            }
        }
    }
    rows
}

fn sample(subject: &Subject, event: Event, effort: Effort) -> (Duration, Times) {
    let Subject { look, insert, act, end, .. } = subject;
    subjects::expire_after(effort.life);
    let before = match event {
        Event::Quiet | Event::Fill => 0,
        Event::Churn => subjects::FULL as u64,
        Event::Clear | Event::Half | Event::Sweep | Event::Resize => effort.entries,
    };
    READ.chain(0..before).for_each(insert);
    // Twice: some admit a key, or settle it, on its second use only.
    READ.filter(|&key| !look(key)).for_each(insert);
    if event == Event::Sweep {
        // Not to the end: whatever notices it by itself shall do so within the window.
        std::thread::sleep(subjects::time_to_expiry().saturating_sub(Duration::from_millis(10)));
    }
    let sample = beside(look, insert, |watch| {
        watch.window(effort.window, || {
            if event == Event::Sweep {
                std::thread::sleep(subjects::time_to_expiry() + CLOCK);
            }
            let begin = Instant::now();
            match event {
                Event::Churn => {
                    let mut fresh = before..;
                    while begin.elapsed() < effort.window {
                        fresh.by_ref().take(64).for_each(insert);
                    }
                }
                Event::Fill => (0..effort.entries).for_each(insert),
                _ => act(),
            }
            begin.elapsed()
        })
    });
    end();
    sample
}

/// By so much caches may notice late that a time has come.
const CLOCK: Duration = Duration::from_millis(20);
