//! The figures that are kept beside the code, and the check that nobody makes them worse unnoticed.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};

use super::counting::{self, Subject};
use crate::Outcome;
use crate::harness::Table;

/// Where they are kept.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/instructions.json");
/// How far a figure may rise. Seeds of hashes are chosen by chance, and change figures by less than a
/// tenth of that.
const ALLOWED_PERCENT: f64 = 3.0;
/// What replaces them.
const BLESS: &str = "cargo run --release -p benches --no-default-features --bin instructions -- --bless";

/// Counts, and replaces what is kept.
pub(crate) fn bless(subjects: &[Subject]) -> Outcome {
    let counted = count(subjects)?;
    let kept: BTreeMap<&str, Value> =
        counted.iter().map(|(name, figure)| (*name, json!(rounded(*figure)))).collect();
    let baseline = json!({ "arch": std::env::consts::ARCH, "rustc": rustc()?, "instructions": kept });
    fs::write(FILE, format!("{baseline:#}\n"))
        .map_err(|error| format!("`{FILE}` cannot be written: {error}"))?;
    println!("{FILE} is written");
    Ok(())
}

/// Counts, and compares with what is kept.
pub(crate) fn check(subjects: &[Subject]) -> Outcome {
    let text = fs::read_to_string(FILE).map_err(|error| format!("`{FILE}` cannot be read: {error}"))?;
    let baseline: Value = serde_json::from_str(&text).map_err(|error| format!("`{FILE}`: {error}"))?;
    if baseline["arch"] != std::env::consts::ARCH {
        println!(
            "SKIPPED: the baseline is of {}, and other processors have other instructions",
            baseline["arch"]
        );
        return Ok(());
    }
    let kept = baseline["instructions"].as_object().ok_or_else(|| format!("`{FILE}` has no instructions"))?;
    let counted = count(subjects)?;
    let mut wrong = Vec::new();
    for name in kept.keys().filter(|name| counted.iter().all(|(counted, _)| counted != name)) {
        wrong.push(format!("`{name}` is kept, but not counted any more"));
    }
    let mut table = Table::new("");
    table.group("instructions", &["kept", "now", "change, %"]);
    for (name, now) in &counted {
        let Some(kept) = kept.get(*name).and_then(Value::as_f64) else {
            wrong.push(format!("`{name}` is counted, but not kept"));
            continue;
        };
        let change = (now / kept - 1.0) * 100.0;
        if change > ALLOWED_PERCENT {
            wrong.push(format!(
                "`{name}` takes {now:.1} instructions, {change:.1} % more than the {kept:.1} kept"
            ));
        }
        table.row(vec![
            (*name).to_owned(),
            format!("{kept:.1}"),
            format!("{now:.1}"),
            format!("{change:+.1}"),
        ]);
    }
    print!("\n{table}");
    if wrong.is_empty() {
        println!("none takes more than {ALLOWED_PERCENT} % over its baseline");
        return Ok(());
    }
    let then = &baseline["rustc"];
    Err(format!(
        "{}\nThe baseline was counted with {then}, and this with {:?}. If the change is meant, keep it: {BLESS}",
        wrong.join("\n"),
        rustc()?
    )
    .into())
}

/// Instructions per call of each subject.
fn count(subjects: &[Subject]) -> Result<Vec<(&'static str, f64)>, Box<dyn std::error::Error>> {
    counting::describe(false);
    subjects.iter().map(|subject| Ok((subject.name, subject.count(false)??))).collect()
}

/// To a tenth of an instruction.
fn rounded(figure: f64) -> f64 {
    (figure * 10.0).round() / 10.0
}

/// The compiler, which has its part in every figure.
fn rustc() -> Result<String, Box<dyn std::error::Error>> {
    let output = std::process::Command::new("rustc").arg("--version").output()?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
