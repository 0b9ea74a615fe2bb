//! What a transaction has written is invalidated after its commit: with a real database, in a file, so
//! that a reader sees what was committed and nothing else.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use cache_core::testing::Scope;
use cache_core::{Pending, invalidates, memoize, tag};
use futures::executor::block_on;
use rusqlite::{Connection, Result};
use tests::{ByHand, Gate, yields};

/// A database with one row, and two connections to it.
struct Shop {
    reader: Connection,
    writer: Connection,
    file: PathBuf,
}

impl Shop {
    fn new(name: &str) -> Self {
        let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("pending_{name}.sqlite"));
        let _ = std::fs::remove_file(&file);
        let open = || {
            let connection = Connection::open(&file).unwrap();
            connection.pragma_update(None, "journal_mode", "wal").unwrap();
            connection.pragma_update(None, "foreign_keys", true).unwrap();
            connection
        };
        let (reader, writer) = (open(), open());
        let tables = "
            CREATE TABLE prices (id INTEGER PRIMARY KEY, price INTEGER NOT NULL);
            CREATE TABLE sold (of INTEGER REFERENCES prices (id) DEFERRABLE INITIALLY DEFERRED);
            INSERT INTO prices VALUES (1, 10);
        ";
        writer.execute_batch(tables).unwrap();
        Self { reader, writer, file }
    }

    fn begin(&self) {
        self.writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    }

    fn commit(&self) -> Result<()> {
        self.writer.execute_batch("COMMIT")
    }

    fn rollback(&self) {
        self.writer.execute_batch("ROLLBACK").unwrap();
    }

    /// Lets the commit fail.
    fn sell_what_is_not_there(&self) {
        self.writer.execute_batch("INSERT INTO sold VALUES (99)").unwrap();
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        for suffix in ["", "-wal", "-shm"] {
            let mut file = self.file.clone().into_os_string();
            file.push(suffix);
            let _ = std::fs::remove_file(file);
        }
    }
}

fn read(db: &Connection, id: u32) -> u32 {
    db.query_row("SELECT price FROM prices WHERE id = ?1", [id], |row| row.get(0)).unwrap()
}

#[memoize(skip(db))]
fn price(id: u32, db: &Connection) -> u32 {
    read(db, id)
}

fn write(db: &Connection, id: u32, price: u32) -> Result<usize> {
    db.execute("UPDATE prices SET price = ?2 WHERE id = ?1", (id, price))
}

#[invalidates(entries = [price(id)])]
fn set_price_at_once(db: &Connection, id: u32, to: u32) -> Result<usize> {
    write(db, id, to)
}

#[invalidates(entries = [price(id)], into = pending)]
fn set_price(db: &Connection, pending: &Pending, id: u32, to: u32) -> Result<usize> {
    write(db, id, to)
}

/// What `Pending` is for.
#[test]
fn an_invalidation_before_the_commit_lets_a_reader_store_the_old_row() {
    let scope = Scope::new();
    let _inside = scope.enter();
    let shop = Shop::new("before");
    assert_eq!(price(1, &shop.reader), 10);
    shop.begin();
    set_price_at_once(&shop.writer, 1, 20).unwrap();
    assert!(!price::key(1).is_live());
    assert_eq!(price(1, &shop.reader), 10, "a reader in between reads what was committed");
    shop.commit().unwrap();
    assert_eq!((read(&shop.reader, 1), price(1, &shop.reader)), (20, 10), "and has stored it for good");
}

#[test]
fn a_reader_between_write_and_commit_stores_nothing_that_stays() {
    let scope = Scope::new();
    let _inside = scope.enter();
    let shop = Shop::new("between");
    let pending = Pending::new();
    assert_eq!(price(1, &shop.reader), 10);
    shop.begin();
    set_price(&shop.writer, &pending, 1, 20).unwrap();
    price::entry(1, &shop.reader).invalidate();
    assert_eq!(price(1, &shop.reader), 10);
    let commit = || {
        assert_eq!(price(1, &shop.reader), 10);
        shop.commit()
    };
    pending.after_call(commit).unwrap();
    assert_eq!(price(1, &shop.reader), 20);
    assert!(pending.is_empty());
}

#[test]
fn a_rollback_drops_nothing() {
    let scope = Scope::new();
    let _inside = scope.enter();
    let shop = Shop::new("rollback");
    price(1, &shop.reader);
    {
        let pending = Pending::new();
        shop.begin();
        set_price(&shop.writer, &pending, 1, 20).unwrap();
        assert_eq!(pending.len(), 1);
        shop.rollback();
    }
    assert!(price::key(1).is_live());
    let pending = Pending::new();
    shop.begin();
    set_price(&shop.writer, &pending, 1, 20).unwrap();
    shop.rollback();
    pending.discard();
    pending.after_call(|| ());
    assert!(price::key(1).is_live());
    // Nothing is written where the statement fails.
    let no_table = Connection::open_in_memory().unwrap();
    set_price(&no_table, &pending, 1, 20).unwrap_err();
    assert!(pending.is_empty());
}

#[test]
fn a_commit_that_fails_or_panics_may_have_succeeded() {
    let scope = Scope::new();
    let _inside = scope.enter();
    let shop = Shop::new("fails");
    let pending = Pending::new();
    price(1, &shop.reader);
    shop.begin();
    set_price(&shop.writer, &pending, 1, 20).unwrap();
    shop.sell_what_is_not_there();
    pending.after_call(|| shop.commit()).unwrap_err();
    assert!(!price::key(1).is_live());
    shop.rollback();

    assert_eq!(price(1, &shop.reader), 10);
    shop.begin();
    set_price(&shop.writer, &pending, 1, 20).unwrap();
    let commit = || {
        pending.after_call(|| {
            shop.commit().unwrap();
            panic!("the answer is lost")
        })
    };
    assert!(catch_unwind(AssertUnwindSafe(commit)).is_err());
    assert_eq!(price(1, &shop.reader), 20);
}

/// A commit over a network.
async fn commit(shop: &Shop) -> Result<()> {
    yields(1).await;
    let committed = shop.commit();
    yields(1).await;
    committed
}

#[test]
fn an_asynchronous_commit() {
    let scope = Scope::new();
    let _inside = scope.enter();
    let shop = Shop::new("asynchronous");
    let pending = Pending::new();
    price(1, &shop.reader);
    shop.begin();
    set_price(&shop.writer, &pending, 1, 20).unwrap();
    drop(pending.after(commit(&shop)));
    assert!(price::key(1).is_live(), "it was never begun");
    let mut committing = ByHand::new(pending.after(commit(&shop)));
    assert!(committing.poll().is_none() && committing.poll().is_none());
    assert!(price::key(1).is_live());
    committing.finish().unwrap();
    assert_eq!(price(1, &shop.reader), 20);

    shop.begin();
    set_price(&shop.writer, &pending, 1, 30).unwrap();
    shop.sell_what_is_not_there();
    block_on(pending.after(commit(&shop))).unwrap_err();
    assert!(!price::key(1).is_live());
    shop.rollback();
}

#[test]
fn a_commit_that_is_dropped_may_have_succeeded() {
    let scope = Scope::new();
    let _inside = scope.enter();
    let shop = Shop::new("dropped");
    let pending = Pending::new();
    price(1, &shop.reader);
    shop.begin();
    set_price(&shop.writer, &pending, 1, 20).unwrap();
    let mut committing = ByHand::new(pending.after(commit(&shop)));
    assert!(committing.poll().is_none() && committing.poll().is_none());
    drop(committing);
    assert_eq!(price(1, &shop.reader), 20);
}

/// It began to read before the commit, and ends after it.
#[test]
fn a_reader_that_overlaps_the_commit_stores_nothing() {
    static READ: Gate = Gate::new();
    #[memoize(skip(db), ?Send)]
    async fn slow_price(id: u32, db: &Connection) -> u32 {
        let price = read(db, id);
        READ.pass().await;
        price
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let shop = Shop::new("overlaps");
    let pending = Pending::new();
    pending.add(slow_price::key(1));
    shop.begin();
    write(&shop.writer, 1, 20).unwrap();
    let mut reader = ByHand::new(slow_price(1, &shop.reader));
    assert!(reader.poll().is_none());
    pending.after_call(|| shop.commit()).unwrap();
    READ.open();
    assert_eq!(reader.finish(), 10, "who asked before may see what was before");
    assert_eq!(block_on(slow_price(1, &shop.reader)), 20);
}

#[test]
fn what_can_be_collected() {
    #[memoize(tags = ["n:{n}"])]
    fn get(n: u32) -> u32 {
        n
    }
    fn is_send_and_sync<T: Send + Sync>(_: &T) {}
    fn is_send<T: Send>(future: T) -> T {
        future
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let pending = Pending::default();
    is_send_and_sync(&pending);
    (0..5).for_each(|n| assert_eq!(get(n), n));
    pending.add(tag("n:0"));
    pending.add(get::key(1));
    pending.clone().add(get::key(2).any());
    assert_eq!(pending.len(), 3);
    assert_eq!(
        format!("{pending:?}"),
        r#"Pending([Tag(Tagged { name: "n:0" }), Entry(invalidation::pending::get(1)), Entry(invalidation::pending::get(2))])"#
    );
    assert_eq!(pending.apply().count(), 3);
    assert_eq!(pending.apply().count(), 0, "it is empty then");
    // What is added while the commit is under way goes with it.
    let late = async { pending.add(get::memo()) };
    block_on(is_send(pending.after(late)));
    assert!(get::memo().is_empty());
}
