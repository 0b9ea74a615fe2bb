//! Reading values without storing any.

use std::borrow::Cow;
use std::collections::HashMap;

use bytes::Bytes;

use super::{Deadline, Generation, Protocol, Revision, number};
use crate::store::clock::Millis;
use crate::store::envelope::{Opened, Unreadable};
use crate::store::key::StoreKey;
use crate::store::{Condition, StoreError, Stored, Write};

/// A value, with what is known of it. Times are milliseconds since the Unix epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct Value {
    pub(in crate::store) created: u64,
    pub(in crate::store) fresh_until: u64,
    pub(in crate::store) serve_until: u64,
    /// The revision before it was computed.
    pub(in crate::store) revision: Revision,
    pub(in crate::store) tags: Vec<Generation>,
    /// The encoded value.
    pub(in crate::store) body: Bytes,
}

impl Value {
    /// A value that nothing is known of but how long it may be returned.
    pub(in crate::store) fn new(created: u64, until: u64, body: Bytes) -> Self {
        let (revision, tags) = (Revision(0), Vec::new());
        Self { created, fresh_until: until, serve_until: until, revision, tags, body }
    }

    fn read(opened: &Opened<'_>, stored: &Bytes) -> Result<Self, Unreadable> {
        Ok(Self {
            created: opened.created(),
            fresh_until: opened.fresh_until(),
            serve_until: opened.serve_until(),
            revision: Revision(opened.revision()),
            tags: opened.tags().map(|(name, generation)| (name.into(), generation)).collect(),
            body: match opened.body()? {
                Cow::Borrowed(body) => stored.slice_ref(body),
                Cow::Owned(body) => body.into(),
            },
        })
    }
}

/// Why there is no value to return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) enum Missing {
    /// The key is absent.
    Absent,
    /// What is there cannot be read, or is not to be used.
    Unreadable(Unreadable),
    /// The namespace was cleared since, or its revision was lost.
    Cleared,
    /// One of its tags was invalidated since, or was lost.
    Invalidated,
}

/// What a store says at once.
pub(in crate::store) enum Glance<T> {
    /// All that there is to know.
    Found(Result<T, Missing>),
    /// What the key holds, and the revision. Something else must be asked, or removed.
    Undecided(Option<Stored>, Option<Revision>),
}

/// What was found under a key, before its tags are looked at.
enum Candidate<T> {
    /// What was made of a value that may be returned.
    Good(T),
    /// The generations of its tags decide.
    Tagged(Value),
    Missing(Missing),
}

impl Protocol {
    /// The value of a key.
    pub(in crate::store) async fn look(
        &self,
        name: &StoreKey,
        by: Deadline,
    ) -> Result<Result<Value, Missing>, StoreError> {
        let mut found = self.look_many(std::slice::from_ref(name), |value| value, by).await?;
        Ok(found.pop().unwrap_or(Err(Missing::Absent)))
    }

    /// What some keys hold, in their order, and the revision.
    pub(in crate::store) async fn read(
        &self,
        mut keys: Vec<Bytes>,
        by: Deadline,
    ) -> Result<(Vec<Option<Stored>>, Option<Revision>), StoreError> {
        self.flush(by).await?;
        keys.push(self.revision_key.clone());
        let mut stored = self.link.read(&keys, by).await?;
        let revision = Revision::read(stored.pop().flatten());
        Ok((stored, revision))
    }

    /// The values of some keys, in their order. That takes one request, and another one if there are values with tags
    /// and tags were invalidated since.
    ///
    /// `take` makes of each what is wanted. It takes a value right after its checksum was looked at, while the bytes
    /// are in the processor's caches, and what it has taken is let go before the next.
    pub(in crate::store) async fn look_many<T: Send>(
        &self,
        names: &[StoreKey],
        take: impl Fn(Value) -> T + Send,
        by: Deadline,
    ) -> Result<Vec<Result<T, Missing>>, StoreError> {
        let mut keys = Vec::with_capacity(names.len() + 1);
        keys.extend(names.iter().map(|name| name.stored().clone()));
        let (stored, revision) = self.read(keys, by).await?;
        self.judge(names, stored, revision, take, by).await
    }

    /// What `take` makes of the value of a key, if the store answers at once.
    pub(in crate::store) fn look_at_once<T>(
        &self,
        name: &StoreKey,
        take: impl Fn(Value) -> T,
    ) -> Option<Result<Glance<T>, StoreError>> {
        if !self.outbox.is_empty() {
            return None;
        }
        let read = self.link.read_now(&[name.stored().clone(), self.revision_key.clone()])?;
        let read = read.and_then(|read| self.link.complete(2, read));
        Some(read.map(|read| {
            let mut read = read.into_iter();
            let (stored, revision) = (read.next().flatten(), Revision::read(read.next().flatten()));
            match self.candidate(name, stored.as_ref(), revision, self.clock.now(), &take) {
                Candidate::Good(taken) => Glance::Found(Ok(taken)),
                Candidate::Missing(missing) if !is_rubbish(&missing) => Glance::Found(Err(missing)),
                _ => Glance::Undecided(stored, revision),
            }
        }))
    }

    /// Decides what was found at a glance.
    pub(in crate::store) async fn decide<T: Send>(
        &self,
        name: &StoreKey,
        stored: Option<Stored>,
        revision: Option<Revision>,
        take: impl Fn(Value) -> T + Send,
        by: Deadline,
    ) -> Result<Result<T, Missing>, StoreError> {
        let names = std::slice::from_ref(name);
        let found = self.judge(names, vec![stored], revision, take, by).await?;
        Ok(found.into_iter().next().unwrap_or(Err(Missing::Absent)))
    }

    /// Decides which of the values that were found may be returned. What is of no use to anybody is removed.
    pub(in crate::store) async fn judge<T: Send>(
        &self,
        names: &[StoreKey],
        stored: Vec<Option<Stored>>,
        revision: Option<Revision>,
        take: impl Fn(Value) -> T + Send,
        by: Deadline,
    ) -> Result<Vec<Result<T, Missing>>, StoreError> {
        let versions: Vec<_> = stored.iter().map(|stored| Some(stored.as_ref()?.version)).collect();
        let candidates = self.candidates(names, stored, revision, &take);
        let mut rubbish = Vec::new();
        for ((name, candidate), version) in names.iter().zip(&candidates).zip(versions) {
            if let (Candidate::Missing(missing), Some(version)) = (candidate, version)
                && is_rubbish(missing)
            {
                // Only if it is still the same: a value that came meanwhile stays.
                rubbish.push(Write::remove(name.stored().clone()).on(Condition::IfVersion(version)));
            }
        }
        if !rubbish.is_empty() {
            // The writes of a batch are of different keys.
            rubbish.sort_unstable_by(|a: &Write, b| a.key.cmp(&b.key));
            rubbish.dedup_by(|a, b| a.key == b.key);
            // It is a miss all the same.
            let _ = self.link.write(&rubbish, by).await;
        }
        self.decide_all(candidates, take, by).await
    }

    /// The same for keys that are to be written, so that what is of no use is replaced.
    pub(super) async fn judge_before_writing(
        &self,
        names: &[StoreKey],
        stored: Vec<Option<Stored>>,
        revision: Revision,
        by: Deadline,
    ) -> Result<Vec<Result<Value, Missing>>, StoreError> {
        let take = |value| value;
        self.decide_all(self.candidates(names, stored, Some(revision), &take), take, by).await
    }

    async fn decide_all<T: Send>(
        &self,
        candidates: Vec<Candidate<T>>,
        take: impl Fn(Value) -> T + Send,
        by: Deadline,
    ) -> Result<Vec<Result<T, Missing>>, StoreError> {
        let tagged = candidates.iter().filter_map(|candidate| match candidate {
            Candidate::Tagged(value) => Some(value),
            _ => None,
        });
        let tags = tagged.flat_map(|value| &value.tags).map(|(name, _)| name.clone()).collect();
        let generations = self.generations(tags, by).await?;
        let decide = |candidate| match candidate {
            Candidate::Good(taken) => Ok(taken),
            Candidate::Tagged(value) if is_alive(&value.tags, &generations) => Ok(take(value)),
            Candidate::Tagged(_) => Err(Missing::Invalidated),
            Candidate::Missing(missing) => Err(missing),
        };
        Ok(candidates.into_iter().map(decide).collect())
    }

    fn candidates<T>(
        &self,
        names: &[StoreKey],
        stored: Vec<Option<Stored>>,
        revision: Option<Revision>,
        take: &impl Fn(Value) -> T,
    ) -> Vec<Candidate<T>> {
        let now = self.clock.now();
        let candidate =
            |(name, stored): (_, Option<Stored>)| self.candidate(name, stored.as_ref(), revision, now, take);
        names.iter().zip(stored).map(candidate).collect()
    }

    fn candidate<T>(
        &self,
        name: &StoreKey,
        stored: Option<&Stored>,
        revision: Option<Revision>,
        now: Millis,
        take: &impl Fn(Value) -> T,
    ) -> Candidate<T> {
        let Some(stored) = stored else { return Candidate::Missing(Missing::Absent) };
        let opened = self.envelope.open(&stored.bytes, name.full(), name.schema(), now);
        let value = match opened.and_then(|opened| Value::read(&opened, &stored.bytes)) {
            Ok(value) => value,
            Err(unreadable) => return Candidate::Missing(Missing::Unreadable(unreadable)),
        };
        let Some(revision) = revision.filter(|revision| revision.is_of_same_era(value.revision)) else {
            return Candidate::Missing(Missing::Cleared);
        };
        let is_good = value.tags.is_empty() || value.revision == revision;
        if is_good { Candidate::Good(take(value)) } else { Candidate::Tagged(value) }
    }

    /// The present generations of some tags.
    async fn generations(
        &self,
        mut names: Vec<Box<str>>,
        by: Deadline,
    ) -> Result<HashMap<Box<str>, u64>, StoreError> {
        names.sort_unstable();
        names.dedup();
        if names.is_empty() {
            return Ok(HashMap::new());
        }
        let keys: Vec<Bytes> = names.iter().map(|name| self.tag_key(name)).collect();
        let stored = self.link.read(&keys, by).await?;
        let known = names.into_iter().zip(stored);
        Ok(known.filter_map(|(name, stored)| Some((name, number(&stored?.bytes)?))).collect())
    }
}

/// Whether each tag still has the generation that a value names.
fn is_alive(tags: &[Generation], present: &HashMap<Box<str>, u64>) -> bool {
    tags.iter().all(|(name, generation)| present.get(name) == Some(generation))
}

/// Whether what is there is of no use to anybody.
fn is_rubbish(missing: &Missing) -> bool {
    matches!(missing, Missing::Unreadable(Unreadable::Corrupt | Unreadable::Foreign | Unreadable::OtherKey))
}
