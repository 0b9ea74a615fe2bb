use cache_core::memoize;

#[memoize(companion = true)]
fn yes(n: u32) -> u32 {
    n
}

#[memoize(companion = "cats")]
fn text(n: u32) -> u32 {
    n
}

#[memoize(companion = trait)]
fn keyword(n: u32) -> u32 {
    n
}

#[memoize(companion_vis = everyone)]
fn vis(n: u32) -> u32 {
    n
}

fn main() {
    yes(1);
    text(1);
    keyword(1);
    vis(1);
}
