//! The implementation of a trait: companions are in a trait of their own.

#[memoize]
impl Cats for Db {
    type Cat = String;

    #[memoize(key = (self.id, ..))]
    fn cat(&self, name: &str) -> Self::Cat {
        format!("{name} of {}", self.id)
    }

    fn count(&self) -> usize {
        9
    }
}
