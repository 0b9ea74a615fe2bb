//! `memory`: bytes for an entry, and for a cache that has none.
//!
//! What is counted is what was asked of the allocator: the same in every run, and without what the allocator
//! itself adds.

mod empty;
mod subjects;

use std::ops::Range;

use serde_json::{Value, json};

use self::subjects::{Made, Subject};
use crate::Outcome;
use crate::alloc::Watch;
use crate::cli::Options;
use crate::harness::{Table, float};
use crate::report::shown;
use crate::workload::Key;

/// How many entries; the capacity is the same.
const SIZES: [usize; 2] = [100_000, 1_000_000];
/// A key and a value.
const PAYLOAD: usize = 16;

/// What one subject held with one number of entries.
struct Measured {
    name: &'static str,
    full: Filled,
    /// The most it held until then.
    peak: u64,
    /// After twice as many new keys.
    turned_over: Filled,
}

#[derive(Clone, Copy)]
struct Filled {
    entries: u64,
    bytes: u64,
}

impl Filled {
    fn of(subject: &dyn Subject, watch: &Watch) -> Self {
        let entries = subject.len() as u64;
        Self { entries, bytes: watch.held() }
    }

    fn per_entry(self) -> f64 {
        float(self.bytes) / float(self.entries)
    }
}

pub(crate) fn run(options: Options) -> Outcome {
    let sizes = if options.quick { &SIZES[..1] } else { &SIZES };
    println!(
        "Bytes that caches of u64 to u64 ask of the allocator; {PAYLOAD} of each entry are key and value. Those \
         with a time to live have one."
    );
    println!(
        "full: as many keys as the capacity, one after the other. peak: the most that was held until then. \
         turned over: after twice as many new keys. kept: entries then, for every \
         100 asked for."
    );
    // First, while nothing else is held that could be given back meanwhile.
    let empty = empty::run();
    let mut groups = Vec::new();
    let mut table = Table::new("bytes per entry");
    let mut rows: Vec<Vec<String>> = Vec::new();
    for &entries in sizes {
        table.group(format!("{entries} entries"), &["full", "kept", "peak", "turned over", "kept"]);
        let measured: Vec<Measured> = subjects::all().iter().map(|made| measure(made, entries)).collect();
        rows.resize(measured.len(), Vec::new());
        for (this, row) in measured.iter().zip(&mut rows) {
            if row.is_empty() {
                row.push(this.name.to_owned());
            }
            row.extend(this.cells(entries as u64));
        }
        groups.push(json!({
            "entries": entries,
            "payload_bytes": PAYLOAD,
            "subjects": measured.iter().map(Measured::figures).collect::<Vec<_>>(),
        }));
    }
    for row in rows {
        table.row(row);
    }
    print!("\n{table}");
    options.write_json(&json!({ "measurement": "memory", "filled": groups, "empty": empty }))
}

fn measure((name, make): &Made, entries: usize) -> Measured {
    let watch = Watch::begin();
    let subject = make(entries);
    let put_all = |ranks: Range<usize>| ranks.for_each(|rank| subject.put(u64::of_rank(rank)));
    put_all(0..entries);
    let peak = watch.peak();
    let full = Filled::of(&*subject, &watch);
    put_all(entries..3 * entries);
    let turned_over = Filled::of(&*subject, &watch);
    subject.clear();
    Measured { name, full, peak, turned_over }
}

impl Measured {
    fn peak_per_entry(&self) -> f64 {
        float(self.peak) / float(self.full.entries)
    }

    fn cells(&self, asked: u64) -> [String; 5] {
        let kept = |filled: Filled| shown(100.0 * float(filled.entries) / float(asked), 1);
        [
            shown(self.full.per_entry(), 1),
            kept(self.full),
            shown(self.peak_per_entry(), 1),
            shown(self.turned_over.per_entry(), 1),
            kept(self.turned_over),
        ]
    }

    fn figures(&self) -> Value {
        let filled =
            |filled: Filled| json!({ "entries": filled.entries, "bytes_per_entry": filled.per_entry() });
        json!({
            "subject": self.name,
            "full": filled(self.full),
            "peak_bytes_per_entry": self.peak_per_entry(),
            "turned_over": filled(self.turned_over),
        })
    }
}
