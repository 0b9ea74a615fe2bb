use cache_core::memoize;

#[memoize(refresh_if = force)]
fn refreshed(name: &str, force: bool) -> usize {
    name.len() + usize::from(force)
}

#[memoize(bypass_if = live)]
fn bypassed(name: &str, live: bool) -> usize {
    name.len() + usize::from(live)
}

#[memoize(refresh_if = !quick)]
fn negated(name: &str, quick: bool) -> usize {
    name.len() + usize::from(quick)
}

fn main() {
    refreshed("tom", true);
    bypassed("tom", true);
    negated("tom", true);
}
