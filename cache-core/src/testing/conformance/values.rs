//! What is put is read again: values and keys of all kinds, batches, scans, and the end.

use std::collections::HashSet;

use bytes::Bytes;

use super::Suite;
use crate::background::block_on;
use crate::store::{Outcome, StoreErrorKind, Write};

/// More than one page of any store.
const MANY: usize = 1000;

impl Suite<'_> {
    #[track_caller]
    pub(super) fn check_values(&self) {
        let key = self.key("value");
        self.expect(self.read(&key).is_none(), "a key that was never put is absent", &self.read(&key));
        let version = self.put(&key, "one", None);
        let found = self.read(&key);
        let is_right = found.as_ref().is_some_and(|found| found.bytes == "one" && found.version == version);
        self.expect(is_right, "a put is read again, with its bytes and its version", &found);
        let kept = found.and_then(|found| found.remaining);
        self.expect(kept.is_none(), "what was put without a ttl has no end", &kept);
        self.put(&key, "two", None);
        self.expect(
            self.bytes(&key).as_deref() == Some(b"two"),
            "a later put replaces the bytes",
            &self.bytes(&key),
        );
        let removed = [Write::remove(key.clone()), Write::remove(key.clone())].map(|write| self.write(write));
        let expected = [Outcome::Removed(true), Outcome::Removed(false)];
        self.expect(removed == expected, "a removal says whether the key was present", &removed);
        self.expect(self.read(&key).is_none(), "what was removed is absent", &self.read(&key));

        self.check_bytes_of_values();
        self.check_keys();
        self.check_batches();
    }

    #[track_caller]
    fn check_bytes_of_values(&self) {
        let all: Vec<u8> = (0..=255).collect();
        let large = (0..self.largest).map(|at| u8::try_from(at % 251).unwrap_or_default()).collect();
        for value in [Vec::new(), vec![0], b"\r\n".to_vec(), all, large] {
            let key = self.key("bytes");
            self.put(&key, value.clone(), None);
            let found = self.bytes(&key);
            let length = found.as_ref().map(Bytes::len);
            let rule = format!("a value of {} bytes is read as it was put", value.len());
            self.expect(found.as_deref() == Some(&value[..]), &rule, &length);
            self.write(Write::remove(key));
        }
    }

    #[track_caller]
    fn check_keys(&self) {
        let mut keys: Vec<Bytes> = [
            &b""[..],
            b"a",
            b"A",
            b"a ",
            b" a",
            b"a\0",
            b"a\0b",
            b"a\r\nb",
            b"\xff\xfe",
            "gr\u{fc}n \u{1f408}".as_bytes(),
        ]
        .into_iter()
        .map(|name| self.key([b"key ", name].concat()))
        .collect();
        let own = self.key("key long ").len();
        for (last, length) in [(b'x', 251), (b'y', 251), (b'x', self.longest_key), (b'y', self.longest_key)] {
            if own < length && length <= self.longest_key {
                let mut name = b"key long ".to_vec();
                name.resize(name.len() + length - own - 1, b'.');
                name.push(last);
                keys.push(self.key(name));
            }
        }
        for (number, key) in keys.iter().enumerate() {
            self.put(key, number.to_string(), None);
        }
        for (number, (key, found)) in keys.iter().zip(self.read_all(&keys)).enumerate() {
            let is_own = found.as_ref().is_some_and(|found| found.bytes == number.to_string());
            let start = &key[self.prefix.len()..key.len().min(self.prefix.len() + 40)];
            let rule = format!(
                "each key has its own value: {:?}, {} bytes",
                Bytes::copy_from_slice(start),
                key.len()
            );
            self.expect(is_own, &rule, &found);
        }
        self.write_all(&keys.into_iter().map(Write::remove).collect::<Vec<_>>());
    }

    #[track_caller]
    fn check_batches(&self) {
        self.expect(self.read_all(&[]).is_empty(), "no keys have no values", &());
        self.expect(self.write_all(&[]).is_empty(), "no writes have no outcomes", &());
        let keys: Vec<Bytes> = (0..100).map(|number| self.key(format!("batch {number}"))).collect();
        let odd = |number: &usize| number % 2 == 1;
        let puts = (0..100).filter(odd).map(|n| Write::put(keys[n].clone(), n.to_string().into(), None));
        self.write_all(&puts.collect::<Vec<_>>());
        let mut backwards: Vec<(usize, Bytes)> = keys.iter().cloned().enumerate().collect();
        backwards.reverse();
        // One key may be asked for twice.
        backwards.push(backwards[0].clone());
        let asked: Vec<Bytes> = backwards.iter().map(|(_, key)| key.clone()).collect();
        for ((number, _), found) in backwards.iter().zip(self.read_all(&asked)) {
            let expected = odd(number).then(|| number.to_string());
            let found = found.map(|found| found.bytes);
            let is_right = found.as_deref() == expected.as_deref().map(str::as_bytes);
            self.expect(is_right, "values and gaps are in the order of the keys", &(number, found));
        }
        let removals: Vec<Write> = keys.into_iter().map(Write::remove).collect();
        let outcomes = self.write_all(&removals);
        let is_right = (0..100).all(|number| outcomes[number] == Outcome::Removed(odd(&number)));
        self.expect(is_right, "outcomes are in the order of the writes", &outcomes);
    }

    #[track_caller]
    pub(super) fn check_scan(&self) {
        if self.store.scan().is_none() {
            return;
        }
        let expected: HashSet<Bytes> = (0..MANY).map(|number| self.key(format!("scan/{number}"))).collect();
        let others = [self.key("scan"), self.key("scan0"), self.key("scam/1")];
        let removed = self.key("scan/removed");
        let keys = expected.iter().chain(&others).chain([&removed]);
        let puts: Vec<Write> = keys.map(|key| Write::put(key.clone(), "x".into(), None)).collect();
        self.write_all(&puts);
        self.write(Write::remove(removed.clone()));
        let found = self.scan_all("scan/");
        self.expect(found == expected, "a scan finds the keys with the prefix, and no others", &found.len());
        let found = self.scan_all("scan/none");
        self.expect(found.is_empty(), "a scan of a prefix that no key has finds nothing", &found);
        self.write_all(&expected.into_iter().chain(others).map(Write::remove).collect::<Vec<_>>());
    }

    #[track_caller]
    pub(super) fn scan_all(&self, prefix: &str) -> HashSet<Bytes> {
        let Some(scan) = self.store.scan() else { return HashSet::new() };
        let prefix = self.key(prefix);
        let (mut found, mut from, mut answers) = (HashSet::new(), None, 0);
        loop {
            let (keys, next) = match block_on(scan.keys(&prefix, from)) {
                Ok(answer) => answer,
                Err(error) => panic!("the store {:?}: a scan failed: {error:?}", self.store.name()),
            };
            found.extend(keys);
            answers += 1;
            self.expect(answers < 1_000_000, "a scan ends", &answers);
            match next {
                Some(next) => from = Some(next),
                None => return found,
            }
        }
    }

    #[track_caller]
    pub(super) fn check_close(&self) {
        let key = self.key("closed");
        self.put(&key, "x", None);
        self.write(Write::remove(key.clone()));
        if let Err(error) = block_on(self.store.close()) {
            panic!("the store {:?}: the store could not be closed: {error:?}", self.store.name());
        }
        let read = block_on(self.store.read(std::slice::from_ref(&key))).map_err(|error| error.kind());
        let is_right = read == Err(StoreErrorKind::Closed) || read == Ok(vec![None]);
        self.expect(is_right, "a closed store refuses to read, or reads what is there", &read);
        if read.is_err() {
            let write = [Write::put(key, "x".into(), None)];
            let write = block_on(self.store.write(&write)).map_err(|error| error.kind());
            self.expect(
                write == Err(StoreErrorKind::Closed),
                "a closed store that refuses to read refuses to write",
                &write,
            );
        }
        if let Err(error) = block_on(self.store.close()) {
            panic!("the store {:?}: a store can be closed twice: {error:?}", self.store.name());
        }
    }
}
