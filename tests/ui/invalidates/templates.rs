use cache_core::invalidates;

#[invalidates(tags = ["cat:{nmae}", "cat:{name.len}"])]
fn unknown(name: &str) {}

#[invalidates(matching = "*get_cat({name:?}*{")]
fn malformed(name: &str) {}

#[invalidates(tags = ["cat:{value.nmae}"])]
fn unknown_field() -> std::io::Result<Cat> {
    Ok(Cat { name: 7 })
}

#[invalidates(tags = ["cat:{value}"])]
fn value_twice(value: u32) -> u32 {
    value
}

struct Cat {
    name: u32,
}

fn main() {
    unknown("tom");
    malformed("tom");
    unknown_field().unwrap().name;
    value_twice(7);
}
