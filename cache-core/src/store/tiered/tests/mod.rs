mod coherence;
mod interleavings;
mod threads;

use std::fmt::Debug;

use super::*;
use crate::background::block_on;
use crate::store::{Condition, Version};
use crate::testing::scripted::Request;
use crate::testing::{Scope, ScriptedStore};

const SECOND: Duration = Duration::from_secs(1);

/// A tiered store and its parts.
struct Tiers {
    front: ScriptedStore,
    back: ScriptedStore,
    store: Arc<TieredStore>,
}

impl Tiers {
    fn new() -> Self {
        Self::with(|store| store)
    }

    /// Keys share so few stripes.
    fn with_stripes(stripes: usize) -> Self {
        let (front, back) = (ScriptedStore::new(), ScriptedStore::exclusive());
        let store = TieredStore::with_stripes(Arc::new(front.clone()), Arc::new(back.clone()), stripes);
        Self { front, back, store: Arc::new(store.unwrap()) }
    }

    fn with(change: impl FnOnce(TieredStore) -> TieredStore) -> Self {
        let (front, back) = (ScriptedStore::new(), ScriptedStore::exclusive());
        let store = TieredStore::new(Arc::new(front.clone()), Arc::new(back.clone())).unwrap();
        Self { front, back, store: Arc::new(change(store)) }
    }

    fn read(&self, key: &'static str) -> Option<Stored> {
        block_on(self.store.read(&[key.into()])).unwrap().remove(0)
    }

    fn bytes(&self, key: &'static str) -> Option<Bytes> {
        self.read(key).map(|stored| stored.bytes)
    }

    fn write(&self, write: Write) -> Result<Outcome, StoreError> {
        block_on(self.store.write(&[write])).map(|mut outcomes| outcomes.remove(0))
    }

    /// How many requests each store got since this was asked last.
    fn requests(&self) -> (usize, usize) {
        (self.front.take_requests().len(), self.back.take_requests().len())
    }
}

fn put(key: &'static str, bytes: &'static str) -> Write {
    Write::put(key.into(), bytes.into(), None)
}

fn put_for(key: &'static str, bytes: &'static str, ttl: Duration) -> Write {
    Write::put(key.into(), bytes.into(), Some(ttl))
}

fn kind<T: Debug>(result: Result<T, StoreError>) -> StoreErrorKind {
    result.unwrap_err().kind()
}

#[test]
fn what_only_the_back_has_is_copied_once() {
    let tiers = Tiers::new();
    tiers.back.put("k", "v");
    assert_eq!(tiers.bytes("k").unwrap(), "v");
    assert_eq!(tiers.requests(), (2, 1));
    for _ in 0..3 {
        let keys = ["k".into()];
        let stored =
            tiers.store.read(&keys).now().expect("the front answers at once").unwrap().remove(0).unwrap();
        assert_eq!((stored.bytes, stored.version), ("v".into(), Version::from(1)));
    }
    assert_eq!(tiers.requests(), (3, 0));
    assert_eq!((tiers.store.promotions(), tiers.store.front_hits(), tiers.store.front_failures()), (1, 3, 0));
}

#[test]
fn a_read_of_many_keys_asks_the_back_for_the_rest_and_keeps_the_order() {
    let tiers = Tiers::new();
    for key in ["a", "b", "d"] {
        tiers.back.put(key, key);
    }
    tiers.read("b");
    tiers.requests();
    let keys = ["d", "b", "c", "a", "d"].map(Bytes::from);
    let found = block_on(tiers.store.read(&keys)).unwrap();
    let found: Vec<_> =
        found.iter().map(|stored| stored.as_ref().map(|stored| stored.bytes.clone())).collect();
    assert_eq!(found, [Some("d".into()), Some("b".into()), None, Some("a".into()), Some("d".into())]);
    let asked = ["d", "c", "a", "d"].map(Bytes::from).to_vec();
    assert_eq!(tiers.back.take_requests(), [Request::Read { keys: asked }]);
    assert_eq!(tiers.store.promotions(), 3);
    assert_eq!(block_on(tiers.store.read(&[])).unwrap(), []);
}

#[test]
fn what_is_absent_is_asked_for_each_time() {
    let tiers = Tiers::new();
    assert_eq!((tiers.read("k"), tiers.read("k")), (None, None));
    assert_eq!(tiers.requests(), (2, 2));
    tiers.back.put("k", "v");
    assert_eq!(tiers.bytes("k").unwrap(), "v");
}

#[test]
fn a_write_goes_to_both() {
    let tiers = Tiers::new();
    assert_eq!(tiers.write(put("k", "1")).unwrap(), Outcome::Put(Version::from(1)));
    assert_eq!(tiers.requests(), (1, 1));
    assert_eq!(tiers.read("k").unwrap().version, Version::from(1));
    assert_eq!(tiers.write(put("k", "2")).unwrap(), Outcome::Put(Version::from(2)));
    assert_eq!(tiers.bytes("k").unwrap(), "2");
    assert_eq!(tiers.write(Write::remove("k".into())).unwrap(), Outcome::Removed(true));
    assert_eq!(tiers.front.keys().len(), 0);
    assert_eq!(tiers.read("k"), None);
    assert_eq!((tiers.store.promotions(), tiers.store.front_hits()), (0, 2));
}

#[test]
fn conditions_are_those_of_the_back() {
    let tiers = Tiers::new();
    let on = |condition| tiers.write(put("k", "new").on(condition)).unwrap();
    assert_eq!(on(Condition::IfPresent), Outcome::Refused(None));
    tiers.write(put("k", "old")).unwrap();
    let stored = tiers.read("k").unwrap();
    assert_eq!(on(Condition::IfAbsent), Outcome::Refused(Some(stored.clone())));
    assert!(matches!(on(Condition::IfVersion(Version::from(99))), Outcome::Refused(_)));
    tiers.requests();
    assert_eq!(tiers.read("k").unwrap(), stored);
    assert_eq!(tiers.requests(), (1, 0), "what is there was copied");
    assert_eq!(on(Condition::IfVersion(stored.version)), Outcome::Put(Version::from(2)));
    assert_eq!(tiers.bytes("k").unwrap(), "new");
}

#[test]
fn what_the_back_has_lost_goes_when_a_write_finds_out() {
    let tiers = Tiers::new();
    tiers.write(put("k", "old")).unwrap();
    tiers.back.lose(|_| true);
    assert_eq!(tiers.bytes("k").unwrap(), "old");
    let version = tiers.read("k").unwrap().version;
    let refused = tiers.write(put("k", "new").on(Condition::IfVersion(version))).unwrap();
    assert_eq!(refused, Outcome::Refused(None));
    assert_eq!(tiers.read("k"), None);
}

#[test]
fn numbers_are_raised_in_the_back() {
    let tiers = Tiers::new();
    let raise = || block_on(tiers.store.counter().unwrap().raise(&"n".into(), 5, None)).unwrap();
    assert_eq!(raise(), 5);
    assert_eq!(tiers.bytes("n").unwrap(), "5");
    assert_eq!(raise(), 6);
    assert_eq!(tiers.bytes("n").unwrap(), "6");
    assert_eq!(tiers.front.keys(), ["n"]);
    tiers.back.put("n", "x");
    let error = block_on(tiers.store.counter().unwrap().raise(&"n".into(), 5, None));
    assert_eq!(kind(error), StoreErrorKind::NotAnInteger);
    assert_eq!(tiers.bytes("n").unwrap(), "x", "the copy went with the failed request");
}

#[test]
fn scans_and_capabilities_are_those_of_the_back() {
    let tiers = Tiers::new();
    tiers.back.put("k", "v");
    tiers.front.put("other", "v");
    let scan = block_on(tiers.store.scan().unwrap().keys(b"", None)).unwrap();
    assert_eq!(scan, (vec!["k".into()], None));
    let back = ScriptedStore::exclusive().without_scan().without_counter();
    let store = TieredStore::new(Arc::new(ScriptedStore::new()), Arc::new(back)).unwrap();
    assert!(store.scan().is_none() && store.counter().is_none() && store.client().is_none());
    assert!(!store.is_shared());
    let raised = block_on(store.raise(&"n".into(), 0, None));
    assert_eq!(kind(raised), StoreErrorKind::Unsupported);
}

#[test]
fn a_back_that_others_write_to_is_refused() {
    let tiers = TieredStore::new(Arc::new(ScriptedStore::new()), Arc::new(ScriptedStore::new()));
    assert_eq!(kind(tiers), StoreErrorKind::Unsupported);
}

#[test]
fn close_closes_both() {
    let tiers = Tiers::new();
    tiers.write(put("k", "v")).unwrap();
    block_on(tiers.store.close()).unwrap();
    assert_eq!(tiers.front.take_requests().last(), Some(&Request::Close));
    assert_eq!(tiers.back.take_requests().last(), Some(&Request::Close));
    assert_eq!(kind(block_on(tiers.store.read(&["k".into()]))), StoreErrorKind::Closed);
    assert_eq!(kind(tiers.write(put("k", "w"))), StoreErrorKind::Closed);
}

#[test]
fn a_copy_tells_the_remaining_life_of_the_back() {
    let scope = Scope::new();
    let _inside = scope.enter();
    let tiers = Tiers::with(|store| store.front_ttl(3 * SECOND));
    for write in [put_for("short", "v", 2 * SECOND), put_for("long", "v", 9 * SECOND), put("for ever", "v")] {
        tiers.back.write(&[write]).now().unwrap().unwrap();
    }
    let remaining = |key| tiers.read(key).unwrap().remaining;
    for _ in 0..2 {
        let expected = (Some(2 * SECOND), Some(9 * SECOND), None);
        assert_eq!((remaining("short"), remaining("long"), remaining("for ever")), expected);
    }
    scope.advance(SECOND);
    tiers.requests();
    assert_eq!((remaining("short"), remaining("long")), (Some(SECOND), Some(8 * SECOND)));
    assert_eq!(tiers.requests(), (2, 0));
    scope.advance(SECOND);
    assert_eq!(tiers.read("short"), None);
    scope.advance(SECOND);
    assert_eq!(tiers.front.keys().len(), 0, "nothing is kept longer than the front's ttl");
    assert_eq!((remaining("long"), remaining("for ever")), (Some(6 * SECOND), None));
    assert_eq!(tiers.store.promotions(), 5);
}

#[test]
fn what_is_written_lives_as_long_in_the_front_as_in_the_back() {
    let scope = Scope::new();
    let _inside = scope.enter();
    let tiers = Tiers::new();
    tiers.write(put_for("k", "1", SECOND)).unwrap();
    scope.advance(SECOND / 2);
    tiers.write(put_for("k", "2", SECOND)).unwrap();
    scope.advance(SECOND / 2);
    assert_eq!(tiers.bytes("k").unwrap(), "2");
    assert_eq!(tiers.write(Write::touch("k".into(), Some(SECOND))).unwrap(), Outcome::Touched(true));
    scope.advance(Duration::from_millis(999));
    assert_eq!(tiers.read("k").unwrap().remaining, Some(Duration::from_millis(1)));
    assert_eq!(tiers.write(Write::touch("k".into(), Some(Duration::ZERO))).unwrap(), Outcome::Touched(true));
    assert_eq!(tiers.read("k"), None);
    tiers.write(put_for("k", "3", Duration::ZERO)).unwrap();
    assert_eq!((tiers.read("k"), tiers.front.keys()), (None, vec![]));
}

#[test]
fn a_front_that_keeps_things_for_too_long_is_not_believed() {
    let scope = Scope::new();
    // The front stands outside of the scope, so its clock is another.
    let front = ScriptedStore::new();
    let _inside = scope.enter();
    let back = ScriptedStore::exclusive();
    let store = Arc::new(TieredStore::new(Arc::new(front.clone()), Arc::new(back.clone())).unwrap());
    let tiers = Tiers { front, back, store };
    tiers.write(put_for("k", "v", 3600 * SECOND)).unwrap();
    scope.advance(3600 * SECOND);
    assert_eq!(tiers.front.keys(), ["k"]);
    assert_eq!(tiers.read("k"), None);
    assert_eq!(tiers.front.keys().len(), 0);
}

#[test]
fn nothing_is_copied_for_no_time() {
    let tiers = Tiers::with(|store| store.front_ttl(Duration::ZERO));
    tiers.write(put("k", "v")).unwrap();
    assert_eq!(tiers.bytes("k").unwrap(), "v");
    assert_eq!((tiers.front.keys().len(), tiers.store.promotions()), (0, 0));
}
