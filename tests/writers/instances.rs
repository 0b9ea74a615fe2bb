//! An entry of a method is named by a call, `self.cat(id)`, whatever of `self` its key has.

use std::fmt::Debug;
use std::sync::Arc;

use cache_core::testing::Scope;
use cache_core::{Memo, invalidates, memoize};
use tests::now;

#[derive(Clone, Default)]
struct Db {
    id: u32,
    names: Memo<u32>,
}

#[memoize]
impl Db {
    #[memoize(skip(self))]
    fn skipped(&self, id: u32) -> u32 {
        id
    }
    #[memoize(skip(self, trace))]
    fn traced(&self, id: u32, trace: &str) -> u32 {
        let _ = trace;
        id
    }
    #[memoize(key = (self.id, id))]
    fn keyed(&self, id: u32) -> u32 {
        self.id + id
    }
    #[memoize(memo = self.names)]
    fn kept(&self, id: u32) -> u32 {
        self.id + id
    }
    #[memoize(skip(self))]
    async fn task(&self, id: u32) -> u32 {
        id
    }
    #[memoize(skip(self))]
    fn of_arc(self: Arc<Self>, id: u32) -> u32 {
        id
    }
    #[memoize(skip(self))]
    fn by_value(self, id: u32) -> u32 {
        id
    }
    #[memoize(skip(self))]
    fn exclusive(&mut self, id: u32) -> u32 {
        self.id += 1;
        id
    }
    #[memoize(skip(self, pool), companion = other)]
    fn generic<T, P>(&self, id: u32, of: T, pool: &P) -> u32
    where
        T: Into<u32> + Copy + Debug + std::hash::Hash + Eq + Send + Sync + 'static,
    {
        let _ = pool;
        id + of.into()
    }
    #[memoize(skip(self), key = ("all"))]
    fn all(&self) -> u32 {
        self.id
    }

    #[invalidates(entries = [
        self.skipped(id), self.traced(id), self.keyed(id), self.kept(id), self.task(id), self.of_arc(id),
        self.by_value(id), self.exclusive(id), self.all(),
    ])]
    fn write(&mut self, id: u32) {
        let _ = id;
    }
    #[invalidates(entries = [self.skipped(*value), self.keyed(*value)])]
    fn write_what_is_returned(&self, id: u32) -> u32 {
        id
    }
}

impl Db {
    #[memoize(skip(self))]
    fn alone(&self, id: u32) -> u32 {
        id
    }
    #[invalidates(entries = [self.alone(id), db.skipped(id), Self::alone(id + 1)])]
    async fn write_later(&self, db: Arc<Db>, id: u32) {
        let _ = (db, id);
    }
}

#[test]
fn of_methods_with_and_without_self_in_their_keys() {
    let scope = Scope::new();
    let _inside = scope.enter();
    let mut db = Db { id: 7, ..Db::default() };
    let fill = |db: &mut Db| {
        for id in [1, 2] {
            let values =
                [db.skipped(id), db.traced(id, ""), Arc::new(db.clone()).of_arc(id), db.clone().by_value(id)];
            assert_eq!((values, now(db.task(id)), db.exclusive(id)), ([id; 4], id, id));
        }
        db.id = 7;
        assert_eq!((db.keyed(1), db.keyed(2), db.kept(1), db.kept(2), db.all()), (8, 9, 8, 9, 7));
    };
    let live = |db: &Db, id| {
        let of_type = [
            Db::skipped_key(id).is_live(),
            Db::traced_key(id).is_live(),
            Db::of_arc_key(id).is_live(),
            Db::by_value_key(id).is_live(),
            Db::exclusive_key(id).is_live(),
            now(Db::task_key(id).is_live()),
        ];
        (of_type, db.keyed_key(id).is_live(), db.kept_key(id).is_live())
    };
    fill(&mut db);
    assert_eq!(
        (live(&db, 1), live(&db, 2), Db::all_key().is_live()),
        (([true; 6], true, true), ([true; 6], true, true), true)
    );
    db.write(1);
    assert_eq!(
        (live(&db, 1), live(&db, 2), Db::all_key().is_live()),
        (([false; 6], false, false), ([true; 6], true, true), false)
    );
    db.write_what_is_returned(2);
    assert_eq!(
        (Db::skipped_key(2).is_live(), db.keyed_key(2).is_live(), db.kept_key(2).is_live()),
        (false, false, true)
    );
    (1..=3).for_each(|id| assert_eq!((db.alone(id), db.skipped(id)), (id, id)));
    now(db.write_later(Arc::new(db.clone()), 1));
    assert_eq!([1, 2, 3].map(|id| Db::alone_key(id).is_live()), [false, false, true]);
    assert_eq!([1, 2, 3].map(|id| Db::skipped_key(id).is_live()), [false, true, true]);
}

#[test]
fn of_generic_methods() {
    #[invalidates(entries = [db.other(id, *of)])]
    fn write(db: &Db, id: u32, of: &u8) {
        let _ = (db, id, of);
    }
    let db = Db::default();
    assert_eq!((db.generic(1, 2_u8, &""), db.generic(1, 2_u16, &"")), (3, 3));
    write(&db, 1, &2);
    assert_eq!((Db::other_key(1, 2_u8).is_live(), Db::other_key(1, 2_u16).is_live()), (false, true));
}

trait Repo {
    fn user(&self, id: u32) -> u32;
    fn save(&self, id: u32);
}

#[memoize]
impl Repo for Db {
    #[memoize(skip(self))]
    fn user(&self, id: u32) -> u32 {
        id
    }
    #[invalidates(entries = [self.user(id)])]
    fn save(&self, id: u32) {
        let _ = id;
    }
}

#[memoize]
trait WithDefaults {
    #[memoize(skip(self))]
    fn named(&self, id: u32) -> u32 {
        id
    }
    #[invalidates(entries = [self.named(id)])]
    fn rename(&self, id: u32) {
        let _ = id;
    }
}

impl WithDefaults for Db {}

#[test]
fn of_methods_of_traits() {
    let db = Db::default();
    for id in [1, 2] {
        assert_eq!((db.user(id), db.named(id)), (id, id));
    }
    db.save(1);
    db.rename(1);
    assert_eq!([1, 2].map(|id| Db::user_key(id).is_live()), [false, true]);
    assert_eq!([1, 2].map(|id| Db::named_key(id).is_live()), [false, true]);
}
