//! What stands around an attribute. The compiler does not show it, but the source file does. It is read for the sake of
//! messages alone: what the file does not tell is left to the compiler to report. Lines are looked at, not tokens, since
//! that costs next to nothing; so what is not indented as usual tells nothing.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::SystemTime;

use proc_macro2::Span;

/// The source around an attribute.
pub(crate) struct Surroundings {
    file: Rc<File>,
    /// The line of the attribute, from 0.
    line: usize,
    /// How far its line is indented.
    indent: usize,
}

/// What an attribute stands in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Within<'a> {
    /// `impl Db { .. }`
    Impl(&'a str),
    /// `impl Cats for Db { .. }`
    ImplOfTrait(&'a str),
    /// `trait Cats { .. }`
    Trait(&'a str),
    /// Something else, or who knows what.
    Other,
}

/// A source file. What is in it is found once, when it is asked for.
struct File {
    text: String,
    lines: OnceCell<Vec<Line>>,
    /// By name: the kind of what is declared, and the line.
    declared: OnceCell<HashMap<String, Vec<(&'static str, usize)>>>,
}

#[derive(Clone, Copy)]
struct Line {
    begin: usize,
    /// None of an empty line and of a comment, which stand nowhere.
    indent: Option<usize>,
}

impl File {
    fn new(text: String) -> Self {
        Self { text, lines: OnceCell::new(), declared: OnceCell::new() }
    }

    fn lines(&self) -> &[Line] {
        self.lines.get_or_init(|| {
            let mut begin = 0;
            let lines = self.text.split('\n').map(|line| {
                let text = line.trim_start();
                let stands = !text.is_empty() && !text.starts_with("//");
                let indent = stands.then(|| line.len() - text.len());
                let found = Line { begin, indent };
                begin += line.len() + 1;
                found
            });
            lines.collect()
        })
    }

    fn declared(&self) -> &HashMap<String, Vec<(&'static str, usize)>> {
        self.declared.get_or_init(|| {
            let mut declared: HashMap<_, Vec<_>> = HashMap::new();
            for (at, line) in self.lines().iter().enumerate() {
                let Some(indent) = line.indent else { continue };
                // Most lines are seen to declare nothing by their first letter.
                if matches!(self.text.as_bytes().get(line.begin + indent), Some(b'a'..=b'z'))
                    && let Some((kind, name)) = declaration(self.line(at))
                {
                    declared.entry(name.to_owned()).or_default().push((kind, at));
                }
            }
            declared
        })
    }

    /// A line without what surrounds it.
    fn line(&self, at: usize) -> &str {
        let lines = self.lines();
        let end = lines.get(at + 1).map_or(self.text.len(), |next| next.begin);
        self.text[lines[at].begin..end].trim()
    }
}

/// A file as it was at a time: an editor's server lives longer than that.
type Version = (PathBuf, Option<SystemTime>);

thread_local! {
    /// The file that was read last: functions of one file come one after the other.
    static LAST: RefCell<Option<(Version, Rc<File>)>> = const { RefCell::new(None) };
}

impl Surroundings {
    /// Around what is at `span`; none where it is in no file.
    pub(crate) fn of(span: Span) -> Option<Self> {
        if !proc_macro::is_available() {
            return None;
        }
        let span = span.unwrap();
        let path = span.local_file()?;
        let written = fs::metadata(&path).and_then(|metadata| metadata.modified()).ok();
        let version = (path, written);
        let file = LAST.with(|last| {
            let mut last = last.borrow_mut();
            match &*last {
                Some((known, file)) if *known == version => Some(Rc::clone(file)),
                _ => {
                    let file = Rc::new(File::new(fs::read_to_string(&version.0).ok()?));
                    *last = Some((version, Rc::clone(&file)));
                    Some(file)
                }
            }
        })?;
        Self::in_file(file, span.line(), span.column())
    }

    /// Line and column are counted from 1.
    fn in_file(file: Rc<File>, line: usize, column: usize) -> Option<Self> {
        let (line, column) = (line.checked_sub(1)?, column.checked_sub(1)?);
        if column == 0 {
            return Some(Self { file, line, indent: 0 });
        }
        let begin = file.lines().get(line)?.begin;
        let before = file.text.get(begin..begin + column)?;
        let after = before.trim_start();
        let indent = before.len() - after.len();
        // Before it in its line there is nothing, or another attribute.
        (after.is_empty() || after.starts_with('#')).then_some(Self { file, line, indent })
    }

    /// What it stands in.
    pub(crate) fn within(&self) -> Within<'_> {
        if self.indent == 0 {
            return Within::Other;
        }
        let lines = self.file.lines();
        let above = |at: &usize| lines[*at].indent.is_some_and(|indent| indent < self.indent);
        let Some(last) = (0..self.line).rev().find(above) else { return Within::Other };
        // The last line of the head of a block. What it is stands in its first.
        if !self.file.line(last).ends_with('{') {
            return Within::Other;
        }
        let end = lines[last + 1].begin;
        let head = |first: usize| self.file.text[lines[first].begin..end].trim().trim_end_matches('{').trim();
        if let Some(within) = named(head(last)) {
            return within;
        }
        for first in (0..last).rev() {
            let text = self.file.line(first);
            if text.is_empty() || text.ends_with(['{', '}', ';']) {
                break;
            }
            if lines[first].indent == lines[last].indent
                && let Some(within) = named(head(first))
            {
                return within;
            }
        }
        Within::Other
    }

    /// What kind of module or type of this name visibly stands beside it.
    pub(crate) fn beside(&self, name: &str) -> Option<&'static str> {
        self.declared_beside(name).find(|kind| *kind != "function")
    }

    /// Whether a function of this name visibly stands beside it.
    pub(crate) fn function(&self, name: &str) -> bool {
        self.declared_beside(name).any(|kind| kind == "function")
    }

    /// Whether a function that visibly has no companions stands beside it.
    pub(crate) fn is_not_memoized(&self, name: &str) -> bool {
        self.function(name) && self.beside(name).is_none() && !self.function(&format!("{name}_key"))
    }

    /// The kinds of what is declared by this name beside it, without a condition or another attribute that may change
    /// what it is.
    fn declared_beside(&self, name: &str) -> impl Iterator<Item = &'static str> {
        let declared = self.file.declared().get(name).into_iter().flatten();
        let beside = declared.filter(|(_, at)| {
            self.file.lines()[*at].indent == Some(self.indent)
                && self.is_same_block(*at)
                && self.is_plain(*at)
        });
        beside.map(|(kind, _)| *kind)
    }

    /// Whether no line between it and another stands farther to the left.
    fn is_same_block(&self, other: usize) -> bool {
        let between = other.min(self.line)..other.max(self.line);
        let lines = &self.file.lines()[between];
        lines.iter().all(|line| line.indent.is_none_or(|indent| indent >= self.indent))
    }

    /// Whether what is declared in a line has no attributes but those that change nothing.
    fn is_plain(&self, at: usize) -> bool {
        const INERT: [&str; 6] = ["//", "#[doc", "#[allow", "#[expect", "#[must_use", "#[inline"];
        let mut above = (0..at).rev().map(|at| self.file.line(at));
        let other = above.find(|line| !INERT.iter().any(|inert| line.starts_with(inert)));
        other.is_none_or(|line| line.is_empty() || line.ends_with(['{', '}', ';']))
    }
}

/// What a line declares, and by what name.
fn declaration(line: &str) -> Option<(&'static str, &str)> {
    const KINDS: [(&str, &str); 5] = [
        ("fn ", "function"),
        ("mod ", "module"),
        ("struct ", "struct"),
        ("enum ", "enum"),
        ("type ", "type"),
    ];
    let line = unqualified(line);
    let (rest, kind) = KINDS.into_iter().find_map(|(word, kind)| Some((line.strip_prefix(word)?, kind)))?;
    let end = rest.find(|next: char| !next.is_alphanumeric() && next != '_').unwrap_or(rest.len());
    Some((kind, &rest[..end]))
}

/// A declaration without its visibility and the like.
fn unqualified(line: &str) -> &str {
    let mut line = line;
    if let Some(rest) = line.strip_prefix("pub") {
        line = match rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
            Some((_, rest)) => rest,
            None => rest,
        };
        line = line.trim_start();
    }
    for word in ["async ", "const ", "unsafe "] {
        line = line.strip_prefix(word).unwrap_or(line);
    }
    line
}

/// By the head of a block.
fn named(head: &str) -> Option<Within<'_>> {
    let words = unqualified(head);
    let begins = |word: &str| {
        words
            .strip_prefix(word)
            .is_some_and(|rest| rest.starts_with(|next: char| next == '<' || next.is_whitespace()))
    };
    if begins("trait") {
        return Some(Within::Trait(head));
    }
    let mut rest = words.split_whitespace().skip_while(|word| *word != "for");
    // `for <'a>` is about lifetimes.
    let is_of_trait = rest.next().is_some() && rest.next().is_some_and(|next| !next.starts_with('<'));
    begins("impl").then_some(if is_of_trait { Within::ImplOfTrait(head) } else { Within::Impl(head) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Around the attribute in a text.
    fn around(text: &str) -> Surroundings {
        let (before, _) = text.split_once("#[memoize").expect("there is one");
        let line = before.matches('\n').count() + 1;
        let column = before.len() - before.rfind('\n').map_or(0, |at| at + 1) + 1;
        Surroundings::in_file(Rc::new(File::new(text.to_owned())), line, column)
            .expect("nothing stands before it")
    }

    #[test]
    fn what_it_stands_in() {
        use Within::{Impl, ImplOfTrait, Other, Trait};
        let after = |head: &str| {
            around(&format!("{head}\n    fn other() {{\n    }}\n\n    #[memoize]\n    fn f() {{}}\n}}\n"))
        };
        assert_eq!(after("impl Db {").within(), Impl("impl Db"));
        assert_eq!(
            after("impl<T> Db<T>\nwhere\n    T: Copy,\n{").within(),
            Impl("impl<T> Db<T>\nwhere\n    T: Copy,")
        );
        assert_eq!(
            after("impl<F: for<'a> Fn(&'a u8)> Db<F> {").within(),
            Impl("impl<F: for<'a> Fn(&'a u8)> Db<F>")
        );
        assert_eq!(after("unsafe impl Cats for Db {").within(), ImplOfTrait("unsafe impl Cats for Db"));
        assert_eq!(
            after("impl<T> Cats\n    for Db<T>\n{").within(),
            ImplOfTrait("impl<T> Cats\n    for Db<T>")
        );
        assert_eq!(after("pub(crate) trait Cats: Send {").within(), Trait("pub(crate) trait Cats: Send"));
        for other in [
            "mod cats {",
            "fn cats() {",
            "impl Db {}\nmod cats {",
            "impl Db {\n}",
            "m! {",
            "implement {",
            "// impl Db {",
        ] {
            assert_eq!(after(other).within(), Other, "{other}");
        }
        assert_eq!(around("impl Db {}\n#[memoize]\nfn f() {}").within(), Other);
        assert_eq!(
            around("impl Db {\n    fn f() {\n        #[memoize]\n        fn g() {}\n    }\n}").within(),
            Other
        );
        assert_eq!(around("impl Db {\n    #[inline] #[memoize]\n    fn f() {}\n}").within(), Impl("impl Db"));
    }

    #[test]
    fn what_stands_beside_it() {
        let cats = "#[memoize]\nfn cats() {}\n";
        for (beside, kind) in [
            ("mod cats {\n}\n", Some("module")),
            ("pub(crate) mod cats;\n", Some("module")),
            ("/// Cats.\n#[allow(dead_code)]\nstruct cats;\n", Some("struct")),
            ("#[cfg(test)]\nmod cats;\n", None),
            ("mod cats_and_dogs;\n", None),
            ("mod pets {\n    mod cats {}\n}\n", None),
            ("// mod cats;\n", None),
        ] {
            assert_eq!(around(&format!("{beside}{cats}")).beside("cats"), kind, "{beside}");
            assert_eq!(around(&format!("{cats}{beside}")).beside("cats"), kind, "{beside}");
        }
        let methods = "impl Db {\n    #[memoize]\n    fn get() {}\n\n    pub async fn get_key() {}\n}\n\nimpl Cat {\n    fn get_memo() {}\n}\n";
        assert!(around(methods).function("get_key"));
        assert!(!around(methods).function("get_memo"));
        assert!(!around(methods).function("get_entry"));
        let functions = "#[memoize]\nfn f() {}\n\nfn plain() {}\n\n#[memoize(\n    ttl = 5,\n)]\npub fn long() {}\n\n#[memoize]\nfn short() {}\n\n#[memoize] fn same() {}\n";
        assert!(around(functions).is_not_memoized("plain"));
        for memoized in ["f", "long", "short", "same", "unknown"] {
            assert!(!around(functions).is_not_memoized(memoized), "{memoized}");
        }
    }
}
