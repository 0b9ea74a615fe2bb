//! What a cache takes that has next to nothing in it.

use std::time::Duration;

use cache_core::memoize;
use serde_json::{Value, json};

use super::subjects::{self, MEMOIZE, OURS, Subject, memoized, ours};
use crate::alloc::Watch;
use crate::harness::{Table, float};
use crate::report::shown;
use crate::workload::{CAPACITY, Key, TTL_SECONDS};

/// Functions with a cache each.
macro_rules! functions {
    ($($ours:ident $memoized:ident $size:ident $flush:ident;)*) => {
        $(
            #[memoize(ttl = 300, capacity = 100_000)]
            fn $ours(key: u64) -> u64 {
                key.value()
            }

            #[memoize::memoize(SharedCache, Capacity: 100_000, TimeToLive: Duration::from_secs(TTL_SECONDS))]
            fn $memoized(key: u64) -> u64 {
                key.value()
            }
        )*

        fn ours() -> [Box<dyn Subject>; COPIES] {
            [$(Box::new(ours!($ours))),*]
        }

        fn memoized() -> [Box<dyn Subject>; COPIES] {
            [$(Box::new(memoized!($memoized, $size, $flush))),*]
        }
    };
}

/// How many of a kind there are. The first is not counted: it may allocate for all. Of the others the median.
const COPIES: usize = 6;

functions! {
    ours_1 memoized_1 memoized_size_memoized_1 memoized_flush_memoized_1;
    ours_2 memoized_2 memoized_size_memoized_2 memoized_flush_memoized_2;
    ours_3 memoized_3 memoized_size_memoized_3 memoized_flush_memoized_3;
    ours_4 memoized_4 memoized_size_memoized_4 memoized_flush_memoized_4;
    ours_5 memoized_5 memoized_size_memoized_5 memoized_flush_memoized_5;
    ours_6 memoized_6 memoized_size_memoized_6 memoized_flush_memoized_6;
}

/// What is looked at in turn: nothing found, one entry put in, all taken out.
const STAGES: [&str; 3] = ["looked at", "one entry", "cleared"];

pub(super) fn run() -> Value {
    let mut table = Table::new("");
    table.group("bytes", &STAGES);
    let mut rows = Vec::new();
    let mut add = |name: &str, copies: Vec<[u64; 3]>| {
        let median: Vec<u64> = (0..STAGES.len())
            .map(|stage| {
                let mut bytes: Vec<u64> = copies[1..].iter().map(|stages| stages[stage]).collect();
                bytes.sort_unstable();
                bytes[bytes.len() / 2]
            })
            .collect();
        let cells = median.iter().map(|&bytes| shown(float(bytes), 0));
        table.row(std::iter::once(name.to_owned()).chain(cells).collect());
        rows.push(json!({
            "subject": name,
            "looked_at_bytes": median[0],
            "one_entry_bytes": median[1],
            "cleared_bytes": median[2],
        }));
    };
    add(OURS, ours().map(|subject| stages(|| subject)).into());
    for (name, make) in subjects::by_hand() {
        add(name, (0..COPIES).map(|_| stages(|| make(CAPACITY))).collect());
    }
    add(MEMOIZE, memoized().map(|subject| stages(|| subject)).into());
    println!(
        "\nCaches of a capacity of {CAPACITY}, made and looked at, then with one entry, then cleared. Where a \
         cache has no static of its own, its handle is counted."
    );
    print!("{table}");
    rows.into()
}

/// What is held after each stage. The subject is kept for good, so that none gives back what another holds.
fn stages(make: impl FnOnce() -> Box<dyn Subject>) -> [u64; 3] {
    let watch = Watch::begin();
    let subject = make();
    subject.look(1);
    let looked_at = watch.held();
    subject.put(1);
    let one_entry = watch.held();
    subject.clear();
    // A cache may put off what it has to do until it is asked how many are left.
    subject.len();
    let cleared = watch.held();
    std::mem::forget(subject);
    [looked_at, one_entry, cleared]
}
