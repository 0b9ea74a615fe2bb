//! An alias of `Result` is not a type that ends in that name.

use super::*;

type Fallible<T> = Result<T, String>;
type Answer = Result<u32, String>;
type Nested = Fallible<u32>;
mod of_ones_own {
    pub(super) type Result<T> = std::result::Result<T, String>;
}

macro_rules! errors_are_not_cached {
    ($($name:ident -> $returns:ty: $error:expr;)*) => { $(
        #[test]
        fn $name() {
            static RUNS: Count = Count::new();
            #[memoize]
            fn get(n: u32) -> $returns {
                RUNS.add();
                if n == 0 { Err($error) } else { Ok(n) }
            }
            assert!(get(0).is_err() && get(0).is_err());
            assert_eq!((RUNS.get(), get::memo().len(), get::memo().stats().errors), (2, 0, 2));
            assert!(get(1).is_ok() && get(1).is_ok());
            assert_eq!((RUNS.get(), get::memo().len()), (3, 1));
        }
    )* };
}

errors_are_not_cached! {
    through_an_alias -> Fallible<u32>: "none".to_owned();
    through_an_alias_without_parameters -> Answer: "none".to_owned();
    through_an_alias_of_an_alias -> Nested: "none".to_owned();
    through_an_alias_that_is_called_result -> of_ones_own::Result<u32>: "none".to_owned();
    // Its error is not `Clone`.
    of_the_standard_library -> io::Result<u32>: io::Error::other("none");
}

#[test]
fn of_an_asynchronous_function() {
    static RUNS: Count = Count::new();
    #[memoize]
    async fn get(n: u32) -> Fallible<u32> {
        RUNS.add();
        if n == 0 { Err("none".to_owned()) } else { Ok(n) }
    }
    block_on(async {
        assert!(get(0).await.is_err() && get(0).await.is_err());
        assert!(get(1).await.is_ok() && get(1).await.is_ok());
    });
    assert_eq!((RUNS.get(), get::memo().len()), (3, 1));
}

#[test]
fn of_a_method() {
    struct Db(Count);
    impl Db {
        #[memoize(skip(self))]
        fn get(&self, n: u32) -> Fallible<u32> {
            self.0.add();
            if n == 0 { Err("none".to_owned()) } else { Ok(n) }
        }
    }
    let db = Db(Count::new());
    assert!(db.get(0).is_err() && db.get(0).is_err());
    assert!(db.get(1).is_ok() && db.get(1).is_ok());
    assert_eq!((db.0.get(), Db::get_memo().len()), (3, 1));
}
