//! The database that a store on disk is built on, used by hand.

use std::error::Error;
use std::fs::OpenOptions;
use std::io;
use std::path::Path;

use redb::backends::FileBackend;
use redb::{Builder, Database, Durability, ReadableDatabase, StorageBackend, TableDefinition};

use super::page::{Coded, Page};
use crate::Outcome;

const PAGES: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("pages");

/// How many bytes of the file are kept in memory: as many as a store does.
const MEMORY: usize = 32 << 20;

/// What an insert that has returned survives.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Safety {
    /// Nothing: a later commit has to write it.
    Nothing,
    /// The end of the process, as with a store.
    Process,
    /// A loss of power.
    Power,
}

pub(crate) struct Raw {
    database: Database,
    safety: Safety,
    coded: Coded,
}

/// A file that is not synced at each commit.
#[derive(Debug)]
struct Unsynced(FileBackend);

impl StorageBackend for Unsynced {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.0.close()
    }
}

impl Raw {
    /// A new database at a path.
    pub(crate) fn new(path: &Path, safety: Safety, coded: Coded) -> Result<Self, Box<dyn Error>> {
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(path)?;
        let file = FileBackend::new(file)?;
        let mut builder = Builder::new();
        builder.set_cache_size(MEMORY);
        let database = match safety {
            Safety::Process => builder.create_with_backend(Unsynced(file))?,
            Safety::Nothing | Safety::Power => builder.create_with_backend(file)?,
        };
        Ok(Self { database, safety, coded })
    }

    pub(crate) fn insert(&self, key: &str, page: &Page) -> Outcome {
        let bytes = self.coded.encode(page)?;
        let mut transaction = self.database.begin_write()?;
        if self.safety == Safety::Nothing {
            transaction.set_durability(Durability::None)?;
        }
        transaction.open_table(PAGES)?.insert(key.as_bytes(), &bytes[..])?;
        Ok(transaction.commit()?)
    }

    /// The pages of some keys, read in one transaction and put into a list.
    pub(crate) fn get_many<'k>(
        &self,
        keys: impl Iterator<Item = &'k String>,
    ) -> Result<Vec<Option<Page>>, Box<dyn Error>> {
        let table = self.database.begin_read()?.open_table(PAGES)?;
        keys.map(|key| {
            let found = table.get(key.as_bytes())?;
            found.map(|bytes| self.coded.decode(bytes.value())).transpose()
        })
        .collect()
    }

    pub(crate) fn get(&self, key: &str) -> Result<Option<Page>, Box<dyn Error>> {
        let table = self.database.begin_read()?.open_table(PAGES)?;
        let found = table.get(key.as_bytes())?;
        found.map(|bytes| self.coded.decode(bytes.value())).transpose()
    }
}
