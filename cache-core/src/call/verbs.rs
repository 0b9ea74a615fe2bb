//! What can be done with a call: the same for all functions ([`Address`]), and what functions that
//! are not asynchronous add ([`Call`]).

use std::sync::Arc;

use super::again::Nothing;
use super::bound::{Parts, Repeats, Starts, look_up};
use super::{Bound, Called, Callee, Extras, FlightHandle, NoHook, Repeat};
use crate::address::Key;
use crate::blocking::{self, Blocks};
use crate::draft::{Draft, describes};
use crate::engine::{Cx, Found, Further, Lead, Look, Mode};
use crate::entry::Blocking;
use crate::erased::Erased;
use crate::flight::Flight;
use crate::memo::{Memo, MemoCore, When};
use crate::slot::{Slot, face};
use crate::value::Returns;

/// What companions of a function speak of.
pub(super) type FaceOf<C, KA> = <<C as Callee<KA>>::Returns as Returns>::Face;

/// One call of a memoized function: what an [`Entry`](crate::Entry) is made of. Sealed: the
/// attribute makes the only ones.
pub trait Address: sealed::Sealed {
    /// The function's return.
    type Output;
    /// What `get` and `insert` speak of: the `Ok` of a visible `Result`, else the return.
    type Face: 'static;
    /// Whether the function is asynchronous.
    type Mode;

    /// The fresh value, if there is one.
    #[doc(hidden)]
    fn get(&self) -> Option<Self::Face>;
    /// The key.
    #[doc(hidden)]
    fn key(&self) -> Key<Self::Face, Self::Mode>;
    /// The memo of the function, by its slot.
    #[doc(hidden)]
    fn memo(slot: &'static Slot) -> Memo<Self::Face, Self::Mode>;
}

/// What needs the function's body, or what describes its value.
pub trait Writes: Address {
    /// Why the call cannot be computed in the background.
    #[doc(hidden)]
    const WHY_NOT_AGAIN: Option<&'static str>;

    /// Writes a value.
    #[doc(hidden)]
    fn insert(self, value: Self::Face, when: When) -> bool;
    /// Changes the value that is there.
    #[doc(hidden)]
    fn update(self, change: impl FnMut(Self::Face) -> Self::Face) -> Option<Self::Face>;
    /// The value of the entry. If there is none, the background begins to compute it.
    #[doc(hidden)]
    fn prefetch(self) -> Option<Self::Face>;
}

/// One call of a function that is not asynchronous.
pub trait Call: Writes<Mode = Blocking> {
    /// Answers from the cache, or computes.
    #[doc(hidden)]
    fn call(self) -> Self::Output;
    /// Computes and stores, whatever is there.
    #[doc(hidden)]
    fn refresh(self) -> Self::Output;
    /// Runs the body, touches nothing.
    #[doc(hidden)]
    fn uncached(self) -> Self::Output;
    /// Computes for a flight that was begun.
    #[doc(hidden)]
    fn fly(self, handle: FlightHandle);
}

pub(super) mod sealed {
    pub trait Sealed {}
    impl<C, KA, SA, Run, A, X> Sealed for super::Bound<C, KA, SA, Run, A, X> {}
}

/// What all functions have in common.
impl<C: Callee<KA>, KA, SA, Run, A, X> Bound<C, KA, SA, Run, A, X> {
    #[inline]
    pub(super) fn read(&self) -> Option<FaceOf<C, KA>> {
        let memo = self.callee.memo();
        let plain = memo.flags().is_plain() && !memo.spec.rules.has_window();
        let look = if plain { Look::USUAL } else { Look::ONLY_FRESH };
        match self.callee.look(&self.parts.call.keyed, Cx::new(memo.typed(), look)) {
            Found::Hit(held) => C::Returns::face(held),
            Found::Further(further) => memo.read(further).and_then(face::<C::Returns>),
        }
    }

    pub(super) fn address<M>(&self) -> Key<FaceOf<C, KA>, M> {
        self.callee.key(&self.parts.call.keyed)
    }
}

impl<C, KA, SA, Run, A, X> Bound<C, KA, SA, Run, A, X>
where
    C: Callee<KA>,
    X: Extras<KA, SA, C::Returns>,
{
    pub(super) fn write<B, D>(self, value: FaceOf<C, KA>, when: When) -> bool
    where
        Run: FnOnce(KA, SA) -> (B, D),
        D: Fn(Option<&<C::Returns as Returns>::Value>, &mut Draft),
    {
        let Self { callee, parts: Parts { call, .. }, .. } = self;
        let Some(held) = C::Returns::keep(value) else { return false };
        let (memo, held) = (callee.memo(), Erased::new(held));
        let (key, hash) = callee.own(&call.keyed, &memo);
        // The body is made and dropped: what is wanted is the description that comes with it.
        let (_, describe) = call.prepare();
        let describe = |draft: &mut Draft| describe(C::Returns::value(held.get()), draft);
        let says = describes::<D, <C::Returns as Returns>::Value>() || memo.describes();
        let draft = if says { memo.draft_by_hand(&key, &held, describe) } else { Draft::default() };
        memo.put(&key, hash, &held, draft, when)
    }

    pub(super) fn change<B, D>(
        self,
        mut change: impl FnMut(FaceOf<C, KA>) -> FaceOf<C, KA>,
    ) -> Option<FaceOf<C, KA>>
    where
        Run: FnOnce(KA, SA) -> (B, D),
        D: Fn(Option<&<C::Returns as Returns>::Value>, &mut Draft),
    {
        let Self { callee, parts: Parts { call, .. }, .. } = self;
        let memo = callee.memo();
        let (key, hash) = callee.own(&call.keyed, &memo);
        let (_, describe) = call.prepare();
        let updated = memo.update(&key, hash, &mut |held| {
            let held = Erased::new(C::Returns::keep(change(face::<C::Returns>(held)?))?);
            let describe = |draft: &mut Draft| describe(C::Returns::value(held.get()), draft);
            let draft = memo.draft_by_hand(&key, &held, describe);
            Some((held, draft))
        });
        updated.and_then(face::<C::Returns>)
    }

    pub(super) fn look_ahead<M>(self) -> Option<FaceOf<C, KA>>
    where
        M: Repeats<KA, SA, A>,
    {
        match self.look_up(false) {
            Found::Hit(held) => C::Returns::face(held),
            Found::Further(further) => {
                let (callee, mode, mut call) = self.into_called::<M, ()>();
                callee.memo().look_ahead(further, mode, &mut call).and_then(face::<C::Returns>)
            }
        }
    }
}

impl<M, R: Returns, KA, SA, Run, D, A, X> Called<M, R, KA, SA, Run, D, A, X> {
    /// What a call returns that was looked up, and not answered.
    #[cold]
    #[inline(never)]
    fn go_on(parts: Parts<KA, SA, Run, A, X>, memo: &MemoCore, further: Further, mode: Mode) -> R::Output
    where
        Self: Blocks,
    {
        let mut call = Self::new(parts);
        blocking::go_on(memo, further, mode, &mut call);
        call.outcome.take()
    }
}

impl MemoCore {
    /// The value of a look-up that only reads.
    fn read(&self, further: Further) -> Option<Erased> {
        match further {
            Further::Renew(held, ..) => Some(held),
            Further::Miss(..) => {
                self.count_miss();
                self.record_absence();
                None
            }
            Further::Bypass(_) => None,
        }
    }
}

impl<C: Callee<KA>, KA, SA, Run, A, X> Address for Bound<C, KA, SA, Run, A, X> {
    type Output = <C::Returns as Returns>::Output;
    type Face = FaceOf<C, KA>;
    type Mode = Blocking;

    #[inline]
    fn get(&self) -> Option<Self::Face> {
        self.read()
    }
    fn key(&self) -> Key<Self::Face, Blocking> {
        self.address()
    }
    fn memo(slot: &'static Slot) -> Memo<Self::Face, Blocking> {
        Memo::of(C::memo_in(slot).arc(), face::<C::Returns>)
    }
}

impl<C, KA, SA, Run, B, D, A, J, X> Writes for Bound<C, KA, SA, Run, A, X>
where
    C: Callee<KA>,
    Run: FnOnce(KA, SA) -> (B, D),
    D: Fn(Option<&<C::Returns as Returns>::Value>, &mut Draft),
    A: Repeat<KA, SA, Job = J>,
    J: Work,
    X: Extras<KA, SA, C::Returns>,
{
    const WHY_NOT_AGAIN: Option<&'static str> = A::WHY_NOT;

    fn insert(self, value: Self::Face, when: When) -> bool {
        self.write(value, when)
    }
    fn update(self, change: impl FnMut(Self::Face) -> Self::Face) -> Option<Self::Face> {
        self.change(change)
    }
    fn prefetch(self) -> Option<Self::Face> {
        self.look_ahead::<Blocking>()
    }
}

/// A job that may block.
pub trait Work: Send + 'static {
    /// To be handed to the background.
    fn boxed(self) -> Box<dyn FnOnce() + Send>;
}

impl Work for Nothing {
    fn boxed(self) -> Box<dyn FnOnce() + Send> {
        match self {}
    }
}

impl<J: FnOnce() + Send + 'static> Work for J {
    fn boxed(self) -> Box<dyn FnOnce() + Send> {
        Box::new(self)
    }
}

impl<KA, SA, A: Repeat<KA, SA, Job = J>, J: Work> Repeats<KA, SA, A> for Blocking {
    fn repeat(again: &A, keyed: KA, skipped: SA, lead: Lead) {
        super::bound::repeat::<Self, _, _, _>(again, keyed, skipped, lead);
    }
}

impl<J: Work> Starts<J> for Blocking {
    fn start(memo: &MemoCore, flight: &Arc<Flight>, job: J) {
        drop(blocking::hand(memo.world(), flight, job.boxed()));
    }
}

/// A call that has had its glance, if it has one.
impl<C, KA, SA, Run, B, D, A, J, X> Bound<C, KA, SA, Run, A, X>
where
    C: Callee<KA>,
    Run: FnOnce(KA, SA) -> (B, D),
    B: FnOnce() -> <C::Returns as Returns>::Output,
    D: Fn(Option<&<C::Returns as Returns>::Value>, &mut Draft),
    A: Repeat<KA, SA, Job = J>,
    J: Work,
    X: Extras<KA, SA, C::Returns>,
{
    #[inline]
    fn answer(callee: &C, parts: Parts<KA, SA, Run, A, X>, mode: Mode) -> <C::Returns as Returns>::Output {
        let memo = callee.memo();
        match look_up(callee, &memo, &parts, mode, Self::GLANCES) {
            Found::Hit(held) => C::Returns::join(held),
            Found::Further(further) => {
                // Only where it is asked for is there code for the background.
                let go_on = const {
                    if Self::IN_BACKGROUND {
                        Called::<Blocking, C::Returns, KA, SA, Run, D, A, X>::go_on
                    } else {
                        Called::<NoHook, C::Returns, KA, SA, Run, D, A, X>::go_on
                    }
                };
                go_on(parts, &memo, further, mode)
            }
        }
    }

    /// By itself, so that nothing of it is in the way of a hit. It takes all in registers, where it fits.
    #[cold]
    #[inline(never)]
    #[expect(clippy::needless_pass_by_value, reason = "a reference would be to memory")]
    fn answer_further(
        callee: C,
        parts: Parts<KA, SA, Run, A, X>,
        mode: Mode,
    ) -> <C::Returns as Returns>::Output {
        Self::answer(&callee, parts, mode)
    }
}

impl<C, KA, SA, Run, B, D, A, J, X> Call for Bound<C, KA, SA, Run, A, X>
where
    C: Callee<KA>,
    Run: FnOnce(KA, SA) -> (B, D),
    B: FnOnce() -> <C::Returns as Returns>::Output,
    D: Fn(Option<&<C::Returns as Returns>::Value>, &mut Draft),
    A: Repeat<KA, SA, Job = J>,
    J: Work,
    X: Extras<KA, SA, C::Returns>,
{
    #[inline]
    fn call(self) -> Self::Output {
        const { super::again::refuse_if(X::PLACEHOLDER || C::IN_BACKGROUND, A::WHY_NOT) }
        let Self { callee, parts, mode } = self;
        if let Some(output) = Self::glance(&callee, &parts.call.keyed, mode) {
            return output;
        }
        if const { Self::GLANCES } {
            Self::answer_further(callee, parts, mode)
        } else {
            Self::answer(&callee, parts, mode)
        }
    }

    fn refresh(mut self) -> Self::Output {
        self.mode = self.mode.with(Mode::REFRESH, true);
        self.call()
    }

    fn uncached(self) -> Self::Output {
        blocking::uncached::<C::Returns, _, _, _, B, D>(self.parts.call)
    }

    fn fly(self, handle: FlightHandle) {
        blocking::fly_for::<C::Returns, _, _, _, B, D>(handle, self.parts.call);
    }
}
