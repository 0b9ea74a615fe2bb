//! What is wrong with an attribute is an error at its place, in the user's words, with the remedy; and
//! what is right compiles without a warning.

/// One folder each under `ui`.
const BAD: [&str; 8] =
    ["arguments", "companions", "functions", "keys", "numbers", "options", "returns", "templates"];

#[test]
fn attributes() {
    let cases = trybuild::TestCases::new();
    for category in BAD {
        cases.compile_fail(format!("ui/{category}/*.rs"));
    }
    cases.pass("ui/pass/*.rs");
}
