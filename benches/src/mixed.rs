//! `mixed`: what calls cost that do not only hit: reads and writes, natural misses, new keys on and on, and
//! misses that several threads have at the same time.

mod together;

use serde_json::json;

use crate::Outcome;
use crate::cli::Options;
use crate::peers;
use crate::report::{self, Effort, MOST_THREADS};
use crate::workload::{CAPACITY, RESIDENT, SKEW, SMALL, Workload};

/// Over how many keys calls go where they miss by nature: ten times the capacity.
const MANY: usize = 10 * SMALL;

pub(crate) fn run(options: Options) -> Outcome {
    // These calls take longer than hits.
    let effort = Effort::of(&options).with_passes(1);
    let cores = std::thread::available_parallelism()?.get();
    println!("Calls that do not only hit.");
    effort.print(cores);
    println!(
        "get/insert: Zipf {SKEW} over {RESIDENT} resident keys, capacity {CAPACITY}, each through its own \
         functions; ours through `entry(key).get()` and `entry(key).insert(value)`. `memoize` has none."
    );
    println!(
        "misses: Zipf {SKEW} over {MANY} keys, capacity {SMALL}. churn: every call asks for a new key, capacity \
         {SMALL}, all of it taken. What is absent is computed, by a function that does next to nothing, and put \
         in; `ours`, get_or_insert_with and get_with see to it that only one of several callers computes."
    );

    let mut keys = serde_json::Map::new();
    for (title, percent) in [("90/10 get/insert", 10), ("50/50 get/insert", 50)] {
        let workload = Workload::writing(MOST_THREADS, percent);
        let report = report::measure_on(title, peers::accessed(), &workload, effort)?;
        report::print(&report);
        keys.insert(title.to_owned(), report::figures(&report));
    }
    let missing = Workload::missing(MOST_THREADS, MANY);
    let churning = Workload::with_new_keys(MOST_THREADS, SMALL, 100);
    for (title, workload) in [("misses", missing), ("churn", churning)] {
        let report = report::measure_on(title, peers::small(), &workload, effort)?;
        report::print(&report);
        keys.insert(title.to_owned(), report::figures(&report));
    }

    let mut figures = effort.figures("mixed", cores, &keys.into());
    figures["together"] = together::run(options.quick)?;
    figures["small_capacity"] = json!(SMALL);
    options.write_json(&figures)
}
