//! A model of the protocol by which processes share a store: every order of steps, within small bounds.
//!
//! ```sh
//! cargo test -p protocol                      # half a minute of a processor
//! CACHE_CORE_LONG=1 cargo test -p protocol    # wider bounds: some minutes, below 2 GiB
//! cargo test -p protocol --test refuted -- --nocapture --test-threads 1   # counterexamples in words
//! ```
//!
//! A change to the protocol is made here first, as a switch of [`Rules`](rules::Rules). `tests/holds.rs` has what must
//! hold, `tests/refuted.rs` each rule broken.
//!
//! # The protocol
//!
//! Processes keep values in a store that any of them may write to, that may lose any key at any time, and where a
//! command may arrive long after its sender has given up. Nonetheless an invalidation wins: once it is acknowledged, no
//! call that begins afterwards gets a value that was computed before it. The store holds:
//!
//! - for each key of the cache a **container** with a part for each version of the program. Without a part it is a
//!   placeholder. The store gives each put a new version, the container's *id*;
//! - for each tag a random number, its **generation**. An entry names the generations that its tags had. If the store
//!   has another one, or none, the entry is dead;
//! - for the namespace a **revision**: a random *era*, and a number that grows with each invalidation by tag. An entry
//!   names the revision from before its computation (*born*). In another era it is dead. As long as the revision is
//!   the same, the tags need no look;
//! - for tags that are known only from a result, a **fact**: at this revision the tag already had this generation.
//!
//! A call reads the container, the revision and the tags that it knows, and creates what is missing; it puts a
//! placeholder where nothing is. If what it found is dead or missing, it leads: it computes, and then replaces the
//! container only if that still has the id that it read or made. If a tag comes from the result, the leader has to know
//! that its generation is not younger than the computation. Either a fact says so, or the revision is the same after
//! the generation was read as it was before the body. If it is not, the leader writes a fact for the next one, unless
//! there is one of this generation and era, and stores nothing.
//!
//! To invalidate a key is to remove its container, placeholder or not. To invalidate a tag is to raise the revision,
//! and after the reply to remove the tag's generation. To invalidate the namespace is to remove its revision. What was
//! removed comes back with another random number, so a command that is late or lost costs a miss, and no more.
//!
//! A process may also keep values in a local tier. Whoever invalidates sends a message to the other processes after
//! the removal, and is acknowledged after the message was sent. A process that gets one drops what it keeps, and does
//! not keep what its calls that are under way bring.
//!
//! # What must hold
//!
//! - No call returns a value from before an invalidation of its key that was acknowledged when the call began.
//! - No process keeps a value from before an invalidation of which it has had the message.
//! - No process keeps a value from before an acknowledged invalidation, unless a message is under way to it or its
//!   channel is cut.
//!
//! # What the model leaves out
//!
//! - A value is the number of changes that the database had seen. The database changes when an invalidation begins.
//! - Random numbers and ids are symbols that are only compared. States that differ only in the names of symbols, or in
//!   which of two equal processes is which, are one state. That two random numbers are equal does not occur.
//! - A revision is an era and a number. In the store they are one number, with the era in the upper bits.
//! - Each command is carried out in one step. Its sender acts on the last reply that it waits for in the same step: to
//!   act later is the same as if its next commands arrive later. A call begins in one step with sending its first
//!   requests; what it returns is judged by what was acknowledged then.
//! - Time: what expires is lost, and a caller may give up at any time.
//! - What a server had before it was restarted is missing after it. How that is brought about is not modelled.
//! - There are two tags: one that is known from the arguments, and one from the result, which some values may not carry.
//!   Soft invalidations, invalidations of several keys at once, patterns, and the
//!   memory of invalidations that could not be sent are not modelled; nor is whether anything happens at all in the
//!   end, such as whether a waiter wakes.

mod calls;
pub mod canonical;
mod check;
pub mod commands;
pub mod explore;
mod invalidations;
mod publish;
pub mod rules;
pub mod state;
pub mod steps;
pub mod words;
