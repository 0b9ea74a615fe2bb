//! What can be done with a call: the same for all functions ([`Address`]), and what functions that
//! are not asynchronous add ([`Call`]).

use std::sync::Arc;

use super::again::Nothing;
use super::{Bound, HitHook, Looked, MissHook, Missing, Plan, Prepared, Repeat, Stand, Ticket, Waits};
use crate::address::Key;
use crate::blocking;
use crate::draft::Draft;
use crate::engine::{Cx, Found, Look, Step};
use crate::entry::Blocking;
use crate::erased::Erased;
use crate::flight::Flight;
use crate::key::Shape;
use crate::memo::{Place, When};
use crate::slot::{Identity, face};
use crate::value::Returns;
use crate::world::World;

/// One call of a memoized function: what an [`Entry`](crate::Entry) is made of. Sealed: the
/// attribute makes the only ones.
pub trait Address: sealed::Sealed {
    /// The function's return.
    type Output;
    /// What `get` and `insert` speak of: the `Ok` of a visible `Result`, else the return.
    type Face: 'static;
    /// Whether the function is asynchronous.
    type Mode;
    /// Why the call cannot be computed in the background.
    #[doc(hidden)]
    const WHY_NOT_AGAIN: Option<&'static str>;

    /// The fresh value, if there is one.
    #[doc(hidden)]
    fn get(&self) -> Option<Self::Face>;
    /// Writes a value.
    #[doc(hidden)]
    fn insert(self, value: Self::Face, when: When) -> bool;
    /// Changes the value that is there.
    #[doc(hidden)]
    fn update(self, change: impl FnMut(Self::Face) -> Self::Face) -> Option<Self::Face>;
    /// What is there; begins to compute it if nothing is.
    #[doc(hidden)]
    fn prefetch(self) -> Option<Self::Face>;
    /// The key.
    #[doc(hidden)]
    fn key(&self) -> Key<Self::Face, Self::Mode>;
}

/// One call of a function that is not asynchronous.
pub trait Call: Address<Mode = Blocking> {
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
    fn fly(self, ticket: Ticket);
}

pub(super) mod sealed {
    pub trait Sealed {}
    impl<P, KA, SA, Run, Hit, Miss, St, A, T> Sealed for super::Bound<P, KA, SA, Run, Hit, Miss, St, A, T> {}
}

/// How a job is started that computes for a flight.
pub(super) trait Start<J>: FnOnce(&World, &Arc<Flight>, J) {}
impl<J, F: FnOnce(&World, &Arc<Flight>, J)> Start<J> for F {}

/// What all functions have in common; drivers add how jobs are started.
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
    A: Repeat<KA, SA>,
{
    #[inline]
    pub(super) fn read(&self) -> Option<R::Face> {
        let memo = self.plan.handle();
        let flags = memo.flags();
        let mut look = Look::at(flags);
        if !flags.is_plain() || memo.spec.rules.has_window() {
            look = look.only_fresh();
        }
        match self.plan.look(&self.call.keyed, Cx::new(memo.typed(), look)) {
            Found::Hit(held) | Found::Renew(held, ..) => R::face(held),
            Found::Miss(..) => {
                memo.count_miss();
                memo.hand_up_absence();
                None
            }
            Found::Bypass(_) => None,
        }
    }

    pub(super) fn write<B, D>(self, value: R::Face, when: When) -> bool
    where
        Run: FnOnce(KA, SA) -> (B, D),
        D: Fn(Option<&R::Value>, &mut Draft),
    {
        let Self { plan, call, .. } = self;
        let Some(held) = R::keep(value) else { return false };
        let memo = plan.handle();
        let (key, hash) = plan.look(&call.keyed, Cx::new(memo.typed(), Look::OWN)).into_key();
        // The body is made and dropped: what is wanted is the description that comes with it.
        let (_, describe) = call.prepare();
        let describe = |draft: &mut Draft| describe(R::value(&held), draft);
        let erased = Erased::new(held.clone());
        let draft = memo.draft_by_hand(&key, &erased, &describe);
        memo.put(&key, hash, erased, draft, when)
    }

    pub(super) fn change<B, D>(self, mut change: impl FnMut(R::Face) -> R::Face) -> Option<R::Face>
    where
        Run: FnOnce(KA, SA) -> (B, D),
        D: Fn(Option<&R::Value>, &mut Draft),
    {
        let Self { plan, call, .. } = self;
        let memo = plan.handle();
        let (key, hash) = plan.look(&call.keyed, Cx::new(memo.typed(), Look::OWN)).into_key();
        let (_, describe) = call.prepare();
        let updated = memo.update(&key, hash, &mut |held| {
            let held = Erased::new(R::keep(change(face::<R>(held)?))?);
            let describe = |draft: &mut Draft| describe(R::value(held.get()), draft);
            let draft = memo.draft_by_hand(&key, &held, &describe);
            Some((held, draft))
        });
        updated.and_then(face::<R>)
    }

    pub(super) fn look_ahead(self, start: impl Start<A::Job>) -> Option<R::Face> {
        match self.look_up() {
            Looked::Answer(held) => R::face(held),
            Looked::Renew(held, missing) => {
                missing.renew(start);
                R::face(held)
            }
            Looked::Bypass(..) => None,
            Looked::Miss(missing) => missing.compute_in_background(start).and_then(face::<R>),
        }
    }

    pub(super) fn address<M>(&self) -> Key<R::Face, M> {
        self.plan.key(&self.call.keyed)
    }
}

impl<KA, SA, Run, St, A, T> Missing<KA, SA, Run, St, A, T>
where
    A: Repeat<KA, SA>,
{
    /// Computes anew what the call was answered with, unless somebody does.
    pub(super) fn renew(self, start: impl Start<A::Job>) {
        let memo = self.pursuit.memo().clone();
        let renewed = |world: &World, flight: &Arc<Flight>, job: A::Job| {
            memo.counters.revalidations.add();
            start(world, flight, job);
        };
        drop(self.compute_in_background(renewed));
    }

    /// Begins a computation, unless one is under way. What has been stored meanwhile.
    pub(super) fn compute_in_background(self, start: impl Start<A::Job>) -> Option<Erased> {
        match self.pursuit.begin() {
            Step::Hit(held) => return Some(held),
            Step::Lead(lead) => {
                let (flight, Prepared { keyed, skipped, .. }) = (lead.flight.clone(), self.call);
                if let Some(job) = self.again.job(keyed, skipped, Ticket::new(lead)) {
                    start(self.pursuit.memo().world(), &flight, job);
                }
            }
            Step::Join(..) | Step::InPlace => {}
        }
        None
    }

    /// Where there is a placeholder: what is returned while the background computes. Gives the call back
    /// if it is to go on.
    #[inline]
    pub(super) fn stood_in<R>(self, start: impl Start<A::Job>) -> Result<R::Output, Self>
    where
        R: Returns,
        St: Stand<KA, SA, R::Face>,
    {
        if !St::SET || !self.pursuit.reads() {
            return Err(self);
        }
        // If it panics the call computes, as it would without.
        let stand_in = || self.stand.stand_in(&self.call.keyed, &self.call.skipped);
        match self.pursuit.memo().run_hook(stand_in).flatten().and_then(R::keep) {
            Some(held) => Ok(R::join(self.compute_in_background(start).map_or_else(
                || {
                    // What is computed from it is as provisional.
                    crate::memo::hand_up_miss();
                    held
                },
                Erased::into,
            ))),
            None => Err(self),
        }
    }
}

impl<Id, KA, S, R, L, W, SA, Run, B, D, Hit, Miss, St, A, T, J> Address
    for Bound<Plan<Id, KA, S, R, L, W>, KA, SA, Run, Hit, Miss, St, A, T>
where
    Id: Identity + ?Sized,
    S: Shape,
    R: Returns,
    L: Fn(&KA, Cx<'_, S, R>) -> Found<R::Held>,
    W: Place<S, R>,
    Run: FnOnce(KA, SA) -> (B, D),
    B: FnOnce() -> R::Output,
    D: Fn(Option<&R::Value>, &mut Draft),
    Hit: HitHook<KA, SA, R::Value>,
    Miss: MissHook<KA, SA>,
    A: Repeat<KA, SA, Job = J>,
    J: Work,
{
    type Output = R::Output;
    type Face = R::Face;
    type Mode = Blocking;
    const WHY_NOT_AGAIN: Option<&'static str> = A::WHY_NOT;

    #[inline]
    fn get(&self) -> Option<R::Face> {
        self.read()
    }
    fn insert(self, value: R::Face, when: When) -> bool {
        self.write(value, when)
    }
    fn update(self, change: impl FnMut(R::Face) -> R::Face) -> Option<R::Face> {
        self.change(change)
    }
    fn prefetch(self) -> Option<R::Face> {
        self.look_ahead(spawn)
    }
    fn key(&self) -> Key<R::Face, Blocking> {
        self.address()
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

fn spawn(world: &World, flight: &Arc<Flight>, job: impl Work) {
    drop(blocking::hand(world, flight, job.boxed()));
}

impl<Id, KA, S, R, L, W, SA, Run, B, D, Hit, Miss, St, A, T, J> Call
    for Bound<Plan<Id, KA, S, R, L, W>, KA, SA, Run, Hit, Miss, St, A, T>
where
    Id: Identity + ?Sized,
    S: Shape,
    R: Returns,
    L: Fn(&KA, Cx<'_, S, R>) -> Found<R::Held>,
    W: Place<S, R>,
    Run: FnOnce(KA, SA) -> (B, D),
    B: FnOnce() -> R::Output,
    D: Fn(Option<&R::Value>, &mut Draft),
    Hit: HitHook<KA, SA, R::Value>,
    Miss: MissHook<KA, SA>,
    St: Stand<KA, SA, R::Face>,
    A: Repeat<KA, SA, Job = J>,
    T: Waits<R::Output>,
    J: Work,
{
    #[inline]
    fn call(self) -> R::Output {
        let missing = match self.look_up() {
            Looked::Answer(held) => return R::join(held),
            Looked::Renew(held, missing) => {
                if A::ASKED || Id::IN_BACKGROUND {
                    missing.renew(spawn);
                }
                return R::join(held);
            }
            Looked::Bypass(call, _, _, told) => {
                return blocking::call_in_place::<R, _, _, _, B, D>(told.as_ref(), call);
            }
            Looked::Miss(missing) => missing,
        };
        const { super::again::refuse_if(St::SET || Id::IN_BACKGROUND, A::WHY_NOT) }
        let missing = match missing.stood_in::<R>(spawn) {
            Ok(output) => return output,
            Err(missing) => missing,
        };
        blocking::miss::<R, _, _, _, _, _, _, B, D>(missing)
    }

    fn refresh(mut self) -> R::Output {
        self.refresh = true;
        self.call()
    }

    fn uncached(self) -> R::Output {
        blocking::call_in_place::<R, _, _, _, B, D>(None, self.call)
    }

    fn fly(self, ticket: Ticket) {
        blocking::fly_for::<R, _, _, _, B, D>(ticket, self.call);
    }
}
