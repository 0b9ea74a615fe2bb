//! A function that is written in edition 2015, wherever it is expanded.

/// A memoized function.
#[macro_export]
macro_rules! memoized {
    ($memoize:path) => {
        #[$memoize]
        fn memoized(n: u32) -> u32 {
            n
        }
    };
}

/// A method of a `Db`.
#[macro_export]
macro_rules! method {
    ($memoize:path) => {
        impl Db {
            #[$memoize(skip(self))]
            fn method(&self, n: u32) -> u32 {
                n
            }
        }
    };
}

/// A node.
#[macro_export]
macro_rules! node {
    ($derive:path) => {
        #[derive($derive)]
        #[cache_key(value = u32)]
        struct Node {
            id: u32,
        }
    };
}

/// A tag.
#[macro_export]
macro_rules! tag {
    ($derive:path) => {
        #[derive($derive)]
        struct Tagged(u32);
    };
}

/// A function that writes.
#[macro_export]
macro_rules! writer {
    ($invalidates:path) => {
        #[$invalidates(tags = ["editions:{n}"])]
        fn write(n: u32) -> u32 {
            n
        }
    };
}
