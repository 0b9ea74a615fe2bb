//! `hit`: the time and the allocations of a hit, everyone beside everyone.

use serde_json::json;

use crate::Outcome;
use crate::cli::Options;
use crate::peers;
use crate::report::{self, Effort, MOST_THREADS};
use crate::workload::{Block, CAPACITY, Key, RESIDENT, SKEW, SMALL, Text, Value, Workload};

/// How many keys are asked for again where others are not, and how many calls of a hundred are for those.
const ASKED_AGAIN: usize = 5_000;
const NEW: u32 = 10;

pub(crate) fn run(options: Options) -> Outcome {
    let effort = Effort::of(&options);
    let cores = std::thread::available_parallelism()?.get();
    println!("A hit: Zipf {SKEW} over {RESIDENT} resident keys, every entrant warm, capacity {CAPACITY}.");
    effort.print(cores);
    println!(
        "u64, &str: the type of the key; values are u64. Values of 1 KiB are in an Arc, those of 64 bytes a \
         String; keys are u64, and everyone hands out a copy, the limit too. Not among these: the attributes \
         of `cached` (here its stores), `memoize` and `cachelito`."
    );
    println!(
        "{} % hits: Zipf {SKEW} over {ASKED_AGAIN} keys, {NEW} calls of 100 for keys never seen before, capacity \
         {SMALL}: something is evicted on every miss.",
        100 - NEW
    );

    let by_u64 = report::measure(u64::NAME, peers::by_u64(), effort)?;
    report::print(&by_u64);
    let by_str = report::measure(<&str>::NAME, peers::by_str(), effort)?;
    report::print(&by_str);
    let blocks =
        report::measure_on("u64 to Arc of 1 KiB", peers::of_blocks(), &expecting::<Block>(), effort)?;
    report::print(&blocks);
    let texts = report::measure_on("u64 to String of 64", peers::of_texts(), &expecting::<Text>(), effort)?;
    report::print(&texts);
    let mostly = Workload::with_new_keys(MOST_THREADS, ASKED_AGAIN, NEW);
    let mostly = report::measure_on("u64, 90 % hits", peers::small(), &mostly, effort.with_passes(2))?;
    report::print(&mostly);

    let keys = json!({
        u64::NAME: report::figures(&by_u64),
        <&str>::NAME: report::figures(&by_str),
        "u64 to Arc of 1 KiB": report::figures(&blocks),
        "u64 to String of 64": report::figures(&texts),
        "u64, 90 % hits": report::figures(&mostly),
    });
    options.write_json(&effort.figures("hit", cores, &keys))
}

fn expecting<V: Value>() -> Workload<u64> {
    Workload::new(MOST_THREADS).expecting(|key| V::of(key).read())
}
