//! What happens with a call: answered, led, joined or computed in place. Decisions only: nothing here
//! runs a body or blocks on a flight; the drivers do.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use crate::flight::{Flight, Landing};
use crate::key::{Borrowed, KeyRef, Part, Shape};
use crate::memo::{Data, TypedMemo};
use crate::sync::ShardLock;
use crate::tags::{Number, Seen};
use crate::value::Returns;

/// How often a waiter whose value was invalidated while it waited joins again before it computes for
/// itself: under a rain of invalidations it must not wait for ever.
pub(crate) const JOINS: u32 = 3;

/// A look-up, handed to the closure that knows the parts of the key.
pub struct Cx<'m, S: Shape, R: Returns> {
    memo: &'m TypedMemo<S::Owned, R::Held>,
    read: bool,
    on_hit: Option<OnHit<'m, R::Held>>,
}

/// A hook that sees the key while it is still borrowed from the call.
pub(crate) type OnHit<'m, V> = &'m dyn Fn(&KeyRef<'_>, &V);

/// What a look-up found.
pub enum Found<K, V> {
    /// A fresh entry.
    Hit(V),
    /// None: the key, to go on with.
    Miss(K, u32),
}

impl<K, V> Found<K, V> {
    /// The key of a look-up that was not to read.
    pub(crate) fn into_key(self) -> (K, u32) {
        match self {
            Self::Miss(key, hash) => (key, hash),
            Self::Hit(_) => unreachable!("asked for the key, not for the entry"),
        }
    }
}

impl<'m, S: Shape, R: Returns> Cx<'m, S, R> {
    /// To read, telling a hook if there is one.
    #[inline]
    pub(crate) fn read(memo: &'m TypedMemo<S::Owned, R::Held>, on_hit: Option<OnHit<'m, R::Held>>) -> Self {
        Self { memo, read: true, on_hit }
    }

    /// Only to make the key.
    pub(crate) fn own(memo: &'m TypedMemo<S::Owned, R::Held>) -> Self {
        Self { memo, read: false, on_hit: None }
    }

    /// Not to read after all, if so.
    #[inline]
    pub(crate) fn unless(mut self, refresh: bool) -> Self {
        self.read &= !refresh;
        self
    }

    /// Looks the key up that is made of these parts.
    #[inline]
    pub fn find<P: Part<S>>(self, _: S, parts: &P) -> Found<S::Owned, R::Held> {
        let hash = self.memo.hash(parts);
        if self.read
            && let Some(value) = self.memo.get(hash, |key| parts.matches(key))
        {
            if let Some(on_hit) = self.on_hit {
                let key = Borrowed { part: parts, shape: std::marker::PhantomData::<S> };
                on_hit(&KeyRef { name: &self.memo.name, key: &key }, &value);
            }
            return Found::Hit(value);
        }
        Found::Miss(parts.own(), hash)
    }
}

/// What a `ttl` may be.
#[diagnostic::on_unimplemented(
    message = "a `ttl` is a `Duration`, or an `Option<Duration>` where `None` is without end; not `{Self}`",
    label = "not a duration",
    note = "a literal number is seconds, and a literal text is human: `ttl = 300`, `ttl = \"1h30m\"`"
)]
pub trait IntoTtl {
    /// As an option.
    fn into_ttl(self) -> Option<Duration>;
}

#[diagnostic::do_not_recommend]
impl IntoTtl for Duration {
    fn into_ttl(self) -> Option<Duration> {
        Some(self)
    }
}

#[diagnostic::do_not_recommend]
impl IntoTtl for Option<Duration> {
    fn into_ttl(self) -> Option<Duration> {
        self
    }
}

/// What an entry to be stored answers to; filled in by the attribute's options.
#[derive(Default)]
pub struct Draft {
    pub(crate) tags: Vec<Cow<'static, str>>,
    #[expect(clippy::option_option, reason = "not given, without end, or so long")]
    pub(crate) ttl: Option<Option<Duration>>,
    pub(crate) refused: bool,
    /// User code that was asked about the entry has panicked.
    pub(crate) panicked: bool,
}

impl Draft {
    /// Adds a tag. Without its text the entry could not be invalidated by it, so then nothing is
    /// stored.
    pub fn rendered(&mut self, tag: Option<String>) {
        match tag {
            Some(tag) => self.tags.push(tag.into()),
            None => self.panicked = true,
        }
    }

    /// Sets the ttl: a `Duration`, or an `Option` of one where `None` is without end.
    pub fn ttl(&mut self, ttl: impl Into<Option<Duration>>) {
        self.ttl = Some(ttl.into());
    }

    /// Stores only if `store`.
    pub fn store_if(&mut self, store: bool) {
        self.refused |= !store;
    }
}

/// How a call goes on after it was not answered from the cache.
pub(crate) enum Step<K: Data, V: Data> {
    /// Somebody has stored it meanwhile.
    Hit(V),
    /// Computes, and tells those who wait.
    Lead(Lead<K, V>),
    /// Waits; with the last invalidation from before it joined.
    Join(Arc<Flight<K, V>>, Number),
    /// Computes without storing.
    InPlace,
}

/// How a call may begin.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begin {
    /// Whatever is there will do.
    Read,
    /// Must compute; replaces what is there and what is under way.
    Refresh,
    /// Must not wait for others, but may store.
    Alone,
}

/// A flight under way, held by its leader.
pub(crate) struct Lead<K: Data, V: Data> {
    pub(crate) memo: Arc<TypedMemo<K, V>>,
    pub(crate) flight: Arc<Flight<K, V>>,
    pub(crate) landed: bool,
}

impl<K: Data, V: Data> TypedMemo<K, V> {
    /// Decides how a call that was not answered goes on.
    pub(crate) fn begin(&self, key: &K, hash: u32, how: Begin) -> Step<K, V> {
        if crate::sync::is_comparing() {
            // Within a user's `Eq`, under shared access to some shard: nothing may be waited for.
            self.counters.in_place.add();
            return Step::InPlace;
        }
        self.settle_deferred();
        let same = |other: &K| (self.key_fns.same)(other, key);
        let shard = self.shard(hash);
        let room = shard.upgradable();
        let how = if self.spec.single_flight || how == Begin::Refresh { how } else { Begin::Alone };
        let mut superseded = Vec::new();
        match how {
            Begin::Read | Begin::Alone => {
                let found = room.residents.find(hash, same);
                if let Some(entry) = found.filter(|entry| self.fresh(entry)) {
                    entry.touch();
                    return Step::Hit(entry.value.clone());
                }
                if how == Begin::Read
                    && let Some(flight) = room.flights.find(hash, same)
                {
                    let now = self.world().tags.now();
                    return Step::Join(flight.clone(), now);
                }
            }
            Begin::Refresh => superseded = room.flights.of(hash, same),
        }
        let born = self.world().tags.now();
        let flight = Arc::new(Flight::new(key.clone(), hash, born, how != Begin::Alone));
        let mut room = ShardLock::upgrade(room);
        for flight in &superseded {
            room.flights.remove(flight);
        }
        room.flights.add(flight.clone());
        drop(room);
        Step::Lead(Lead { memo: self.arc(), flight, landed: false })
    }

    /// Whether a waiter that joined at `joined` may take a flight's value: not if it was invalidated
    /// after the flight began and before the waiter came.
    pub(crate) fn may_take(&self, flight: &Flight<K, V>, joined: Number, seen: Option<&Seen>) -> bool {
        let tags = seen.map_or(&[][..], |seen| seen);
        joined == flight.born || self.untouched_since(flight.born, flight.hash, tags)
    }
}

impl<K: Data, V: Data> Lead<K, V> {
    /// Ends the flight with an error that is not kept.
    pub(crate) fn fail(mut self, error: Option<Arc<dyn std::any::Any + Send + Sync>>) {
        self.memo.counters.errors.add();
        self.end(Landing::Error(error));
    }

    /// Takes the flight off its shard, then tells those who wait.
    pub(crate) fn end(&mut self, landing: Landing<V>) {
        self.landed = true;
        self.memo.shard(self.flight.hash).write().flights.remove(&self.flight);
        self.flight.land(landing);
    }
}

impl<K: Data, V: Data> Drop for Lead<K, V> {
    /// The body panicked: nothing is stored, and one of those who wait takes over.
    fn drop(&mut self) {
        if !self.landed {
            self.memo.counters.panics.add();
            self.end(Landing::Crashed);
        }
    }
}
