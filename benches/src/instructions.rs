//! `instructions`: how many instructions a hit takes, counted by callgrind. Unlike time, a figure
//! that is the same on a busy machine.
//!
//! The program runs itself under valgrind twice for each subject, with N hits and with 2N. What the
//! runs have in common, start-up and filling, falls out of the difference.

use std::io;
use std::process::Command;

use serde_json::json;

use crate::Outcome;
use crate::cli::Options;
use crate::harness::{Entrant, Table, Waiting, float};
use crate::peers::asynchronous::ours::{by_str as borrowed, by_u64 as owned};
use crate::peers::{limit, ours, quick_cache};
use crate::workload::{Key, SEQUENCE, Workload, computed};

/// The sub-command that runs under valgrind. Not listed: of no use by itself.
pub(crate) const CHILD: &str = "instructions-child";

/// What is counted: a name, and a program of so many passes over the access sequence, which tells
/// how many calls missed.
struct Subject {
    name: &'static str,
    run: fn(usize) -> u64,
}

const SUBJECTS: &[Subject] = &[
    Subject { name: "limit, u64", run: |passes| hit(&limit::by_u64(), passes) },
    Subject { name: "ours, u64", run: |passes| hit(&ours::by_u64(), passes) },
    Subject { name: "ours, u64, a fixed tag", run: |passes| hit(&ours::tagged_by_u64(), passes) },
    Subject { name: "ours, u64, 1 run-time tag", run: |passes| hit(&ours::one_tag_by_u64(), passes) },
    Subject { name: "ours, u64, 3 run-time tags", run: |passes| hit(&ours::three_tags_by_u64(), passes) },
    Subject { name: "quick_cache, u64", run: |passes| hit(&quick_cache::by_u64(), passes) },
    Subject { name: "ours async, u64, polled", run: |passes| hit(&owned(Waiting::Polled), passes) },
    Subject { name: "ours async, u64, awaited", run: |passes| hit(&owned(Waiting::Awaited), passes) },
    Subject { name: "limit, &str", run: |passes| hit(&limit::by_str(), passes) },
    Subject { name: "ours, &str", run: |passes| hit(&ours::by_str(), passes) },
    Subject { name: "quick_cache, &str", run: |passes| hit(&quick_cache::by_str(), passes) },
    Subject { name: "ours async, &str, polled", run: |passes| hit(&borrowed(Waiting::Polled), passes) },
    Subject { name: "ours async, &str, awaited", run: |passes| hit(&borrowed(Waiting::Awaited), passes) },
];

fn hit<K: Key>(entrant: &Entrant<K>, passes: usize) -> u64 {
    let workload = Workload::new(1);
    let mut worker = entrant.warm_worker(&workload, 0);
    let computed_before = computed();
    for _ in 0..passes {
        worker(&workload.sequence(0).keys);
    }
    computed() - computed_before
}

pub(crate) fn run(options: Options) -> Outcome {
    let passes = if options.quick { 1 } else { 4 };
    let hits = passes * SEQUENCE;
    println!("Instructions of a hit, by callgrind: (2N hits - N hits) / N, N = {hits}.");
    let mut table = Table::new("");
    table.group("", &["instructions"]);
    let mut rows = Vec::new();
    let mut notes = Vec::new();
    for subject in SUBJECTS {
        let once = collected(subject, passes)?;
        let twice = collected(subject, 2 * passes)?;
        let per_hit = if twice.misses == 0 {
            let difference = float(twice.instructions) - float(once.instructions);
            Some(difference / float(hits as u64))
        } else {
            // What was counted is something else than hits.
            notes.push(format!(
                "note: `{}` missed {} times, so its hits cannot be counted",
                subject.name, twice.misses
            ));
            None
        };
        let shown = per_hit.map_or_else(|| "-".to_owned(), |per_hit| format!("{per_hit:.1}"));
        table.row(vec![subject.name.to_owned(), shown]);
        rows.push(json!({ "subject": subject.name, "instructions_per_hit": per_hit }));
    }
    print!("\n{table}");
    for note in notes {
        println!("{note}");
    }
    options.write_json(&json!({
        "measurement": "instructions",
        "hits": hits,
        "subjects": rows,
    }))
}

/// What is known of one run of the whole program.
struct Collected {
    instructions: u64,
    /// As the child tells on its output.
    misses: u64,
}

fn collected(subject: &Subject, passes: usize) -> Result<Collected, Box<dyn std::error::Error>> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
        .args([CHILD, subject.name, &passes.to_string()])
        .output()
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                "`valgrind` was not found; `instructions` counts with its callgrind tool, \
                 so install it first"
                    .to_owned()
            }
            _ => format!("`valgrind` did not start: {error}"),
        })?;
    let messages = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("`valgrind` failed on `{}`:\n{messages}", subject.name).into());
    }
    let instructions = total(&messages).ok_or_else(|| format!("callgrind told no total:\n{messages}"))?;
    let misses = String::from_utf8_lossy(&output.stdout).trim().parse()?;
    Ok(Collected { instructions, misses })
}

/// Finds the line `==pid== Collected : 123`.
fn total(messages: &str) -> Option<u64> {
    messages.lines().find_map(|line| {
        let (_, count) = line.split_once("Collected :")?;
        count.trim().parse().ok()
    })
}

/// The hidden sub-command: a subject's name and a number of passes.
pub(crate) fn run_child(mut words: impl Iterator<Item = String>) -> Outcome {
    let name = words.next().unwrap_or_default();
    let passes = words.next().unwrap_or_default().parse()?;
    let Some(subject) = SUBJECTS.iter().find(|subject| subject.name == name) else {
        return Err(format!("there is nothing named `{name}` to count").into());
    };
    println!("{}", (subject.run)(passes));
    Ok(())
}
