//! `startup`: what a program of a thousand memoized functions has to do before each has been called once,
//! beside the same program with caches of the peers, and with none.
//!
//! For each subject a crate is written into the target folder and built, optimized. Its program runs again and
//! again, in interleaved rounds, and tells what it has measured of itself.

mod subject;

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use self::subject::{FIGURES, Subject};
use crate::Outcome;
use crate::cli::Options;
use crate::harness::{Quartiles, Table};
use crate::report::shown;
use crate::scratch::Scratch;

/// For each of `FIGURES`, that of every round.
type Samples = [Vec<f64>; FIGURES.len()];

pub(crate) fn run(options: Options) -> Outcome {
    let (functions, rounds) = if options.quick { (100, 3) } else { (1_000, 21) };
    println!(
        "A program of {functions} memoized functions of u64 to u64, each with a capacity and, where there is one, \
         a time to live; quick_cache: as many statics."
    );
    println!(
        "{rounds} interleaved runs of each program, medians. all: from main until each has been called once. \
         first: the first call of the program. later: the median of the other first calls. again: a second call \
         of each, all together. heap, threads: what there is after that and was not before; resident: the whole \
         program."
    );
    println!("They are built first, optimized: that takes minutes, unless they are those of the last time.");
    let mut programs = Vec::new();
    for subject in Subject::ALL {
        let scratch = Scratch::new(subject.package(), &subject.dependency())?;
        programs.push(scratch.program(&subject.source(functions))?);
    }
    let mut samples: Vec<Samples> = Subject::ALL.map(|_| std::array::from_fn(|_| Vec::new())).into();
    for round in 0..rounds {
        for place in 0..programs.len() {
            // Each round begins with another one, so that none always follows the same.
            let place = (place + round) % programs.len();
            let told = run_program(&programs[place])?;
            for (figure, samples) in FIGURES.iter().zip(&mut samples[place]) {
                samples.push(*told.get(*figure).ok_or_else(|| format!("no `{figure}` was told"))?);
            }
        }
    }
    let mut table = Table::new("");
    table.group("time, µs", &["all", "first", "later", "again"]);
    table.group("after", &["heap KiB", "a function", "resident KiB", "threads"]);
    let mut figures = Vec::new();
    for (subject, samples) in Subject::ALL.iter().zip(&samples) {
        let medians: HashMap<&str, f64> =
            FIGURES.into_iter().zip(samples.iter().map(|samples| Quartiles::of(samples).median)).collect();
        table.row(cells(*subject, functions, &medians));
        figures.push(json!({ "subject": subject.name(), "medians": medians }));
    }
    print!("\n{table}");
    options.write_json(&json!({
        "measurement": "startup",
        "functions": functions,
        "rounds": rounds,
        "subjects": Value::Array(figures),
    }))
}

/// What a program tells of itself: lines of a name and a number.
fn run_program(program: &Path) -> Result<HashMap<String, f64>, String> {
    let output = Command::new(program)
        .output()
        .map_err(|error| format!("`{}` did not start: {error}", program.display()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("`{}` failed:\n{said}", program.display()));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let lines = text.lines().filter_map(|line| line.split_once(' '));
    lines
        .map(|(name, number)| match number.parse() {
            Ok(number) => Ok((name.to_owned(), number)),
            Err(_) => Err(format!("`{number}` is no number")),
        })
        .collect()
}

fn cells(subject: Subject, functions: u32, medians: &HashMap<&str, f64>) -> Vec<String> {
    let micros = |name| shown(medians[name] / 1e3, 2);
    vec![
        subject.name().to_owned(),
        micros("all_ns"),
        micros("first_ns"),
        micros("later_ns"),
        micros("again_ns"),
        shown(medians["heap_bytes"] / 1024.0, 0),
        shown(medians["heap_bytes"] / f64::from(functions), 0),
        shown(medians["resident_kib"], 0),
        shown(medians["threads"], 0),
    ]
}
