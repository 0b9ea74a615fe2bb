//! What goes wrong within `#[invalidates]` itself leaves the call alone, and drops too much rather than too little.

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
