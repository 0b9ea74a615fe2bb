//! How arguments are owned by a job, and passed again.

#![expect(clippy::unused_self, reason = "owners are called alike, by code that does not know which it has")]

use std::borrow::{Borrow, Cow};
use std::marker::PhantomData;

use super::background_call::refuse_if;
use super::{NoHook, Why};
use crate::key::Opt;

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

/// An argument that is a reference. `W` says why it has to be owned.
pub struct Lent<T: ?Sized, W = NoHook>(PhantomData<fn(&T) -> W>);
/// An argument that is a `Cow`.
pub struct LentCow<T: ?Sized>(PhantomData<fn(&T)>);
/// An argument that is no reference.
pub struct Given<T, W = NoHook>(PhantomData<fn(&T) -> W>);

impl<T: ?Sized, W> Lent<T, W> {
    /// The only value.
    pub const NEW: Self = Self(PhantomData);
}

impl<T, W> Given<T, W> {
    /// The only value.
    pub const NEW: Self = Self(PhantomData);
}

/// References whose target can be owned.
pub trait PickToOwned {
    /// How the argument is owned.
    type Owner;
    /// How the argument is owned.
    fn __owner(&self) -> Self::Owner;
    /// The same where it has to be.
    fn __owned(&self) -> Self::Owner;
}

impl<T: ToOwned<Owned: Send + 'static> + ?Sized, W> PickToOwned for &Lent<T, W> {
    type Owner = ByToOwned<T, W>;
    fn __owner(&self) -> ByToOwned<T, W> {
        ByToOwned::NEW
    }
    fn __owned(&self) -> ByToOwned<T, W> {
        ByToOwned::NEW
    }
}

/// Values that can be sent to other threads.
pub trait PickMove {
    /// How the argument is owned.
    type Owner;
    /// How the argument is owned.
    fn __owner(&self) -> Self::Owner;
    /// The same where it has to be.
    fn __owned(&self) -> Self::Owner;
}

impl<T: Send + 'static, W> PickMove for &Given<T, W> {
    type Owner = ByMove<T, W>;
    fn __owner(&self) -> ByMove<T, W> {
        ByMove::NEW
    }
    fn __owned(&self) -> ByMove<T, W> {
        ByMove::NEW
    }
}

/// Other references.
pub trait PickNotLent<T: ?Sized, W> {
    /// How the argument is owned.
    fn __owner(&self) -> NotOwned<W>;
    /// The same where it has to be, which is refused.
    fn __owned(&self) -> NotOwned<W>
    where
        Self: IsOwnedOnceCloned<T>;
}

impl<T: ?Sized, W> PickNotLent<T, W> for Lent<T, W> {
    fn __owner(&self) -> NotOwned<W> {
        NotOwned::NEW
    }
    fn __owned(&self) -> NotOwned<W>
    where
        Self: IsOwnedOnceCloned<T>,
    {
        NotOwned::NEW
    }
}

/// Other values.
pub trait PickNotGiven<T, W> {
    /// How the argument is owned.
    fn __owner(&self) -> NotOwned<W>;
    /// The same where it has to be, which is refused.
    fn __owned(&self) -> NotOwned<W>
    where
        Self: IsOwnedOnceSent<T>;
}

impl<T, W> PickNotGiven<T, W> for Given<T, W> {
    fn __owner(&self) -> NotOwned<W> {
        NotOwned::NEW
    }
    fn __owned(&self) -> NotOwned<W>
    where
        Self: IsOwnedOnceSent<T>,
    {
        NotOwned::NEW
    }
}

/// No type has it: says why a reference cannot be taken to the background.
#[diagnostic::on_unimplemented(
    message = "`{T}` cannot be taken to the background, where this function may be computed: it is not `Clone + Send`",
    label = "not `Clone + Send`",
    note = "`stale_while_revalidate`, `refresh_ahead`, `placeholder`, `timeout`, `soft_timeout` and `fallback_after` need arguments of their own there: derive `Clone` for it, or take an `Arc` of it"
)]
pub trait IsOwnedOnceCloned<T: ?Sized> {}

/// No type has it: says why an argument cannot be taken to the background.
#[diagnostic::on_unimplemented(
    message = "`{T}` cannot be taken to the background, where this function may be computed: it is not `Send`",
    label = "not `Send`",
    note = "`stale_while_revalidate`, `refresh_ahead`, `placeholder`, `timeout`, `soft_timeout` and `fallback_after` compute on another thread: take an `Arc` in place of an `Rc`, a `Mutex` in place of a `RefCell`"
)]
pub trait IsOwnedOnceSent<T> {}

/// An argument that can be owned, and passed again.
pub trait PassedArg {
    /// The argument.
    type Passed<'a>;
    /// The argument, owned.
    type Kept: Send + 'static;
    /// Owns it.
    fn keep(passed: Self::Passed<'_>) -> Self::Kept;
    /// Passes it again, once.
    fn pass(kept: &mut Self::Kept) -> Self::Passed<'_>;
    /// The same argument, with a shorter lifetime.
    fn shorten<'long: 'short, 'short>(passed: Self::Passed<'long>) -> Self::Passed<'short>;
}

impl<T: ToOwned<Owned: Send + 'static> + ?Sized + 'static> PassedArg for Lent<T> {
    type Passed<'a> = &'a T;
    type Kept = T::Owned;
    fn keep(passed: &T) -> T::Owned {
        passed.to_owned()
    }
    fn pass(kept: &mut T::Owned) -> &T {
        (*kept).borrow()
    }
    #[inline]
    fn shorten<'long: 'short, 'short>(passed: &'long T) -> &'short T {
        passed
    }
}

impl<T: Send + 'static> PassedArg for Given<T> {
    type Passed<'a> = T;
    type Kept = Option<T>;
    fn keep(passed: T) -> Option<T> {
        Some(passed)
    }
    fn pass(kept: &mut Option<T>) -> T {
        kept.take().expect("it is passed once")
    }
    #[inline]
    fn shorten<'long: 'short, 'short>(passed: T) -> T {
        passed
    }
}

impl<T: PassedArg> PassedArg for Opt<T> {
    type Passed<'a> = Option<T::Passed<'a>>;
    type Kept = Option<T::Kept>;
    fn keep(passed: Option<T::Passed<'_>>) -> Option<T::Kept> {
        passed.map(T::keep)
    }
    fn pass(kept: &mut Option<T::Kept>) -> Option<T::Passed<'_>> {
        kept.as_mut().map(T::pass)
    }
    #[inline]
    fn shorten<'long: 'short, 'short>(passed: Option<T::Passed<'long>>) -> Option<T::Passed<'short>> {
        passed.map(T::shorten)
    }
}

impl<T: ToOwned<Owned: Send + 'static> + ?Sized + 'static> PassedArg for LentCow<T> {
    type Passed<'a> = Cow<'a, T>;
    type Kept = T::Owned;
    fn keep(passed: Cow<'_, T>) -> T::Owned {
        passed.into_owned()
    }
    fn pass(kept: &mut T::Owned) -> Cow<'_, T> {
        Cow::Borrowed((*kept).borrow())
    }
    #[inline]
    fn shorten<'long: 'short, 'short>(passed: Cow<'long, T>) -> Cow<'short, T> {
        passed
    }
}

/// The arguments of a function, each of which is a `PassedArg`.
pub trait PassedArgs: 'static {
    /// A pointer to a plain function of them.
    type Function<O: 'static>: Copy + Send + 'static;
    /// The arguments, owned.
    type Kept: Send + 'static;
    /// Passes them again to a function, once.
    fn call_again<O: 'static>(function: Self::Function<O>, kept: &mut Self::Kept) -> O;
}

/// The same, of arguments that were passed: each may have a lifetime of its own.
pub trait PassedAs<KA>: PassedArgs {
    /// Owns them.
    fn keep(passed: KA) -> Self::Kept;
    /// Passes them on to a function.
    fn call<O: 'static>(function: Self::Function<O>, passed: KA) -> O;
}

macro_rules! passed_args {
    ($($name:ident $lifetime:lifetime)*) => {
        #[allow(non_snake_case, reason = "a pattern names each argument as its type")]
        impl<$($name: PassedArg + 'static),*> PassedArgs for ($($name,)*) {
            type Function<O: 'static> = for<'a> fn($($name::Passed<'a>),*) -> O;
            type Kept = ($($name::Kept,)*);
            fn call_again<O: 'static>(function: Self::Function<O>, ($($name,)*): &mut Self::Kept) -> O {
                function($($name::pass($name)),*)
            }
        }

        #[allow(non_snake_case, clippy::unused_unit, reason = "there may be no arguments")]
        impl<$($lifetime,)* $($name: PassedArg + 'static),*> PassedAs<($($name::Passed<$lifetime>,)*)> for ($($name,)*) {
            fn keep(($($name,)*): ($($name::Passed<$lifetime>,)*)) -> Self::Kept {
                ($($name::keep($name),)*)
            }
            #[inline]
            fn call<O: 'static>(function: Self::Function<O>, ($($name,)*): ($($name::Passed<$lifetime>,)*)) -> O {
                function($($name::shorten($name)),*)
            }
        }
    };
}

/// Of no arguments, of one, and so on up to twelve.
macro_rules! of_each_length {
    ($first:ident $first_lifetime:lifetime $($rest:ident $lifetime:lifetime)*) => {
        owners!($first $($rest)*);
        passed_args!($first $first_lifetime $($rest $lifetime)*);
        of_each_length!($($rest $lifetime)*);
    };
    () => {
        owners!();
        passed_args!();
    };
}

of_each_length!(A 'a B 'b C 'c D 'd E 'e F 'f G 'g H 'h I 'i J 'j K 'k L 'l);
