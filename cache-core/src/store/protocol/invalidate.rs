//! Invalidations, and those that are sent again.

use bytes::Bytes;

use super::outbox::{Order, Sending};
use super::{Deadline, Missing, Protocol, Revision, digits, number};
use crate::store::key::StoreKey;
use crate::store::{Condition, Outcome, StoreError, StoreErrorKind, Write};

impl Protocol {
    /// Removes values, and takes away the tokens of those who are about to store them. Takes one request.
    pub(in crate::store) async fn invalidate_keys(
        &self,
        names: &[StoreKey],
        by: Deadline,
    ) -> Result<(), StoreError> {
        self.carry_out(self.outbox.sending(keys_of(names)), by).await
    }

    /// The same. Returns how many there were that could have been returned, which takes another request before.
    pub(in crate::store) async fn remove_values(
        &self,
        names: &[StoreKey],
        by: Deadline,
    ) -> Result<usize, StoreError> {
        // From here on it is remembered, whatever becomes of the look.
        let sending = self.outbox.sending(keys_of(names));
        let found = self.look_many(names, |_| (), by).await;
        self.carry_out(sending, by).await?;
        Ok(found.iter().flatten().filter(|found: &&Result<(), Missing>| found.is_ok()).count())
    }

    /// Invalidates all values that carry one of these tags. Takes two requests, however many tags and values.
    pub(in crate::store) async fn invalidate_tags(
        &self,
        tags: &[String],
        by: Deadline,
    ) -> Result<(), StoreError> {
        self.carry_out(self.outbox.sending(names_of(tags)), by).await
    }

    /// Invalidates all values of the namespace. Takes one request.
    pub(in crate::store) async fn clear(&self, by: Deadline) -> Result<(), StoreError> {
        let sending = self.outbox.sending(Order::Clear);
        let lost = self.outbox.lost();
        self.send(&Order::Clear, by).await?;
        // It has done all that others should have done.
        self.outbox.forget(&lost);
        sending.acknowledged();
        Ok(())
    }

    /// Remembers that values are to go whose keys nobody knows yet. Unless that is acknowledged in the end, the
    /// namespace is cleared.
    pub(in crate::store) fn removing_some(&self) -> RemovingSome<'_> {
        RemovingSome(self.outbox.sending(Order::Clear))
    }

    /// Remembers that these values are to go, until [`flush`](Self::flush) has seen to it.
    pub(in crate::store) fn remember_keys(&self, names: &[StoreKey]) {
        self.outbox.remember(&keys_of(names));
    }

    /// The same for all values that carry one of these tags.
    pub(in crate::store) fn remember_tags(&self, tags: &[String]) {
        self.outbox.remember(&names_of(tags));
    }

    async fn carry_out(&self, sending: Sending<'_>, by: Deadline) -> Result<(), StoreError> {
        self.flush(by).await?;
        self.send(sending.order(), by).await?;
        sending.acknowledged();
        Ok(())
    }

    /// Sends invalidations that failed once more. Nothing is read from the store before they are acknowledged.
    pub(in crate::store) async fn flush(&self, by: Deadline) -> Result<(), StoreError> {
        if self.outbox.is_empty() {
            return Ok(());
        }
        let lost = self.outbox.lost();
        if lost.clear.is_some() {
            self.send(&Order::Clear, by).await?;
        } else {
            self.send(&Order::Keys(lost.keys.keys().cloned().collect()), by).await?;
            self.send(&Order::Tags(lost.tags.keys().cloned().collect()), by).await?;
        }
        self.outbox.forget(&lost);
        Ok(())
    }

    /// Sends an invalidation. It may be repeated: each time it invalidates at least what it should.
    async fn send(&self, order: &Order, by: Deadline) -> Result<(), StoreError> {
        match order {
            Order::Keys(keys) => self.delete(keys, by).await?,
            Order::Tags(tags) if tags.is_empty() => {}
            Order::Tags(tags) => {
                // Before the tags: who reads the old revision finds it changed, and does not store.
                self.raise(by).await?;
                let key = |tag: &Bytes| self.tag_key(&String::from_utf8_lossy(tag));
                self.delete(&tags.iter().map(key).collect::<Vec<_>>(), by).await?;
            }
            Order::Clear => self.delete(std::slice::from_ref(&self.revision_key), by).await?,
        }
        self.announce(order, by).await
    }

    async fn delete(&self, keys: &[Bytes], by: Deadline) -> Result<(), StoreError> {
        if keys.is_empty() {
            return Ok(());
        }
        let batch: Vec<Write> = keys.iter().cloned().map(Write::remove).collect();
        let outcomes = self.link.write(&batch, by).await?;
        if outcomes.iter().all(|outcome| matches!(outcome, Outcome::Removed(_))) {
            return Ok(());
        }
        Err(self.link.error(StoreErrorKind::Unavailable, "refused an unconditional removal"))
    }

    /// Raises the revision.
    async fn raise(&self, by: Deadline) -> Result<(), StoreError> {
        let initial = Revision::draw()?.0;
        if let Some(counter) = self.link.store().counter() {
            let raised = || counter.raise(&self.revision_key, initial, self.bookkeeping_ttl);
            match self.link.request(by, raised).await {
                // What is no number is replaced.
                Err(error) if error.kind() == StoreErrorKind::NotAnInteger => (),
                result => return result.map(|_| ()),
            }
        }
        let found = self.link.read(std::slice::from_ref(&self.revision_key), by).await?;
        let found = found.into_iter().next().flatten();
        let write = match &found {
            None => self.drawn(self.revision_key.clone(), initial),
            Some(stored) => {
                let raised = number(&stored.bytes).and_then(|number| number.checked_add(1));
                Write::put(self.revision_key.clone(), digits(raised.unwrap_or(initial)), self.bookkeeping_ttl)
                    .on(Condition::IfVersion(stored.version))
            }
        };
        // If it is refused, somebody else has changed the revision since it was read, which is as good.
        self.link.write_one(write, by).await?;
        Ok(())
    }
}

fn names_of(tags: &[String]) -> Order {
    Order::Tags(tags.iter().map(|tag| Bytes::copy_from_slice(tag.as_bytes())).collect())
}

fn keys_of(names: &[StoreKey]) -> Order {
    let mut keys: Vec<Bytes> = names.iter().map(|name| name.stored().clone()).collect();
    keys.sort_unstable();
    keys.dedup();
    Order::Keys(keys)
}

/// The removal of values whose keys are looked for.
pub(in crate::store) struct RemovingSome<'o>(Sending<'o>);

impl RemovingSome<'_> {
    /// All that were found are removed.
    pub(in crate::store) fn acknowledged(self) {
        self.0.acknowledged();
    }
}
