//! Whether a function is asynchronous, as its companions know it by type.

/// A function that is not asynchronous: its verbs act when they are called.
#[derive(Clone, Copy, Debug)]
pub enum Blocking {}

/// An asynchronous function: verbs that read or write are futures.
#[derive(Clone, Copy, Debug)]
pub enum Async {}
