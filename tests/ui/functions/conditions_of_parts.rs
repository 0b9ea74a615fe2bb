use cache_core::memoize;

#[memoize]
fn argument(a: u32, #[cfg(unix)] b: u32) -> u32 {
    a
}

#[memoize]
fn under_two_conditions(a: u32, #[cfg_attr(unix, cfg(windows))] b: u32) -> u32 {
    a
}

#[memoize]
fn type_parameter<#[cfg(unix)] T>(a: u32) -> u32 {
    a
}

#[memoize]
fn lifetime<#[cfg(unix)] 'a, #[cfg(unix)] const N: usize>(a: &str) -> u32 {
    1
}

struct Db;

trait Repo<T> {
    fn of_trait(&self) -> u32;
}

#[memoize]
impl Db {
    #[memoize(skip(self))]
    fn method(&self, #[cfg(unix)] b: u32) -> u32 {
        b
    }
}

#[memoize]
impl<#[cfg(unix)] T> Repo<T> for Db {
    #[memoize(skip(self))]
    fn of_trait(&self) -> u32 {
        1
    }
}

fn main() {}
