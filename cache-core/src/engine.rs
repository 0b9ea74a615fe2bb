//! What happens with a call: answered, led, joined or computed in place. Decisions only: nothing here
//! runs a body or waits for a flight; the drivers do.

use std::sync::Arc;
use std::time::Duration;

use crate::draft::Draft;
use crate::flight::{Bounds, Carried, Flight, Kind, Landing, Wait, Waited};
use crate::key::{Borrowed, KeyRef, Part, Shape};
use crate::memo::{Data, TypedMemo, Unstored};
use crate::plan::Limits;
use crate::policy::Verdict;
use crate::store::Resident;
use crate::sync::ShardLock;
use crate::tags::Number;
use crate::time::{Tick, after};
use crate::value::Returns;

/// How often a waiter whose value was invalidated while it waited joins again before it computes for
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
    const RULED: u8 = 8;
    const FRESH: u8 = 16;

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

    /// If so, an entry is asked what it is good for even where it is fresh.
    pub(crate) fn ruled_if(self, ruled: bool) -> Self {
        Self(if ruled { self.0 | Self::RULED } else { self.0 })
    }

    /// Only for what is fresh, and without having it computed anew.
    pub(crate) fn only_fresh(self) -> Self {
        Self(self.0 | Self::FRESH)
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
    /// An entry to answer with.
    Hit(V),
    /// One that is to be computed anew in the background; and its key, to go on with.
    Renew(V, K, u32),
    /// None: the key, to go on with.
    Miss(K, u32),
}

impl<K, V> Found<K, V> {
    /// The key of a look-up that was not to read.
    pub(crate) fn into_key(self) -> (K, u32) {
        match self {
            Self::Miss(key, hash) => (key, hash),
            Self::Hit(_) | Self::Renew(..) => unreachable!("asked for the key, not for the entry"),
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
        if self.look.0 == 0
            && let Some(value) = self.memo.get(hash, |key| parts.matches(key))
        {
            if let Some(on_hit) = self.on_hit {
                Self::tell(self.memo, on_hit, parts, &value);
            }
            return Found::Hit(value);
        }
        Self::look_further(self.memo, self.look, self.on_hit, parts, hash)
    }

    fn tell<P: Part<S>>(
        memo: &TypedMemo<S::Owned, R::Held>,
        on_hit: OnHit<'_, R::Held>,
        parts: &P,
        value: &R::Held,
    ) {
        let key = Borrowed { part: parts, shape: std::marker::PhantomData::<S> };
        on_hit(&KeyRef { name: &memo.name, key: &key }, value);
    }

    /// Not a method: a hit would have to keep all of this in memory for it.
    #[inline(never)]
    fn look_further<P: Part<S>>(
        memo: &TypedMemo<S::Owned, R::Held>,
        look: Look,
        on_hit: Option<OnHit<'_, R::Held>>,
        parts: &P,
        hash: u32,
    ) -> Found<S::Owned, R::Held> {
        if look.0 & Look::TOLD != 0 {
            memo.hand_up_source(hash, || parts.own());
        }
        // Where nothing unusual was to be looked at, an entry that is not fresh is of use within a window
        // only.
        let wanted = look.0 & Look::UNREAD == 0 && (look.0 != 0 || memo.spec.rules.has_window());
        let only_fresh = look.0 & Look::FRESH != 0;
        let found = if wanted { memo.get_by_rules(hash, |key| parts.matches(key), only_fresh) } else { None };
        let Some((value, renew)) = found else { return Found::Miss(parts.own(), hash) };
        if let Some(on_hit) = on_hit {
            Self::tell(memo, on_hit, parts, &value);
        }
        if renew { Found::Renew(value, parts.own(), hash) } else { Found::Hit(value) }
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
    /// Must compute, or wait for who does: what is there is for when that fails.
    Origin,
    /// The same, and must not wait for others.
    OriginAlone,
    /// Is answered already, and computes anew what it was answered with, unless somebody does.
    Ahead,
}

impl Begin {
    /// The same, without waiting for others.
    fn alone(self) -> Self {
        match self {
            Self::Read | Self::Alone => Self::Alone,
            Self::Origin | Self::OriginAlone => Self::OriginAlone,
            Self::Refresh | Self::Ahead => self,
        }
    }

    fn kind(self) -> Kind {
        match self {
            Self::Read | Self::Origin | Self::Ahead => Kind::Shared,
            Self::Refresh => Kind::Refresh,
            Self::Alone | Self::OriginAlone => Kind::Alone,
        }
    }
}

/// A flight under way, held by its leader.
pub(crate) struct Lead<K: Data, V: Data> {
    pub(crate) memo: Arc<TypedMemo<K, V>>,
    pub(crate) flight: Arc<Flight<K, V>>,
    pub(crate) how: Begin,
    /// When it began, where that matters.
    pub(crate) begun: Option<Tick>,
    pub(crate) landed: bool,
}

/// What a computation has come to that has stored nothing: its return, an error.
pub(crate) struct Failed<O> {
    pub(crate) output: O,
    /// Whether an older value may stand in for it.
    pub(crate) counts: bool,
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
        let begun = self.spec.rules.asks_for_cost().then(|| self.clock().now());
        let same = |other: &K| (self.key_fns.same)(other, key);
        let shard = self.shard(hash);
        let room = shard.upgradable();
        let how = if self.spec.single_flight { how } else { how.alone() };
        let found = room.residents.find(hash, same);
        let mut superseded = Vec::new();
        if how == Begin::Refresh {
            superseded = room.flights.of(hash, same);
        } else {
            if let Some(entry) = found
                && let Some(value) = self.answer(entry, how)
            {
                return Step::Hit(value);
            }
            if how.kind() == Kind::Shared
                && let Some(flight) = room.flights.find(hash, same)
            {
                let now = self.world().tags.now();
                return Step::Join(flight.clone(), now);
            }
        }
        let born = self.world().tags.now();
        let old = found.map(|entry| entry.node);
        let flight = Arc::new(Flight::new(key.clone(), hash, born, how.kind(), old, self.ancestry(old)));
        let mut room = ShardLock::upgrade(room);
        for flight in &superseded {
            room.flights.remove(flight);
        }
        room.flights.add(flight.clone());
        if matches!(how, Begin::Ahead | Begin::Refresh) {
            // A refresh has superseded whoever was at it.
            Self::note_renewal(&mut room, old, how == Begin::Ahead);
        }
        drop(room);
        Step::Lead(Lead { memo: self.arc(), flight, how, begun, landed: false })
    }

    /// Answers with an entry that was stored since it was looked for, if it is good for that.
    fn answer(&self, entry: &Resident<K, V>, how: Begin) -> Option<V> {
        let now = self.clock().coarse();
        match how {
            Begin::Read | Begin::Alone if self.on_call(entry, now) != Verdict::Compute => {}
            // What was due is due, unless somebody has seen to it. It has answered before.
            Begin::Ahead if self.on_call_if_due(entry, now) == Verdict::Serve => {
                return Some(entry.value.clone());
            }
            _ => return None,
        }
        Some(self.serve(entry, now))
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
pub(crate) struct Pursuit<K: Data, V: Data> {
    memo: Arc<TypedMemo<K, V>>,
    key: K,
    hash: u32,
    begin: Begin,
    joins: u32,
    patience: Patience,
}

/// Until when a call waits.
#[derive(Default)]
struct Patience {
    /// For something to stand in for the value.
    soft: Option<Tick>,
    /// At all; and how long that is.
    hard: Option<(Tick, Duration)>,
}

impl Patience {
    /// When to look at what is there.
    fn until(&self) -> Option<Tick> {
        self.soft.into_iter().chain(self.hard.map(|(at, _)| at)).min()
    }
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

/// How a pursuit goes on after it has waited.
pub(crate) enum After<O> {
    /// With an answer.
    Answer(O),
    /// It waits on.
    Wait,
    /// It looks again.
    Again,
    /// It takes a place among those who compute, and looks again.
    TakePlace,
    /// It computes without storing.
    InPlace,
    /// It has waited for so long, and gives up.
    Late(Duration),
}

/// The same where it has waited for what it leads itself.
pub(crate) enum Own<O> {
    /// With an answer.
    Answer(O),
    /// It waits on.
    Wait,
    /// With what its body has returned.
    Returned,
    /// Its body has panicked, or was given up.
    Crashed,
    /// Nobody runs its body: it has to.
    Refused,
    /// It has waited for so long, and gives up.
    Late(Duration),
}

impl<K: Data, V: Data> Pursuit<K, V> {
    pub(crate) fn new(memo: Arc<TypedMemo<K, V>>, key: K, hash: u32, begin: Begin) -> Self {
        Self { memo, key, hash, begin, joins: 0, patience: Patience::default() }
    }

    /// Does not wait longer than that.
    pub(crate) fn within(mut self, limits: Limits) -> Self {
        if limits == Limits::NONE {
            return self;
        }
        let now = self.memo.clock().now();
        let soft = limits.soft.filter(|_| self.falls_back());
        self.patience = Patience {
            soft: soft.map(|limit| after(now, limit)),
            hard: limits.hard.map(|limit| (after(now, limit), limit)),
        };
        self
    }

    pub(crate) fn memo(&self) -> &Arc<TypedMemo<K, V>> {
        &self.memo
    }

    /// It computes without storing.
    pub(crate) fn unstored(&self) -> Unstored<K, V> {
        Unstored { memo: self.memo.clone(), key: self.key.clone(), hash: self.hash, bypass: false }
    }

    /// How long to wait for others.
    pub(crate) fn bounds(&self) -> Bounds {
        // Who looks again at some time needs not be let go before.
        let max_wait = self.patience.until().is_none().then_some(self.memo.spec.max_wait);
        Bounds { max_wait, until: self.patience.until(), own: false }
    }

    /// Until when to wait for a place among those who compute.
    pub(crate) fn place_by(&self) -> Tick {
        let by = after(self.memo.clock().now(), self.memo.spec.max_wait);
        self.patience.hard.map_or(by, |(hard, _)| by.min(hard))
    }

    /// How it goes on with its place, for which it may have waited until its time was up.
    pub(crate) fn placed<R: Returns<Held = V>>(&mut self) -> After<R::Output> {
        match self.late() {
            Ok(Some(older)) => After::Answer(R::join(older)),
            Ok(None) => After::Again,
            Err(limit) => After::Late(limit),
        }
    }

    /// How long to wait for what it leads itself, and is computed elsewhere.
    pub(crate) fn bounds_of_own(&self) -> Bounds {
        Bounds { max_wait: None, until: self.patience.until(), own: true }
    }

    /// Whether an older value may stand in for the one that is computed.
    fn falls_back(&self) -> bool {
        self.memo.falls_back(self.begin)
    }

    pub(crate) fn next(&self) -> Next<K, V> {
        let memo = &self.memo;
        let (flight, at) = match memo.begin(&self.key, self.hash, self.begin) {
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
        let landing = match waited {
            Waited::Landed(landing) => landing,
            Waited::Late => {
                return match self.late() {
                    Ok(Some(older)) => After::Answer(R::join(older)),
                    Ok(None) => After::Wait,
                    Err(limit) => After::Late(limit),
                };
            }
            Waited::LetGo | Waited::Refused => {
                self.memo.counters.in_place.add();
                return After::InPlace;
            }
        };
        self.joins += 1;
        if self.joins >= JOINS {
            self.begin = self.begin.alone();
        }
        match landing {
            Landing::Value(held, carried) => {
                if self.memo.may_take(&joined.flight, joined.at, &carried) {
                    if self.memo.is_tracked() {
                        self.memo.hand_up_carried(&carried);
                    }
                    return After::Answer(R::join(held));
                }
                After::Again
            }
            Landing::Error(shared, counts) => {
                if let Some(older) = self.older(counts) {
                    return After::Answer(R::join(older));
                }
                let error = shared.and_then(|error| R::unshare_error(&*error));
                match error {
                    // What the error may have been invalidated by is not known: it has no tags.
                    Some(output) if joined.at == joined.flight.born => {
                        self.memo.hand_up_absence();
                        After::Answer(output)
                    }
                    _ => {
                        // Together with the others, not one behind the other.
                        self.begin = self.begin.alone();
                        After::TakePlace
                    }
                }
            }
            Landing::Crashed => After::Again,
        }
    }

    /// The same after it has waited for its own flight.
    pub(crate) fn after_own<R: Returns<Held = V>>(&mut self, waited: &Waited<V>) -> Own<R::Output> {
        match waited {
            Waited::Late => match self.late() {
                Ok(Some(older)) => Own::Answer(R::join(older)),
                Ok(None) => Own::Wait,
                Err(limit) => Own::Late(limit),
            },
            Waited::Landed(Landing::Error(_, counts)) => {
                self.older(*counts).map_or(Own::Returned, |older| Own::Answer(R::join(older)))
            }
            // Not from the parcel, which comes after the hooks.
            Waited::Landed(Landing::Value(held, _)) => Own::Answer(R::join(held.clone())),
            Waited::Landed(Landing::Crashed) => Own::Crashed,
            Waited::LetGo | Waited::Refused => Own::Refused,
        }
    }

    /// What a call returns whose body has failed.
    pub(crate) fn or_older<R: Returns<Held = V>>(&self, failed: Failed<R::Output>) -> R::Output {
        self.older(failed.counts).map_or(failed.output, R::join)
    }

    /// The same of a body that was run in place.
    pub(crate) fn or_older_in_place<R: Returns<Held = V>>(&self, output: R::Output) -> R::Output {
        let counts = R::error(&output).is_some_and(|error| self.memo.counts(error) == Some(true));
        self.or_older::<R>(Failed { output, counts })
    }

    /// What stands in for a value that has failed, or is late.
    fn older(&self, counts: bool) -> Option<V> {
        if counts && self.falls_back() { self.memo.stand_in(&self.key, self.hash) } else { None }
    }

    /// It has waited until one of its limits: what stands in, if something does; how long it has waited if it
    /// waits no more.
    fn late(&mut self) -> Result<Option<V>, Duration> {
        let now = self.memo.clock().now();
        if self.patience.until().is_none_or(|until| now < until) {
            return Ok(None);
        }
        if let Some(older) = self.older(true) {
            self.memo.note_lateness(&self.key, self.hash, self.begin);
            return Ok(Some(older));
        }
        match self.patience.hard {
            Some((at, limit)) if at <= now => {
                self.memo.counters.timeouts.add();
                self.memo.hand_up_absence();
                Err(limit)
            }
            _ => {
                // From here on only the other limit counts.
                self.patience.soft = None;
                Ok(None)
            }
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
    ) -> Result<V, Failed<R::Output>> {
        let (memo, flight) = (self.memo.clone(), self.flight.clone());
        let mut said = flight.ancestry.said();
        let output = match R::split(output) {
            Ok(held) => {
                // An error that is kept must not take the place of an older value that may stand in for it.
                let fails = R::kept_error(&held)
                    .is_some_and(|error| self.has_older() && memo.counts(error) == Some(true));
                if !fails {
                    // An error is not the value that was there.
                    said.unmodified &= R::kept_error(&held).is_none();
                    let draft = memo.draft(&flight.key, Some(&held), |draft| {
                        describe(R::value(&held), draft);
                        draft.decide(said);
                    });
                    memo.land(self, held.clone(), draft);
                    memo.on_error(&flight.key, R::kept_error(&held));
                    return Ok(held);
                }
                R::join(held)
            }
            Err(output) => output,
        };
        memo.hand_up_described(&flight.key, None, |draft| {
            describe(None, draft);
            draft.decide(said);
        });
        let counts = R::error(&output).and_then(|error| memo.counts(error));
        if counts == Some(false) {
            // It is an answer, which is not kept: as a value would, it ends the older one.
            memo.end_old(&flight);
        }
        let counts = counts == Some(true);
        self.fail(memo.run_hook(|| R::share_error(&output)).flatten(), counts);
        memo.on_error(&flight.key, R::error(&output));
        Err(Failed { output, counts })
    }

    /// Ends the flight with an error that is not kept.
    fn fail(mut self, error: Option<Arc<dyn std::any::Any + Send + Sync>>, counts: bool) {
        self.memo.counters.errors.add();
        self.end(Landing::Error(error, counts));
    }

    /// Whether there is an older value whose place an error must not take.
    fn has_older(&self) -> bool {
        self.memo.keeps_older(&self.flight.key, self.flight.hash, self.how)
    }

    /// Takes the flight off its shard, then tells those who wait.
    pub(crate) fn end(&mut self, landing: Landing<V>) {
        self.landed = true;
        drop(self.memo.end_inheriting(&self.flight));
        if crate::sync::is_comparing() {
            // A shard is held further up this thread's stack: the next who writes takes the flight off.
            self.memo.defer(self.flight.hash);
        } else {
            let failed = match landing {
                Landing::Value(..) => false,
                // In the background nobody is told of it, and asking at once again would not help.
                Landing::Error(..) | Landing::Crashed if self.how == Begin::Ahead => true,
                Landing::Error(_, counts) => counts,
                // That a caller has left says nothing of what it has called.
                Landing::Crashed => self.has_panicked(),
            };
            let mut room = self.memo.shard(self.flight.hash).write();
            room.flights.remove(&self.flight);
            if self.how == Begin::Ahead {
                TypedMemo::note_renewal(&mut room, self.flight.old, false);
            }
            if failed {
                self.memo.note_failure(&mut room, self.flight.old, self.how);
            }
        }
        self.flight.land(landing);
    }

    fn has_panicked(&self) -> bool {
        std::thread::panicking() || self.flight.has_panicked()
    }
}

impl<K: Data, V: Data> Drop for Lead<K, V> {
    /// The body panicked, or its task was dropped: nothing is stored, and one of those who wait takes
    /// over.
    fn drop(&mut self) {
        if !self.landed {
            let counters = &self.memo.counters;
            if self.has_panicked() { &counters.panics } else { &counters.cancelled }.add();
            self.end(Landing::Crashed);
        }
    }
}
