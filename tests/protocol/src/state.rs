//! One state of the whole: the database, the store, the callers, and the commands that are on their way.

use crate::commands::Command;
use crate::rules::{Bounds, Kind};

/// A number that is drawn at random, or a version of a key in the store. Only whether two are equal counts.
pub type Symbol = u8;
/// No symbol: what is absent has it.
pub const NONE: Symbol = 0;
/// The generation of every tag, where generations are not random.
pub const ONE_GENERATION: Symbol = 1;
/// The era of every revision, where eras are not random.
pub const ONE_ERA: Symbol = 2;
/// The version of every key that was absent, where versions begin anew.
pub const FIRST_ID: Symbol = 3;
/// The first symbol that is drawn.
pub const FIRST_DRAWN: Symbol = 4;

/// The most threads.
pub const CALLERS: usize = 3;
/// The most commands that are on their way without a caller who waits for them.
pub const LATE: usize = 4;
/// The tag that is known from the arguments.
pub const KNOWN: usize = 0;
/// The tag that is known from the result.
pub const RESULT: usize = 1;

/// The number of a namespace: an era, and how often it was raised in this era.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Revision {
    /// [`NONE`] if the namespace has no revision.
    pub era: Symbol,
    /// How often it was raised.
    pub number: u8,
}

/// What one version of a program has stored under a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Part {
    /// The database's version from which it was computed. 0 if there is no part.
    pub value: u8,
    /// The revision before it was computed.
    pub revision: Revision,
    /// The generations of its tags.
    pub generations: [Symbol; 2],
}

/// What is under a key. Without a part it is a placeholder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Container {
    /// The store's version of the key. [`NONE`] if the key is absent.
    pub id: Symbol,
    /// For each version of the program.
    pub parts: [Part; 2],
}

impl Container {
    /// Whether there is no part.
    pub fn is_placeholder(&self) -> bool {
        self.parts.iter().all(|part| part.value == 0)
    }
}

/// When the namespace had this revision, the tag already had this generation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Fact {
    /// [`NONE`] if there is no fact.
    pub generation: Symbol,
    /// The revision.
    pub revision: Revision,
}

/// What the store holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Store {
    /// By key; or by version of the program, where each has its own.
    pub values: [Container; 2],
    /// The generations of the tags.
    pub tags: [Symbol; 2],
    /// The facts about the tags.
    pub facts: [Fact; 2],
    /// The namespace's revision.
    pub revision: Revision,
    /// Where stamps are numbers: one more than the stamp of each tag. 0 if it is absent.
    pub stamps: [u8; 2],
    /// Where versions have keys of their own: the set of those that have begun to compute, as bits.
    pub versions: u8,
}

/// What a call wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// A value, stored or computed.
    #[default]
    Read,
    /// A value that is computed anew if the stored one is good.
    Refresh,
    /// To store a new value over whatever is there.
    Insert,
    /// To invalidate.
    Invalidate(Kind),
}

/// Where a caller is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    /// Between calls.
    #[default]
    Idle,
    /// It reads what is there, before it creates what is absent.
    Look,
    /// It reads, and creates what is absent.
    Fetch,
    /// It reads the tag that it learned from the entry.
    FetchTag,
    /// It puts a placeholder over a dead entry.
    Lease,
    /// It writes its version into the set of versions.
    Register,
    /// It computes: the next step reads the database.
    Body,
    /// It reads the generation of the result's tag, and the fact about it.
    Ask,
    /// It reads the revision again.
    AskRevision,
    /// It publishes.
    Publish,
    /// It writes only a fact.
    WriteFact,
    /// It takes back what it published.
    Withdraw,
    /// It has a value, and will keep it locally if it may.
    Land,
    /// It waits for the flight of another thread of its process.
    Joined,
    /// It invalidates.
    Invalidate,
}

/// The greatest versions of which an invalidation was acknowledged: no older value may be returned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Floor {
    /// For all values.
    pub all: u8,
    /// For those that carry the result's tag, where not all do.
    pub tagged: u8,
}

/// One who makes calls, and the call that it is in. What a phase does not need is zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Caller {
    /// Where it is.
    pub phase: Phase,
    /// The requests that the store has not carried out, as bits (see [`commands`](crate::commands)).
    pub pending: u8,
    /// What the call wants.
    pub purpose: Purpose,
    /// The key.
    pub key: u8,
    /// What it may return.
    pub floor: Floor,
    /// In an invalidation: all older values are invalid.
    pub version: u8,
    /// What it computed or found.
    pub value: u8,
    /// What it found under the key, with its token.
    pub seen: Container,
    /// Whether [`seen`](Self::seen) is a placeholder of its own.
    pub owns: bool,
    /// The revision as it was fetched.
    pub revision: Revision,
    /// The revision as it was read again.
    pub again: Revision,
    /// The generations of the tags, as far as it knows them.
    pub generations: [Symbol; 2],
    /// Where stamps are numbers: that of the tag, plus one.
    pub stamp: u8,
    /// What it read about the result's tag.
    pub fact: Fact,
    /// Which stage of an invalidation this is. While it looks: 1 if it asks for the result's tag. In a publication:
    /// how it came to its tags.
    pub stage: u8,
    /// Whether it was hit by an invalidation that its process has heard of.
    pub marked: bool,
    /// Which thread it waits for.
    pub joined: u8,
    /// Whether it waits for a flight that fetches after it began to wait.
    pub served: bool,
}

/// The local tier of a process, and the channel that brings it messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Local {
    /// The value that it keeps, or 0.
    pub kept: u8,
    /// It has heard that older values than this are invalid.
    pub heard: u8,
    /// Messages under way, in their order.
    pub messages: [u8; 2],
    /// Whether the channel is cut, which the process has not noticed.
    pub cut: bool,
}

/// In a message: it is about the result's tag.
pub const ABOUT_RESULT: u8 = 0x80;

/// How much may still happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Left {
    /// Calls.
    pub calls: u8,
    /// Invalidations.
    pub invalidations: u8,
    /// Keys that are lost.
    pub losses: u8,
    /// Threads that give up, commands that arrive twice.
    pub failures: u8,
    /// Snapshots of the store.
    pub snapshots: u8,
    /// Cuts of a channel.
    pub cuts: u8,
}

/// What must not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Violation {
    /// A call returned a value from before an invalidation that was acknowledged when the call began.
    StaleReturn,
    /// A process keeps a value from before an invalidation that it has heard of.
    KeptAfterMessage,
    /// A process keeps a value from before an acknowledged invalidation, and no message is under way.
    KeptAfterAcknowledgement,
}

/// One state of the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// The version of the database's value. The first is 1.
    pub database: u8,
    /// For each key, what its calls may return.
    pub acknowledged: [Floor; 2],
    /// What the store holds.
    pub store: Store,
    /// To what the store may go back.
    pub snapshot: Option<Store>,
    /// Those who make calls.
    pub callers: [Caller; CALLERS],
    /// Commands without a caller who waits for them.
    pub late: [Command; LATE],
    /// By process.
    pub locals: [Local; CALLERS],
    /// How much may still happen.
    pub left: Left,
    /// The next symbol that is drawn.
    pub fresh: Symbol,
    /// What has happened and must not.
    pub violation: Option<Violation>,
    /// What the last step has made a call return, or 0. It tells no states apart.
    pub returned: u8,
}

impl State {
    /// An empty store, and nobody in a call.
    pub fn first(bounds: &Bounds) -> Self {
        assert!(bounds.threads.len() <= CALLERS, "the model has room for {CALLERS} threads");
        assert!((1..=2).contains(&bounds.keys), "the model has room for 1 or 2 keys");
        assert!(!bounds.local || bounds.bare == 0, "where tiers are local, all values carry the same tags");
        Self {
            database: 1,
            acknowledged: [Floor::default(); 2],
            store: Store::default(),
            snapshot: None,
            callers: [Caller::default(); CALLERS],
            late: [Command::Nothing; LATE],
            locals: [Local::default(); CALLERS],
            left: Left {
                calls: bounds.calls,
                invalidations: bounds.invalidations,
                losses: bounds.losses,
                failures: bounds.failures,
                snapshots: bounds.restores,
                cuts: bounds.cuts,
            },
            fresh: FIRST_DRAWN,
            violation: None,
            returned: 0,
        }
    }

    /// A symbol that nobody has.
    pub fn draw(&mut self) -> Symbol {
        self.fresh += 1;
        self.fresh - 1
    }

    /// Notes a command that nobody waits for, and says whether there was room.
    pub fn leave_late(&mut self, command: Command) -> bool {
        let free = self.late.iter_mut().find(|late| **late == Command::Nothing);
        free.map(|free| *free = command).is_some()
    }
}
