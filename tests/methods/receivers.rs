//! Receivers of all kinds: skipped, part of the key, or of a template.

use super::*;

struct Db {
    id: u32,
    calls: u32,
}

impl Db {
    const fn new(id: u32) -> Self {
        Self { id, calls: 0 }
    }

    #[memoize(skip(self))]
    fn shared(&self, name: &str) -> String {
        format!("{name} of {}", self.id)
    }

    #[memoize(key = (self.id, ..))]
    fn own(&self, name: &str) -> String {
        format!("{name} of {}", self.id)
    }

    #[memoize(key = "{name}/{self.id}")]
    fn by_template(&self, name: &str) -> String {
        format!("{name} of {}", self.id)
    }

    #[memoize(skip(self))]
    fn counted(&mut self, n: u32) -> u32 {
        self.calls += 1;
        n * 2
    }

    #[memoize(key = (self.id, n))]
    fn consumed(mut self, n: u32) -> u32 {
        self.calls += n;
        self.id + self.calls
    }

    #[memoize(key = (self.id, ..))]
    fn of_arc(self: Arc<Self>, n: u32) -> u32 {
        self.id + n
    }

    #[memoize(key = (self.id, ..))]
    fn of_arc_by_reference(self: &Arc<Self>, n: u32) -> (u32, usize) {
        (self.id + n, Arc::strong_count(self))
    }

    #[memoize(skip(self))]
    fn of_box(self: Box<Self>, n: u32) -> u32 {
        self.id + n
    }

    #[memoize]
    fn made(id: u32) -> Arc<Self> {
        Arc::new(Self::new(id))
    }

    #[memoize(key = (other.id, ..))]
    fn among(other: &Self, ids: Option<&[u32]>) -> bool {
        ids.is_some_and(|ids| ids.contains(&other.id))
    }
}

#[test]
fn instances_share_what_self_is_skipped_in() {
    let (one, two) = (Db::new(1), Db::new(2));
    assert_eq!([one.shared("tom"), two.shared("tom")], ["tom of 1", "tom of 1"]);
    assert_eq!(Db::shared_memo().len(), 1);
}

#[test]
fn instances_are_apart_where_self_is_in_the_key() {
    let scope = Scope::new();
    let _inside = scope.enter();
    let (one, two) = (Db::new(1), Db::new(2));
    assert_eq!([one.own("tom"), two.own("tom")], ["tom of 1", "tom of 2"]);
    assert_eq!([one.own("tom"), two.own("tom")], ["tom of 1", "tom of 2"]);
    let stats = Db::own_memo().stats();
    assert_eq!((Db::own_memo().len(), stats.stores, stats.hits), (2, 2, 2));
    // Another instance that says of itself what the first one says.
    assert_eq!(Db::new(1).own_entry("tom").get().as_deref(), Some("tom of 1"));
}

#[test]
fn self_in_a_template() {
    let (one, two) = (Db::new(1), Db::new(2));
    assert_eq!([one.by_template("tom"), two.by_template("tom")], ["tom of 1", "tom of 2"]);
    assert_eq!(Db::by_template_memo().len(), 2);
    assert!(one.by_template_key("tom").is_live());
}

#[test]
fn a_mutable_self_that_is_skipped_changes_on_a_miss_only() {
    let mut db = Db::new(1);
    assert_eq!((db.counted(4), db.counted(4), db.counted(5)), (8, 8, 10));
    assert_eq!(db.calls, 2);
    assert_eq!(Db::counted_key(4).get(), Some(8));
    assert_eq!(db.counted_entry(6).call(), 12);
}

#[test]
fn self_by_value() {
    assert_eq!((Db::new(1).consumed(4), Db::new(1).consumed(4), Db::new(2).consumed(4)), (5, 5, 6));
    let stats = Db::consumed_memo().stats();
    assert_eq!((stats.hits, stats.misses), (1, 2));
    assert_eq!(Db::new(1).consumed_entry(4).get(), Some(5));
}

#[test]
fn self_in_an_arc() {
    let db = Arc::new(Db::new(1));
    assert_eq!((db.clone().of_arc(2), db.clone().of_arc(2)), (3, 3));
    assert_eq!(Arc::new(Db::new(5)).of_arc(2), 7);
    assert_eq!(Db::of_arc_memo().stats().hits, 1);
    assert!(db.clone().of_arc_entry(2).get().is_some());
    assert_eq!(Arc::strong_count(&db), 1, "the cache keeps no instance");
}

#[test]
fn self_by_reference_to_an_arc() {
    let db = Arc::new(Db::new(1));
    let other = db.clone();
    assert_eq!((db.of_arc_by_reference(2), other.of_arc_by_reference(2)), ((3, 2), (3, 2)));
    assert_eq!(Arc::new(Db::new(5)).of_arc_by_reference(2), (7, 1));
    assert_eq!(Db::of_arc_by_reference_memo().stats().hits, 1);
}

#[test]
fn self_in_a_box() {
    assert_eq!((Box::new(Db::new(1)).of_box(2), Box::new(Db::new(2)).of_box(2)), (3, 3));
}

#[test]
fn associated_functions_and_self_in_signatures() {
    let made = Db::made(7);
    assert!(Arc::ptr_eq(&made, &Db::made(7)));
    assert!(Db::made_entry(8).get().is_none());
    assert!(Db::among(&made, Some(&[7])));
    assert!(Db::among(&Db::new(7), Some(&[7])));
    assert!(!Db::among(&Db::new(8), Some(&[7])));
    assert!(!Db::among(&made, None));
    assert_eq!(Db::among_memo().stats().hits, 1);
}

#[test]
fn entries_keys_and_memo_are_of_the_same_cache() {
    let db = Db::new(41);
    assert_eq!(db.own_entry("felix").get(), None);
    assert!(db.own_entry("felix").insert("another".into()));
    assert_eq!(db.own("felix"), "another");
    assert_eq!(db.own_entry("felix").id(), db.own_key("felix"));
    assert!(Db::own_memo().keys().contains(&db.own_key("felix")));
    assert_eq!(db.own_entry("felix").refresh(), "felix of 41");
    assert_eq!(db.own_key("felix").get().as_deref(), Some("felix of 41"));
    assert_eq!(db.own_entry("felix").invalidate().count(), 1);
    assert!(!db.own_key("felix").is_live());
    assert_eq!(db.own_entry("felix").uncached(), "felix of 41");
    assert!(!db.own_key("felix").is_live());
}
