//! A store on disk, in one file.

mod core;
mod event;
mod failure;
mod file;
mod medium;
mod queue;
mod recency;
mod record;
mod snapshot;
mod tables;
#[cfg(test)]
mod tests;
mod writer;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use bytes::Bytes;

use self::core::{Core, Settings, begin};
pub use self::event::DiskEvent;
use self::event::Listener;
use self::file::Place;
use self::queue::Request;
use self::writer::Writer;
use super::{Answer, Counter, Outcome, Scan, Store, StoreError, StoreErrorKind, Stored, Write, rules};

/// A store in one file, which outlives the process. It needs the feature `disk`.
///
/// ```
/// use cache_core::store::{DiskStore, Store, Write};
///
/// # futures::executor::block_on(async {
/// # let path = std::env::temp_dir().join(format!("cache-core-doc-{}.redb", std::process::id()));
/// let store = DiskStore::open(&path)?;
/// store.write(&[Write::put("key".into(), "value".into(), None)]).await?;
/// store.close().await?;
///
/// let store = DiskStore::open(&path)?;
/// let found = store.read(&["key".into()]).await?;
/// assert_eq!(found[0].as_ref().unwrap().bytes, "value");
/// # drop(store);
/// # std::fs::remove_file(&path).unwrap();
/// # Ok::<(), cache_core::store::StoreError>(())
/// # }).unwrap();
/// ```
///
/// # What survives what
///
/// - What was acknowledged survives the end of the process, however it ends: a panic, `kill -9`, an exit without
///   [`close`](Store::close).
/// - After a loss of power, or a crash of the system, the file holds what it held at its last sync, or at some moment
///   after that. The thread syncs after [`sync_interval`](DiskBuilder::sync_interval) at the latest, a second by
///   default. The file may also have become unusable, since later writes were in any order on their way to the disk.
///   Then it is set aside, and the store begins empty.
/// - A removal that is not conditional, and a number that was raised, are acknowledged only after a sync. So what was
///   invalidated does not come back. This takes as long as the disk needs to sync: a few milliseconds, or some tenths
///   of one on a fast disk. All that are asked for meanwhile share the next sync.
///
/// # Cost
///
/// A read is carried out on the thread that asks for it, and its answer is ready at once: a few microseconds if the
/// part of the file is in memory. Writes are queued for a thread of the store, which carries out all that wait in one
/// transaction, and are answered after its commit: some tens of microseconds. If 1024 requests or 64 MiB wait, others
/// wait until there is room. A write whose answer is dropped after it was polled may be carried out or not.
///
/// # Bounds
///
/// The file holds at most [`capacity`](DiskBuilder::capacity) bytes of keys, values and what belongs to them, which
/// may take about twice that on the disk. Expired entries go first. Then an old entry goes that was not read lately;
/// what was read lately is known until the store is closed. When most of the file has become unused, and what is left
/// is small, the space is given back while nothing is asked for. Reads that come during this wait, without blocking
/// their thread.
///
/// # When something is wrong
///
/// - A file that is damaged is moved aside: `cache.redb` becomes `cache.redb.damaged-1`, and so on. It is never
///   deleted. The store goes on with a new file. This is noticed when the file is opened, or when a damaged part is
///   read. The database may panic there. The panic is caught, but its message is printed on standard error, and where
///   panics abort the process, it ends: there, the whole file is checked when it is opened, unless
///   [`check`](DiskBuilder::check) says otherwise.
/// - If the disk is full or the file is read-only, writes are refused with [`StoreErrorKind::Full`] or
///   [`StoreErrorKind::Refused`], and reads go on. A later write tries about once a second whether this has changed.
/// - [`on_event`](DiskBuilder::on_event) tells of all this.
///
/// # Processes
///
/// One process has the file at a time, by a lock of the file. Another one that opens it gets
/// [`StoreErrorKind::InUse`]. A small file `cache.redb.pid` says which process has it, for that message only.
///
/// A child of `fork` does not have the store's thread. Its requests are answered with
/// [`StoreErrorKind::Unavailable`], and it does not touch the file. It keeps the lock of the file as long as it lives,
/// if its parent is killed.
///
/// # Within a test scope
///
/// Entries expire by the clock of the [scope](crate::testing) in which the store was opened. Syncs, and the search for
/// expired entries while nothing is asked for, follow real time.
pub struct DiskStore {
    core: Arc<Core>,
    thread: Option<JoinHandle<()>>,
}

/// How a [`DiskStore`] is opened: see [`DiskStore::builder`].
#[derive(Clone)]
pub struct DiskBuilder {
    path: PathBuf,
    capacity: u64,
    sync_interval: Duration,
    memory: usize,
    check: bool,
    listener: Listener,
}

impl fmt::Debug for DiskBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DiskBuilder")
            .field("path", &self.path)
            .field("capacity", &self.capacity)
            .field("sync_interval", &self.sync_interval)
            .field("memory", &self.memory)
            .field("check", &self.check)
            .finish_non_exhaustive()
    }
}

impl DiskBuilder {
    /// The most bytes that the store holds: 1 GiB by default.
    #[must_use]
    pub fn capacity(mut self, bytes: u64) -> Self {
        self.capacity = bytes;
        self
    }

    /// After what time at the latest the file is synced: a second by default. With a duration of zero, each write is
    /// acknowledged after a sync.
    #[must_use]
    pub fn sync_interval(mut self, interval: Duration) -> Self {
        self.sync_interval = interval;
        self
    }

    /// How many bytes of the file are kept in the memory of the process: at most 32 MiB by default. The system keeps
    /// more of it.
    #[must_use]
    pub fn memory(mut self, bytes: usize) -> Self {
        self.memory = bytes;
        self
    }

    /// Whether the whole file is read and checked each time it is opened. By default it is checked only after it was
    /// not closed, except where panics abort the process: there it is always checked.
    #[must_use]
    pub fn check(mut self, check: bool) -> Self {
        self.check = check;
        self
    }

    /// Calls this when something happens to the file. It is called by the thread that opens the store or by the
    /// store's own, which does nothing else until it returns. It must not wait for the store. A panic of it is ignored.
    #[must_use]
    pub fn on_event(mut self, listen: impl Fn(&DiskEvent) + Send + Sync + 'static) -> Self {
        self.listener = Listener::new(listen);
        self
    }

    /// Opens the store: see [`DiskStore::open`].
    ///
    /// # Errors
    ///
    /// Those of [`DiskStore::open`].
    pub fn open(self) -> Result<DiskStore, StoreError> {
        let place = Place {
            path: self.path,
            memory: self.memory,
            check: self.check,
            #[cfg(test)]
            faults: medium::Faults::default(),
        };
        let settings = Settings {
            place,
            capacity: self.capacity,
            sync_interval: self.sync_interval,
            listener: self.listener,
        };
        DiskStore::start(settings)
    }
}

impl DiskStore {
    /// Opens the store in a file, which is made if it is not there, together with its folder.
    ///
    /// This reads and writes the file on the calling thread. It takes some milliseconds, and about two seconds for
    /// each GiB of a file that was not closed: such a file is read whole.
    ///
    /// # Errors
    ///
    /// - [`StoreErrorKind::InUse`] if another process has the file, or this one.
    /// - [`StoreErrorKind::Refused`] if the file belongs to another program or to a newer version of this crate, or if
    ///   there is none and none can be made. The file is left as it is.
    /// - [`StoreErrorKind::Full`] if there is no room for a new file.
    /// - [`StoreErrorKind::Unavailable`] if the system refuses to open it for another reason.
    ///
    /// A damaged file is no error: it is set aside. Neither is a file that cannot be written: it is read.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        Self::builder(path).open()
    }

    /// Opens a store that is set up otherwise than by default.
    ///
    /// ```no_run
    /// use cache_core::store::DiskStore;
    ///
    /// let store = DiskStore::builder("./cache.redb")
    ///     .capacity(256 << 20)
    ///     .on_event(|event| eprintln!("{event}"))
    ///     .open()?;
    /// # Ok::<(), cache_core::store::StoreError>(())
    /// ```
    pub fn builder(path: impl Into<PathBuf>) -> DiskBuilder {
        DiskBuilder {
            path: path.into(),
            capacity: 1 << 30,
            sync_interval: Duration::from_secs(1),
            memory: 32 << 20,
            check: cfg!(panic = "abort"),
            listener: Listener::default(),
        }
    }

    fn start(settings: Settings) -> Result<Self, StoreError> {
        let begun = begin(&settings.place).map_err(|refusal| refusal.error(&settings.place))?;
        let core = Arc::new(Core::new(settings, begun.engine));
        core.listener.tell_all(&begun.events);
        let era = rules::random(&core.name)?;
        let writer = Writer::new(core.clone(), begun.ledger, era);
        let spawned = thread::Builder::new().name("cache-core-disk".into()).spawn(move || writer.run());
        let thread = spawned.map_err(|error| {
            let message = format!("{}: no thread can be started", core.name);
            StoreError::new(StoreErrorKind::Unavailable, message).caused_by(error)
        })?;
        Ok(Self { core, thread: Some(thread) })
    }

    /// How many entries it holds, expired ones included that are not removed yet.
    pub fn len(&self) -> u64 {
        self.core.entries.load(Ordering::Relaxed)
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many bytes it holds, as the bound counts them.
    pub fn bytes(&self) -> u64 {
        self.core.bytes.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for DiskStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DiskStore").field("path", &self.core.place.path).finish_non_exhaustive()
    }
}

impl Drop for DiskStore {
    /// Closes the store and waits for it.
    fn drop(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        if self.core.check_process().is_err() {
            // The thread is the parent's, and so is the file. A part of the store is never dropped here: the thread,
            // which does not exist, has it.
            std::mem::forget(thread);
            return;
        }
        self.core.queue.close();
        // An event may have had the last handle.
        if thread.thread().id() != thread::current().id() {
            let _ = thread.join();
        }
    }
}

impl Store for DiskStore {
    fn name(&self) -> &str {
        &self.core.name
    }

    fn read<'a>(&'a self, keys: &'a [Bytes]) -> Answer<'a, Vec<Option<Stored>>> {
        if let Err(error) = self.core.check_process() {
            return Answer::ready(Err(error));
        }
        if let Some(result) = self.core.try_read(|from, now| self.core.read_keys(from, keys, now)) {
            return Answer::ready(result);
        }
        Answer::later(self.core.read(|from, now| self.core.read_keys(from, keys, now)))
    }

    fn write<'a>(&'a self, batch: &'a [Write]) -> Answer<'a, Vec<Outcome>> {
        if let Err(error) = self.core.check(batch) {
            return Answer::ready(Err(error));
        }
        let core = &self.core;
        Answer::later(core.queue.ask(|reply| Request::Write(batch.to_vec(), reply), || core.closed()))
    }

    fn is_shared(&self) -> bool {
        false
    }

    /// A record has a checksum, which is looked at in each read.
    fn vouches_for_bytes(&self) -> bool {
        true
    }

    /// Syncs the file and closes it. What was asked for before is carried out.
    fn close(&self) -> Answer<'_, ()> {
        if let Err(error) = self.core.check_process() {
            return Answer::ready(Err(error));
        }
        Answer::later(async {
            self.core.queue.close();
            self.core.queue.ended().await
        })
    }

    fn scan(&self) -> Option<&dyn Scan> {
        Some(&*self.core)
    }

    fn counter(&self) -> Option<&dyn Counter> {
        Some(&*self.core)
    }
}
