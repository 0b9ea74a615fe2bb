//! What a disk store tells of itself.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// Something happened to the file of a [`DiskStore`](super::DiskStore). It displays as a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DiskEvent {
    /// The file was unusable. It was moved, and a new one was begun.
    SetAside {
        /// The store's file.
        path: PathBuf,
        /// Where the old file is now. It is never deleted.
        moved_to: PathBuf,
        /// What was wrong with it.
        reason: String,
    },
    /// Nothing can be written, because the disk is full or because the file is read-only. Reads go on.
    WritesRefused {
        /// The store's file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// Writes are carried out again.
    WritesResumed {
        /// The store's file.
        path: PathBuf,
    },
    /// The file can neither be read nor written. It is tried again about once a second.
    Unusable {
        /// The store's file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// Much of the file was unused, and was given back.
    Compacted {
        /// The store's file.
        path: PathBuf,
        /// The length of the file before, in bytes.
        before: u64,
        /// The length of the file now, in bytes.
        after: u64,
    },
}

impl fmt::Display for DiskEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SetAside { path, moved_to, reason } => write!(
                f,
                "{} was unusable ({reason}); it is {} now, and a new file was begun",
                path.display(),
                moved_to.display()
            ),
            Self::WritesRefused { path, reason } => {
                write!(f, "{} cannot be written, but is still read: {reason}", path.display())
            }
            Self::WritesResumed { path } => write!(f, "{} is written again", path.display()),
            Self::Unusable { path, reason } => write!(f, "{} cannot be used: {reason}", path.display()),
            Self::Compacted { path, before, after } => {
                write!(f, "{} had {before} bytes and has {after} now", path.display())
            }
        }
    }
}

/// Who hears of events. A panic of it is ignored.
#[derive(Clone, Default)]
pub(super) struct Listener(Option<Arc<dyn Fn(&DiskEvent) + Send + Sync>>);

impl Listener {
    pub(super) fn new(listen: impl Fn(&DiskEvent) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(listen)))
    }

    pub(super) fn tell_all(&self, events: &[DiskEvent]) {
        for event in events {
            self.tell(event);
        }
    }

    pub(super) fn tell(&self, event: &DiskEvent) {
        if let Some(listen) = &self.0 {
            let _ = crate::sync::guarded(|| listen(event));
        }
    }
}
