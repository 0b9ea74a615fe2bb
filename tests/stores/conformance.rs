//! The public checks pass for the stores of this crate, and find what is wrong with others.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cache_core::store::{
    Action, Answer, Condition, Counter, DiskStore, MemoryStore, NullStore, Outcome, Scan, Store, Stored,
    TieredStore, Write,
};
use cache_core::testing::{Scope, ScriptedStore, conformance};

use super::Folder;

#[test]
fn a_memory_store_conforms() {
    let scope = Scope::new();
    let _inside = scope.enter();
    conformance::check(&MemoryStore::new(), |by| scope.advance(by));
    conformance::check(&MemoryStore::with_capacity(64 << 20), |by| scope.advance(by));
}

#[test]
fn a_disk_store_conforms() {
    let folder = Folder::new();
    let scope = Scope::new();
    let _inside = scope.enter();
    let store = DiskStore::open(folder.path("cache.redb")).unwrap();
    conformance::check(&store, |by| scope.advance(by));
}

#[test]
fn two_stores_as_one_conform() {
    let folder = Folder::new();
    let scope = Scope::new();
    let _inside = scope.enter();
    let disk = DiskStore::open(folder.path("cache.redb")).unwrap();
    let store = TieredStore::new(Arc::new(MemoryStore::with_capacity(4096)), Arc::new(disk)).unwrap();
    conformance::check(&store, |by| scope.advance(by));
}

#[test]
fn a_scripted_store_conforms() {
    let scope = Scope::new();
    let _inside = scope.enter();
    conformance::check(&ScriptedStore::new(), |by| scope.advance(by));
}

#[test]
fn stores_conform_by_the_clock_of_the_system() {
    let folder = Folder::new();
    let slack = Duration::from_millis(150);
    let disk = DiskStore::open(folder.path("cache.redb")).unwrap();
    conformance::Suite::new(&disk, std::thread::sleep).slack(slack).check();
    conformance::Suite::new(&MemoryStore::new(), std::thread::sleep).slack(slack).check();
}

/// A store that does one thing wrong.
struct Wrong {
    store: MemoryStore,
    fault: Fault,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    ForgetsTtl,
    CutsKeys,
    IgnoresConditions,
    SaysNothingOfWhatIsThere,
    TouchPuts,
    RoundsDown,
    StaysOpen,
    ReordersReads,
    ScansAll,
    DropsEmptyValues,
}

impl Wrong {
    fn key(&self, key: &Bytes) -> Bytes {
        match self.fault {
            Fault::CutsKeys => key.slice(..key.len().min(250)),
            _ => key.clone(),
        }
    }

    fn changed(&self, write: &Write) -> Write {
        let mut write = write.clone();
        write.key = self.key(&write.key);
        if self.fault == Fault::IgnoresConditions && matches!(write.condition, Condition::IfVersion(_)) {
            write.condition = Condition::IfPresent;
        }
        match &mut write.action {
            Action::Put { ttl, .. } if self.fault == Fault::ForgetsTtl => *ttl = None,
            Action::Put { ttl: Some(ttl), .. } if self.fault == Fault::RoundsDown => {
                *ttl = Duration::from_millis(u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX));
            }
            _ => {}
        }
        if let Action::Touch { ttl } = write.action
            && self.fault == Fault::TouchPuts
            && let Some(found) =
                self.store.read(std::slice::from_ref(&write.key)).now().unwrap().unwrap().remove(0)
        {
            self.store.write(&[Write::put(write.key.clone(), found.bytes, ttl)]).now().unwrap().unwrap();
        }
        write
    }
}

impl Store for Wrong {
    fn name(&self) -> &'static str {
        "wrong:"
    }

    fn read<'a>(&'a self, keys: &'a [Bytes]) -> Answer<'a, Vec<Option<Stored>>> {
        let keys: Vec<Bytes> = keys.iter().map(|key| self.key(key)).collect();
        let mut found = self.store.read(&keys).now().unwrap();
        if let Ok(found) = &mut found {
            if self.fault == Fault::ReordersReads {
                found.reverse();
            }
            if self.fault == Fault::DropsEmptyValues {
                for found in found {
                    *found = found.take().filter(|found| !found.bytes.is_empty());
                }
            }
        }
        Answer::ready(found)
    }

    fn write<'a>(&'a self, batch: &'a [Write]) -> Answer<'a, Vec<Outcome>> {
        let batch: Vec<Write> = batch.iter().map(|write| self.changed(write)).collect();
        let mut outcomes = self.store.write(&batch).now().unwrap();
        if let (Ok(outcomes), Fault::SaysNothingOfWhatIsThere) = (&mut outcomes, self.fault) {
            for outcome in outcomes {
                if matches!(outcome, Outcome::Refused(_)) {
                    *outcome = Outcome::Refused(None);
                }
            }
        }
        Answer::ready(outcomes)
    }

    fn close(&self) -> Answer<'_, ()> {
        if self.fault == Fault::StaysOpen { Answer::ready(Ok(())) } else { self.store.close() }
    }

    fn scan(&self) -> Option<&dyn Scan> {
        if self.fault == Fault::ScansAll { Some(self) } else { self.store.scan() }
    }

    fn counter(&self) -> Option<&dyn Counter> {
        self.store.counter()
    }
}

impl Scan for Wrong {
    fn keys<'a>(&'a self, _: &'a [u8], from: Option<Bytes>) -> Answer<'a, (Vec<Bytes>, Option<Bytes>)> {
        self.store.scan().unwrap().keys(b"", from)
    }
}

/// What the checks say of a store, if they find something wrong.
fn complaint(store: &dyn Store, scope: &Scope) -> Option<String> {
    let panic = catch_unwind(AssertUnwindSafe(|| conformance::check(store, |by| scope.advance(by)))).err()?;
    Some(panic.downcast_ref::<String>().cloned().unwrap_or_default())
}

#[test]
fn each_fault_is_found_and_named() {
    let scope = Scope::new();
    let _inside = scope.enter();
    for (fault, rule) in [
        (Fault::ForgetsTtl, "what has a ttl is absent once that has passed"),
        (Fault::CutsKeys, "each key has its own value"),
        (Fault::IgnoresConditions, "nothing is changed"),
        (Fault::SaysNothingOfWhatIsThere, "it is refused, with what is there after `IfAbsent`"),
        (Fault::TouchPuts, "it is carried out, and its outcome says so"),
        (Fault::RoundsDown, "a ttl is rounded up"),
        (Fault::ReordersReads, "each key has its own value"),
        (Fault::ScansAll, "a scan finds the keys with the prefix, and no others"),
        (Fault::DropsEmptyValues, "a value of 0 bytes is read as it was put"),
    ] {
        let said = complaint(&Wrong { store: MemoryStore::new(), fault }, &scope);
        let said = said.unwrap_or_else(|| panic!("{fault:?} was not found"));
        assert!(said.starts_with("the store \"wrong:\": ") && said.contains(rule), "{fault:?}: {said}");
    }
    let nothing_to_close = Wrong { store: MemoryStore::new(), fault: Fault::StaysOpen };
    assert_eq!(complaint(&nothing_to_close, &scope), None, "that is no fault");
    let said = complaint(&NullStore::new(), &scope).unwrap();
    assert!(said.contains("a put is read again"), "{said}");
}
