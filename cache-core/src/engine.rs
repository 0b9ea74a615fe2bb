//! What happens with a call: answered, led, joined or computed in place. Decisions only: nothing here
//! runs a body or waits for a flight; the drivers do.

use std::sync::Arc;

use crate::draft::Draft;
use crate::flight::{Carried, Flight, Kind, Landing, Wait, Waited};
use crate::key::{Borrowed, KeyRef, Part, Shape};
use crate::memo::{Data, TypedMemo};
use crate::sync::ShardLock;
use crate::tags::{Inherited, Number};
use crate::value::Returns;

/// Look often a waiter whose value was invalidated while it waited joins again before it computes for
/// itself: under a rain of invalidations it must not wait for ever.
pub(crate) const JOINS: u32 = 3;

/// A look-up, handed to the closure that knows the parts of the key.
pub struct Cx<'m, S: Shape, R: Returns> {
    memo: &'m TypedMemo<S::Owned, R::Held>,
    on_hit: Option<OnHit<'m, R::Held>>,
    look: Look,
}

/// How to look: what is unusual about it, in one number, of which a hit asks whether it is 0.
#[derive(Clone, Copy, Default)]
pub(crate) struct Look(u8);

impl Look {
    const UNREAD: u8 = 1;
    const TOLD: u8 = 2;
    const BYPASS: u8 = 4;

    /// Only to make the key.
    pub(crate) const OWN: Self = Self(Self::UNREAD);

    /// Not to read, if so.
    pub(crate) fn unread_if(self, unread: bool) -> Self {
        Self(if unread { self.0 | Self::UNREAD } else { self.0 })
    }

    /// If so, to tell the computation that takes over the tags of what it reads.
    pub(crate) fn told_if(self, told: bool) -> Self {
        Self(if told { self.0 | Self::TOLD } else { self.0 })
    }

    /// For a call that touches nothing.
    pub(crate) fn bypass_if(self, bypass: bool) -> Self {
        Self(if bypass { self.0 | Self::UNREAD | Self::BYPASS } else { self.0 })
    }

    /// Whether it is for a call that touches nothing.
    pub(crate) fn is_bypass(self) -> bool {
        self.0 & Self::BYPASS != 0
    }
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
    #[inline]
    pub(crate) fn new(memo: &'m TypedMemo<S::Owned, R::Held>, look: Look) -> Self {
        Self { memo, on_hit: None, look }
    }

    /// Tells a hook.
    #[inline]
    pub(crate) fn on_hit(mut self, on_hit: Option<OnHit<'m, R::Held>>) -> Self {
        self.on_hit = on_hit;
        self
    }

    /// Looks the key up that is made of these parts.
    #[inline]
    pub fn find<P: Part<S>>(self, _: S, parts: &P) -> Found<S::Owned, R::Held> {
        self.look_up(parts)
    }

    #[inline]
    pub(crate) fn look_up<P: Part<S>>(self, parts: &P) -> Found<S::Owned, R::Held> {
        let hash = self.memo.hash(parts);
        let found = if self.look.0 == 0 {
            self.memo.get(hash, |key| parts.matches(key))
        } else {
            Self::find_otherwise(self.memo, self.look, parts, hash)
        };
        if let Some(value) = found {
            if let Some(on_hit) = self.on_hit {
                let key = Borrowed { part: parts, shape: std::marker::PhantomData::<S> };
                on_hit(&KeyRef { name: &self.memo.name, key: &key }, &value);
            }
            return Found::Hit(value);
        }
        Found::Miss(parts.own(), hash)
    }

    /// Not a method: a hit would have to keep all of this in memory for it.
    #[cold]
    fn find_otherwise<P: Part<S>>(
        memo: &TypedMemo<S::Owned, R::Held>,
        look: Look,
        parts: &P,
        hash: u32,
    ) -> Option<R::Held> {
        if look.0 & Look::TOLD != 0 {
            memo.hand_up_source(hash, || parts.own());
        }
        if look.0 & Look::UNREAD != 0 {
            return None;
        }
        memo.get_told(hash, |key| parts.matches(key))
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
                    if self.is_tracked() {
                        self.hand_up_tags(entry.tags());
                    }
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
        let kind = match how {
            Begin::Read => Kind::Shared,
            Begin::Refresh => Kind::Refresh,
            Begin::Alone => Kind::Alone,
        };
        let inherited = self.spec.inherit_tags.then(|| Inherited::new(self.world().address()));
        let flight = Arc::new(Flight::new(key.clone(), hash, born, kind, inherited));
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
    pub(crate) fn may_take(&self, flight: &Flight<K, V>, joined: Number, carried: &Carried) -> bool {
        let untouched = || match carried {
            Carried::Tags(seen) => {
                let tags = seen.as_ref().map_or(&[][..], |seen| seen);
                self.judged() <= flight.born && self.untouched_since(flight.born, flight.hash, tags)
            }
            Carried::Unknown => false,
        };
        joined == flight.born || untouched()
    }
}

/// A call that was not answered, on its way to an answer.
pub(crate) struct Pursuit<'m, K: Data, V: Data> {
    memo: &'m TypedMemo<K, V>,
    key: &'m K,
    hash: u32,
    begin: Begin,
    joins: u32,
}

/// What a pursuit does next.
pub(crate) enum Next<K: Data, V: Data> {
    /// Somebody has stored it meanwhile.
    Hit(V),
    /// Computes, and tells those who wait.
    Lead(Lead<K, V>),
    /// Computes without storing.
    InPlace,
    /// Waits.
    Wait(Joined<K, V>),
}

/// A flight that somebody waits for.
pub(crate) struct Joined<K, V> {
    pub(crate) flight: Arc<Flight<K, V>>,
    /// The last invalidation from before it joined.
    at: Number,
    /// For as long as it waits.
    _wait: Wait,
}

/// Look a pursuit goes on after it has waited.
pub(crate) enum After<O> {
    /// With an answer.
    Answer(O),
    /// It looks again.
    Again,
    /// It takes a place among those who compute, and looks again.
    TakePlace,
    /// It computes without storing.
    InPlace,
}

impl<'m, K: Data, V: Data> Pursuit<'m, K, V> {
    pub(crate) fn new(memo: &'m TypedMemo<K, V>, key: &'m K, hash: u32, begin: Begin) -> Self {
        Self { memo, key, hash, begin, joins: 0 }
    }

    pub(crate) fn next(&self) -> Next<K, V> {
        let memo = self.memo;
        let (flight, at) = match memo.begin(self.key, self.hash, self.begin) {
            Step::Hit(held) => return Next::Hit(held),
            Step::Lead(lead) => return Next::Lead(lead),
            Step::InPlace => return Next::InPlace,
            Step::Join(flight, joined) => (flight, joined),
        };
        if self.joins == 0 {
            memo.counters.waits.add();
        }
        if let Some(wait) = memo.world().waits.begin(&flight.ancestry) {
            return Next::Wait(Joined { flight, at, _wait: wait });
        }
        memo.counters.in_place.add();
        Next::InPlace
    }

    pub(crate) fn after<R: Returns<Held = V>>(
        &mut self,
        joined: &Joined<K, V>,
        waited: Waited<V>,
    ) -> After<R::Output> {
        self.joins += 1;
        if self.joins >= JOINS {
            self.begin = Begin::Alone;
        }
        match waited {
            Waited::LetGo => {
                self.memo.counters.in_place.add();
                After::InPlace
            }
            Waited::Landed(Landing::Value(held, carried)) => {
                if self.memo.may_take(&joined.flight, joined.at, &carried) {
                    if self.memo.is_tracked() {
                        self.memo.hand_up_carried(&carried);
                    }
                    return After::Answer(R::join(held));
                }
                After::Again
            }
            Waited::Landed(Landing::Error(shared)) => {
                let error = shared.and_then(|error| R::unshare_error(&*error));
                match error {
                    // What the error may have been invalidated by is not known: it has no tags.
                    Some(output) if joined.at == joined.flight.born => {
                        if self.memo.is_tracked() {
                            crate::memo::hand_up_miss();
                        }
                        After::Answer(output)
                    }
                    _ => {
                        // Together with the others, not one behind the other.
                        self.begin = Begin::Alone;
                        After::TakePlace
                    }
                }
            }
            Waited::Landed(Landing::Crashed) => After::Again,
        }
    }
}

impl<K: Data, V: Data> Lead<K, V> {
    /// Ends the flight with what its body has returned. The value, or the return if it is not one to
    /// keep.
    pub(crate) fn settle<R: Returns<Held = V>>(
        self,
        output: R::Output,
        describe: impl Fn(Option<&R::Value>, &mut Draft),
    ) -> Result<V, R::Output> {
        let (memo, flight) = (self.memo.clone(), self.flight.clone());
        match R::split(output) {
            Ok(held) => {
                let draft = memo.draft(&flight.key, Some(&held), |draft| describe(R::value(&held), draft));
                memo.land(self, held.clone(), draft);
                memo.on_error(&flight.key, R::kept_error(&held));
                Ok(held)
            }
            Err(output) => {
                memo.hand_up_failure(&flight.key, |draft| describe(None, draft));
                self.fail(memo.run_hook(|| R::share_error(&output)).flatten());
                memo.on_error(&flight.key, R::error(&output));
                Err(output)
            }
        }
    }

    /// Ends the flight with an error that is not kept.
    fn fail(mut self, error: Option<Arc<dyn std::any::Any + Send + Sync>>) {
        self.memo.counters.errors.add();
        self.end(Landing::Error(error));
    }

    /// Takes the flight off its shard, then tells those who wait.
    pub(crate) fn end(&mut self, landing: Landing<V>) {
        self.landed = true;
        drop(self.memo.end_inheriting(&self.flight));
        if crate::sync::is_comparing() {
            // A shard is held further up this thread's stack: the next who writes takes the flight off.
            self.memo.defer(self.flight.hash);
        } else {
            self.memo.shard(self.flight.hash).write().flights.remove(&self.flight);
        }
        self.flight.land(landing);
    }
}

impl<K: Data, V: Data> Drop for Lead<K, V> {
    /// The body panicked, or its task was dropped: nothing is stored, and one of those who wait takes
    /// over.
    fn drop(&mut self) {
        if !self.landed {
            let panicked = std::thread::panicking() || self.flight.has_panicked();
            let counters = &self.memo.counters;
            if panicked { &counters.panics } else { &counters.cancelled }.add();
            self.end(Landing::Crashed);
        }
    }
}
