//! What an item may say of the value.

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
