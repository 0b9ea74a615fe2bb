//! What stands around an attribute. The compiler does not show it, but the source file does. It is read for the sake of
//! messages alone: where it does not tell for certain, the compiler reports what is wrong.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::SystemTime;

use proc_macro2::Span;

use crate::outline::{Block, Item, Outline};
use crate::shape::borrows;

/// The source around an attribute.
pub(crate) struct Surroundings {
    file: Rc<File>,
    /// The innermost block that the attribute is in.
    block: usize,
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
    /// `mod cats { .. }`, or a file.
    Module,
    /// Something else, or who knows what.
    Other,
}

/// The kinds of what is declared in a block, by name.
type Declared = HashMap<String, Vec<&'static str>>;

/// A source file. What is in it is found once, when it is asked for.
struct File {
    text: String,
    outline: OnceCell<Outline>,
    /// By block.
    declared: RefCell<HashMap<usize, Rc<Declared>>>,
}

impl File {
    fn new(text: String) -> Self {
        Self { text, outline: OnceCell::new(), declared: RefCell::default() }
    }

    fn outline(&self) -> &Outline {
        self.outline.get_or_init(|| Outline::new(&self.text))
    }

    /// Where a line and a column are, which are counted from 1.
    fn offset(&self, line: usize, column: usize) -> Option<usize> {
        let mut begin = 0;
        for _ in 1..line {
            begin += self.text.get(begin..)?.find('\n')? + 1;
        }
        let rest = self.text.get(begin..)?;
        let (at, _) = rest.char_indices().nth(column.checked_sub(1)?)?;
        Some(begin + at)
    }

    fn declared(&self, block: usize) -> Rc<Declared> {
        let find = || {
            let mut declared = Declared::default();
            for item in self.outline().items(block) {
                // What another attribute makes of an item is not known; nor is whether a condition holds.
                if item.attributes.iter().all(|name| is_inert(name))
                    && let Some((kind, name)) = declaration(item.text)
                {
                    declared.entry(name.to_owned()).or_default().push(kind);
                }
            }
            Rc::new(declared)
        };
        Rc::clone(self.declared.borrow_mut().entry(block).or_insert_with(find))
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
        let source = span.source_text()?;
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
        let at = file.offset(span.line(), span.column())?;
        // The file may have changed, and lines of examples in documentation are counted by themselves.
        let is_it = file.text.get(at..).is_some_and(|rest| rest.starts_with(&source));
        is_it.then(|| Self::in_file(file, at))
    }

    fn in_file(file: Rc<File>, at: usize) -> Self {
        let block = file.outline().innermost(at);
        Self { file, block }
    }

    /// What it stands in.
    pub(crate) fn within(&self) -> Within<'_> {
        let outline = self.file.outline();
        let Some(block) = outline.visible(self.block) else { return Within::Other };
        let Block::Braces(head) = block else { return Within::Module };
        let item = Item::new(head);
        let is_known =
            |name: &&str| is_inert(name) || *name == "async_trait" || *name == "async_trait::async_trait";
        if item.attributes.iter().all(is_known) { named(item.text) } else { Within::Other }
    }

    /// Whether it stands in the `impl` of a type that visibly borrows.
    pub(crate) fn is_of_type_that_borrows(&self) -> bool {
        let Within::Impl(head) = self.within() else { return false };
        syn::parse_str(&format!("{head} {{}}")).is_ok_and(|block: syn::ItemImpl| borrows(&block.self_ty))
    }

    /// What kind of module or type of this name visibly stands beside it.
    pub(crate) fn beside(&self, name: &str) -> Option<&'static str> {
        self.declared_beside(name).into_iter().find(|kind| *kind != "function")
    }

    /// Whether a function of this name visibly stands beside it.
    pub(crate) fn function(&self, name: &str) -> bool {
        self.declared_beside(name).contains(&"function")
    }

    /// Whether a function of a module that has no companions visibly stands beside it.
    pub(crate) fn is_not_memoized(&self, name: &str) -> bool {
        let code = self.file.outline().code();
        // A companion may come from elsewhere, or be that of another function.
        let may_be_imported = ["::*", "{*", "*}"].iter().any(|glob| code.contains(glob))
            || code.contains(&format!(" as {name}"))
            || code.contains(&format!("companion = {name}"));
        self.within() == Within::Module && !may_be_imported && self.declared_beside(name) == ["function"]
    }

    /// The kinds of what is declared by this name beside it.
    fn declared_beside(&self, name: &str) -> Vec<&'static str> {
        if self.file.outline().visible(self.block).is_none() {
            return Vec::new();
        }
        self.file.declared(self.block).get(name).cloned().unwrap_or_default()
    }
}

/// Whether an attribute changes nothing about what an item is, and whether it is there.
fn is_inert(attribute: &str) -> bool {
    const INERT: [&str; 14] = [
        "doc",
        "allow",
        "warn",
        "deny",
        "forbid",
        "expect",
        "must_use",
        "inline",
        "derive",
        "repr",
        "non_exhaustive",
        "deprecated",
        "cold",
        "rustfmt::skip",
    ];
    INERT.contains(&attribute)
}

/// What an item declares, and by what name.
fn declaration(item: &str) -> Option<(&'static str, &str)> {
    const KINDS: [(&str, &str); 7] = [
        ("fn ", "function"),
        ("mod ", "module"),
        ("struct ", "struct"),
        ("enum ", "enum"),
        ("union ", "union"),
        ("trait ", "trait"),
        ("type ", "type"),
    ];
    let item = unqualified(item);
    let (rest, kind) = KINDS.into_iter().find_map(|(word, kind)| Some((item.strip_prefix(word)?, kind)))?;
    let rest = rest.trim_start();
    let rest = rest.strip_prefix("r#").unwrap_or(rest);
    let end = rest.find(|next: char| !next.is_alphanumeric() && next != '_').unwrap_or(rest.len());
    // `mod cats { #![cfg(test)] .. }`
    let has_inner =
        kind == "module" && rest[end..].trim_start().trim_start_matches('{').trim_start().starts_with("#!");
    (!has_inner).then_some((kind, &rest[..end]))
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
fn named(head: &str) -> Within<'_> {
    let words = unqualified(head);
    let begins = |word: &str| {
        words
            .strip_prefix(word)
            .is_some_and(|rest| rest.starts_with(|next: char| next == '<' || next.is_whitespace()))
    };
    let mut rest = words.split_whitespace().take_while(|word| *word != "where").peekable();
    // `for <'a>` is about lifetimes.
    let is_of_trait = std::iter::from_fn(|| Some((rest.next()?, rest.peek().copied())))
        .any(|(word, next)| word == "for" && next.is_some_and(|next| !next.starts_with('<')));
    match () {
        () if begins("trait") => Within::Trait(head),
        () if begins("mod") => Within::Module,
        () if !begins("impl") => Within::Other,
        () if is_of_trait => Within::ImplOfTrait(head),
        () => Within::Impl(head),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Around the attribute in a text.
    fn around(text: &str) -> Surroundings {
        let at = text.find("#[memoize").expect("there is one");
        Surroundings::in_file(Rc::new(File::new(text.to_owned())), at)
    }

    #[test]
    fn what_it_stands_in() {
        use Within::{Impl, ImplOfTrait, Module, Other, Trait};
        let after = |head: &str| around(&format!("{head}\nfn other() {{ }}\n#[memoize]\nfn f() {{}}\n}}\n"));
        assert_eq!(after("impl Db {").within(), Impl("impl Db"));
        assert_eq!(
            after("impl<T> Db<T>\nwhere\n    T: Copy,\n{").within(),
            Impl("impl<T> Db<T>\nwhere\n    T: Copy,")
        );
        for head in [
            "impl<F: for<'a> Fn(&'a u8)> Db<F> {",
            "impl Db // one for all\n{",
            "impl<\n    A, // for the key\n> Db<A> {",
            "impl<T> Db<T> where /* for all */ T: for <'a> F<'a> {",
            "impl Cats for Dog {} // }\nimpl Db { // {",
            "#[allow(unused)]\nimpl Db {",
        ] {
            assert!(matches!(after(head).within(), Impl(_)), "{head}");
        }
        assert_eq!(after("unsafe impl Cats for Db {").within(), ImplOfTrait("unsafe impl Cats for Db"));
        assert_eq!(
            after("#[async_trait]\nimpl<T> Cats\n    for Db<T>\n{").within(),
            ImplOfTrait("impl<T> Cats\n    for Db<T>")
        );
        assert_eq!(after("pub(crate) trait Cats: Send {").within(), Trait("pub(crate) trait Cats: Send"));
        for other in [
            "fn cats() {",
            "m! {",
            "m! { impl Db {",
            "macro_rules! m { () => { impl Db {",
            "implement {",
            "fn f() ->\n    impl Fn(u64) -> u64 {",
            "#[cfg_attr(all(), memoize)]\nimpl Db {",
            "#[rewrites]\nimpl Cats for Db {",
            "impl Iterator for Db { fn next(&mut self) -> Option<u64> {",
        ] {
            assert_eq!(after(other).within(), Other, "{other}");
        }
        for module in [
            "mod cats {",
            "impl Db {}\nmod cats {",
            "impl Db {\n}",
            "// impl Db {",
            "/* impl Db { */",
            "const A: &str = \"impl Db {\";",
        ] {
            assert_eq!(after(module).within(), Module, "{module}");
        }
        assert_eq!(around("impl Db {\n#[inline] #[memoize]\nfn f() {}\n}").within(), Impl("impl Db"));
    }

    #[test]
    fn whether_its_type_borrows() {
        let is =
            |head: &str| around(&format!("{head} {{ #[memoize] fn f() {{}} }}")).is_of_type_that_borrows();
        for head in ["impl<'a> Db<'a>", "impl<'a, T> Db<'a, T> where T: Copy", "impl Db<'_>", "impl Db<&u8>"]
        {
            assert!(is(head), "{head}");
        }
        for head in [
            "impl Db",
            "impl Db<'static>",
            "impl<'a, F: Fn(&'a u8)> Db<F>",
            "impl<'a> Cats for Db<'a>",
            "mod m",
        ] {
            assert!(!is(head), "{head}");
        }
    }

    #[test]
    fn what_stands_beside_it() {
        let cats = "#[memoize]\nfn cats() {}\n";
        for (beside, kind) in [
            ("mod cats {\n}\n", Some("module")),
            ("pub(crate) mod cats;\n", Some("module")),
            ("/// Cats.\n#[allow(dead_code)]\nstruct cats;\n", Some("struct")),
            (
                "#[cfg_attr(docs, doc(cfg(unix)))]\n#[cfg_attr(any(a, b), derive(A, B), repr(C))]\nstruct cats {}\n",
                Some("struct"),
            ),
            ("#[cfg_attr(docs, cfg(test))]\nmod cats;\n", None),
            ("#[cfg(test)]\nmod cats;\n", None),
            ("#[allow(dead_code)] #[cfg(test)] // a\n\nmod cats;\n", None),
            ("mod cats { #![cfg(test)] }\n", None),
            ("mod cats_and_dogs;\n", None),
            ("mod r#match;\n", None),
            ("mod pets {\nmod cats {}\n}\n", None),
            ("// mod cats;\n", None),
            ("/* \nmod cats;\n */", None),
            ("const HELP: &str = \"\ntype cats to see them\n\";\n", None),
            ("macro_rules! m { () => {\nmod cats {}\n} }\n", None),
        ] {
            assert_eq!(around(&format!("{beside}{cats}")).beside("cats"), kind, "{beside}");
            assert_eq!(around(&format!("{cats}{beside}")).beside("cats"), kind, "{beside}");
        }
        assert_eq!(around("#[memoize]\nfn r#match() {}\nmod r#match {}").beside("match"), Some("module"));
        let methods = "impl Db {\n#[memoize]\nfn get() {}\n\npub async fn get_key() {}\n}\nimpl Cat {\nfn get_memo() {}\n}\n";
        assert!(around(methods).function("get_key"));
        assert!(!around(methods).function("get_memo"));
        assert!(!around(methods).function("get_entry"));
    }

    #[test]
    fn what_is_not_memoized() {
        let functions = "#[memoize]\nfn f() {}\n\nfn plain() {}\n\n#[memoize(\n    ttl = 5,\n)] // {\n\npub fn long() {}\n\n#[inline] #[memoize] fn same() {}\nmod m { fn inner() {} }\nimpl Db { fn method(&self) {} }\n";
        assert!(around(functions).is_not_memoized("plain"));
        for memoized in ["f", "long", "same", "inner", "method", "unknown"] {
            assert!(!around(functions).is_not_memoized(memoized), "{memoized}");
        }
        for more in [
            "use store::*;",
            "use store::{cat, *};",
            "use store::cat_cache as plain;",
            "#[memoize(companion = plain)] fn load() {}",
            "struct plain;",
        ] {
            assert!(!around(&format!("{functions}{more}")).is_not_memoized("plain"), "{more}");
        }
        let method = "impl Db {\n#[memoize]\nfn f(&self) {}\nfn plain(&self) {}\n}";
        assert!(!around(method).is_not_memoized("plain"));
    }
}
