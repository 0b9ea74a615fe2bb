//! How a call is made once more, in the background: it owns its arguments, and lends them to a new call there.

#![expect(clippy::unused_self, reason = "owners are called alike, by code that does not know which it has")]

use std::any::Any;
use std::borrow::Borrow;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::engine::LeaderGuard;
use crate::one_shot::{BodyResult, OneShot};

/// The flight that a call in the background computes for.
pub struct FlightHandle {
    /// A [`LeaderGuard`]. Its type is forgotten, so the compiler need not prove for each job that it can be sent.
    leader: Box<dyn Any + Send>,
    /// The channel to the caller that waits for the return.
    one_shot: Option<Box<dyn Any + Send>>,
}

impl FlightHandle {
    pub(crate) fn new(leader: LeaderGuard) -> Self {
        Self { leader: Box::new(leader), one_shot: None }
    }

    /// Adds a channel to a caller that waits for the return.
    pub(crate) fn with<P: Send + Sync + 'static>(mut self, one_shot: Arc<P>) -> Self {
        self.one_shot = Some(Box::new(one_shot));
        self
    }

    /// Takes the flight.
    pub(crate) fn into_leader(self) -> LeaderGuard {
        *self.leader.downcast().expect("it was made of one")
    }

    /// Takes the channel to the caller who waits for the return, if there is one.
    pub(crate) fn take_one_shot<O: 'static>(&mut self) -> Option<Arc<OneShot<BodyResult<O>>>> {
        let one_shot = self.one_shot.take().and_then(|one_shot| one_shot.downcast().ok());
        one_shot.map(|one_shot| *one_shot)
    }
}

/// How a call is made once more, in the background.
pub trait BackgroundCall<KA, SA> {
    /// The job that the background runs.
    type Job;
    /// Why it is not possible.
    const WHY_NOT: Option<&'static str>;
    /// Whether an option asks for it. If none does, no code is made for it.
    const ASKED: bool = false;
    /// Makes the job, which owns the arguments.
    fn job(&self, keyed: KA, skipped: SA, handle: FlightHandle) -> Option<Self::Job>;
}

/// Why something is not possible, as text.
pub trait Why {
    /// The text.
    const TEXT: &'static str;
}

impl<KA, SA> BackgroundCall<KA, SA> for super::NoHook {
    type Job = NoJob;
    const WHY_NOT: Option<&'static str> = Some("this function cannot be computed in the background");
    fn job(&self, _: KA, _: SA, _: FlightHandle) -> Option<Self::Job> {
        None
    }
}

/// There is no reason.
impl Why for super::NoHook {
    const TEXT: &'static str = "";
}

/// The call cannot be made once more.
pub struct NoBackgroundCall<W>(PhantomData<fn() -> W>);

impl<W> NoBackgroundCall<W> {
    pub(super) const NEW: Self = Self(PhantomData);
}

impl<KA, SA, W: Why> BackgroundCall<KA, SA> for NoBackgroundCall<W> {
    type Job = NoJob;
    const WHY_NOT: Option<&'static str> = Some(W::TEXT);
    fn job(&self, _: KA, _: SA, _: FlightHandle) -> Option<Self::Job> {
        None
    }
}

/// Two pointers to functions: one owns the arguments, one computes with them.
pub struct BlockingCallBy<KA, SA, K> {
    pub(super) own: fn(KA, SA) -> K,
    pub(super) lead: fn(K, FlightHandle),
}

impl<KA, SA, K: Send + 'static> BackgroundCall<KA, SA> for BlockingCallBy<KA, SA, K> {
    type Job = Box<dyn FnOnce() + Send>;
    const WHY_NOT: Option<&'static str> = None;
    fn job(&self, keyed: KA, skipped: SA, handle: FlightHandle) -> Option<Self::Job> {
        let (kept, lead) = ((self.own)(keyed, skipped), self.lead);
        Some(Box::new(move || lead(kept, handle)))
    }
}

/// The same for an asynchronous function. Its future is kept in memory, so the functions are known by type and take no
/// room.
pub struct AsyncCallBy<P, L> {
    pub(super) own: P,
    pub(super) lead: L,
}

impl<KA, SA, K, J, P: Fn(KA, SA) -> K, L: Fn(K, FlightHandle) -> J> BackgroundCall<KA, SA>
    for AsyncCallBy<P, L>
{
    type Job = J;
    const WHY_NOT: Option<&'static str> = None;
    fn job(&self, keyed: KA, skipped: SA, handle: FlightHandle) -> Option<J> {
        Some((self.lead)((self.own)(keyed, skipped), handle))
    }
}

/// A function that is told how to own each argument.
pub struct BackgroundCallWith<O, F>(pub(crate) O, pub(crate) F);

impl<KA, SA, O: Owners, F: Fn(O, KA, SA, FlightHandle) -> J, J> BackgroundCall<KA, SA>
    for BackgroundCallWith<O, F>
{
    type Job = J;
    const WHY_NOT: Option<&'static str> = O::WHY_NOT;
    fn job(&self, keyed: KA, skipped: SA, handle: FlightHandle) -> Option<J> {
        Some((self.1)(self.0, keyed, skipped, handle))
    }
}

/// An option asks for the background.
pub struct RequiredBackgroundCall<A>(pub(super) A);

impl<KA, SA, A: BackgroundCall<KA, SA>> BackgroundCall<KA, SA> for RequiredBackgroundCall<A> {
    type Job = A::Job;
    const WHY_NOT: Option<&'static str> = A::WHY_NOT;
    const ASKED: bool = true;
    fn job(&self, keyed: KA, skipped: SA, handle: FlightHandle) -> Option<A::Job> {
        self.0.job(keyed, skipped, handle)
    }
}

/// Fails to compile if an option asks for the background and the call cannot be made there.
pub(super) const fn refuse_if(asked: bool, why_not: Option<&'static str>) {
    if let (true, Some(why)) = (asked, why_not) {
        panic!("{}", why);
    }
}

/// How an argument is owned.
pub trait Owner: Copy {
    /// Why it is not possible.
    const WHY_NOT: Option<&'static str>;
}

/// How arguments are owned.
pub trait Owners: Copy {
    /// Why one of them cannot be owned.
    const WHY_NOT: Option<&'static str>;
}

macro_rules! owners {
    ($($name:ident)*) => {
        impl<$($name: Owner),*> Owners for ($($name,)*) {
            const WHY_NOT: Option<&'static str> = {
                #[allow(unused_mut, reason = "there may be no arguments")]
                let mut why = None;
                $(if why.is_none() {
                    why = $name::WHY_NOT;
                })*
                why
            };
        }
    };
}

owners!();
owners!(A);
owners!(A B);
owners!(A B C);
owners!(A B C D);
owners!(A B C D E);
owners!(A B C D E F);
owners!(A B C D E F G);
owners!(A B C D E F G H);
owners!(A B C D E F G H I);
owners!(A B C D E F G H I J);
owners!(A B C D E F G H I J K);
owners!(A B C D E F G H I J K L);

/// Fails to compile if an argument cannot be owned.
pub fn can_own<O: Owners>(owners: O) -> O {
    const { refuse_if(true, O::WHY_NOT) }
    owners
}

macro_rules! owner {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        pub struct $name<T: ?Sized, W>(PhantomData<fn(&T) -> W>);

        impl<T: ?Sized, W> Clone for $name<T, W> {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<T: ?Sized, W> Copy for $name<T, W> {}

        impl<T: ?Sized, W> $name<T, W> {
            /// The only value.
            pub const NEW: Self = Self(PhantomData);
        }

        impl<T: ?Sized, W: Why> Owner for $name<T, W> {
            const WHY_NOT: Option<&'static str> = None;
        }
    };
}

owner!(
    /// A reference is kept as the owned form of its target.
    ByToOwned
);
owner!(
    /// A value is kept as it is.
    ByMove
);
/// The argument cannot be owned. Its type is not named, since it may not live as long as a job.
pub struct NotOwned<W>(PhantomData<fn() -> W>);

impl<W> Clone for NotOwned<W> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<W> Copy for NotOwned<W> {}

impl<W: Why> Owner for NotOwned<W> {
    const WHY_NOT: Option<&'static str> = Some(W::TEXT);
}

impl<T: ToOwned + ?Sized, W> ByToOwned<T, W> {
    /// Owns it.
    #[must_use]
    pub fn keep(self, arg: &T) -> T::Owned {
        arg.to_owned()
    }
    /// Lends it.
    pub fn lend(self, kept: &T::Owned) -> &T {
        kept.borrow()
    }
}

impl<T, W> ByMove<T, W> {
    /// Owns it.
    pub fn keep(self, arg: T) -> T {
        arg
    }
    /// Gives it back.
    pub fn give(self, kept: T) -> T {
        kept
    }
}

/// The job of a call that cannot be made once more. It has no values.
pub enum NoJob {}

impl Future for NoJob {
    type Output = ();
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        match *self {}
    }
}

/// Stands for an argument that cannot be owned. Nobody makes one, since such background work does not compile. It is
/// not uninhabited: the compiler would report the code after it as unreachable.
pub struct Unowned(());

impl<W> NotOwned<W> {
    /// The only value.
    pub const NEW: Self = Self(PhantomData);

    /// Never called.
    #[must_use]
    pub fn keep<A>(self, _: A) -> Unowned {
        unreachable!("refused when it was compiled")
    }
    /// Never called.
    #[must_use]
    pub fn lend<T: ?Sized>(self, _: &Unowned) -> &T {
        unreachable!("refused when it was compiled")
    }
    /// Never called.
    #[must_use]
    pub fn give<T>(self, _: Unowned) -> T {
        unreachable!("refused when it was compiled")
    }
}

/// An argument that is a reference.
pub struct Lent<T: ?Sized, W>(PhantomData<fn(&T) -> W>);
/// An argument that is no reference.
pub struct Given<T, W>(PhantomData<fn(&T) -> W>);

impl<T: ?Sized, W> Lent<T, W> {
    /// The only value.
    pub const NEW: Self = Self(PhantomData);
}

impl<T, W> Given<T, W> {
    /// The only value.
    pub const NEW: Self = Self(PhantomData);
}

macro_rules! pick_owner {
    ($($(#[$doc:meta])* $trait:ident for $of:ty where [$($bounds:tt)*] => $owner:ty;)*) => { $(
        $(#[$doc])*
        pub trait $trait {
            /// How the argument is owned.
            type Owner;
            /// How the argument is owned.
            fn __owner(&self) -> Self::Owner;
        }
        impl<$($bounds)*> $trait for $of {
            type Owner = $owner;
            fn __owner(&self) -> $owner {
                <$owner>::NEW
            }
        }
    )* };
}

pick_owner! {
    /// References whose target can be owned.
    PickToOwned for &Lent<T, W> where [T: ToOwned<Owned: Send + 'static> + ?Sized, W] => ByToOwned<T, W>;
    /// Other references.
    PickNotLent for Lent<T, W> where [T: ?Sized, W] => NotOwned<W>;
    /// Values that can be sent to other threads.
    PickMove for &Given<T, W> where [T: Send + 'static, W] => ByMove<T, W>;
    /// Other values.
    PickNotGiven for Given<T, W> where [T, W] => NotOwned<W>;
}
