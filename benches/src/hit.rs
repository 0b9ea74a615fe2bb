//! `hit`: the time and the allocations of a hit, everyone beside everyone.

use serde_json::json;

use crate::Outcome;
use crate::cli::Options;
use crate::peers;
use crate::report::{self, Effort};
use crate::workload::{Key, RESIDENT, SKEW};

pub(crate) fn run(options: Options) -> Outcome {
    let effort = Effort::of(&options);
    let cores = std::thread::available_parallelism()?.get();
    println!("A hit: Zipf {SKEW} over {RESIDENT} resident keys, every entrant warm.");
    effort.print(cores);

    let by_u64 = report::measure(u64::NAME, peers::by_u64(), effort)?;
    report::print(&by_u64);
    let by_str = report::measure(<&str>::NAME, peers::by_str(), effort)?;
    report::print(&by_str);

    let keys = json!({ u64::NAME: report::figures(&by_u64), <&str>::NAME: report::figures(&by_str) });
    options.write_json(&effort.figures("hit", cores, &keys))
}
