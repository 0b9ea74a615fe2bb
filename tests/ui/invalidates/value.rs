use cache_core::{invalidates, memoize};

#[memoize]
fn get_cat(id: u64) -> u64 {
    id
}

struct Db {
    id: u64,
}

struct NotClone(u64);

impl Db {
    #[memoize(key = (self.id, ..))]
    fn cat(&self, id: u64) -> u64 {
        self.id + id
    }

    #[invalidates(entries = [self.cat(*value)])]
    fn exclusive(&mut self) -> u64 {
        self.id
    }
}

#[invalidates(entries = [get_cat(*value + db.id)])]
fn by_reference(db: &mut Db) -> u64 {
    db.id
}

#[invalidates(entries = [get_cat(*value + id.0)])]
fn not_clone(id: NotClone) -> u64 {
    id.0
}

fn main() {
    Db { id: 7 }.exclusive();
    by_reference(&mut Db { id: 7 });
    not_clone(NotClone(7));
}
