//! What is written from within an update, a hook or a body of the same entry: it ends, and comes before what is
//! around it.

use std::cell::Cell;
use std::time::Duration;

use cache_core::testing::Scope;
use cache_core::{CacheKey, memoize, tag};
use tests::{Count, no_hang, now, secs};

/// Runs one form in a scope of its own.
fn in_a_scope<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    no_hang(|| {
        let scope = Scope::new();
        let _inside = scope.enter();
        run()
    })
}

#[memoize(ttl = 10, stale_while_revalidate = 10, tags = ["inner_writes", "inner_writes:{value}"])]
fn plain(n: u64) -> u64 {
    n
}

#[memoize(ttl = 10, stale_while_revalidate = 10, tags = ["inner_writes", "inner_writes:{value}"])]
async fn task(n: u64) -> u64 {
    n
}

#[derive(CacheKey)]
#[cache_key(value = u64, ttl = 10, stale_while_revalidate = 10, tags = ["inner_writes", "inner_writes:{value}"])]
struct Node {
    n: u64,
}

#[memoize(key = Node { n })]
fn node(n: u64) -> u64 {
    n
}

/// What an update comes to whose closure runs one form: what it returns, what is there then, and what a call
/// returns after it.
type End = (Option<u64>, Option<u64>, u64);
/// Its result is there in the end.
const WRITTEN: End = (Some(2), Some(2), 2);
/// What was read is no longer there, and nothing is stored.
const GONE: End = (None, None, 1);

/// Forms of one function: each does something to the entry whose value is being changed.
macro_rules! forms {
    ($function:ident, $now:ident) => {
        [
            ("insert", WRITTEN, || {
                let _ = $now($function::entry(1).insert(50));
            }),
            ("insert twice", WRITTEN, || {
                $now($function::entry(1).insert(50));
                $now($function::entry(1).insert(51));
            }),
            ("insert_if_present", WRITTEN, || {
                let _ = $now($function::entry(1).insert_if_present(50));
            }),
            ("insert_if_absent", WRITTEN, || {
                let _ = $now($function::entry(1).insert_if_absent(50));
            }),
            ("update", WRITTEN, || {
                assert_eq!($now($function::entry(1).update(|value| value + 50)), Some(51))
            }),
            ("update within update", WRITTEN, || {
                let inner = |value| $now($function::entry(1).update(|value| value + 1)).unwrap() + value;
                assert_eq!($now($function::entry(1).update(inner)), Some(3));
            }),
            ("refresh", WRITTEN, || assert_eq!($now($function::entry(1).refresh()), 1)),
            ("call", WRITTEN, || assert_eq!($now($function(1)), 1)),
            ("invalidate", GONE, || assert_eq!($function::entry(1).invalidate().count(), 1)),
            ("invalidate a key", GONE, || assert_eq!($function::key(1).invalidate().count(), 1)),
            ("invalidate, then call", (None, Some(1), 1), || {
                $function::entry(1).invalidate();
                assert_eq!($now($function(1)), 1);
            }),
            ("invalidate, then insert", (None, Some(50), 50), || {
                $function::entry(1).invalidate();
                $now($function::entry(1).insert(50));
            }),
            ("insert, then invalidate", GONE, || {
                $now($function::entry(1).insert(50));
                $function::entry(1).invalidate();
            }),
            ("mark_stale", GONE, || drop($function::entry(1).mark_stale())),
            ("a tag of all", GONE, || assert_eq!(tag("inner_writes").invalidate().count(), 1)),
            ("a tag of the old value", GONE, || assert_eq!(tag("inner_writes:1").invalidate().count(), 1)),
            ("a tag of the new value", (None, Some(1), 1), || drop(tag("inner_writes:2").invalidate())),
            ("a tag of nothing", WRITTEN, || drop(tag("inner_writes:nothing").invalidate())),
            ("a tag, softly", GONE, || drop(tag("inner_writes").mark_stale())),
            ("two tags", GONE, || {
                tag("inner_writes").invalidate();
                tag("inner_writes:2").invalidate();
            }),
            ("clear", GONE, || assert_eq!($function::memo().clear().count(), 1)),
            ("mark_all_stale", GONE, || drop($function::memo().mark_all_stale())),
            ("invalidate_if", GONE, || drop($function::memo().invalidate_if(|_, _| true))),
            ("invalidate_matching", GONE, || drop($function::memo().invalidate_matching("*"))),
            ("set_ttl", GONE, || {
                let _ = $now($function::entry(1).set_ttl(Duration::ZERO));
            }),
        ]
    };
}

fn at_once<T>(value: T) -> T {
    value
}

/// The closure runs once. What it writes to the entry comes before its result; what it invalidates stays so.
#[test]
fn what_an_update_does_to_its_own_entry_comes_before_it() {
    static RUNS: Count = Count::new();
    let forms: [(&str, End, fn()); 25] = forms!(plain, at_once);
    let tasks: [(&str, End, fn()); 25] = forms!(task, now);
    let nodes: [(&str, End, fn()); 25] = forms!(node, at_once);
    for (name, end, form) in forms {
        let run = move || {
            plain(1);
            let updated = plain::entry(1).update(|value| {
                RUNS.add();
                form();
                value + 1
            });
            (updated, plain::entry(1).get(), plain(1))
        };
        RUNS.set(0);
        assert_eq!((in_a_scope(run), RUNS.get()), (end, 1), "{name}");
    }
    for (name, end, form) in tasks {
        let run = move || {
            now(task(1));
            let updated = now(task::entry(1).update(|value| {
                RUNS.add();
                form();
                value + 1
            }));
            (updated, now(task::entry(1).get()), now(task(1)))
        };
        RUNS.set(0);
        assert_eq!((in_a_scope(run), RUNS.get()), (end, 1), "{name} of a task");
    }
    for (name, end, form) in nodes {
        let run = move || {
            node(1);
            let updated = node::entry(1).update(|value| {
                RUNS.add();
                form();
                value + 1
            });
            (updated, node::entry(1).get(), node(1))
        };
        RUNS.set(0);
        assert_eq!((in_a_scope(run), RUNS.get()), (end, 1), "{name} of a node");
    }
}

/// What others do, and what an update then ends with that does nothing else.
type Theirs = (&'static str, fn(), Option<u64>);

/// What others do meanwhile is not lost for that, whether it comes before or after what the closure does itself.
#[test]
fn an_update_that_writes_itself_sees_what_others_have_written() {
    let ours: [(&str, fn()); 5] = [
        ("nothing", || ()),
        ("insert", || {
            let _ = plain::entry(1).insert(50);
        }),
        ("invalidate", || drop(plain::entry(1).invalidate())),
        ("a tag", || drop(tag("inner_writes").invalidate())),
        ("clear", || drop(plain::memo().clear())),
    ];
    let theirs: [Theirs; 5] = [
        ("insert", || assert!(plain::entry(1).insert(20)), Some(21)),
        ("invalidate", || drop(plain::entry(1).invalidate()), None),
        ("a tag", || drop(tag("inner_writes").invalidate()), None),
        ("a tag of the old value", || drop(tag("inner_writes:1").invalidate()), None),
        ("clear", || drop(plain::memo().clear()), None),
    ];
    for (our, ours) in ours {
        for (their, theirs, then) in theirs {
            for first in [true, false] {
                let run = move || {
                    let runs = Count::new();
                    let scope = Scope::new();
                    let _inside = scope.enter();
                    plain(1);
                    let there = || {
                        std::thread::scope(|threads| {
                            threads.spawn(|| {
                                let _inside = scope.enter();
                                theirs();
                            });
                        });
                    };
                    let updated = plain::entry(1).update(|value| {
                        let is_first = runs.add() == 0;
                        if is_first && first {
                            there();
                        }
                        ours();
                        if is_first && !first {
                            there();
                        }
                        value + 1
                    });
                    (updated, plain::entry(1).get())
                };
                let case = format!("{our} {} {their} of others", if first { "after" } else { "before" });
                // What they have inserted is dropped by ours if that comes after it; and what ours has inserted after
                // theirs is what there is.
                let ends = match (our, then) {
                    ("insert", _) if first || their == "a tag of the old value" => (Some(51), Some(51)),
                    ("nothing" | "insert", then) => (then, then),
                    (_, Some(_)) if !first => (None, Some(20)),
                    _ => (None, None),
                };
                assert_eq!(no_hang(run), ends, "{case}");
            }
        }
    }
}

/// Only what is around it says something of the value of the computation.
#[test]
fn an_update_within_a_body_leaves_the_computation_to_that() {
    #[memoize]
    fn other(n: u64) -> u64 {
        n
    }
    #[memoize(ttl = 10)]
    fn run(n: u64) -> u64 {
        other(n);
        other::entry(n).update(|value| value + u64::from(cache_core::computing().no_store()));
        n
    }
    in_a_scope(|| {
        assert_eq!(run(1), 1);
        assert_eq!((other(1), run::memo().len()), (2, 0));
    });
}

#[test]
fn a_body_that_writes_its_own_entry_ends() {
    let forms: [(&str, fn()); 5] = [
        ("insert", || {
            let _ = own::entry(1).insert(50);
        }),
        ("update", || {
            let _ = own::entry(1).update(|value| value + 1);
        }),
        ("insert, then update", || {
            own::entry(1).insert(50);
            assert_eq!(own::entry(1).update(|value| value + 1), Some(51));
        }),
        ("invalidate", || drop(own::entry(1).invalidate())),
        ("call", || assert_eq!(own(1), 1)),
    ];
    thread_local! {
        static FORM: Cell<fn()> = const { Cell::new(|| ()) };
        static INNER: Cell<bool> = const { Cell::new(false) };
    }
    #[memoize]
    fn own(n: u64) -> u64 {
        if !INNER.replace(true) {
            FORM.get()();
        }
        n
    }
    for (name, form) in forms {
        let run = move || {
            INNER.set(false);
            FORM.set(form);
            own(1)
        };
        assert_eq!(in_a_scope(run), 1, "{name}");
    }
}

/// A hook is not run again for the entry that it is about, within itself: that counts as its panic.
#[test]
fn a_hook_that_writes_the_entry_it_is_about_ends() {
    #[memoize(on_store = |_, _| { on_store::entry(1).insert(50); })]
    fn on_store(n: u64) -> u64 {
        n
    }
    #[memoize(on_store = |_, _| { changed::entry(1).update(|value| value + 50); })]
    fn changed(n: u64) -> u64 {
        n
    }
    #[memoize(on_evict = |_, _, _| { on_evict::entry(1).insert(50); })]
    fn on_evict(n: u64) -> u64 {
        n
    }
    #[memoize(cache_if = |value| cache_if::entry(1).insert(50) || *value < 50)]
    fn cache_if(n: u64) -> u64 {
        n
    }
    #[memoize(ttl = |value| { ttl::entry(1).insert(50); secs(*value) })]
    fn ttl(n: u64) -> u64 {
        n
    }
    #[memoize(capacity = 10, weigh = |_, _| { weigh::entry(1).insert(50); 1 })]
    fn weigh(n: u64) -> u64 {
        n
    }
    #[memoize(on_store = |_, _| { pong::entry(1).insert(2); })]
    fn ping(n: u64) -> u64 {
        n
    }
    #[memoize(on_store = |_, _| { ping::entry(1).insert(50); })]
    fn pong(n: u64) -> u64 {
        n
    }
    type Case = (&'static str, fn() -> (u64, u64, Option<u64>));
    let cases: [Case; 7] = [
        ("on_store", || (on_store(1), on_store::memo().stats().hook_panics, on_store::entry(1).get())),
        ("update", || (changed(1), changed::memo().stats().hook_panics, changed::entry(1).get())),
        ("on_evict", || {
            let value = on_evict(1);
            on_evict::entry(1).invalidate();
            (value, on_evict::memo().stats().hook_panics, on_evict::entry(1).get().map(|_| 50))
        }),
        ("cache_if", || (cache_if(1), cache_if::memo().stats().hook_panics, Some(50))),
        ("ttl", || (ttl(1), ttl::memo().stats().hook_panics, Some(50))),
        ("weigh", || (weigh(1), weigh::memo().stats().hook_panics, Some(50))),
        ("two functions", || (ping(1), ping::memo().stats().hook_panics, ping::entry(1).get())),
    ];
    for (name, run) in cases {
        let (value, panics, left) = in_a_scope(run);
        let written = if name == "update" { 51 } else { 50 };
        assert_eq!((value, left), (1, Some(written)), "{name}");
        // Once, but for `on_evict`, which does not come back to where it was.
        assert!(panics == 1 || name == "on_evict", "{name}: {panics}");
    }
}
