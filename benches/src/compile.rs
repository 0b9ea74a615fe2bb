//! `compile`: how long a hundred memoized functions take to build, beside `cached` and beside the same
//! functions without a cache, and how much the compiler makes of them.
//!
//! For each subject a crate is written into the target folder. Its dependencies are built first; then
//! the crate alone is built again and again, in interleaved rounds, each time with another comment.
//! Incremental builds find the body of one function changed as well.

mod lines;
mod subject;

use std::time::Duration;

use serde_json::{Value, json};

use self::lines::Lines;
use self::subject::{FUNCTIONS, Subject};
use crate::Outcome;
use crate::cli::Options;
use crate::harness::{Quartiles, Table, median_ratio};
use crate::report::shown;
use crate::scratch::{Action, Scratch};

/// What was measured of one subject.
struct Measured {
    subject: Subject,
    /// For each of `Action::ALL`, the seconds of every round.
    seconds: [Vec<f64>; Action::ALL.len()],
    lines: Lines,
}

pub(crate) fn run(options: Options) -> Outcome {
    let rounds = if options.quick { 2 } else { 7 };
    println!("Building {FUNCTIONS} memoized functions: a crate of its own for each row.");
    println!(
        "{rounds} interleaved rounds; dependencies are built before. They are the same functions in each crate, and \
         each is called once. Without --release it is the dev profile. Before each incremental build the body of \
         one function was changed, another one in each round; the other builds start anew."
    );
    println!(
        "s: median over the rounds. ours/: ours over it (medians of the rounds' ratios). added: the \
         same without what the functions alone take."
    );

    let mut crates = Vec::new();
    for subject in Subject::ALL {
        let scratch = Scratch::new(subject.package(), &subject.dependency())?;
        for action in Action::ALL {
            scratch.run(action, &subject.source(0), "dependencies")?;
        }
        crates.push((scratch, subject));
    }
    let mut seconds: Vec<[Vec<f64>; Action::ALL.len()]> =
        crates.iter().map(|_| std::array::from_fn(|_| Vec::new())).collect();
    for round in 0..rounds {
        for (action, which) in Action::ALL.into_iter().zip(0..) {
            for place in 0..crates.len() {
                // Each round begins with another one, so that none always follows the same.
                let place = (place + round) % crates.len();
                let (scratch, subject) = &crates[place];
                let edits = if action == Action::Incremental { round + 1 } else { 0 };
                let took: Duration =
                    scratch.run(action, &subject.source(edits), &format!("round {round}"))?;
                seconds[place][which].push(took.as_secs_f64());
            }
        }
    }
    let mut measured = Vec::new();
    for ((scratch, subject), seconds) in crates.into_iter().zip(seconds) {
        measured.push(Measured { subject, seconds, lines: Lines::of(&scratch, subject)? });
    }

    print(&measured);
    options.write_json(&json!({
        "measurement": "compile",
        "functions": FUNCTIONS,
        "rounds": rounds,
        "subjects": measured.iter().map(|this| figures(this, &measured)).collect::<Vec<_>>(),
    }))
}

/// How one subject compares in one action.
struct Standing {
    seconds: Quartiles,
    ours_to_this: f64,
    /// The same without what the functions alone take.
    added_ours_to_this: f64,
}

fn standing(this: &Measured, all: &[Measured], which: usize) -> Standing {
    let of = |subject| {
        let found = all.iter().find(|measured| measured.subject == subject);
        found.map_or(&[][..], |measured| &measured.seconds[which])
    };
    let (bare, ours, these) = (of(Subject::None), of(Subject::Ours), &this.seconds[which]);
    let added = |seconds: &[f64]| -> Vec<f64> {
        seconds.iter().zip(bare).map(|(seconds, bare)| seconds - bare).collect()
    };
    let added_ours_to_this = match this.subject {
        Subject::None => f64::NAN,
        _ => median_ratio(&added(ours), &added(these)),
    };
    Standing { seconds: Quartiles::of(these), ours_to_this: median_ratio(ours, these), added_ours_to_this }
}

fn print(measured: &[Measured]) {
    for (action, which) in Action::ALL.into_iter().zip(0..) {
        let mut table = Table::new(action.name());
        table.group("", &["s", "quartiles", "ours/", "added ours/"]);
        for this in measured {
            let Standing { seconds: Quartiles { lower, median, upper }, ours_to_this, added_ours_to_this } =
                standing(this, measured, which);
            table.row(vec![
                this.subject.name().to_owned(),
                shown(median, 2),
                format!("{lower:.2}..{upper:.2}"),
                shown(ours_to_this, 2),
                shown(added_ours_to_this, 2),
            ]);
        }
        print!("\n{table}");
    }
    lines::print(measured.iter().map(|this| (this.subject, &this.lines)));
}

fn figures(this: &Measured, all: &[Measured]) -> Value {
    let actions = Action::ALL.into_iter().zip(0..).map(|(action, which)| {
        let Standing { seconds, ours_to_this, added_ours_to_this } = standing(this, all, which);
        json!({
            "action": action.name(),
            "seconds": seconds.median,
            "seconds_quartiles": [seconds.lower, seconds.upper],
            "ratio_of_ours_to_this": ours_to_this,
            "ratio_of_ours_to_this_added": added_ours_to_this,
        })
    });
    json!({
        "subject": this.subject.name(),
        "actions": actions.collect::<Vec<_>>(),
        "lines": this.lines.figures(),
    })
}
