//! An asynchronous function that borrows: its caller polls its body.

#[memoize(ttl = 300)]
pub async fn get_cat(name: &str) -> Cat {
    load(name).await
}
