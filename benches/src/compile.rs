//! `compile`: how long a hundred memoized functions take to build, beside `cached` and beside the same
//! functions without a cache.
//!
//! For each subject a crate is written into the target folder. Its dependencies are built first; then
//! the crate alone is built again and again, in interleaved rounds, each time with another comment.

mod subject;

use std::time::Duration;

use serde_json::json;

use crate::Outcome;
use crate::cli::Options;
use crate::harness::{Quartiles, Table, median_ratio};
use crate::scratch::{Action, Scratch};
use subject::{FUNCTIONS, Subject};

/// What was measured of one subject.
struct Measured {
    subject: Subject,
    /// For each of `Action::ALL`, the seconds of every round.
    seconds: [Vec<f64>; Action::ALL.len()],
    /// Lines of the crate after expansion, if the compiler would tell.
    expanded: Option<usize>,
}

pub(crate) fn run(options: Options) -> Outcome {
    let rounds = if options.quick { 2 } else { 7 };
    println!("Building {FUNCTIONS} memoized functions: a crate of its own for each row.");
    println!(
        "{rounds} interleaved rounds; the dev profile, not incremental; dependencies are built before. \
         They are the same functions in each crate, and each is called once."
    );
    println!(
        "s: median over the rounds. ours/: ours over it (medians of the rounds' ratios). added: the \
         same without what the functions alone take."
    );

    let mut crates = Vec::new();
    for subject in Subject::ALL {
        let scratch = Scratch::new(subject.package(), &subject.dependency())?;
        let source = subject.source();
        for action in Action::ALL {
            scratch.run(action, &source, "dependencies")?;
        }
        crates.push((scratch, source));
    }
    let mut measured: Vec<Measured> = Subject::ALL
        .map(|subject| Measured { subject, seconds: std::array::from_fn(|_| Vec::new()), expanded: None })
        .into();
    for round in 0..rounds {
        for (action, which) in Action::ALL.into_iter().zip(0..) {
            for place in 0..crates.len() {
                // Each round begins with another one, so that none always follows the same.
                let place = (place + round) % crates.len();
                let (scratch, source) = &crates[place];
                let took: Duration = scratch.run(action, source, &format!("round {round}"))?;
                measured[place].seconds[which].push(took.as_secs_f64());
            }
        }
    }
    for ((scratch, _), measured) in crates.iter().zip(&mut measured) {
        measured.expanded = scratch.expanded_lines();
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
    let mut table = Table::new("");
    for action in Action::ALL {
        table.group(action.name(), &["s", "quartiles", "ours/", "added ours/"]);
    }
    table.group("expanded", &["lines"]);
    for this in measured {
        let mut cells = vec![this.subject.name().to_owned()];
        for which in 0..Action::ALL.len() {
            let Standing { seconds: Quartiles { lower, median, upper }, ours_to_this, added_ours_to_this } =
                standing(this, measured, which);
            let added =
                if added_ours_to_this.is_nan() { "-".to_owned() } else { format!("{added_ours_to_this:.2}") };
            cells.extend([
                format!("{median:.2}"),
                format!("{lower:.2}..{upper:.2}"),
                format!("{ours_to_this:.2}"),
                added,
            ]);
        }
        cells.push(this.expanded.map_or_else(|| "-".to_owned(), |lines| lines.to_string()));
        table.row(cells);
    }
    print!("\n{table}");
}

fn figures(this: &Measured, all: &[Measured]) -> serde_json::Value {
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
        "expanded_lines": this.expanded,
    })
}
