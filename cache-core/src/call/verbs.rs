//! What can be done with a call: the same for all functions ([`Address`]), and what functions that
//! are not asynchronous add ([`Call`]).

use std::sync::Arc;

use super::background_call::NoJob;
use super::bound::{Parts, RunsInBackground, StartsJob, look_up};
use super::{BackgroundCall, Bound, Extras, FlightHandle, MemoizedFn, NoHook, UnansweredCall};
use crate::address::Key;
use crate::blocking::{self, BlockingCall};
use crate::engine::{CallMode, Cx, Found, LeaderGuard, LookFlags, SlowPath};
use crate::entry::Blocking;
use crate::erased::Erased;
use crate::flight::Flight;
use crate::memo::{Memo, MemoCore, When};
use crate::metadata::{EntryMetadata, describes};
use crate::slot::{Slot, companion_value};
use crate::value::Returns;

/// What companions of a function speak of.
pub(super) type CompanionValueOf<C, KA> = <<C as MemoizedFn<KA>>::Returns as Returns>::CompanionValue;

/// One call of a memoized function: what an [`Entry`](crate::Entry) is made of. Sealed: the
/// attribute makes the only ones.
pub trait Address: sealed::Sealed {
    /// The function's return.
    type Output;
    /// What `get` and `insert` speak of: the `Ok` of a visible `Result`, else the return.
    type CompanionValue: 'static;
    /// Whether the function is asynchronous.
    type Mode;

    /// The fresh value, if there is one.
    #[doc(hidden)]
    fn get(&self) -> Option<Self::CompanionValue>;
    /// The key.
    #[doc(hidden)]
    fn key(&self) -> Key<Self::CompanionValue, Self::Mode>;
    /// The memo of the function, by its slot.
    #[doc(hidden)]
    fn memo(slot: &'static Slot) -> Memo<Self::CompanionValue, Self::Mode>;
}

/// What needs the function's body, or what describes its value.
pub trait WriteCall: Address {
    /// Why the call cannot be computed in the background.
    #[doc(hidden)]
    const WHY_NOT_IN_BACKGROUND: Option<&'static str>;

    /// Writes a value.
    #[doc(hidden)]
    fn insert(self, value: Self::CompanionValue, when: When) -> bool;
    /// Changes the value that is there.
    #[doc(hidden)]
    fn update(
        self,
        change: impl FnMut(Self::CompanionValue) -> Self::CompanionValue,
    ) -> Option<Self::CompanionValue>;
    /// The value of the entry. If there is none, the background begins to compute it.
    #[doc(hidden)]
    fn prefetch(self) -> Option<Self::CompanionValue>;
}

/// One call of a function that is not asynchronous.
pub trait Call: WriteCall<Mode = Blocking> {
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
    fn lead(self, handle: FlightHandle);
}

pub(super) mod sealed {
    pub trait Sealed {}
    impl<C, KA, SA, Run, A, X> Sealed for super::Bound<C, KA, SA, Run, A, X> {}
}

/// What all functions have in common.
impl<C: MemoizedFn<KA>, KA, SA, Run, A, X> Bound<C, KA, SA, Run, A, X> {
    #[inline]
    pub(super) fn read(&self) -> Option<CompanionValueOf<C, KA>> {
        let memo = self.callee.memo();
        let plain = memo.flags().is_plain() && !memo.spec.rules.has_window();
        let look = if plain { LookFlags::USUAL } else { LookFlags::ONLY_FRESH };
        match self.callee.look(&self.parts.call.keyed, Cx::new(memo.typed(), look)) {
            Found::Hit(stored) => C::Returns::companion_value(stored),
            Found::Slow(slow_path) => memo.read(slow_path).and_then(companion_value::<C::Returns>),
        }
    }

    pub(super) fn address<M>(&self) -> Key<CompanionValueOf<C, KA>, M> {
        self.callee.key(&self.parts.call.keyed)
    }
}

impl<C, KA, SA, Run, A, X> Bound<C, KA, SA, Run, A, X>
where
    C: MemoizedFn<KA>,
    X: Extras<KA, SA, C::Returns>,
{
    pub(super) fn write<B, D>(self, value: CompanionValueOf<C, KA>, when: When) -> bool
    where
        Run: FnOnce(KA, SA) -> (B, D),
        D: Fn(Option<&<C::Returns as Returns>::Value>, &mut EntryMetadata),
    {
        let Self { callee, parts: Parts { call, .. }, .. } = self;
        let Some(stored) = C::Returns::keep(value) else { return false };
        let (memo, stored) = (callee.memo(), Erased::new(stored));
        let (key, hash) = callee.own(&call.keyed, &memo);
        // The body is made and dropped: what is wanted is the description that comes with it.
        let (_, describe) = call.prepare();
        let describe = |metadata: &mut EntryMetadata| describe(C::Returns::value(stored.get()), metadata);
        let says = describes::<D, <C::Returns as Returns>::Value>() || memo.describes();
        let metadata =
            if says { memo.metadata_by_hand(&key, &stored, describe) } else { EntryMetadata::default() };
        memo.put(&key, hash, &stored, metadata, when)
    }

    pub(super) fn change<B, D>(
        self,
        mut change: impl FnMut(CompanionValueOf<C, KA>) -> CompanionValueOf<C, KA>,
    ) -> Option<CompanionValueOf<C, KA>>
    where
        Run: FnOnce(KA, SA) -> (B, D),
        D: Fn(Option<&<C::Returns as Returns>::Value>, &mut EntryMetadata),
    {
        let Self { callee, parts: Parts { call, .. }, .. } = self;
        let memo = callee.memo();
        let (key, hash) = callee.own(&call.keyed, &memo);
        let (_, describe) = call.prepare();
        let updated = memo.update(&key, hash, &mut |stored| {
            let stored = Erased::new(C::Returns::keep(change(companion_value::<C::Returns>(stored)?))?);
            let describe = |metadata: &mut EntryMetadata| describe(C::Returns::value(stored.get()), metadata);
            let metadata = memo.metadata_by_hand(&key, &stored, describe);
            Some((stored, metadata))
        });
        updated.and_then(companion_value::<C::Returns>)
    }

    pub(super) fn begin_prefetch<M>(self) -> Option<CompanionValueOf<C, KA>>
    where
        M: RunsInBackground<KA, SA, A>,
    {
        match self.look_up(false) {
            Found::Hit(stored) => C::Returns::companion_value(stored),
            Found::Slow(slow_path) => {
                let (callee, mode, mut call) = self.into_called::<M, ()>();
                callee
                    .memo()
                    .begin_prefetch(slow_path, mode, &mut call)
                    .and_then(companion_value::<C::Returns>)
            }
        }
    }
}

impl<M, R: Returns, KA, SA, Run, D, A, X> UnansweredCall<M, R, KA, SA, Run, D, A, X> {
    /// What a call returns that was looked up, and not answered.
    #[cold]
    #[inline(never)]
    fn go_on(
        parts: Parts<KA, SA, Run, A, X>,
        memo: &MemoCore,
        slow_path: SlowPath,
        mode: CallMode,
    ) -> R::Output
    where
        Self: BlockingCall,
    {
        let mut call = Self::new(parts);
        blocking::go_on(memo, slow_path, mode, &mut call);
        call.outcome.take()
    }
}

impl MemoCore {
    /// The value of a look-up that only reads.
    fn read(&self, slow_path: SlowPath) -> Option<Erased> {
        match slow_path {
            SlowPath::Renew(stored, ..) => Some(stored),
            SlowPath::Miss(..) => {
                self.count_miss();
                self.record_absence();
                None
            }
            SlowPath::Bypass(_) => None,
        }
    }
}

impl<C: MemoizedFn<KA>, KA, SA, Run, A, X> Address for Bound<C, KA, SA, Run, A, X> {
    type Output = <C::Returns as Returns>::Output;
    type CompanionValue = CompanionValueOf<C, KA>;
    type Mode = Blocking;

    #[inline]
    fn get(&self) -> Option<Self::CompanionValue> {
        self.read()
    }
    fn key(&self) -> Key<Self::CompanionValue, Blocking> {
        self.address()
    }
    fn memo(slot: &'static Slot) -> Memo<Self::CompanionValue, Blocking> {
        Memo::of(C::memo_in(slot).arc(), companion_value::<C::Returns>)
    }
}

impl<C, KA, SA, Run, B, D, A, J, X> WriteCall for Bound<C, KA, SA, Run, A, X>
where
    C: MemoizedFn<KA>,
    Run: FnOnce(KA, SA) -> (B, D),
    D: Fn(Option<&<C::Returns as Returns>::Value>, &mut EntryMetadata),
    A: BackgroundCall<KA, SA, Job = J>,
    J: BlockingJob,
    X: Extras<KA, SA, C::Returns>,
{
    const WHY_NOT_IN_BACKGROUND: Option<&'static str> = A::WHY_NOT;

    fn insert(self, value: Self::CompanionValue, when: When) -> bool {
        self.write(value, when)
    }
    fn update(
        self,
        change: impl FnMut(Self::CompanionValue) -> Self::CompanionValue,
    ) -> Option<Self::CompanionValue> {
        self.change(change)
    }
    fn prefetch(self) -> Option<Self::CompanionValue> {
        self.begin_prefetch::<Blocking>()
    }
}

/// A job that may block.
pub trait BlockingJob: Send + 'static {
    /// To be handed to the background.
    fn boxed(self) -> Box<dyn FnOnce() + Send>;
}

impl BlockingJob for NoJob {
    fn boxed(self) -> Box<dyn FnOnce() + Send> {
        match self {}
    }
}

impl<J: FnOnce() + Send + 'static> BlockingJob for J {
    fn boxed(self) -> Box<dyn FnOnce() + Send> {
        Box::new(self)
    }
}

impl<KA, SA, A: BackgroundCall<KA, SA, Job = J>, J: BlockingJob> RunsInBackground<KA, SA, A> for Blocking {
    fn run_in_background(background_call: &A, keyed: KA, skipped: SA, leader: LeaderGuard) {
        super::bound::run_in_background::<Self, _, _, _>(background_call, keyed, skipped, leader);
    }
}

impl<J: BlockingJob> StartsJob<J> for Blocking {
    fn start(memo: &MemoCore, flight: &Arc<Flight>, job: J) {
        drop(blocking::hand_to_background(memo.runtime(), flight, job.boxed()));
    }
}

/// A call that has had its glance, if it has one.
impl<C, KA, SA, Run, B, D, A, J, X> Bound<C, KA, SA, Run, A, X>
where
    C: MemoizedFn<KA>,
    Run: FnOnce(KA, SA) -> (B, D),
    B: FnOnce() -> <C::Returns as Returns>::Output,
    D: Fn(Option<&<C::Returns as Returns>::Value>, &mut EntryMetadata),
    A: BackgroundCall<KA, SA, Job = J>,
    J: BlockingJob,
    X: Extras<KA, SA, C::Returns>,
{
    #[inline]
    fn answer(
        callee: &C,
        parts: Parts<KA, SA, Run, A, X>,
        mode: CallMode,
    ) -> <C::Returns as Returns>::Output {
        let memo = callee.memo();
        match look_up(callee, &memo, &parts, mode, Self::GLANCES) {
            Found::Hit(stored) => C::Returns::join(stored),
            Found::Slow(slow_path) => {
                // Only where it is asked for is there code for the background.
                let go_on = const {
                    if Self::IN_BACKGROUND {
                        UnansweredCall::<Blocking, C::Returns, KA, SA, Run, D, A, X>::go_on
                    } else {
                        UnansweredCall::<NoHook, C::Returns, KA, SA, Run, D, A, X>::go_on
                    }
                };
                go_on(parts, &memo, slow_path, mode)
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
        mode: CallMode,
    ) -> <C::Returns as Returns>::Output {
        Self::answer(&callee, parts, mode)
    }
}

impl<C, KA, SA, Run, B, D, A, J, X> Call for Bound<C, KA, SA, Run, A, X>
where
    C: MemoizedFn<KA>,
    Run: FnOnce(KA, SA) -> (B, D),
    B: FnOnce() -> <C::Returns as Returns>::Output,
    D: Fn(Option<&<C::Returns as Returns>::Value>, &mut EntryMetadata),
    A: BackgroundCall<KA, SA, Job = J>,
    J: BlockingJob,
    X: Extras<KA, SA, C::Returns>,
{
    #[inline]
    fn call(self) -> Self::Output {
        const { super::background_call::refuse_if(X::PLACEHOLDER || C::IN_BACKGROUND, A::WHY_NOT) }
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
        self.mode = self.mode.with(CallMode::REFRESH, true);
        self.call()
    }

    fn uncached(self) -> Self::Output {
        blocking::uncached::<C::Returns, _, _, _, B, D>(self.parts.call)
    }

    fn lead(self, handle: FlightHandle) {
        blocking::compute_for_flight::<C::Returns, _, _, _, B, D>(handle, self.parts.call);
    }
}
