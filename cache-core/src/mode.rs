//! The types by which companions know whether a function is asynchronous.

/// Marks the companions of a function that is not asynchronous. Their verbs act when they are called.
#[derive(Clone, Copy, Debug)]
pub enum Blocking {}

/// Marks the companions of an asynchronous function. Their verbs that read or write an entry are futures.
#[derive(Clone, Copy, Debug)]
pub enum Async {}
