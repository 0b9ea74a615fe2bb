//! A node, and a function that uses it.

#[derive(CacheKey)]
#[cache_key(
    value = Cat,
    ttl = 300,
    tags = ["cats", "cat:{name}", "owner:{value.owner_id}"],
    on_miss = |key| println!("miss {key}"),
)]
pub struct CatNode<'a> {
    name: &'a str,
    lang: Option<&'a str>,
    year: u32,
}

#[memoize(key = CatNode { name: &row.name, lang: None, year: row.year }, skip(pool))]
async fn cat_of_row(pool: &Pool, row: &Row) -> Result<Cat, DbError> {
    pool.load(row).await
}
