//! Functions of well-known crates are memoized where they stand: each compiles without a warning, or is
//! refused in our words.
//!
//! Their crates are copied, so that whatever a signature names is there. `CORPUS_LONG=1` takes every
//! function in every form. `CORPUS_ONLY=tokio` takes those of one crate, and `CORPUS_ONLY=tokio::read_owned` those of one
//! name, in every form: with `--nocapture` it shows what the compiler says of each.

mod forms;
mod gather;
mod judge;
mod project;
mod sources;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use forms::{FORMS, Form};
use project::{At, Message, Project};

const CRATES: [&str; 10] = [
    "aho-corasick",
    "bytes",
    "futures-util",
    "hashbrown",
    "indexmap",
    "itertools",
    "rayon",
    "regex-syntax",
    "tokio",
    "tokio-util",
];

/// How many functions of each crate are taken, unless it is all.
const OF_EACH: usize = 100;

/// Errors for one function, beside one for each argument and one for each type parameter, since each of these may be
/// wrong: about the function itself, its return, and types that parameters name, such as `I::Item`.
const MORE: usize = 3;

#[test]
fn functions_of_known_crates_compile_or_are_refused_in_our_words() {
    let only = Only::asked();
    let long = only.is_some() || std::env::var_os("CORPUS_LONG").is_some();
    let takes = |name: &&str| only.as_ref().is_none_or(|only| only.name == *name);
    let sources = sources::sources(&CRATES.into_iter().filter(takes).collect::<Vec<_>>());
    let mut project = Project::new(Path::new(env!("CARGO_TARGET_TMPDIR")).join("corpus"), &sources);
    let before = project.check();
    if let Some(error) = before.iter().find(|message| message.is_error) {
        panic!("a crate does not compile without the attribute:\n{}", error.rendered);
    }
    let known: BTreeSet<String> = before.into_iter().map(|message| message.text).collect();
    let mut sample = sample(&mut project, if long { usize::MAX } else { OF_EACH });
    if let Some(Only { function: Some(name), .. }) = &only {
        sample.retain(|at| project.function(*at).name == *name);
    }
    let (found, compile) = if only.is_some() { (1, 0) } else { (300, 150) };
    assert!(sample.len() >= found, "too few functions were found: {}", sample.len());

    let mut summary = Summary::default();
    if long {
        for form in FORMS {
            let forms = sample.iter().map(|at| (*at, form)).collect();
            let outcome = memoized(&mut project, forms, &known);
            summary.add(&project, &outcome);
            if only.is_some() {
                outcome.show();
            }
        }
    } else {
        let forms = sample.iter().copied().zip(FORMS.into_iter().cycle()).collect();
        let outcome = memoized(&mut project, forms, &known);
        summary.add(&project, &outcome);
    }
    println!("{summary}");
    assert!(summary.compile >= compile, "too few of them compile: {}", summary.compile);
    assert!(summary.wrong.is_empty(), "{} wrong:\n{}", summary.wrong.len(), summary.wrong.join("\n"));
}

/// What alone is looked at.
struct Only {
    /// A crate.
    name: String,
    /// Functions of it.
    function: Option<String>,
}

impl Only {
    fn asked() -> Option<Self> {
        let asked = std::env::var("CORPUS_ONLY").ok()?;
        let (name, function) = match asked.split_once("::") {
            Some((name, function)) => (name.to_owned(), Some(function.to_owned())),
            None => (asked, None),
        };
        assert!(CRATES.contains(&&*name), "`CORPUS_ONLY` is one of {CRATES:?}, or `tokio::read_owned`");
        Some(Self { name, function })
    }
}

/// Functions, evenly chosen, of which those are left that are compiled: what `cfg` leaves out says nothing
/// about an option that there is not.
fn sample(project: &mut Project, of_each: usize) -> Vec<At> {
    let mut by_crate: BTreeMap<&str, Vec<At>> = BTreeMap::new();
    for at in project.all() {
        by_crate.entry(project.name(at)).or_default().push(at);
    }
    let mut chosen = Vec::new();
    for (name, functions) in by_crate {
        println!("{name}: {} functions", functions.len());
        let step = functions.len().div_ceil(of_each).max(1);
        chosen.extend(functions.into_iter().step_by(step).filter(|at| !project.has_taken_name(*at)));
    }
    for at in &chosen {
        project.set(*at, Some("no_such_option".to_owned()));
    }
    let about = project.check().into_iter().filter(|message| message.text.contains("no_such_option"));
    let compiled: BTreeSet<At> = about.filter_map(|message| message.about.first().copied()).collect();
    for at in &chosen {
        project.set(*at, None);
    }
    println!("{} chosen, {} of them compiled", chosen.len(), compiled.len());
    compiled.into_iter().collect()
}

/// What became of functions with the attribute.
struct Outcome {
    memoized: usize,
    errors: BTreeMap<At, Vec<Message>>,
    /// About no function, or warnings that were not there before.
    others: Vec<Message>,
}

impl Outcome {
    fn show(&self) {
        for (function, errors) in self.errors.values().enumerate() {
            for error in errors {
                println!("{function}: {}", error.rendered);
            }
        }
    }
}

/// Puts the attribute on functions, and takes it off again where it is refused, until all compiles: the
/// compiler looks no further when it has found errors of one kind.
fn memoized(project: &mut Project, functions: Vec<(At, Form)>, known: &BTreeSet<String>) -> Outcome {
    let mut outcome = Outcome { memoized: functions.len(), errors: BTreeMap::new(), others: Vec::new() };
    for (at, form) in &functions {
        project.set(*at, Some(form(project.function(*at))));
    }
    loop {
        let (errors, warnings): (Vec<_>, Vec<_>) =
            project.check().into_iter().partition(|message| message.is_error);
        let is_right = errors.is_empty();
        let mut stray = Vec::new();
        for error in errors {
            if let Some(at) = error.about.first().copied() {
                project.set(at, None);
                let errors = outcome.errors.entry(at).or_default();
                // Cargo says it once as well.
                if errors.iter().all(|known| known.rendered != error.rendered) {
                    errors.push(error);
                }
            } else {
                stray.push(error);
            }
        }
        if is_right {
            outcome.others.extend(warnings.into_iter().filter(|warning| !known.contains(&warning.text)));
        }
        if is_right || !stray.is_empty() {
            outcome.others.extend(stray);
            break;
        }
    }
    for (at, _) in functions {
        project.set(at, None);
    }
    outcome
}

/// What is to be told at the end.
#[derive(Default)]
struct Summary {
    memoized: usize,
    compile: usize,
    refused: BTreeMap<&'static str, usize>,
    wrong: Vec<String>,
}

impl Summary {
    fn add(&mut self, project: &Project, outcome: &Outcome) {
        self.memoized += outcome.memoized;
        self.compile += outcome.memoized - outcome.errors.len();
        for (at, errors) in &outcome.errors {
            for error in errors {
                match judge::words(error) {
                    Some(words) => *self.refused.entry(words).or_default() += 1,
                    None => self.wrong.push(format!("not in our words: {}", error.rendered)),
                }
            }
            let function = project.function(*at);
            if errors.len() > function.args.len() + function.params + MORE {
                let name = &function.name;
                self.wrong.push(format!("{} errors for {name}: {}", errors.len(), errors[0].rendered));
            }
        }
        self.wrong.extend(outcome.others.iter().map(|message| message.rendered.clone()));
    }
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{} functions memoized, {} compile", self.memoized, self.compile)?;
        for (words, count) in &self.refused {
            writeln!(f, "{count:6} errors: {words}")?;
        }
        Ok(())
    }
}
