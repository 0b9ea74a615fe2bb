use cache_core::{Pending, invalidates, memoize};

#[memoize]
fn get_cat(name: &str) -> String {
    name.to_owned()
}

#[invalidates(entries = get_cat(name))]
fn no_list(name: &str) {}

#[invalidates(entries = [get_cat])]
fn no_call() {}

#[invalidates(entries = ["get_cat(\"tom\")", || get_cat("tom")])]
fn no_entries() {}

#[invalidates(entries = [..])]
fn no_iterator() {}

#[invalidates(memos = [get_cat(name)])]
fn no_memo(name: &str) {}

#[invalidates(memos = ["get_cat"])]
fn a_name() {}

#[invalidates(tags = "cats")]
fn no_list_of_tags() {}

#[invalidates(tag = ["cats"])]
fn no_tag() {}

#[invalidates(matching = 7)]
fn no_text() {}

fn main() {
    no_list("tom");
    no_call();
    no_entries();
    no_iterator();
    no_memo("tom");
    a_name();
    no_list_of_tags();
    no_tag();
    no_text();
    drop(Pending::new());
}
