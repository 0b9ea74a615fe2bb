//! `chart`: a drawing of what other sub-commands have measured and written with `--json`.

mod svg;

use std::fs;

use serde_json::Value;

use self::svg::{Panel, Row, Scale};
use crate::Outcome;

pub(crate) const NAME: &str = "chart";
pub(crate) const ABOUT: &str =
    "draws what `hit`, `mixed`, `memory`, `ratio` and `compile` have written: chart FILES.. [--svg FILE]";

/// Where it is written, if nothing else is said.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/performance.svg");
const LOCK: &str = include_str!("../../Cargo.lock");
/// What can be drawn.
const DRAWN: &str = "`hit`, `mixed`, `memory`, `ratio` and `compile`";
/// The crates whose versions are told.
const PEERS: [&str; 8] =
    ["cached", "cachelito", "foyer-memory", "lru", "memoize", "moka", "quick_cache", "scc"];

pub(crate) fn run(words: impl Iterator<Item = String>) -> Outcome {
    let Words { files, to } = Words::parse(words)?;
    let mut drawing = Drawing::default();
    for path in &files {
        let text = fs::read_to_string(path).map_err(|error| format!("`{path}` cannot be read: {error}"))?;
        let figures: Value =
            serde_json::from_str(&text).map_err(|error| format!("`{path}` is no JSON: {error}"))?;
        drawing.add(&figures).map_err(|wrong| format!("`{path}` {wrong}"))?;
    }
    fs::write(&to, drawing.draw()).map_err(|error| format!("`{to}` cannot be written: {error}"))?;
    println!("{to} is written");
    Ok(())
}

/// What the command line says.
struct Words {
    files: Vec<String>,
    to: String,
}

impl Words {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let (mut files, mut to) = (Vec::new(), FILE.to_owned());
        while let Some(word) = words.next() {
            match word.as_str() {
                "--svg" => to = words.next().ok_or("`--svg` wants a file name after it")?,
                option if option.starts_with("--") => {
                    return Err(format!("unknown option `{option}`; `chart` has `--svg FILE`"));
                }
                _ => files.push(word),
            }
        }
        if files.is_empty() {
            return Err(format!("`chart` wants files that {DRAWN} have written with `--json`"));
        }
        Ok(Self { files, to })
    }
}

/// What is drawn: what calls cost on the left, the rest on the right.
#[derive(Default)]
struct Drawing {
    calls: Vec<Panel>,
    rest: Vec<Panel>,
    notes: Vec<String>,
}

impl Drawing {
    fn add(&mut self, figures: &Value) -> Result<(), String> {
        match figures["measurement"].as_str() {
            Some("hit") => {
                let (panel, note) = hit(figures).ok_or("has not what `hit` writes")?;
                self.calls.push(panel);
                self.notes.push(note);
            }
            Some("mixed") => {
                let (panel, note) = misses(figures).ok_or("has not what `mixed` writes")?;
                self.calls.push(panel);
                self.notes.push(note);
            }
            Some("compile") => {
                let (panel, note) = build(figures).ok_or("has not what `compile` writes")?;
                self.rest.push(panel);
                self.notes.push(note);
            }
            Some("memory") => self.rest.push(memory(figures).ok_or("has not what `memory` writes")?),
            Some("ratio") => {
                let (panel, note) = ratio(figures).ok_or("has not what `ratio` writes")?;
                self.rest.push(panel);
                self.notes.push(note);
            }
            _ => return Err(format!("is of none that can be drawn: {DRAWN}")),
        }
        Ok(())
    }

    fn draw(mut self) -> String {
        self.notes.push("All in one run on one machine: believe the ratios, not the nanoseconds.".to_owned());
        self.notes.push(format!("{}.", versions(LOCK).join(", ")));
        svg::draw(&[self.calls, self.rest], &self.notes)
    }
}

fn is_ours(name: &str) -> bool {
    name.starts_with("ours")
}

/// What is known of an entrant; nothing is drawn of one whose figures are void.
fn row(name: &str, bars: Option<Vec<f64>>) -> Option<Row> {
    Some(Row { name: name.to_owned(), bars: bars?, is_ours: is_ours(name) })
}

fn most(rows: &[Row]) -> f64 {
    rows.iter().flat_map(|row| &row.bars).copied().fold(1.0, f64::max)
}

fn by_first_bar(mut rows: Vec<Row>) -> Vec<Row> {
    rows.sort_by(|one, other| one.bars[0].total_cmp(&other.bars[0]));
    rows
}

/// The times of some entrants; `None` if the figures are not of that form.
fn times(title: &str, entrants: &Value) -> Option<Panel> {
    let rows = entrants.as_array()?.iter().filter_map(|entrant| {
        let timings = entrant["timings"].as_array()?;
        row(entrant["entrant"].as_str()?, timings.iter().map(|timing| timing["ns"].as_f64()).collect())
    });
    let rows = by_first_bar(rows.collect());
    Some(Panel {
        title: format!("{title}, ns on each thread (log scale; less is better)"),
        scale: Scale::Log(most(&rows)),
        series: &["1 thread", "2 threads"],
        rows,
    })
}

fn hit(figures: &Value) -> Option<(Panel, String)> {
    let note = format!(
        "Hits: u64 to u64, Zipf {} over {} keys that are all there; medians of {} interleaved rounds.",
        figures["zipf"], figures["resident_keys"], figures["rounds"]
    );
    Some((times("A hit", &figures["keys"]["u64"])?, note))
}

fn misses(figures: &Value) -> Option<(Panel, String)> {
    let note = format!(
        "Every call misses, evicts, and computes next to nothing; capacity {}; medians of {} rounds.",
        figures["small_capacity"], figures["rounds"]
    );
    Some((times("A miss", &figures["keys"]["churn"])?, note))
}

/// Without what the functions take that are not memoized.
fn build(figures: &Value) -> Option<(Panel, String)> {
    let subjects = figures["subjects"].as_array()?;
    let seconds = |subject: &Value, action: &str| {
        let actions = subject["actions"].as_array()?;
        actions.iter().find(|this| this["action"] == action)?["seconds"].as_f64()
    };
    let (alone, memoized) = subjects.split_first()?;
    let rows = memoized.iter().filter_map(|subject| {
        let added = |action| Some((seconds(subject, action)? - seconds(alone, action)?).max(0.0));
        row(
            subject["subject"].as_str()?,
            ["cargo build", "cargo build --release"].map(added).into_iter().collect(),
        )
    });
    let rows = by_first_bar(rows.collect());
    let functions = &figures["functions"];
    let note =
        format!("Build: what {functions} memoized functions add to the same functions, dependencies aside.");
    let panel = Panel {
        title: format!("Build of {functions} functions, seconds (less is better)"),
        scale: Scale::Linear(most(&rows)),
        series: &["debug", "release"],
        rows,
    };
    Some((panel, note))
}

/// Of the largest caches there are figures for.
fn memory(figures: &Value) -> Option<Panel> {
    let largest = figures["filled"].as_array()?.iter().max_by_key(|group| group["entries"].as_u64())?;
    let rows = largest["subjects"].as_array()?.iter().filter_map(|entrant| {
        let bytes = entrant["full"]["bytes_per_entry"].as_f64();
        row(entrant["subject"].as_str()?, bytes.map(|bytes| vec![bytes]))
    });
    let rows = by_first_bar(rows.collect());
    Some(Panel {
        title: format!("Memory, bytes per entry of {} (less is better)", largest["entries"]),
        scale: Scale::Linear(most(&rows)),
        series: &[],
        rows,
    })
}

fn ratio(figures: &Value) -> Option<(Panel, String)> {
    let rows = figures["means"].as_array()?.iter().filter_map(|entrant| {
        row(entrant["subject"].as_str()?, entrant["percent_of_optimum"].as_f64().map(|percent| vec![percent]))
    });
    let mut rows = by_first_bar(rows.collect());
    rows.reverse();
    let sets = figures["sets"].as_array()?;
    let runs = |set: &Value| set["runs"].as_array().map_or(0, Vec::len);
    let note = format!(
        "Hit ratio: mean over {} traces and sizes of caches, each from empty; who knows the future has 100 %.",
        sets.iter().map(runs).sum::<usize>()
    );
    let panel = Panel {
        title: "Hit ratio, percent of Belady's optimum (more is better)".to_owned(),
        scale: Scale::Linear(100.0),
        series: &[],
        rows,
    };
    Some((panel, note))
}

/// `moka 0.12.16`, as the lock file has it; the last where there are several.
fn versions(lock: &str) -> Vec<String> {
    let packages = || {
        lock.split("[[package]]").filter_map(|package| {
            let field = |name: &str| {
                package
                    .lines()
                    .find_map(|line| line.strip_prefix(name)?.strip_prefix(" = \"")?.strip_suffix('"'))
            };
            Some((field("name")?, field("version")?))
        })
    };
    let newest = |peer: &str| packages().filter(|(name, _)| *name == peer).last();
    PEERS.iter().filter_map(|peer| newest(peer)).map(|(name, version)| format!("{name} {version}")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Drawing, LOCK, PEERS, versions};

    #[test]
    fn all_peers_have_a_version() {
        assert_eq!(versions(LOCK).len(), PEERS.len());
    }

    #[test]
    fn what_is_void_is_not_drawn() {
        let timings = |ns| json!([{ "ns": ns }, { "ns": ns }]);
        let figures = json!({ "measurement": "hit", "keys": { "u64": [
            { "entrant": "ours", "timings": timings(Some(5)) },
            { "entrant": "void", "timings": timings(None) },
        ] } });
        let mut drawing = Drawing::default();
        drawing.add(&figures).unwrap();
        let svg = drawing.draw();
        assert!(svg.contains(">ours<") && !svg.contains(">void<"));
    }

    #[test]
    fn other_files_are_refused() {
        let mut drawing = Drawing::default();
        assert!(drawing.add(&json!({ "measurement": "startup" })).is_err());
        assert!(drawing.add(&json!({ "measurement": "memory" })).is_err());
    }
}
