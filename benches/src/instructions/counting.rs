//! Counting by callgrind: the program runs itself under valgrind, once for each subject, and what is
//! counted is what happens within one function, on the thread that calls it.

use std::io;
use std::process::Command;

use crate::Outcome;
use crate::harness::{Entrant, Worker, float};
use crate::workload::{Key, SEQUENCE, Workload, computed};

/// The sub-command that runs under valgrind. Not listed: of no use by itself.
pub(crate) const CHILD: &str = "instructions-child";

/// What is counted.
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    pub(crate) of: Of,
    /// Makes so many times `SEQUENCE` calls, through [`counted`].
    pub(crate) run: fn(usize) -> Calls,
}

/// What calls are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    Hits,
    Misses,
    /// Some of them hits.
    Both,
}

/// What a run tells of its calls.
pub(crate) struct Calls {
    pub(crate) all: u64,
    pub(crate) misses: u64,
}

/// Hits of an entrant that holds all keys.
pub(crate) fn hits<K: Key>(entrant: &Entrant<K>, passes: usize) -> Calls {
    let workload = Workload::new(1);
    let mut worker = entrant.warm_worker(&workload, 0);
    calls(&mut worker, &workload.sequence(0).keys, passes)
}

/// Calls with these keys, so many times over.
pub(crate) fn calls<K>(worker: &mut Worker<K>, keys: &[K], passes: usize) -> Calls {
    let before = computed();
    for _ in 0..passes {
        counted(worker, keys);
    }
    Calls { all: (passes * keys.len()) as u64, misses: computed() - before }
}

/// What callgrind finds by its name. It counts nothing else: no start, no filling, no other thread.
#[inline(never)]
fn counted<K>(worker: &mut Worker<K>, keys: &[K]) {
    std::hint::black_box(worker(keys));
}

impl Subject {
    /// Instructions per call; or why there is no such figure.
    ///
    /// # Errors
    /// The count could not be made.
    pub(crate) fn count(&self, quick: bool) -> Result<Result<f64, String>, Box<dyn std::error::Error>> {
        // A miss takes much longer.
        let passes = if quick || self.of != Of::Hits { 1 } else { 4 };
        let (instructions, Calls { all, misses }) = self.collect(passes)?;
        let wrong = match self.of {
            Of::Hits => misses > 0,
            Of::Misses => misses < all,
            Of::Both => false,
        };
        if wrong {
            return Ok(Err(format!("`{}` missed {misses} times in {all} calls", self.name)));
        }
        Ok(Ok(float(instructions) / float(all)))
    }

    fn collect(&self, passes: usize) -> Result<(u64, Calls), Box<dyn std::error::Error>> {
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(concat!("--toggle-collect=", module_path!(), "::counted*"))
            .arg(std::env::current_exe()?)
            .args([CHILD, self.name, &passes.to_string()])
            .output()
            .map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => {
                    "`valgrind` was not found; `instructions` counts with its callgrind tool, \
                     so install it first"
                        .to_owned()
                }
                _ => format!("`valgrind` did not start: {error}"),
            })?;
        let messages = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            return Err(format!("`valgrind` failed on `{}`:\n{messages}", self.name).into());
        }
        let instructions = total(&messages)
            .filter(|&total| total > 0)
            .ok_or_else(|| format!("callgrind counted nothing:\n{messages}"))?;
        let told = String::from_utf8_lossy(&output.stdout);
        let (all, misses) = told.trim().split_once(' ').ok_or("the counted program told no calls")?;
        Ok((instructions, Calls { all: all.parse()?, misses: misses.parse()? }))
    }
}

/// Finds the line `==pid== Collected : 123`.
fn total(messages: &str) -> Option<u64> {
    messages.lines().find_map(|line| {
        let (_, count) = line.split_once("Collected :")?;
        count.trim().parse().ok()
    })
}

/// The hidden sub-command: a subject's name and a number of passes.
pub(crate) fn run_child<'a>(
    mut subjects: impl Iterator<Item = &'a Subject>,
    mut words: impl Iterator<Item = String>,
) -> Outcome {
    let name = words.next().unwrap_or_default();
    let passes = words.next().unwrap_or_default().parse()?;
    let Some(subject) = subjects.find(|subject| subject.name == name) else {
        return Err(format!("there is nothing named `{name}` to count").into());
    };
    let Calls { all, misses } = (subject.run)(passes);
    println!("{all} {misses}");
    Ok(())
}

/// How it is counted, for the head of a table.
pub(crate) fn describe(quick: bool) {
    let calls = if quick { SEQUENCE } else { 4 * SEQUENCE };
    println!("Instructions per call, by callgrind, over {calls} hits or {SEQUENCE} calls that miss.");
}
