use cache_core::store::Schema;

struct Foreign;

#[derive(Schema)]
struct Cat {
    name: String,
    of: Vec<Foreign>,
}

#[derive(Schema)]
enum Pet {
    Cat(Cat),
    Other { of: Foreign },
}

#[derive(Schema)]
struct Page<T>(Vec<T>);

fn has_schema<T: Schema>() {}

fn main() {
    has_schema::<Page<Foreign>>();
}
