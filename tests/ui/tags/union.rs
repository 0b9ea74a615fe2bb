use cache_core::Tag;

#[derive(Tag)]
union Either {
    a: u32,
    b: f32,
}

fn main() {
    let _ = Either { a: 1 };
}
