//! What the database lies on: the file, with syncs when we say so; or the file with changes that are kept in
//! memory, while it cannot be written.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use redb::backends::FileBackend;
use redb::{BackendError, DatabaseError, StorageBackend};

use crate::sync::plain::Mutex;

/// Changes are kept in pieces of this size.
const PIECE: usize = 4096;
/// So much must fit in for a disk to count as having room again.
const ROOM: usize = 1 << 20;

/// Bytes under a database.
pub(super) struct Medium {
    file: FileBackend,
    /// Whether the database's own syncs are carried out. A database syncs at each commit, which takes milliseconds.
    /// What it has written is safe from the end of the process without that.
    syncs: AtomicBool,
    /// What is written from here on is thrown away: the database is damaged, and is left as it is.
    frozen: AtomicBool,
    /// Changes in memory, while the file cannot be written.
    overlay: Option<Mutex<Overlay>>,
    #[cfg(test)]
    faults: Faults,
}

impl fmt::Debug for Medium {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Medium").field("file", &self.file).finish_non_exhaustive()
    }
}

/// Has writes fail, in tests.
#[cfg(test)]
#[derive(Clone, Default)]
pub(super) struct Faults(Arc<Mutex<Option<ErrorKind>>>);

#[cfg(test)]
impl Faults {
    pub(super) fn set(&self, kind: Option<ErrorKind>) {
        *self.0.lock() = kind;
    }

    pub(super) fn check(&self) -> io::Result<()> {
        self.0.lock().map_or(Ok(()), |kind| Err(kind.into()))
    }
}

impl Medium {
    /// A file that is written.
    pub(super) fn writable(file: File, #[cfg(test)] faults: Faults) -> Result<Arc<Self>, DatabaseError> {
        let medium = Self {
            file: FileBackend::new(file)?,
            syncs: AtomicBool::new(true),
            frozen: AtomicBool::new(false),
            overlay: None,
            #[cfg(test)]
            faults,
        };
        Ok(Arc::new(medium))
    }

    /// A file that is only read. What the database writes to put itself in order stays in memory.
    pub(super) fn read_only(file: File) -> Result<Arc<Self>, DatabaseError> {
        let file = FileBackend::new(file)?;
        let overlay = Overlay { file_len: file.len()?, len: file.len()?, pieces: BTreeMap::new() };
        let medium = Self {
            file,
            syncs: AtomicBool::new(false),
            frozen: AtomicBool::new(false),
            overlay: Some(Mutex::new(overlay)),
            #[cfg(test)]
            faults: Faults::default(),
        };
        Ok(Arc::new(medium))
    }

    pub(super) fn set_syncs(&self, syncs: bool) {
        self.syncs.store(syncs, Ordering::Relaxed);
    }

    pub(super) fn freeze(&self) {
        self.frozen.store(true, Ordering::Relaxed);
    }

    /// Waits until all that was written is on the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        if self.overlay.is_some() || self.is_frozen() {
            return Ok(());
        }
        self.file.sync_data()
    }

    /// The length of the file, as the database sees it.
    pub(super) fn size(&self) -> io::Result<u64> {
        match &self.overlay {
            Some(overlay) => Ok(overlay.lock().len),
            None => self.file.len(),
        }
    }

    fn is_frozen(&self) -> bool {
        self.frozen.load(Ordering::Relaxed)
    }
}

/// Finds out whether a file can grow, and leaves it as it was.
pub(super) fn has_room(file: &File) -> io::Result<()> {
    use std::io::{Seek, SeekFrom, Write};
    let len = file.metadata()?.len();
    let mut end = file;
    end.seek(SeekFrom::Start(len))?;
    let written = end.write_all(&vec![0; ROOM]).and_then(|()| file.sync_data());
    file.set_len(len)?;
    written
}

/// A file and changes of it.
struct Overlay {
    /// So much of the file is still seen.
    file_len: u64,
    len: u64,
    pieces: BTreeMap<u64, Box<[u8]>>,
}

/// The pieces that a range touches: the number of each, and where the part in it begins and ends.
fn pieces(offset: u64, len: usize) -> impl Iterator<Item = (u64, usize, usize)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        if done == len {
            return None;
        }
        let at = offset + done as u64;
        // The remainder is less than a piece.
        let begin = usize::try_from(at % PIECE as u64).unwrap_or_default();
        let end = PIECE.min(begin + len - done);
        done += end - begin;
        Some((at / PIECE as u64, begin, end))
    })
}

impl Overlay {
    fn read(&self, file: &FileBackend, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if offset.checked_add(out.len() as u64).is_none_or(|end| end > self.len) {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let seen = self.file_len.saturating_sub(offset).min(out.len() as u64);
        // It is at most the length of a slice.
        let seen = usize::try_from(seen).unwrap_or_default();
        file.read(offset, &mut out[..seen])?;
        out[seen..].fill(0);
        let mut done = 0;
        for (number, begin, end) in pieces(offset, out.len()) {
            let part = &mut out[done..done + (end - begin)];
            if let Some(piece) = self.pieces.get(&number) {
                part.copy_from_slice(&piece[begin..end]);
            }
            done += end - begin;
        }
        Ok(())
    }

    fn write(&mut self, file: &FileBackend, offset: u64, data: &[u8]) -> io::Result<()> {
        if offset.checked_add(data.len() as u64).is_none_or(|end| end > self.len) {
            return Err(ErrorKind::InvalidInput.into());
        }
        let mut done = 0;
        for (number, begin, end) in pieces(offset, data.len()) {
            let part = &data[done..done + (end - begin)];
            done += part.len();
            if let Some(piece) = self.pieces.get_mut(&number) {
                piece[begin..end].copy_from_slice(part);
                continue;
            }
            let mut piece = vec![0; PIECE].into_boxed_slice();
            let start = number * PIECE as u64;
            let there = self.len.saturating_sub(start).min(PIECE as u64);
            self.read(file, start, &mut piece[..usize::try_from(there).unwrap_or_default()])?;
            piece[begin..end].copy_from_slice(part);
            self.pieces.insert(number, piece);
        }
        Ok(())
    }

    /// What is cut off is not seen again if the length grows later.
    fn set_len(&mut self, len: u64) {
        if len < self.len {
            self.file_len = self.file_len.min(len);
            let cut = self.pieces.split_off(&len.div_ceil(PIECE as u64));
            drop(cut);
            let kept = usize::try_from(len % PIECE as u64).unwrap_or_default();
            if let Some(last) = self.pieces.get_mut(&(len / PIECE as u64)) {
                last[kept..].fill(0);
            }
        }
        self.len = len;
    }
}

/// The same, as a database takes it.
#[derive(Debug)]
pub(super) struct Backend(pub(super) Arc<Medium>);

impl Backend {
    /// A file that is only read is not locked by ranges, which would need the right to write. Who opens it has locked
    /// it as a whole.
    fn locks<T>(
        &self,
        lock: impl FnOnce(&FileBackend) -> Result<T, BackendError>,
    ) -> Result<T, BackendError> {
        if self.0.overlay.is_some() { Err(BackendError::Unsupported) } else { lock(&self.0.file) }
    }
}

impl StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        self.0.size()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        match &self.0.overlay {
            Some(overlay) => overlay.lock().read(&self.0.file, offset, out),
            None => self.0.file.read(offset, out),
        }
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        if self.0.is_frozen() {
            return Ok(());
        }
        if let Some(overlay) = &self.0.overlay {
            overlay.lock().set_len(len);
            return Ok(());
        }
        #[cfg(test)]
        self.0.faults.check()?;
        self.0.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        if self.0.syncs.load(Ordering::Relaxed) { self.0.sync() } else { Ok(()) }
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        if self.0.is_frozen() {
            return Ok(());
        }
        if let Some(overlay) = &self.0.overlay {
            return overlay.lock().write(&self.0.file, offset, data);
        }
        #[cfg(test)]
        self.0.faults.check()?;
        self.0.file.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.0.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.locks(|file| file.try_lock_range(start, end))
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.locks(|file| file.try_lock_shared_range(start, end))
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.locks(|file| file.lock_range(start, end))
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.locks(|file| file.lock_shared_range(start, end))
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.locks(|file| file.unlock_range(start, end))
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.locks(|file| file.query_lock_range(start, end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::disk::tests::Folder;

    /// An overlay reads as a plain array of bytes does that is written, cut and grown alike.
    #[test]
    fn an_overlay_reads_what_was_written_and_leaves_the_file_alone() {
        let folder = Folder::new();
        let path = folder.path("file");
        let original: Vec<u8> = (0..20_000_u32).map(|at| (at % 251) as u8).collect();
        std::fs::write(&path, &original).unwrap();
        let backend = Backend(Medium::read_only(File::open(&path).unwrap()).unwrap());
        let mut model = original.clone();
        let mut random = fastrand::Rng::with_seed(3);
        for _ in 0..2000 {
            if random.u8(..20) == 0 {
                let len = random.usize(1..30_000);
                backend.set_len(len as u64).unwrap();
                model.resize(len, 0);
            }
            let begin = random.usize(..model.len());
            let end = random.usize(begin..=model.len().min(begin + 9000));
            if random.bool() {
                let data = vec![random.u8(..); end - begin];
                backend.write(begin as u64, &data).unwrap();
                model[begin..end].copy_from_slice(&data);
            }
            let mut out = vec![7; end - begin];
            backend.read(begin as u64, &mut out).unwrap();
            assert_eq!(out, model[begin..end]);
            assert_eq!(backend.len().unwrap(), model.len() as u64);
            assert!(backend.read(model.len() as u64, &mut [0]).is_err());
        }
        assert_eq!(std::fs::read(&path).unwrap(), original);
    }
}
