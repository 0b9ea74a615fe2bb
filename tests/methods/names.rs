//! What methods are called in keys, in the registry, and in errors.

use super::*;

struct Db;

#[memoize]
impl Db {
    #[memoize(skip(self))]
    fn cat(&self, id: u32, name: &str) -> String {
        format!("{id} {name}")
    }

    // Only the attribute on the `impl` tells that this is not a function by itself.
    #[memoize]
    fn plain(n: u32) -> u32 {
        n + 1
    }

    #[memoize(skip(self), name = "felines::dog")]
    fn dog(&self, n: u32) -> u32 {
        n
    }

    #[memoize(skip(self))]
    fn sized<T: Default + Clone + Send + Sync + 'static, const N: usize>(&self, n: u32) -> [T; N] {
        let _ = n;
        std::array::from_fn(|_| T::default())
    }
}

#[test]
fn keys_are_shown_with_the_path_of_the_type() {
    assert_eq!(Db.cat_entry(1, "tom").id().to_string(), r#"methods::names::Db::cat(1, "tom")"#);
    assert_eq!(Db::plain_key(4).to_string(), "methods::names::Db::plain(4)");
    assert_eq!(Db::dog_key(4).to_string(), "felines::dog(4)");
    let sized = Db::sized_memo::<u8, 3>();
    assert!(sized.name().starts_with("methods::names::Db::sized<u8, "), "{}", sized.name());
    assert_ne!(sized.name(), Db::sized_memo::<u8, 4>().name());
}

#[test]
fn memos_are_found_by_that_name() {
    let scope = Scope::new();
    let _inside = scope.enter();
    Db.cat(1, "tom");
    Db::plain(4);
    let memo = registry().find("methods::names::Db::cat").unwrap();
    assert_eq!(memo.any_keys().len(), 1);
    assert_eq!(registry().invalidate("methods::names::Db::cat", &(1, "tom")).unwrap().count(), 1);
    assert_eq!(registry().invalidate_matching("methods::names::*").count(), 1);
}

#[test]
fn functions_of_an_impl_that_name_neither_self_nor_its_type() {
    assert_eq!((Db::plain(7), Db::plain_entry(7).get()), (8, Some(8)));
}
