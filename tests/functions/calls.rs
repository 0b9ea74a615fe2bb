//! A call is answered from the cache or runs the body; an entry's verbs do what they say.

use cache_core::testing::Scope;
use cache_core::{Peek, Ttl, memoize};
use tests::{Count, secs};

#[test]
fn the_body_runs_once_for_each_distinct_call() {
    static RUNS: Count = Count::new();
    #[memoize]
    fn add(a: u32, b: u32) -> u32 {
        RUNS.add();
        a + b
    }

    let answers = [add(1, 2), add(1, 2), add(1, 3), add(1, 3), add(1, 2)];
    assert_eq!(answers, [3, 3, 4, 4, 3]);
    assert_eq!(RUNS.get(), 2);
    let stats = add::memo().stats();
    assert_eq!((stats.hits, stats.misses, stats.stores), (3, 2, 2));
    assert!((stats.hit_ratio() - 0.6).abs() < 1e-9);
}

#[test]
fn a_function_without_arguments_has_one_entry() {
    static RUNS: Count = Count::new();
    #[memoize]
    fn answer() -> usize {
        RUNS.add()
    }

    assert_eq!([answer(), answer()], [0, 0]);
    assert_eq!(answer::memo().clear().count(), 1);
    assert_eq!([answer(), answer(), answer()], [1, 1, 1]);
    assert_eq!(RUNS.get(), 2);
    assert_eq!(answer::memo().len(), 1);
    assert_eq!(answer::entry().id().to_string(), "functions::calls::answer()");
}

#[test]
fn call_is_what_calling_the_function_does() {
    static RUNS: Count = Count::new();
    #[memoize]
    fn twice(n: u32) -> u32 {
        RUNS.add();
        2 * n
    }

    assert_eq!(twice::entry(4).call(), 8);
    assert_eq!(twice(4), 8);
    assert_eq!(twice::entry(4).call(), 8);
    assert_eq!(RUNS.get(), 1);
}

#[test]
fn uncached_always_runs_and_touches_nothing() {
    static RUNS: Count = Count::new();
    #[memoize]
    fn run(_n: u32) -> usize {
        RUNS.add()
    }

    assert_eq!(run::entry(1).uncached(), 0);
    assert_eq!(run::entry(1).uncached(), 1);
    assert_eq!(run::memo().len(), 0);
    assert_eq!(run(1), 2);
    assert_eq!(run::entry(1).uncached(), 3);
    assert_eq!(run(1), 2);
    assert_eq!(run::memo().stats().misses, 1);
}

#[test]
fn get_and_peek_never_compute() {
    static RUNS: Count = Count::new();
    #[memoize]
    fn run(n: u32) -> u32 {
        RUNS.add();
        n
    }

    assert_eq!(run::entry(1).get(), None);
    assert_eq!(run::entry(1).peek(), Peek::Absent);
    assert_eq!(run::key(1).get(), None);
    assert_eq!(run::key(1).peek(), Peek::Absent);
    assert_eq!(RUNS.get(), 0);
    run(1);
    assert_eq!(run::entry(1).get(), Some(1));
    assert_eq!(run::key(1).get(), Some(1));
    assert_eq!(RUNS.get(), 1);
}

#[test]
fn get_counts_as_a_read_and_peek_as_nothing() {
    #[memoize]
    fn run(n: u32) -> u32 {
        n
    }

    run(1);
    let before = run::memo().stats();
    let _ = run::entry(1).peek();
    let _ = run::entry(2).peek();
    let _ = run::key(1).is_live();
    let _ = run::key(1).ttl();
    assert_eq!(run::memo().stats(), before);
    let _ = run::entry(1).get();
    let _ = run::key(1).get();
    let _ = run::entry(2).get();
    let after = run::memo().stats();
    assert_eq!((after.hits - before.hits, after.misses - before.misses), (2, 1));
}

#[test]
fn peek_tells_age_and_remaining_ttl() {
    #[memoize(ttl = 10)]
    fn limited(n: u32) -> u32 {
        n
    }
    #[memoize]
    fn unlimited(n: u32) -> u32 {
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    limited(1);
    unlimited(1);
    scope.advance(secs(4));
    let Peek::Fresh { value, age, ttl, .. } = limited::entry(1).peek() else { panic!("absent") };
    assert_eq!((value, age, ttl), (1, secs(4), Ttl::For(secs(6))));
    let Peek::Fresh { age, ttl, .. } = unlimited::key(1).peek() else { panic!("absent") };
    assert_eq!((age, ttl), (secs(4), Ttl::Unlimited));
    scope.advance(secs(6));
    assert_eq!(limited::entry(1).peek(), Peek::Absent);
}

#[test]
fn insert_overrides() {
    static RUNS: Count = Count::new();
    #[memoize]
    fn run(n: u32) -> u32 {
        RUNS.add();
        n
    }

    assert!(run::entry(1).insert(100));
    assert_eq!(run(1), 100);
    assert!(run::entry(1).insert(200));
    assert_eq!(run(1), 200);
    assert_eq!(run::memo().len(), 1);
    assert_eq!(RUNS.get(), 0);
}

#[test]
fn insert_if_absent_refuses_what_is_present() {
    #[memoize(ttl = 10)]
    fn run(n: u32) -> u32 {
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert!(run::entry(1).insert_if_absent(5));
    assert!(!run::entry(1).insert_if_absent(6));
    assert_eq!(run::entry(1).get(), Some(5));
    // What is past its ttl is absent.
    scope.advance(secs(10));
    assert_eq!(run::entry(1).get(), None);
    assert!(run::entry(1).insert_if_absent(7));
    assert_eq!(run::entry(1).get(), Some(7));
}

#[test]
fn insert_if_present_refuses_what_is_absent() {
    #[memoize(ttl = 10)]
    fn run(n: u32) -> u32 {
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert!(!run::entry(1).insert_if_present(5));
    assert_eq!(run::entry(1).get(), None);
    run(1);
    assert!(run::entry(1).insert_if_present(5));
    assert_eq!(run::entry(1).get(), Some(5));
    scope.advance(secs(10));
    assert!(!run::entry(1).insert_if_present(6));
    assert_eq!(run::entry(1).get(), None);
}

#[test]
fn refresh_replaces_and_later_calls_see_it() {
    static RUNS: Count = Count::new();
    #[memoize]
    fn run(_n: u32) -> usize {
        RUNS.add()
    }

    assert_eq!(run(1), 0);
    assert_eq!(run::entry(1).refresh(), 1);
    assert_eq!(run(1), 1);
    // Of what is absent too.
    assert_eq!(run::entry(2).refresh(), 2);
    assert_eq!(run(2), 2);
    assert_eq!(run::memo().len(), 2);
}

#[test]
fn a_refresh_that_panics_keeps_the_old_value() {
    static RUNS: Count = Count::new();
    #[memoize]
    fn run(n: u32) -> u32 {
        assert!(RUNS.add() == 0, "the second run");
        n
    }

    run(7);
    assert!(std::panic::catch_unwind(|| run::entry(7).refresh()).is_err());
    assert_eq!(run(7), 7);
}

#[test]
fn get_many_keeps_the_order_and_leaves_gaps() {
    #[memoize]
    fn square(n: u32) -> u32 {
        n * n
    }

    square(3);
    square(5);
    let keys = [3, 4, 5].map(square::key);
    assert_eq!(square::memo().get_many(&keys), [Some(9), None, Some(25)]);
    assert!(square::memo().get_many([]).is_empty());
}

#[test]
fn what_the_first_call_returned_the_second_returns() {
    #[memoize]
    fn digits(n: u32) -> String {
        n.to_string()
    }
    #[memoize]
    fn share(n: u32) -> std::sync::Arc<String> {
        std::sync::Arc::new(n.to_string())
    }

    assert_eq!(digits(7), digits(7));
    assert!(std::sync::Arc::ptr_eq(&share(7), &share(7)));
}

#[test]
fn an_entry_shows_its_address() {
    #[memoize]
    fn cat(name: &str, lives: u32) -> u32 {
        let _ = name;
        lives
    }

    assert_eq!(cat::key("tom", 9).to_string(), r#"functions::calls::cat("tom", 9)"#);
    assert_eq!(cat::entry("tom", 9).id().to_string(), r#"functions::calls::cat("tom", 9)"#);
    assert!(format!("{:?}", cat::entry("tom", 9)).contains(r#"functions::calls::cat("tom", 9)"#));
    assert_eq!(cat::memo().name(), "functions::calls::cat");
}

#[test]
fn addresses_can_be_kept_and_compared() {
    #[memoize]
    fn cat(name: &str) -> u32 {
        u32::try_from(name.len()).unwrap()
    }
    #[memoize]
    fn dog(name: &str) -> u32 {
        u32::try_from(name.len()).unwrap()
    }

    let tom = cat::key("tom");
    assert_eq!(tom, cat::entry("tom").id());
    assert_ne!(tom, cat::key("kit"));
    assert_ne!(tom, dog::key("tom"));
    assert_ne!(tom.any(), dog::key("tom").any());
    let known: std::collections::HashSet<_> = [tom.clone(), cat::key("tom"), cat::key("kit")].into();
    assert_eq!(known.len(), 2);
    assert!(!tom.is_live());
    cat("tom");
    assert!(tom.is_live());
    assert_eq!(tom.get(), Some(3));
    assert_eq!(tom.invalidate().count(), 1);
    assert!(!tom.is_live());
    // It stays good whether or not the entry is there.
    cat("tom");
    assert_eq!(tom.get(), Some(3));
    assert_eq!(tom.memo().name(), "functions::calls::cat");
}

#[test]
fn an_argument_is_moved_into_the_body_as_given() {
    #[memoize]
    fn sorted(mut words: Vec<String>) -> Vec<String> {
        words.sort();
        words.push("end".to_owned());
        words
    }

    let words = vec!["b".to_owned(), "a".to_owned()];
    assert_eq!(sorted(words.clone()), ["a", "b", "end"]);
    // What the body did to its argument is not part of the key.
    assert_eq!(sorted(words.clone()), ["a", "b", "end"]);
    assert_eq!(sorted::memo().stats().hits, 1);
    assert!(sorted::key(words).is_live());
}

#[test]
fn nothing_of_a_call_that_was_never_made_is_there() {
    #[memoize(ttl = 1)]
    fn never(n: u32) -> u32 {
        n
    }

    assert_eq!(never::entry(1).ttl(), None);
    assert!(!never::entry(1).set_ttl(secs(5)));
    assert!(!never::entry(1).extend_ttl(secs(5)));
    assert_eq!(never::entry(1).invalidate().count(), 0);
    assert!(never::memo().is_empty());
    assert!(never::memo().keys().is_empty());
    assert_eq!(never::memo().sweep(), 0);
    assert_eq!(never::entry(1).peek(), Peek::Absent);
}
