//! Functions of one name share nothing.

mod cats {
    #[cache_core::memoize]
    pub(super) fn get(n: u32) -> u32 {
        n + 1
    }
}

mod dogs {
    #[cache_core::memoize]
    pub(super) fn get(n: u32) -> u32 {
        n + 2
    }
}

#[test]
fn in_two_modules_shares_nothing() {
    assert_eq!((cats::get(1), dogs::get(1), cats::get(1), dogs::get(1)), (2, 3, 2, 3));
    assert_eq!(cats::get::memo().clear().count(), 1);
    assert!(dogs::get::key(1).is_live());
    let registry = cache_core::registry();
    assert_eq!(registry.find("functions::complaints::one_name_twice::dogs::get").unwrap().len(), 1);
    assert_eq!(registry.find("functions::complaints::one_name_twice::cats::get").unwrap().len(), 0);
}

#[test]
fn in_two_functions_shares_nothing() {
    fn one() -> u32 {
        #[cache_core::memoize]
        fn inner(n: u32) -> u32 {
            n + 1
        }
        inner(1)
    }
    fn two() -> u32 {
        #[cache_core::memoize]
        fn inner(n: u32) -> u32 {
            n + 2
        }
        inner(1)
    }
    assert_eq!((one(), two(), one(), two()), (2, 3, 2, 3));
}
