use std::panic::Location;

use cache_core::memoize;

#[memoize]
#[track_caller]
fn line(n: u32) -> u32 {
    n + Location::caller().line()
}

struct Lines;

#[memoize]
impl Lines {
    #[track_caller]
    #[memoize(skip(self))]
    fn line(&self, n: u32) -> u32 {
        n + Location::caller().line()
    }
}

fn main() {
    line(1);
    Lines.line(1);
}
