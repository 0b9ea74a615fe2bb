//! When it is dropped: after success, a panic, or a future that is dropped; not after an error.

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
