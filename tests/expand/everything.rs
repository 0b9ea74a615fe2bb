//! Generics, patterns, a `Result`, tags from the value, a key of its own, and hooks.

#[memoize(
    key = (cat.id, ..),
    skip(pool),
    ttl = |value| value.ttl(lang),
    tags = ["cats", "cat:{cat.id}", "owner:{value.owner_id}"],
    on_evict = |key, value, cause| println!("{key} {cause:?}"),
    refresh_if = lang.is_empty(),
)]
pub(crate) fn describe<'a, T, P: Pool>(cat: &Cat, lang: String, (x, mut y): (u32, u32), pool: &'a P) -> Result<T, Error>
where
    T: Clone + Describe + Send + Sync + 'static,
{
    y += x;
    T::describe(cat, &lang, y, pool)
}
