//! Holes of tags reach through what is not there: each step of a path looks through a reference or an
//! `Option`, by method dispatch on its type, the most specific first.

use crate::argument::Arg;
use crate::key::picks;

picks! {
    /// An `Option` is looked through; `None` is the end of it.
    ThroughOption::__through for &&Arg<'a, Option<T>> where ['a, T] => Option<&'a T> = |arg| arg.0.as_ref();
    /// A reference is looked through, since it may be one to an `Option`.
    ThroughRef::__through for &Arg<'a, &T> where ['a, T: ?Sized] => Option<&'a T> = |arg| Some(arg.0);
    /// Anything else is what is meant.
    ThroughPlain::__through for Arg<'a, T> where ['a, T: ?Sized] => Option<&'a T> = |arg| Some(arg.0);
}
