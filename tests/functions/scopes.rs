//! A scope is a world of its own: entries, tags, registry, switches and time.

use std::process::Command;
use std::thread;

use cache_core::testing::{Scope, require_scope};
use cache_core::{memoize, registry, set_enabled, tag};
use tests::{Count, secs};

#[memoize(ttl = 10, tags = ["scoped", "scoped:{n}"])]
fn shared(n: u32) -> usize {
    let _ = n;
    RUNS.add()
}

static RUNS: Count = Count::new();

#[test]
fn scopes_do_not_see_each_other() {
    let (a, b) = (Scope::new(), Scope::new());
    let in_a = {
        let _inside = a.enter();
        shared(1)
    };
    let in_b = {
        let _inside = b.enter();
        assert_eq!(shared::entry(1).get(), None);
        shared(1)
    };
    assert_ne!(in_a, in_b);
    {
        let _inside = a.enter();
        assert_eq!(tag("scoped").invalidate().count(), 1);
        assert!(shared::memo().is_empty());
    }
    let _inside = b.enter();
    assert_eq!(shared(1), in_b);
    assert_eq!(tag("scoped:1").len(), 1);
}

#[test]
fn each_has_its_own_time() {
    let (a, b) = (Scope::new(), Scope::new());
    for scope in [&a, &b] {
        let _inside = scope.enter();
        shared(1);
    }
    a.advance(secs(10));
    assert_eq!((a.elapsed(), b.elapsed()), (secs(10), secs(0)));
    {
        let _inside = a.enter();
        assert_eq!(shared::entry(1).get(), None);
    }
    let _inside = b.enter();
    assert!(shared::entry(1).get().is_some());
}

#[test]
fn each_has_its_own_registry_and_switch() {
    #[memoize(name = "functions::scopes::switched")]
    fn switched(n: u32) -> u32 {
        n
    }

    let (a, b) = (Scope::new(), Scope::new());
    {
        let _inside = a.enter();
        switched(1);
        assert!(registry().find("functions::scopes::switched").is_some());
        set_enabled(false);
        assert_eq!(switched::entry(1).get(), None);
        switched(2);
    }
    {
        let _inside = b.enter();
        assert!(registry().find("functions::scopes::switched").is_none());
        switched(1);
        assert_eq!(switched::entry(1).get(), Some(1));
    }
    let _inside = a.enter();
    assert_eq!(switched::entry(1).get(), None);
    set_enabled(true);
    assert_eq!((switched::entry(1).get(), switched::entry(2).get()), (Some(1), None));
}

#[test]
fn what_is_first_used_while_switched_off_is_off() {
    #[memoize]
    fn late(n: u32) -> u32 {
        n
    }

    let scope = Scope::new();
    let _inside = scope.enter();
    set_enabled(false);
    late(1);
    assert!(late::memo().is_empty());
    set_enabled(true);
    late(1);
    assert_eq!(late::memo().len(), 1);
}

#[test]
fn scopes_nest() {
    let (outer, inner) = (Scope::new(), Scope::new());
    let _outside = outer.enter();
    let out = shared(1);
    {
        let _inside = inner.enter();
        assert_eq!(shared::entry(1).get(), None);
        shared(1);
        let _again = outer.enter();
        assert_eq!(shared(1), out);
    }
    assert_eq!(shared(1), out);
}

#[test]
fn a_scope_is_taken_to_other_threads() {
    let scope = Scope::new();
    let _inside = scope.enter();
    let here = shared(1);
    let there = scope.clone();
    let entered = thread::spawn(move || {
        let _inside = there.enter();
        shared(1)
    });
    assert_eq!(entered.join().unwrap(), here);
    let outside = thread::spawn(|| shared(1));
    assert_ne!(outside.join().unwrap(), here, "a thread that does not enter works outside");
}

#[test]
fn a_thread_is_spawned_inside() {
    let scope = Scope::new();
    let there = scope.spawn(|| shared(77)).join().unwrap();
    assert_eq!(thread::spawn(|| shared::entry(77).get()).join().unwrap(), None);
    let _inside = scope.enter();
    assert_eq!(shared(77), there);
}

/// In a process of its own: the others of this one call functions outside of scopes.
#[test]
fn where_a_scope_is_required_nothing_is_called_outside() {
    const HERE: &str = "scopes::where_a_scope_is_required_nothing_is_called_outside";
    if std::env::var_os("REQUIRES_SCOPE").is_none() {
        let mut itself = Command::new(std::env::current_exe().unwrap());
        let output = itself.env("REQUIRES_SCOPE", "1").args([HERE, "--exact"]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        return;
    }
    shared(1);
    require_scope();
    let told = |outside: fn()| {
        let payload = thread::spawn(outside).join().expect_err("there is no scope");
        assert!(payload.downcast_ref::<&str>().unwrap().contains("outside of any scope"));
    };
    told(|| _ = shared(1));
    told(|| _ = shared::entry(1).get());
    told(|| _ = shared::memo().len());
    told(|| _ = tag("scoped").invalidate());
    told(|| _ = registry().memos());
    let scope = Scope::new();
    scope.spawn(|| shared(1)).join().unwrap();
    let _inside = scope.enter();
    assert!(shared::entry(1).get().is_some());
    // What unwinds may look at the cache.
    struct Looks;
    impl Drop for Looks {
        fn drop(&mut self) {
            let _ = shared::entry(1).get();
        }
    }
    let panics = || {
        let _looks = Looks;
        panic!("the test has failed");
    };
    assert!(thread::spawn(panics).join().is_err());
}

#[test]
fn outside_of_scopes_is_the_process() {
    #[memoize]
    fn outside(n: u32) -> u32 {
        n
    }

    outside(1);
    {
        let scope = Scope::new();
        let _inside = scope.enter();
        assert!(outside::memo().is_empty());
        outside::memo().clear();
    }
    assert_eq!(outside::memo().len(), 1);
}

#[test]
fn a_key_stays_in_the_world_where_it_was_made() {
    let scope = Scope::new();
    let key = {
        let _inside = scope.enter();
        shared(7);
        shared::key(7)
    };
    assert!(key.is_live(), "also from outside");
    assert_ne!(key, shared::key(7));
    drop(scope);
    assert!(key.is_live(), "a key holds the memo it belongs to");
}

#[test]
fn what_a_scope_held_goes_with_it() {
    use std::sync::{Arc, Weak};
    #[memoize(tag = "functions::scopes::held")]
    fn held(n: u32) -> Arc<u32> {
        Arc::new(n)
    }

    let scope = Scope::new();
    let value: Weak<u32> = {
        let _inside = scope.enter();
        Arc::downgrade(&held(1))
    };
    assert!(value.upgrade().is_some());
    drop(scope);
    assert!(value.upgrade().is_none());
}

#[test]
fn many_scopes_at_once() {
    thread::scope(|threads| {
        for i in 0..8 {
            threads.spawn(move || {
                let scope = Scope::new();
                let _inside = scope.enter();
                for n in 0..50 {
                    shared(n);
                }
                assert_eq!(shared::memo().stats().misses, 50, "thread {i}");
                assert_eq!(shared::memo().len(), 50);
                assert_eq!(tag("scoped").invalidate().count(), 50);
            });
        }
    });
}
