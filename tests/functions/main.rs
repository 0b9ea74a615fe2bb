//! Functions: what a call answers, of what signature and with what options, and how tools find it.

mod attributes;
mod calls;
mod complaints;
mod conditions;
mod editions;
mod fragments;
mod generics;
mod hooks;
mod hygiene;
mod keys;
mod names;
mod options;
mod panics;
mod registry;
mod scopes;
mod signatures;
mod told_apart;
mod values;
