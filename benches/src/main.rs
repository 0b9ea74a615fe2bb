//! Measurements of cache-core beside its peers, all in one run.
//!
//! ```text
//! cargo run --release -p benches -- hit [--json FILE] [--quick]
//! cargo run --release -p benches -- mixed [--json FILE] [--quick]
//! cargo run --release -p benches -- memory [--json FILE] [--quick]
//! cargo run --release -p benches -- hit-async [--json FILE] [--quick]
//! cargo run --release -p benches -- instructions [--json FILE] [--quick]
//! cargo run --release -p benches -- invalidate [--json FILE] [--quick]
//! cargo run --release -p benches -- freshness [--json FILE] [--quick]
//! cargo run --release -p benches -- ratio [TRACE..] [--sizes N,N] [--json FILE] [--quick]
//! cargo run --release -p benches -- latency [--json FILE] [--quick]
//! cargo run --release -p benches -- chart FILES.. [--svg FILE]
//! cargo run --release -p benches -- startup [--json FILE] [--quick]
//! cargo run --release -p benches -- compile [--json FILE] [--quick]
//! ```
//!
//! Caches in stores are measured by a program of their own, `stores`.

mod alloc;
mod chart;
mod cli;
mod compile;
mod freshness;
mod harness;
mod hit;
mod hit_async;
mod instructions;
mod invalidate;
mod latency;
mod memory;
mod mixed;
mod options;
mod peers;
mod ratio;
mod report;
mod scratch;
mod startup;
mod workload;

use std::error::Error;
use std::process::ExitCode;

/// What a sub-command ends with: nothing, or an error for the user to read.
type Outcome = Result<(), Box<dyn Error>>;

fn main() -> ExitCode {
    match cli::run(std::env::args().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("benches: {error}");
            ExitCode::FAILURE
        }
    }
}
