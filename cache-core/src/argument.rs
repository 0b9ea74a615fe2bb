//! Arguments, as expressions in options see them: by value if they are `Copy`, else by reference.

/// An argument, as expressions in options see it.
pub struct Arg<'a, T: ?Sized>(pub &'a T);

/// `Copy` arguments, references among them, are seen as they are.
pub trait ArgCopy {
    /// The argument.
    type Seen;
    /// The argument.
    fn __see(&self) -> Self::Seen;
}

impl<T: Copy> ArgCopy for &Arg<'_, T> {
    type Seen = T;
    #[inline]
    fn __see(&self) -> T {
        *self.0
    }
}

/// Other arguments are seen by reference.
pub trait ArgRef {
    /// The reference.
    type Seen;
    /// The reference.
    fn __see(&self) -> Self::Seen;
}

impl<'a, T: ?Sized> ArgRef for Arg<'a, T> {
    type Seen = &'a T;
    #[inline]
    fn __see(&self) -> &'a T {
        self.0
    }
}
