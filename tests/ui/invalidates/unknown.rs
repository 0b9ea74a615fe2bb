use cache_core::invalidates;

mod cats {
    pub fn plain(name: &str) -> String {
        name.to_owned()
    }
}

struct Db;

#[invalidates(entries = [cats::plain(name)])]
fn of_another_module(name: &str) {}

#[invalidates(entries = [nobody(name)])]
fn not_there(name: &str) {}

#[invalidates(entries = [Db::cat(1)])]
fn no_method() {}

fn main() {
    of_another_module("tom");
    not_there("tom");
    no_method();
    cats::plain("tom");
}
