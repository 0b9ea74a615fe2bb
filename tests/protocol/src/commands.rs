//! The commands to the store. Each is about one key, and is carried out in one step.

use crate::rules::{PublishIf, Rules};
use crate::state::{
    Container, FIRST_ID, Fact, NONE, ONE_ERA, ONE_GENERATION, Part, Revision, State, Store, Symbol,
};

/// Bits that name the requests of a caller: about the key's value,
pub const VALUE: u8 = 1;
/// the value of version 1, where versions have keys of their own,
pub const OTHER_VALUE: u8 = 2;
/// the namespace's revision,
pub const REVISION: u8 = 4;
/// the tag that is known from the arguments,
pub const KNOWN_TAG: u8 = 8;
/// the tag that is known from the result,
pub const RESULT_TAG: u8 = 16;
/// the fact about the result's tag,
pub const FACT: u8 = 32;
/// the set of versions;
pub const VERSIONS: u8 = 64;
/// and the message to other processes, which is no command to the store.
pub const MESSAGE: u8 = 128;

/// A command to the store. What it creates is drawn when it is carried out, unless it has been carried out before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// No command.
    Nothing,
    /// Reads a value.
    ReadValue(u8),
    /// Reads a value, and puts a placeholder if there is none: with this version, if it is one.
    ReadOrPlace(u8, Symbol),
    /// Puts a placeholder over whatever is there: with this version, if it is one.
    Place(u8, Symbol),
    /// Puts parts over what has this version.
    Replace(u8, PublishIf, Symbol, [Part; 2]),
    /// Removes a value.
    RemoveValue(u8),
    /// Removes a value if it is no placeholder.
    RemoveEntry(u8),
    /// Removes a value if it has this version.
    RemoveIf(u8, Symbol),
    /// Reads a tag's generation.
    ReadTag(u8),
    /// Reads a tag's generation, and creates one if there is none: this one, if it is one.
    ReadOrCreateTag(u8, Symbol),
    /// Removes a tag.
    RemoveTag(u8),
    /// Where stamps are numbers: reads a tag's stamp, and puts this one if there is none.
    ReadOrStamp(u8, u8),
    /// Where stamps are numbers: puts this stamp, or keeps the greater one.
    PutStamp(u8, u8, bool),
    /// Reads a fact.
    ReadFact(u8),
    /// Puts a fact.
    PutFact(u8, Fact),
    /// Reads the revision.
    ReadRevision,
    /// Reads the revision, and creates one if there is none: of this era, if it is one.
    ReadOrCreateRevision(Symbol),
    /// Raises the revision, or begins a new era (this one, if it is one) if there is none.
    Raise(Symbol),
    /// Raises the revision if it is this one, or begins a new era if there is none.
    RaiseFrom(Revision),
    /// Removes the revision.
    RemoveRevision,
    /// Reads the set of versions.
    ReadVersions,
    /// Adds a version to the set.
    AddVersion(u8),
}

/// What the store answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// What is under a key, and whether the command has put it there.
    Value(Container, bool),
    /// A tag's generation, and whether the command has created it.
    Tag(Symbol, bool),
    /// A revision, and whether the command has created its era.
    Revision(Revision, bool),
    /// A tag's stamp.
    Stamp(u8),
    /// A fact.
    Fact(Fact),
    /// The set of versions.
    Versions(u8),
    /// Whether it was done.
    Done(bool),
}

impl Command {
    /// Whether it leaves everything as it is.
    pub fn only_reads(&self) -> bool {
        matches!(
            self,
            Self::Nothing
                | Self::ReadValue(_)
                | Self::ReadTag(_)
                | Self::ReadFact(_)
                | Self::ReadRevision
                | Self::ReadVersions
        )
    }

    /// The command that arrives if this one, with this reply, arrives twice. [`None`] if that makes no difference.
    pub fn repeated(&self, reply: Reply) -> Option<Self> {
        match (*self, reply) {
            (Self::ReadOrPlace(key, _), Reply::Value(there, true)) => Some(Self::ReadOrPlace(key, there.id)),
            (Self::Place(key, _), Reply::Value(there, true)) => Some(Self::Place(key, there.id)),
            (Self::ReadOrCreateTag(tag, _), Reply::Tag(generation, true)) => {
                Some(Self::ReadOrCreateTag(tag, generation))
            }
            (Self::ReadOrCreateRevision(_), Reply::Revision(revision, true)) => {
                Some(Self::ReadOrCreateRevision(revision.era))
            }
            (Self::Raise(_), Reply::Revision(revision, true)) => Some(Self::Raise(revision.era)),
            _ => None,
        }
    }

    /// An order of commands that does not depend on symbols.
    pub(crate) fn rank(&self) -> (u8, u8) {
        match *self {
            Self::Nothing => (0, 0),
            Self::ReadValue(key) => (1, key),
            Self::ReadOrPlace(key, _) => (2, key),
            Self::Place(key, _) => (3, key),
            Self::Replace(key, .., parts) => (4, key << 6 | parts[0].value << 3 | parts[1].value),
            Self::RemoveValue(key) => (5, key),
            Self::RemoveEntry(key) => (6, key),
            Self::RemoveIf(key, _) => (7, key),
            Self::ReadTag(tag) => (8, tag),
            Self::ReadOrCreateTag(tag, _) => (9, tag),
            Self::RemoveTag(tag) => (10, tag),
            Self::ReadOrStamp(tag, _) => (11, tag),
            Self::PutStamp(_, stamp, _) => (12, stamp),
            Self::ReadFact(tag) => (13, tag),
            Self::PutFact(_, fact) => (14, fact.revision.number),
            Self::ReadRevision => (15, 0),
            Self::ReadOrCreateRevision(_) => (16, 0),
            Self::Raise(_) => (17, 0),
            Self::RaiseFrom(revision) => (18, revision.number),
            Self::RemoveRevision => (19, 0),
            Self::ReadVersions => (20, 0),
            Self::AddVersion(version) => (21, version),
        }
    }

    /// Shows each symbol.
    pub(crate) fn for_each_symbol(&mut self, mut each: impl FnMut(&mut Symbol)) {
        match self {
            Self::Replace(_, _, id, parts) => {
                each(id);
                for part in parts {
                    part.for_each_symbol(&mut each);
                }
            }
            Self::ReadOrPlace(_, symbol)
            | Self::Place(_, symbol)
            | Self::RemoveIf(_, symbol)
            | Self::ReadOrCreateTag(_, symbol)
            | Self::ReadOrCreateRevision(symbol)
            | Self::Raise(symbol) => each(symbol),
            Self::PutFact(_, fact) => fact.for_each_symbol(&mut each),
            Self::RaiseFrom(revision) => revision.for_each_symbol(&mut each),
            _ => {}
        }
    }
}

/// Carries out a command.
pub fn carry_out(command: Command, state: &mut State, rules: &Rules) -> Reply {
    match command {
        Command::Nothing => Reply::Done(true),
        Command::ReadValue(_) | Command::ReadOrPlace(..) | Command::Place(..) => {
            read_value(command, state, rules)
        }
        Command::Replace(key, condition, id, parts) => {
            let there = state.store.values[usize::from(key)];
            let holds = match condition {
                PublishIf::SameId => there.id != NONE && there.id == id,
                PublishIf::AnyPlaceholder => there.id != NONE && (there.id == id || there.is_placeholder()),
                PublishIf::Present => there.id != NONE,
                PublishIf::Always => true,
            };
            if !holds {
                return Reply::Done(false);
            }
            let id = state.draw();
            state.store.values[usize::from(key)] = Container { id, parts };
            Reply::Value(state.store.values[usize::from(key)], true)
        }
        Command::RemoveValue(key) => remove_value(&mut state.store, key, |_| true),
        Command::RemoveEntry(key) => remove_value(&mut state.store, key, |there| !there.is_placeholder()),
        Command::RemoveIf(key, id) => remove_value(&mut state.store, key, |there| there.id == id),
        Command::ReadTag(tag) => Reply::Tag(state.store.tags[usize::from(tag)], false),
        Command::ReadOrCreateTag(tag, given) => {
            let absent = state.store.tags[usize::from(tag)] == NONE;
            if absent {
                let drawn = drawn(state, given, rules.random_generations, ONE_GENERATION);
                state.store.tags[usize::from(tag)] = drawn;
            }
            Reply::Tag(state.store.tags[usize::from(tag)], absent)
        }
        Command::RemoveTag(tag) => {
            state.store.tags[usize::from(tag)] = NONE;
            Reply::Done(true)
        }
        Command::ReadOrStamp(tag, stamp) => {
            let there = &mut state.store.stamps[usize::from(tag)];
            if *there == 0 {
                *there = stamp;
            }
            Reply::Stamp(*there)
        }
        Command::PutStamp(tag, stamp, greatest) => {
            let there = &mut state.store.stamps[usize::from(tag)];
            *there = if greatest { stamp.max(*there) } else { stamp };
            Reply::Done(true)
        }
        Command::ReadFact(tag) => Reply::Fact(state.store.facts[usize::from(tag)]),
        Command::PutFact(tag, fact) => {
            state.store.facts[usize::from(tag)] = fact;
            Reply::Done(true)
        }
        Command::ReadVersions => Reply::Versions(state.store.versions),
        Command::AddVersion(version) => {
            state.store.versions |= 1 << version;
            Reply::Done(true)
        }
        Command::ReadRevision
        | Command::ReadOrCreateRevision(_)
        | Command::Raise(_)
        | Command::RaiseFrom(_)
        | Command::RemoveRevision => revision(command, state, rules),
    }
}

fn read_value(command: Command, state: &mut State, rules: &Rules) -> Reply {
    let (key, puts, given) = match command {
        Command::ReadOrPlace(key, given) => {
            (usize::from(key), state.store.values[usize::from(key)].id == NONE, given)
        }
        Command::Place(key, given) => (usize::from(key), true, given),
        Command::ReadValue(key) => (usize::from(key), false, NONE),
        other => unreachable!("{other:?} reads no value"),
    };
    if puts {
        let random = rules.fresh_ids || state.store.values[key].id != NONE;
        let id = drawn(state, given, random, FIRST_ID);
        state.store.values[key] = Container { id, ..Container::default() };
    }
    Reply::Value(state.store.values[key], puts)
}

fn remove_value(store: &mut Store, key: u8, holds: impl Fn(&Container) -> bool) -> Reply {
    let there = &mut store.values[usize::from(key)];
    let removes = there.id != NONE && holds(there);
    if removes {
        *there = Container::default();
    }
    Reply::Done(removes)
}

fn revision(command: Command, state: &mut State, rules: &Rules) -> Reply {
    let there = state.store.revision;
    let absent = there.era == NONE;
    let raised = Revision { number: there.number + 1, ..there };
    let (created, after) = match command {
        Command::RemoveRevision => {
            state.store.revision = Revision::default();
            return Reply::Done(true);
        }
        Command::RaiseFrom(from) if from != there => return Reply::Done(false),
        Command::ReadOrCreateRevision(given) | Command::Raise(given) if absent => {
            (true, Revision { era: drawn(state, given, rules.random_eras, ONE_ERA), number: 0 })
        }
        Command::RaiseFrom(_) if absent => {
            (true, Revision { era: drawn(state, NONE, rules.random_eras, ONE_ERA), number: 0 })
        }
        Command::Raise(_) | Command::RaiseFrom(_) => (false, raised),
        _ => (false, there),
    };
    state.store.revision = after;
    Reply::Revision(after, created)
}

/// A new symbol: the given one, if it is one; a drawn one, if they are random; else always the same.
fn drawn(state: &mut State, given: Symbol, random: bool, same: Symbol) -> Symbol {
    match (given, random) {
        (NONE, true) => state.draw(),
        (NONE, false) => same,
        _ => given,
    }
}
