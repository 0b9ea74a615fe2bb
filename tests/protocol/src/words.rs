//! A counterexample in words.

use std::fmt;

use crate::commands::{Command, MESSAGE};
use crate::explore::{Counterexample, Taken};
use crate::rules::{Kind, PublishIf};
use crate::state::{Container, Fact, Floor, NONE, Part, Phase, Purpose, Revision, State, Symbol, Violation};
use crate::steps::{Lost, Model, Step};

/// A counterexample, with the model that it refutes.
pub struct InWords<'a>(pub &'a Model, pub &'a Counterexample);

impl fmt::Display for InWords<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(model, counterexample) = self;
        for (number, Taken { step, before, after }) in (1..).zip(&counterexample.steps) {
            writeln!(f, "{number:3}. {}", words(model, *step, before, after))?;
        }
        let violation = match counterexample.violation {
            Violation::StaleReturn => {
                "A call returned a value from before an invalidation acknowledged at its start."
            }
            Violation::KeptAfterMessage => "A process keeps a value that it has heard to be invalid.",
            Violation::KeptAfterAcknowledgement => {
                "A process keeps an invalid value, and no message is under way."
            }
        };
        write!(f, "     {violation}")
    }
}

fn words(model: &Model, step: Step, before: &State, after: &State) -> String {
    match step {
        Step::Call(thread, purpose, key, remembers) => {
            let Floor { all: floor, tagged } = before.acknowledged[usize::from(key)];
            let wants = match purpose {
                Purpose::Refresh => "refreshes",
                Purpose::Insert => "inserts into",
                _ => "calls",
            };
            let tag = if remembers { ", and asks for the result's tag too" } else { "" };
            let floor =
                if floor == 0 { String::new() } else { format!(", and may return no value before v{floor}") };
            let tagged = if tagged == 0 {
                String::new()
            } else {
                format!(", none with the result's tag before v{tagged}")
            };
            format!("{} {wants} key {key}{floor}{tagged}{tag}.", name(thread))
        }
        Step::Join(thread, flight) => format!("{} calls, and waits for {}.", name(thread), name(flight)),
        Step::Invalidate(thread, kind, key) => {
            let what = match kind {
                Kind::Key => format!("key {key}"),
                Kind::KnownTag => "the known tag".into(),
                Kind::ResultTag => "the result's tag".into(),
                Kind::Namespace => "the namespace".into(),
            };
            let version = after.database;
            format!("The database changes to v{version}; {} begins to invalidate {what}.", name(thread))
        }
        Step::CarryOut(thread, slot) | Step::CarryOutTwice(thread, slot) => {
            let twice =
                if matches!(step, Step::CarryOutTwice(..)) { " The command will arrive again." } else { "" };
            let then = then(thread, before, after);
            if slot == MESSAGE {
                return format!(
                    "{}: the store sends the messages to the other processes.{then}",
                    name(thread)
                );
            }
            let command = command(model.command(&before.callers[thread], thread, slot));
            format!(
                "{}: the store {command}{}.{twice}{then}",
                name(thread),
                reply(model, thread, slot, before)
            )
        }
        Step::Compute(thread) => {
            let value = before.database;
            format!("{} computes v{value}.{}", name(thread), then(thread, before, after))
        }
        Step::Land(thread) => {
            let keeps = if before.callers[thread].marked { "does not keep it" } else { "keeps it" };
            format!("{} has v{}, {keeps}, and returns it.", name(thread), before.callers[thread].value)
        }
        Step::GiveUp(thread) => format!("{} gives up; what it has sent is on its way.", name(thread)),
        Step::Repeat(thread) => format!("{} begins its invalidation again.", name(thread)),
        Step::Arrive(at) => format!("Late, the store {}.", command(before.late[at])),
        Step::Lose(lost) => match lost {
            Lost::Value(key) => format!("The store loses key {key}."),
            Lost::Tag(tag) => format!("The store loses {}.", tag_name(tag)),
            Lost::Fact(tag) => format!("The store loses the fact about {}.", tag_name(tag)),
            Lost::Stamp(tag) => format!("The store loses the stamp of {}.", tag_name(tag)),
            Lost::Revision => "The store loses the revision.".into(),
            Lost::Versions => "The store loses the set of versions.".into(),
        },
        Step::Deliver(process) => format!("A message reaches process {process}."),
        Step::Cut(process) => format!("The channel of process {process} is cut."),
        Step::Reconnect(process) => format!("Process {process} has its channel back."),
        Step::Save => "The server saves a snapshot.".into(),
        Step::GoBack => "The server goes back to its snapshot.".into(),
    }
}

/// The name of a thread.
fn name(thread: usize) -> char {
    ['A', 'B', 'C'][thread]
}

fn tag_name(tag: usize) -> &'static str {
    ["the known tag", "the result's tag"][tag]
}

/// What a thread does after a step.
fn then(thread: usize, before: &State, after: &State) -> String {
    let (was, is) = (&before.callers[thread], &after.callers[thread]);
    if matches!(was.purpose, Purpose::Invalidate(_)) {
        let acknowledged = before.acknowledged != after.acknowledged;
        return if acknowledged { " The invalidation is acknowledged.".into() } else { String::new() };
    }
    match is.phase {
        _ if after.returned != 0 => format!(" {} returns v{}.", name(thread), after.returned),
        Phase::Body if was.phase != Phase::Body => format!(" {} leads.", name(thread)),
        _ => String::new(),
    }
}

/// What the store answers.
fn reply(model: &Model, thread: usize, slot: u8, before: &State) -> String {
    use crate::commands::{Reply, carry_out};
    let command = model.command(&before.callers[thread], thread, slot);
    match carry_out(command, &mut { *before }, &model.rules) {
        Reply::Value(container, created) if !matches!(command, Command::Replace(..)) => {
            let made = if created { " (new)" } else { "" };
            format!(": {}{made}", container_words(&container))
        }
        Reply::Value(..) => ": done".into(),
        Reply::Tag(generation, created) => {
            format!(": {}{}", symbol("generation", generation), if created { " (new)" } else { "" })
        }
        Reply::Revision(revision, _) => format!(": {}", revision_words(revision)),
        Reply::Stamp(stamp) => format!(": stamp {}", stamp - 1),
        Reply::Fact(fact) => format!(": {}", fact_words(fact)),
        Reply::Versions(versions) => format!(": {versions:02b}"),
        Reply::Done(true) => String::new(),
        Reply::Done(false) => ": nothing done".into(),
    }
}

fn command(command: Command) -> String {
    let tag_name = |tag: u8| tag_name(usize::from(tag));
    match command {
        Command::Nothing => "does nothing".into(),
        Command::ReadValue(key) => format!("reads key {key}"),
        Command::ReadOrPlace(key, NONE) => format!("reads key {key}, or puts a placeholder"),
        Command::ReadOrPlace(key, id) => format!("puts placeholder {id} under key {key} if that is absent"),
        Command::Place(key, NONE) => format!("puts a placeholder under key {key}"),
        Command::Place(key, id) => format!("puts placeholder {id} under key {key}"),
        Command::Replace(key, condition, id, parts) => {
            let condition = match condition {
                PublishIf::SameId => format!("if it is {}", symbol("id", id)),
                PublishIf::AnyPlaceholder => format!("if it is {} or a placeholder", symbol("id", id)),
                PublishIf::Present => "if it is present".into(),
                PublishIf::Always => "in any case".into(),
            };
            format!("replaces key {key} {condition} by {}", parts_words(&parts))
        }
        Command::RemoveValue(key) => format!("removes key {key}"),
        Command::RemoveEntry(key) => format!("removes key {key} if it is no placeholder"),
        Command::RemoveIf(key, id) => format!("removes key {key} if it is {}", symbol("id", id)),
        Command::ReadTag(tag) => format!("reads {}", tag_name(tag)),
        Command::ReadOrCreateTag(tag, NONE) => format!("reads or creates {}", tag_name(tag)),
        Command::ReadOrCreateTag(tag, given) => {
            format!("creates {} with {} if it is absent", tag_name(tag), symbol("generation", given))
        }
        Command::RemoveTag(tag) => format!("removes {}", tag_name(tag)),
        Command::ReadOrStamp(tag, stamp) => format!("reads {}, or puts stamp {}", tag_name(tag), stamp - 1),
        Command::PutStamp(tag, stamp, false) => format!("puts stamp {} on {}", stamp - 1, tag_name(tag)),
        Command::PutStamp(tag, stamp, true) => {
            format!("puts stamp {} on {} unless it has a greater one", stamp - 1, tag_name(tag))
        }
        Command::ReadFact(tag) => format!("reads the fact about {}", tag_name(tag)),
        Command::PutFact(tag, fact) => format!("puts a fact about {}: {}", tag_name(tag), fact_words(fact)),
        Command::ReadRevision => "reads the revision".into(),
        Command::ReadOrCreateRevision(NONE) => "reads or creates the revision".into(),
        Command::ReadOrCreateRevision(era) => {
            format!("creates the revision of {} if it is absent", symbol("era", era))
        }
        Command::Raise(NONE) => "raises the revision".into(),
        Command::Raise(era) => format!("raises the revision, or begins {}", symbol("era", era)),
        Command::RaiseFrom(revision) => format!("raises the revision if it is {}", revision_words(revision)),
        Command::RemoveRevision => "removes the revision".into(),
        Command::ReadVersions => "reads the set of versions".into(),
        Command::AddVersion(version) => format!("adds version {version} to the set of versions"),
    }
}

fn symbol(what: &str, symbol: Symbol) -> String {
    if symbol == NONE { format!("no {what}") } else { format!("{what} {symbol}") }
}

fn revision_words(revision: Revision) -> String {
    if revision.era == NONE {
        return "no revision".into();
    }
    format!("revision {}:{}", revision.era, revision.number)
}

fn fact_words(fact: Fact) -> String {
    if fact.generation == NONE {
        return "no fact".into();
    }
    format!("at {} it had generation {}", revision_words(fact.revision), fact.generation)
}

fn container_words(container: &Container) -> String {
    match container {
        Container { id: NONE, .. } => "absent".into(),
        there if there.is_placeholder() => format!("placeholder {}", there.id),
        there => format!("entry {}, {}", there.id, parts_words(&there.parts)),
    }
}

fn parts_words(parts: &[Part; 2]) -> String {
    let one = |part: &Part| {
        let tags: Vec<_> =
            part.generations.iter().filter(|&&tag| tag != NONE).map(Symbol::to_string).collect();
        let tags = if tags.is_empty() { String::new() } else { format!(", generations {}", tags.join(", ")) };
        format!("v{} (born at {}{tags})", part.value, revision_words(part.revision))
    };
    let parts: Vec<_> = parts.iter().filter(|part| part.value != 0).map(one).collect();
    if parts.is_empty() { "a placeholder".into() } else { parts.join(" and ") }
}
