//! The crates that are built: the same functions in each, under the attributes of each subject.

use std::fmt::Write;

/// How many functions a crate has.
pub(crate) const FUNCTIONS: usize = 100;

/// What an edit adds to the number in a body.
const EDITED: usize = 1_000;

/// Whose attributes the functions bear.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// Nobody's: the functions alone.
    None,
    Ours,
    Cached,
}

/// A kind of function. A crate of a hundred has as many of each.
pub(crate) struct Kind {
    ours: &'static str,
    cached: &'static str,
    /// The function, with `@` for its number and `$` for a number in its body, which an edit changes.
    function: &'static str,
    /// A call of it, in a function that has a number `n` and a text `text`.
    call: &'static str,
}

/// A function of `u64` to `u64`.
pub(crate) const PLAIN: Kind = Kind {
    ours: "#[memoize]",
    cached: "#[cached]",
    function: "pub fn mix_@(n: u64) -> u64 {
    n.rotate_left(7).wrapping_mul($)
}",
    call: "mix_@(n)",
};

/// An asynchronous function of `u64` to `String`.
pub(crate) const ASYNC: Kind = Kind {
    ours: "#[memoize]",
    cached: "#[cached]",
    function: r#"pub async fn load_@(id: u64) -> String {
    std::future::ready(()).await;
    format!("loaded {id} of $")
}"#,
    call: "now(load_@(n))",
};

const KINDS: [Kind; 5] = [
    PLAIN,
    Kind {
        ours: "#[memoize]",
        cached: r#"#[cached(key = "String", convert = { String::from(name) })]"#,
        function: r#"pub fn greet_@(name: &str) -> String {
    format!("hello, {name}: $")
}"#,
        call: "greet_@(text)",
    },
    Kind {
        ours: "#[memoize]",
        cached: r#"#[cached(key = "String", convert = { String::from(text) })]"#,
        function: "pub fn parse_@(text: &str) -> Result<u64, std::num::ParseIntError> {
    Ok(text.trim().parse::<u64>()?.wrapping_add($))
}",
        call: "parse_@(text)",
    },
    ASYNC,
    Kind {
        ours: r#"#[memoize(ttl = 60, capacity = 1000, tag = "rows")]"#,
        // It has no tags.
        cached: "#[cached(max_size = 1000, ttl_secs = 60)]",
        function: r#"pub fn row_@(table: u32, id: u64) -> Vec<String> {
    vec![format!("{table}/{id}"), String::from("row $")]
}"#,
        call: "row_@(7, n)",
    },
];

/// What asynchronous functions are called with.
const NOW: &str = "fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    loop {
        if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}
";

impl Subject {
    pub(crate) const ALL: [Self; 3] = [Self::None, Self::Ours, Self::Cached];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::None => "none: the functions alone",
            Self::Ours => "ours",
            Self::Cached => "cached",
        }
    }

    /// The crate's name.
    pub(crate) fn package(self) -> &'static str {
        match self {
            Self::None => "hundred-alone",
            Self::Ours => "hundred-ours",
            Self::Cached => "hundred-cached",
        }
    }

    /// The crate's dependency, as its manifest has it.
    pub(crate) fn dependency(self) -> String {
        match self {
            Self::None => String::new(),
            // A literal string, in which nothing is escaped.
            Self::Ours => {
                format!("cache-core = {{ path = '{}/../cache-core' }}", env!("CARGO_MANIFEST_DIR"))
            }
            Self::Cached => "cached = { version = \"4\", features = [\"async\"] }".to_owned(),
        }
    }

    fn import(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Ours => "use cache_core::memoize;",
            Self::Cached => "use cached::macros::cached;",
        }
    }

    fn attribute(self, kind: &Kind) -> &'static str {
        match self {
            Self::None => "",
            Self::Ours => kind.ours,
            Self::Cached => kind.cached,
        }
    }

    /// The only file of the crate of a hundred functions, after so many edits. Each edit changes the body
    /// of one function, which none before it has changed.
    pub(crate) fn source(self, edits: usize) -> String {
        let functions = (0..FUNCTIONS).map(|number| (number, &KINDS[number % KINDS.len()]));
        self.source_of(functions, edits)
    }

    /// The only file of a crate of so many functions that are alike but for their numbers.
    pub(crate) fn source_of_one_kind(self, kind: &Kind, functions: usize) -> String {
        self.source_of((0..functions).map(|number| (number, kind)), 0)
    }

    fn source_of<'a>(self, functions: impl Iterator<Item = (usize, &'a Kind)>, edits: usize) -> String {
        let mut source = format!("{}\n{NOW}", self.import());
        let mut calls = String::new();
        for (number, kind) in functions {
            let in_body = if number < edits { number + EDITED } else { number };
            let numbered = |text: &str| text.replace('@', &number.to_string());
            let function = numbered(kind.function).replace('$', &in_body.to_string());
            let _ = writeln!(source, "{}\n{function}", self.attribute(kind));
            let _ = writeln!(calls, "    drop(std::hint::black_box({}));", numbered(kind.call));
        }
        // The caller is what makes the compiler translate the body of an asynchronous function.
        let _ = writeln!(source, "pub fn call_each(n: u64, text: &str) {{\n{calls}}}");
        source
    }
}

#[cfg(test)]
mod tests {
    use super::{FUNCTIONS, KINDS, Subject};

    #[test]
    fn crates_differ_in_attributes_only() {
        let bare = |subject: Subject| -> Vec<String> {
            let source = subject.source(0);
            let lines = source
                .lines()
                .filter(|line| !line.is_empty() && !line.starts_with("#[") && !line.starts_with("use "));
            lines.map(str::to_owned).collect()
        };
        let alone = bare(Subject::None);
        assert_eq!(alone, bare(Subject::Ours));
        assert_eq!(alone, bare(Subject::Cached));
    }

    #[test]
    fn an_edit_changes_one_line() {
        for edits in 0..FUNCTIONS {
            let (before, after) = (Subject::Ours.source(edits), Subject::Ours.source(edits + 1));
            assert_eq!(before.lines().count(), after.lines().count());
            assert_eq!(before.lines().zip(after.lines()).filter(|(old, new)| old != new).count(), 1);
        }
    }

    #[test]
    fn every_function_has_an_attribute_and_is_called() {
        for subject in [Subject::Ours, Subject::Cached] {
            let source = subject.source(0);
            assert_eq!(source.lines().filter(|line| line.starts_with("#[")).count(), FUNCTIONS);
            assert_eq!(source.matches("black_box(").count(), FUNCTIONS);
        }
        assert_eq!(FUNCTIONS % KINDS.len(), 0);
    }
}
