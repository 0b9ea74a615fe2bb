//! Tags, entries, memos and patterns, as an attribute names them.

use super::*;

struct Owner(u64);

impl Tag for Owner {
    fn name(&self) -> cache_core::TagName {
        format!("owner {}", self.0).into()
    }
}

#[memoize(tags = ["owner {owner}"])]
fn cats_of(owner: u64) -> u64 {
    owner
}

#[test]
fn tags() {
    #[invalidates(tags = ["cat:{name}", Owner(owner), also.map(Owner), ..more.iter().map(|id| Owner(*id))])]
    fn write(name: String, owner: u64, also: Option<u64>, more: Vec<u64>) {
        drop((name, owner, also, more));
    }
    #[invalidates(tag = "cats")]
    fn write_all() {}
    #[invalidates(tags = [label, spare])]
    fn write_label(label: &str, spare: Option<String>) {
        let _ = (label, spare);
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let live = || (1..=5).filter(|owner| cats_of::key(*owner).is_live()).collect::<Vec<_>>();
    fill();
    (1..=5).for_each(|owner| assert_eq!(cats_of(owner), owner));
    write("tom".to_owned(), 1, None, vec![2, 3]);
    assert_eq!((left(), live()), ([false, true, true, true], vec![4, 5]));
    write("bob".to_owned(), 1, Some(4), Vec::new());
    assert_eq!((left(), live()), ([false, true, true, true], vec![5]));
    write_label("owner 5", None);
    assert_eq!(live(), [0; 0]);
    cats_of(5);
    write_label("unheard of", Some("owner 5".to_owned()));
    assert_eq!(live(), [0; 0]);
    fill();
    write_all();
    assert_eq!(left(), [false, false, true, true]);
}

#[test]
fn entries() {
    #[invalidates(entries = [get_cat(name), self::get_lives(name, id), super::get_cat::key("kit")])]
    fn write(name: String, id: u64) {
        drop((name, id));
    }
    #[invalidates(entries = [..names.iter().map(|name| get_cat::key(name)), key, other])]
    fn write_many(names: Vec<&str>, key: AnyKey, other: &cache_core::Key<u64>) {
        drop((names, key));
        let _ = other;
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    fill();
    write("tom".to_owned(), 1);
    assert_eq!(left(), [false, false, false, true]);
    fill();
    write_many(vec!["tom", "kit"], get_lives::key("tom", 1).any(), &get_lives::key("kit", 2));
    assert_eq!(left(), [false; 4]);
}

#[test]
fn an_entry_is_named_by_what_is_part_of_its_key() {
    struct Pool;
    #[memoize(key = name.len(), skip(_pool))]
    fn by_length(name: &str, _pool: &Pool) -> usize {
        name.len()
    }
    #[invalidates(entries = [by_length(name)])]
    fn write(name: &str) {}

    let scope = Scope::new();
    let _inside = scope.enter();
    by_length("tom", &Pool);
    write("kit");
    assert!(by_length::memo().is_empty());
}

#[test]
fn instantiations_of_generic_functions() {
    #[memoize]
    fn twice<T: Copy + Hash + Eq + std::fmt::Debug + Send + Sync + 'static>(x: T) -> [T; 2] {
        [x, x]
    }
    #[invalidates(entries = [twice(n), twice::<u8>(1)])]
    fn write(n: u32) {}
    #[invalidates(memos = [twice::<u8>])]
    fn write_bytes() {}
    #[invalidates(memos = [twice::<u8>::all()])]
    fn write_all() {}

    let scope = Scope::new();
    let _inside = scope.enter();
    let fill = || (twice(1_u32), twice(2_u32), twice(1_u8), twice(2_u8));
    let left = || (twice::<u32>::memo().len(), twice::<u8>::memo().len());
    fill();
    write(1);
    assert_eq!(left(), (1, 1));
    fill();
    write_bytes();
    assert_eq!(left(), (2, 0));
    fill();
    write_all();
    assert_eq!(left(), (0, 0));
}

#[test]
fn memos_and_patterns() {
    #[invalidates(memos = [get_cat, super::get_lives])]
    fn write_all() {}
    #[invalidates(memos = [memo, ..more])]
    fn write_given(memo: &Memo<String>, more: &[Memo<u64>]) {
        let _ = (memo, more);
    }
    #[invalidates(matching = "*get_*({name:?}*")]
    fn write_name(name: &str) {}
    #[invalidates(matching = ["*get_cat(\"t?m\")", "*get_lives(*, 2)"])]
    fn write_some() {}

    let scope = Scope::new();
    let _inside = scope.enter();
    fill();
    write_all();
    assert_eq!(left(), [false; 4]);
    fill();
    write_given(&get_cat::memo(), &[get_lives::memo()]);
    assert_eq!(left(), [false; 4]);
    fill();
    write_name("tom");
    assert_eq!(left(), [false, true, false, true]);
    fill();
    write_some();
    assert_eq!(left(), [false, true, true, false]);
}

#[test]
fn what_is_in_parentheses_is_taken_as_it_is() {
    fn key_of(name: &str) -> cache_core::Key<String> {
        get_cat::key(name)
    }
    #[invalidates(entries = [(key_of(name)), Invalidation::key_text(format!("{}", get_lives::key(name, 1)))])]
    fn write(name: &str) {}

    let scope = Scope::new();
    let _inside = scope.enter();
    fill();
    write("tom");
    assert_eq!(left(), [false, true, false, true]);
}
