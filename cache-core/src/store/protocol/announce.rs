//! What processes tell each other of the invalidations that they have sent to a store.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use serde_json::{Value, json};

use super::outbox::Order;
use super::{Deadline, Protocol, random};
use crate::store::StoreError;

/// The form of messages. One of another form is not understood, and so everything goes that it may concern.
const FORM: u64 = 1;

/// How long the names in one message are together. A store may bound its messages.
const MAX: usize = 32 << 10;

/// Numbers the messages of a cache.
#[derive(Default)]
pub(super) struct Announcer {
    sender: OnceLock<u64>,
    sent: AtomicU64,
}

impl Announcer {
    /// What tells its messages apart from those of others.
    fn sender(&self) -> Result<u64, StoreError> {
        if let Some(sender) = self.sender.get() {
            return Ok(*sender);
        }
        let drawn = random()?;
        Ok(*self.sender.get_or_init(|| drawn))
    }
}

/// What a message says to be gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) enum Gone {
    /// Nothing: it only shows that messages arrive.
    Nothing,
    /// Values by their keys in the store.
    Keys(Vec<String>),
    /// All values with one of these tags, by their wire names.
    Tags(Vec<String>),
    /// All values of the namespace.
    All,
}

/// A message that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct Message {
    pub(in crate::store) sender: u64,
    /// The messages of a sender are numbered from 1 on. One that says nothing has the number of the last before it.
    pub(in crate::store) number: u64,
    pub(in crate::store) gone: Gone,
}

impl Message {
    fn bytes(&self) -> Bytes {
        let (kind, names): (_, &[String]) = match &self.gone {
            Gone::Nothing => ("nothing", &[]),
            Gone::Keys(keys) => ("keys", keys),
            Gone::Tags(tags) => ("tags", tags),
            Gone::All => ("all", &[]),
        };
        json!([FORM, self.sender, self.number, kind, names]).to_string().into()
    }

    /// The message of these bytes, if they are one.
    pub(in crate::store) fn read(bytes: &[u8]) -> Option<Self> {
        let value: Value = serde_json::from_slice(bytes).ok()?;
        let [form, sender, number, kind, names] = value.as_array()?.as_slice() else { return None };
        let names = names.as_array()?.iter().map(|name| Some(name.as_str()?.to_owned()));
        let names: Vec<String> = names.collect::<Option<_>>()?;
        let gone = match kind.as_str()? {
            _ if form.as_u64() != Some(FORM) => return None,
            "nothing" => Gone::Nothing,
            "keys" => Gone::Keys(names),
            "tags" => Gone::Tags(names),
            "all" => Gone::All,
            _ => return None,
        };
        Some(Self { sender: sender.as_u64()?, number: number.as_u64()?, gone })
    }
}

impl Protocol {
    /// The topic on which processes tell each other of this namespace.
    pub(in crate::store) fn topic(&self) -> &Bytes {
        &self.topic
    }

    /// Whether a message comes from this cache.
    pub(in crate::store) fn is_own(&self, message: &Message) -> bool {
        self.announcer.sender.get() == Some(&message.sender)
    }

    /// Tells all processes that listen that values have been replaced.
    pub(in crate::store) async fn announce_keys(
        &self,
        keys: &[Bytes],
        by: Deadline,
    ) -> Result<(), StoreError> {
        self.announce(&Order::Keys(keys.to_vec()), by).await
    }

    /// Shows all processes that listen, and this one, that messages arrive.
    pub(in crate::store) async fn announce_nothing(&self, by: Deadline) -> Result<(), StoreError> {
        let number = self.announcer.sent.load(Ordering::SeqCst);
        self.tell(Gone::Nothing, number, by).await
    }

    /// Tells all processes that listen what was invalidated. Not before the store has carried it out.
    pub(super) async fn announce(&self, order: &Order, by: Deadline) -> Result<(), StoreError> {
        if self.link.store().channel().is_none() {
            return Ok(());
        }
        let text = |name: &Bytes| String::from_utf8_lossy(name).into_owned();
        let (names, gone): (&[Bytes], fn(Vec<String>) -> Gone) = match order {
            Order::Keys(keys) => (keys, Gone::Keys),
            Order::Tags(tags) => (tags, Gone::Tags),
            Order::Clear => return self.tell_next(Gone::All, by).await,
        };
        if names.iter().any(|name| name.len() > MAX) {
            return self.tell_next(Gone::All, by).await;
        }
        let mut rest = names;
        while !rest.is_empty() {
            let mut len = 0;
            let fits = |name: &&Bytes| {
                len += name.len();
                len <= MAX
            };
            let count = rest.iter().take_while(fits).count();
            let (now, later) = rest.split_at(count.max(1));
            self.tell_next(gone(now.iter().map(text).collect()), by).await?;
            rest = later;
        }
        Ok(())
    }

    async fn tell_next(&self, gone: Gone, by: Deadline) -> Result<(), StoreError> {
        let number = self.announcer.sent.fetch_add(1, Ordering::SeqCst) + 1;
        self.tell(gone, number, by).await
    }

    async fn tell(&self, gone: Gone, number: u64, by: Deadline) -> Result<(), StoreError> {
        let Some(channel) = self.link.store().channel() else { return Ok(()) };
        let message = Message { sender: self.announcer.sender()?, number, gone }.bytes();
        self.link.request(by, || channel.publish(&self.topic, message)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_as_they_were_written() {
        let gone = [
            Gone::Nothing,
            Gone::Keys(vec!["shop/v/get/[1]".to_owned()]),
            Gone::Tags(vec!["cats".to_owned(), "\0f \"\n🐈".to_owned()]),
            Gone::All,
        ];
        for gone in gone {
            let message = Message { sender: u64::MAX, number: 7, gone };
            assert_eq!(Message::read(&message.bytes()), Some(message));
        }
    }

    #[test]
    fn what_is_no_message_is_not_read_as_one() {
        let wrong: [&[u8]; 8] = [
            b"",
            b"\xff",
            b"{}",
            b"[1, 2]",
            b"[2, 1, 1, \"all\", []]",
            b"[1, 1, 1, \"some\", []]",
            b"[1, -1, 1, \"all\", []]",
            b"[1, 1, 1, \"keys\", [7]]",
        ];
        for bytes in wrong {
            assert_eq!(Message::read(bytes), None, "{bytes:?}");
        }
    }
}
