use cache_core::{invalidates, memoize};

#[memoize]
fn get_cat(name: &str) -> String {
    name.to_owned()
}

#[invalidates(memos = [get_cat])]
struct Cat;

#[invalidates(memos = [get_cat])]
impl Cat {
    fn write() {}
}

trait Cats {
    #[invalidates(memos = [get_cat])]
    fn write();
}

#[invalidates(memos = [get_cat])]
const fn constant() {}

#[invalidates(memos = [get_cat])]
fn never() -> ! {
    loop {}
}

fn main() {
    Cat::write();
    constant();
    never();
}
