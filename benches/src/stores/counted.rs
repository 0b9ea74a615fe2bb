//! Instructions of calls that find their value, each beside what it is built on, if there is a valgrind.

use std::error::Error;
use std::process::Command;

use serde_json::{Value, json};

use super::disk::{self, Folder};
use super::functions;
use super::memory;
use super::page::{KIB, SIZES};
use super::pairs::{Pair, Side};
use crate::harness::{Entrant, Role, Table, Worker};
use crate::instructions::counting::{self, Calls, Of, Subject, calls, hits};

/// How many calls a pass makes.
const CALLS: usize = 1000;

const SMALL: usize = SIZES[0].0;
const LARGE: usize = SIZES[2].0;

pub(crate) const COUNTED: &[Subject] = &[
    subject("get in memory, 100 B: cache", |passes| ours(passes, |_| memory::get(SMALL))),
    subject("get in memory, 100 B: map", |passes| raw(passes, |_| memory::get(SMALL))),
    subject("get in memory, 1 KiB: cache", |passes| ours(passes, |_| memory::get(KIB))),
    subject("get in memory, 1 KiB: map", |passes| raw(passes, |_| memory::get(KIB))),
    subject("get on disk, 100 B: cache", |passes| ours(passes, |folder| disk::get(folder, SMALL))),
    subject("get on disk, 100 B: redb", |passes| raw(passes, |folder| disk::get(folder, SMALL))),
    subject("get on disk, 1 KiB: cache", |passes| ours(passes, |folder| disk::get(folder, KIB))),
    subject("get on disk, 1 KiB: redb", |passes| raw(passes, |folder| disk::get(folder, KIB))),
    subject("get on disk, 100 KiB: cache", |passes| ours(passes, |folder| disk::get(folder, LARGE))),
    subject("get on disk, 100 KiB: redb", |passes| raw(passes, |folder| disk::get(folder, LARGE))),
    subject("100 keys on disk, 100 B: cache", |passes| ours(passes, |folder| disk::get_many(folder, SMALL))),
    subject("100 keys on disk, 100 B: redb", |passes| raw(passes, |folder| disk::get_many(folder, SMALL))),
    subject("a function, 1 KiB, in memory", |passes| ours(passes, |_| functions::in_memory_beside_cache())),
    subject("a function, 1 KiB, on disk", |passes| ours(passes, functions::on_disk_beside_cache)),
    subject("u64 kept in the process, with a store", |passes| {
        assert!(functions::configure().is_ok(), "an alias can be registered");
        hits(&Entrant::function("", Role::Ours, functions::kept), passes)
    }),
    subject("u64 kept in the process, without", |passes| {
        hits(&Entrant::function("", Role::Ours, functions::plain), passes)
    }),
];

const fn subject(name: &'static str, run: fn(usize) -> Calls) -> Subject {
    Subject { name, of: Of::Hits, run }
}

type Made = Result<Pair, Box<dyn Error>>;

/// The first side of a pair.
fn ours(passes: usize, make: fn(&Folder) -> Made) -> Calls {
    counted(passes, make, |pair| pair.ours)
}

/// The other side.
fn raw(passes: usize, make: fn(&Folder) -> Made) -> Calls {
    counted(passes, make, |pair| pair.raw)
}

fn counted(passes: usize, make: fn(&Folder) -> Made, side: fn(Pair) -> Side) -> Calls {
    let filled = Folder::new().and_then(|folder| Ok((side(make(&folder)?), folder)));
    let Ok((mut side, _folder)) = filled else { panic!("a store can be filled") };
    let mut begin = 0;
    let mut worker: Worker<()> = Box::new(move |keys| {
        assert!(side(begin, keys.len()).is_ok(), "each call finds its value");
        begin += keys.len();
        0
    });
    // What is done once is not counted.
    worker(&[(); CALLS]);
    calls(&mut worker, &[(); CALLS], passes)
}

/// Counts all of them.
pub(crate) fn count(quick: bool) -> Result<Value, Box<dyn Error>> {
    println!();
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("note: there is no valgrind, so instructions are not counted");
        return Ok(Value::Null);
    }
    println!("Instructions of a call that finds its value, by callgrind. Values are JSON.");
    let mut table = Table::new("");
    table.group("", &["instructions"]);
    let mut rows = Vec::new();
    for subject in COUNTED {
        let figure = subject.count(quick)??;
        table.row(vec![subject.name.to_owned(), format!("{figure:.1}")]);
        rows.push(json!({ "subject": subject.name, "instructions_per_call": figure }));
    }
    print!("{table}");
    Ok(rows.into())
}
