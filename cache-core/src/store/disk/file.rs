//! The file of a disk store: opened, found out what it holds, moved aside where it is unusable.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use redb::{Builder, Database, DatabaseError, ReadableDatabase};

use super::failure::{Failure, guarded};
use super::medium::{self, Backend, Medium};
use super::snapshot::Snapshot;
use super::tables::{self, Kind, Ledger};
use crate::store::{StoreError, StoreErrorKind};
use crate::sync::plain::Mutex;

/// The paths of a store, and how its file is opened.
pub(super) struct Place {
    pub(super) path: PathBuf,
    /// Bytes of the file that are kept in memory.
    pub(super) memory: usize,
    pub(super) check: bool,
    #[cfg(test)]
    pub(super) faults: medium::Faults,
}

/// An open database.
pub(super) struct Opened {
    pub(super) database: Database,
    /// The entries as of the last commit, if they were read since.
    snapshot: Mutex<Option<Arc<Snapshot>>>,
    pub(super) medium: Arc<Medium>,
    pub(super) ledger: Ledger,
}

/// Why a file cannot be opened.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Another process has it, or this one.
    InUse(Option<u32>),
    /// It is not a store's.
    Foreign(String),
    Failure(Failure),
}

impl<E: Into<Failure>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::Failure(error.into())
    }
}

/// How often a file is opened that is moved away at the same time.
const TRIES: usize = 10;
/// Files set aside have numbers from 1 to this one.
const MOST_ASIDE: u32 = 10_000;

impl Place {
    pub(super) fn name(&self) -> String {
        format!("disk:{}", self.path.display())
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        let mut path = OsString::from(&self.path);
        path.push(suffix);
        path.into()
    }

    /// Opens the file for reading and writing. It is made if it is not there.
    pub(super) fn open(&self) -> Result<Opened, Refusal> {
        #[cfg(test)]
        self.faults.check()?;
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        for _ in 0..TRIES {
            let file = match OpenOptions::new().read(true).write(true).open(&self.path) {
                Ok(file) => file,
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    self.create()?;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let same = file.try_clone()?;
            let medium = Medium::writable(
                file,
                #[cfg(test)]
                self.faults.clone(),
            )?;
            let opened = self.open_on(medium);
            // Another process may have moved the file away before we had its lock.
            if is_at(&same, &self.path)? {
                let opened = opened?;
                // From now on the file says that it is in use. That must be on the disk before anything is changed:
                // after a loss of power such a file is checked.
                opened.medium.sync()?;
                opened.medium.set_syncs(false);
                self.claim();
                return Ok(opened);
            }
            if let Ok(opened) = opened {
                opened.medium.freeze();
            }
        }
        Err(Failure::Broken("the file is moved away again and again".into()).into())
    }

    /// Makes the file under another name, so that it is never there by half.
    fn create(&self) -> Result<(), Refusal> {
        let new = self.beside(".new");
        let create = || OpenOptions::new().read(true).write(true).create_new(true).open(&new);
        let file = match create() {
            // A process was killed in the midst of this, or is in the midst of it.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                if matches!(File::open(&new).map(|file| file.try_lock()), Ok(Err(TryLockError::WouldBlock))) {
                    return Err(Refusal::InUse(None));
                }
                fs::remove_file(&new)?;
                create()?
            }
            made => made?,
        };
        let medium = Medium::writable(
            file,
            #[cfg(test)]
            self.faults.clone(),
        )?;
        let made = self.open_on(medium).and_then(|opened| Ok(opened.close()?));
        if made.is_err() {
            let _ = fs::remove_file(&new);
        }
        made?;
        // Another process may have been faster.
        if fs::exists(&self.path)? {
            fs::remove_file(&new)?;
            return Ok(());
        }
        Ok(fs::rename(&new, &self.path)?)
    }

    /// Opens the file for reading, and changes nothing of it.
    pub(super) fn open_to_read(&self) -> Result<Opened, Refusal> {
        let file = File::open(&self.path)?;
        match file.try_lock_shared() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Refusal::InUse(self.owner())),
            Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        if file.metadata()?.len() == 0 {
            return Err(Failure::ReadOnly("the file is empty".into()).into());
        }
        self.open_on(Medium::read_only(file)?)
    }

    fn open_on(&self, medium: Arc<Medium>) -> Result<Opened, Refusal> {
        let built = guarded(|| {
            let mut builder = Builder::new();
            builder.set_cache_size(self.memory).set_check_integrity_on_open(self.check);
            match builder.create_with_backend(Backend(medium.clone())) {
                Ok(database) => Ok(Some(database)),
                Err(DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch) => Ok(None),
                Err(error) => Err(error.into()),
            }
        });
        let Some(database) = built? else { return Err(Refusal::InUse(self.owner())) };
        let opened = Opened { database, snapshot: Mutex::default(), medium, ledger: Ledger::default() };
        match guarded(|| tables::begin(&opened.database)) {
            Ok(Kind::Ours(ledger)) => Ok(Opened { ledger, ..opened }),
            Ok(Kind::Foreign(what)) => {
                opened.discard();
                Err(Refusal::Foreign(what))
            }
            Err(failure) => {
                opened.discard();
                Err(failure.into())
            }
        }
    }

    /// Whether the file could be written again.
    pub(super) fn can_be_written(&self) -> bool {
        #[cfg(test)]
        if self.faults.check().is_err() {
            return false;
        }
        let file = OpenOptions::new().read(true).write(true).open(&self.path);
        file.and_then(|file| medium::has_room(&file)).is_ok()
    }

    /// Moves the file away, under a name that is free. `held` says that this process has the lock of the file.
    pub(super) fn set_aside(&self, held: bool) -> io::Result<PathBuf> {
        let file = if held { None } else { Some(self.lock()?) };
        for number in 1..=MOST_ASIDE {
            let to = self.beside(&format!(".damaged-{number}"));
            if fs::symlink_metadata(&to).is_err_and(|error| error.kind() == ErrorKind::NotFound) {
                fs::rename(&self.path, &to)?;
                drop(file);
                return Ok(to);
            }
        }
        Err(io::Error::other(format!("{MOST_ASIDE} damaged files lie beside it")))
    }

    /// Locks the file against processes that would open it, or move it away, meanwhile.
    fn lock(&self) -> io::Result<File> {
        let file = File::open(&self.path)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(io::Error::other("another process has the file")),
            Err(TryLockError::Error(error)) if error.kind() != ErrorKind::Unsupported => return Err(error),
            _ => {}
        }
        if is_at(&file, &self.path)? { Ok(file) } else { Err(io::Error::other("the file was moved away")) }
    }

    fn pid_file(&self) -> PathBuf {
        self.beside(".pid")
    }

    /// Notes which process has the file, for messages only: the lock is what counts.
    fn claim(&self) {
        let _ = fs::write(self.pid_file(), std::process::id().to_string());
    }

    /// Takes the note away.
    pub(super) fn release(&self) {
        if self.owner() == Some(std::process::id()) {
            let _ = fs::remove_file(self.pid_file());
        }
    }

    /// The process that has the file, as it has noted.
    fn owner(&self) -> Option<u32> {
        fs::read_to_string(self.pid_file()).ok()?.parse().ok()
    }
}

/// Whether a file is what a path names.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let (ours, theirs) = (file.metadata()?, fs::metadata(path));
    match theirs {
        Ok(theirs) => Ok((ours.dev(), ours.ino()) == (theirs.dev(), theirs.ino())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// An open file cannot be moved away here.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> io::Result<bool> {
    Ok(true)
}

impl Opened {
    /// The entries as of the last commit.
    pub(super) fn snapshot(&self) -> Result<Arc<Snapshot>, Failure> {
        let mut kept = self.snapshot.lock();
        if let Some(snapshot) = &*kept {
            return Ok(snapshot.clone());
        }
        // Under the lock: otherwise a commit could come in between, and what is kept would be from before it.
        let snapshot = Arc::new(Snapshot::new(tables::entries(&self.database.begin_read()?)?));
        Ok(kept.insert(snapshot).clone())
    }

    /// Has the next read see what was committed. A transaction that goes on would stop the reuse of pages.
    pub(super) fn renew_snapshot(&self) {
        *self.snapshot.lock() = None;
    }

    /// Closes it without a change to the file.
    pub(super) fn discard(self) {
        self.medium.freeze();
        let _ = guarded(|| {
            drop(self.snapshot);
            drop(self.database);
            Ok(())
        });
    }

    /// Closes it for good: all is on the disk then.
    pub(super) fn close(self) -> Result<(), Failure> {
        self.medium.set_syncs(true);
        guarded(|| {
            self.medium.sync()?;
            drop(self.snapshot);
            self.database.close()?;
            Ok(self.medium.sync()?)
        })
    }
}

impl Refusal {
    pub(super) fn error(&self, place: &Place) -> StoreError {
        let name = place.name();
        match self {
            Self::InUse(owner) => {
                let own = std::process::id();
                let who = match owner {
                    Some(owner) if *owner == own => "this process has it open already".into(),
                    Some(owner) => format!("process {owner} has it, by what it has noted"),
                    None => "which process has it is not known".into(),
                };
                StoreError::new(StoreErrorKind::InUse, format!("{name}: the file is in use: {who}"))
            }
            Self::Foreign(what) => {
                StoreError::new(StoreErrorKind::Refused, format!("{name}: the file is left alone: {what}"))
            }
            Self::Failure(failure) => failure.error(&name),
        }
    }

    /// What follows for a store that had the file open before.
    pub(super) fn failure(self) -> Failure {
        match self {
            Self::InUse(_) => Failure::Broken("another process has taken the file".into()),
            Self::Foreign(what) => Failure::Broken(what),
            Self::Failure(failure) => failure,
        }
    }
}
