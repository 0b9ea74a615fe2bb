//! The value of one key of a function, in its store.

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use super::{LastError, ValueCodec};
use crate::background::Executor as _;
use crate::erased::Erased;
use crate::memo::{Found, Later, MemoCore, MemoRef, Publication, Published, Publisher};
use crate::store::clock::Millis;
use crate::store::key::StoreKey;
use crate::store::protocol::{Glance, Token, Value, function_tag, names_of_wire, wire_names};
use crate::store::rules::{NEVER as FOR_EVER, deadline};
use crate::store::{Cache, StoreError, StoreErrorKind};
use crate::tags::{Name, TagName};
use crate::time::{NEVER, Tick, after};

/// Where the value of a call is.
pub(super) struct Place {
    pub(super) cache: Cache,
    pub(super) name: StoreKey,
    pub(super) memo: MemoRef,
    /// Whether it has the tag of all values of a function.
    pub(super) is_of_function: bool,
    pub(super) codec: ValueCodec,
    pub(super) last_error: Arc<LastError>,
}

impl Place {
    pub(super) fn fail(&self, error: StoreError) {
        self.memo.counters.store_errors.add();
        self.last_error.note(error);
    }

    /// What was asked of the store, unless it has failed, which is noted.
    pub(super) fn or_note<T>(&self, asked: Result<T, StoreError>) -> Option<T> {
        asked.map_err(|error| self.fail(error)).ok()
    }

    /// The names of the tags that all values of the memo carry.
    fn fixed_tags(&self) -> Result<Vec<String>, StoreError> {
        let tags = self.memo.fixed_tags().iter().map(|tag| TagName(tag.name.clone()));
        // Those that are known to this process only are left out.
        let tags: Vec<TagName> = tags.filter(|tag| !matches!(tag.0, Name::Unnamed(_))).collect();
        let mut names = wire_names(&tags)?;
        if self.is_of_function {
            names.push(function_tag(&self.memo.name));
        }
        Ok(names)
    }

    /// The value, if the store has a fresh one and says so at once. No token is taken: if it is out of date a moment later,
    /// what is computed then is not stored. In a store that is shared, this would be a request more.
    pub(super) fn fresh_at_once(&self) -> Option<Found> {
        let shared = self.cache.shared();
        if shared.protocol.link.store().is_shared() {
            return None;
        }
        let Glance::Found(Ok(value)) = shared.protocol.look_at_once(&self.name, |value| value)?.ok()? else {
            return None;
        };
        if value.fresh_until <= shared.protocol.clock.now() {
            return None;
        }
        let found = self.found(&value)?;
        shared.count(Ok(found))
    }

    /// Reads the value, and takes the token for another.
    pub(super) async fn fetch(&self) -> Result<(Option<Value>, Token), StoreError> {
        let shared = self.cache.shared();
        let (names, tags) = (std::slice::from_ref(&self.name), self.fixed_tags()?);
        let fetched = shared.protocol.fetch_many(names, &tags, shared.by()).await?;
        let Some(fetched) = fetched.into_iter().next() else {
            return Err(StoreError::new(StoreErrorKind::Unavailable, "the store has said nothing of a key"));
        };
        Ok((shared.count(fetched.found), fetched.token))
    }

    /// Tells the others that they keep an older value.
    pub(super) async fn announce(&self) {
        let protocol = &self.cache.shared().protocol;
        let keys = std::slice::from_ref(self.name.stored());
        if protocol.announce_keys(keys, self.cache.shared().by()).await.is_err() {
            // They do not know, so the value goes, and they are told of that.
            protocol.remember_keys(std::slice::from_ref(&self.name));
        }
    }

    /// A value that was found, as the memo keeps it.
    pub(super) fn found(&self, value: &Value) -> Option<Found> {
        let shared = self.cache.shared();
        let decode = || (self.codec.decode)(&shared.protocol.envelope.codec, &value.body);
        let decoded = self.memo.run_hook(decode);
        let decoded = decoded.unwrap_or_else(|| Err("a value has panicked when it was read".to_owned()));
        let decoded = match decoded {
            Ok(decoded) => decoded,
            Err(why) => {
                self.last_error.note(StoreError::new(StoreErrorKind::Encoding, why));
                return None;
            }
        };
        let moment = Moment { millis: shared.protocol.clock.now(), tick: self.memo.clock().now() };
        Some(Found {
            value: decoded,
            tags: names_of_wire(value.tags.iter().map(|(name, _)| &**name)),
            created: moment.tick_of(value.created),
            deadline: moment.tick_of(value.fresh_until),
        })
    }
}

/// One moment, by the clocks of a store and of a memo.
struct Moment {
    millis: Millis,
    tick: Tick,
}

impl Moment {
    fn tick_of(&self, millis: Millis) -> Tick {
        match millis {
            FOR_EVER => NEVER,
            _ if millis >= self.millis => after(self.tick, Duration::from_millis(millis - self.millis)),
            _ => self.tick.saturating_sub(self.millis - millis),
        }
    }
}

/// A value that is about to be stored.
pub(super) struct Publishing {
    pub(super) place: Place,
    pub(super) token: Token,
    /// What was found.
    pub(super) value: Option<Value>,
}

impl Publisher for Publishing {
    fn based_on_found(&mut self) {
        if let Some(old) = &self.value {
            self.token = self.token.clone().based_on(old);
        }
    }

    fn publish(
        self: Box<Self>,
        memo: &MemoCore,
        value: &Erased,
        publication: Publication,
    ) -> Later<Published> {
        let Self { place, token, .. } = *self;
        let shared = place.cache.shared().clone();
        let encoded = memo.run_hook(|| (place.codec.encode)(&shared.protocol.envelope.codec, value));
        let encoded = encoded.unwrap_or_else(|| {
            Err(StoreError::new(StoreErrorKind::Encoding, "a value has panicked when it was serialized"))
        });
        let prepared = encoded.and_then(|body| {
            let now = shared.protocol.clock.now();
            let fresh_until = deadline(now, publication.ttl);
            let serve_until = deadline(fresh_until, Some(publication.window));
            let value = Value { serve_until, ..Value::new(now, fresh_until, body) };
            Ok((value, wire_names(&publication.tags)?))
        });
        let (may_be_late, runtime) = (publication.may_be_late, memo.runtime().clone());
        let cache = place.cache.clone();
        let storing = Box::pin(async move {
            let stored = match prepared {
                Ok((value, tags)) => {
                    shared.protocol.publish_with(&place.name, token, &tags, value, shared.by()).await
                }
                Err(error) => Err(error),
            };
            match stored {
                Ok(true) => {
                    shared.counters.write();
                    if publication.supersedes {
                        place.announce().await;
                    }
                    Published::Stored
                }
                Ok(false) => Published::Refused,
                Err(error) => {
                    place.fail(error);
                    if publication.supersedes {
                        // A caller that has seen the new value must not read the older one afterwards.
                        shared.protocol.remember_keys(std::slice::from_ref(&place.name));
                        place.cache.send_remembered(place.memo.runtime());
                    }
                    Published::Failed
                }
            }
        });
        let Some(late) = may_be_late.then(|| cache.shared().write_behind.begin()).flatten() else {
            return storing;
        };
        runtime.executor.spawn(Box::pin(async move {
            storing.await;
            drop(late);
        }));
        Box::pin(ready(Published::Stored))
    }
}
