//! Reading a value in order to store one.

use std::time::Duration;

use bytes::Bytes;

use super::{Deadline, Generation, Missing, Protocol, Revision, Value, digits, number, random};
use crate::store::envelope::Envelope;
use crate::store::key::StoreKey;
use crate::store::{Action, Condition, Outcome, StoreError, StoreErrorKind, Stored, Version, Write};

/// How long a placeholder waits for its value.
const PLACEHOLDER_TTL: Duration = Duration::from_mins(1);

/// How often a number that others draw at the same time is asked for again.
const TRIES: usize = 8;

/// What a writer knows before it stores a value.
pub(in crate::store) struct Fetched {
    pub(in crate::store) found: Result<Value, Missing>,
    pub(in crate::store) token: Token,
}

/// What a value is stored with: it is stored only if nothing that it depends on has changed since.
#[derive(Clone)]
pub(in crate::store) struct Token {
    /// What the key must still hold.
    pub(super) version: Version,
    /// The revision that was read with it.
    pub(super) revision: Revision,
    /// The revision of the value: an older one, if the value is computed from an older value.
    pub(super) born: Revision,
    pub(super) tags: Vec<Generation>,
    /// What the key held, with the parts of other versions of the program.
    pub(super) others: Option<Bytes>,
}

/// A write of something where there is nothing, if it was sent, and its outcome.
pub(super) struct Attempt(Option<Write>, Outcome);

impl Attempt {
    pub(super) fn outcome(self) -> Outcome {
        self.1
    }
}

impl Token {
    /// The same for a value that keeps the tags of the one that it replaces.
    pub(in crate::store) fn keeping(mut self, old: &Value) -> Self {
        self.tags.clone_from(&old.tags);
        self.based_on(old)
    }

    /// The same for a value that is computed from another: it is not younger than that, and is invalidated with it.
    pub(in crate::store) fn based_on(mut self, old: &Value) -> Self {
        self.tags.retain(|(tag, _)| old.tags.iter().all(|(known, _)| known != tag));
        self.tags.extend(old.tags.iter().cloned());
        self.born = old.revision;
        self
    }
}

impl Protocol {
    /// Reads values and takes the tokens with which they can be replaced. If another writer is about to store one, its
    /// token is taken away.
    pub(in crate::store) async fn fetch_many(
        &self,
        names: &[StoreKey],
        tags: &[String],
        by: Deadline,
    ) -> Result<Vec<Fetched>, StoreError> {
        let (outcomes, revision, tags) = self.begin(names, tags, by).await?;
        let (mut versions, mut stored) = (Vec::new(), Vec::new());
        for outcome in outcomes {
            match outcome {
                Outcome::Put(version) => {
                    versions.push(version);
                    stored.push(None);
                }
                Outcome::Refused(Some(there)) => {
                    versions.push(there.version);
                    stored.push(Some(there));
                }
                _ => {
                    return Err(self.link.error(StoreErrorKind::Unavailable, "did not say what a key holds"));
                }
            }
        }
        let others: Vec<_> = stored.iter().map(|stored| Some(stored.as_ref()?.bytes.clone())).collect();
        let found = self.judge_before_writing(names, stored, revision, by).await?;
        let all = found.into_iter().zip(versions).zip(others);
        let fetched = |((found, version), others)| Fetched {
            found,
            token: Token { version, revision, born: revision, tags: tags.clone(), others },
        };
        Ok(all.map(fetched).collect())
    }

    fn placeholder(name: &StoreKey) -> Write {
        Write::put(name.stored().clone(), Envelope::placeholder(), Some(PLACEHOLDER_TTL))
    }

    /// Puts placeholders where there is nothing, and reads the revision and the generations of tags. What is absent of
    /// these is drawn.
    async fn begin(
        &self,
        names: &[StoreKey],
        tags: &[String],
        by: Deadline,
    ) -> Result<(Vec<Outcome>, Revision, Vec<Generation>), StoreError> {
        self.flush(by).await?;
        let count = names.len();
        let tag_keys = tags.iter().map(|tag| self.tag_key(tag));
        let keys: Vec<Bytes> = names.iter().map(|name| name.stored().clone()).collect();
        let keys = [keys, vec![self.revision_key.clone()], tag_keys.collect()].concat();
        let draw_for = |place| if place == count { || Ok(Revision::draw()?.0) } else { random };
        let write = |place: usize, key: Bytes| match names.get(place) {
            Some(name) => Ok(Self::placeholder(name).on(Condition::IfAbsent)),
            None => Ok(self.drawn(key, draw_for(place)()?)),
        };
        let mut outcomes = self.write_what_is_absent(&keys, write, by).await?;
        let mut numbers = Vec::with_capacity(tags.len() + 1);
        for (place, outcome) in (count..).zip(outcomes.split_off(count)) {
            numbers.push(self.settle(&keys[place], outcome, draw_for(place), by).await?);
        }
        let outcomes = outcomes.into_iter().map(Attempt::outcome).collect();
        let mut numbers = numbers.into_iter();
        let revision = Revision(numbers.next().unwrap_or_default());
        let tags = tags.iter().map(|tag| tag.as_str().into()).zip(numbers).collect();
        Ok((outcomes, revision, tags))
    }

    /// Puts something under each key that has nothing: what `write` says for the key at a place. If nobody else writes
    /// to the store, what is there is read first: that is cheaper than a write that is refused.
    pub(super) async fn write_what_is_absent(
        &self,
        keys: &[Bytes],
        write: impl Fn(usize, Bytes) -> Result<Write, StoreError> + Send,
        by: Deadline,
    ) -> Result<Vec<Attempt>, StoreError> {
        let is_shared = self.link.store().is_shared();
        let found = if is_shared { vec![None; keys.len()] } else { self.link.read(keys, by).await? };
        let absent = keys.iter().enumerate().filter(|(place, _)| found[*place].is_none());
        let writes: Result<Vec<Write>, StoreError> =
            absent.map(|(place, key)| write(place, key.clone())).collect();
        let writes = writes?;
        let outcomes = if writes.is_empty() { Vec::new() } else { self.link.write(&writes, by).await? };
        let mut written = writes.into_iter().zip(outcomes);
        let attempt = |found: Option<Stored>| match found {
            Some(stored) => Attempt(None, Outcome::Refused(Some(stored))),
            None => written.next().map_or(Attempt(None, Outcome::Refused(None)), |(write, outcome)| {
                Attempt(Some(write), outcome)
            }),
        };
        Ok(found.into_iter().map(attempt).collect())
    }

    /// Puts a number where there is none.
    pub(super) fn drawn(&self, key: Bytes, number: u64) -> Write {
        Write::put(key, digits(number), self.bookkeeping_ttl).on(Condition::IfAbsent)
    }

    /// The number that a key has after a write that puts one where there is none. What is no number is replaced.
    pub(super) async fn settle(
        &self,
        key: &Bytes,
        attempt: Attempt,
        draw: fn() -> Result<u64, StoreError>,
        by: Deadline,
    ) -> Result<u64, StoreError> {
        let Attempt(mut write, mut outcome) = attempt;
        for _ in 0..TRIES {
            // It is drawn anew for each attempt: an attempt whose outcome is unknown may come late.
            let next = match (&outcome, &write) {
                (Outcome::Put(_), Some(Write { action: Action::Put { bytes, .. }, .. })) => {
                    return Ok(number(bytes).unwrap_or_default());
                }
                (Outcome::Refused(Some(stored)), _) => {
                    if let Some(number) = number(&stored.bytes) {
                        return Ok(number);
                    }
                    self.drawn(key.clone(), draw()?).on(Condition::IfVersion(stored.version))
                }
                _ => self.drawn(key.clone(), draw()?),
            };
            outcome = self.link.write_one(next.clone(), by).await?;
            write = Some(next);
        }
        Err(self.link.error(StoreErrorKind::Contended, "holds something else than a number, again and again"))
    }
}
