//! Switching caching off for the whole process. In a process of its own: no other test may run here.

use std::process::Command;

use cache_core::{is_enabled, memoize, set_enabled};
use tests::Count;

static RUNS: Count = Count::new();

#[memoize]
fn run(n: u32) -> u32 {
    RUNS.add();
    n
}

/// Everything in one test: the switch is the process's.
#[test]
fn caching_is_switched_off_and_on_at_call_time() {
    if std::env::var_os("CACHE_CORE_DISABLE").is_some() {
        run(1);
        run(1);
        assert_eq!(RUNS.get(), 2, "switched off from the start");
        assert_eq!(run::entry(1).get(), None);
        set_enabled(true);
        run(1);
        run(1);
        assert_eq!(RUNS.get(), 3);
        return;
    }
    run(1);
    set_enabled(false);
    run(1);
    run(1);
    assert_eq!(RUNS.get(), 3);
    assert_eq!(run::entry(1).get(), None);
    assert!(!is_enabled() && !run::memo().is_enabled());
    assert!(!run::entry(1).insert(5));
    assert_eq!(run::memo().stats().bypasses, 2);
    set_enabled(true);
    run(1);
    assert_eq!(RUNS.get(), 3, "what was stored is still there");
    run::memo().set_enabled(false);
    assert!(is_enabled() && !run::memo().is_enabled());
    run::memo().set_enabled(true);
    assert!(run::memo().is_enabled());

    // The same from the environment.
    let itself = std::env::current_exe().unwrap();
    let status = Command::new(itself).env("CACHE_CORE_DISABLE", "1").arg("-q").status().unwrap();
    assert!(status.success());
}
