use cache_core::{Pending, invalidates};

#[invalidates]
fn bare() {}

#[invalidates(tags = [], entries = [])]
fn empty() {}

#[invalidates(into = pending)]
fn collected(pending: &Pending) {}

fn main() {
    bare();
    empty();
    collected(&Pending::new());
}
