//! Holes of tags reach through what is not there: each step of a path looks through a reference or an
//! `Option`, by method dispatch on its type, the most specific first.

use crate::argument::Arg;

/// An `Option` is looked through; `None` is the end of it.
pub trait ThroughOption {
    /// By reference.
    type Inside;
    /// What is inside.
    fn __through(&self) -> Option<Self::Inside>;
}

impl<'a, T> ThroughOption for &&Arg<'a, Option<T>> {
    type Inside = &'a T;
    #[inline]
    fn __through(&self) -> Option<&'a T> {
        self.0.as_ref()
    }
}

/// A reference is looked through, since it may be one to an `Option`.
pub trait ThroughRef {
    /// By reference.
    type Inside;
    /// What it refers to.
    fn __through(&self) -> Option<Self::Inside>;
}

impl<'a, T: ?Sized> ThroughRef for &Arg<'a, &T> {
    type Inside = &'a T;
    #[inline]
    fn __through(&self) -> Option<&'a T> {
        Some(self.0)
    }
}

/// Anything else is what is meant.
pub trait ThroughPlain {
    /// By reference.
    type Inside;
    /// Itself.
    fn __through(&self) -> Option<Self::Inside>;
}

impl<'a, T: ?Sized> ThroughPlain for Arg<'a, T> {
    type Inside = &'a T;
    #[inline]
    fn __through(&self) -> Option<&'a T> {
        Some(self.0)
    }
}
