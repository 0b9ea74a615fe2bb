//! Misses of the same key by several threads at once: what it takes until all have the value.

mod subjects;

use std::sync::Barrier;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use self::subjects::Subject;
use crate::harness::{AbortOnPanic, Gate, Quartiles, Table, float, median_ratio};
use crate::report::shown;

/// How many threads ask at once, how long the computation takes, and how many keys a round has.
struct Case {
    threads: usize,
    work: Duration,
    keys: u64,
}

/// More threads than cores meet at a barrier that sleeps, and need some time until all are awake: there the
/// computation is long enough for them to join it.
const CASES: [Case; 4] = [
    Case { threads: 1, work: Duration::ZERO, keys: 4_000 },
    Case { threads: 2, work: Duration::ZERO, keys: 4_000 },
    Case { threads: 2, work: Duration::from_micros(5), keys: 2_000 },
    Case { threads: 8, work: Duration::from_micros(100), keys: 100 },
];
/// Up to so many threads meet at a gate that spins.
const SPINNING: usize = 2;

/// What was measured of one subject in one case.
#[derive(Default)]
struct Samples {
    /// Nanoseconds for each miss, by round.
    nanos: Vec<f64>,
    computed: u64,
}

pub(super) fn run(quick: bool) -> Result<Value, String> {
    let (rounds, part) = if quick { (3, 10) } else { (11, 1) };
    println!("\nAll threads ask for the same absent key, then for the next; {rounds} interleaved rounds.");
    println!(
        "ns: from meeting to meeting, median. /alone: its ratio to the first row, in which one thread computes \
         and the others go on. computed: how often, for each key. The time under the number of threads is what a \
         computation takes."
    );
    let mut groups = Vec::new();
    let mut table = Table::new("a miss together");
    let subjects = subjects::all();
    let mut rows: Vec<Vec<String>> = subjects.iter().map(|subject| vec![subject.name.to_owned()]).collect();
    for Case { threads, work, keys } in CASES {
        let keys = keys / part;
        let samples = measure(&subjects, &Case { threads, work, keys }, rounds)?;
        table.group(format!("{threads} × {} µs", work.as_micros()), &["ns", "/alone", "computed"]);
        let mut figures = Vec::new();
        for ((subject, this), row) in subjects.iter().zip(&samples).zip(&mut rows) {
            let Quartiles { lower, median, upper } = Quartiles::of(&this.nanos);
            let to_alone = median_ratio(&this.nanos, &samples[0].nanos);
            let computed = float(this.computed) / float(keys * rounds);
            row.extend([shown(median, 0), shown(to_alone, 2), shown(computed, 2)]);
            figures.push(json!({
                "entrant": subject.name,
                "ns": median,
                "ns_quartiles": [lower, upper],
                "ratio_to_alone": to_alone,
                "computed_per_key": computed,
            }));
        }
        groups.push(json!({
            "threads": threads,
            "work_us": work.as_micros(),
            "keys_per_round": keys,
            "rounds": rounds,
            "entrants": figures,
        }));
    }
    for row in rows {
        table.row(row);
    }
    print!("\n{table}");
    Ok(groups.into())
}

fn measure(subjects: &[Subject], case: &Case, rounds: u64) -> Result<Vec<Samples>, String> {
    subjects::take(case.work);
    let mut samples: Vec<Samples> = subjects.iter().map(|_| Samples::default()).collect();
    for round in 0..rounds {
        for place in 0..subjects.len() {
            // Each round begins with another one, so that none always follows the same.
            let place = (place + usize::try_from(round).unwrap_or_default()) % subjects.len();
            let computed_before = subjects::computed();
            let elapsed = meet(&subjects[place], case)?;
            samples[place].nanos.push(elapsed.as_secs_f64() * 1e9 / float(case.keys));
            samples[place].computed += subjects::computed() - computed_before;
        }
    }
    Ok(samples)
}

/// One round of one subject: all threads go from key to key, and wait for each other at each.
fn meet(subject: &Subject, case: &Case) -> Result<Duration, String> {
    let first = subjects::unseen(case.keys);
    let (gate, barrier) = (Gate::of_sleepers(case.threads), Barrier::new(case.threads));
    let pass = || {
        if case.threads <= SPINNING {
            gate.pass();
        } else {
            barrier.wait();
        }
    };
    let run = |thread: usize| {
        let _abort = AbortOnPanic;
        pass();
        let start = Instant::now();
        for key in first..first + case.keys {
            assert_eq!((subject.call)(thread, key), subjects::value(key), "another key's value");
            pass();
        }
        start.elapsed()
    };
    let run = &run;
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..case.threads).map(|thread| scope.spawn(move || run(thread))).collect();
        let elapsed = run(0);
        for other in others {
            other.join().map_err(|_| "a thread panicked")?;
        }
        Ok(elapsed)
    })
}
