//! Two ways to do the same, timed in turn.

use std::error::Error;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Outcome;
use crate::harness::{Quartiles, Table, float, median_ratio};

/// One way: makes so many calls, from this one on.
pub(crate) type Side = Box<dyn FnMut(usize, usize) -> Outcome>;

/// A way whose calls are made one after the other. Each is told its number.
pub(crate) fn calls(mut call: impl FnMut(usize) -> Outcome + 'static) -> Side {
    Box::new(move |begin, count| (begin..begin + count).try_for_each(&mut call))
}

/// A cache's way to do something, and that of what it is built on.
pub(crate) struct Pair {
    name: String,
    pub(crate) ours: Side,
    pub(crate) raw: Side,
}

impl Pair {
    pub(crate) fn new(name: impl Into<String>, ours: Side, raw: Side) -> Self {
        Self { name: name.into(), ours, raw }
    }
}

/// In what a time is shown.
#[derive(Clone, Copy)]
pub(crate) enum Unit {
    Micros,
    Nanos,
}

/// A table of pairs.
pub(crate) struct Section {
    /// What stands above it.
    title: &'static str,
    /// What ours and the other are called.
    sides: [&'static str; 2],
    unit: Unit,
    pairs: Vec<Pair>,
}

/// How much is measured of each pair.
#[derive(Clone, Copy)]
pub(crate) struct Effort {
    rounds: usize,
    /// How long the calls of a slot take together.
    slot: Duration,
}

impl Effort {
    pub(crate) fn of(quick: bool) -> Self {
        // Short slots, of which few meet another program on a busy machine, and many of them.
        let (rounds, millis) = if quick { (5, 1) } else { (101, 1) };
        Self { rounds, slot: Duration::from_millis(millis) }
    }

    /// Says how it is measured, and what the columns are.
    pub(crate) fn print(self, cores: usize) {
        let Self { rounds, slot } = self;
        println!(
            "{rounds} rounds, in each of which both sides of a pair make calls for about {} ms, or one call; {cores} \
             cores.",
            slot.as_millis()
        );
        println!(
            "The time is of one call: median over the rounds, and quartiles. ratio: the first side over the \
             second (median and quartiles of the rounds' ratios). `noise` is the same thing on both sides."
        );
    }
}

/// How often a number of calls is tried before it counts as short.
const TRIES: usize = 3;

/// One side while it is measured.
struct Timed<'a> {
    side: &'a mut Side,
    begin: usize,
    /// Calls in a slot.
    count: usize,
    nanos: Vec<f64>,
}

impl<'a> Timed<'a> {
    /// Finds out how many calls take as long as a slot, which also warms it up.
    fn new(side: &'a mut Side, slot: Duration) -> Result<Self, Box<dyn Error>> {
        let mut timed = Self { side, begin: 0, count: 1, nanos: Vec::new() };
        loop {
            let mut least = Duration::MAX;
            for _ in 0..TRIES {
                least = least.min(timed.slot()?);
            }
            if least * 2 > slot {
                return Ok(timed);
            }
            timed.count *= 2;
        }
    }

    fn slot(&mut self) -> Result<Duration, Box<dyn Error>> {
        let start = Instant::now();
        (self.side)(self.begin, self.count)?;
        let elapsed = start.elapsed();
        self.begin += self.count;
        Ok(elapsed)
    }

    fn round(&mut self) -> Outcome {
        // The other side has left its own data in the processor's caches.
        (self.side)(self.begin, self.count / 8)?;
        let elapsed = self.slot()?;
        self.nanos.push(elapsed.as_secs_f64() * 1e9 / float(self.count as u64));
        Ok(())
    }
}

impl Section {
    pub(crate) fn new(title: &'static str, sides: [&'static str; 2], unit: Unit) -> Self {
        Self { title, sides, unit, pairs: Vec::new() }
    }

    pub(crate) fn add(&mut self, pair: Pair) {
        self.pairs.push(pair);
    }

    /// Measures all pairs and prints the table. Returns the figures.
    ///
    /// # Errors
    /// A call has failed, or has returned something wrong.
    pub(crate) fn measure(self, Effort { rounds, slot }: Effort) -> Result<Value, Box<dyn Error>> {
        let Self { title, sides, unit, pairs } = self;
        let (name, scale, decimals) = match unit {
            Unit::Micros => ("µs", 1e-3, 2),
            Unit::Nanos => ("ns", 1.0, 1),
        };
        let mut table = Table::new("");
        for side in sides {
            table.group(side, &[name, "quartiles"]);
        }
        table.group("", &["ratio", "quartiles"]);
        let shown = |Quartiles { lower, median, upper }: Quartiles, scale: f64, decimals: usize| {
            let [lower, median, upper] = [lower, median, upper].map(|figure| figure * scale);
            [format!("{median:.decimals$}"), format!("{lower:.decimals$}..{upper:.decimals$}")]
        };
        let mut figures = Vec::new();
        for Pair { name, mut ours, mut raw } in pairs {
            let mut both = [Timed::new(&mut ours, slot)?, Timed::new(&mut raw, slot)?];
            for round in 0..rounds {
                // Each is the first in every other round.
                both[round % 2].round()?;
                both[(round + 1) % 2].round()?;
            }
            let [ours, raw] = both.map(|timed| timed.nanos);
            let ratios: Vec<f64> = ours.iter().zip(&raw).map(|(ours, raw)| ours / raw).collect();
            let ratio = Quartiles { median: median_ratio(&ours, &raw), ..Quartiles::of(&ratios) };
            let (ours, raw) = (Quartiles::of(&ours), Quartiles::of(&raw));
            let mut cells = vec![name.clone()];
            cells.extend(shown(ours, scale, decimals));
            cells.extend(shown(raw, scale, decimals));
            cells.extend(shown(ratio, 1.0, 2));
            table.row(cells);
            let all = |Quartiles { lower, median, upper }: Quartiles| [lower, median, upper];
            figures.push(json!({
                "pair": name,
                "ns_quartiles": [all(ours), all(raw)],
                "ratio_quartiles": all(ratio),
            }));
        }
        print!("\n{title}\n{table}");
        Ok(json!({ "title": title, "sides": sides, "pairs": figures }))
    }
}
