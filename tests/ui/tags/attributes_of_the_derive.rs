use cache_core::Tag;

#[derive(Tag)]
#[tag(name = "owner")]
struct Named(u64);

#[derive(Tag)]
#[tag]
struct Bare(u64);

#[derive(Tag)]
#[tag(crate = cache_core, crate = cache_core)]
struct Twice(u64);

#[derive(Tag)]
struct Field {
    #[tag(skip)]
    id: u64,
}

#[derive(Tag)]
enum Variant {
    #[tag(skip)]
    All,
}

fn main() {
    let _ = (Named(1), Bare(1), Twice(1), Field { id: 1 }, Variant::All);
}
