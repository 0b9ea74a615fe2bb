//! Functions that write: what they make obsolete is named where they are, and dropped when they have
//! written it. With a database in memory that has transactions, as a real one would.
//!
//! `cargo run --example writes`

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::mpsc;

use cache_core::{Invalidation, Pending, invalidate_on_each, invalidates, memoize, tag};

/// An article of the catalogue.
#[derive(Clone, Debug)]
struct Article {
    id: u32,
    name: String,
    shelf: u32,
    price: u32,
}

type Articles = BTreeMap<u32, Article>;

/// What is committed.
#[derive(Default)]
struct Db {
    articles: RefCell<Articles>,
}

impl Db {
    fn begin(&self) -> Tx<'_> {
        Tx { db: self, articles: self.articles.borrow().clone() }
    }
}

/// What is not, and is seen by nobody else.
struct Tx<'db> {
    db: &'db Db,
    articles: Articles,
}

impl Tx<'_> {
    fn commit(self) {
        self.db.articles.replace(self.articles);
    }
}

/// Reads are memoized. The database is not part of the key.
#[memoize(skip(db), on_miss = |key| println!("    {key} is read"))]
fn article(id: u32, db: &Db) -> Option<Article> {
    db.articles.borrow().get(&id).cloned()
}

#[memoize(skip(db), tags = ["shelf:{shelf}"], on_miss = |key| println!("    {key} is read"))]
fn names_on(shelf: u32, db: &Db) -> Vec<String> {
    let articles = db.articles.borrow();
    articles.values().filter(|article| article.shelf == shelf).map(|article| article.name.clone()).collect()
}

/// What it is called is known when it is there: `value` is the `Ok`.
#[invalidates(entries = [article(value.id), names_on(value.shelf)])]
fn add(db: &Db, name: &str, shelf: u32, price: u32) -> Result<Article, String> {
    let mut articles = db.articles.borrow_mut();
    if articles.values().any(|article| article.name == name) {
        return Err(format!("there is {name} already"));
    }
    let id = articles.keys().last().map_or(1, |last| last + 1);
    let article = Article { id, name: name.to_owned(), shelf, price };
    articles.insert(id, article.clone());
    Ok(article)
}

/// Which shelf it was on is not known here, so all of them go.
#[invalidates(entries = [article(id)], memos = [names_on])]
fn remove(db: &Db, id: u32) -> bool {
    db.articles.borrow_mut().remove(&id).is_some()
}

/// Within a transaction: collected, and dropped when that is committed.
#[invalidates(entries = [article(id)], into = pending)]
fn reprice(tx: &mut Tx<'_>, pending: &Pending, id: u32, price: u32) -> Result<(), String> {
    let article = tx.articles.get_mut(&id).ok_or("there is no such article")?;
    article.price = price;
    Ok(())
}

fn show(db: &Db) {
    for id in 1..=2 {
        if let Some(Article { id, name, shelf, price }) = article(id, db) {
            println!("    {id}: {name} at {price}, on shelf {shelf}");
        }
    }
    println!("    on shelf 1: {}", names_on(1, db).join(", "));
}

fn main() -> Result<(), String> {
    let db = Db::default();
    add(&db, "tea", 1, 300)?;
    add(&db, "coffee", 1, 500)?;

    println!("Read once, then from the cache");
    show(&db);
    show(&db);

    println!("\nA writer drops what it makes obsolete, and nothing else");
    let cocoa = add(&db, "cocoa", 1, 400)?;
    show(&db);

    println!("\nAnd nothing if it fails: {:?}", add(&db, "tea", 1, 1).map(|article| article.id));
    show(&db);

    println!("\nA transaction that is rolled back has written nothing");
    {
        let (mut tx, pending) = (db.begin(), Pending::new());
        reprice(&mut tx, &pending, 1, 1)?;
        println!("    collected: {pending:?}");
    }
    show(&db);

    println!("\nOne that is committed drops what it has written, afterwards");
    let (mut tx, pending) = (db.begin(), Pending::new());
    reprice(&mut tx, &pending, 1, 310)?;
    reprice(&mut tx, &pending, 2, 510)?;
    println!("    before the commit: {}", article::key(1).is_live());
    pending.after_call(|| tx.commit());
    println!("    after it:          {}", article::key(1).is_live());
    show(&db);

    println!("\nWhat others have written comes through a channel, or a stream");
    let (sender, changes) = mpsc::channel::<Invalidation>();
    let source = std::thread::spawn(|| invalidate_on_each(changes));
    sender.send(tag("shelf:1").into()).map_err(|error| error.to_string())?;
    sender.send(Invalidation::key_text("writes::article(1)")).map_err(|error| error.to_string())?;
    drop(sender);
    println!("    messages: {:?}", source.join().ok());
    show(&db);

    println!("\nRemoved: {}", remove(&db, cocoa.id));
    show(&db);
    Ok(())
}
