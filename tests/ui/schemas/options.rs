use cache_core::store::Schema;

#[derive(Schema)]
#[schema(name = "owner")]
struct Unknown(#[schema(verison = 2)] u64, #[schema(crate = cache_core)] u64);

#[derive(Schema)]
#[schema]
struct Bare(u64);

#[derive(Schema)]
#[schema(version = 1, version = 2)]
struct Twice(u64);

#[derive(Schema)]
#[schema(version)]
struct Nothing(u64);

#[derive(Schema)]
#[schema(version = "2")]
struct Text(u64);

#[derive(Schema)]
#[schema(version = 2u8)]
struct Suffix(u64);

#[derive(Schema)]
#[schema(as = 2)]
struct NoType(u64);

#[derive(Schema)]
enum Variant {
    #[schema(as = u64)]
    One(u64),
    Two(#[serde(skip)] #[schema(skip)] u64),
}

fn main() {}
