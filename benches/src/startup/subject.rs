//! The programs: the same functions in each, with caches of each subject.

use std::fmt::Write;

/// What a program tells.
pub(super) const FIGURES: [&str; 7] =
    ["all_ns", "first_ns", "later_ns", "again_ns", "heap_bytes", "resident_kib", "threads"];

/// Whose caches the functions have.
#[derive(Clone, Copy)]
pub(super) enum Subject {
    /// None.
    None,
    Ours,
    Cached,
    Memoize,
    QuickCache,
}

/// What stands around the functions.
const PROGRAM: &str = r#"
use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicIsize, Ordering};
use std::time::Instant;

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;
static HELD: AtomicIsize = AtomicIsize::new(0);

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.fetch_add(layout.size() as isize, Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        HELD.fetch_add(layout.size() as isize, Ordering::Relaxed);
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        HELD.fetch_add(size as isize - layout.size() as isize, Ordering::Relaxed);
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size() as isize, Ordering::Relaxed);
        unsafe { System.dealloc(block, layout) }
    }
}

/// A number in `/proc/self/status`.
fn status(name: &str) -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn main() {
    let begin = Instant::now();
    let held = HELD.load(Ordering::Relaxed);
    let mut nanos = [0; FUNCTIONS.len()];
    for (number, (function, nanos)) in FUNCTIONS.iter().zip(&mut nanos).enumerate() {
        let begin = Instant::now();
        black_box(function(black_box(number as u64)));
        *nanos = begin.elapsed().as_nanos();
    }
    let all = begin.elapsed().as_nanos();
    let held = HELD.load(Ordering::Relaxed) - held;
    let begin = Instant::now();
    for (number, function) in FUNCTIONS.iter().enumerate() {
        black_box(function(black_box(number as u64)));
    }
    let again = begin.elapsed().as_nanos();
    println!("all_ns {all}\nfirst_ns {}", nanos[0]);
    nanos[1..].sort_unstable();
    println!("later_ns {}\nagain_ns {again}\nheap_bytes {held}", nanos[FUNCTIONS.len() / 2]);
    // The main thread is not one that was started.
    println!("resident_kib {}\nthreads {}", status("VmRSS:"), status("Threads:") - 1);
}
"#;

impl Subject {
    pub(super) const ALL: [Self; 5] = [Self::None, Self::Ours, Self::Cached, Self::Memoize, Self::QuickCache];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::None => "none: the functions alone",
            Self::Ours => "ours: ttl, capacity",
            Self::Cached => "#[cached]: size, ttl",
            Self::Memoize => "memoize: shared, capacity, ttl",
            Self::QuickCache => "quick_cache statics (no ttl)",
        }
    }

    /// The crate's name, and the program's.
    pub(super) fn package(self) -> &'static str {
        match self {
            Self::None => "thousand-alone",
            Self::Ours => "thousand-ours",
            Self::Cached => "thousand-cached",
            Self::Memoize => "thousand-memoize",
            Self::QuickCache => "thousand-quick-cache",
        }
    }

    /// The crate's dependency, as its manifest has it.
    pub(super) fn dependency(self) -> String {
        match self {
            Self::None => String::new(),
            // A literal string, in which nothing is escaped.
            Self::Ours => {
                format!("cache-core = {{ path = '{}/../cache-core' }}", env!("CARGO_MANIFEST_DIR"))
            }
            Self::Cached => "cached = { version = \"4\", features = [\"async\"] }".to_owned(),
            Self::Memoize => "memoize = \"0.6\"".to_owned(),
            Self::QuickCache => "quick_cache = \"0.7\"".to_owned(),
        }
    }

    /// A function, with `@` for its number.
    fn function(self) -> String {
        let attribute = match self {
            Self::None => "#[inline(never)]",
            Self::Ours => "#[cache_core::memoize(ttl = 300, capacity = 1000)]",
            Self::Cached => "#[cached::macros::cached(max_size = 1000, ttl_secs = 300)]",
            Self::Memoize => {
                "#[memoize::memoize(SharedCache, Capacity: 1000, TimeToLive: std::time::Duration::from_secs(300))]"
            }
            Self::QuickCache => return QUICK_CACHE.to_owned(),
        };
        format!("{attribute}\nfn f_@(key: u64) -> u64 {{\n    key.wrapping_mul(@)\n}}")
    }

    /// The crate's only file, with so many functions.
    pub(super) fn source(self, functions: u32) -> String {
        let mut source = String::new();
        let function = self.function();
        for number in 0..functions {
            let _ = writeln!(source, "{}", function.replace('@', &number.to_string()));
        }
        let names: Vec<String> = (0..functions).map(|number| format!("f_{number}")).collect();
        let _ = writeln!(source, "static FUNCTIONS: [fn(u64) -> u64; {functions}] = [{}];", names.join(", "));
        source + PROGRAM
    }
}

/// What somebody writes who has a cache and no attribute.
const QUICK_CACHE: &str = "static C_@: std::sync::LazyLock<quick_cache::sync::Cache<u64, u64>> =
    std::sync::LazyLock::new(|| quick_cache::sync::Cache::new(1000));
fn f_@(key: u64) -> u64 {
    let Ok(value) = C_@.get_or_insert_with(&key, || Ok::<_, std::convert::Infallible>(key.wrapping_mul(@)));
    value
}";

#[cfg(test)]
mod tests {
    use super::{FIGURES, PROGRAM, Subject};

    #[test]
    fn every_program_has_the_functions_and_tells_all_figures() {
        for subject in Subject::ALL {
            assert_eq!(subject.source(10).matches("\nfn f_").count(), 10, "{}", subject.name());
        }
        assert!(FIGURES.iter().all(|figure| PROGRAM.contains(&format!("{figure} {{"))));
    }
}
