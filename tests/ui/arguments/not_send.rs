use std::rc::Rc;

use cache_core::memoize;

#[memoize]
fn lives(name: Rc<str>) -> usize {
    name.len()
}

fn main() {
    lives("tom".into());
}
