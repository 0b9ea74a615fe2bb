use cache_core::memoize;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

#[memoize]
fn cat(id: u64) -> Rc<u64> {
    Rc::new(id)
}

#[memoize]
fn cats(id: u64) -> Vec<Rc<u64>> {
    vec![Rc::new(id)]
}

#[memoize]
fn cell(id: u64) -> Cell<u64> {
    Cell::new(id)
}

#[memoize]
fn in_an_arc(id: u64) -> std::sync::Arc<RefCell<u64>> {
    RefCell::new(id).into()
}

#[memoize]
fn function(id: u64) -> Box<dyn Fn() -> u64> {
    Box::new(move || id)
}

#[memoize]
async fn task(id: u64) -> Result<Rc<u64>, String> {
    Ok(Rc::new(id))
}

fn main() {
    cat(1);
    cats(1);
    cell(1);
    in_an_arc(1);
    function(1);
    drop(task(1));
}
