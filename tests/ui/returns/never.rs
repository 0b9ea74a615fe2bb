use cache_core::memoize;

#[memoize]
fn exit(code: i32) -> ! {
    std::process::exit(code)
}

fn main() {
    exit(1);
}
