use std::rc::Rc;

use cache_core::memoize;

#[memoize]
fn cat(id: u64) -> Rc<u64> {
    Rc::new(id)
}

fn main() {
    cat(1);
}
