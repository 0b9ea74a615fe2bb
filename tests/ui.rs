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

/// Other compilers word their part of an error otherwise.
fn is_recorded_with_this_compiler() -> bool {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = std::process::Command::new(rustc).arg("--version").output().expect("rustc can be asked");
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    version.starts_with(&format!("rustc {RECORDED_WITH}."))
}

#[test]
fn attributes() {
    let cases = trybuild::TestCases::new();
    if is_recorded_with_this_compiler() {
        for category in BAD {
            cases.compile_fail(format!("ui/{category}/*.rs"));
        }
    } else {
        println!("SKIPPED: expected errors are those of Rust {RECORDED_WITH}");
    }
    cases.pass("ui/pass/*.rs");
}
