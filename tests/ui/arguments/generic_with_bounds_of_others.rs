//! What a bound of the user's says only the compiler knows, and whether a name that is imported is one.

use std::hash::Hash;

use cache_core::memoize;

trait Id {
    fn id(&self) -> u32;
}

#[memoize]
fn get<T: Id + 'static>(of: T) -> u32 {
    of.id()
}

#[memoize]
fn imported<T: Hash + Eq>(of: &T) -> bool {
    *of == *of
}

fn main() {}
