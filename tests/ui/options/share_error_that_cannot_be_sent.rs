use std::rc::Rc;

use cache_core::memoize;

#[memoize(share_error = |error| error.clone())]
fn get(n: u32) -> Result<u32, Rc<str>> {
    Ok(n)
}

fn main() {
    let _ = get(2);
}
