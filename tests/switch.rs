//! Switching caching off for the whole process. In a process of its own: no other test may run here.

#![allow(
    clippy::elidable_lifetime_names,
    clippy::items_after_statements,
    clippy::many_single_char_names,
    clippy::needless_lifetimes,
    clippy::similar_names,
    clippy::trivially_copy_pass_by_ref,
    reason = "functions as people write them"
)]

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
    if let Some(value) = std::env::var_os("CACHE_CORE_DISABLE") {
        from_the_start(std::env::var_os("EXPECT_DISABLED").is_some());
        // A second world, as a test has one, tells nothing again.
        drop((value, cache_core::testing::Scope::new()));
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
    let start = |value: &str, disabled: bool| {
        let mut itself = Command::new(std::env::current_exe().unwrap());
        itself.env("CACHE_CORE_DISABLE", value).args(["-q", "--nocapture"]);
        if disabled {
            itself.env("EXPECT_DISABLED", "1");
        }
        let output = itself.output().unwrap();
        assert!(output.status.success(), "{value:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    for value in ["1", "true", "yes", "on", "TRUE", "Yes", "oN", " true "] {
        assert_eq!(start(value, true), "", "{value:?}");
    }
    for value in ["0", "false", "no", "off", "False", "OFF", ""] {
        assert_eq!(start(value, false), "", "{value:?}");
    }
    for value in ["2", "ja", "disabled", "01"] {
        let told = start(value, false);
        assert_eq!(told.matches("CACHE_CORE_DISABLE").count(), 1, "{told}");
        assert!(told.contains(value), "{told}");
    }
}

/// What a process sees in which the environment is asked.
fn from_the_start(disabled: bool) {
    run(1);
    run(1);
    assert_eq!(RUNS.get(), if disabled { 2 } else { 1 });
    assert_eq!((run::entry(1).get().is_none(), is_enabled()), (disabled, !disabled));
    set_enabled(true);
    run(1);
    run(1);
    assert_eq!(RUNS.get(), if disabled { 3 } else { 1 });
}
