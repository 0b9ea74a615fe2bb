//! What is written in edition 2015 is refused, in one error.

struct Db;

edition_2015::memoized!(cache_core::memoize);
edition_2015::method!(cache_core::memoize);
edition_2015::node!(cache_core::CacheKey);
edition_2015::tag!(cache_core::Tag);
edition_2015::writer!(cache_core::invalidates);

fn main() {
    memoized(1);
    Db.method(1);
    Node { id: 1 };
    Tagged(1);
    write(1);
}
