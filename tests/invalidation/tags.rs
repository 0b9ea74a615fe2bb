//! Labels to invalidate by: fixed, or filled from arguments and result; across functions.

use cache_core::testing::Scope;
use cache_core::{memoize, tag};
use tests::{Count, secs};

#[derive(Clone, Debug, PartialEq)]
struct Cat {
    name: String,
    owner_id: u64,
    friends: Friends,
}

#[derive(Clone, Debug, PartialEq)]
struct Friends {
    best: (String, u32),
}

fn cat(name: &str, owner_id: u64) -> Cat {
    Cat { name: name.to_owned(), owner_id, friends: Friends { best: ("kit".to_owned(), 1) } }
}

#[test]
fn tag_by_tag() {
    #[memoize(tags = ["three:{n}"])]
    fn three(n: u32) -> u32 {
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    for n in 0..3 {
        three(n);
    }
    for n in 0..3 {
        assert_eq!(tag(format!("three:{n}")).invalidate().count(), 1);
    }
    for n in 0..3 {
        assert_eq!(tag(format!("three:{n}")).invalidate().count(), 0);
    }
}

#[test]
fn a_tag_reaches_across_functions() {
    #[memoize(tag = "animals")]
    fn cats(n: u32) -> u32 {
        n
    }
    #[memoize(tags = ["animals", "dogs"])]
    fn dogs(n: u32) -> u32 {
        n
    }
    #[memoize]
    fn stones(n: u32) -> u32 {
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    for n in 0..5 {
        cats(n);
        dogs(n);
        stones(n);
    }
    assert_eq!((tag("animals").len(), tag("dogs").len()), (10, 5));
    assert_eq!(tag("dogs").invalidate().count(), 5);
    assert_eq!((cats::memo().len(), dogs::memo().len(), stones::memo().len()), (5, 0, 5));
    assert_eq!(tag("animals").invalidate().count(), 5);
    assert_eq!((cats::memo().len(), dogs::memo().len(), stones::memo().len()), (0, 0, 5));
    assert!(tag("animals").is_empty());
    // What is stored afterwards lives.
    cats(1);
    assert_eq!(tag("animals").len(), 1);
    assert!(cats::key(1).is_live());
}

#[test]
fn tags_filled_from_arguments() {
    #[memoize(tags = ["cats", "cat:{name}", "litter:{litter.0}/{litter.1}", "{name}-{lives:03}", "{{{name}}}"])]
    fn get(name: &str, lives: u32, litter: (u32, u32)) -> u32 {
        let _ = (name, litter);
        lives
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    get("tom", 9, (1, 2));
    assert_eq!(get::memo().tags(), ["cat:tom", "cats", "litter:1/2", "tom-009", "{tom}"]);
}

#[test]
fn an_entry_goes_with_a_tag_from_its_result() {
    #[memoize(tags = ["owner:{value.owner_id}", "best:{value.friends.best.0}"])]
    fn get(name: &str, owner: u64) -> Cat {
        cat(name, owner)
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    get("tom", 7);
    get("kit", 7);
    get("bob", 8);
    assert_eq!(tag("owner:7").len(), 2);
    assert_eq!(tag("owner:7").invalidate().count(), 2);
    assert!(get::key("bob", 8).is_live());
    assert_eq!(tag("best:kit").invalidate().count(), 1, "nested");
    assert!(get::memo().is_empty());
}

#[test]
fn the_value_of_a_tag_is_the_ok_of_a_result() {
    #[memoize(tags = ["by:{value.owner_id}"])]
    fn get(name: &str, owner: u64) -> Result<Cat, String> {
        if owner > 0 { Ok(cat(name, owner)) } else { Err("a stray".to_owned()) }
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    get("tom", 7).unwrap();
    get("kit", 0).unwrap_err();
    assert_eq!(get::memo().tags(), ["by:7"]);
    assert_eq!(tag("by:7").invalidate().count(), 1);
}

#[test]
fn what_is_inserted_is_tagged_too() {
    #[memoize(tags = ["cats", "cat:{name}", "owner:{value.owner_id}"])]
    fn get(name: &str) -> Cat {
        cat(name, 1)
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    assert!(get::entry("tom").insert(cat("tom", 5)));
    assert_eq!(get::memo().tags(), ["cat:tom", "cats", "owner:5"]);
    // A new value takes the tags of the old one away.
    assert!(get::entry("tom").insert(cat("tom", 6)));
    assert_eq!(get::memo().tags(), ["cat:tom", "cats", "owner:6"]);
    assert_eq!(tag("owner:5").invalidate().count(), 0);
    assert_eq!(tag("owner:6").invalidate().count(), 1);
    assert!(get::entry("tom").insert(cat("tom", 5)));
    assert_eq!(tag("cat:tom").invalidate().count(), 1);
}

#[test]
fn a_skipped_argument_can_fill_a_tag() {
    #[memoize(skip(tenant), tags = ["tenant:{tenant}"])]
    fn get(n: u32, tenant: String) -> u32 {
        n + u32::try_from(tenant.len()).unwrap()
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    get(1, "red".to_owned());
    assert_eq!(tag("tenant:red").invalidate().count(), 1);
}

#[test]
fn an_argument_that_the_body_consumes_can_fill_a_tag() {
    #[memoize(tags = ["word:{word}", "first:{words.0}"])]
    fn consume(word: String, words: (String, u32)) -> usize {
        drop(words);
        word.into_bytes().len()
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    consume("ab".to_owned(), ("cd".to_owned(), 1));
    assert_eq!(consume::memo().tags(), ["first:cd", "word:ab"]);
}

#[test]
fn the_keys_of_a_tag_are_its_live_entries() {
    #[memoize(ttl = 10, tags = ["keys", "parity:{value}"])]
    fn run(n: u32) -> u32 {
        n % 2
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    (0..4).for_each(|n| {
        run(n);
    });
    let mut keys: Vec<_> = tag("parity:1").keys().iter().map(ToString::to_string).collect();
    keys.sort();
    assert_eq!(keys, ["invalidation::tags::run(1)", "invalidation::tags::run(3)"]);
    for key in tag("parity:1").keys() {
        assert_eq!(key.invalidate().count(), 1);
    }
    assert_eq!((tag("keys").len(), tag("parity:1").len()), (2, 0));
    scope.advance(secs(10));
    assert!(tag("keys").is_empty());
}

#[test]
fn a_tag_that_nothing_carries_is_no_trouble() {
    let scope = Scope::new();
    let _inside = scope.enter();
    assert_eq!(tag("unheard of").invalidate().count(), 0);
    assert!(tag("unheard of").keys().is_empty());
    assert_eq!(tag("unheard of").len(), 0);
}

#[test]
fn a_tag_and_a_key_of_one_text_do_not_clash() {
    #[memoize(key = "same:{n}", skip(m), tags = ["same:{m}"])]
    fn run(n: u32, m: u32) -> u32 {
        n + m
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    run(1, 2);
    run(2, 1);
    assert_eq!(tag("same:1").invalidate().count(), 1);
    assert_eq!(run::memo().keys().len(), 1);
}

#[test]
fn no_entry_of_a_tag_outlives_its_invalidation_however_many() {
    static LEFT: Count = Count::new();
    // Called while the entries are taken out, one by one: all must be dead by the first.
    #[memoize(capacity = unbounded, tags = ["big:{value}"], on_evict = |_key, _value, _cause| {
        if LEFT.add() == 0 {
            assert!(tag("big:1").is_empty());
            assert_eq!(run::memo().len(), 10_000);
        }
    })]
    fn run(n: u32) -> u32 {
        n % 2
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    (0..20_000).for_each(|n| {
        run(n);
    });
    assert_eq!(tag("big:1").invalidate().count(), 10_000);
    assert_eq!(LEFT.get(), 10_000);
    assert_eq!(run::memo().len(), 10_000);
    assert_eq!(run::memo().stats().hook_panics, 0);
    assert!((0..20_000).all(|n| run::key(n).is_live() == (n % 2 == 0)));
}

#[test]
fn no_reader_sees_an_entry_from_before_an_invalidation() {
    use std::sync::atomic::{AtomicU64, Ordering};
    static TRUTH: AtomicU64 = AtomicU64::new(0);
    static PUBLISHED: AtomicU64 = AtomicU64::new(0);
    #[memoize(tags = ["truth", "truth:{n}"])]
    fn read(n: u64) -> u64 {
        let _ = n;
        TRUTH.load(Ordering::SeqCst)
    }

    let scope = Scope::new();
    std::thread::scope(|threads| {
        for seed in 0..3 {
            let scope = &scope;
            threads.spawn(move || {
                let _inside = scope.enter();
                let mut random = tests::Seeded::new(seed);
                while PUBLISHED.load(Ordering::SeqCst) < 300 {
                    let published = PUBLISHED.load(Ordering::SeqCst);
                    let seen = read(random.below(200));
                    assert!(seen >= published, "saw {seen} after {published} was published");
                }
            });
        }
        threads.spawn(|| {
            let _inside = scope.enter();
            for truth in 1..=300 {
                TRUTH.store(truth, Ordering::SeqCst);
                tag("truth").invalidate();
                PUBLISHED.store(truth, Ordering::SeqCst);
            }
        });
    });
}
