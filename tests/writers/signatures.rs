//! `#[invalidates]` on functions of any signature: it changes nothing else about them.
#![allow(
    clippy::items_after_statements,
    clippy::many_single_char_names,
    clippy::needless_pass_by_value,
    clippy::too_many_arguments,
    clippy::unnecessary_wraps,
    reason = "signatures are what is tested"
)]

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use cache_core::testing::Scope;
use cache_core::{Memo, invalidates, memoize};

#[memoize]
fn get(id: u64) -> u64 {
    id
}

/// Stores 1 to 9, writes, and says which are gone.
fn gone<T>(write: impl FnOnce() -> T) -> (T, Vec<u64>) {
    let scope = Scope::new();
    let _inside = scope.enter();
    (1..=9).for_each(|id| assert_eq!(get(id), id));
    let output = write();
    (output, (1..=9).filter(|id| !get::key(*id).is_live()).collect())
}

#[test]
fn arguments_of_any_pattern() {
    struct Point {
        x: u64,
        y: (u64, u64),
    }
    #[invalidates(entries = [get(a), get(x), get(y), get(c), get(e[0])])]
    fn write(
        (a, mut b): (u64, u64),
        Point { x, y: (y, _) }: Point,
        mut c: u64,
        _: u64,
        e @ [_, f]: [u64; 2],
    ) -> u64 {
        b += a;
        c += b + f;
        c + x + y + e[0]
    }
    let (output, gone) = gone(|| write((1, 2), Point { x: 3, y: (4, 5) }, 6, 7, [8, 9]));
    assert_eq!((output, gone), (33, vec![1, 3, 4, 6, 8]));
}

#[test]
fn arguments_that_are_changed_or_consumed() {
    #[invalidates(entries = [get(to[0]), ..from.iter().map(|id| get::key(*id)), get(*value)])]
    fn write(from: Vec<u64>, to: &[u64], log: &mut Vec<u64>) -> u64 {
        log.extend(from);
        log.extend_from_slice(to);
        log[0]
    }
    let mut log = vec![9];
    let (_, ids) = gone(|| write(vec![1, 2], &[3, 4], &mut log));
    assert_eq!((ids, log), (vec![1, 2, 3, 9], vec![9, 1, 2, 3, 4]));

    #[invalidates(entries = [get(*counter)])]
    fn count(counter: &mut u64) -> &mut u64 {
        *counter += 1;
        counter
    }
    let mut counter = 4;
    let (more, ids) = gone(|| {
        *count(&mut counter) += 1;
        counter
    });
    assert_eq!((more, ids), (6, vec![4]));
}

#[test]
fn returns_that_borrow() {
    #[invalidates(entries = [get(value.len() as u64)])]
    fn longest<'t>(a: &'t str, b: &'t str) -> &'t str {
        if a.len() > b.len() {
            return a;
        }
        b
    }
    #[invalidates(entries = [get(name.len() as u64), get(value.1 as u64)])]
    fn found<'t>(names: &'t mut [String], name: &str) -> Result<(&'t mut String, usize), Vec<u32>> {
        let at = names.iter().position(|known| known == name).ok_or_else(Vec::new)?;
        Ok((&mut names[at], at))
    }
    assert_eq!(gone(|| longest("tom", "kitty")), ("kitty", vec![5]));
    let mut names = vec!["kit".to_owned(), "tom".to_owned()];
    assert_eq!(gone(|| found(&mut names, "bob").is_ok()), (false, vec![]));
    assert_eq!(gone(|| found(&mut names, "tom").unwrap().0.push('!')).1, [1, 3]);
    assert_eq!(names[1], "tom!");
}

#[test]
fn generics_and_impl_trait() {
    #[invalidates(entries = [get(id.clone().into()), get(N)], tags = ["{id:?}"])]
    fn of<T, const N: u64>(id: T, more: impl Iterator<Item = u64>) -> Result<Vec<u64>, T>
    where
        T: Into<u64> + Clone + Debug,
    {
        let first: u64 = id.clone().into();
        if first > 9 { Err(id) } else { Ok(std::iter::once(first).chain(more).collect()) }
    }
    #[invalidates(entries = [get(from)])]
    fn count(from: u64) -> impl Iterator<Item = u64> + Clone + use<> {
        let to = from + 2;
        from..to
    }
    #[invalidates(entries = [get(from)])]
    fn try_count(from: u64) -> Result<impl Iterator<Item = u64>, String> {
        if from == 0 {
            return Err("none".to_owned());
        }
        Ok(from..from + 2)
    }
    assert_eq!(gone(|| of::<u8, 3>(2, [5].into_iter())), (Ok(vec![2, 5]), vec![2, 3]));
    assert_eq!(gone(|| of::<u8, 3>(20, [5].into_iter())), (Err(20), vec![]));
    assert_eq!(gone(|| count(3).clone().sum::<u64>()), (7, vec![3]));
    assert_eq!(gone(|| try_count(3).unwrap().count()), (2, vec![3]));
    assert_eq!(gone(|| try_count(0).is_err()), (true, vec![]));
}

#[test]
fn bodies_of_any_kind() {
    #[invalidates(entries = [get(id)])]
    fn unit(id: u64) {
        #![allow(unused_must_use)]
        if id > 5 {
            return;
        }
        id.max(5);
    }
    #[invalidates(entries = [get(id)])]
    fn nested(id: u64) -> Option<u64> {
        const ONE: u64 = 1;
        fn inner(id: u64) -> Option<u64> {
            id.checked_sub(ONE)
        }
        let less = 'found: {
            for n in 0..id {
                if n == 2 {
                    break 'found inner(n)?;
                }
            }
            return None;
        };
        Some(less)
    }
    #[invalidates(entries = [get(id)])]
    unsafe fn raw(id: u64) -> u64 {
        id
    }
    #[invalidates(entries = [get(id)])]
    extern "C" fn exported(id: u64) -> u64 {
        id
    }
    assert_eq!(gone(|| unit(6)).1, [6]);
    assert_eq!(gone(|| nested(7)), (Some(1), vec![7]));
    assert_eq!(gone(|| nested(1)), (None, vec![1]));
    // SAFETY: it does nothing.
    assert_eq!(gone(|| unsafe { raw(3) }), (3, vec![3]));
    assert_eq!(gone(|| exported(4)), (4, vec![4]));
}

/// What it drops at its end is written before anything is invalidated.
#[test]
fn an_argument_that_the_body_has_taken_is_dropped_before() {
    struct OnDrop;
    impl Drop for OnDrop {
        fn drop(&mut self) {
            assert!(get::key(3).is_live());
        }
    }
    #[invalidates(entries = [get(3)])]
    fn write(tx: OnDrop) {
        let _ = &tx;
    }
    assert_eq!(gone(|| write(OnDrop)).1, [3]);
}

mod methods {
    use super::*;

    #[derive(Clone, Default)]
    struct Db {
        id: u64,
        names: Memo<String>,
    }

    #[memoize]
    impl Db {
        #[memoize(memo = self.names)]
        fn name(&self, id: u64) -> String {
            format!("{id} of {}", self.id)
        }

        #[memoize(key = (self.id, ..))]
        fn lives(&self, id: u64) -> u64 {
            self.id + id
        }

        #[memoize]
        fn total(n: u64) -> u64 {
            n
        }

        #[invalidates(entries = [self.name(id), self.lives(id), Self::total(id)])]
        fn shared(&self, id: u64) {
            assert_eq!((self.name_key(id).is_live(), self.lives_key(id).is_live()), (true, true));
        }

        #[invalidates(entries = [self.name(id), Db::total(id)], memos = [Self::lives])]
        fn exclusive(&mut self, id: u64) -> &mut u64 {
            &mut self.id
        }

        #[invalidates(memos = [self.names], entries = [Self::total(value.id)])]
        fn owned(self) -> Self {
            self
        }

        #[invalidates(entries = [self.name(*value), self.names.keys()[0].clone(), <Self>::total(*value)])]
        fn of_value(self: Arc<Self>, id: u64) -> u64 {
            drop(self);
            id
        }

        #[invalidates(entries = [self.lives(*value)], tags = ["{self.id}{value}"])]
        fn of_value_by_reference(&self, id: u64) -> Result<u64, u64> {
            if id > 9 { Err(id) } else { Ok(id) }
        }

        #[invalidates(entries = [self.lives(1)])]
        fn pinned(self: Pin<&mut Self>) {}

        fn fill(&self) {
            for id in 1..=3 {
                self.name(id);
                self.lives(id);
                Self::total(id);
            }
        }

        fn left(&self) -> [Vec<u64>; 3] {
            let left = |is_live: &dyn Fn(u64) -> bool| (1..=3).filter(|id| is_live(*id)).collect();
            [
                left(&|id| self.name_key(id).is_live()),
                left(&|id| self.lives_key(id).is_live()),
                left(&|id| Self::total_key(id).is_live()),
            ]
        }
    }

    #[test]
    fn with_any_self() {
        let scope = Scope::new();
        let _inside = scope.enter();
        let (mut db, other) = (Db { id: 7, ..Db::default() }, Db { id: 8, ..Db::default() });
        let all = || [vec![1, 2, 3], vec![1, 2, 3], vec![1, 2, 3]];
        db.fill();
        other.fill();
        db.shared(1);
        assert_eq!(db.left(), [[2, 3], [2, 3], [2, 3]]);
        assert_eq!(other.left()[..2], all()[..2], "another instance");
        db.fill();
        *db.exclusive(2) += 0;
        assert_eq!(db.left(), [vec![1, 3], vec![], vec![1, 3]]);
        db.fill();
        db = db.owned();
        assert!(db.left()[0].is_empty());
        db.fill();
        let before = db.name_memo().len();
        Arc::new(db.clone()).of_value(3);
        assert!(db.name_memo().len() < before);
        assert_eq!((db.left()[0].contains(&3), db.left()[2].clone()), (false, vec![1, 2]));
        db.fill();
        db.of_value_by_reference(10).unwrap_err();
        assert_eq!(db.left(), all());
        db.of_value_by_reference(1).unwrap();
        assert_eq!(db.left()[1], [2, 3]);
        Pin::new(&mut db).pinned();
    }

    trait Cats {
        #[memoize(skip(self))]
        fn own(&self, id: u64) -> u64 {
            id
        }

        fn rename(&mut self, id: u64) -> u64;

        #[invalidates(entries = [get(id)], memos = [get])]
        fn by_default(&self, id: u64) -> bool {
            self.own(id) == id
        }
    }

    impl Cats for Rc<str> {
        #[invalidates(entries = [get(id)])]
        fn rename(&mut self, id: u64) -> u64 {
            *self = "kit".into();
            id
        }
    }

    #[test]
    fn in_traits() {
        let mut name: Rc<str> = "tom".into();
        assert_eq!(gone(|| name.rename(4)), (4, vec![4]));
        assert_eq!(&*name, "kit");
        assert_eq!(gone(|| name.by_default(4)), (true, (1..=9).collect()));
    }
}

#[test]
fn any_name_of_an_argument() {
    #[invalidates(
        entries = [get(writes), get(output), get(copy_of_match), get(text0_0), get(value.0), get(value.0 + 1 - **r#match + 5)],
        tags = ["{text0_0}{value.0}{match}"],
    )]
    fn names(
        writes: u64,
        output: u64,
        copy_of_match: u64,
        text0_0: u64,
        r#match: Box<u64>,
        no: u8,
        body: u8,
        this: u8,
        key: u8,
    ) -> (u64, u8) {
        (*r#match + 1, no + body + this + key)
    }
    let (output, ids) = gone(|| names(1, 2, 3, 4, Box::new(5), 6, 7, 8, 9));
    assert_eq!((output, ids), ((6, 30), vec![1, 2, 3, 4, 6, 7]));
}

#[test]
fn an_argument_called_value_is_one() {
    #[invalidates(entries = [get(id)])]
    fn set(id: u64, value: &str) -> String {
        value.to_owned()
    }
    assert_eq!(gone(|| set(2, "x")), ("x".to_owned(), vec![2]));
}

#[test]
fn the_runtime_under_another_name() {
    mod re_exported {
        pub(crate) use cache_core as ours;
    }
    #[invalidates(entries = [get(id)], crate = re_exported::ours)]
    async fn write(id: u64) -> Result<(), ()> {
        Ok(())
    }
    fn is_static<F: Future + 'static>(future: F) -> F {
        future
    }
    assert_eq!(gone(|| futures::executor::block_on(is_static(write(2)))), (Ok(()), vec![2]));
}
