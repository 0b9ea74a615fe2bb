//! Generic functions: each instantiation is a memo of its own.

use std::fmt::{Debug, Display};
use std::hash::Hash;
use std::str::FromStr;

use cache_core::memoize;
use tests::Count;

#[test]
fn each_instantiation_has_its_own_entries() {
    static RUNS: Count = Count::new();
    #[memoize]
    fn show<T: Display + Hash + Eq + Clone + Send + Sync + 'static>(x: T) -> String {
        RUNS.add();
        x.to_string()
    }

    assert_eq!((show(1_u32), show(1_u64), show("1")), ("1".into(), "1".into(), "1".into()));
    assert_eq!((show(1_u32), show(1_u64), show("1")), ("1".into(), "1".into(), "1".into()));
    assert_eq!(RUNS.get(), 3);
    assert_eq!(show::<u32>::memo().len(), 1);
    assert_eq!(show::<u32>::entry(1).get(), Some("1".to_owned()));
    assert_eq!(show::<u64>::key(1).invalidate().count(), 1);
    assert!(show::<u32>::key(1).is_live());
    assert_eq!(show::<u32>::all().len(), 2);
    assert_eq!(show::<u32>::all().memos().len(), 3);
    assert!(format!("{:?}", show::<u32>::all()).matches("Memo {").count() == 3);
    assert_eq!(show::<u32>::all().mark_all_stale().count(), 2, "without a window it is an invalidation");
    assert_eq!((show(1_u32), show("1")), ("1".into(), "1".into()));
    assert_eq!(show::<u32>::all().clear().count(), 2);
    assert!(show::<u8>::all().is_empty());
}

#[test]
fn a_parameter_that_only_the_return_has() {
    #[memoize]
    fn parse<T>(text: &str) -> Option<T>
    where
        T: FromStr + Clone + Send + Sync + 'static,
    {
        text.parse().ok()
    }

    assert_eq!(parse::<u8>("300"), None);
    assert_eq!(parse::<u32>("300"), Some(300));
    assert_eq!(parse::<u8>("300"), None);
    assert_eq!(parse::<f64>("300"), Some(300.0));
    assert_eq!(parse::<u8>::memo().stats().hits, 1);
}

#[test]
fn a_parameter_that_neither_key_nor_value_shows() {
    #[memoize]
    fn size<T: 'static>(n: usize) -> usize {
        n * size_of::<T>()
    }

    assert_eq!((size::<u8>(3), size::<u64>(3)), (3, 24));
    assert_eq!((size::<u8>(3), size::<u64>(3)), (3, 24));
    assert_eq!(size::<u8>::memo().stats().hits, 1);
    assert_ne!(size::<u8>::memo().name(), size::<u64>::memo().name());
    assert!(
        size::<u64>::memo().name().starts_with("functions::generics::size<u64"),
        "{}",
        size::<u64>::memo().name()
    );
}

#[test]
fn const_parameters() {
    #[memoize]
    fn sum<const N: usize>(numbers: [u32; N]) -> u32 {
        numbers.iter().sum()
    }
    #[memoize]
    fn scaled<const BY: u32>(n: u32) -> u32 {
        n * BY
    }

    assert_eq!((sum([1, 2]), sum([1, 2, 3])), (3, 6));
    assert_eq!((sum([1, 2]), sum([1, 2, 3])), (3, 6));
    assert_eq!(sum::<2>::memo().stats().hits, 1);
    assert_eq!((scaled::<2>(5), scaled::<3>(5)), (10, 15));
    assert_eq!((scaled::<2>(5), scaled::<3>(5)), (10, 15));
}

#[test]
fn bounds_in_a_where_clause_and_lifetimes() {
    #[memoize(skip(show))]
    fn longest<'a, K, F>(keys: &'a [K], show: F) -> String
    where
        K: Debug + Hash + Eq + Clone + Send + Sync + 'static,
        F: Fn(&K) -> String,
    {
        keys.iter().map(show).max_by_key(String::len).unwrap_or_default()
    }

    assert_eq!(longest(&[1, 100, 10], ToString::to_string), "100");
    assert_eq!(longest(&[1, 100, 10], |n| format!("{n}!!")), "100", "skipped arguments do not count");
    assert_eq!(longest(&["a", "bcd"], |text| text.to_uppercase()), "BCD");
}

/// A trait of the user's may be called as one of the standard library, and ask for all that a key or a value has to be.
#[test]
fn bounds_whose_names_others_have_too() {
    trait Read: Hash + Eq + Clone + Send + Sync + 'static {
        fn read(&self) -> u32;
    }
    trait Display: Read {}
    trait Any: Read + Default {}
    impl Read for u32 {
        fn read(&self) -> u32 {
            *self
        }
    }
    impl Display for u32 {}
    impl Any for u32 {}
    mod of_mine {
        pub(super) trait Hash: std::hash::Hash + Eq + Send + Sync + 'static {}
        impl Hash for u32 {}
    }

    #[memoize]
    fn read<R: Read>(from: R) -> u32 {
        from.read()
    }
    #[memoize]
    fn display(of: &impl Display, more: Option<impl Read>) -> u32 {
        of.read() + more.map_or(0, |more| more.read())
    }
    #[memoize]
    fn made<T: Any>() -> T {
        T::default()
    }
    #[memoize(skip(pool))]
    async fn asynchronous<P>(pool: &P, n: u32) -> u32
    where
        P: Display,
    {
        pool.read() + n
    }
    fn hashed() -> usize {
        use of_mine::Hash;
        #[memoize]
        fn run<T: Hash + Clone>(of: &T) -> usize {
            size_of_val(of)
        }
        run(&1_u32)
    }

    assert_eq!((read(1), display(&1, Some(2)), made::<u32>(), hashed()), (1, 3, 0, 4));
    assert_eq!(tests::now(asynchronous(&1, 2)), 3);
    assert_eq!((read::<u32>::memo().len(), made::<u32>::memo().len()), (1, 1));
}

#[test]
fn bounds_that_name_a_parameter_of_what_is_skipped() {
    #[derive(Clone)]
    struct Taken<I: Iterator>(I, bool);

    #[memoize(skip(probe))]
    fn fits<T: Copy + Hash + Eq + Send + Sync + 'static + TryInto<U>, U>(n: T, probe: &U) -> bool {
        let _ = probe;
        n.try_into().is_ok()
    }
    #[memoize(skip(first))]
    fn taken<I, T>(items: I, first: T) -> Taken<I>
    where
        I: Iterator<Item = T> + Clone + Hash + Eq + Send + Sync + 'static,
        T: PartialEq + Send + 'static,
    {
        Taken(items.clone(), items.take(1).any(|item| item == first))
    }

    assert_eq!((fits(300_u32, &0_u8), fits(300_u32, &0_u16), fits(300_u64, &0_u16)), (false, false, true));
    assert_eq!((fits::<u32>::memo().len(), fits::<u64>::key(300).is_live()), (1, true));
    assert_eq!((taken(1..4, 1).1, taken(1..4, 2).1, taken(1..4, 1).0.count()), (true, true, 3));
    assert_eq!(taken::<std::ops::Range<i32>>::memo().stats().hits, 2);
}

#[test]
fn unsized_parameters() {
    #[memoize]
    fn length<T: AsRef<[u8]> + Hash + Eq + ToOwned + ?Sized + 'static>(text: &T) -> usize
    where
        T::Owned: Clone + Send + Sync + 'static,
    {
        text.as_ref().len()
    }

    #[memoize]
    fn in_a_clause<T>(text: &T) -> usize
    where
        T: AsRef<[u8]> + Hash + Eq + ToOwned + 'static + ?Sized,
        T::Owned: Clone + Send + Sync + 'static,
    {
        text.as_ref().len()
    }

    assert_eq!((length("abc"), in_a_clause("abc")), (3, 3));
    assert_eq!((length("abc"), in_a_clause("abc")), (3, 3));
    assert_eq!((length::<str>::memo().stats().hits, in_a_clause::<str>::memo().stats().hits), (1, 1));
}

#[test]
fn each_instantiation_has_its_own_capacity() {
    #[memoize(capacity = 5)]
    fn keep<T: Hash + Eq + Clone + Send + Sync + 'static>(x: T) -> T {
        x
    }

    for n in 0..10_u8 {
        keep(n);
        keep(u16::from(n));
    }
    assert_eq!((keep::<u8>::memo().len(), keep::<u16>::memo().len()), (5, 5));
}

#[test]
fn two_parameters_in_either_order() {
    #[memoize]
    fn pair<A, B>(a: A, b: B) -> (A, B)
    where
        A: Hash + Eq + Clone + Send + Sync + 'static,
        B: Hash + Eq + Clone + Send + Sync + 'static,
    {
        (a, b)
    }

    assert_eq!(pair(1_u8, "x".to_owned()), (1, "x".to_owned()));
    assert_eq!(pair("x".to_owned(), 1_u8), ("x".to_owned(), 1));
    assert_eq!(pair::<u8, String>::memo().len(), 1);
}

#[test]
fn many_instantiations() {
    #[memoize]
    fn tagged<const N: usize>() -> usize {
        N
    }
    macro_rules! all {
        ($($n:literal)*) => { assert_eq!([$(tagged::<$n>()),*], [$($n),*]) };
    }

    all!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29);
    all!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29);
    assert_eq!(tagged::<0>::all().len(), 30);
}

#[test]
fn recursion_over_types() {
    trait Peano: 'static {
        fn count() -> u32;
    }
    struct Zero;
    struct Next<P>(std::marker::PhantomData<P>);
    impl Peano for Zero {
        fn count() -> u32 {
            0
        }
    }
    impl<P: Peano> Peano for Next<P> {
        fn count() -> u32 {
            of::<P>() + 1
        }
    }
    #[memoize]
    fn of<P: Peano>() -> u32 {
        P::count()
    }

    assert_eq!(of::<Next<Next<Next<Zero>>>>(), 3);
    assert_eq!(of::<Zero>::all().len(), 4);
}
