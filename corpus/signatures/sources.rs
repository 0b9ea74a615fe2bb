//! Where the sources of crates are, and what they need to compile, as cargo tells it.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The sources of a crate.
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) edition: String,
    /// The folder with its `src`.
    pub(crate) folder: PathBuf,
    /// Those it is compiled with here.
    pub(crate) features: Vec<String>,
    /// What it depends on, as lines of a manifest.
    pub(crate) dependencies: Vec<String>,
}

/// The sources of these crates, in the versions that this package depends on.
pub(crate) fn sources(names: &[&str]) -> Vec<Source> {
    let metadata = metadata();
    let list = |value: &Value| value.as_array().cloned().expect("cargo tells a list");
    let packages = list(&metadata["packages"]);
    let nodes = list(&metadata["resolve"]["nodes"]);
    let by_id = |list: &[Value], id: &Value| {
        list.iter().find(|one| one["id"] == *id).cloned().expect("cargo knows its packages")
    };
    let own = packages.iter().find(|package| package["name"] == env!("CARGO_PKG_NAME"));
    let own = by_id(&nodes, &own.expect("this package is there")["id"]);
    let source = |name: &&str| {
        let dependencies = list(&own["deps"]);
        let of_name = |dependency: &&Value| by_id(&packages, &dependency["pkg"])["name"] == **name;
        let id = &dependencies.iter().find(of_name).expect("a dependency of this package")["pkg"];
        let (package, node) = (by_id(&packages, id), by_id(&nodes, id));
        let dependencies = list(&node["deps"]).into_iter().map(|dependency| {
            let (package, node) = (by_id(&packages, &dependency["pkg"]), by_id(&nodes, &dependency["pkg"]));
            format!(
                "{} = {{ package = {}, version = \"={}\", default-features = false, features = {} }}",
                text(&dependency["name"]),
                package["name"],
                text(&package["version"]),
                node["features"],
            )
        });
        Source {
            name: (*name).to_owned(),
            edition: text(&package["edition"]).to_owned(),
            folder: Path::new(text(&package["manifest_path"])).with_file_name(""),
            features: list(&node["features"]).iter().map(|feature| text(feature).to_owned()).collect(),
            dependencies: dependencies.collect(),
        }
    };
    names.iter().map(source).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("cargo tells a text")
}

/// What cargo knows of this workspace, on this platform.
fn metadata() -> Value {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("-vV").output().expect("rustc can be asked").stdout;
    let version = String::from_utf8(version).expect("rustc answers in text");
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc knows its host");
    let out = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--offline", "--locked", "--filter-platform", host])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo can be asked");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).expect("cargo answers in JSON")
}
