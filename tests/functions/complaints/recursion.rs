//! Functions that call themselves, with single flight.

use super::*;

#[test]
fn with_single_flight_ends() {
    static RUNS: Count = Count::new();
    #[memoize]
    fn fib(n: u64) -> u64 {
        RUNS.add();
        if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
    }
    assert_eq!(no_hang(|| fib(80)), 23_416_728_348_467_685);
    assert_eq!(RUNS.get(), 81);
}

#[test]
fn of_an_asynchronous_function_ends() {
    static RUNS: Count = Count::new();
    #[memoize]
    async fn fib(n: u64) -> u64 {
        RUNS.add();
        if n < 2 { n } else { Box::pin(fib(n - 1)).await + Box::pin(fib(n - 2)).await }
    }
    assert_eq!(no_hang(|| block_on(fib(80))), 23_416_728_348_467_685);
    assert_eq!(RUNS.get(), 81);
}

#[test]
fn of_methods_ends() {
    static RUNS: Count = Count::new();
    #[derive(Clone, Copy)]
    struct From(u64);
    impl From {
        #[memoize(key = (self.0, ..))]
        fn fib(&self, n: u64) -> u64 {
            RUNS.add();
            if n < 2 { self.0 + n } else { self.fib(n - 1) + self.fib(n - 2) }
        }

        #[memoize(skip(self))]
        async fn sum(&self, n: u64) -> u64 {
            if n == 0 { self.0 } else { n + Box::pin(self.sum(n - 1)).await }
        }
    }
    assert_eq!(no_hang(|| From(0).fib(50)), 12_586_269_025);
    assert_eq!(RUNS.get(), 51);
    assert_eq!(no_hang(|| block_on(From(0).sum(30))), 465);
}

#[test]
fn of_a_call_to_itself_ends() {
    static DEEP: AtomicBool = AtomicBool::new(false);
    #[memoize(single_flight = true)]
    fn itself(n: u64) -> u64 {
        if DEEP.swap(true, Ordering::Relaxed) { n } else { itself(n) + 1 }
    }
    assert_eq!(no_hang(|| itself(4)), 5);
    assert_eq!(itself::memo().stats().in_place, 1);
}
