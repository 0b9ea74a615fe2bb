use cache_core::store::Schema;

#[derive(Schema)]
union Either {
    a: u32,
    b: f32,
}

fn main() {
    let _ = Either { a: 1 };
}
