use cache_core::memoize;

#[memoize(skip(a), key = (a, b))]
fn key_and_skip(a: u32, b: u32) -> u32 {
    a + b
}

#[memoize(single_flight = false, max_wait = "1s")]
fn nobody_waits(a: u32) -> u32 {
    a
}

#[memoize(companion = false, companion_vis = pub)]
fn no_companion(a: u32) -> u32 {
    a
}

#[memoize(policy = Lru, capacity = unbounded)]
fn no_room_is_made(a: u32) -> u32 {
    a
}

#[memoize(weigh = |_, _| 1, capacity = unbounded)]
fn nothing_is_weighed(a: u32) -> u32 {
    a
}

fn main() {
    key_and_skip(1, 2);
    nobody_waits(1);
    no_companion(1);
    no_room_is_made(1);
    nothing_is_weighed(1);
}
