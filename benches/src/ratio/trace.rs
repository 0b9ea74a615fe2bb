//! Traces: what keys were asked for, in their order.

use std::collections::HashSet;
use std::fs;
use std::io::Read;
use std::path::Path;

use ruzstd::decoding::StreamingDecoder;

use crate::workload::{Random, SEED, Zipf, mix};

/// How many sizes a trace is tried at, if nothing says which.
const SIZES: u32 = 4;

/// A trace, and the sizes of the caches to replay it on.
pub(super) struct Trace {
    pub(super) name: String,
    pub(super) keys: Vec<u64>,
    pub(super) sizes: Vec<usize>,
}

/// Traces that have a mean of their own.
pub(super) struct Set {
    pub(super) name: String,
    pub(super) traces: Vec<Trace>,
}

impl Set {
    /// Reads what a word of the command line names: a file of keys; an index, by `.txt`; or traces of an
    /// index, as `INDEX.txt:NAME,NAME`.
    ///
    /// # Errors
    /// It says what is wrong with which file.
    pub(super) fn read(word: &str) -> Result<Self, String> {
        let (path, chosen) = match word.rsplit_once(".txt:") {
            Some((stem, names)) => (format!("{stem}.txt"), Some(names.split(',').collect::<Vec<_>>())),
            None => (word.to_owned(), None),
        };
        let path = Path::new(&path);
        if path.extension().is_none_or(|extension| extension != "txt") {
            let keys = read_keys(path)?;
            let sizes = sizes_of(&keys);
            return Ok(Self { name: stem(path), traces: vec![Trace { name: stem(path), keys, sizes }] });
        }
        let mut lines = index(path)?;
        let mut name = stem(path);
        if let Some(chosen) = chosen {
            if let Some(missing) = chosen.iter().find(|name| lines.iter().all(|line| line.name != **name)) {
                return Err(format!("`{}` lists no trace named `{missing}`", path.display()));
            }
            lines.retain(|line| chosen.contains(&line.name.as_str()));
            name = chosen.join(",");
        }
        let traces = lines.into_iter().map(|line| line.read(path)).collect::<Result<_, _>>()?;
        Ok(Self { name, traces })
    }

    /// A trace that is made up: what is asked for again and again, by a Zipf distribution that moves on,
    /// and scans in between.
    pub(super) fn synthetic() -> Self {
        const RANKS: usize = 20_000;
        let zipf = Zipf::new(RANKS, 0.9);
        let mut random = Random(SEED);
        let mut keys = Vec::new();
        for turn in 0..40_u64 {
            // By and by other keys are the popular ones.
            let shift = turn * 250;
            keys.extend((0..10_000).map(|_| mix(zipf.rank(random.unit()) as u64 + shift)));
            // A scan over what is not asked for otherwise; each is repeated once, later.
            let scan = (turn / 2) * 3_000 + (1 << 32);
            keys.extend((scan..scan + 3_000).map(mix));
        }
        let name = "synthetic".to_owned();
        let sizes = sizes_of(&keys);
        Self { name: name.clone(), traces: vec![Trace { name, keys, sizes }] }
    }
}

/// The name of a file up to its first dot: `oltp` of `traces/oltp.u64.zst`.
fn stem(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.split('.').next().unwrap_or_default().to_owned()
}

/// From a sixty-fourth to a half of the distinct keys, each larger than the last by the same factor.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "sizes are small, and rounded"
)]
fn sizes_of(keys: &[u64]) -> Vec<usize> {
    let distinct = keys.iter().collect::<HashSet<_>>().len() as f64;
    let step = |step: u32| distinct / 64.0 * 32_f64.powf(f64::from(step) / f64::from(SIZES - 1));
    let mut sizes: Vec<usize> = (0..SIZES).map(|at| (step(at).round() as usize).max(1)).collect();
    sizes.dedup();
    sizes
}

/// A line of an index: `name accesses distinct from.. sizes..`.
struct Line {
    name: String,
    accesses: usize,
    distinct: usize,
    sizes: Vec<usize>,
}

impl Line {
    /// `None` of lines that describe no trace.
    fn parse(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [name, accesses, distinct, rest @ ..] = &words[..] else { return None };
        let mut sizes: Vec<usize> = rest.iter().rev().map_while(|word| word.parse().ok()).collect();
        sizes.reverse();
        Some(Self {
            name: (*name).to_owned(),
            accesses: accesses.parse().ok()?,
            distinct: distinct.parse().ok()?,
            sizes,
        })
    }

    /// The trace, which lies beside its index.
    fn read(self, index: &Path) -> Result<Trace, String> {
        let path = index.with_file_name(format!("{}.u64.zst", self.name));
        let keys = read_keys(&path)?;
        let distinct = keys.iter().collect::<HashSet<_>>().len();
        if (keys.len(), distinct) != (self.accesses, self.distinct) {
            return Err(format!(
                "`{}` has {} accesses of {distinct} keys, but its index says {} of {}",
                path.display(),
                keys.len(),
                self.accesses,
                self.distinct
            ));
        }
        let sizes = if self.sizes.is_empty() { sizes_of(&keys) } else { self.sizes };
        if sizes.contains(&0) {
            return Err(format!("`{}` asks for a cache of no entries for `{}`", index.display(), self.name));
        }
        Ok(Trace { name: self.name, keys, sizes })
    }
}

fn index(path: &Path) -> Result<Vec<Line>, String> {
    let text = String::from_utf8(bytes(path)?)
        .map_err(|_| format!("`{}` is no text, but an index is", path.display()))?;
    let lines: Vec<Line> = text.lines().filter_map(Line::parse).collect();
    if lines.is_empty() {
        return Err(format!(
            "`{}` lists no traces; a line has a name, the number of accesses, that of distinct keys, \
             where it is from, and sizes",
            path.display()
        ));
    }
    Ok(lines)
}

fn read_keys(path: &Path) -> Result<Vec<u64>, String> {
    let name = path.display();
    let bytes = bytes(path)?;
    if path.extension().is_none_or(|extension| extension != "zst") {
        return keys(&bytes).map_err(|wrong| format!("`{name}` {wrong}"));
    }
    let unpacked =
        unpacked(&bytes).map_err(|_| format!("`{name}` is no zstd file, or was cut off or damaged"))?;
    keys(&unpacked).map_err(|wrong| format!("`{name}` {wrong}"))
}

/// # Errors
/// What is wrong with the file.
fn keys(bytes: &[u8]) -> Result<Vec<u64>, String> {
    let (keys, rest) = bytes.as_chunks::<8>();
    match (keys, rest) {
        ([], []) => Err("has no keys".to_owned()),
        (keys, []) => Ok(keys.iter().copied().map(u64::from_le_bytes).collect()),
        (keys, rest) => Err(format!(
            "ends within a key: keys have 8 bytes, and after {} of them {} are left",
            keys.len(),
            rest.len()
        )),
    }
}

/// All frames, one after the other.
fn unpacked(mut packed: &[u8]) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let mut bytes = Vec::new();
    while !packed.is_empty() {
        StreamingDecoder::new(&mut packed)?.read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("`{}` cannot be read: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::{Line, keys, sizes_of, unpacked};

    #[test]
    fn a_line_has_sizes_after_whatever_says_where_it_is_from() {
        let line = Line::parse("oltp   914145  186880  ARC collection (OLTP.lis)  256 512").unwrap();
        assert_eq!((line.name.as_str(), line.accesses, line.distinct), ("oltp", 914_145, 186_880));
        assert_eq!(line.sizes, [256, 512]);
        assert!(Line::parse("loop 505500 1011 one long loop").unwrap().sizes.is_empty());
        assert!(Line::parse("name     accesses  distinct  from    sizes to test").is_none());
        assert!(Line::parse("").is_none());
    }

    #[test]
    fn sizes_grow_by_the_same_factor() {
        assert_eq!(sizes_of(&(0..6400).collect::<Vec<_>>()), [100, 317, 1008, 3200]);
        assert_eq!(sizes_of(&[7]), [1]);
    }

    #[test]
    fn what_is_cut_off_is_no_trace() {
        let packed = [0x28, 0xb5, 0x2f, 0xfd, 0x20, 0x08, 0x41, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(keys(&unpacked(&packed).unwrap()), Ok(vec![7]));
        assert_eq!(keys(&unpacked(&[packed, packed].concat()).unwrap()), Ok(vec![7, 7]));
        assert!(unpacked(&packed[..12]).is_err());
        assert!(keys(&[0; 12]).unwrap_err().contains("after 1 of them 4 are left"));
        assert_eq!(keys(&[]), Err("has no keys".to_owned()));
    }
}
