//! What is stored with tags that are known only after it was computed.

mod histories;
mod points;

use std::sync::Arc;

use super::publish::Fact;
use super::*;
use crate::background::block_on;
use crate::memo::runtime::Runtime;
use crate::store::envelope::{FOR_EVER, Unreadable};
use crate::store::key::StoreKey;
use crate::store::protocol::fetch::Token;
use crate::testing::{Scope, ScriptedStore};

const HOUR: Duration = Duration::from_hours(1);

fn protocol(store: &ScriptedStore, max_ttl: Option<Duration>) -> Protocol {
    let link = Link::new(Arc::new(store.clone()), Runtime::current().clock.clone(), HOUR);
    Protocol::new(Namespace::new("n"), link, StoreClock::current(), Envelope::default(), max_ttl)
}

fn names(tags: &[&str]) -> Vec<String> {
    tags.iter().map(|tag| (*tag).to_owned()).collect()
}

/// A process that does one thing after the other.
struct Process {
    store: ScriptedStore,
    protocol: Protocol,
}

impl Process {
    fn new() -> Self {
        Self::with(ScriptedStore::new(), None)
    }

    fn with(store: ScriptedStore, max_ttl: Option<Duration>) -> Self {
        Self { protocol: protocol(&store, max_ttl), store }
    }

    fn name(&self, key: &str) -> StoreKey {
        self.protocol.namespace.value("f", key)
    }

    fn by(&self) -> Deadline {
        self.protocol.link.deadline(HOUR)
    }

    fn fetch(&self, name: &StoreKey, tags: &[&str]) -> Token {
        let tags = names(tags);
        let fetched = self.protocol.fetch_many(std::slice::from_ref(name), &tags, self.by());
        block_on(fetched).unwrap().remove(0).token
    }

    fn publish(&self, name: &StoreKey, token: Token, after: &[&str], value: Value) -> bool {
        block_on(self.protocol.publish_with(name, token, &names(after), value, self.by())).unwrap()
    }

    /// Stores a value that is kept for ever. Returns how many requests that took, if it was stored.
    fn store(&self, name: &StoreKey, token: Token, after: &[&str]) -> Option<usize> {
        self.store.take_requests();
        let is_stored = self.publish(name, token, after, value("v", FOR_EVER));
        is_stored.then(|| self.store.take_requests().len())
    }

    fn look(&self, name: &StoreKey) -> Result<Value, Missing> {
        block_on(self.protocol.look(name, self.by())).unwrap()
    }

    fn invalidate(&self, tag: &str) {
        block_on(self.protocol.invalidate_tags(&names(&[tag]), self.by())).unwrap();
    }

    fn lose(&self, lost: &Bytes) {
        assert_eq!(self.store.lose(|key| key == lost), 1);
    }

    fn fact(&self, tag: &str) -> Option<Fact> {
        Fact::read(&self.store.bytes(&self.protocol.fact_key(tag))?)
    }
}

fn value(body: &'static str, until: u64) -> Value {
    Value::new(0, until, body.into())
}

#[test]
fn a_tag_that_is_known_late_costs_a_request_and_at_first_two() {
    let process = Process::new();
    let [a, b, c] = ["a", "b", "c"].map(|key| process.name(key));
    assert_eq!(process.store(&a, process.fetch(&a, &[]), &[]), Some(1));
    assert_eq!(process.store(&a, process.fetch(&a, &[]), &["r"]), Some(3));
    assert_eq!(process.store(&b, process.fetch(&b, &[]), &["r"]), Some(2));
    assert_eq!(process.store(&c, process.fetch(&c, &["r", "s"]), &["s", "r"]), Some(1), "known before");
    assert_eq!(process.store(&c, process.fetch(&c, &["s"]), &["r", "r", "s"]), Some(2));
    assert_eq!(process.store(&c, process.fetch(&c, &[]), &["r", "x", "y"]), Some(3), "however many");
    assert_eq!(process.look(&c).unwrap().tags.len(), 3);
    for tag in ["r", "y"] {
        process.invalidate(tag);
        assert_eq!(process.look(&c), Err(Missing::Invalidated));
    }
    assert_eq!(process.look(&b), Err(Missing::Invalidated));
}

#[test]
fn a_store_that_nobody_else_writes_to_is_read_first() {
    let process = Process::with(ScriptedStore::exclusive(), None);
    let [a, b] = ["a", "b"].map(|key| process.name(key));
    assert_eq!(process.store(&a, process.fetch(&a, &[]), &["r"]), Some(4));
    assert_eq!(process.store(&b, process.fetch(&b, &[]), &["r"]), Some(2));
    process.invalidate("r");
    assert!(process.look(&a).is_err() && process.look(&b).is_err());
}

#[test]
fn a_tag_that_was_invalidated_meanwhile_refuses_and_another_one_only_at_first() {
    let process = Process::new();
    let [a, b] = ["a", "b"].map(|key| process.name(key));
    let token = process.fetch(&a, &[]);
    process.invalidate("unrelated");
    assert_eq!(process.store(&a, token, &["r"]), None);
    assert_eq!(process.look(&a), Err(Missing::Unreadable(Unreadable::Placeholder)));
    let token = process.fetch(&a, &[]);
    assert_eq!(process.store(&a, token, &["r"]), Some(2), "the next one of this generation");
    let (before, meanwhile) = (process.fetch(&a, &[]), process.fetch(&b, &[]));
    process.invalidate("unrelated");
    assert_eq!(process.store(&b, meanwhile, &["r"]), Some(2), "it was there before");
    process.invalidate("r");
    assert_eq!(process.store(&a, before, &["r"]), None);
    assert_eq!((process.look(&a), process.look(&b)), (Err(Missing::Invalidated), Err(Missing::Invalidated)));
}

#[test]
fn a_fact_that_is_lost_or_no_fact_costs_one_refusal_at_most() {
    let process = Process::new();
    let name = process.name("a");
    let key = process.protocol.fact_key("r");
    process.store(&name, process.fetch(&name, &[]), &["r"]).unwrap();
    for other in
        [None, Some(""), Some("-"), Some("1"), Some("1 "), Some("1 2 3"), Some("x 2"), Some("\u{ff}")]
    {
        let spoil = || match other {
            None => process.lose(&key),
            Some(text) => process.store.put(key.clone(), text),
        };
        spoil();
        assert_eq!(process.store(&name, process.fetch(&name, &[]), &["r"]), Some(3), "{other:?}");
        let token = process.fetch(&name, &[]);
        process.invalidate("unrelated");
        spoil();
        assert_eq!(process.store(&name, token, &["r"]), None, "{other:?}");
        assert_eq!(process.store(&name, process.fetch(&name, &[]), &["r"]), Some(2), "{other:?}");
    }
}

#[test]
fn a_fact_is_of_one_generation_and_one_era() {
    let process = Process::new();
    let name = process.name("a");
    process.store(&name, process.fetch(&name, &[]), &["r"]).unwrap();
    let first = process.fact("r").unwrap();
    process.lose(&process.protocol.tag_key("r"));
    assert_eq!(process.store(&name, process.fetch(&name, &[]), &["r"]), Some(3));
    let second = process.fact("r").unwrap();
    assert_eq!((first.revision, first.generation == second.generation), (second.revision, false));
    block_on(process.protocol.clear(process.by())).unwrap();
    assert_eq!(process.store(&name, process.fetch(&name, &[]), &["r"]), Some(3));
    let third = process.fact("r").unwrap();
    assert!(third.generation == second.generation && !third.revision.is_of_same_era(second.revision));
    assert_eq!(Fact::read(&third.text()), Some(third));
}

#[test]
fn an_older_fact_stays_since_it_is_of_use_to_more() {
    let process = Process::new();
    let [a, b] = ["a", "b"].map(|key| process.name(key));
    let oldest = process.fetch(&a, &[]);
    process.invalidate("unrelated");
    let older = process.fetch(&b, &[]);
    assert_eq!(process.store(&a, oldest.clone(), &["r"]), None);
    let fact = process.fact("r");
    process.invalidate("unrelated");
    assert_eq!(process.store(&a, oldest.clone(), &["r"]), None);
    assert_eq!(process.store.take_requests().len(), 1, "the fact says enough");
    assert_eq!(process.store(&a, oldest, &["r", "s"]), None);
    assert_eq!(process.fact("r"), fact);
    assert!(process.fact("s").unwrap().revision.0 > fact.unwrap().revision.0);
    assert_eq!(process.store(&b, older.clone(), &["r"]), Some(2));
    assert_eq!(process.store(&b, older, &["s"]), None);
}

#[test]
fn after_the_namespace_was_cleared_nothing_is_stored_nor_stated() {
    let process = Process::new();
    let name = process.name("a");
    for is_there in [false, true] {
        let token = process.fetch(&name, &[]);
        block_on(process.protocol.clear(process.by())).unwrap();
        if is_there {
            process.fetch(&process.name("b"), &[]);
        }
        assert_eq!(process.store(&name, token, &["r"]), None);
        assert_eq!(process.fact("r"), None);
    }
}

#[test]
fn a_token_that_was_taken_away_is_of_no_use() {
    let process = Process::new();
    let name = process.name("a");
    let token = process.fetch(&name, &[]);
    block_on(process.protocol.invalidate_keys(std::slice::from_ref(&name), process.by())).unwrap();
    assert_eq!(process.store(&name, token, &["r"]), None);
    assert_eq!(process.look(&name), Err(Missing::Absent));
    let tag = process.protocol.tag_key("s");
    process.store.put(tag.clone(), "no number");
    assert_eq!(
        process.store(&name, process.fetch(&name, &[]), &["s"]),
        Some(4),
        "what is no number is replaced"
    );
    assert!(process.look(&name).is_ok());
}

#[test]
fn tags_and_facts_outlive_the_values_that_need_them() {
    let scope = Scope::new();
    let _inside = scope.enter();
    let process = Process::with(ScriptedStore::new(), Some(HOUR));
    let [a, b] = ["a", "b"].map(|key| process.name(key));
    let (tag, fact) = (process.protocol.tag_key("r"), process.protocol.fact_key("r"));
    process.store(&a, process.fetch(&a, &[]), &["r"]).unwrap();
    for _ in 0..3 {
        scope.advance(HOUR * 3 / 2);
        assert_eq!(process.store(&b, process.fetch(&b, &[]), &["r"]), Some(2));
    }
    scope.advance(HOUR * 3 / 2);
    assert!(process.store.bytes(&tag).is_some() && process.store.bytes(&fact).is_some());
    scope.advance(HOUR / 2);
    assert!(process.store.bytes(&tag).is_none() && process.store.bytes(&fact).is_none());
}

#[test]
fn versions_of_a_program_read_their_own_values() {
    let scope = Scope::new();
    let _inside = scope.enter();
    let process = Process::new();
    let name = process.name("a");
    let versions = [1, 2].map(|schema| name.clone().with_schema(schema));
    let now = process.protocol.clock.now();
    for (version, (body, until)) in versions.iter().zip([("one", now + 10_000), ("two", now + 1_000)]) {
        let token = process.fetch(version, &["a"]);
        assert!(process.publish(version, token, &["r"], value(body, until)));
    }
    let bodies = || versions.each_ref().map(|version| process.look(version).map(|value| value.body).ok());
    let other = Err(Missing::Unreadable(Unreadable::OtherVersion));
    assert_eq!((process.look(&name), process.look(&name.clone().with_schema(3))), (other.clone(), other));
    assert_eq!(bodies(), [Some("one".into()), Some("two".into())]);
    scope.advance(Duration::from_secs(1));
    assert_eq!(bodies(), [Some("one".into()), None], "one that lives longer");
    assert!(process.publish(
        &versions[1],
        process.fetch(&versions[1], &[]),
        &[],
        value("three", now + 2_000)
    ));
    assert_eq!(bodies(), [Some("one".into()), Some("three".into())]);
    let removed = process.protocol.remove_values(std::slice::from_ref(&versions[0]), process.by());
    assert_eq!(block_on(removed).unwrap(), 1);
    assert_eq!(versions.each_ref().map(|version| process.look(version)), [const { Err(Missing::Absent) }; 2]);
}

#[test]
fn the_tag_of_a_function_is_no_tag_of_a_user() {
    let texts = ["f", "ff", "\0f", "\0ff", "\0\0f", ":f", "\0:f", ""];
    let named = texts.iter().map(|text| TagName(Name::Text((*text).into()))).collect::<Vec<_>>();
    let mut all = wire_names(&named).unwrap();
    all.extend(wire_names(&[TagName(Name::Typed("f".into()))]).unwrap());
    all.extend(["", "f", "\0f", ":f"].map(function_tag));
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!((all.len(), count), (count, texts.len() + 5));
}
