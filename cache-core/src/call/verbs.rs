//! What can be done with a call of any function ([`Address`], [`WriteCall`]), and of a synchronous one ([`Call`]).

#[cfg(feature = "store")]
use super::behind;
use super::blocking::{self, BlockingCall};
use super::bound::Parts;
use super::lookup::{Asked, Question};
use super::{
    Answer, Bound, Description as _, Extras, FlightHandle, Lookup, MakesBody, MakesJob, MemoizedFn, NoHook,
    RunsBody, StartsJob, Unanswered, UnansweredCall,
};
use crate::background::block_on;
use crate::done::{Done, Read};
use crate::engine::{CallMode, SlowPath};
use crate::erased::Erased;
use crate::handles::Key;
use crate::memo::{MemoCore, When};
use crate::metadata::EntryMetadata;
use crate::mode::Blocking;

/// The value that is to be changed, once the store has said it.
#[cfg(feature = "store")]
pub type BegunUpdate = crate::memo::Fetched;
/// The same before it has.
#[cfg(feature = "store")]
pub type BeginsUpdate = crate::memo::Later<BegunUpdate>;

/// There is no store.
#[cfg(not(feature = "store"))]
pub type BegunUpdate = std::convert::Infallible;
/// There is no store.
#[cfg(not(feature = "store"))]
pub type BeginsUpdate = std::future::Ready<BegunUpdate>;

/// Waits until the store has said what is to be changed.
pub(crate) fn begun_now(begins: BeginsUpdate) -> BegunUpdate {
    block_on(begins)
}

/// One call of a memoized function, inside an [`Entry`](crate::Entry). Sealed: only the attribute makes one.
pub trait Address: sealed::Sealed {
    /// The function's return.
    type Output;
    /// What `get` and `insert` speak of: the `Ok` of a visible `Result`, else the return.
    type CompanionValue: 'static;
    /// Whether the function is asynchronous.
    type Mode;

    /// The fresh value, if there is one.
    #[doc(hidden)]
    fn get(&self) -> Read<Self::CompanionValue>;
    /// The key.
    #[doc(hidden)]
    fn key(&self) -> Key<Self::CompanionValue, Self::Mode>;
}

/// What needs the function's body, or the description of its value.
pub trait WriteCall: Address {
    /// Why the call cannot be computed in the background.
    #[doc(hidden)]
    const WHY_NOT_IN_BACKGROUND: Option<&'static str>;

    /// Writes a value.
    #[doc(hidden)]
    fn insert(self, value: Self::CompanionValue, when: When) -> Done<bool>;
    /// Asks the store for the value that is to be changed; none if there is no store.
    #[doc(hidden)]
    fn begin_update(&self) -> Option<BeginsUpdate>;
    /// Changes the value that is there.
    #[doc(hidden)]
    fn update(
        self,
        begun: Option<BegunUpdate>,
        change: impl FnMut(Self::CompanionValue) -> Self::CompanionValue,
    ) -> Read<Self::CompanionValue>;
    /// The value of the entry. If there is none, the background begins to compute it.
    #[doc(hidden)]
    fn prefetch(self) -> Option<Self::CompanionValue>;
}

/// One call of a synchronous function.
pub trait Call: WriteCall<Mode = Blocking> {
    /// Answers from the cache, or computes.
    #[doc(hidden)]
    fn call(self) -> Self::Output;
    /// Computes and stores, whatever is there.
    #[doc(hidden)]
    fn refresh(self) -> Self::Output;
    /// Runs the body, and touches nothing.
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

/// What is the same for all functions.
impl<C: MemoizedFn<KA>, KA, SA, Run, A, X> Bound<C, KA, SA, Run, A, X> {
    #[inline]
    pub(super) fn read(&self) -> Read<C::CompanionValue> {
        let mut found = Unanswered::nothing();
        match self.callee.look_up(Lookup::new(Some(&self.parts.call.keyed), &mut Asked::get(&mut found))) {
            Answer::Value(value) => {
                // Nothing was found, and a drop would look.
                std::mem::forget(found);
                Done::Now(value)
            }
            _ => found.read(),
        }
    }

    pub(super) fn address<M>(&self) -> Key<C::CompanionValue, M> {
        self.callee.address(&self.parts.call.keyed)
    }
}

impl<C: MemoizedFn<KA>, KA, SA, Run: MakesBody<KA, SA>, A, X> Bound<C, KA, SA, Run, A, X> {
    pub(super) fn write(self, value: C::CompanionValue, when: When) -> Done<bool> {
        let (mut found, mut stored) = (Unanswered::nothing(), Erased::default());
        self.callee.own(Some(&self.parts.call.keyed), &mut found);
        let (memo, (key, hash)) = (found.memo(), found.key());
        if !(found.kind().keep)(value, &mut stored) {
            return Done::Now(false);
        }
        // The body is made for the description that comes with it, and dropped.
        let (_, description) = self.parts.call.prepare();
        let describe = |metadata: &mut EntryMetadata| description.describe(Some(&stored), metadata);
        let says = Run::Description::SET || memo.describes();
        let metadata = says.then(|| memo.metadata_by_hand(key, &stored, describe));
        #[cfg(feature = "store")]
        if memo.backing().is_some() {
            let inserting =
                behind::insert(memo.clone(), key.clone(), hash, stored, metadata.unwrap_or_default(), when);
            return Done::Later(Box::pin(inserting));
        }
        Done::Now(memo.put(key, hash, &stored, metadata, when))
    }

    /// Asks the store for the value that is to be changed.
    #[cfg(feature = "store")]
    pub(super) fn ask_to_change(&self) -> Option<BeginsUpdate> {
        let mut found = Unanswered::nothing();
        self.callee.own(Some(&self.parts.call.keyed), &mut found);
        let (memo, (key, _)) = (found.memo(), found.key());
        let backing = memo.backing().filter(|_| !memo.is_disabled());
        backing.map(|backing| backing.fetch(memo, key, false).fetched)
    }

    /// There is no store.
    #[cfg(not(feature = "store"))]
    #[expect(clippy::unused_self, reason = "there may be a store")]
    pub(super) fn ask_to_change(&self) -> Option<BeginsUpdate> {
        None
    }

    pub(super) fn change(
        self,
        begun: Option<BegunUpdate>,
        mut change: impl FnMut(C::CompanionValue) -> C::CompanionValue,
    ) -> Read<C::CompanionValue> {
        let Self { callee, parts: Parts { call, .. }, .. } = self;
        let mut found = Unanswered::nothing();
        callee.own(Some(&call.keyed), &mut found);
        let (memo, kind, (key, hash)) = (found.memo(), found.kind(), found.key());
        let (_, description) = call.prepare();
        let mut change = |stored| {
            let stored = kind.kept(change((kind.companion_value)(stored)?))?;
            let describe = |metadata: &mut EntryMetadata| description.describe(Some(&stored), metadata);
            let metadata = memo.metadata_by_hand(key, &stored, describe);
            Some((stored, metadata))
        };
        #[cfg(feature = "store")]
        if let Some(begun) = begun {
            return behind::update(memo, key, hash, begun, change).and_then(kind.companion_value);
        }
        #[cfg(not(feature = "store"))]
        let None = begun;
        Done::Now(memo.update(key, hash, &mut change).and_then(kind.companion_value))
    }
}

impl<C, KA, SA, Run, A, X> Bound<C, KA, SA, Run, A, X>
where
    C: MemoizedFn<KA>,
    X: Extras<KA, SA, C::Output, C::CompanionValue>,
{
    pub(super) fn begin_prefetch<M: StartsJob>(self) -> Option<C::CompanionValue>
    where
        A: MakesJob<M, C::Output, C::CompanionValue, KA, SA, Run>,
    {
        let Self { callee, parts, mode } = self;
        let mut found = Unanswered::nothing();
        if let Answer::Value(value) = Self::look_up(&callee, &parts, mode, Question::Prefetch, &mut found) {
            return value;
        }
        let (memo, slow_path, kind) = found.into_parts();
        let mut call = UnansweredCall::<M, _, _, _, _, _, NoHook, _, _>::new(parts, Some(kind));
        memo.begin_prefetch(slow_path, mode, &mut call).and_then(kind.companion_value)
    }
}

impl<M, O, V, KA, SA, Run, D, A, X> UnansweredCall<M, O, V, KA, SA, Run, D, A, X> {
    /// Computes the return of a call that was not answered, or waits for it.
    #[cold]
    #[inline(never)]
    fn go_on(parts: Parts<KA, SA, Run, A, X>, found: &mut Unanswered<O, V>, mode: CallMode) -> O
    where
        Self: BlockingCall,
    {
        let mut call = Self::new(parts, Some(found.kind()));
        let (memo, slow_path) = found.parts();
        blocking::go_on(memo, slow_path, mode, &mut call);
        call.outcome.take()
    }
}

impl MemoCore {
    /// The value of a look-up that only reads.
    pub(crate) fn read(&self, slow_path: SlowPath) -> Option<Erased> {
        match slow_path {
            SlowPath::Renew(stored, ..) => Some(*stored),
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
    type Output = C::Output;
    type CompanionValue = C::CompanionValue;
    type Mode = Blocking;

    #[inline]
    fn get(&self) -> Read<Self::CompanionValue> {
        self.read()
    }
    fn key(&self) -> Key<Self::CompanionValue, Blocking> {
        self.address()
    }
}

impl<C, KA, SA, Run, A, X> WriteCall for Bound<C, KA, SA, Run, A, X>
where
    C: MemoizedFn<KA>,
    Run: MakesBody<KA, SA>,
    A: MakesJob<Blocking, C::Output, C::CompanionValue, KA, SA, Run>,
    X: Extras<KA, SA, C::Output, C::CompanionValue>,
{
    const WHY_NOT_IN_BACKGROUND: Option<&'static str> = A::WHY_NOT;

    fn insert(self, value: Self::CompanionValue, when: When) -> Done<bool> {
        self.write(value, when)
    }
    fn begin_update(&self) -> Option<BeginsUpdate> {
        self.ask_to_change()
    }
    fn update(
        self,
        begun: Option<BegunUpdate>,
        change: impl FnMut(Self::CompanionValue) -> Self::CompanionValue,
    ) -> Read<Self::CompanionValue> {
        self.change(begun, change)
    }
    fn prefetch(self) -> Option<Self::CompanionValue> {
        self.begin_prefetch::<Blocking>()
    }
}

impl<C, KA, SA, Run, A, X> Bound<C, KA, SA, Run, A, X>
where
    C: MemoizedFn<KA>,
    Run: MakesBody<KA, SA, Body: RunsBody<C::Output>>,
    A: MakesJob<Blocking, C::Output, C::CompanionValue, KA, SA, Run>,
    X: Extras<KA, SA, C::Output, C::CompanionValue>,
{
    /// The return of a call that was no hit. A function of its own, so that a hit has none of its code. Arguments are
    /// by value: they go in registers, if they fit.
    #[cold]
    #[inline(never)]
    #[expect(clippy::needless_pass_by_value, reason = "a reference would be to memory")]
    fn no_hit(
        callee: C,
        parts: Parts<KA, SA, Run, A, X>,
        mode: CallMode,
        mut found: Unanswered<C::Output, C::CompanionValue>,
    ) -> C::Output {
        if let Some(output) = Self::look_up_further(&callee, &parts, mode, &mut found) {
            return output;
        }
        // Only where it is asked for is there code for the background.
        if const { Self::IN_BACKGROUND } {
            UnansweredCall::<Blocking, _, _, _, _, _, _, _, _>::go_on(parts, &mut found, mode)
        } else {
            let parts = parts.without_background_call();
            UnansweredCall::<Blocking, _, _, _, _, _, _, _, _>::go_on(parts, &mut found, mode)
        }
    }
}

impl<C, KA, SA, Run, A, X> Call for Bound<C, KA, SA, Run, A, X>
where
    C: MemoizedFn<KA>,
    Run: MakesBody<KA, SA, Body: RunsBody<C::Output>>,
    A: MakesJob<Blocking, C::Output, C::CompanionValue, KA, SA, Run>,
    X: Extras<KA, SA, C::Output, C::CompanionValue>,
{
    // Always inlined: then the compiler knows here which function looks the call up, and makes a hit one piece.
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn call(self) -> Self::Output {
        const { super::background_call::refuse_if(X::PLACEHOLDER || X::IN_BACKGROUND, A::WHY_NOT) }
        let Self { callee, parts, mode } = self;
        match Self::hit(&callee, &parts, mode) {
            Ok(output) => output,
            Err(found) => Self::no_hit(callee, parts, mode, found),
        }
    }

    fn refresh(mut self) -> Self::Output {
        self.mode = self.mode.with(CallMode::REFRESH, true);
        self.call()
    }

    fn uncached(self) -> Self::Output {
        let call = self.parts.call;
        blocking::uncached(|| call.prepare().0.run())
    }

    fn lead(self, handle: FlightHandle) {
        let kind = self.callee.kind();
        blocking::compute_for_flight(handle, UnansweredCall::alone(self.parts.call, kind));
    }
}
