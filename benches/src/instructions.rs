//! `instructions`: how many instructions a call takes, counted by callgrind. Unlike time, a figure that is
//! the same on a busy machine.

mod counting;
mod misses;
mod ours;

use serde_json::json;

pub(crate) use self::counting::CHILD;
use self::counting::{Subject, hits};
use self::ours::hit;
use crate::Outcome;
use crate::cli::Options;
use crate::harness::Table;
use crate::peers::quick_cache;

/// The peers that are shown beside ours.
const PEERS: &[Subject] = &[
    hit("quick_cache, u64", |passes| hits(&quick_cache::by_u64(), passes)),
    hit("quick_cache, &str", |passes| hits(&quick_cache::by_str(), passes)),
];

fn subjects() -> impl Iterator<Item = &'static Subject> {
    ours::SUBJECTS.iter().chain(PEERS)
}

pub(crate) fn run(options: Options) -> Outcome {
    counting::describe(options.quick);
    let mut table = Table::new("");
    table.group("", &["instructions"]);
    let mut rows = Vec::new();
    let mut notes = Vec::new();
    for subject in subjects() {
        let counted = subject.count(options.quick)?;
        let shown = counted.as_ref().map_or_else(|_| "-".to_owned(), |figure| format!("{figure:.1}"));
        table.row(vec![subject.name.to_owned(), shown]);
        let figure = counted.map_err(|why| notes.push(why)).ok();
        rows.push(json!({ "subject": subject.name, "instructions_per_call": figure }));
    }
    print!("\n{table}");
    for note in notes {
        println!("note: {note}: its figure is void");
    }
    options.write_json(&json!({ "measurement": "instructions", "subjects": rows }))
}

/// The hidden sub-command.
pub(crate) fn run_child(words: impl Iterator<Item = String>) -> Outcome {
    counting::run_child(subjects(), words)
}
