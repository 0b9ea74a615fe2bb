//! What is wrong with an attribute is an error at its place, in the user's words, with the remedy; and
//! what is right compiles without a warning.

/// One folder each under `ui`.
const BAD: [&str; 14] = [
    "arguments",
    "companions",
    "freshness",
    "functions",
    "futures",
    "invalidates",
    "keys",
    "methods",
    "nodes",
    "numbers",
    "options",
    "returns",
    "tags",
    "templates",
];

/// The compiler whose words the recorded errors are: what the workspace declares as `rust-version`.
const RECORDED_WITH: &str = env!("CARGO_PKG_RUST_VERSION");

/// What the compiler prints that is asked so.
fn rustc<const N: usize>(question: [&str; N]) -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let answer = std::process::Command::new(rustc).args(question).output().expect("rustc can be asked");
    String::from_utf8_lossy(&answer.stdout).trim().to_owned()
}

/// Why errors cannot be compared: other compilers word their part of them otherwise, and some quote the
/// standard library where its sources are there.
fn why_not_compared() -> Option<String> {
    if !rustc(["--version"]).starts_with(&format!("rustc {RECORDED_WITH}.")) {
        return Some(format!("expected errors are those of Rust {RECORDED_WITH}"));
    }
    let sources = std::path::Path::new(&rustc(["--print", "sysroot"])).join("lib/rustlib/src/rust/library");
    (!sources.exists())
        .then(|| "expected errors quote the library (needs: rustup component add rust-src)".into())
}

#[test]
fn attributes() {
    let cases = trybuild::TestCases::new();
    match why_not_compared() {
        None => BAD.iter().for_each(|category| cases.compile_fail(format!("ui/{category}/*.rs"))),
        Some(why) => println!("SKIPPED: {why}"),
    }
    cases.pass("ui/pass/*.rs");
}
