//! How many instructions a call of ours takes, against the figures that are kept in `instructions.json`.
//!
//! ```text
//! cargo run --release -p benches --no-default-features --bin instructions -- --check
//! cargo run --release -p benches --no-default-features --bin instructions -- --bless
//! ```
//!
//! A binary of its own, built without the peers: what the compiler makes of ours then does not depend on
//! them, and a check is quick to build. `benches -- instructions` shows the same beside the peers.

#![expect(dead_code, unused_imports, reason = "much of what these modules have is for the other binary")]

mod alloc;
mod harness;
mod workload;

mod instructions {
    pub(crate) mod baseline;
    pub(crate) mod counting;
    mod misses;
    pub(crate) mod ours;
}

use std::error::Error;
use std::process::ExitCode;

use self::instructions::ours::SUBJECTS;
use self::instructions::{baseline, counting};

/// What a sub-command ends with: nothing, or an error for the user to read.
type Outcome = Result<(), Box<dyn Error>>;

fn main() -> ExitCode {
    match run(std::env::args().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("instructions: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(mut words: impl Iterator<Item = String>) -> Outcome {
    match words.next().as_deref() {
        Some(counting::CHILD) => counting::run_child(SUBJECTS.iter(), words),
        Some("--check") => baseline::check(SUBJECTS),
        Some("--bless") => baseline::bless(SUBJECTS),
        _ => Err("there are `--check`, against the baseline, and `--bless`, to replace it".into()),
    }
}
