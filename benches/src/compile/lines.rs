//! How much the compiler makes of the functions: lines after expansion, and lines of LLVM's language.

use serde_json::{Value, json};

use super::subject::{ASYNC, Kind, PLAIN, Subject};
use crate::harness::Table;
use crate::scratch::Scratch;

/// So many functions after the first are averaged.
const FURTHER: usize = 10;

/// Lines of one subject.
pub(super) struct Lines {
    /// Lines of the hundred functions after expansion, if the compiler would tell.
    expanded: Option<usize>,
    /// Lines of LLVM's language, of the hundred functions.
    llvm: usize,
    plain: OfKind,
    asynchronous: OfKind,
}

/// Lines of LLVM's language that functions of one kind add to a crate that has none.
struct OfKind {
    /// Of the first function of its types.
    first: usize,
    /// Of each other function of the same types.
    further: usize,
}

impl Lines {
    pub(super) fn of(scratch: &Scratch, subject: Subject) -> Result<Self, String> {
        Ok(Self {
            expanded: scratch.expanded_lines(),
            llvm: scratch.llvm_lines(&subject.source(0))?,
            plain: OfKind::of(scratch, subject, &PLAIN)?,
            asynchronous: OfKind::of(scratch, subject, &ASYNC)?,
        })
    }

    pub(super) fn figures(&self) -> Value {
        json!({
            "expanded": self.expanded,
            "llvm": self.llvm,
            "llvm_of_u64_to_u64": self.plain.figures(),
            "llvm_of_async_u64_to_string": self.asynchronous.figures(),
        })
    }
}

impl OfKind {
    fn of(scratch: &Scratch, subject: Subject, kind: &Kind) -> Result<Self, String> {
        let lines = |functions| scratch.llvm_lines(&subject.source_of_one_kind(kind, functions));
        let (none, one, more) = (lines(0)?, lines(1)?, lines(1 + FURTHER)?);
        Ok(Self { first: one.saturating_sub(none), further: more.saturating_sub(one) / FURTHER })
    }

    fn figures(&self) -> Value {
        json!({ "first_function": self.first, "further_function": self.further })
    }
}

pub(super) fn print<'a>(subjects: impl Iterator<Item = (Subject, &'a Lines)>) {
    println!(
        "\nLines after expansion, and of LLVM's language before anything is optimized. first: what the first \
         function of its types adds to a crate; further: what each other one does."
    );
    let mut table = Table::new("");
    table.group("all functions", &["expanded", "LLVM"]);
    table.group("u64 to u64, LLVM", &["first", "further"]);
    table.group("async u64 to String, LLVM", &["first", "further"]);
    for (subject, Lines { expanded, llvm, plain, asynchronous }) in subjects {
        let expanded = expanded.map_or_else(|| "-".to_owned(), |lines| lines.to_string());
        let counts = [*llvm, plain.first, plain.further, asynchronous.first, asynchronous.further];
        let cells = counts.map(|count| count.to_string());
        table.row([subject.name().to_owned(), expanded].into_iter().chain(cells).collect());
    }
    print!("{table}");
}
