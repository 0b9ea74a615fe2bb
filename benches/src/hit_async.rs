//! `hit-async`: the time and the allocations of a hit of an asynchronous function, beside ours that is
//! not asynchronous and beside the peers.
//!
//! No runtime is involved: what a hit costs is one poll, and a runtime would only add its own.

use serde_json::{Value, json};

use crate::Outcome;
use crate::cli::Options;
use crate::harness::Waiting;
use crate::peers::asynchronous;
use crate::report::{self, Effort};
use crate::workload::{Key, RESIDENT, SKEW};

pub(crate) fn run(options: Options) -> Outcome {
    let effort = Effort::of(&options);
    let cores = std::thread::available_parallelism()?.get();
    println!(
        "A hit of an asynchronous function: Zipf {SKEW} over {RESIDENT} resident keys, every entrant warm."
    );
    effort.print(cores);
    println!(
        "ours/ in the row `{}`: what being asynchronous costs, in the same run.",
        asynchronous::NOT_ASYNC
    );
    println!(
        "polled: each call is a future of its own, polled with a waker that does nothing; awaited: all \
         calls of a pass are awaited within one future. Who is not ready is polled again at once."
    );
    println!("Not here: `memoize` and `scc` have nothing that is asynchronous.");

    let polled = both_keys(["u64, polled", "&str, polled"], Waiting::Polled, effort)?;
    let awaited = both_keys(["u64, awaited", "&str, awaited"], Waiting::Awaited, effort)?;
    let [by_u64, by_str] = [0, 1].map(|key| json!({ "polled": polled[key], "awaited": awaited[key] }));
    let keys = json!({ u64::NAME: by_u64, <&str>::NAME: by_str });
    options.write_json(&effort.figures("hit-async", cores, &keys))
}

/// Measures and prints, and fails if a hit of ours allocates. The figures by type of key.
fn both_keys(titles: [&'static str; 2], waiting: Waiting, effort: Effort) -> Result<[Value; 2], String> {
    let by_u64 = report::measure(titles[0], asynchronous::by_u64(waiting), effort)?;
    report::print(&by_u64);
    report::demand_ready_without_allocation(&by_u64)?;
    let by_str = report::measure(titles[1], asynchronous::by_str(waiting), effort)?;
    report::print(&by_str);
    report::demand_ready_without_allocation(&by_str)?;
    Ok([report::figures(&by_u64), report::figures(&by_str)])
}
