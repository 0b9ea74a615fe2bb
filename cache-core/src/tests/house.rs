//! How the modules of this crate stand on each other: each uses only those below it. `docs/design.md` says what each
//! is for.

use std::fs;
use std::path::{Path, PathBuf};

/// From the ground up.
const MODULES: [&str; 29] = [
    "sync",
    "time",
    "one_shot",
    "mode",
    "event",
    "erased",
    "key",
    "argument",
    "value",
    "tags",
    "policy",
    "spec",
    "table",
    "background",
    "done",
    "flight",
    "metadata",
    "memo",
    "engine",
    "handles",
    "call",
    "entry",
    "computing",
    "invalidation",
    "feed",
    "pending",
    "writes",
    "store",
    "testing",
];
/// What looks at all of it: the crate's own root, what expansions name, and what is no part of the library.
const OUTSIDE: [&str; 5] = ["lib", "private", "guide", "model", "tests"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The code of a file without comments, and without the tests at its end.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("\nmod tests {").next().unwrap_or_default();
    let text = text.split("\nmod model {").next().unwrap_or_default();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The names that follow `crate::` in a file; one is empty where several are named together.
fn used(code: &str) -> Vec<&str> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let after =
        code.split("crate::").skip(1).map(|rest| rest.split(|c| !is_name(c)).next().unwrap_or_default());
    after.collect()
}

#[test]
fn each_module_uses_only_those_below_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let place = |module: &str| MODULES.iter().position(|known| *known == module);
    let mut wrong = Vec::new();
    let mut seen = vec![false; MODULES.len()];
    for file in files {
        let path = file.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
        let parts: Vec<&str> = path.trim_end_matches(".rs").split('/').collect();
        if OUTSIDE.contains(&parts[0]) || parts.contains(&"tests") {
            continue;
        }
        let Some(own) = place(parts[0]) else {
            wrong.push(format!("{path} is in no module that is listed here"));
            continue;
        };
        seen[own] = true;
        for name in used(&code(&file)) {
            if place(name).is_none_or(|used| used > own) {
                wrong.push(format!("{path} uses crate::{name}"));
            }
        }
    }
    wrong
        .extend((0..MODULES.len()).filter(|at| !seen[*at]).map(|at| format!("{} is not there", MODULES[at])));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
