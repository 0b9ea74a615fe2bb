//! A cache in a file, beside the database that the file is.

use std::cell::Cell;
use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use cache_core::store::{Cache, DiskStore};

use super::page::{Coded, KIB, Page, SIZES, count, drawn, expect, keys};
use super::pairs::{Pair, Section, Unit, calls};
use super::raw::{Raw, Safety};
use crate::Outcome;

/// How many keys are asked for at once.
const MANY: usize = 100;
/// Threads that insert at once, and how many inserts they make together.
const THREADS: usize = 8;
const BURST: usize = 400;

/// How long a request may take: under valgrind, filling a store takes long.
const PATIENCE: Duration = Duration::from_mins(1);

/// A folder for the files, which goes with this.
pub(crate) struct Folder {
    path: PathBuf,
    /// How many files were named.
    files: Cell<u32>,
}

impl Folder {
    pub(crate) fn new() -> Result<Self, Box<dyn Error>> {
        let path = std::env::temp_dir().join(format!("cache-core-stores-{}", std::process::id()));
        fs::create_dir_all(&path)?;
        Ok(Self { path, files: Cell::new(0) })
    }

    /// A path for a new file.
    fn file(&self) -> PathBuf {
        self.files.update(|files| files + 1);
        self.path.join(format!("{}.redb", self.files.get()))
    }

    /// A cache in a new file.
    pub(crate) fn cache(&self, coded: Coded) -> Result<Cache, Box<dyn Error>> {
        let store = DiskStore::open(self.file())?;
        Ok(Cache::builder(store).codec(coded.codec()).timeout(PATIENCE).build()?)
    }

    fn raw(&self, safety: Safety, coded: Coded) -> Result<Raw, Box<dyn Error>> {
        Raw::new(&self.file(), safety, coded)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Pages of one size in one codec, with a cache and a database that hold all of them.
#[derive(Clone)]
struct Filled {
    keys: Arc<[String]>,
    pages: Arc<[Page]>,
    cache: Cache,
    raw: Arc<Raw>,
}

impl Filled {
    fn new(folder: &Folder, size: usize, coded: Coded) -> Result<Self, Box<dyn Error>> {
        let (cache, raw) = (folder.cache(coded)?, folder.raw(Safety::Process, coded)?);
        Self::with(size, cache, raw)
    }

    fn with(size: usize, cache: Cache, raw: Raw) -> Result<Self, Box<dyn Error>> {
        let keys: Arc<[String]> = keys(count(size)).into();
        let pages: Arc<[Page]> = (0..keys.len()).map(|id| Page::new(id, size)).collect();
        cache.insert_many(keys.iter().zip(&*pages)).wait()?;
        for (key, page) in keys.iter().zip(&*pages) {
            raw.insert(key, page)?;
        }
        Ok(Self { keys, pages, cache, raw: Arc::new(raw) })
    }

    fn drawn(&self, call: usize) -> (usize, &String, &Page) {
        let id = drawn(call, self.keys.len());
        (id, &self.keys[id], &self.pages[id])
    }

    fn get(&self, call: usize) -> Outcome {
        let (id, key, _) = self.drawn(call);
        expect(self.cache.get(key).wait()?.as_ref(), id)
    }

    fn get_raw(&self, call: usize) -> Outcome {
        let (id, key, _) = self.drawn(call);
        expect(self.raw.get(key)?.as_ref(), id)
    }

    fn insert(&self, call: usize) -> Outcome {
        let (_, key, page) = self.drawn(call);
        Ok(self.cache.insert(key, page).wait()?)
    }

    fn insert_raw(&self, call: usize) -> Outcome {
        let (_, key, page) = self.drawn(call);
        self.raw.insert(key, page)
    }

    fn get_many(&self, _: usize) -> Outcome {
        let keys = &self.keys[..MANY];
        expect_all(&self.cache.get_many(keys).wait()?)
    }

    fn get_many_raw(&self, _: usize) -> Outcome {
        expect_all(&self.raw.get_many(self.keys[..MANY].iter())?)
    }

    /// A pair of these.
    fn pair(
        &self,
        name: String,
        ours: fn(&Self, usize) -> Outcome,
        raw: fn(&Self, usize) -> Outcome,
    ) -> Pair {
        let (of_ours, of_raw) = (self.clone(), self.clone());
        Pair::new(name, calls(move |call| ours(&of_ours, call)), calls(move |call| raw(&of_raw, call)))
    }
}

fn expect_all(pages: &[Option<Page>]) -> Outcome {
    pages.iter().enumerate().try_for_each(|(id, page)| expect(page.as_ref(), id))
}

/// A table with a row for each size and codec, and the noise of each size.
fn by_size_and_codec(
    mut section: Section,
    folder: &Folder,
    ours: fn(&Filled, usize) -> Outcome,
    raw: fn(&Filled, usize) -> Outcome,
) -> Result<Section, Box<dyn Error>> {
    for (size, size_name) in SIZES {
        for coded in Coded::ALL {
            let filled = Filled::new(folder, size, coded)?;
            section.add(filled.pair(format!("{size_name}, {}", coded.name()), ours, raw));
            if matches!(coded, Coded::Json) {
                section.add(filled.pair(format!("noise, {size_name}"), raw, raw));
            }
        }
    }
    Ok(section)
}

/// One get.
pub(crate) fn get(folder: &Folder, size: usize) -> Result<Pair, Box<dyn Error>> {
    Ok(Filled::new(folder, size, Coded::Json)?.pair(String::new(), Filled::get, Filled::get_raw))
}

/// A get of many keys.
pub(crate) fn get_many(folder: &Folder, size: usize) -> Result<Pair, Box<dyn Error>> {
    Ok(Filled::new(folder, size, Coded::Json)?.pair(String::new(), Filled::get_many, Filled::get_many_raw))
}

pub(crate) fn gets(folder: &Folder) -> Result<Section, Box<dyn Error>> {
    let section = Section::new(
        "On disk, get: `Cache` over `DiskStore`, beside redb: a transaction that reads one key, and the codec.",
        ["cache", "redb"],
        Unit::Micros,
    );
    by_size_and_codec(section, folder, Filled::get, Filled::get_raw)
}

pub(crate) fn gets_of_many(folder: &Folder) -> Result<Section, Box<dyn Error>> {
    let section = Section::new(
        "On disk, get_many of 100 keys, beside redb: 100 gets in one transaction, and the codec.",
        ["cache", "redb"],
        Unit::Micros,
    );
    by_size_and_codec(section, folder, Filled::get_many, Filled::get_many_raw)
}

pub(crate) fn inserts(folder: &Folder) -> Result<Section, Box<dyn Error>> {
    let section = Section::new(
        "On disk, an insert that replaces a value, beside redb: the codec and a transaction, which is not synced. \
         Both survive the end of the process; ours is synced once a second, and is evicted, expires and is \
         invalidated.",
        ["cache", "redb"],
        Unit::Micros,
    );
    by_size_and_codec(section, folder, Filled::insert, Filled::insert_raw)
}

/// What inserts cost that are safe from more or less.
pub(crate) fn safety(folder: &Folder) -> Result<Section, Box<dyn Error>> {
    let mut section = Section::new(
        "On disk, inserts of 1 KiB as JSON: what they survive when they have returned.",
        ["cache", "redb"],
        Unit::Micros,
    );
    let coded = Coded::Json;
    let raw = |safety| folder.raw(safety, coded);
    let filled = Filled::with(KIB, folder.cache(coded)?, raw(Safety::Nothing)?)?;
    let name = "ours the end of the process, redb nothing (Durability::None)";
    section.add(filled.pair(name.into(), Filled::insert, Filled::insert_raw));

    let store = DiskStore::builder(folder.file()).sync_interval(Duration::ZERO).open()?;
    let synced = Cache::builder(store).codec(coded.codec()).build()?;
    let filled = Filled::with(KIB, synced, raw(Safety::Power)?)?;
    let name = "both a loss of power (sync_interval of zero, Durability::Immediate)";
    section.add(filled.pair(name.into(), Filled::insert, Filled::insert_raw));

    let filled = Filled::new(folder, KIB, coded)?;
    let of_raw = filled.clone();
    // The numbers of calls do not repeat, so each is a new key.
    let ours = calls(move |call| Ok(filled.cache.insert(call, &filled.pages[call % MANY]).wait()?));
    let raw = calls(move |call| of_raw.raw.insert(&format!("new:{call}"), &of_raw.pages[call % MANY]));
    section.add(Pair::new("both the end of the process, a new key", ours, raw));
    Ok(section)
}

/// Inserts by several threads, whose writes go into the same transactions.
pub(crate) fn threads(folder: &Folder) -> Result<Section, Box<dyn Error>> {
    let mut section = Section::new(
        "On disk, 400 inserts of 1 KiB as JSON by 8 threads at once, beside the same by one thread.",
        ["8 threads", "1 thread"],
        Unit::Micros,
    );
    let filled = Filled::new(folder, KIB, Coded::Json)?;
    let ways: [(_, fn(&Filled, usize) -> Outcome); 2] =
        [("cache", Filled::insert), ("redb", Filled::insert_raw)];
    for (name, insert) in ways {
        let (by_many, by_one) = (filled.clone(), filled.clone());
        let together = calls(move |call| by_threads(|number| insert(&by_many, call * BURST + number)));
        let alone =
            calls(move |call| (0..BURST).try_for_each(|number| insert(&by_one, call * BURST + number)));
        section.add(Pair::new(name, together, alone));
    }
    Ok(section)
}

/// Makes as many calls as a burst has, on several threads.
fn by_threads(call: impl Fn(usize) -> Outcome + Sync) -> Outcome {
    let part = |thread: usize| {
        let mut own = (thread..BURST).step_by(THREADS);
        own.try_for_each(&call).map_err(|error| error.to_string())
    };
    thread::scope(|scope| {
        let part = &part;
        let threads: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || part(thread))).collect();
        for thread in threads {
            thread.join().map_err(|_| "a thread panicked")??;
        }
        Ok(())
    })
}
