//! What is wrong with an attribute is an error at its place, in the user's words, with the remedy; and
//! what is right compiles without a warning.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

/// One folder each under `ui`.
const BAD: [&str; 17] = [
    "arguments",
    "companions",
    "editions",
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
    "schemas",
    "stores",
    "tags",
    "templates",
];

/// The compiler whose words the recorded errors are: what the workspace declares as `rust-version`.
const RECORDED_WITH: &str = env!("CARGO_PKG_RUST_VERSION");

/// What the compiler says of itself.
fn ask_rustc(arguments: &[&str]) -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let said = Command::new(rustc).args(arguments).output().expect("rustc can be asked");
    String::from_utf8_lossy(&said.stdout).trim().to_owned()
}

/// Other compilers word their part of an error otherwise.
fn is_recorded_with_this_compiler() -> bool {
    ask_rustc(&["--version"]).starts_with(&format!("rustc {RECORDED_WITH}."))
}

/// Where the sources of the standard library are installed (`rust-src`), errors quote them. What is recorded
/// does not, so the compiler is shown a folder in which all is as it was, but for these.
#[cfg(unix)]
fn hide_sources_of_std() -> io::Result<()> {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let installed = PathBuf::from(ask_rustc(&["--print", "sysroot"])).join("lib/rustlib");
    if !installed.join("src").exists() {
        return Ok(());
    }
    let shown = Path::new(env!("CARGO_TARGET_TMPDIR")).join("without_sources");
    if shown.exists() {
        fs::remove_dir_all(&shown)?;
    }
    fs::create_dir_all(shown.join("lib/rustlib"))?;
    for entry in fs::read_dir(installed)? {
        let entry = entry?;
        if entry.file_name() != "src" {
            symlink(entry.path(), shown.join("lib/rustlib").join(entry.file_name()))?;
        }
    }
    let wrapper = shown.join("rustc");
    fs::write(&wrapper, format!("#!/bin/sh\nexec \"$@\" --sysroot '{}'\n", shown.display()))?;
    fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755))?;
    // SAFETY: the one test of this program does so before it does anything else.
    unsafe { std::env::set_var("RUSTC_WRAPPER", wrapper) };
    Ok(())
}

#[cfg(not(unix))]
fn hide_sources_of_std() -> io::Result<()> {
    Ok(())
}

#[test]
fn messages_of_the_compiler() {
    hide_sources_of_std().expect("links can be made");
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
