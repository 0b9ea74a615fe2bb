use cache_core::memoize;

#[memoize]
unsafe fn read(at: usize) -> u8 {
    unsafe { *(at as *const u8) }
}

fn main() {
    unsafe { read(1) };
}
