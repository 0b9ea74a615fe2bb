//! What is stored of a function's return, decided by its type.

use std::borrow::Cow;
use std::sync::Arc;

use cache_core::testing::Scope;
use cache_core::{Peek, Ttl, memoize};
use tests::{Count, secs};

/// An error that can be neither cloned nor compared.
#[derive(Debug)]
struct Failed(u32);

type Res<T> = Result<T, Failed>;
type Maybe<T> = Option<T>;
type Numbers = std::result::Result<Vec<u32>, Failed>;

#[test]
fn an_error_propagates_and_is_not_stored() {
    static RUNS: Count = Count::new();
    #[memoize]
    fn odd(n: u32) -> Result<u32, Failed> {
        RUNS.add();
        if n % 2 == 1 { Ok(n) } else { Err(Failed(n)) }
    }

    assert_eq!(odd(2).unwrap_err().0, 2);
    assert_eq!(odd(2).unwrap_err().0, 2);
    assert_eq!(RUNS.get(), 2);
    assert_eq!(odd::memo().len(), 0);
    assert_eq!(odd::memo().stats().errors, 2);
    assert_eq!(odd(3).unwrap(), 3);
    assert_eq!(odd(3).unwrap(), 3);
    assert_eq!(RUNS.get(), 3);
    // Companions speak of the value.
    let value: Option<u32> = odd::entry(3).get();
    assert_eq!(value, Some(3));
    assert!(odd::entry(4).insert(40));
    assert_eq!(odd(4).unwrap(), 40);
}

#[test]
fn aliases_of_result_behave_alike() {
    static RUNS: Count = Count::new();
    #[memoize]
    fn io(n: u32) -> std::io::Result<u32> {
        RUNS.add();
        if n > 0 { Ok(n) } else { Err(std::io::Error::other("none")) }
    }
    #[memoize]
    fn own(n: u32) -> Res<u32> {
        RUNS.add();
        if n > 0 { Ok(n) } else { Err(Failed(n)) }
    }
    #[memoize]
    fn hidden(n: u32) -> Numbers {
        RUNS.add();
        if n > 0 { Ok(vec![n]) } else { Err(Failed(n)) }
    }

    for _ in 0..2 {
        assert!(io(0).is_err());
        assert!(own(0).is_err());
        assert!(hidden(0).is_err());
    }
    assert_eq!(RUNS.get(), 6, "no error is stored");
    for _ in 0..2 {
        assert_eq!(io(1).unwrap(), 1);
        assert_eq!(own(1).unwrap(), 1);
        assert_eq!(hidden(1).unwrap(), [1]);
    }
    assert_eq!(RUNS.get(), 9);
    assert_eq!(io::entry(1).get(), Some(1));
    // Behind an alias of the user's, companions speak of the return.
    assert!(matches!(own::entry(1).get(), Some(Ok(1))));
    assert!(own::entry(5).insert(Ok(50)));
    assert!(!own::entry(5).insert(Err(Failed(1))), "errors are not kept");
    assert_eq!(own(5).unwrap(), 50);
    assert_eq!(hidden::entry(1).get().unwrap().unwrap(), [1]);
}

#[test]
fn errors_are_stored_with_err_ttl() {
    static RUNS: Count = Count::new();
    #[memoize(ttl = 100, err_ttl = 10)]
    fn odd(n: u32) -> Result<u32, String> {
        RUNS.add();
        if n % 2 == 1 { Ok(n) } else { Err(format!("{n} is even")) }
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!(odd(2), Err("2 is even".to_owned()));
    assert_eq!(odd(2), Err("2 is even".to_owned()));
    assert_eq!(odd(1), Ok(1));
    assert_eq!(RUNS.get(), 2);
    assert_eq!(odd::entry(2).get(), None, "there is no value");
    assert_eq!(odd::entry(2).peek(), Peek::Absent);
    assert_eq!(odd::entry(1).get(), Some(1));
    scope.advance(secs(10));
    assert_eq!(odd(1), Ok(1));
    assert_eq!(RUNS.get(), 2);
    assert_eq!(odd(2), Err("2 is even".to_owned()));
    assert_eq!(RUNS.get(), 3);
    // A value takes the place of an error.
    assert!(odd::entry(2).insert(22));
    assert_eq!(odd(2), Ok(22));
    assert_eq!(odd::entry(2).ttl(), Some(Ttl::For(secs(100))));
}

#[test]
fn err_ttl_works_through_an_alias() {
    type Checked<T> = Result<T, u32>;
    static RUNS: Count = Count::new();
    #[memoize(err_ttl = "1s")]
    fn odd(n: u32) -> Checked<u32> {
        RUNS.add();
        if n % 2 == 1 { Ok(n) } else { Err(n) }
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!([odd(2), odd(2)], [Err(2), Err(2)]);
    assert_eq!(RUNS.get(), 1);
    scope.advance(secs(1));
    assert_eq!(odd(2), Err(2));
    assert_eq!(RUNS.get(), 2);
}

#[test]
fn none_is_an_answer() {
    static RUNS: Count = Count::new();
    #[memoize]
    fn find(_n: u32) -> Option<u32> {
        RUNS.add();
        None
    }
    #[memoize]
    fn alias(_n: u32) -> Maybe<String> {
        RUNS.add();
        None
    }

    assert_eq!([find(1), find(1)], [None, None]);
    assert_eq!([alias(1), alias(1)], [None, None]);
    assert_eq!(RUNS.get(), 2);
    assert_eq!(find::entry(1).get(), Some(None));
}

#[test]
fn none_ttl_gives_none_a_life_of_its_own() {
    static RUNS: Count = Count::new();
    #[memoize(ttl = 100, none_ttl = 10)]
    fn find(n: u32) -> Option<u32> {
        RUNS.add();
        (n > 5).then_some(n)
    }
    #[memoize(none_ttl = 0)]
    fn never(n: u32) -> Maybe<u32> {
        RUNS.add();
        (n > 5).then_some(n)
    }
    #[memoize(ttl = 100, none_ttl = 10)]
    fn inner(n: u32) -> Result<Option<u32>, Failed> {
        RUNS.add();
        Ok((n > 5).then_some(n))
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    find(1);
    find(6);
    assert_eq!(find::entry(1).ttl(), Some(Ttl::For(secs(10))));
    assert_eq!(find::entry(6).ttl(), Some(Ttl::For(secs(100))));
    inner(1).unwrap();
    inner(6).unwrap();
    assert_eq!(inner::entry(1).ttl(), Some(Ttl::For(secs(10))));
    assert_eq!(inner::entry(6).ttl(), Some(Ttl::For(secs(100))));
    RUNS.set(0);
    assert_eq!([never(1), never(1), never(6), never(6)], [None, None, Some(6), Some(6)]);
    assert_eq!(RUNS.get(), 3, "`none_ttl = 0` stores no `None`");
}

#[test]
fn cache_if_decides_by_the_value() {
    static RUNS: Count = Count::new();
    #[memoize(cache_if = Option::is_some)]
    fn positive(n: i32) -> Option<i32> {
        RUNS.add();
        (n > 0).then_some(n)
    }
    #[memoize(cache_if = |value| *value < limit)]
    fn below(n: u32, limit: u32) -> u32 {
        n
    }
    #[memoize(cache_if = |value| !value.is_empty())]
    fn words(text: &str) -> Result<Vec<String>, Failed> {
        Ok(text.split_whitespace().map(str::to_owned).collect())
    }

    assert_eq!([positive(1), positive(1), positive(-1), positive(-1)], [Some(1), Some(1), None, None]);
    assert_eq!(RUNS.get(), 3);
    assert!(positive::key(1).is_live());
    assert!(!positive::key(-1).is_live());
    assert!(!positive::entry(2).insert(None), "what is inserted answers to it too");
    assert!(positive::entry(2).insert(Some(5)));
    below(1, 5);
    below(9, 5);
    assert!(below::key(1, 5).is_live());
    assert!(!below::key(9, 5).is_live());
    words("a b").unwrap();
    words("").unwrap();
    assert_eq!(words::memo().len(), 1);
}

#[test]
fn cache_if_takes_a_path() {
    #[allow(clippy::ptr_arg, reason = "what is asked for is the value's type")]
    fn long(text: &String) -> bool {
        text.len() > 3
    }
    #[memoize(cache_if = long)]
    fn repeat(n: usize) -> String {
        "x".repeat(n)
    }

    repeat(3);
    repeat(4);
    assert_eq!(repeat::memo().len(), 1);
    assert!(repeat::key(4).is_live());
}

#[test]
fn types_are_kept() {
    #[memoize]
    fn digit(n: u8) -> char {
        char::from(b'0' + n)
    }
    #[memoize]
    fn number(n: u8) -> u8 {
        n
    }

    assert_eq!(('7', 7), (digit(7), number(7)));
    assert_eq!(('7', 7), (digit(7), number(7)));
}

#[test]
fn many_kinds_of_returns() {
    #[derive(Clone, Debug, PartialEq)]
    struct Own(Vec<f64>);
    #[memoize]
    fn unit(_n: u32) {}
    #[memoize]
    fn owned(n: f64) -> Own {
        Own(vec![n])
    }
    #[memoize]
    fn fixed(n: u32) -> &'static str {
        if n > 0 { "some" } else { "none" }
    }
    #[memoize]
    fn cow(n: u32) -> Cow<'static, str> {
        if n > 0 { Cow::Owned(n.to_string()) } else { Cow::Borrowed("none") }
    }
    #[memoize]
    fn dynamic(n: u32) -> Arc<dyn Fn(u32) -> u32 + Send + Sync> {
        Arc::new(move |m| n + m)
    }
    #[memoize]
    fn tuple(n: u32) -> (u32, String, [u8; 3]) {
        (n, n.to_string(), [0; 3])
    }
    #[memoize]
    fn nested(n: u32) -> Result<Result<u32, u32>, Failed> {
        Ok(Err(n))
    }
    #[memoize]
    fn never_fails(n: u32) -> Result<u32, std::convert::Infallible> {
        Ok(n)
    }

    for _ in 0..2 {
        unit(1);
        assert_eq!(owned(0.5), Own(vec![0.5]));
        assert_eq!((fixed(1), fixed(0)), ("some", "none"));
        assert_eq!((&*cow(1), &*cow(0)), ("1", "none"));
        assert_eq!(dynamic(1)(2), 3);
        assert_eq!(tuple(1), (1, "1".to_owned(), [0; 3]));
        assert_eq!(nested(1).unwrap(), Err(1));
        assert_eq!(never_fails(1), Ok(1));
    }
    assert_eq!(unit::memo().stats().hits, 1);
    assert_eq!(nested::memo().stats().hits, 1, "the inner error is part of the value");
    assert_eq!(unit::entry(1).get(), Some(()));
}

#[test]
fn a_value_is_handed_out_by_its_own_clone() {
    static CLONES: Count = Count::new();
    struct Counted(u32);
    impl Clone for Counted {
        fn clone(&self) -> Self {
            CLONES.add();
            Self(self.0)
        }
    }
    #[memoize]
    fn make(n: u32) -> Counted {
        Counted(n)
    }

    assert_eq!(make(1).0, 1);
    let before = CLONES.get();
    assert_eq!(make(1).0, 1);
    assert_eq!(CLONES.get(), before + 1);
}

#[test]
fn what_is_not_stored_needs_no_clone() {
    static CLONES: Count = Count::new();
    struct Counted(u32);
    impl Clone for Counted {
        fn clone(&self) -> Self {
            CLONES.add();
            Self(self.0)
        }
    }
    #[memoize(cache_if = |value| value.0 > 0)]
    fn make(n: u32) -> Counted {
        Counted(n)
    }

    assert_eq!(make(0).0, 0);
    assert_eq!(make::entry(1).uncached().0, 1);
    assert_eq!(CLONES.get(), 0);
}
