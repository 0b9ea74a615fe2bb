//! A method whose entries are in the instance.

impl Home {
    #[memoize(memo = self.cats)]
    fn cat(&self, name: &str) -> Cat {
        self.load(name)
    }
}
