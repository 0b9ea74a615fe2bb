//! How a value lies in the database: a header of fixed length, then the bytes.

use bytes::Bytes;
use crc32fast::Hasher;

use crate::store::clock::Millis;
use crate::store::{Stored, Version, rules};

/// A record begins with its checksum, which is of the key and of all that follows.
const CHECKSUM: usize = 4;
/// Then comes this byte, and then three numbers.
const FORMAT: u8 = 1;
pub(super) const HEADER: usize = CHECKSUM + 1 + 3 * 8;

/// What is known of a value without its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// Of the opening of the store in which it was put: random.
    pub(super) era: u64,
    /// Of the put: they are counted. It is also the place in the order of eviction.
    pub(super) number: u64,
    pub(super) deadline: Millis,
}

/// A record cannot be read: the file was damaged.
#[derive(Debug)]
pub(super) struct Damaged;

fn word(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..at + 8)?.try_into().ok().map(u64::from_be_bytes)
}

fn checksum(key: &[u8], rest: &[u8]) -> [u8; 4] {
    let mut hasher = Hasher::new();
    hasher.update(key);
    hasher.update(rest);
    hasher.finalize().to_be_bytes()
}

impl Header {
    pub(super) fn version(&self) -> Version {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.era.to_be_bytes());
        bytes[8..].copy_from_slice(&self.number.to_be_bytes());
        // Shorter than the most that a version can have.
        Version::new(&bytes).unwrap_or_else(|| Version::from(self.number))
    }

    pub(super) fn encode(&self, key: &[u8], bytes: &[u8]) -> Vec<u8> {
        let mut record = Vec::with_capacity(HEADER + bytes.len());
        record.extend_from_slice(&[0; CHECKSUM]);
        record.push(FORMAT);
        for word in [self.era, self.number, self.deadline] {
            record.extend_from_slice(&word.to_be_bytes());
        }
        record.extend_from_slice(bytes);
        let checksum = checksum(key, &record[CHECKSUM..]);
        record[..CHECKSUM].copy_from_slice(&checksum);
        record
    }

    /// Reads a record's header. The checksum is not looked at.
    pub(super) fn decode(record: &[u8]) -> Result<Self, Damaged> {
        let decode = || {
            let header = record.get(CHECKSUM..HEADER).filter(|header| header[0] == FORMAT)?;
            Some(Self { era: word(header, 1)?, number: word(header, 9)?, deadline: word(header, 17)? })
        };
        decode().ok_or(Damaged)
    }
}

/// The bytes of a record, if they are what was put.
pub(super) fn payload<'a>(key: &[u8], record: &'a [u8]) -> Result<&'a [u8], Damaged> {
    let (sum, rest) = record.split_at_checked(CHECKSUM).ok_or(Damaged)?;
    if checksum(key, rest) != sum {
        return Err(Damaged);
    }
    record.get(HEADER..).ok_or(Damaged)
}

/// A record that was read whole.
#[derive(Clone)]
pub(super) struct Record {
    header: Header,
    pub(super) bytes: Bytes,
}

impl Record {
    pub(super) fn decode(key: &[u8], record: &[u8]) -> Result<Self, Damaged> {
        let header = Header::decode(record)?;
        Ok(Self { header, bytes: Bytes::copy_from_slice(payload(key, record)?) })
    }

    /// What it holds, unless it has expired.
    pub(super) fn stored(self, now: Millis) -> Option<Stored> {
        let Header { deadline, .. } = self.header;
        rules::is_alive(deadline, now).then(|| Stored {
            bytes: self.bytes,
            version: self.header.version(),
            remaining: rules::remaining(deadline, now),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER_OF_TEST: Header = Header { era: 3, number: 5, deadline: 1000 };

    #[test]
    fn a_record_gives_back_what_was_put_until_it_expires() {
        let record = HEADER_OF_TEST.encode(b"key", b"value");
        assert_eq!(Header::decode(&record).unwrap(), HEADER_OF_TEST);
        let stored_at = |now| Record::decode(b"key", &record).unwrap().stored(now);
        let found = stored_at(999).unwrap();
        assert_eq!((&found.bytes[..], found.version), (&b"value"[..], HEADER_OF_TEST.version()));
        assert_eq!(found.remaining, Some(std::time::Duration::from_millis(1)));
        assert_eq!(stored_at(1000), None);
    }

    #[test]
    fn a_record_whose_bits_have_changed_is_damaged() {
        let record = HEADER_OF_TEST.encode(b"key", b"value");
        for bit in 0..record.len() * 8 {
            let mut record = record.clone();
            record[bit / 8] ^= 1 << (bit % 8);
            assert!(Record::decode(b"key", &record).is_err(), "bit {bit}");
        }
        for len in 0..record.len() {
            assert!(Record::decode(b"key", &record[..len]).is_err(), "{len} bytes of it");
        }
    }

    #[test]
    fn a_record_under_another_key_is_damaged() {
        let record = HEADER_OF_TEST.encode(b"key", b"value");
        assert!(Record::decode(b"kex", &record).is_err());
        assert!(Record::decode(b"", &record).is_err());
    }
}
