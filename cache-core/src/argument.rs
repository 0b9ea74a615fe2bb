//! Arguments, as expressions in options see them: by value if they are `Copy`, else by reference.

/// An argument, as expressions in options see it.
pub struct Arg<'a, T: ?Sized>(pub &'a T);

crate::key::picks! {
    /// `Copy` arguments, references among them, are seen as they are.
    ArgCopy::__see for &Arg<'_, T> where [T: Copy] => T = |arg| *arg.0;
    /// Other arguments are seen by reference.
    ArgRef::__see for Arg<'a, T> where ['a, T: ?Sized] => &'a T = |arg| arg.0;
}
