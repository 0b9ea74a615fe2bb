//! The guide reads well where its files lie, and in the documentation of the crate: its links hold in both.

#![allow(
    clippy::elidable_lifetime_names,
    clippy::items_after_statements,
    clippy::many_single_char_names,
    clippy::needless_lifetimes,
    clippy::similar_names,
    clippy::trivially_copy_pass_by_ref,
    reason = "functions as people write them"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The definitions of links in a file, `[name]: target`.
fn definitions(file: &Path) -> BTreeMap<String, String> {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let definition = |line: &str| {
        let (name, target) = line.strip_prefix('[')?.split_once("]: ")?;
        Some((name.to_owned(), target.to_owned()))
    };
    text.lines().filter_map(definition).collect()
}

/// The pages of the guide, and the README.
fn pages() -> Vec<PathBuf> {
    let files = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let mut pages: Vec<_> = files.filter(|path| path.extension().is_some_and(|is| is == "md")).collect();
    pages.push(root().join("README.md"));
    pages
}

#[test]
fn links_lead_to_files_that_are_there() {
    for page in pages() {
        for (name, target) in definitions(&page) {
            let there = page.with_file_name("").join(&target);
            assert!(there.is_file(), "`[{name}]` of {} leads to {target}", page.display());
        }
    }
}

#[test]
fn links_lead_to_the_same_pages_in_the_documentation_of_the_crate() {
    let links = definitions(&root().join("cache-core/src/guide/links.md"));
    for page in pages() {
        for (name, target) in definitions(&page) {
            let Some(link) = links.get(&name) else {
                panic!("`[{name}]` of {} is not in links.md", page.display());
            };
            let file = Path::new(&target).file_stem().unwrap().to_str().unwrap();
            let expected = match &*target {
                "../README.md" => "crate".to_owned(),
                "README.md" | "docs/README.md" => "crate::guide".to_owned(),
                // A picture: the documentation of the crate has it beside the text.
                _ if Path::new(&target).extension().is_some_and(|is| is == "svg") => continue,
                _ => format!("crate::guide::{file}"),
            };
            assert_eq!(link, &expected, "`[{name}]` of {}", page.display());
        }
    }
}

#[test]
fn links_are_defined_where_they_are_used() {
    let links = definitions(&root().join("cache-core/src/guide/links.md"));
    for page in pages() {
        let (text, defined) = (fs::read_to_string(&page).unwrap(), definitions(&page));
        for name in links.keys() {
            let used = text.contains(&format!("[{name}]"));
            assert!(!used || defined.contains_key(name), "{} does not define `[{name}]`", page.display());
        }
    }
}

#[test]
fn the_guide_lists_all_its_pages() {
    let listed = definitions(&root().join("docs/README.md"));
    for page in pages() {
        let name = page.file_name().unwrap().to_str().unwrap();
        assert!(name == "README.md" || listed.values().any(|target| target == name), "{name} is not listed");
    }
}
