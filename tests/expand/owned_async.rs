//! An asynchronous function that owns all it needs: its flight does.

#[memoize]
async fn lives(id: u64) -> Result<u32, LoadError> {
    load(id).await
}
