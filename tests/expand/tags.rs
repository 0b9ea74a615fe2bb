//! Tags of arguments, of the value, and of both; typed ones, and one that derives it.

#[memoize(
    skip(tenant),
    tags = [
        "cats",
        "cat:{cat.id}",
        Tenant(&tenant),
        "{tenant.name}/owner:{value.owner.id:>4}",
        Owner(value.owner_id),
        ..value.friends.iter().map(|friend| CatTag::Friend { of: cat.id, friend }),
    ],
)]
async fn find(cat: &Cat, tenant: Tenant) -> Option<Found> {
    cat.find(tenant).await
}

#[derive(Tag)]
struct Owner(u64);

#[derive(Tag)]
enum CatTag<'a> {
    All,
    Friend { of: u64, friend: &'a Friend },
}
