//! What follows the name of a measurement.

use std::fs::File;
use std::io::Write;

use serde_json::Value;

use crate::Outcome;

/// What every measurement understands.
pub(crate) struct Options {
    /// Fewer and shorter rounds: to see that it runs, not to judge by.
    pub(crate) quick: bool,
    /// All other words, for sub-commands that know what to do with them.
    pub(crate) words: Vec<String>,
    /// Where the figures are written besides the table.
    json: Option<JsonFile>,
}

/// The file given to `--json`, opened before measuring: a path that cannot be written
/// should fail at once, not after the rounds.
struct JsonFile {
    path: String,
    file: File,
}

impl JsonFile {
    fn create(path: String) -> Result<Self, String> {
        match File::create(&path) {
            Ok(file) => Ok(Self { path, file }),
            Err(error) => Err(format!("`{path}` cannot be written: {error}")),
        }
    }
}

impl Options {
    pub(crate) fn parse(mut words: impl Iterator<Item = String>, takes_words: bool) -> Result<Self, String> {
        let mut quick = false;
        let mut path = None;
        let mut others = Vec::new();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--quick" => quick = true,
                "--json" => path = Some(words.next().ok_or("`--json` wants a file name after it")?),
                _ if takes_words => others.push(word),
                _ => {
                    return Err(format!("unknown option `{word}`; there are `--json FILE` and `--quick`"));
                }
            }
        }
        let json = path.map(JsonFile::create).transpose()?;
        Ok(Self { quick, words: others, json })
    }

    /// Writes the figures to the file asked for, if one was.
    pub(crate) fn write_json(self, figures: &Value) -> Outcome {
        let Some(JsonFile { path, mut file }) = self.json else {
            return Ok(());
        };
        writeln!(file, "{figures:#}").map_err(|error| format!("`{path}` cannot be written: {error}").into())
    }
}
