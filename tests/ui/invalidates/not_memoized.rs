use cache_core::invalidates;

fn plain(name: &str) -> String {
    name.to_owned()
}

/// It is documented, and that changes nothing.
#[allow(dead_code)]
pub async fn task(id: u64) -> u64 {
    id
}

struct Db;

impl Db {
    fn cat(&self, id: u64) -> u64 {
        id
    }

    #[invalidates(entries = [self.cat(id), Self::cat(id)])]
    fn no_method(&self, id: u64) {}
}

#[invalidates(entries = [plain(name)])]
fn no_entry(name: &str) {}

#[invalidates(memos = [plain])]
fn no_memo() {}

#[invalidates(entries = [task(*value)])]
fn no_entry_of_a_task() -> u64 {
    7
}

fn main() {
    no_entry("tom");
    no_memo();
    no_entry_of_a_task();
    Db.cat(1);
    Db.no_method(1);
}
