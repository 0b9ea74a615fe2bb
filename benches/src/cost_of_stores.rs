//! What caches in stores cost, each beside what it is built on, in one run.
//!
//! ```text
//! cargo run --release -p benches --no-default-features --features stores --bin stores -- [--json FILE] [--quick]
//! ```
//!
//! A binary of its own: the others measure a cache-core without stores.

#![expect(dead_code, unused_imports, reason = "much of what these modules have is for the other binaries")]

mod alloc;
mod harness;
mod options;
mod workload;

mod instructions {
    pub(crate) mod counting;
}

mod stores {
    pub(crate) mod counted;
    pub(crate) mod disk;
    pub(crate) mod functions;
    pub(crate) mod memory;
    pub(crate) mod page;
    pub(crate) mod pairs;
    pub(crate) mod raw;
}

use std::error::Error;
use std::process::ExitCode;

use serde_json::json;

use self::instructions::counting;
use self::options::Options;
use self::stores::pairs::{Effort, Section};
use self::stores::{counted, disk, functions, memory};

/// What a measurement ends with: nothing, or an error for the user to read.
type Outcome = Result<(), Box<dyn Error>>;

fn main() -> ExitCode {
    match run(std::env::args().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("stores: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: impl Iterator<Item = String>) -> Outcome {
    let mut words = words.peekable();
    if words.next_if(|word| word == counting::CHILD).is_some() {
        return counting::run_child(counted::COUNTED.iter(), words);
    }
    let options = Options::parse(words, false)?;
    let effort = Effort::of(options.quick);
    let cores = std::thread::available_parallelism()?.get();
    println!("Caches in stores, each beside what it is built on.");
    effort.print(cores);

    let mut sections = Vec::new();
    let mut measured = |section: Section| -> Outcome {
        sections.push(section.measure(effort)?);
        Ok(())
    };
    measured(memory::section()?)?;
    let folder = disk::Folder::new()?;
    measured(disk::gets(&folder)?)?;
    measured(disk::gets_of_many(&folder)?)?;
    measured(disk::inserts(&folder)?)?;
    measured(disk::safety(&folder)?)?;
    measured(disk::threads(&folder)?)?;
    measured(functions::in_the_store(&folder)?)?;
    measured(functions::in_the_process()?)?;
    drop(folder);
    let counted = counted::count(options.quick)?;
    options.write_json(&json!({
        "measurement": "stores",
        "cores": cores,
        "sections": sections,
        "instructions": counted,
    }))
}
