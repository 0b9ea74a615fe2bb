//! Whose words an error is in.

use crate::project::Message;

/// What our errors say.
const OURS: [&str; 17] = [
    "a borrowed return cannot be kept",
    "a function that never returns has nothing to cache",
    "a key has at most 12 parts",
    "a memoized function cannot be",
    "already: call it otherwise",
    "an `impl Trait` return cannot be kept",
    "borrows in a way that cannot be kept in a key",
    "cannot be cached",
    "cannot be memoized",
    "cannot be part of a key",
    "cannot be taken to the background",
    "computes in the background",
    "is neither part of the key nor skipped",
    "needs a future that is `Send`",
    "or_write_memoize_with_question_mark_send",
    "or write `#[memoize(?Send)]`",
    "would not happen on a hit",
];

/// What only the compiler can know, and says well enough: of which parameter, and what to write.
const THEIRS: [&str; 5] = [
    // What is kept lives as long as it likes, and lifetimes are seen by nobody else.
    "may not live long enough",
    // A return with a lifetime that is not written.
    "missing lifetime specifier",
    "missing lifetime specifiers",
    // Arguments of a future, which wait in it for its first poll.
    "cannot be sent between threads safely",
    "cannot be shared between threads safely",
];

/// The words that an error of ours, or one that is as good, is known by.
pub(crate) fn words(message: &Message) -> Option<&'static str> {
    let ours = OURS.iter().find(|words| message.rendered.contains(**words));
    ours.or_else(|| THEIRS.iter().find(|words| message.text.ends_with(**words))).copied()
}
