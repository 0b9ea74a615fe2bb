//! A method: its companions stand beside it.

impl Db {
    #[memoize(key = (self.id, ..))]
    pub fn cat(&self, name: &str) -> Cat {
        self.load(name)
    }

    fn load(&self, name: &str) -> Cat {
        self.pool.load(name)
    }
}
