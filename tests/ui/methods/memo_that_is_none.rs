use cache_core::{Memo, memoize};

struct Db {
    id: u32,
    cats: Memo<String>,
}

impl Db {
    #[memoize(memo = self.id)]
    fn a_number(&self, n: u32) -> u32 {
        self.id + n
    }

    #[memoize(memo = self.cats)]
    fn a_memo_of_other_values(&self, n: u32) -> u32 {
        self.id + n
    }

    #[memoize(memo = self.dogs)]
    fn not_there(&self, n: u32) -> u32 {
        self.id + n
    }

    #[memoize(memo = cats)]
    fn without_self(&self, n: u32) -> u32 {
        self.id + n
    }

    #[memoize(memo = "self.cats")]
    fn in_quotes(&self, n: u32) -> u32 {
        self.id + n
    }
}

fn main() {
    let db = Db { id: 1, cats: Memo::new() };
    db.a_number(2);
    db.a_memo_of_other_values(2);
    db.not_there(2);
    db.without_self(2);
    db.in_quotes(2);
}
