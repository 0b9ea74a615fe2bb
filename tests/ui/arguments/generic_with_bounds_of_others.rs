//! What a bound of the user's says only the compiler knows.

use cache_core::memoize;

trait Id {
    fn id(&self) -> u32;
}

#[memoize]
fn get<T: Id + 'static>(of: T) -> u32 {
    of.id()
}

fn main() {}
