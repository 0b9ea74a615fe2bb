//! Values in a store: what the attribute says of it stands where the memo is made.

#[memoize(ttl = 300, store = "shared", local_ttl = "2s", version = 2, secret(token))]
fn session(token: &str, user: u64) -> Session {
    load(token, user)
}
