//! The command line: the name of a sub-command, then its options.

pub(crate) use crate::options::Options;
use crate::{
    Outcome, chart, compile, freshness, hit, hit_async, instructions, invalidate, latency, memory, mixed,
    ratio, startup,
};

/// A sub-command: its name, a line of help, and what it runs.
struct Command {
    name: &'static str,
    about: &'static str,
    run: fn(Options) -> Outcome,
}

const COMMANDS: &[Command] = &[
    Command { name: "hit", about: "time and allocations of a hit, beside the peers", run: hit::run },
    Command {
        name: "mixed",
        about: "reads, writes, misses and evictions, beside the peers",
        run: mixed::run,
    },
    Command { name: "memory", about: "bytes of an entry and of an empty cache", run: memory::run },
    Command {
        name: "hit-async",
        about: "the same of asynchronous functions, beside ours that is not",
        run: hit_async::run,
    },
    Command {
        name: "instructions",
        about: "instructions of a hit, counted by callgrind",
        run: instructions::run,
    },
    Command {
        name: "invalidate",
        about: "time to invalidate, what a reader feels of it, and what tags cost a hit",
        run: invalidate::run,
    },
    Command {
        name: "freshness",
        about: "what options of freshness cost a hit, and limits of waiting a miss",
        run: freshness::run,
    },
    Command {
        name: "ratio",
        about: "hits on traces, beside the peers and Belady's optimum: ratio TRACE.. [--sizes 256,512]",
        run: ratio::run,
    },
    Command {
        name: "latency",
        about: "percentiles of single hits, in quiet and while another thread fills, clears, sweeps",
        run: latency::run,
    },
    Command { name: "startup", about: "the first calls of a thousand memoized functions", run: startup::run },
    Command { name: "compile", about: "time to build a hundred memoized functions", run: compile::run },
];

/// Another program, since this one is built with a cache-core that has no stores.
const IN_STORES: &str =
    "caches in stores: cargo run --release -p benches --no-default-features --features stores --bin stores";

/// Sub-commands that understand more words than all do, and judge them themselves.
const WITH_WORDS: [&str; 1] = ["ratio"];

/// Runs the sub-command that the words name.
pub(crate) fn run(mut words: impl Iterator<Item = String>) -> Outcome {
    let Some(name) = words.next() else {
        return Err(format!("a sub-command is missing; {}", listing()).into());
    };
    if name == instructions::CHILD {
        return instructions::run_child(words);
    }
    if name == chart::NAME {
        return chart::run(words);
    }
    let Some(command) = COMMANDS.iter().find(|command| command.name == name) else {
        return Err(format!("unknown sub-command `{name}`; {}", listing()).into());
    };
    (command.run)(Options::parse(words, WITH_WORDS.contains(&command.name))?)
}

fn listing() -> String {
    let lines = COMMANDS.iter().map(|Command { name, about, .. }| format!("  {name:<14}{about}\n"));
    format!(
        "there are:\n{}options: --json FILE, --quick\nand:\n  {:<14}{}\n{IN_STORES}",
        lines.collect::<String>(),
        chart::NAME,
        chart::ABOUT
    )
}
