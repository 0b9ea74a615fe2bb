use cache_core::{CacheKey, Memo, memoize};

#[memoize(store = "")]
fn nameless(id: u64) -> u64 {
    id
}

#[memoize(store = shared)]
fn unquoted(id: u64) -> u64 {
    id
}

#[memoize(local = false, version = 2)]
fn without(id: u64) -> u64 {
    id
}

#[memoize(store = "shared")]
fn generic<T: std::hash::Hash + Eq + Clone + Send + Sync + 'static>(id: T) -> u64 {
    let _ = id;
    1
}

#[memoize(store = "shared", idle = 5, inherit_tags)]
fn excluded(id: u64) -> u64 {
    id
}

#[memoize(store = "shared", local = false, local_ttl = 5, capacity = 7, ttl = 5, stale_while_revalidate = 5)]
fn useless(id: u64) -> u64 {
    id
}

#[memoize(store = "shared", local_ttl = 5, ttl = 50, stale_if_error = 5)]
fn late(id: u64) -> Result<u64, String> {
    Ok(id)
}

#[memoize(store = "shared", local_ttl = 0, version = 1.5)]
fn wrong(id: u64) -> u64 {
    id
}

#[memoize(store = "shared", secret(user, token), skip(token))]
fn secrets(id: u64, token: &str) -> u64 {
    let _ = token;
    id
}

#[memoize(store = "shared", secret = token)]
fn another_form(token: &str) -> usize {
    token.len()
}

struct Shop {
    cats: Memo<u64>,
}

impl Shop {
    #[memoize(memo = self.cats, store = "shared")]
    fn cat(&self, id: u64) -> u64 {
        id
    }
}

#[derive(CacheKey)]
#[cache_key(value = u64, store = "shared")]
struct Node {
    id: u64,
}

#[derive(CacheKey)]
#[cache_key(value = u64)]
struct Other {
    id: u64,
}

#[memoize(key = Other { id }, store = "shared")]
fn of_a_node(id: u64) -> u64 {
    id
}

fn main() {}
