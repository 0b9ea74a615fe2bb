//! No attribute makes the compiler tell of what is generated.
#![forbid(dead_code, deprecated)]
#![deny(warnings)]

use cache_core::memoize;

/// Used only by its entries.
#[memoize]
fn by_entry(n: u32) -> u32 {
    n
}

/// The same of any type.
#[memoize(skip(more))]
fn by_entry_of_any<T: Default + Clone + Send + Sync + 'static, const N: usize>(n: u32, more: &impl Into<u64>) -> T {
    let _ = (n, more);
    T::default()
}

/// Used by its keys.
#[memoize]
fn by_key(n: u32) -> u32 {
    n
}

/// Used within another that is.
#[memoize]
fn within(n: u32) -> u32 {
    n
}

#[memoize]
async fn around(n: &u32) -> u32 {
    within(*n)
}

struct Db;

trait Reads {
    fn read(&self, n: u32) -> u32;
}

fn helper(n: u32) -> u32 {
    n
}

#[memoize]
impl Reads for Db {
    #[memoize(skip(self))]
    fn read(&self, n: u32) -> u32 {
        helper(n)
    }
}

impl Db {
    #[memoize(skip(self))]
    fn used(&self, n: u32) -> u32 {
        n
    }
    #[memoize(skip(self))]
    fn by_entry(&self, n: u32) -> u32 {
        n
    }
}

fn main() {
    let _ = by_entry::entry(1).call();
    let _ = by_entry_of_any::<u8, 1>::entry(1, &2_u32).call();
    by_key::key(1).invalidate();
    drop(around(&1));
    let _ = (Db.read(1), Db.used(1), Db.by_entry_entry(1).call());
    let _ = (from_a_macro::of_a_macro(1), Db.also_of_a_macro(1));
}

/// From a macro of the user's.
mod from_a_macro {
    use cache_core::memoize;

    macro_rules! memoized {
        ($name:ident $again:ident) => {
            #[memoize]
            pub(crate) fn $name(n: u32) -> u32 {
                n
            }

            impl super::Db {
                #[memoize(skip(self))]
                pub(crate) fn $again(&self, n: u32) -> u32 {
                    n
                }
            }
        };
    }

    memoized!(of_a_macro also_of_a_macro);
}
