//! Storing values, also with tags that are known only after they were computed.

use std::time::Duration;

use bytes::Bytes;

use super::fetch::{Attempt, Token};
use super::{Deadline, Generation, Protocol, Revision, Value, number, random};
use crate::store::envelope::{Part, RawPart};
use crate::store::key::StoreKey;
use crate::store::rules::remaining;
use crate::store::{Condition, Outcome, StoreError, Write};

/// What stands in the place of a fact that nobody has stated yet. With it, a fact is asked for in the same request that
/// draws a generation where there is none.
const UNSTATED: &[u8] = b"-";

/// What holds for ever: when the namespace had this revision, a tag already had this generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fact {
    pub(super) generation: u64,
    pub(super) revision: Revision,
}

impl Fact {
    /// As a store holds it.
    pub(super) fn text(self) -> Bytes {
        format!("{} {}", self.generation, self.revision.0).into()
    }

    /// The fact that a store holds, if it is one.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let (generation, revision) = std::str::from_utf8(bytes).ok()?.split_once(' ')?;
        let (generation, revision) = (number(generation.as_bytes())?, number(revision.as_bytes())?);
        Some(Self { generation, revision: Revision(revision) })
    }
}

/// Tags that are known only after a value was computed, with the generations that they have now.
#[derive(Default)]
pub(super) struct Adopted {
    /// Those about whose generation there is a fact, in the era of the value.
    stated: Vec<Generation>,
    /// Those about which there is none.
    unstated: Vec<Generation>,
    /// Whether a fact says no more than that a tag had its generation at a later revision than that of the value.
    is_late: bool,
}

impl Protocol {
    /// Stores values with their tokens. Says of each whether it was stored.
    pub(in crate::store) async fn publish_many(
        &self,
        values: Vec<(&StoreKey, Token, Value)>,
        by: Deadline,
    ) -> Result<Vec<bool>, StoreError> {
        self.put(values, Vec::new(), by).await
    }

    /// Stores a value with its token and with tags that are known only after it was computed. Says whether it was
    /// stored.
    ///
    /// It is not if such a tag may have been invalidated since the token was taken. Such tags cost one request more, and
    /// two if nothing is known of the generation of one of them.
    pub(in crate::store) async fn publish_with(
        &self,
        name: &StoreKey,
        token: Token,
        after: &[String],
        value: Value,
        by: Deadline,
    ) -> Result<bool, StoreError> {
        let adopted = self.adopt(&token, after, by).await?;
        let present = if adopted.unstated.is_empty() {
            Some(token.revision)
        } else {
            // After the generations were read: if the revision is the same as before the value was computed, no tag
            // has been invalidated in between.
            self.read(Vec::new(), by).await?.1
        };
        self.publish_adopted(name, token, adopted, present, value, by).await
    }

    /// Reads the generations of tags that the token does not have, and what is known of them. What is absent is drawn.
    pub(super) async fn adopt(
        &self,
        token: &Token,
        after: &[String],
        by: Deadline,
    ) -> Result<Adopted, StoreError> {
        let is_new = |tag: &&str| token.tags.iter().all(|(known, _)| **known != **tag);
        let mut tags: Vec<&str> = after.iter().map(String::as_str).filter(is_new).collect();
        tags.sort_unstable();
        tags.dedup();
        if tags.is_empty() {
            return Ok(Adopted::default());
        }
        self.flush(by).await?;
        let count = tags.len();
        let tag_keys = tags.iter().map(|tag| self.tag_key(tag));
        let keys: Vec<Bytes> = tag_keys.chain(tags.iter().map(|tag| self.fact_key(tag))).collect();
        let write = |place: usize, key: Bytes| {
            if place < count {
                return Ok(self.drawn(key, random()?));
            }
            let unstated = Write::put(key, Bytes::from_static(UNSTATED), self.bookkeeping_ttl);
            Ok(unstated.on(Condition::IfAbsent))
        };
        let mut attempts = self.write_what_is_absent(&keys, write, by).await?;
        let facts = attempts.split_off(count).into_iter().map(Attempt::outcome);
        let mut adopted = Adopted::default();
        for (((tag, key), attempt), fact) in tags.into_iter().zip(&keys).zip(attempts).zip(facts) {
            let generation = self.settle(key, attempt, random, by).await?;
            let fact = match fact {
                Outcome::Refused(Some(stored)) => Fact::read(&stored.bytes),
                _ => None,
            };
            let is_usable =
                |fact: &Fact| fact.generation == generation && fact.revision.is_of_same_era(token.revision);
            if let Some(fact) = fact.filter(is_usable) {
                adopted.is_late |= fact.revision.0 > token.revision.0;
                adopted.stated.push((tag.into(), generation));
            } else {
                adopted.unstated.push((tag.into(), generation));
            }
        }
        Ok(adopted)
    }

    /// Stores a value also with tags that were adopted, unless one of them may have been invalidated since the token was
    /// taken. `present` is the revision that was read after they were adopted.
    pub(super) async fn publish_adopted(
        &self,
        name: &StoreKey,
        mut token: Token,
        adopted: Adopted,
        present: Option<Revision>,
        value: Value,
        by: Deadline,
    ) -> Result<bool, StoreError> {
        let Some(present) = present.filter(|present| present.is_of_same_era(token.revision)) else {
            return Ok(false);
        };
        let state = |(tag, generation): &Generation| {
            let fact = Fact { generation: *generation, revision: present };
            Write::put(self.fact_key(tag), fact.text(), self.bookkeeping_ttl)
        };
        let mut facts: Vec<Write> = adopted.unstated.iter().map(state).collect();
        if adopted.is_late || present != token.revision {
            // Values that are computed from now on can be stored.
            if !facts.is_empty() {
                self.link.write(&facts, by).await?;
            }
            return Ok(false);
        }
        if self.bookkeeping_ttl.is_some() {
            let touch = |(tag, _): &Generation| Write::touch(self.fact_key(tag), self.bookkeeping_ttl);
            facts.extend(adopted.stated.iter().map(touch));
        }
        token.tags.extend(adopted.stated);
        token.tags.extend(adopted.unstated);
        Ok(self.put(vec![(name, token, value)], facts, by).await? == [true])
    }

    /// Stores values with their tokens, and with them what holds in any case. Says of each value whether it was stored.
    async fn put(
        &self,
        values: Vec<(&StoreKey, Token, Value)>,
        facts: Vec<Write>,
        by: Deadline,
    ) -> Result<Vec<bool>, StoreError> {
        if values.is_empty() {
            return Ok(Vec::new());
        }
        let count = values.len();
        let mut batch = Vec::with_capacity(count);
        let mut tags = Vec::new();
        let now = self.clock.now();
        for (name, token, value) in values {
            let part = Part {
                created: value.created,
                fresh_until: value.fresh_until,
                serve_until: value.serve_until,
                revision: token.born.0,
                tags: &token.tags,
                body: &value.body,
            };
            let others = token.others.as_deref().unwrap_or_default();
            let others = self.envelope.others(others, name.schema(), now);
            let bytes = self.envelope.seal(name.full(), name.schema(), &part, &others)?;
            // Values of other versions stay as long as they would have stayed.
            let until = others.iter().map(RawPart::serve_until).fold(value.serve_until, u64::max);
            // A value that has just expired is kept for a millisecond: not every store takes a ttl of zero.
            let ttl = remaining(until, now).map(|left| left.max(Duration::from_millis(1)));
            let write = Write::put(name.stored().clone(), bytes, ttl);
            batch.push(write.on(Condition::IfVersion(token.version)));
            tags.extend(token.tags.into_iter().map(|(name, _)| name));
        }
        if self.bookkeeping_ttl.is_some() {
            // What values depend on lives longer than they do.
            tags.sort_unstable();
            tags.dedup();
            let keys = tags.iter().map(|tag| self.tag_key(tag)).chain([self.revision_key.clone()]);
            batch.extend(keys.map(|key| Write::touch(key, self.bookkeeping_ttl)));
        }
        batch.extend(facts);
        let outcomes = self.link.write(&batch, by).await?;
        Ok(outcomes[..count].iter().map(|outcome| matches!(outcome, Outcome::Put(_))).collect())
    }
}
