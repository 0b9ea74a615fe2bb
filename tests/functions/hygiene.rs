//! Any name is safe in the user's function, and any name around it.
#![allow(clippy::needless_pass_by_value, clippy::too_many_arguments, reason = "names are what is tested")]

use cache_core::memoize;

#[test]
fn arguments_of_any_name() {
    #[memoize(
        ttl = 60,
        tags = ["{key}{cache}{entry}{run}", "{value}"],
        on_hit = |_k, _v| (),
        on_miss = |_k| (),
        on_store = |_k, _v| (),
        on_evict = |_k, _v, _c| (),
    )]
    fn names(
        key: u32,
        cache: &str,
        entry: String,
        result: u8,
        draft: Option<u8>,
        keyed: u8,
        skipped: u8,
        run: u8,
        hook: u8,
        slot: u8,
        cx: u8,
        memo: u8,
    ) -> String {
        format!("{key}{cache}{entry}{result}{draft:?}{keyed}{skipped}{run}{hook}{slot}{cx}{memo}")
    }

    let call = || names(1, "2", "3".to_owned(), 4, Some(5), 6, 7, 8, 9, 10, 11, 12);
    assert_eq!(call(), "1234Some(5)6789101112");
    assert_eq!(call(), "1234Some(5)6789101112");
    assert_eq!(names::memo().stats().hits, 1);
}

#[test]
fn more_arguments_of_any_name() {
    #[memoize(skip(self_, bound), bypass_if = *plan > 5 || bound > 5, refresh_if = rt > 200)]
    fn more(
        plan: &u32,
        bound: u32,
        rt: u8,
        self_: u8,
        spec: u8,
        call: u8,
        body: u8,
        f: u8,
        state: u8,
        hasher: u8,
        parts: u8,
        part0: u8,
        output: u8,
    ) -> u32 {
        *plan
            + bound
            + u32::from(rt + self_ + spec + call + body + f + state + hasher + parts + part0 + output)
    }

    assert_eq!(more(&1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1), 13);
    assert_eq!(more(&1, 2, 1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1), 13);
    assert_eq!(more(&9, 2, 1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1), 23);
}

/// Names of functions that generated code calls.
#[test]
fn arguments_named_like_the_runtimes_functions() {
    #[memoize(
        key = (id + 1, all, ..),
        bypass_if = id > 100 || all > 100 || plain.is_empty(),
        refresh_if = kept > 100 && ask > 100 && with_errors > 100 && is_result > 100,
        tags = ["id:{id}", "all:{all}", "kept:{kept}", "ask:{ask}"],
        ttl = |value| std::time::Duration::from_secs(*value + id + all + kept + ask),
        cache_if = |_value| id + with_errors + is_result + call_on_hit + call_on_miss > 0,
        on_hit = |_key, _value| assert!(id + all + kept + ask > 0),
        on_miss = |_key| assert!(call_on_hit + call_on_miss + find + new > 0),
    )]
    fn named(
        id: u64,
        all: u64,
        plain: &str,
        kept: u64,
        ask: u64,
        with_errors: u64,
        is_result: u64,
        call_on_hit: u64,
        call_on_miss: u64,
        find: u64,
        new: u64,
    ) -> u64 {
        id + all
            + kept
            + ask
            + with_errors
            + is_result
            + call_on_hit
            + call_on_miss
            + find
            + new
            + plain.len() as u64
    }
    #[memoize(key = "{id}")]
    fn template(id: u64) -> u64 {
        id
    }
    #[memoize(key = "{id.0}")]
    fn field(id: (u64, u64)) -> u64 {
        id.1
    }

    assert_eq!(named(1, 1, "x", 1, 1, 1, 1, 1, 1, 1, 1), 11);
    assert_eq!(named(1, 1, "x", 1, 1, 1, 1, 1, 1, 1, 1), 11);
    assert_eq!(named::memo().stats().hits, 1);
    assert_eq!((template(1), field((1, 2))), (1, 2));
}

/// Names of types that generated code speaks of, as arguments, returns and values of keys.
mod types {
    use cache_core::memoize;

    macro_rules! types {
        ($($name:ident $f:ident)*) => { $(
            #[derive(Clone, Debug, PartialEq, Eq, Hash)]
            pub(super) struct $name(pub(super) u32);

            #[memoize(key = (arg.clone(), ..), ttl = |_value| std::time::Duration::from_secs(1), tags = ["type:{value.0}"])]
            pub(super) fn $f(arg: &$name, more: Option<$name>) -> Result<$name, $name> {
                let _ = more;
                Ok(arg.clone())
            }
        )*
            #[test]
            fn each() {
                $(
                    assert_eq!([$f(&$name(1), None), $f(&$name(1), None)], [Ok($name(1)), Ok($name(1))]);
                    assert_eq!($f::memo().stats().hits, 1);
                    assert_eq!($f::entry(&$name(1), None).get(), Some($name(1)));
                )*
            }
        };
    }

    types! {
        Entry of_entry Key of_key Memo of_memo Slot of_slot Spec of_spec Lookup of_lookup Answer of_answer Callee of_callee
        Policy of_policy Json of_json Part of_part Call of_call Ref of_ref Seq of_seq Opt of_opt Ty of_ty
        Leaf of_leaf Shape of_shape Return of_return Returns of_returns Arg of_arg Shown of_shown Hidden of_hidden
        Bound of_bound Found of_found Cx of_cx Hold of_hold When of_when Std of_std KeyRef of_key_ref Plain of_plain
    }
}

#[test]
fn an_argument_named_value_and_one_named_key_in_hooks() {
    static SEEN: std::sync::Mutex<Vec<String>> = std::sync::Mutex::new(Vec::new());
    #[memoize(key = (key.len(), value), on_miss = |at| SEEN.lock().unwrap().push(format!("{at} {key} {value}")))]
    fn odd(key: &str, value: u32) -> u32 {
        value + u32::try_from(key.len()).unwrap()
    }

    odd("ab", 3);
    assert_eq!(*SEEN.lock().unwrap(), ["functions::hygiene::odd(2, 3) ab 3"]);
}

#[test]
fn functions_that_are_called_as_their_argument() {
    #[memoize]
    fn pair<T: Copy + std::hash::Hash + Eq + Send + Sync + 'static>(pair: T) -> (T, T) {
        (pair, pair)
    }
    #[memoize(skip(text))]
    fn text(text: impl Into<String>, n: u32) -> String {
        text.into().repeat(n as usize)
    }

    assert_eq!((pair(1), pair(1), pair('a')), ((1, 1), (1, 1), ('a', 'a')));
    assert_eq!((pair::<i32>::memo().stats().hits, pair::<char>::key('a').is_live()), (1, true));
    assert_eq!((text("a", 2), text::entry("b", 2).get()), ("aa".to_owned(), Some("aa".to_owned())));
}

#[test]
fn functions_of_any_name() {
    mod inner {
        use cache_core::memoize;

        #[memoize]
        pub(super) fn entry(n: u32) -> u32 {
            n
        }
        #[memoize]
        pub(super) fn key(n: u32) -> u32 {
            n + 1
        }
        #[memoize]
        pub(super) fn memo(n: u32) -> u32 {
            n + 2
        }
        #[memoize]
        pub(super) fn call(n: u32) -> u32 {
            n + 3
        }
        #[memoize]
        pub(super) fn r#match(r#type: u32, r#fn: &str) -> u32 {
            r#type + u32::try_from(r#fn.len()).unwrap()
        }
    }

    assert_eq!((inner::entry(1), inner::key(1), inner::memo(1), inner::call(1)), (1, 2, 3, 4));
    assert!(inner::entry::entry(1).get().is_some());
    assert!(inner::key::key(1).is_live());
    assert_eq!(inner::memo::memo().len(), 1);
    assert_eq!(inner::call::entry(1).call(), 4);
    assert_eq!(inner::r#match(1, "a"), 2);
    assert_eq!(inner::r#match::key(1, "a").to_string(), r#"functions::hygiene::inner::match(1, "a")"#);
}

/// Everything that generated code might name is something else here.
mod shadowed {
    #![allow(dead_code, unused_macros, non_camel_case_types, clippy::upper_case_acronyms)]

    use cache_core::memoize;

    pub(super) struct Option;
    pub(super) struct Some;
    pub(super) struct None;
    pub(super) struct Result;
    pub(super) struct Ok;
    pub(super) struct Err;
    pub(super) struct String;
    pub(super) struct Vec;
    pub(super) struct Box;
    pub(super) struct Entry;
    pub(super) struct Key;
    pub(super) struct Memo;
    pub(super) struct Slot;
    pub(super) struct Spec;
    pub(super) struct Draft;
    pub(super) struct Ref;
    pub(super) struct Seq;
    pub(super) struct Opt;
    pub(super) struct S;
    pub(super) struct SLOT;
    pub(super) struct Async;
    pub(super) struct Pin;
    pub(super) struct Why0;
    pub(super) trait Fn {}
    pub(super) trait Future {}
    pub(super) trait Send {}
    pub(super) trait Sized {}
    pub(super) trait Clone {}
    pub(super) trait Into {}
    mod core {}
    mod std {}
    mod rt {}
    macro_rules! format {
        ($($any:tt)*) => {
            compile_error!("the user's `format`")
        };
    }
    macro_rules! concat {
        ($($any:tt)*) => {
            compile_error!("the user's `concat`")
        };
    }
    macro_rules! module_path {
        ($($any:tt)*) => {
            compile_error!("the user's `module_path`")
        };
    }

    #[memoize(
        ttl = 60,
        tags = ["cats", "cat:{name}", "v:{value}"],
        key = (name, n),
        skip(flag),
        capacity = 10,
        weigh = |_key, _value| 1,
        cache_if = |value| *value > 0,
        bypass_if = flag,
        on_hit = |_key, _value| (),
        on_miss = |_key| (),
        on_store = |_key, _value| (),
        on_evict = |_key, _value, _cause| (),
    )]
    pub(super) fn get(name: &str, n: &[&str], flag: bool) -> usize {
        let _ = flag;
        name.len() + n.len()
    }

    #[memoize(
        tags = ["{name}", "v:{value}"],
        skip(flag),
        bypass_if = flag,
        cache_if = |value| *value > 0,
        placeholder = 1,
        on_hit = |_key, _value| (),
        on_miss = |_key| (),
    )]
    pub(super) async fn task(name: &str, flag: bool) -> usize {
        let _ = flag;
        name.len()
    }

    #[memoize(err_ttl = 1, on_error = |_key, _error| ())]
    pub(super) async fn owned(n: u32) -> ::std::result::Result<u32, u8> {
        ::std::result::Result::Ok(n)
    }

    pub(super) struct Db {
        pub(super) id: u32,
        pub(super) cats: ::cache_core::Memo<u32>,
    }

    pub(super) trait Cats {
        fn cat(&self, n: u32) -> u32;
        async fn later(&self, n: u32) -> u32;
    }

    #[memoize]
    impl Db {
        #[memoize(key = (self.id, ..), tag = "{self.id}", placeholder = self.id, on_miss = |_key| { let _ = self.id; })]
        pub(super) fn shared(self: ::std::sync::Arc<Self>, n: u32) -> u32 {
            self.id + n
        }
        #[memoize(memo = self.cats)]
        pub(super) fn kept(&self, n: u32) -> u32 {
            self.id + n
        }
        #[memoize(skip(self))]
        pub(super) async fn sized<T, const N: usize>(&self, n: u32) -> usize {
            n as usize + N
        }
    }

    #[memoize]
    impl Cats for Db {
        #[memoize(key = (self.id, ..))]
        fn cat(&self, n: u32) -> u32 {
            self.id + n
        }
        #[memoize(key = (self.id, ..))]
        async fn later(&self, n: u32) -> u32 {
            self.id + n
        }
    }

    #[memoize(ttl = "1m", err_ttl = 1)]
    pub(super) fn fallible(n: u32) -> ::std::result::Result<::std::option::Option<u32>, u8> {
        ::std::result::Result::Ok(::std::option::Option::Some(n))
    }
}

#[test]
fn names_around_the_function() {
    assert_eq!([shadowed::get("a", &["b"], false), shadowed::get("a", &["b"], false)], [2, 2]);
    assert_eq!(shadowed::get::memo().stats().hits, 1);
    assert_eq!(shadowed::fallible(1), Ok(Some(1)));
}

#[test]
fn names_around_methods_and_tasks() {
    use shadowed::Cats as _;

    let db = std::sync::Arc::new(shadowed::Db { id: 1, cats: cache_core::Memo::new() });
    assert_eq!((db.clone().shared(2), db.kept(2), db.cat(2)), (1, 3, 3));
    futures::executor::block_on(async {
        assert_eq!((shadowed::task("ab", true).await, shadowed::owned(1).await), (2, Ok(1)));
        assert_eq!((db.sized::<u8, 3>(1).await, db.later(2).await), (4, 3));
    });
}

/// Without even the prelude.
#[no_implicit_prelude]
mod bare {
    #[::cache_core::memoize(ttl = |value| ::std::time::Duration::from_secs(*value), tags = ["bare:{n}", "bare:{value}"])]
    pub(super) fn get(n: u64) -> u64 {
        n
    }

    #[::cache_core::memoize(tags = ["bare:{n}", "bare:{value}"], placeholder = 1)]
    pub(super) async fn task(n: &u64) -> u64 {
        *n
    }

    #[::cache_core::memoize]
    pub(super) async fn owned(n: u64) -> ::std::result::Result<u64, ()> {
        ::std::result::Result::Ok(n)
    }

    pub(super) trait Cats {
        fn cat(&self, n: u64) -> u64;
    }

    pub(super) struct Db(pub(super) u64);

    #[::cache_core::memoize]
    impl Cats for Db {
        #[::cache_core::memoize(key = (self.0, ..), tag = "{self.0}")]
        fn cat(&self, n: u64) -> u64 {
            self.0 + n
        }
    }

    impl Db {
        #[::cache_core::memoize(skip(self), ?Send)]
        pub(super) async fn later<const N: u64>(&self, n: u64) -> u64 {
            n + N
        }
    }
}

#[test]
fn without_a_prelude() {
    use bare::Cats as _;

    assert_eq!((bare::get(1), bare::Db(1).cat(2)), (1, 3));
    futures::executor::block_on(async {
        assert_eq!((bare::task(&2).await, bare::owned(2).await), (1, Ok(2)));
        assert_eq!(bare::Db(1).later::<3>(2).await, 5);
    });
}

macro_rules! memoized {
    ($name:ident($arg:ident: $t:ty) -> $out:ty = $body:expr; $($options:tt)*) => {
        #[memoize($($options)*)]
        fn $name($arg: $t, hidden: u32) -> $out {
            let _ = hidden;
            $body
        }
    };
}

#[test]
fn functions_from_macros() {
    memoized!(twice(n: u32) -> u32 = n * 2; ttl = 5, tags = ["twice:{n}"], key = (n, ..), on_miss = |_key| { let _ = n; });
    memoized!(text(name: &str) -> String = name.to_owned(););
    assert_eq!([twice(4, 1), twice(4, 1)], [8, 8]);
    assert_eq!(twice::memo().stats().hits, 1);
    assert_eq!(text("a", 1), "a");
    assert!(text::key("a", 1).is_live());
}

#[test]
#[allow(clippy::items_after_statements, reason = "bodies of all kinds")]
fn bodies_of_all_kinds() {
    #[memoize]
    fn early(n: u32) -> Option<u32> {
        if n == 0 {
            return None;
        }
        let half = n.checked_sub(5)?;
        Some(half)
    }
    #[memoize]
    fn looping(n: u32) -> u32 {
        let mut sum = 0;
        'outer: for i in 0.. {
            let mut twice = 0;
            while twice < 2 {
                if i > n {
                    break 'outer;
                }
                sum += i;
                twice += 1;
            }
        }
        sum
    }
    #[memoize]
    fn tail(n: u32) -> u32 {
        fn inner(n: u32) -> u32 {
            n + 1
        }
        const ONE: u32 = 1;
        let closure = |m: u32| m + ONE;
        closure(inner(n))
    }
    #[memoize]
    #[must_use]
    #[inline]
    fn attributed(#[allow(unused)] n: u32, #[allow(unused_mut)] mut m: u32) -> u32 {
        m
    }
    #[memoize]
    fn fallible(text: &str) -> Result<u32, Box<dyn std::error::Error + Send + Sync>> {
        Ok(text.parse::<u32>()?)
    }
    #[memoize]
    fn diverging(n: u32) -> u32 {
        if n > 100 { panic!("too much") } else { n }
    }

    assert_eq!((early(0), early(3), early(7)), (None, None, Some(2)));
    assert_eq!(looping(4), 20);
    assert_eq!(tail(1), 3);
    assert_eq!(attributed(1, 2), 2);
    assert_eq!(fallible("12").unwrap(), 12);
    assert!(fallible("x").is_err());
    assert_eq!(diverging(1), 1);
}

#[test]
fn one_import_brings_both() {
    mod cats {
        #[cache_core::memoize]
        pub(super) fn get_cat(n: u32) -> u32 {
            n
        }
    }
    use cats::get_cat;
    use cats::get_cat as renamed;

    assert_eq!(get_cat(1), 1);
    assert!(get_cat::key(1).is_live());
    assert_eq!(renamed(1), 1);
    assert!(renamed::key(1).is_live());
}
