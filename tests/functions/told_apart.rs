//! What a body can tell apart is never one key, though `Eq` of the type may say that it is the same.

#![allow(clippy::linkedlist, reason = "all collections are what is tested")]
#![allow(clippy::needless_pass_by_value, clippy::owned_cow, reason = "owned arguments are what is tested")]

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, LinkedList, VecDeque};
use std::fmt::Debug;
use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6};
use std::ops::{Bound, Range, RangeInclusive};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cache_core::testing::Scope;
use cache_core::{CacheKey, memoize, registry};
use serde_json::json;

/// Texts that are one path by `Path`'s own `Eq`, as `Path::new("a") == Path::new("a/.")`.
const ALIKE: [&str; 6] = ["a/b", "a//b", "a/b/", "a/./b", "a/b/.", "a/b//"];

/// A type of a user's, which is not one of the standard library.
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
struct Cat(u32);

fn path(text: &str) -> PathBuf {
    text.into()
}

fn text<T: Debug>(shown: T) -> String {
    format!("{shown:?}")
}

/// Each test calls a function with paths that are alike, in all places where there can be paths in an argument
/// of such a type: each call must return what its own argument shows as.
macro_rules! paths {
    ($($test:ident: $t:ty = |$path:ident| $make:expr;)*) => { $(
        #[test]
        fn $test() {
            #[memoize]
            fn seen(arg: $t) -> String {
                text(&arg)
            }
            let scope = Scope::new();
            let _inside = scope.enter();
            for _ in 0..2 {
                for $path in ALIKE {
                    assert_eq!(seen($make), text::<$t>($make), "{}", $path);
                }
            }
            assert_eq!(seen::memo().stats().misses, ALIKE.len() as u64, "each has one entry, and is found");
            // As values, keys are told apart in the same way.
            let keys: Vec<_> = ALIKE.into_iter().map(|$path| seen::key($make)).collect();
            for (i, key) in keys.iter().enumerate() {
                assert_eq!(keys.iter().position(|other| other == key), Some(i));
                assert!(key.is_live());
            }
            assert_eq!(keys.iter().collect::<std::collections::HashSet<_>>().len(), ALIKE.len());
        }
    )* };
}

type Alias = PathBuf;
type Pair = (PathBuf, u32);
type List = Vec<PathBuf>;
type Lists = Vec<Vec<Box<Path>>>;
type Maybe = Option<PathBuf>;
type Either = Result<PathBuf, u8>;
type Shared = Arc<[PathBuf]>;

paths! {
    a_borrowed_path: &Path = |p| Path::new(p);
    an_owned_path: PathBuf = |p| path(p);
    a_borrowed_owned_path: &PathBuf = |p| &path(p);
    a_path_by_its_full_name: std::path::PathBuf = |p| path(p);
    a_path_by_another_name: Alias = |p| path(p);
    a_static_path: &'static Path = |p| Path::new(p);
    a_path_in_a_box: Box<Path> = |p| path(p).into();
    a_path_in_an_arc: Arc<Path> = |p| path(p).into();
    an_owned_path_in_an_arc: Arc<PathBuf> = |p| Arc::new(path(p));
    a_path_in_a_cow: Cow<'_, Path> = |p| Cow::Borrowed(Path::new(p));
    a_path_in_an_owned_cow: Cow<'_, Path> = |p| Cow::Owned(path(p));
    a_path_in_an_option: Option<PathBuf> = |p| Some(path(p));
    a_borrowed_path_in_an_option: Option<&Path> = |p| Some(Path::new(p));
    a_path_in_an_option_by_another_name: Maybe = |p| Some(path(p));
    a_path_in_a_result: Result<PathBuf, u8> = |p| Ok(path(p));
    a_path_in_a_result_by_another_name: Either = |p| Ok(path(p));
    a_path_in_a_tuple: (PathBuf, u32) = |p| (path(p), 1);
    a_path_in_a_tuple_by_another_name: Pair = |p| (path(p), 1);
    a_path_in_tuples_of_tuples: ((u8, (Box<Path>,)), u8) = |p| ((1, (path(p).into(),)), 2);
    paths_in_a_vec: Vec<PathBuf> = |p| vec![path("x"), path(p)];
    paths_in_a_vec_by_another_name: List = |p| vec![path("x"), path(p)];
    borrowed_paths_in_a_vec: Vec<&Path> = |p| vec![Path::new(p)];
    paths_in_vecs_of_vecs: Lists = |p| vec![vec![path(p).into()]];
    paths_in_a_slice: &[PathBuf] = |p| &[path(p)];
    paths_in_a_static_slice: &'static [PathBuf] = |p| Box::leak(Box::new([path(p)]));
    paths_in_an_array: [PathBuf; 2] = |p| [path(p), path(p)];
    paths_in_a_shared_slice: Shared = |p| [path(p)].into();
    paths_in_tuples_in_a_vec: Vec<(PathBuf, u8)> = |p| vec![(path(p), 1)];
    paths_in_options_in_a_vec: Vec<Option<PathBuf>> = |p| vec![None, Some(path(p))];
    paths_in_a_deque: VecDeque<PathBuf> = |p| [path(p)].into();
    paths_in_a_list: LinkedList<PathBuf> = |p| [path(p)].into();
    paths_in_a_set: BTreeSet<PathBuf> = |p| [path(p)].into();
    paths_as_keys_of_a_map: BTreeMap<PathBuf, u8> = |p| [(path(p), 1)].into();
    paths_as_values_of_a_map: BTreeMap<u8, Arc<Path>> = |p| [(1, path(p).into())].into();
    paths_reversed: Reverse<PathBuf> = |p| Reverse(path(p));
    a_range_of_paths: Range<PathBuf> = |p| path(p)..path("z");
    a_path_beside_a_type_of_the_users: (PathBuf, Cat) = |p| (path(p), Cat(1));
    paths_beside_a_type_of_the_users: Vec<(PathBuf, Cat)> = |p| vec![(path(p), Cat(1))];
    boxed_paths_beside_a_type_of_the_users: &[(Cat, Box<Path>)] = |p| &[(Cat(1), path(p).into())];
}

#[test]
fn paths_in_an_expression_for_the_key() {
    #[memoize(key = (name.to_path_buf(), vec![name.to_owned()]))]
    fn owned(name: &Path) -> String {
        text(name)
    }
    #[memoize(key = Path::new(name))]
    fn borrowed(name: &str) -> String {
        text(name)
    }
    #[memoize(key = Some(Path::new(name)))]
    fn maybe(name: &str) -> String {
        text(name)
    }
    let scope = Scope::new();
    let _inside = scope.enter();
    for p in ALIKE {
        assert_eq!((owned(Path::new(p)), borrowed(p), maybe(p)), (text(p), text(p), text(p)));
    }
}

#[test]
fn paths_in_a_generic_function() {
    #[memoize]
    fn seen<T: Clone + Debug + std::hash::Hash + Eq + Send + Sync + 'static>(
        _with: T,
        paths: Vec<PathBuf>,
    ) -> String {
        text(paths)
    }
    let scope = Scope::new();
    let _inside = scope.enter();
    for p in ALIKE {
        assert_eq!(seen(1_u8, vec![path(p)]), text([p]));
    }
}

#[test]
fn paths_in_the_fields_of_a_node() {
    #[derive(Clone, CacheKey)]
    #[cache_key(value = String)]
    struct File<'a> {
        at: &'a Path,
        root: PathBuf,
        links: Vec<PathBuf>,
    }
    #[memoize(key = File { at, root: root.clone(), links: links.clone() })]
    fn read(at: &Path, root: PathBuf, links: Vec<PathBuf>) -> String {
        text((at, root, links))
    }
    let scope = Scope::new();
    let _inside = scope.enter();
    for a in ALIKE {
        for (root, link) in [("x", a), (a, "x")] {
            let shown = text((Path::new(a), path(root), vec![path(link)]));
            assert_eq!(read(Path::new(a), path(root), vec![path(link)]), shown);
        }
    }
}

/// Names and JSON find the entries of the calls.
#[test]
fn paths_given_as_json() {
    #[memoize(name = "told_apart::open")]
    fn open(at: &Path, links: Vec<PathBuf>, sizes: BTreeMap<PathBuf, u8>) -> String {
        text((at, links, sizes))
    }
    let scope = Scope::new();
    let _inside = scope.enter();
    for p in ALIKE {
        open(Path::new(p), vec![path(p)], [(path(p), 1)].into());
    }
    for (i, p) in ALIKE.into_iter().enumerate() {
        let key = registry().key("told_apart::open", &json!([p, [p], { p: 1 }])).unwrap();
        assert_eq!(key, open::key(Path::new(p), vec![path(p)], [(path(p), 1)].into()).any());
        assert!(key.is_live());
        assert_eq!(key.invalidate().count(), 1);
        assert_eq!(open::memo().len(), ALIKE.len() - 1 - i, "no other one has gone");
    }
    let other = registry().key("told_apart::open", &json!(["a/b/c/..", [], {}])).unwrap();
    assert!(!other.is_live());
}

/// What else of the standard library has values that are nearly the same.
macro_rules! apart {
    ($($test:ident: $t:ty = [$($value:expr),* $(,)?];)*) => { $(
        #[test]
        fn $test() {
            #[memoize]
            fn seen(arg: $t) -> String {
                text(&arg)
            }
            let scope = Scope::new();
            let _inside = scope.enter();
            let mut calls = 0;
            for _ in 0..2 {
                calls = 0;
                $(
                    calls += 1;
                    assert_eq!(seen($value), text::<$t>($value));
                )*
            }
            assert_eq!(seen::memo().stats().misses, calls);
        }
    )* };
}

type Floats = Vec<f64>;
type Point = (f32, f32);

fn used_up() -> RangeInclusive<u8> {
    let mut range = 1..=1;
    range.next();
    range
}

fn address(flow: u32, scope: u32) -> SocketAddr {
    SocketAddr::V6(SocketAddrV6::new(Ipv6Addr::LOCALHOST, 80, flow, scope))
}

apart! {
    zeros: f64 = [0.0, -0.0];
    zeros_by_another_name: Floats = [vec![0.0], vec![-0.0], vec![]];
    zeros_in_a_tuple_by_another_name: Point = [(0.0, 0.0), (0.0, -0.0), (-0.0, 0.0)];
    zeros_in_a_map: BTreeMap<u8, f64> = [[(1, 0.0)].into(), [(1, -0.0)].into()];
    zeros_in_a_box: Box<[f32]> = [Box::new([0.0]), Box::new([-0.0])];
    zeros_in_a_static_option: Option<&'static f64> = [Some(&0.0), Some(&-0.0), None];
    flows_and_scopes_of_addresses: SocketAddr = [address(0, 0), address(1, 0), address(0, 1)];
    ranges_that_were_used_up: RangeInclusive<u8> = [1..=1, used_up()];
    bounds: (Bound<u8>, Bound<u8>) = [(Bound::Included(1), Bound::Unbounded), (Bound::Excluded(1), Bound::Unbounded)];
    borders_of_lists: (Vec<String>, Vec<String>) = [
        (vec!["a".into()], vec![]),
        (vec![], vec!["a".into()]),
    ];
    borders_of_maps: Vec<BTreeMap<u8, u8>> = [
        vec![[(1, 1), (2, 2)].into()],
        vec![[(1, 1)].into(), [(2, 2)].into()],
    ];
    case_and_spelling: &str = ["e\u{301}", "\u{e9}", "\u{c9}", "é "];
}

/// NaN has many payloads, which a body sees as bits.
#[test]
fn not_a_number_of_several_kinds() {
    #[memoize]
    fn bits(one: f64, many: Floats) -> (u64, u64) {
        (one.to_bits(), many[0].to_bits())
    }
    let scope = Scope::new();
    let _inside = scope.enter();
    let nan = |payload: u64| f64::from_bits(f64::NAN.to_bits() | payload);
    for _ in 0..2 {
        for (a, b) in [(1, 1), (1, 2), (2, 1)] {
            assert_eq!(bits(nan(a), vec![nan(b)]), (nan(a).to_bits(), nan(b).to_bits()));
        }
    }
    assert_eq!(bits::memo().stats().misses, 3);
}
