//! Copies of crates, in a workspace of their own, with attributes put on some of their functions.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::gather::{Function, functions};
use crate::sources::Source;

/// The copies.
pub(crate) struct Project {
    folder: PathBuf,
    files: Vec<File>,
}

/// A source file.
struct File {
    /// Of which crate.
    name: String,
    /// From the project's folder.
    path: PathBuf,
    text: String,
    functions: Vec<Function>,
    /// The options of `#[memoize]` on each function, where it has any.
    options: Vec<Option<String>>,
    /// Where functions, and their attributes, are in what was written.
    ranges: Vec<Range<usize>>,
    /// The same of the attribute of the block that each is in.
    heads: Vec<Range<usize>>,
}

/// A function, by its file and its place there.
pub(crate) type At = (usize, usize);

/// What the compiler has said.
pub(crate) struct Message {
    pub(crate) is_error: bool,
    pub(crate) text: String,
    /// As it is shown to people.
    pub(crate) rendered: String,
    /// The functions with our attribute that it is about, the most likely first.
    pub(crate) about: Vec<At>,
}

impl Project {
    /// Copies the sources.
    pub(crate) fn new(folder: PathBuf, sources: &[Source]) -> Self {
        let mut files = Vec::new();
        for source in sources {
            let own = folder.join(&source.name);
            let _ = fs::remove_dir_all(&own);
            copy(&folder, &source.folder.join("src"), &own.join("src"), &source.name, &mut files);
            fs::write(own.join("Cargo.toml"), manifest(source)).expect("the copy can be written");
        }
        let members: Vec<&str> = sources.iter().map(|source| &*source.name).collect();
        let root = format!("[workspace]\nresolver = \"3\"\nmembers = {members:?}\n");
        fs::write(folder.join("Cargo.toml"), root).expect("the copy can be written");
        let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
        fs::copy(lock, folder.join("Cargo.lock")).expect("the lock file can be copied");
        Self { folder, files }
    }

    /// Every function.
    pub(crate) fn all(&self) -> Vec<At> {
        let each = |(at, file): (usize, &File)| (0..file.functions.len()).map(move |index| (at, index));
        self.files.iter().enumerate().flat_map(each).collect()
    }

    pub(crate) fn function(&self, (file, index): At) -> &Function {
        &self.files[file].functions[index]
    }

    /// The crate that a function is of.
    pub(crate) fn name(&self, (file, _): At) -> &str {
        &self.files[file].name
    }

    /// Gives a function the attribute, or takes it off.
    pub(crate) fn set(&mut self, (file, index): At, options: Option<String>) {
        self.files[file].options[index] = options;
    }

    /// Whether something else is called as one of its companions is: that is for `companion = ..`, and
    /// the compiler's to report.
    pub(crate) fn has_taken_name(&self, at: At) -> bool {
        let name = &self.function(at).name;
        let of_crate = || self.files.iter().filter(|file| file.name == self.name(at));
        let module =
            |file: &File| file.path.with_extension("").components().any(|part| part.as_os_str() == &**name);
        let companions = ["entry", "key", "memo"].map(|suffix| format!("{name}_{suffix}"));
        let method = |file: &File| file.functions.iter().any(|function| companions.contains(&function.name));
        of_crate().any(|file| module(file) || method(file))
    }

    /// Compiles it as it is now.
    pub(crate) fn check(&mut self) -> Vec<Message> {
        for file in &mut self.files {
            file.write(&self.folder);
        }
        let out = Command::new(env!("CARGO"))
            .args(["check", "--workspace", "--offline", "--keep-going", "--message-format=json"])
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", self.folder.join("target"))
            .env("CARGO_INCREMENTAL", "1")
            .env_remove("RUSTFLAGS")
            .output()
            .expect("cargo can be asked");
        let text = String::from_utf8_lossy(&out.stdout);
        let messages: Vec<Message> = text.lines().filter_map(|line| self.message(line)).collect();
        let said = out.status.success() || messages.iter().any(|message| message.is_error);
        assert!(said, "{}", String::from_utf8_lossy(&out.stderr));
        messages
    }

    fn message(&self, line: &str) -> Option<Message> {
        let line: Value = serde_json::from_str(line).expect("cargo answers in JSON");
        let message = &line["message"];
        let level = message["level"].as_str()?;
        let text = message["message"].as_str()?.to_owned();
        if !["error", "warning", "error: internal compiler error"].contains(&level)
            || text.starts_with("aborting due to")
            || text.ends_with("warnings emitted")
            || text.ends_with("warning emitted")
        {
            return None;
        }
        let mut about = Vec::new();
        self.find(message, true, &mut about);
        self.find(message, false, &mut about);
        for child in message["children"].as_array().into_iter().flatten() {
            self.find(child, true, &mut about);
        }
        Some(Message {
            is_error: level != "warning",
            text,
            rendered: message["rendered"].as_str().unwrap_or_default().to_owned(),
            about,
        })
    }

    /// What the spans of a message are in.
    fn find(&self, message: &Value, primary: bool, found: &mut Vec<At>) {
        for span in message["spans"].as_array().into_iter().flatten() {
            let mut within = Some(span).filter(|span| span["is_primary"] == primary);
            while let Some(span) = within {
                found.extend(self.at(span));
                within = span.pointer("/expansion/span");
            }
        }
    }

    fn at(&self, span: &Value) -> Vec<At> {
        let number = |name: &str| span[name].as_u64().and_then(|number| usize::try_from(number).ok());
        let (Some(name), Some(start)) = (span["file_name"].as_str(), number("byte_start")) else {
            return Vec::new();
        };
        let Some(at) = self.files.iter().position(|file| file.path == Path::new(name)) else {
            return Vec::new();
        };
        let file = &self.files[at];
        (0..file.functions.len())
            .filter(|index| file.options[*index].is_some())
            .filter(|index| file.ranges[*index].contains(&start) || file.heads[*index].contains(&start))
            .map(|index| (at, index))
            .collect()
    }
}

impl File {
    /// Writes it with its attributes.
    fn write(&mut self, folder: &Path) {
        let mut attributes = BTreeMap::new();
        for (function, options) in self.functions.iter().zip(&self.options) {
            let Some(options) = options else { continue };
            let options = if options.is_empty() { String::new() } else { format!("({options})") };
            attributes.insert(function.range.start, format!("#[::cache_core::memoize{options}] "));
            if let Some(block) = &function.block {
                attributes.insert(block.start, "#[::cache_core::memoize] ".to_owned());
            }
        }
        let mut written = String::new();
        let mut done = 0;
        for (at, attribute) in &attributes {
            written.push_str(&self.text[done..*at]);
            written.push_str(attribute);
            done = *at;
        }
        written.push_str(&self.text[done..]);
        let moved =
            |at: usize| at + attributes.range(..at).map(|(_, attribute)| attribute.len()).sum::<usize>();
        self.ranges = self.functions.iter().map(|of| moved(of.range.start)..moved(of.range.end)).collect();
        let head = |of: &Function| {
            let at = of.block.as_ref()?.start;
            Some(moved(at)..moved(at) + attributes.get(&at)?.len())
        };
        self.heads = self.functions.iter().map(head).map(Option::unwrap_or_default).collect();
        let path = folder.join(&self.path);
        if fs::read_to_string(&path).ok().as_ref() != Some(&written) {
            fs::write(path, written).expect("the copy can be written");
        }
    }
}

/// A folder with its sources; those are read.
fn copy(folder: &Path, from: &Path, to: &Path, name: &str, files: &mut Vec<File>) {
    fs::create_dir_all(to).expect("the copy can be written");
    let mut entries: Vec<PathBuf> = fs::read_dir(from)
        .expect("the sources are there")
        .map(|entry| entry.expect("they can be read").path())
        .collect();
    entries.sort();
    for entry in entries {
        let target = to.join(entry.file_name().expect("it is in a folder"));
        if entry.is_dir() {
            copy(folder, &entry, &target, name, files);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&entry).expect("sources are text");
            let functions = functions(&text);
            files.push(File {
                name: name.to_owned(),
                path: target.strip_prefix(folder).expect("it is in there").to_owned(),
                text,
                options: vec![None; functions.len()],
                ranges: vec![0..0; functions.len()],
                heads: vec![0..0; functions.len()],
                functions,
            });
        } else {
            fs::copy(&entry, &target).expect("the copy can be written");
        }
    }
}

/// With what the crate was compiled with here, and `cache-core`.
fn manifest(source: &Source) -> String {
    let Source { name, edition, features, dependencies, .. } = source;
    let lib = name.replace('-', "_");
    let core = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cache-core");
    let enabled: Vec<&String> = features.iter().filter(|feature| *feature != "default").collect();
    let declared: Vec<String> = enabled.iter().map(|feature| format!("\"{feature}\" = []")).collect();
    format!(
        "[package]\nname = \"corpus-{name}\"\nversion = \"0.0.0\"\nedition = \"{edition}\"\n\n\
         [lib]\nname = \"{lib}\"\npath = \"src/lib.rs\"\ndoctest = false\n\n\
         [features]\ndefault = {enabled:?}\n{}\n\n\
         [dependencies]\ncache-core = {{ path = \"{}\" }}\n{}\n",
        declared.join("\n"),
        core.display(),
        dependencies.join("\n"),
    )
}
