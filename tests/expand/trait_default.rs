//! Default methods of a trait, for all that implement it.

#[memoize]
pub trait Cats: Sync {
    fn id(&self) -> u32;

    #[memoize(key = (self.id(), ..))]
    async fn lives(&self, name: &str) -> u32 {
        load(self.id(), name).await
    }
}
