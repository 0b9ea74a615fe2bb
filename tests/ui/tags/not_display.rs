use cache_core::Tag;

struct Cat;

#[derive(Tag)]
struct Of(Cat);

#[derive(Tag)]
enum CatTag {
    Id(u64),
    Lives { of: Vec<u8> },
}

fn main() {
    let _ = (Of(Cat), CatTag::Id(1), CatTag::Lives { of: vec![] });
}
