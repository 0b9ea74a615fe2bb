use cache_core::{Pending, invalidates, memoize};

#[memoize]
fn get_cat(name: &str) -> String {
    name.to_owned()
}

fn plain(name: &str) -> String {
    name.to_owned()
}

struct Db;

#[invalidates(entries = [get_cat(name)])]
fn another_argument(name: u32) {}

#[invalidates(entries = [get_cat(name, 1)])]
fn another_number_of_arguments(name: &str) {}

#[invalidates(entries = [(plain("tom"))])]
fn no_entry() {}

#[invalidates(entries = [..[1_u32]])]
fn no_entries() {}

#[invalidates(tags = [Db, (5)])]
fn no_tag() {}

#[invalidates(tags = ["{db}"])]
fn not_display(db: &Db) {}

#[invalidates(tag = "cats", into = db)]
fn no_pending(db: &Db) {}

#[invalidates(entries = [get_cat(&value.name), get_cat(&value)])]
fn no_such_value() -> Result<String, Pending> {
    Ok(String::new())
}

fn main() {}
