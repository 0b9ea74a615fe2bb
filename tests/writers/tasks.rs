//! `#[invalidates]` on asynchronous functions, of each form: the same, and when a future is dropped.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;

use async_trait::async_trait;
use cache_core::testing::Scope;
use cache_core::{Pending, invalidates, memoize};
use futures::executor::block_on;
use futures::future::BoxFuture;
use tests::{ByHand, Gate, yields};

#[memoize]
fn get_cat(name: &str) -> String {
    format!("cat {name}")
}

#[memoize]
fn get_lives(id: u64) -> u64 {
    id
}

fn fill() {
    get_cat("tom");
    get_cat("kit");
    get_lives(1);
}

fn left() -> [bool; 3] {
    [get_cat::key("tom").is_live(), get_cat::key("kit").is_live(), get_lives::key(1).is_live()]
}

const ALL: [bool; 3] = [true; 3];

#[invalidates(entries = [get_cat(name), get_lives(*value)])]
async fn plain(name: &str, fails: bool) -> Result<u64, String> {
    assert_eq!(left(), ALL, "nothing is dropped before it is written");
    yields(1).await;
    if fails { Err(name.to_owned()) } else { Ok(1) }
}

#[invalidates(entries = [get_cat(name), get_lives(*value)])]
fn opaque(name: &str, fails: bool) -> impl Future<Output = Result<u64, String>> {
    assert!(name != "bob", "outcome unknown");
    async move {
        yields(1).await;
        if fails { Err(name.to_owned()) } else { Ok(1) }
    }
}

#[invalidates(entries = [get_cat(name), get_lives(*value)])]
fn boxed(name: &str, fails: bool) -> Pin<Box<dyn Future<Output = Result<u64, String>> + Send + '_>> {
    Box::pin(async move {
        yields(1).await;
        if fails { Err(name.to_owned()) } else { Ok(1) }
    })
}

type Write = for<'n> fn(&'n str, bool) -> BoxFuture<'n, Result<u64, String>>;

/// One of each form.
const FORMS: [Write; 3] =
    [|name, fails| Box::pin(plain(name, fails)), |name, fails| Box::pin(opaque(name, fails)), boxed];

#[test]
fn after_success_and_not_after_an_error() {
    let scope = Scope::new();
    let _inside = scope.enter();
    for write in FORMS {
        fill();
        block_on(write("tom", true)).unwrap_err();
        assert_eq!(left(), ALL);
        block_on(write("tom", false)).unwrap();
        assert_eq!(left(), [false, true, false]);
    }
}

#[test]
fn a_future_that_is_dropped_may_have_written() {
    let scope = Scope::new();
    let _inside = scope.enter();
    for write in FORMS {
        fill();
        let mut future = ByHand::new(write("tom", true));
        assert!(future.poll().is_none());
        assert_eq!(left(), ALL);
        drop(future);
        assert_eq!(left(), [false, true, true], "the value is not known");
    }
}

/// Its statement is cancelled, or its transaction rolled back, before anything is invalidated.
#[test]
fn what_the_body_holds_is_dropped_before() {
    struct Statement;
    impl Drop for Statement {
        fn drop(&mut self) {
            assert!(get_cat::key("tom").is_live());
        }
    }
    #[invalidates(entries = [get_cat("tom")])]
    async fn write(given: Statement) {
        let _both = (&given, Statement);
        yields(1).await;
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let mut future = ByHand::new(write(Statement));
    fill();
    assert!(future.poll().is_none());
    drop(future);
    assert_eq!(left(), [false, true, true]);
    fill();
    block_on(async {
        let pending = Pending::new();
        pending.add(get_cat::key("tom"));
        let commit = async {
            let _held = Statement;
            yields(1).await;
        };
        let mut commit = ByHand::new(pending.after(commit));
        assert!(commit.poll().is_none());
        drop(commit);
    });
    assert_eq!(left(), [false, true, true]);
}

#[test]
fn where_it_is_dropped_does_not_matter() {
    let scope = Scope::new();
    let mut future = ByHand::new(scope.within(plain("tom", true)));
    {
        let _inside = scope.enter();
        fill();
        assert!(future.poll().is_none());
        assert_eq!(left(), ALL);
    }
    drop(future);
    let _inside = scope.enter();
    assert_eq!(left(), [false, true, true]);
}

#[test]
fn an_async_fn_that_is_never_polled_has_written_nothing() {
    let scope = Scope::new();
    let _inside = scope.enter();
    fill();
    drop(plain("tom", false));
    assert_eq!(left(), ALL);
    // Of the others the body has run.
    drop(opaque("tom", false));
    assert_eq!(left(), [false, true, true]);
}

#[test]
fn a_panic_may_have_written() {
    #[invalidates(entries = [get_cat(name)])]
    async fn panics(name: &str) {
        yields(1).await;
        panic!("{name}")
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let caught = |run: &dyn Fn()| std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).is_err();
    fill();
    assert!(caught(&|| block_on(panics("tom"))));
    assert_eq!(left(), [false, true, true]);
    get_cat("bob");
    assert!(caught(&|| drop(opaque("bob", false))), "before there is a future");
    assert!(!get_cat::key("bob").is_live());
}

/// Who begins to read while the writer runs may read what was there before, and does not keep it.
#[test]
fn a_reader_that_began_during_the_write_stores_nothing() {
    static READ: Gate = Gate::new();
    #[memoize]
    async fn slow(n: u32) -> u32 {
        READ.pass().await;
        n
    }
    #[invalidates(entries = [slow(n)])]
    async fn write(n: u32) {
        yields(1).await;
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let mut writer = ByHand::new(write(1));
    assert!(writer.poll().is_none());
    let mut reader = ByHand::new(slow(1));
    assert!(reader.poll().is_none());
    writer.finish();
    READ.open();
    assert_eq!(reader.finish(), 1);
    assert!(!block_on(slow::key(1).is_live()));
}

#[async_trait]
trait Cats {
    async fn rename(&self, name: &str) -> Result<(), String>;
}

struct Db {
    fails: bool,
}

#[async_trait]
impl Cats for Db {
    #[invalidates(entries = [get_cat(name)])]
    async fn rename(&self, name: &str) -> Result<(), String> {
        yields(1).await;
        if self.fails { Err(name.to_owned()) } else { Ok(()) }
    }
}

#[test]
fn under_async_trait() {
    let scope = Scope::new();
    let _inside = scope.enter();
    fill();
    block_on(Db { fails: true }.rename("tom")).unwrap_err();
    assert_eq!(left(), ALL);
    let db: Box<dyn Cats> = Box::new(Db { fails: false });
    block_on(db.rename("tom")).unwrap();
    assert_eq!(left(), [false, true, true]);
}

trait Native {
    const NAME: &'static str;

    #[invalidates(entries = [get_cat(Self::NAME)])]
    fn by_default(&self) -> impl Future<Output = ()> + Send
    where
        Self: Sync,
    {
        async {
            yields(1).await;
            let _ = self;
        }
    }

    async fn implemented(&mut self, name: String) -> Option<String>;
}

impl Native for Db {
    const NAME: &'static str = "kit";

    #[invalidates(entries = [get_cat(name)])]
    async fn implemented(&mut self, name: String) -> Option<String> {
        self.fails = true;
        yields(1).await;
        Some(name)
    }
}

#[test]
fn in_traits() {
    let scope = Scope::new();
    let _inside = scope.enter();
    fill();
    let mut db = Db { fails: false };
    block_on(db.by_default());
    assert_eq!(left(), [true, false, true]);
    block_on(db.implemented("tom".to_owned())).unwrap();
    assert_eq!((left(), db.fails), ([false, false, true], true));
}

/// A future that borrows nothing still borrows nothing.
#[test]
fn futures_live_as_long_as_before() {
    #[invalidates(entries = [get_cat(name), get_lives(*value)], tags = ["{name}{value}"], into = pending)]
    fn write(name: &str, pending: &Pending) -> impl Future<Output = u64> + use<> {
        let name = name.to_owned();
        async move {
            drop(name);
            1
        }
    }
    fn is_static<F: Future + 'static>(future: F) -> F {
        future
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    fill();
    let pending = Pending::new();
    let future = is_static(write(&String::from("tom"), &pending));
    assert!(pending.is_empty());
    assert_eq!(block_on(future), 1);
    assert_eq!((pending.len(), pending.apply().count()), (3, 2));
    assert_eq!(left(), [false, true, false]);
}

/// What the future holds is what it held.
#[test]
fn futures_are_send_as_before() {
    // `Send`, but not `Sync`: it must be held as it is.
    #[invalidates(tag = "cats")]
    async fn owns(cell: Cell<u32>) -> u32 {
        yields(1).await;
        cell.get()
    }
    #[invalidates(tags = ["cat:{value}", "cat:{name}"], entries = [get_cat(name), get_lives(**value)])]
    async fn borrows<'n>(name: &'n str, more: &'n mut Vec<&'n str>) -> &'n u64 {
        more.push(name);
        yields(1).await;
        &1
    }
    fn is_send<F: Future + Send>(future: F) -> F::Output {
        block_on(future)
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    fill();
    assert_eq!(is_send(owns(Cell::new(7))), 7);
    assert_eq!(*is_send(borrows("tom", &mut Vec::new())), 1);
    fill();
    assert!(is_send(plain("tom", true)).is_err());
    assert!(is_send(opaque("tom", true)).is_err());
}
