//! Something to invalidate, as a value: whatever it names, and however, the verb's promise holds.

use std::sync::Mutex;
use std::thread::{self, JoinHandle};

use cache_core::testing::Scope;
use cache_core::{AllMemos, Invalidation, Memo, memoize, registry, tag};
use tests::Count;

#[memoize(name = "shop::price", tags = ["prices", "price:{of}"])]
fn price(of: &str) -> usize {
    of.len()
}

/// Everything that can name the price of tea.
fn of_tea() -> Vec<Invalidation> {
    let memo = price::memo().memos().remove(0);
    vec![
        price::key("tea").into(),
        (&price::key("tea")).into(),
        price::key("tea").any().into(),
        price::memo().into(),
        (&price::memo()).into(),
        memo.into(),
        tag("price:tea").into(),
        tag("price:tea").name().clone().into(),
        Invalidation::tag("prices"),
        Invalidation::memo("shop::price"),
        Invalidation::matching("shop::*tea*"),
        Invalidation::key_text("shop::price(\"tea\")"),
        Invalidation::key_text(price::key("tea").to_string()).soft(),
        Invalidation::from(&Invalidation::tag("price:tea")).soft(),
    ]
}

#[test]
fn whatever_names_an_entry_drops_it() {
    let scope = Scope::new();
    let _inside = scope.enter();
    for each in of_tea() {
        price("tea");
        let again = each.clone();
        assert!(price::key("tea").is_live(), "naming it does nothing");
        assert_eq!(each.apply().count(), 1, "{each:?}");
        assert!(!price::key("tea").is_live());
        price("tea");
        assert_eq!((again.apply().count(), again.apply().count()), (1, 0), "{each:?}");
    }
}

/// For each of them, while the value is computed: nobody who calls afterwards gets it, and it is not stored.
#[test]
fn whatever_names_an_entry_wins_over_a_computation() {
    static WHICH: Count = Count::new();
    static RUNS: Count = Count::new();
    static LATER: Mutex<Option<JoinHandle<usize>>> = Mutex::new(None);
    thread_local! {
        static SCOPE: Scope = Scope::new();
    }
    #[memoize(name = "slow::price", tags = ["slow", "slow:{of}"])]
    fn slow(of: &str) -> usize {
        let run = RUNS.add();
        if run == 0 {
            let names = [
                slow::key(of).into(),
                slow::memo().into(),
                tag("slow").into(),
                Invalidation::tag(format!("slow:{of}")),
                Invalidation::memo("slow::price"),
                Invalidation::matching("*slow*price*te*"),
                Invalidation::key_text(format!("slow::price({of:?})")),
            ];
            assert_eq!(names[WHICH.get()].apply().count(), 0);
            let scope = SCOPE.with(Scope::clone);
            let later = thread::spawn(move || {
                let _inside = scope.enter();
                slow("tea")
            });
            *LATER.lock().unwrap() = Some(later);
        }
        run
    }

    let scope = SCOPE.with(Scope::clone);
    let _inside = scope.enter();
    for which in 0..7 {
        slow::memo().clear();
        WHICH.set(which);
        RUNS.set(0);
        assert_eq!(slow("tea"), 0);
        let later = LATER.lock().unwrap().take().unwrap();
        assert_eq!(later.join().unwrap(), 1, "{which}: who called later got the value from before");
        assert_eq!(slow("tea"), 1, "{which}: the value from before was stored");
    }
}

#[test]
fn a_text_names_one_key_and_no_other() {
    #[memoize(name = "odd")]
    fn odd(text: &str) -> usize {
        text.len()
    }
    #[memoize(name = "odder")]
    fn odder(n: u32) -> u32 {
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let texts = ["*", "?", "a", "", "a\"b\\"];
    for text in texts {
        assert_eq!(odd(text), text.len());
    }
    odder(1);
    for text in ["odd(\"b\")", "odd", "", "(\"a\")", "odd(\"a\") ", "odde(1)", "odd*", "od*r(1)"] {
        assert_eq!(registry().invalidate_key_text(text).count(), 0, "{text}");
    }
    assert_eq!(registry().invalidate_key_text("odd(\"*\")").count(), 1);
    assert_eq!(registry().invalidate_key_text("odder(1)").count(), 1);
    assert_eq!(registry().invalidate_key_text(&odd::key("a\"b\\").to_string()).count(), 1);
    assert_eq!(odd::memo().len(), 3);
}

#[test]
fn a_memo_is_all_it_is_when_it_is_applied() {
    #[derive(Default)]
    struct Home {
        cats: Memo<u32>,
    }
    impl Home {
        #[memoize(memo = self.cats, name = "home")]
        fn cat(&self, n: u32) -> u32 {
            n
        }
        #[memoize(memo = self.cats, name = "home")]
        fn lives(&self, n: u32) -> u32 {
            n
        }
    }
    #[memoize]
    fn twice<T: Copy + std::hash::Hash + Eq + std::fmt::Debug + Send + Sync + 'static>(x: T) -> (T, T) {
        (x, x)
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    let home = Home::default();
    let all: AllMemos = twice::<u8>::all();
    let (of_field, of_function) = (Invalidation::from(&home.cats), Invalidation::from(all));
    home.cat(1);
    home.lives(1);
    twice(1_u8);
    twice("a");
    assert_eq!((of_field.apply().count(), of_function.apply().count()), (2, 2));
    home.cat(1);
    home.lives(1);
    assert_eq!(Invalidation::memo("home").apply().count(), 2, "of fields, too");
    assert_eq!(Invalidation::memo("hom").apply().count(), 0);
}

#[test]
fn it_acts_in_the_world_it_was_made_in() {
    let (scope, other) = (Scope::new(), Scope::new());
    let made = {
        let _inside = scope.enter();
        price("tea");
        of_tea()
    };
    let _inside = other.enter();
    price("tea");
    for each in made {
        each.apply();
        assert!(price::key("tea").is_live(), "{each:?}");
        let _back = scope.enter();
        assert!(!price::key("tea").is_live(), "{each:?}");
        price("tea");
    }
}

#[test]
fn as_it_shows() {
    assert_eq!(format!("{:?}", Invalidation::tag("a").soft()), r#"Tag(Tagged { name: "a" }).soft()"#);
    assert_eq!(format!("{:?}", Invalidation::from(price::key("tea"))), "Entry(shop::price(\"tea\"))");
    assert_eq!(format!("{:?}", Invalidation::matching("a*")), r#"Matching("a*")"#);
    assert_eq!(format!("{:?}", Invalidation::key_text("a")), r#"KeyText("a")"#);
    assert_eq!(format!("{:?}", Invalidation::memo("a")), r#"Named("a")"#);
}
