//! What identifies a call: arguments of any kind, compared whole, told apart by type.
#![allow(
    clippy::needless_pass_by_value,
    clippy::option_option,
    clippy::ptr_arg,
    clippy::owned_cow,
    reason = "owned arguments are what is tested"
)]

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cache_core::{memoize, registry};
use tests::Count;

/// Calls everything twice and checks that the second time runs nothing; then that there are as many
/// entries as distinct calls.
macro_rules! distinct {
    ($f:ident: $(($($args:tt)*)),* $(,)?) => {{
        let first = [$($f($($args)*)),*];
        let second = [$($f($($args)*)),*];
        assert_eq!(first, second);
        assert_eq!($f::memo().len(), first.len(), "two calls share an entry");
        let runs: std::collections::BTreeSet<usize> = first.into_iter().collect();
        assert_eq!(runs.len(), first.len(), "two calls share a value");
    }};
}

#[test]
fn text() {
    static RUNS: Count = Count::new();
    #[memoize]
    fn two(_a: &str, _b: &str) -> usize {
        RUNS.add()
    }
    distinct!(two: ("a b", "c"), ("a", "b c"), ("a b c", ""), ("", "a b c"), ("ab", "c"), ("a", "bc"), (" a", "bc"), ("A", "bc"));
}

#[test]
fn owned_and_shared_text() {
    static RUNS: Count = Count::new();
    #[memoize]
    fn kinds(_a: String, _b: &String, _c: Box<str>, _d: Arc<str>, _e: char) -> usize {
        RUNS.add()
    }
    distinct!(kinds:
        ("a".into(), &"b".into(), "c".into(), "d".into(), 'e'),
        ("b".into(), &"a".into(), "c".into(), "d".into(), 'e'),
        ("a".into(), &"b".into(), "d".into(), "c".into(), 'e'),
        ("a".into(), &"b".into(), "c".into(), "d".into(), 'f'),
    );
}

#[test]
fn numbers() {
    static RUNS: Count = Count::new();
    #[memoize]
    fn numbers(_a: u8, _b: i64, _c: u128, _d: usize, _e: bool) -> usize {
        RUNS.add()
    }
    distinct!(numbers: (1, -1, 1 << 100, 1, true), (1, 1, 1 << 100, 1, true), (1, -1, 1 << 101, 1, true), (1, -1, 1 << 100, 1, false), (2, -1, 1 << 100, 1, true));
}

#[test]
fn floats_are_told_by_their_bits() {
    static RUNS: Count = Count::new();
    #[memoize]
    fn floats(_a: f64, _b: f32) -> usize {
        RUNS.add()
    }
    distinct!(floats: (0.0, 0.0), (-0.0, 0.0), (0.0, -0.0), (f64::NAN, 1.0), (-f64::NAN, 1.0), (f64::INFINITY, 1.0), (0.1 + 0.2, 1.0), (0.3, 1.0));
}

#[test]
fn floats_inside_of_others() {
    static RUNS: Count = Count::new();
    #[memoize]
    fn floats(_a: &[f64], _b: Option<f32>, _c: (f64, u32), _d: &f64) -> usize {
        RUNS.add()
    }
    distinct!(floats:
        (&[], None, (0.0, 1), &1.0),
        (&[f64::NAN], None, (0.0, 1), &1.0),
        (&[0.0], None, (0.0, 1), &1.0),
        (&[-0.0], None, (0.0, 1), &1.0),
        (&[], Some(0.0), (0.0, 1), &1.0),
        (&[], None, (-0.0, 1), &1.0),
        (&[], None, (0.0, 1), &f64::NAN),
    );
}

#[test]
fn references_and_slices() {
    static RUNS: Count = Count::new();
    #[memoize]
    fn refs(_a: &u32, _b: &[u8], _c: &[&str], _d: &&str, _e: &[String]) -> usize {
        RUNS.add()
    }
    let words = ["x".to_owned()];
    distinct!(refs:
        (&1, b"", &[], &"", &[]),
        (&2, b"", &[], &"", &[]),
        (&1, b"ab", &[], &"", &[]),
        (&1, b"", &["a", "b"], &"", &[]),
        (&1, b"", &["ab"], &"", &[]),
        (&1, b"", &["", "ab"], &"", &[]),
        (&1, b"", &["ab", ""], &"", &[]),
        (&1, b"", &[], &"ab", &[]),
        (&1, b"", &[], &"", &words),
    );
}

#[test]
fn nested_sequences_do_not_run_together() {
    static RUNS: Count = Count::new();
    #[memoize]
    fn lists(_a: &[&[u32]], _b: &[Option<&str>]) -> usize {
        RUNS.add()
    }
    distinct!(lists:
        (&[], &[]),
        (&[&[]], &[]),
        (&[&[], &[]], &[]),
        (&[&[1], &[2, 3]], &[]),
        (&[&[1, 2], &[3]], &[]),
        (&[&[1, 2, 3]], &[]),
        (&[], &[None]),
        (&[], &[Some("")]),
        (&[], &[None, None]),
    );
}

#[test]
fn options() {
    static RUNS: Count = Count::new();
    #[memoize]
    fn options(
        _a: Option<&str>,
        _b: Option<u32>,
        _c: Option<Option<u8>>,
        _d: Option<String>,
        _e: Option<&[&str]>,
    ) -> usize {
        RUNS.add()
    }
    distinct!(options:
        (None, None, None, None, None),
        (Some(""), None, None, None, None),
        (None, Some(0), None, None, None),
        (None, None, Some(None), None, None),
        (None, None, Some(Some(0)), None, None),
        (None, None, None, Some(String::new()), None),
        (None, None, None, None, Some(&[])),
        (None, None, None, None, Some(&[""])),
    );
}

#[test]
fn paths() {
    static RUNS: Count = Count::new();
    #[memoize]
    fn paths(_a: &Path, _b: PathBuf, _c: &OsStr) -> usize {
        RUNS.add()
    }
    distinct!(paths:
        (Path::new("a"), "b".into(), OsStr::new("c")),
        (Path::new("b"), "a".into(), OsStr::new("c")),
        (Path::new("a"), "b".into(), OsStr::new("d")),
    );
}

#[test]
fn cows_are_one_key_borrowed_or_owned() {
    static RUNS: Count = Count::new();
    #[memoize]
    fn cows(_a: Cow<'_, str>, _b: &Cow<'_, [u8]>) -> usize {
        RUNS.add()
    }
    let bytes: Cow<'_, [u8]> = Cow::Borrowed(b"x");
    let run = cows(Cow::Borrowed("a"), &bytes);
    assert_eq!(cows(Cow::Owned("a".to_owned()), &Cow::Owned(b"x".to_vec())), run);
    assert_ne!(cows(Cow::Borrowed("b"), &bytes), run);
    assert_eq!(RUNS.get(), 2);
}

#[test]
fn tuples_arrays_and_vectors() {
    static RUNS: Count = Count::new();
    #[memoize]
    fn many(_a: (&str, u32), _b: [u8; 2], _c: Vec<u64>, _d: &Vec<String>, _e: ((u8, u8), u8)) -> usize {
        RUNS.add()
    }
    distinct!(many:
        (("a", 1), [1, 2], vec![], &vec![], ((1, 2), 3)),
        (("a", 1), [2, 1], vec![], &vec![], ((1, 2), 3)),
        (("a", 1), [1, 2], vec![1], &vec![], ((1, 2), 3)),
        (("a", 1), [1, 2], vec![], &vec!["a".to_owned()], ((1, 2), 3)),
        (("a", 1), [1, 2], vec![], &vec![], ((1, 3), 2)),
    );
}

#[test]
fn standard_types() {
    static RUNS: Count = Count::new();
    #[memoize]
    fn standard(
        _a: Duration,
        _b: std::net::IpAddr,
        _c: BTreeMap<String, u32>,
        _d: std::num::NonZeroU32,
        _e: (),
    ) -> usize {
        RUNS.add()
    }
    let (home, one, two) = ([127, 0, 0, 1].into(), 1.try_into().unwrap(), 2.try_into().unwrap());
    let map: BTreeMap<_, _> = [("a".to_owned(), 1)].into();
    distinct!(standard:
        (Duration::ZERO, home, BTreeMap::new(), one, ()),
        (Duration::MAX, home, BTreeMap::new(), one, ()),
        (Duration::ZERO, home, map.clone(), one, ()),
        (Duration::ZERO, home, BTreeMap::new(), two, ()),
    );
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Cat {
    name: String,
    lives: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Size {
    Small,
    Of(u32),
}

fn cat(name: &str, lives: u32) -> Cat {
    Cat { name: name.to_owned(), lives }
}

#[test]
fn types_of_the_user() {
    static RUNS: Count = Count::new();
    #[memoize]
    fn own(_a: &Cat, _b: Cat, _c: Size, _d: &[Cat], _e: Option<&Cat>, _f: Arc<Cat>) -> usize {
        RUNS.add()
    }
    let (tom, kit) = (cat("tom", 9), cat("kit", 9));
    distinct!(own:
        (&tom, tom.clone(), Size::Small, &[], None, Arc::new(tom.clone())),
        (&kit, tom.clone(), Size::Small, &[], None, Arc::new(tom.clone())),
        (&tom, kit.clone(), Size::Small, &[], None, Arc::new(tom.clone())),
        (&tom, tom.clone(), Size::Of(0), &[], None, Arc::new(tom.clone())),
        (&tom, tom.clone(), Size::Of(1), &[], None, Arc::new(tom.clone())),
        (&tom, tom.clone(), Size::Small, std::slice::from_ref(&tom), None, Arc::new(tom.clone())),
        (&tom, tom.clone(), Size::Small, &[], Some(&tom), Arc::new(tom.clone())),
        (&tom, tom.clone(), Size::Small, &[], None, Arc::new(kit.clone())),
    );
}

#[test]
fn what_is_not_debug_shows_as_a_gap() {
    #[memoize]
    fn weigh(cat: &Cat, size: Size) -> u32 {
        let _ = size;
        cat.lives
    }
    assert_eq!(weigh::key(&cat("tom", 9), Size::Of(3)).to_string(), "functions::keys::weigh(_, Of(3))");
}

#[test]
fn patterns() {
    struct Point {
        x: u32,
        y: u32,
    }
    impl Clone for Point {
        fn clone(&self) -> Self {
            Self { x: self.x, y: self.y }
        }
    }
    impl PartialEq for Point {
        fn eq(&self, other: &Self) -> bool {
            (self.x, self.y) == (other.x, other.y)
        }
    }
    impl Eq for Point {}
    impl Hash for Point {
        fn hash<H: Hasher>(&self, state: &mut H) {
            (self.x, self.y).hash(state);
        }
    }
    #[memoize]
    fn sum((a, b): (u32, u32), Point { x, y }: Point, [first, .., last]: [u32; 3], mut n: u32) -> u32 {
        n += 1;
        a + b + x + y + first + last + n
    }
    assert_eq!(sum((1, 2), Point { x: 3, y: 4 }, [5, 100, 6], 6), 28);
    assert_eq!(sum((1, 2), Point { x: 3, y: 4 }, [5, 100, 6], 6), 28);
    assert_eq!(sum((2, 1), Point { x: 3, y: 4 }, [5, 100, 6], 6), 28);
    assert_eq!(sum((1, 2), Point { x: 3, y: 4 }, [5, 101, 6], 6), 28);
    assert_eq!(sum::memo().len(), 3, "what the pattern leaves out is part of the key");
    assert_eq!(sum::memo().stats().hits, 1);
}

#[test]
fn lifetimes() {
    struct Text<'t>(&'t str);
    #[memoize(key = text.0.trim())]
    fn of_struct<'t>(text: Text<'t>) -> usize {
        text.0.len()
    }
    #[memoize]
    fn named<'a, 'b>(a: &'a str, b: &'b [&'a str]) -> usize {
        a.len() + b.len()
    }
    #[memoize]
    fn statics(a: &'static str) -> &'static str {
        a
    }
    let text = String::from("tom");
    assert_eq!(named(&text, &[&text]), 4);
    assert_eq!(named("tom", &["tom"]), 4);
    assert_eq!(named::memo().stats().hits, 1, "where it is borrowed from is not part of the key");
    assert_eq!(statics("kit"), "kit");
    assert_eq!(of_struct(Text(" a ")), 3);
    assert_eq!(of_struct(Text("a")), 3, "the key says that spaces around do not count");
}

/// Not `Clone`, as in tables that nobody copies.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Language(&'static str);

#[test]
fn what_is_static_need_not_be_clone() {
    static RUNS: Count = Count::new();
    static TABLE: [Language; 3] = [Language("en"), Language("nl"), Language("en")];
    static ONE: f64 = 1.0;
    static NAMES: [&str; 2] = ["en", "nl"];
    let [en, nl, other_en] = TABLE.each_ref();

    #[memoize]
    fn all(_a: &'static Language, _b: Option<&'static Language>, _c: Vec<&'static Language>) -> usize {
        RUNS.add()
    }
    distinct!(all: (en, None, vec![]), (en, Some(en), vec![]), (en, None, vec![en]), (en, None, vec![en, nl]), (nl, None, vec![]));
    assert_eq!(all(en, Some(nl), vec![en]), all(other_en, Some(nl), vec![other_en]), "values are compared");
    assert_eq!(
        all::key(nl, None, vec![en]).to_string().split_once('(').unwrap().1,
        r#"Language("nl"), None, [Language("en")])"#
    );

    #[memoize]
    fn borrowed(_a: &[&'static Language], _b: Option<&[&'static Language]>) -> usize {
        RUNS.add()
    }
    distinct!(borrowed: (&[en], None), (&[en], Some(&[nl])), (&[], None));

    // What can be read from JSON, and floats, are looked at through the reference.
    #[memoize(name = "functions::keys::looked_through")]
    fn looked_through(_a: &'static str, _b: &'static f64, _c: &'static [&'static str]) -> usize {
        RUNS.add()
    }
    distinct!(looked_through: ("en", &ONE, &NAMES), ("nl", &ONE, &NAMES));
    let invalidated = registry().invalidate("functions::keys::looked_through", &("nl", 1.0, ["en", "nl"]));
    assert_eq!(invalidated.unwrap().count(), 1);
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Clashing(String);

impl Hash for Clashing {
    fn hash<H: Hasher>(&self, state: &mut H) {
        0.hash(state);
    }
}

#[test]
fn keys_of_one_hash_are_compared_whole() {
    static RUNS: Count = Count::new();
    #[memoize]
    fn clash(_key: Clashing) -> usize {
        RUNS.add()
    }
    let keys: Vec<_> = (0..200).map(|n| Clashing(n.to_string())).collect();
    let first: Vec<_> = keys.iter().map(|key| clash(key.clone())).collect();
    let second: Vec<_> = keys.iter().map(|key| clash(key.clone())).collect();
    assert_eq!(first, second);
    assert_eq!(RUNS.get(), 200);
    assert_eq!(clash::entry(keys[7].clone()).invalidate().count(), 1);
    assert_eq!(clash::memo().len(), 199);
    assert!(clash::key(keys[8].clone()).is_live());
}

mod left {
    #[cache_core::memoize]
    pub(crate) fn side(n: u32) -> (&'static str, u32) {
        ("left", n)
    }
}

mod right {
    #[cache_core::memoize]
    pub(crate) fn side(n: u32) -> (&'static str, u32) {
        ("right", n)
    }
}

#[test]
fn functions_of_one_name_are_apart() {
    assert_eq!(left::side(1), ("left", 1));
    assert_eq!(right::side(1), ("right", 1));
    assert_eq!(left::side::key(1).to_string(), "functions::keys::left::side(1)");
    assert_ne!(left::side::key(1), right::side::key(1));
    assert_eq!(left::side::memo().clear().count(), 1);
    assert!(right::side::key(1).is_live());
}

#[test]
fn many_arguments() {
    #[memoize]
    #[allow(clippy::too_many_arguments, reason = "as many as a key may have")]
    fn twelve(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8, h: u8, i: u8, j: u8, k: u8, l: u8) -> u8 {
        a + b + c + d + e + f + g + h + i + j + k + l
    }
    assert_eq!(twelve(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), 78);
    assert_eq!(twelve(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), 78);
    assert_eq!(twelve(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 11), 78);
    assert_eq!(twelve::memo().len(), 2);
}
