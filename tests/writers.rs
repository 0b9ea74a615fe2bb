//! `#[invalidates]`: what a function that writes drops, and when.

use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};

use cache_core::testing::Scope;
use cache_core::{AnyKey, Invalidation, Memo, Pending, Tag, invalidates, memoize, tag};
use tests::Count;

fn panics<T>(run: impl FnOnce() -> T) -> bool {
    catch_unwind(AssertUnwindSafe(run)).is_err()
}

#[memoize(tags = ["cats", "cat:{name}"])]
fn get_cat(name: &str) -> String {
    format!("cat {name}")
}

#[memoize]
fn get_lives(name: &str, id: u64) -> u64 {
    let _ = name;
    id
}

/// Stores some entries, which nothing has written yet.
fn fill() {
    get_cat("tom");
    get_cat("kit");
    get_lives("tom", 1);
    get_lives("kit", 2);
}

/// Which of them are still there.
fn left() -> [bool; 4] {
    [
        get_cat::key("tom").is_live(),
        get_cat::key("kit").is_live(),
        get_lives::key("tom", 1).is_live(),
        get_lives::key("kit", 2).is_live(),
    ]
}

const ALL: [bool; 4] = [true; 4];

mod when {
    use super::*;

    #[invalidates(entries = [get_cat(name)])]
    fn touch(name: &str) -> Option<u32> {
        assert!(get_cat::key(name).is_live(), "nothing is dropped before it is written");
        None
    }

    #[test]
    fn whatever_is_no_result_is_a_success() {
        let scope = Scope::new();
        let _inside = scope.enter();
        fill();
        assert_eq!(touch("tom"), None);
        assert_eq!(left(), [false, true, true, true]);
    }

    type Answer<T> = std::io::Result<T>;

    #[invalidates(entries = [get_cat(name)])]
    fn rename(name: &str, fails: bool) -> Answer<()> {
        if fails {
            return Err(std::io::ErrorKind::NotFound.into());
        }
        "1".parse::<u32>().map_err(std::io::Error::other)?;
        Ok(())
    }

    #[test]
    fn an_error_leaves_everything_there() {
        let scope = Scope::new();
        let _inside = scope.enter();
        fill();
        rename("tom", true).unwrap_err();
        assert_eq!(left(), ALL);
        rename("tom", false).unwrap();
        assert_eq!(left(), [false, true, true, true]);
    }

    #[test]
    fn a_panic_drops_what_may_have_been_written() {
        #[invalidates(entries = [get_cat(name)])]
        fn write(name: &str) -> Result<(), String> {
            panic!("{name} cannot be told")
        }

        let scope = Scope::new();
        let _inside = scope.enter();
        fill();
        assert!(panics(|| write("tom")));
        assert_eq!(left(), [false, true, true, true]);
    }

    #[test]
    fn a_value_that_was_being_computed_is_not_stored() {
        #[invalidates(entries = [current(7)])]
        fn write() {}
        #[memoize]
        fn current(n: u32) -> u32 {
            write();
            n
        }

        let scope = Scope::new();
        let _inside = scope.enter();
        assert_eq!(current(7), 7);
        assert!(!current::key(7).is_live());
    }

    #[test]
    fn above_memoize_it_acts_when_the_body_runs_below_whenever_it_is_called() {
        #[invalidates(entries = [get_cat(name)])]
        #[memoize]
        fn above(name: &str) -> u32 {
            u32::try_from(name.len()).unwrap()
        }
        #[memoize]
        #[invalidates(entries = [get_cat(name)])]
        fn below(name: &str) -> u32 {
            u32::try_from(name.len()).unwrap()
        }

        let scope = Scope::new();
        let _inside = scope.enter();
        for run in [above, below] {
            fill();
            run("tom");
            assert_eq!(left(), [false, true, true, true]);
        }
        fill();
        above("tom");
        assert!(get_cat::key("tom").is_live(), "a hit writes nothing");
        below("tom");
        assert!(!get_cat::key("tom").is_live());
    }
}

mod what {
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
}

mod value {
    use super::*;

    #[derive(Clone, Debug, PartialEq)]
    struct Cat {
        id: u64,
        name: String,
        mother: Option<String>,
    }

    #[invalidates(
        entries = [get_lives(&value.name, value.id), get_cat(value.mother.as_deref()?)],
        tags = ["cat:{value.name}", "named {name} {value.id:03}"],
        matching = "*get_lives({name:?}, {value.id})",
    )]
    fn create(name: String, fails: bool) -> Result<Cat, String> {
        let mother = name.strip_prefix("little ").map(str::to_owned);
        if fails { Err(name) } else { Ok(Cat { id: 1, name, mother }) }
    }

    #[test]
    fn is_the_ok_of_a_result() {
        let scope = Scope::new();
        let _inside = scope.enter();
        fill();
        create("tom".to_owned(), true).unwrap_err();
        assert_eq!(left(), ALL);
        create("tom".to_owned(), false).unwrap();
        assert_eq!(left(), [false, true, false, true]);
    }

    #[test]
    fn what_reaches_through_a_none_is_left_out() {
        let scope = Scope::new();
        let _inside = scope.enter();
        fill();
        create("little kit".to_owned(), false).unwrap();
        assert_eq!(left(), [true, false, true, true]);
    }

    #[test]
    fn is_the_whole_of_another_return() {
        #[invalidates(entries = [get_lives(&names[0], *value), get_lives(name, *value)], tags = ["cat:{names.len}"])]
        fn of(names: Names, name: &str) -> u64 {
            drop(names);
            2
        }
        #[derive(Clone)]
        struct Names {
            len: String,
        }
        impl std::ops::Index<usize> for Names {
            type Output = String;
            fn index(&self, _: usize) -> &String {
                &self.len
            }
        }

        let scope = Scope::new();
        let _inside = scope.enter();
        fill();
        of(Names { len: "kit".to_owned() }, "tom");
        assert_eq!(left(), [true, false, true, false]);
    }

    #[test]
    fn is_not_known_when_the_call_panics() {
        #[invalidates(entries = [get_cat(name), get_lives(name, *value)])]
        fn write(name: &str) -> u64 {
            panic!("{name}")
        }
        let scope = Scope::new();
        let _inside = scope.enter();
        fill();
        assert!(panics(|| write("tom")));
        assert_eq!(left(), [false, true, true, true]);
    }
}

mod mistakes {
    use super::*;

    struct Grumpy;

    impl std::fmt::Display for Grumpy {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("no")
        }
    }

    #[test]
    fn what_cannot_be_made_is_left_out_and_the_call_goes_on() {
        fn none() -> String {
            panic!("no")
        }
        #[invalidates(
            tags = ["cat:{grumpy}", none(), "cat:kit", "{grumpy}{value}", ..[1, 2].iter().map(|_| none())],
            entries = [get_cat(&none()), get_cat("tom"), get_cat(&format!("{value}{}", none()))],
            memos = [..[1].iter().map(|_| { none(); get_cat::memo() })],
        )]
        fn write(grumpy: Grumpy) -> u32 {
            drop(Box::new(grumpy));
            7
        }

        let scope = Scope::new();
        let _inside = scope.enter();
        fill();
        get_cat("bob");
        assert_eq!(write(Grumpy), 7);
        assert_eq!(left(), [false, false, true, true]);
        assert!(get_cat::key("bob").is_live());
    }

    #[test]
    fn what_cannot_be_kept_is_left_out_and_the_call_goes_on() {
        struct Unkept(&'static str);
        impl Clone for Unkept {
            fn clone(&self) -> Self {
                panic!("no")
            }
        }
        impl Unkept {
            fn name(&self) -> &'static str {
                self.0
            }
        }
        #[invalidates(entries = [get_lives(unkept.name(), *value), get_cat(unkept.name()), get_lives("kit", *value)])]
        fn write(unkept: Unkept) -> u64 {
            drop(Box::new(unkept));
            2
        }

        let scope = Scope::new();
        let _inside = scope.enter();
        fill();
        assert_eq!(write(Unkept("tom")), 2);
        assert_eq!(left(), [false, true, true, false]);
    }

    #[test]
    fn a_hole_that_cannot_be_shown_matches_anything() {
        #[invalidates(matching = "*get_lives(\"{grumpy}\", *)")]
        fn write(grumpy: &Grumpy) {
            let _ = grumpy;
        }
        #[invalidates(matching = "*get_lives(\"{grumpy}\", {value})")]
        fn write_one(grumpy: &Grumpy) -> u32 {
            let _ = grumpy;
            2
        }

        let scope = Scope::new();
        let _inside = scope.enter();
        fill();
        write_one(&Grumpy);
        assert_eq!(left(), [true, true, true, false]);
        write(&Grumpy);
        assert_eq!(left(), [true, true, false, false]);
    }

    #[derive(Clone, Debug)]
    struct Odd(u32);

    impl PartialEq for Odd {
        fn eq(&self, other: &Self) -> bool {
            assert!(self.0 < 10, "cannot be compared");
            self.0 == other.0
        }
    }

    impl Eq for Odd {}

    impl Hash for Odd {
        fn hash<H: Hasher>(&self, state: &mut H) {
            self.0.hash(state);
        }
    }

    /// The table compares keys that hash alike; a key equals itself, if it can be compared at all.
    #[test]
    fn all_of_a_memo_goes_where_keys_cannot_be_compared() {
        #[memoize]
        fn odd(key: Odd) -> u32 {
            key.0
        }
        #[invalidates(entries = [odd(Odd(11)), get_cat("tom")])]
        fn write(panic: bool) {
            assert!(!panic, "outcome unknown");
        }

        let scope = Scope::new();
        let _inside = scope.enter();
        for panic in [false, true] {
            fill();
            odd(Odd(1));
            odd(Odd(11));
            assert_eq!(odd::memo().len(), 2);
            assert_eq!(panics(|| write(panic)), panic);
            assert_eq!(odd::memo().len(), 0);
            assert_eq!(left(), [false, true, true, true], "and what comes after goes too");
        }
    }
}

mod collected {
    use super::*;

    struct Tx {
        pending: Pending,
    }

    impl Tx {
        fn pending(&self) -> &Pending {
            &self.pending
        }

        #[invalidates(entries = [get_cat(name)], into = self.pending)]
        fn write(&self, name: &str) {}

        #[invalidates(entries = [get_lives(name, *value)], into = self.pending())]
        fn create(&mut self, name: &str, fails: bool) -> Result<u64, ()> {
            if fails { Err(()) } else { Ok(1) }
        }
    }

    #[test]
    fn what_is_written_within_a_transaction() {
        #[invalidates(tag = "cat:kit", into = pending)]
        fn write(pending: &Pending) {}
        #[invalidates(tag = "cat:kit", into = pending)]
        fn panic(pending: &mut Pending) {
            assert!(pending.is_empty(), "outcome unknown");
        }

        let scope = Scope::new();
        let _inside = scope.enter();
        fill();
        let mut tx = Tx { pending: Pending::new() };
        tx.write("tom");
        assert_eq!((tx.pending.len(), left()), (1, ALL));
        tx.create("tom", true).unwrap_err();
        assert_eq!(tx.pending.len(), 1);
        tx.create("tom", false).unwrap();
        write(&tx.pending);
        assert_eq!((tx.pending.len(), left()), (3, ALL));
        assert!(panics(|| panic(&mut tx.pending)));
        assert_eq!((tx.pending.len(), left()), (4, ALL));
        assert_eq!(tx.pending.apply().count(), 3);
        assert_eq!(left(), [false, false, false, true]);
        assert!(tx.pending.is_empty());
    }
}

#[test]
fn a_writer_of_a_scope_writes_there() {
    static RUNS: Count = Count::new();
    #[memoize(tags = ["scoped"])]
    fn scoped(n: u32) -> u32 {
        RUNS.add();
        n
    }
    #[invalidates(tag = "scoped")]
    fn write() {}

    scoped(1);
    let scope = Scope::new();
    {
        let _inside = scope.enter();
        scoped(1);
        write();
        assert!(scoped::memo().is_empty());
    }
    assert_eq!(tag("scoped").len(), 1);
    write();
    assert_eq!((tag("scoped").len(), RUNS.get()), (0, 2));
}

#[test]
fn tags_of_a_write_reach_through_what_is_not_there() {
    #[memoize(tags = ["owner:{owner}", "owner:none"])]
    fn of(owner: u32) -> u32 {
        owner
    }
    #[invalidates(tags = ["owner:{owner}", "owner:{value.0}"])]
    fn move_out(owner: Option<u32>, to: Option<u32>) -> (Option<u32>,) {
        (to,)
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let there = || [7, 8].map(|owner| of::key(owner).is_live());
    of(7);
    of(8);
    move_out(None, None);
    assert_eq!(there(), [true, true]);
    move_out(Some(7), None);
    assert_eq!(there(), [false, true]);
    move_out(None, Some(8));
    assert_eq!(there(), [false, false]);
}
