//! What the attribute writes: a [`Plan`] ties a function's slot to the shape of its key and return;
//! a [`Bound`] is one call of it, with its arguments, hooks and body.

mod again;
mod calling;
mod detached;
mod hooks;
mod patience;
mod verbs;

use std::any::Any;
use std::marker::PhantomData;

pub(crate) use again::{Again, Asked, Once, Owners, Repeat};
pub use again::{Given, Lent, PickMove, PickNotGiven, PickNotLent, PickToOwned, Ticket, Why, can_own};
pub(crate) use calling::How;
pub use calling::{AsyncCall, Calling};
pub use detached::go_on;
pub use hooks::NoHook;
pub(crate) use hooks::{HitHook, Hooked, MissHook, Stand};
pub(crate) use patience::give_up;
pub use patience::{Limits, TimedOut};
pub(crate) use patience::{Patience, Waits};
pub(crate) use verbs::Work;
pub use verbs::{Address, Call};

use crate::address::Key;
use crate::draft::Draft;
use crate::engine::{Begin, Cx, Found, Look, OnHit, Pursuit};
use crate::key::{KeyRef, Shape, Ty};
use crate::memo::{InField, Memo, MemoSpec, Place, Unstored};
use crate::node::{Fields, IsValueOf, Node, NodeHook, OfNode};
use crate::slot::{Handle, Identity, InSlot, Slot, face};
use crate::value::{IsResult, IsSent, Returns};

/// A memoized function, bound to where its memo is.
///
/// `Id` tells instantiations of a generic function apart, `KA` is the tuple of the arguments that are
/// part of the key, `S` the key's shape, `R` what is decided about the return, `L` looks a call up,
/// `W` is where the memo is found.
pub struct Plan<Id: ?Sized, KA, S, R: Returns, L, W = InSlot> {
    slot: &'static Slot,
    place: W,
    look: L,
    spec: MemoSpec<R>,
    types: PhantomData<fn(&Id, &KA) -> S>,
}

impl<Id, KA, S, R, L> Plan<Id, KA, S, R, L>
where
    Id: Identity + ?Sized,
    S: Shape,
    R: Returns,
    L: Fn(&KA, Cx<'_, S, R>) -> Found<R::Held>,
{
    /// Binds a function to its slot. `look` passes the parts of the key on to [`Cx::find`].
    #[inline]
    pub fn new(_: Ty<Id>, slot: &'static Slot, _: R, look: L) -> Self {
        Self { slot, place: InSlot, look, spec: MemoSpec::new(), types: PhantomData }
    }

    /// Its memo is in a field.
    #[inline]
    pub fn kept_in<M>(self, memo: &Memo<R::Face, M>) -> Plan<Id, KA, S, R, L, InField<&Memo<R::Face, M>>> {
        self.placed(InField(memo))
    }

    /// The same, where what has the field is gone when the memo is asked for.
    #[inline]
    pub fn kept_in_copy<M>(
        self,
        memo: &Memo<R::Face, M>,
    ) -> Plan<Id, KA, S, R, L, InField<Memo<R::Face, M>>> {
        self.placed(InField(memo.clone()))
    }

    #[inline]
    fn placed<W>(self, place: W) -> Plan<Id, KA, S, R, L, W> {
        let Self { slot, place: InSlot, look, spec, types } = self;
        Plan { slot, place, look, spec, types }
    }
}

impl<N, KA, S, R, L> Plan<OfNode<N>, KA, S, R, L>
where
    N: Node,
    S: Fields<N>,
    R: Returns,
    L: Fn(&KA, Cx<'_, S, R>) -> Found<R::Held>,
{
    /// Binds a function to a node, whose memo it uses. `look` passes its fields on to
    /// [`find_node`](crate::node::find_node).
    #[inline]
    pub fn of_node(_: Ty<N>, slot: &'static Slot, _: S, _: R, look: L) -> Self
    where
        R::Value: IsValueOf<N::Value>,
    {
        Self { slot, place: InSlot, look, spec: MemoSpec::of_node::<N, S>(), types: PhantomData }
    }
}

impl<Id, KA, S, R, L, W> Plan<Id, KA, S, R, L, W>
where
    Id: Identity + ?Sized,
    S: Shape,
    R: Returns,
    L: Fn(&KA, Cx<'_, S, R>) -> Found<R::Held>,
    W: Place<S, R>,
{
    /// Called after a value was stored.
    #[must_use]
    #[inline]
    pub fn on_store(mut self, hook: fn(&KeyRef<'_>, &R::Value)) -> Self {
        self.spec.on_store = Some(hook);
        self
    }

    /// Called when an entry has left.
    #[must_use]
    #[inline]
    pub fn on_evict(mut self, hook: fn(&KeyRef<'_>, &R::Value, crate::event::Cause)) -> Self {
        self.spec.on_evict = Some(hook);
        self
    }

    /// Called after the body has returned an error.
    #[must_use]
    #[inline]
    pub fn on_error(mut self, hook: fn(&KeyRef<'_>, &R::Error)) -> Self
    where
        R::Output: IsResult,
    {
        self.spec.on_error = Some(hook);
        self
    }

    /// Whether an older value may stand in for an error.
    #[must_use]
    #[inline]
    pub fn fallback_if(mut self, condition: fn(&R::Error) -> bool) -> Self
    where
        R::Output: IsResult,
    {
        self.spec.fallback_if = Some(condition);
        self
    }

    /// Makes the error that a waiter gets of the leader's.
    #[must_use]
    #[inline]
    pub fn share_error(mut self, share: fn(&R::Error) -> Box<dyn Any + Send>) -> Self
    where
        R::Output: IsResult,
        R::Error: IsSent,
    {
        self.spec.share_error = Some(share);
        self
    }

    /// The weight of an entry.
    #[must_use]
    #[inline]
    pub fn weigh(mut self, weigh: fn(&KeyRef<'_>, &R::Value) -> usize) -> Self {
        self.spec.weigh = Some(weigh);
        self
    }

    /// The memo of this instantiation, to work with.
    #[inline]
    pub(crate) fn handle(&self) -> Handle<'_, S::Owned, R::Held> {
        self.place.memo::<Id>(self.slot, self.spec)
    }

    /// Looks the call up.
    #[inline]
    pub(crate) fn look(&self, keyed: &KA, cx: Cx<'_, S, R>) -> Found<R::Held> {
        (self.look)(keyed, cx)
    }

    /// The key of the call with these arguments.
    pub fn key<M>(&self, keyed: &KA) -> Key<R::Face, M> {
        let memo = self.handle();
        let (key, hash) = self.look(keyed, Cx::new(memo.typed(), Look::OWN)).into_key();
        Key::new(memo.arc(), key, hash, face::<R>)
    }

    /// The memo.
    pub fn memo<M>(&self) -> Memo<R::Face, M> {
        Memo::of(self.handle().arc(), face::<R>)
    }

    /// One call of a function that is not asynchronous.
    #[inline]
    pub fn bind<SA, Run, B, D>(self, keyed: KA, skipped: SA, run: Run) -> Unhooked<Self, KA, SA, Run>
    where
        Run: FnOnce(KA, SA) -> (B, D),
        B: FnOnce() -> R::Output,
        D: Fn(Option<&R::Value>, &mut Draft),
    {
        self.bound(keyed, skipped, run)
    }

    /// One call of an asynchronous function.
    #[inline]
    pub fn bind_async<SA, Run, B, D>(self, keyed: KA, skipped: SA, run: Run) -> Unhooked<Self, KA, SA, Run>
    where
        Run: FnOnce(KA, SA) -> (B, D),
        B: Future<Output = R::Output>,
        D: Fn(Option<&R::Value>, &mut Draft),
    {
        self.bound(keyed, skipped, run)
    }

    #[inline]
    fn bound<SA, Run>(self, keyed: KA, skipped: SA, run: Run) -> Unhooked<Self, KA, SA, Run> {
        Bound {
            plan: self,
            call: Prepared { keyed, skipped, run },
            on_hit: NoHook,
            on_miss: NoHook,
            stand: NoHook,
            again: NoHook,
            patience: NoHook,
            bypass: false,
            refresh: false,
            origin: false,
        }
    }
}

/// Every instantiation of a generic function at once.
#[must_use]
pub fn all(slot: &'static Slot) -> crate::memo::AllMemos {
    crate::memo::AllMemos::new(slot)
}

/// A call's arguments, and what makes its body of them.
pub(crate) struct Prepared<KA, SA, Run> {
    pub(crate) keyed: KA,
    pub(crate) skipped: SA,
    pub(crate) run: Run,
}

impl<KA, SA, Run> Prepared<KA, SA, Run> {
    /// The body, and what describes its value.
    #[inline]
    pub(crate) fn prepare<B, D>(self) -> (B, D)
    where
        Run: FnOnce(KA, SA) -> (B, D),
    {
        (self.run)(self.keyed, self.skipped)
    }
}

/// One call of a memoized function.
pub struct Bound<P, KA, SA, Run, Hit, Miss, St, A, T> {
    plan: P,
    call: Prepared<KA, SA, Run>,
    on_hit: Hit,
    on_miss: Miss,
    stand: St,
    again: A,
    patience: T,
    bypass: bool,
    refresh: bool,
    origin: bool,
}

/// One without hooks.
pub(crate) type Unhooked<P, KA, SA, Run> = Bound<P, KA, SA, Run, NoHook, NoHook, NoHook, NoHook, NoHook>;

impl<Id, KA, S, R, L, W, SA, Run, Hit, Miss, St, A, T>
    Bound<Plan<Id, KA, S, R, L, W>, KA, SA, Run, Hit, Miss, St, A, T>
where
    Id: ?Sized,
    R: Returns,
{
    /// Neither read nor write.
    #[must_use]
    #[inline]
    pub fn bypass_if(mut self, bypass: bool) -> Self {
        self.bypass = bypass;
        self
    }

    /// Do not read, but write.
    #[must_use]
    #[inline]
    pub fn refresh_if(mut self, refresh: bool) -> Self {
        self.refresh = refresh;
        self
    }

    /// Always call the function; what is there is only for when that fails, or is late.
    #[must_use]
    #[inline]
    pub fn origin_first(mut self) -> Self {
        self.origin = true;
        self
    }

    /// How long a call waits: for something that can stand in for the value, and at all; and what it
    /// returns then.
    #[inline]
    pub fn patience<F>(
        self,
        limits: Limits,
        late: F,
    ) -> Bound<Plan<Id, KA, S, R, L, W>, KA, SA, Run, Hit, Miss, St, A, Patience<F>>
    where
        F: Fn(TimedOut) -> R::Output,
    {
        let Self { plan, call, on_hit, on_miss, stand, again, patience: _, bypass, refresh, origin } = self;
        let patience = Patience { limits, late };
        Bound { plan, call, on_hit, on_miss, stand, again, patience, bypass, refresh, origin }
    }

    /// The call is to be computed in the background, too: the build fails if that cannot be.
    #[inline]
    pub fn in_background(self) -> Bound<Plan<Id, KA, S, R, L, W>, KA, SA, Run, Hit, Miss, St, Asked<A>, T>
    where
        A: Repeat<KA, SA>,
    {
        const { again::refuse_if(true, A::WHY_NOT) }
        let Self { plan, call, on_hit, on_miss, stand, again, patience, bypass, refresh, origin } = self;
        Bound { plan, call, on_hit, on_miss, stand, again: Asked(again), patience, bypass, refresh, origin }
    }

    /// The hook for hits.
    #[inline]
    pub fn on_hit<F: Fn(&KA, &SA, &KeyRef<'_>, &R::Value)>(
        self,
        hook: F,
    ) -> Bound<Plan<Id, KA, S, R, L, W>, KA, SA, Run, Hooked<F>, Miss, St, A, T> {
        let Self { plan, call, on_hit: _, on_miss, stand, again, patience, bypass, refresh, origin } = self;
        Bound { plan, call, on_hit: Hooked(hook), on_miss, stand, again, patience, bypass, refresh, origin }
    }

    /// The hook for misses.
    #[inline]
    pub fn on_miss<F: Fn(&KA, &SA, &KeyRef<'_>)>(
        self,
        hook: F,
    ) -> Bound<Plan<Id, KA, S, R, L, W>, KA, SA, Run, Hit, Hooked<F>, St, A, T> {
        let Self { plan, call, on_hit, on_miss: _, stand, again, patience, bypass, refresh, origin } = self;
        Bound { plan, call, on_hit, on_miss: Hooked(hook), stand, again, patience, bypass, refresh, origin }
    }

    /// What is returned while the first value is being computed.
    #[inline]
    pub fn placeholder<F: Fn(&KA, &SA) -> R::Face>(
        self,
        make: F,
    ) -> Bound<Plan<Id, KA, S, R, L, W>, KA, SA, Run, Hit, Miss, Hooked<F>, A, T> {
        let Self { plan, call, on_hit, on_miss, stand: _, again, patience, bypass, refresh, origin } = self;
        Bound { plan, call, on_hit, on_miss, stand: Hooked(make), again, patience, bypass, refresh, origin }
    }

    /// How the call is made once more, in the background.
    #[inline]
    pub fn again<O: Owners, F: Fn(O, KA, SA, Ticket) -> J, J: Send + 'static>(
        self,
        owners: O,
        make: F,
    ) -> Bound<Plan<Id, KA, S, R, L, W>, KA, SA, Run, Hit, Miss, St, Again<O, F>, T> {
        let Self { plan, call, on_hit, on_miss, stand, again: _, patience, bypass, refresh, origin } = self;
        Bound {
            plan,
            call,
            on_hit,
            on_miss,
            stand,
            again: Again(owners, make),
            patience,
            bypass,
            refresh,
            origin,
        }
    }

    /// Why it cannot be.
    #[inline]
    pub fn once<Y: Why>(
        self,
        _: Y,
    ) -> Bound<Plan<Id, KA, S, R, L, W>, KA, SA, Run, Hit, Miss, St, Once<Y>, T> {
        let Self { plan, call, on_hit, on_miss, stand, again: _, patience, bypass, refresh, origin } = self;
        Bound { plan, call, on_hit, on_miss, stand, again: Once::NEW, patience, bypass, refresh, origin }
    }
}

impl<N, KA, S, R: Returns, L, SA, Run> Unhooked<Plan<OfNode<N>, KA, S, R, L>, KA, SA, Run> {
    /// The hooks of the node, for hits and misses.
    #[inline]
    pub fn with_hooks_of_node(
        self,
    ) -> Bound<Plan<OfNode<N>, KA, S, R, L>, KA, SA, Run, NodeHook<N>, NodeHook<N>, NoHook, NoHook, NoHook>
    {
        let Self { plan, call, on_hit: _, on_miss: _, stand, again, patience, bypass, refresh, origin } =
            self;
        let (on_hit, on_miss) = (NodeHook::NEW, NodeHook::NEW);
        Bound { plan, call, on_hit, on_miss, stand, again, patience, bypass, refresh, origin }
    }
}

/// How a call goes on after it was looked up.
pub(crate) enum Looked<V, KA, SA, Run, St, A, T> {
    /// Answered from the cache.
    Answer(V),
    /// Answered from the cache, and to be computed anew in the background.
    Renew(V, Missing<KA, SA, Run, St, A, T>),
    /// It touches nothing; whom to tell of its return, if its tags are asked for.
    Bypass(Prepared<KA, SA, Run>, A, T, Option<Unstored>),
    /// Not there.
    Miss(Missing<KA, SA, Run, St, A, T>),
}

/// A call that was not answered.
pub(crate) struct Missing<KA, SA, Run, St, A, T> {
    pub(crate) pursuit: Pursuit,
    pub(crate) call: Prepared<KA, SA, Run>,
    pub(crate) stand: St,
    pub(crate) again: A,
    pub(crate) patience: T,
}

impl<Id, KA, S, R, L, W, SA, Run, Hit, Miss, St, A, T>
    Bound<Plan<Id, KA, S, R, L, W>, KA, SA, Run, Hit, Miss, St, A, T>
where
    Id: Identity + ?Sized,
    S: Shape,
    R: Returns,
    L: Fn(&KA, Cx<'_, S, R>) -> Found<R::Held>,
    W: Place<S, R>,
    Hit: HitHook<KA, SA, R::Value>,
    Miss: MissHook<KA, SA>,
{
    /// Looks the call up, and tells the hooks. The whole of a hit.
    #[inline]
    pub(crate) fn look_up(self) -> Looked<R::Held, KA, SA, Run, St, A, T> {
        let Self { plan, call, on_hit, on_miss, stand, again, patience, bypass, refresh, origin } = self;
        let memo = plan.handle();
        let look = Look::at(memo.flags()).unread_if(refresh || origin).bypass_if(bypass);
        let tell = |key: &KeyRef<'_>, held: &R::Held| {
            if let Some(value) = R::value(held) {
                memo.run_hook(|| on_hit.hit(&call.keyed, &call.skipped, key, value));
            }
        };
        let tell: Option<OnHit<'_, R::Held>> = if Hit::SET { Some(&tell) } else { None };
        // One look-up, so that it is compiled into this place.
        match plan.look(&call.keyed, Cx::new(memo.typed(), look).on_hit(tell)) {
            Found::Hit(held) => Looked::Answer(held),
            Found::Renew(held, key, hash) => {
                let pursuit = Pursuit::new(memo.arc(), key, hash, Begin::Ahead);
                Looked::Renew(held, Missing { pursuit, call, stand, again, patience })
            }
            Found::Bypass(key) => {
                memo.counters.bypasses.add();
                // What is computed from the return depends on the call all the same.
                let unstored = key.map(|(key, hash)| Unstored { memo: memo.arc(), key, hash, bypass: true });
                Looked::Bypass(call, again, patience, unstored)
            }
            Found::Miss(key, hash) => {
                let begin = if refresh || origin {
                    memo.counters.refreshes.add();
                    if refresh { Begin::Refresh } else { Begin::Origin }
                } else {
                    memo.count_miss();
                    if Miss::SET {
                        let tell = |key: &KeyRef<'_>| on_miss.miss(&call.keyed, &call.skipped, key);
                        memo.run_hook(|| memo.key_ref(&key, tell));
                    }
                    Begin::Read
                };
                let pursuit = Pursuit::new(memo.arc(), key, hash, begin);
                Looked::Miss(Missing { pursuit, call, stand, again, patience })
            }
        }
    }
}

/// Describes nothing: no tags, no ttl of its own.
#[inline]
pub fn plain<V>(_: Option<&V>, _: &mut Draft) {}
