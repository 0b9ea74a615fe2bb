//! Crates written into the target folder, and cargo's work on them.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// What cargo does with a crate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Check,
    Build,
    /// An optimized build.
    Release,
    /// A build of the dev profile that reuses what it can of the build before.
    Incremental,
}

impl Action {
    pub(crate) const ALL: [Self; 4] = [Self::Check, Self::Build, Self::Release, Self::Incremental];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Check => "cargo check",
            Self::Build => "cargo build",
            Self::Release => "cargo build --release",
            Self::Incremental => "cargo build, incremental",
        }
    }

    fn words(self) -> &'static [&'static str] {
        match self {
            Self::Check => &["check"],
            Self::Build | Self::Incremental => &["build"],
            Self::Release => &["build", "--release"],
        }
    }

    /// What cargo says when it does it.
    fn verb(self) -> &'static str {
        match self {
            Self::Check => "Checking",
            Self::Build | Self::Release | Self::Incremental => "Compiling",
        }
    }
}

/// A crate of one file.
pub(crate) struct Scratch {
    package: &'static str,
    folder: PathBuf,
    /// Where the crates are built; they share what they depend on.
    target: PathBuf,
}

impl Scratch {
    /// `dependency` is a line of a manifest, or empty.
    pub(crate) fn new(package: &'static str, dependency: &str) -> Result<Self, String> {
        let home = home()?;
        let scratch = Self { package, folder: home.join(package), target: home.join("target") };
        scratch
            .write(dependency)
            .map_err(|error| format!("`{}` cannot be written: {error}", scratch.folder.display()))?;
        Ok(scratch)
    }

    fn write(&self, dependency: &str) -> std::io::Result<()> {
        fs::create_dir_all(self.folder.join("src"))?;
        // A workspace of its own, though it may lie within ours.
        let manifest = format!(
            "[package]\nname = \"{}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n{dependency}\n\n[workspace]\n",
            self.package
        );
        write_if_other(&self.folder.join("Cargo.toml"), manifest.as_bytes())?;
        // The versions that everything else is measured with.
        let versions = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
        fs::copy(versions, self.folder.join("Cargo.lock"))?;
        Ok(())
    }

    /// Builds the crate anew as a library, under a comment that it did not have before. How long that took.
    pub(crate) fn run(&self, action: Action, source: &str, comment: &str) -> Result<Duration, String> {
        self.write_source("lib.rs", &format!("// {}, {comment}\n{source}", action.name()))?;
        // What is built incrementally is kept apart, so that no other build replaces it.
        let (target, vars) = match action {
            Action::Incremental => (self.target.join("incremental"), &[("CARGO_INCREMENTAL", "1")][..]),
            _ => (self.target.clone(), &[][..]),
        };
        let start = Instant::now();
        let messages = self.cargo(action.words(), &target, vars)?.messages;
        let took = start.elapsed();
        let expected = format!("{} {} ", action.verb(), self.package);
        if messages.contains(&expected) {
            Ok(took)
        } else {
            Err(format!("cargo did not build `{}` again:\n{messages}", self.package))
        }
    }

    /// Builds the crate as a program, optimized, unless that was done before. Where the program is.
    pub(crate) fn program(&self, source: &str) -> Result<PathBuf, String> {
        self.write_source("main.rs", source)?;
        self.cargo(&["build", "--release"], &self.target, &[])?;
        Ok(self.target.join("release").join(self.package))
    }

    fn write_source(&self, name: &str, source: &str) -> Result<(), String> {
        let file = self.folder.join("src").join(name);
        write_if_other(&file, source.as_bytes())
            .map_err(|error| format!("`{}` cannot be written: {error}", file.display()))
    }

    /// Lines of the crate after expansion. Printing that is no stable feature of the compiler, which
    /// may refuse; nothing else depends on it.
    pub(crate) fn expanded_lines(&self) -> Option<usize> {
        // Apart, as the permission makes some dependencies build anew.
        let target = self.folder.join("expanded");
        let name = self.package.replace('-', "_");
        let words = ["rustc", "--lib", "--profile", "check", "--", "-Zunpretty=expanded"];
        let output = self.cargo(&words, &target, &[("RUSTC_BOOTSTRAP", &name)]).ok()?.output;
        let lines = output.lines().filter(|line| !line.trim().is_empty()).count();
        (lines > 0).then_some(lines)
    }

    /// Lines of LLVM's language that the compiler makes of the crate in the dev profile: instructions of all its
    /// functions before anything is optimized, as `cargo llvm-lines` counts them.
    pub(crate) fn llvm_lines(&self, source: &str) -> Result<usize, String> {
        self.write_source("lib.rs", source)?;
        let file = self.folder.join("lines.ll");
        let emit = format!("--emit=llvm-ir={}", file.display());
        let words = ["rustc", "--lib", "--", &emit, "-Cno-prepopulate-passes", "-Ccodegen-units=1"];
        self.cargo(&words, &self.target, &[])?;
        let failed = |error| format!("`{}` cannot be read and removed: {error}", file.display());
        let text = fs::read_to_string(&file).map_err(failed)?;
        fs::remove_file(&file).map_err(failed)?;
        Ok(instructions(&text))
    }

    /// Runs cargo in the crate, without the network if it can do without.
    fn cargo(&self, words: &[&str], target: &Path, vars: &[(&str, &str)]) -> Result<Said, String> {
        self.cargo_with(words, target, vars, &["--offline"])
            .or_else(|_| self.cargo_with(words, target, vars, &[]))
    }

    fn cargo_with(
        &self,
        words: &[&str],
        target: &Path,
        vars: &[(&str, &str)],
        options: &[&str],
    ) -> Result<Said, String> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        let (action, rest) = words.split_first().ok_or("cargo wants to be told something")?;
        let output = Command::new(cargo)
            .current_dir(&self.folder)
            .arg(action)
            .args(options)
            .arg("--target-dir")
            .arg(target)
            .args(rest)
            .env("CARGO_INCREMENTAL", "0")
            .env("CARGO_TERM_COLOR", "never")
            .envs(vars.iter().copied())
            .output()
            .map_err(|error| format!("`cargo` did not start: {error}"))?;
        let messages = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() {
            Ok(Said { output: String::from_utf8_lossy(&output.stdout).into_owned(), messages })
        } else {
            Err(format!("cargo failed in `{}`:\n{messages}", self.folder.display()))
        }
    }
}

/// What cargo had to say.
struct Said {
    output: String,
    messages: String,
}

/// Lines of instructions in the functions of a file of LLVM's: those indented by two spaces.
fn instructions(text: &str) -> usize {
    let mut within = false;
    let mut lines = 0;
    for line in text.lines() {
        match line {
            "}" => within = false,
            _ if line.starts_with("define ") => within = true,
            _ => lines += usize::from(within && line.starts_with("  ") && !line.starts_with("   ")),
        }
    }
    lines
}

/// Leaves a file alone that is the same already: cargo goes by when it was written.
fn write_if_other(file: &Path, text: &[u8]) -> std::io::Result<()> {
    match fs::read(file) {
        Ok(old) if old == text => Ok(()),
        _ => fs::write(file, text),
    }
}

/// A folder in the target folder that this program was built into.
fn home() -> Result<PathBuf, String> {
    let program = std::env::current_exe().map_err(|error| format!("where is this program? {error}"))?;
    // From `target/release/benches`.
    let target = program.ancestors().nth(2).ok_or("this program is not in a target folder")?;
    Ok(target.join("scratch-crates"))
}

#[cfg(test)]
mod tests {
    use super::instructions;

    #[test]
    fn lines_of_instructions_are_counted_in_functions_alone() {
        let text = "  ; outside
define void @f() {
start:
  %x = alloca [8 x i8], align 8
    #dbg_declare(ptr %x)
  ret void
}
declare void @g()
";
        assert_eq!(instructions(text), 2);
    }
}
