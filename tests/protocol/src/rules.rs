//! The rules of the protocol as switches, and the bounds within which it is explored.

/// The rules. [`Rules::default`] is the protocol; every other value of a field is said to be right or wrong where it
/// stands.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a rule that can be broken alone")]
pub struct Rules {
    /// What a tag holds in the store.
    pub stamp: Stamp,
    /// Whether an entry is good when its namespace's revision has not moved, without a look at its tags. Both are
    /// right.
    pub note: bool,
    /// How a call looks up. All are right.
    pub fetch: Fetch,
    /// Whether a leader that found a dead entry puts a placeholder in its place before it computes. Both are right.
    pub lease: bool,
    /// Whether a call that finds another's placeholder may store its value in its place, if it is still there. Both are
    /// right.
    pub shares_placeholders: bool,
    /// Whether a leader that found a dead entry takes the generation of the result's tag from it. Both are right.
    pub adopts_from_dead: bool,
    /// How a revision is raised. All are right.
    pub raise: Raise,
    /// The order in which a tag is invalidated.
    pub tag_order: TagOrder,
    /// Whether generations are drawn at random. If not, each is the same.
    pub random_generations: bool,
    /// Whether eras are drawn at random. If not, each is the same.
    pub random_eras: bool,
    /// Whether each put has a version that its key never had. If not, the numbers begin anew after a loss.
    pub fresh_ids: bool,
    /// Whether an entry of another era is dead.
    pub compares_eras: bool,
    /// Whether a command that creates something reaches the store at most once.
    pub creates_once: bool,
    /// When a leader reads the generation of a tag that is known from the arguments.
    pub known_tag: KnownTag,
    /// Which revision is written into an entry.
    pub born: Born,
    /// When the revision is asked for again before a value is published under a tag of its result.
    pub asks_again: AsksAgain,
    /// Whether a fact about a tag counts only for the generation that it names.
    pub compares_fact: bool,
    /// Which revision a fact names if the revision has moved.
    pub fact: FactNames,
    /// On which condition a leader publishes.
    pub publish_if: PublishIf,
    /// On which condition a refresh publishes.
    pub refresh_if: PublishIf,
    /// Whether an invalidation by key removes a placeholder too.
    pub removes_placeholders: bool,
    /// Where the versions of a program keep their values.
    pub versions: Versions,
    /// Whether what a server wrote before it was restarted is treated as missing.
    pub names_run: bool,
    /// Whether a call that joined a flight fetches once more when it has landed. If not, it takes the value.
    pub waiters_fetch: bool,
    /// When the other processes are told of an invalidation.
    pub message: Message,
    /// Whether a message keeps what is on its way from being kept locally.
    pub message_marks: bool,
    /// Whether a message by a tag of the result also marks calls that do not know this tag yet.
    pub remembers_messages: bool,
    /// Whether the local tier is emptied, and what is on its way is marked, when a channel was cut.
    pub empties_on_cut: bool,
    /// Whether a process empties its own local tier again when its invalidation is acknowledged.
    pub drops_at_ack: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            stamp: Stamp::Generation,
            note: true,
            fetch: Fetch::CreatesAtOnce,
            lease: false,
            shares_placeholders: false,
            adopts_from_dead: false,
            raise: Raise::InOneStep,
            tag_order: TagOrder::RaiseThenRemove,
            random_generations: true,
            random_eras: true,
            fresh_ids: true,
            compares_eras: true,
            creates_once: true,
            known_tag: KnownTag::BeforeBody,
            born: Born::AtFetch,
            asks_again: AsksAgain::AfterTag,
            compares_fact: true,
            fact: FactNames::ReadAfterTag,
            publish_if: PublishIf::SameId,
            refresh_if: PublishIf::SameId,
            removes_placeholders: true,
            versions: Versions::InOneContainer,
            names_run: true,
            waiters_fetch: true,
            message: Message::AfterRemoval,
            message_marks: true,
            remembers_messages: true,
            empties_on_cut: true,
            drops_at_ack: true,
        }
    }
}

/// What a tag holds in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamp {
    /// A generation that is compared by equality. An invalidation removes it.
    Generation,
    /// Wrong: the revision of the last invalidation, compared by order, and simply written.
    Number,
    /// Wrong: the same, and a smaller number never overwrites a greater one.
    GreatestNumber,
}

/// How a call looks up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetch {
    /// Each key is read, and created where it is absent, in one step.
    CreatesAtOnce,
    /// All are read first. Then what was absent is created.
    ReadsFirst,
}

/// How a revision is raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Raise {
    /// By a counter of the store.
    InOneStep,
    /// It is read, and replaced if its version is still the same; again, until that succeeds.
    ReadAndReplace,
    /// It is read, and replaced if its version is still the same. If it is not, another has raised or removed it since.
    ReadAndTry,
}

/// The order in which a tag is invalidated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagOrder {
    /// The revision is raised. After the reply the tag is removed.
    RaiseThenRemove,
    /// Wrong: both at once.
    Together,
    /// Wrong: the tag is removed first.
    RemoveThenRaise,
    /// Wrong: the revision is not raised.
    RemoveOnly,
}

/// When a leader reads the generation of a tag that is known from the arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnownTag {
    /// While it fetches.
    BeforeBody,
    /// Wrong: when it publishes.
    AfterBody,
}

/// Which revision is written into an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Born {
    /// The one that was read before the value was computed.
    AtFetch,
    /// Wrong: the revision is first read when the value is published.
    AtPublish,
    /// Wrong: it is read at both times and its era is compared, but the entry names the later number.
    NoteAtPublish,
}

/// When the revision is asked for again before a value is published under a tag of its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsksAgain {
    /// After the tag's generation was read, and before the value is written.
    AfterTag,
    /// Wrong: together with the tag's generation.
    WithTag,
    /// Wrong: together with the write, which is withdrawn if the revision has moved.
    WithWrite,
    /// Wrong: not at all.
    Never,
}

/// Which revision a fact names if the revision has moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactNames {
    /// The one that was read after the tag's generation.
    ReadAfterTag,
    /// Wrong: the one that was read before the body.
    Born,
}

/// On which condition a value is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PublishIf {
    /// The key still has the version that the caller made or read.
    SameId,
    /// Wrong: or it holds any placeholder.
    AnyPlaceholder,
    /// Wrong: it holds anything.
    Present,
    /// Wrong: always.
    Always,
}

/// Where the versions of a program keep their values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Versions {
    /// As parts under one key.
    InOneContainer,
    /// Wrong: each under a key of its own, with a set in the store of the versions that have begun to compute.
    InSet,
}

/// When the other processes are told of an invalidation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// After the removal, and before the invalidation is acknowledged.
    AfterRemoval,
    /// Wrong: before the removal.
    BeforeRemoval,
    /// Wrong: after the acknowledgement.
    AfterAcknowledgement,
}

/// What is invalidated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// One key.
    Key,
    /// All entries with the tag that is known from the arguments.
    KnownTag,
    /// All entries with the tag that is known from the result.
    ResultTag,
    /// All entries of the namespace.
    Namespace,
}

/// The bounds of an exploration: who takes part, and how much happens at most.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a bound of its own")]
pub struct Bounds {
    /// Those who make calls and invalidations, each one after the other.
    pub threads: Vec<Thread>,
    /// The number of keys, 1 or 2.
    pub keys: u8,
    /// Whether entries carry a tag that is known from the arguments.
    pub known_tag: bool,
    /// Whether entries carry a tag that is known from the result.
    pub result_tag: bool,
    /// The versions of the database's value that do not carry this tag, as bits. Not with local tiers.
    pub bare: u8,
    /// Calls, of all threads together.
    pub calls: u8,
    /// Whether a call may renew an entry that is good.
    pub refreshes: bool,
    /// Whether a call may store a value over whatever is there.
    pub inserts: bool,
    /// Whether a call may ask for the result's tag in its first requests.
    pub remembers_tags: bool,
    /// Invalidations, of all threads together. Before each the database's value has changed.
    pub invalidations: u8,
    /// The kinds of invalidations. Those by a tag that entries do not carry are left out.
    pub kinds: &'static [Kind],
    /// Keys that the store loses.
    pub losses: u8,
    /// How often a thread dies or gives up, or a command arrives twice (where the rules let it).
    pub failures: u8,
    /// How often the store goes back to what it held at some time.
    pub restores: u8,
    /// Whether processes keep values in a local tier, with a channel of messages between them.
    pub local: bool,
    /// How often a channel is cut.
    pub cuts: u8,
    /// Whether calls join a flight of another thread of their process.
    pub joins: bool,
}

/// One who makes calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thread {
    /// Its process. Threads of a process share a local tier.
    pub process: u8,
    /// The version of the program that it runs, 0 or 1.
    pub version: u8,
}

impl Bounds {
    /// So many processes of one thread and the same version, one key, both tags, and nothing that fails.
    pub fn processes(count: u8) -> Self {
        Self {
            threads: (0..count).map(|process| Thread { process, version: 0 }).collect(),
            keys: 1,
            known_tag: true,
            result_tag: true,
            bare: 0,
            calls: 3,
            refreshes: false,
            inserts: false,
            remembers_tags: false,
            invalidations: 1,
            kinds: &[Kind::Key, Kind::KnownTag, Kind::ResultTag, Kind::Namespace],
            losses: 0,
            failures: 0,
            restores: 0,
            local: false,
            cuts: 0,
            joins: false,
        }
    }

    /// Whether a value carries the tag that is known from the result.
    pub(crate) fn carries(&self, value: u8) -> bool {
        self.result_tag && self.bare & 1 << value == 0
    }

    /// Whether there are invalidations of this kind.
    pub(crate) fn allow(&self, kind: Kind) -> bool {
        match kind {
            Kind::KnownTag => self.known_tag,
            Kind::ResultTag => self.result_tag,
            Kind::Key | Kind::Namespace => true,
        }
    }
}
