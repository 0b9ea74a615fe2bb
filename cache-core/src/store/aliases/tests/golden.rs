//! Configurations that are read as ever, and mistakes that are told as ever: `tests/golden/1/config`, at the root of
//! the workspace. Only with all features: others are named in their messages.
#![cfg(all(feature = "disk", feature = "msgpack", feature = "postcard", feature = "zstd"))]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use super::*;
use crate::store::aliases::config::{CacheConfig, aliases, check_files};

const FOLDER: &str = "../tests/golden/1/config";

fn read(text: &str) -> Result<BTreeMap<String, CacheConfig>, ConfigError> {
    // The paths of `disk:` show in messages.
    let configs = aliases(text, Some(Path::new("/golden")))?;
    check_files(configs.iter().map(|(alias, config)| (alias.as_str(), config)))?;
    Ok(configs)
}

#[test]
#[cfg(unix)]
fn a_configuration_is_read_as_ever() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER).join("accepted.json");
    let configs = read(&fs::read_to_string(path).unwrap()).unwrap();
    same_as_file(&format!("{FOLDER}/accepted.txt"), &format!("{configs:#?}\n"));
    let keys = configs["signed"].signing_keys.as_ref().unwrap();
    let expected: Vec<u8> = (0..32).collect();
    assert_eq!((keys[0].bytes(), keys[1].bytes()), (&expected[..], &[0xff; 33][..]));
}

/// Each case is a title, a configuration, and what is told of it.
#[test]
#[cfg(unix)]
fn each_mistake_is_told_as_ever() {
    let name = format!("{FOLDER}/errors.txt");
    let file = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(&name)).unwrap();
    let mut written = String::new();
    for case in file.split("\n\n# ") {
        let case = case.trim().trim_start_matches("# ");
        let (title, rest) = case.split_once('\n').unwrap();
        let text = rest.split_once("\n=> ").map_or(rest, |(text, _)| text);
        let error = read(text).map(drop).expect_err(title);
        let about = format!("{:?}, alias {:?}, field {:?}", error.kind(), error.alias(), error.field());
        let space = if written.is_empty() { "" } else { "\n" };
        writeln!(written, "{space}# {title}\n{text}\n=> {about}\n{error}").unwrap();
    }
    same_as_file(&name, &written);
}
