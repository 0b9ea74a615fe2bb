use cache_core::{invalidates, memoize};

#[memoize]
fn get_cat(name: &str) -> String {
    name.to_owned()
}

#[invalidates(entires = [get_cat(name)])]
fn misspelt(name: &str) {}

#[invalidates(ttl = 5, tag = "cats")]
fn of_memoize() {}

#[invalidates(key = get_cat(name))]
fn of_one(name: &str) {}

#[invalidates(pattern = "*")]
fn of_others() {}

#[invalidates(something = |a, b| a + b, tag = "cats")]
fn unknown() {}

#[invalidates(tag = "cats", tags = ["dogs"])]
fn twice() {}

#[invalidates(entries, memos)]
fn without_a_value() {}

#[invalidates(get_cat(name))]
fn without_a_name(name: &str) {}

fn main() {
    misspelt("tom");
    of_memoize();
    of_one("tom");
    of_others();
    unknown();
    twice();
    without_a_value();
    without_a_name("tom");
}
