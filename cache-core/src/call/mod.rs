//! What the attribute writes: a [`Plan`] ties a function's slot to the shape of its key and return;
//! a [`Bound`] is one call of it, with its arguments, hooks and body.

mod background_call;
mod bound;
mod calling;
mod detached;
mod hooks;
mod timeouts;
mod verbs;

use std::marker::PhantomData;

pub(crate) use background_call::{
    BackgroundCall, BackgroundCallWith, NoBackgroundCall, Owners, RequiredBackgroundCall,
};
pub use background_call::{
    FlightHandle, Given, Lent, PickMove, PickNotGiven, PickNotLent, PickToOwned, Why, can_own,
};
pub use bound::Bound;
#[cfg(all(test, loom))]
pub(crate) use bound::Parts;
pub(crate) use bound::{Prepared, RunsInBackground, UnansweredCall};
pub(crate) use calling::CallKind;
pub use calling::{AsyncCall, Calling};
pub use detached::go_on;
pub use hooks::NoHook;
pub(crate) use hooks::{Extras, HitHook, Hooked, Hooking, Hooks, MissHook};
pub(crate) use timeouts::give_up;
pub use timeouts::{Limits, TimedOut};
pub(crate) use timeouts::{Timeouts, WaitLimits};
pub(crate) use verbs::BlockingJob;
pub(crate) use verbs::WriteCall;
pub use verbs::{Address, Call};

use crate::address::Key;
use crate::engine::{Cx, Found, LookFlags};
use crate::entry::Entry;
use crate::erased::Erased;
use crate::key::{Shape, Ty};
use crate::memo::{InField, Memo, MemoHooks, MemoLocation, MemoSpec};
use crate::metadata::EntryMetadata;
use crate::node::{Fields, HooksOfNode, IsValueOf, Node, OfNode};
use crate::slot::{Identity, InSlot, MemoHandle, Slot, companion_value};
use crate::value::Returns;

/// What is called: a function, and where its memo is.
pub trait MemoizedFn<KA> {
    /// The shape of its key.
    type Shape: Shape;
    /// What is decided about its return.
    type Returns: Returns;
    /// Whether its entries are computed in the background, too, because of options that the call does not
    /// have: those of a node.
    const IN_BACKGROUND: bool;
    /// Whether a call is looked at by [`glance`](Self::glance) first.
    const GLANCES: bool;

    /// The fresh entry of a call, if one is found at once.
    fn glance(&self, keyed: &KA) -> Option<<Self::Returns as Returns>::StoredValue>;

    /// The memo of a function whose memo is in this slot, and is told nothing when it is made.
    fn memo_in(
        slot: &'static Slot,
    ) -> MemoHandle<'static, <Self::Shape as Shape>::Owned, <Self::Returns as Returns>::StoredValue>;
    /// Its memo.
    fn memo(&self) -> MemoHandle<'_, <Self::Shape as Shape>::Owned, <Self::Returns as Returns>::StoredValue>;
    /// Looks a call up.
    fn look(
        &self,
        keyed: &KA,
        cx: Cx<'_, Self::Shape, Self::Returns>,
    ) -> Found<<Self::Returns as Returns>::StoredValue>;

    /// The key of a call as it is stored, and its hash. `memo` is its memo.
    fn own(
        &self,
        keyed: &KA,
        memo: &MemoHandle<'_, <Self::Shape as Shape>::Owned, <Self::Returns as Returns>::StoredValue>,
    ) -> (Erased, u32) {
        self.look(keyed, Cx::new(memo.typed(), LookFlags::KEY_ONLY)).into_key()
    }

    /// The key of a call.
    fn key<M>(&self, keyed: &KA) -> Key<<Self::Returns as Returns>::CompanionValue, M> {
        let memo = self.memo();
        let (key, hash) = self.own(keyed, &memo);
        Key::new(memo.arc(), key, hash, companion_value::<Self::Returns>)
    }
}

impl<Id, KA, S, R, L, W, H> MemoizedFn<KA> for Plan<Id, KA, S, R, L, W, H>
where
    Id: Identity + ?Sized,
    S: Shape,
    R: Returns,
    L: Fn(&KA, Cx<'_, S, R>) -> Found<R::StoredValue>,
    W: MemoLocation<S, R>,
    H: MemoHooks<R>,
{
    type Shape = S;
    type Returns = R;
    const IN_BACKGROUND: bool = Id::IN_BACKGROUND;
    const GLANCES: bool = Id::ONLY && W::ONE;

    #[inline]
    fn glance(&self, keyed: &KA) -> Option<R::StoredValue> {
        let memo = self.location.only::<Id>(self.slot)?;
        (self.look)(keyed, Cx::glance(memo.typed())).at_a_glance()
    }

    fn memo_in(slot: &'static Slot) -> MemoHandle<'static, S::Owned, R::StoredValue> {
        slot.memo::<Id, S, R>(&NoHook)
    }

    #[inline]
    fn memo(&self) -> MemoHandle<'_, S::Owned, R::StoredValue> {
        self.location.memo::<Id>(self.slot, &self.hooks)
    }

    #[inline]
    fn look(&self, keyed: &KA, cx: Cx<'_, S, R>) -> Found<R::StoredValue> {
        (self.look)(keyed, cx)
    }
}

/// A memoized function, bound to where its memo is.
///
/// `Id` tells instantiations of a generic function apart, `KA` is the tuple of the arguments that are
/// part of the key, `S` the key's shape, `R` what is decided about the return, `L` looks a call up,
/// `W` is where the memo is found, `H` what the memo is told when it is made.
pub struct Plan<Id: ?Sized, KA, S, R: Returns, L, W = InSlot, H = NoHook> {
    slot: &'static Slot,
    location: W,
    look: L,
    hooks: H,
    types: PhantomData<fn(&Id, &KA) -> (S, R)>,
}

impl<Id, KA, S, R, L> Plan<Id, KA, S, R, L>
where
    Id: Identity + ?Sized,
    S: Shape,
    R: Returns,
    L: Fn(&KA, Cx<'_, S, R>) -> Found<R::StoredValue>,
{
    /// Binds a function to its slot. `look` passes the parts of the key on to [`Cx::find`].
    #[inline]
    pub fn new(_: Ty<Id>, slot: &'static Slot, _: R, look: L) -> Self {
        Self { slot, location: InSlot, look, hooks: NoHook, types: PhantomData }
    }

    /// Its memo is in a field.
    #[inline]
    pub fn kept_in<M>(
        self,
        memo: &Memo<R::CompanionValue, M>,
    ) -> Plan<Id, KA, S, R, L, InField<&Memo<R::CompanionValue, M>>> {
        self.at_location(InField(memo))
    }

    /// The same where the owner of the field may be gone by the time the memo is looked up: copies the
    /// handle.
    #[inline]
    pub fn kept_in_copy<M>(
        self,
        memo: &Memo<R::CompanionValue, M>,
    ) -> Plan<Id, KA, S, R, L, InField<Memo<R::CompanionValue, M>>> {
        self.at_location(InField(memo.clone()))
    }

    #[inline]
    fn at_location<W>(self, location: W) -> Plan<Id, KA, S, R, L, W> {
        let Self { slot, location: InSlot, look, hooks, types } = self;
        Plan { slot, location, look, hooks, types }
    }
}

impl<N, KA, S, R, L> Plan<OfNode<N>, KA, S, R, L, InSlot, HooksOfNode<N, S>>
where
    N: Node,
    S: Fields<N>,
    R: Returns,
    L: Fn(&KA, Cx<'_, S, R>) -> Found<R::StoredValue>,
{
    /// Binds a function to a node, whose memo it uses. `look` passes its fields on to
    /// [`find_node`](crate::node::find_node).
    #[inline]
    pub fn of_node(_: Ty<N>, slot: &'static Slot, _: S, _: R, look: L) -> Self
    where
        R::Value: IsValueOf<N::Value>,
    {
        Self { slot, location: InSlot, look, hooks: HooksOfNode::NEW, types: PhantomData }
    }
}

impl<Id: ?Sized, KA, S, R: Returns, L, W> Plan<Id, KA, S, R, L, W> {
    /// What the attribute tells the memo besides: hooks, weigher, conditions. Asked when the memo is made; the call
    /// carries what makes them along, which is nothing unless they are of an instance.
    #[inline]
    pub fn with_hooks<F: Fn(MemoSpec<R>) -> MemoSpec<R>>(
        self,
        hooks: F,
    ) -> Plan<Id, KA, S, R, L, W, Hooked<F>> {
        let Self { slot, location, look, hooks: NoHook, types } = self;
        Plan { slot, location, look, hooks: Hooked(hooks), types }
    }
}

impl<Id, KA, S, R, L, W, H> Plan<Id, KA, S, R, L, W, H>
where
    Id: Identity + ?Sized,
    S: Shape,
    R: Returns,
    L: Fn(&KA, Cx<'_, S, R>) -> Found<R::StoredValue>,
    W: MemoLocation<S, R>,
    H: MemoHooks<R>,
{
    /// The key of the call with these arguments.
    pub fn key<M>(&self, keyed: &KA) -> Key<R::CompanionValue, M> {
        MemoizedFn::key(self, keyed)
    }

    /// The memo.
    pub fn memo<M>(&self) -> Memo<R::CompanionValue, M> {
        Memo::of(MemoizedFn::memo(self).arc(), companion_value::<R>)
    }

    /// One call of a function that is not asynchronous.
    #[inline]
    pub fn bind<SA, Run, B, D>(self, keyed: KA, skipped: SA, run: Run) -> Bound<Self, KA, SA, Run>
    where
        Run: FnOnce(KA, SA) -> (B, D),
        B: FnOnce() -> R::Output,
        D: Fn(Option<&R::Value>, &mut EntryMetadata),
    {
        Bound::new(self, keyed, skipped, run)
    }

    /// One call of an asynchronous function.
    #[inline]
    pub fn bind_async<SA, Run, B, D>(self, keyed: KA, skipped: SA, run: Run) -> Bound<Self, KA, SA, Run>
    where
        Run: FnOnce(KA, SA) -> (B, D),
        B: Future<Output = R::Output>,
        D: Fn(Option<&R::Value>, &mut EntryMetadata),
    {
        Bound::new(self, keyed, skipped, run)
    }
}

/// The memo of a function, whose types its entry knows.
pub fn memo_of<A, E: MakesEntry<A>>(
    _: E,
    slot: &'static Slot,
) -> Memo<<E::Call as Address>::CompanionValue, <E::Call as Address>::Mode> {
    E::Call::memo(slot)
}

/// The companion that makes an entry of arguments.
pub trait MakesEntry<A> {
    /// The call of its entries.
    type Call: Address;
}

macro_rules! makes_entry {
    ($($A:ident)*) => {
        impl<F: Fn($($A),*) -> Entry<C, M>, C: Address, M, $($A),*> MakesEntry<($($A,)*)> for F {
            type Call = C;
        }
    };
}

makes_entry!();
makes_entry!(A0);
makes_entry!(A0 A1);
makes_entry!(A0 A1 A2);
makes_entry!(A0 A1 A2 A3);
makes_entry!(A0 A1 A2 A3 A4);
makes_entry!(A0 A1 A2 A3 A4 A5);
makes_entry!(A0 A1 A2 A3 A4 A5 A6);
makes_entry!(A0 A1 A2 A3 A4 A5 A6 A7);

/// Every instantiation of a generic function at once.
#[must_use]
pub fn all(slot: &'static Slot) -> crate::memo::AllMemos {
    crate::memo::AllMemos::new(slot)
}
