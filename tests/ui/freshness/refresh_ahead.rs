use cache_core::memoize;

#[memoize(ttl = 300, refresh_ahead = 1.5)]
fn too_much(n: u32) -> u32 {
    n
}

#[memoize(ttl = 300, refresh_ahead = -0.5)]
fn too_little(n: u32) -> u32 {
    n
}

#[memoize(ttl = 300, refresh_ahead = "5m")]
fn too_late(n: u32) -> u32 {
    n
}

#[memoize(ttl = 300, refresh_ahead = xfetch(0))]
fn never(n: u32) -> u32 {
    n
}

#[memoize(ttl = 300, refresh_ahead = xfetch(1.0, 2.0))]
fn two(n: u32) -> u32 {
    n
}

fn main() {
    too_much(1);
    too_little(1);
    too_late(1);
    never(1);
    two(1);
}
