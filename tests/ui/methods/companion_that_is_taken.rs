use cache_core::memoize;

struct Db(u32);

impl Db {
    #[memoize(skip(self))]
    fn get(&self, n: u32) -> u32 {
        self.0 + n
    }

    fn get_key(&self) -> u32 {
        self.0
    }
}

#[memoize]
impl Db {
    pub fn list_memo(&self) -> u32 {
        self.0
    }

    #[memoize(skip(self))]
    fn list(&self, n: u32) -> u32 {
        self.0 + n
    }
}

fn main() {
    Db(1).get(2);
    Db(1).get_key();
    Db(1).list(2);
    Db(1).list_memo();
}
