use cache_core::invalidates;

fn plain(name: &str) -> String {
    name.to_owned()
}

struct Db;

#[invalidates(entries = [plain(name)])]
fn no_entry(name: &str) {}

#[invalidates(memos = [plain])]
fn no_memo() {}

#[invalidates(entries = [Db::cat(1), self.cat(1)])]
fn no_method() {}

fn main() {
    no_entry("tom");
    no_memo();
    no_method();
}
