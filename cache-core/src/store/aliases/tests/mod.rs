//! Tests of aliases and of their configuration.

mod caches;
mod environment;
#[cfg(feature = "disk")]
mod files;
mod golden;
mod hostile;
mod schema;

use std::path::Path;
#[cfg(feature = "disk")]
use std::path::PathBuf;
use std::{env, fs};

use super::{Caches, ConfigError, ConfigErrorKind, caches};

/// Whether the files that these tests compare with are to be written anew.
fn is_blessed() -> bool {
    env::var_os("BLESS").is_some()
}

/// Compares a text with a file of this crate, or of the tests beside it.
fn same_as_file(path: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if is_blessed() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
    }
    let known = fs::read_to_string(&path).unwrap_or_default();
    assert!(known == text, "{} has changed; BLESS=1 records it:\n{text}", path.display());
}

/// A folder of a test's own. It is gone when this is dropped.
#[cfg(feature = "disk")]
struct Folder(PathBuf);

#[cfg(feature = "disk")]
impl Folder {
    fn new(test: &str) -> Self {
        let path = env::temp_dir().join(format!("cache-core-aliases-{test}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Such a path as JSON and urls have it.
    fn shown(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().replace('\\', "/")
    }
}

#[cfg(feature = "disk")]
impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
