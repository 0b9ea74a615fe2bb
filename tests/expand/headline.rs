//! The headline example: its expansion is short enough to read.

#[memoize(ttl = 300, tag = "cats", on_miss = |key| println!("miss {key}"))]
pub fn get_cat(name: &str) -> Cat {
    load(name)
}
