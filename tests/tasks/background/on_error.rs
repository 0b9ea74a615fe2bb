//! The hook for errors.

use super::*;

#[test]
fn on_error_sees_key_and_error() {
    static LOG: Mutex<Vec<String>> = Mutex::new(Vec::new());
    fn log(line: String) {
        LOG.lock().unwrap().push(line);
    }
    #[memoize(on_error = |key, error| log(format!("{key} {error}")))]
    fn load(name: &str) -> Result<usize, String> {
        if name.is_empty() { Err("nameless".to_owned()) } else { Ok(name.len()) }
    }
    #[memoize(err_ttl = 10, on_error = |key, error: &String| log(format!("{key} {error}")))]
    fn load_kept(name: &str) -> Result<usize, String> {
        if name.is_empty() { Err("kept".to_owned()) } else { Ok(name.len()) }
    }
    #[memoize(on_error = |key, error| log(format!("{key} {error}")))]
    async fn load_async(name: &str) -> Result<usize, String> {
        if name.is_empty() { Err("async".to_owned()) } else { Ok(name.len()) }
    }
    #[memoize(on_error = |key, error| log(format!("{key} {error}")))]
    async fn load_owned(n: usize) -> Result<usize, String> {
        yields(1).await;
        if n == 0 { Err("owned".to_owned()) } else { Ok(n) }
    }

    for name in ["tom", "", ""] {
        let _ = load(name);
        let _ = load_kept(name);
        let _ = block_on(load_async(name));
    }
    assert_eq!(load_kept::memo().stats().hits, 1, "the second time it is not computed");
    // Once for the computation, not for each who waits.
    let both = in_turn(&mut [ByHand::new(load_owned(0)), ByHand::new(load_owned(0))]);
    assert_eq!(both, [Some(Err("owned".to_owned())), Some(Err("owned".to_owned()))]);
    assert_eq!(
        *LOG.lock().unwrap(),
        [
            "tasks::background::on_error::load(\"\") nameless",
            "tasks::background::on_error::load_kept(\"\") kept",
            "tasks::background::on_error::load_async(\"\") async",
            "tasks::background::on_error::load(\"\") nameless",
            "tasks::background::on_error::load_async(\"\") async",
            "tasks::background::on_error::load_owned(0) owned",
        ]
    );
}

#[test]
fn on_error_hears_of_the_background() {
    static SEEN: Count = Count::new();
    #[memoize(on_error = |_key, _error| { SEEN.add(); })]
    fn load(n: usize) -> Result<usize, String> {
        Err(n.to_string())
    }
    #[memoize(on_error = |_key, _error| { SEEN.add(); })]
    async fn load_async(n: usize) -> Result<usize, String> {
        Err(n.to_string())
    }

    no_hang(|| {
        assert_eq!(load::entry(3).prefetch(), None);
        wait_until(|| SEEN.get() == 1);
        let (scope, queue) = with_queue();
        let _inside = scope.enter();
        assert_eq!(block_on(load_async::entry(3).prefetch()), None);
        queue.run();
        assert_eq!(SEEN.get(), 2);
    });
}

#[test]
fn an_on_error_that_panics_disturbs_nobody() {
    static FAILS: AtomicBool = AtomicBool::new(true);
    #[memoize(on_error = |_key, _error| panic!("the hook fails"))]
    fn load(n: usize) -> Result<usize, String> {
        if FAILS.load(Ordering::SeqCst) { Err(n.to_string()) } else { Ok(n) }
    }
    #[memoize(err_ttl = 10, on_error = |_key, _error| panic!("the hook fails"))]
    async fn load_kept(n: usize) -> Result<usize, String> {
        yields(1).await;
        Err(n.to_string())
    }
    #[memoize(on_error = |_key, _error| panic!("the hook fails"))]
    async fn load_async(name: &str) -> Result<usize, String> {
        yields(1).await;
        Err(name.to_owned())
    }

    assert_eq!(load(3), Err("3".to_owned()));
    FAILS.store(false, Ordering::SeqCst);
    assert_eq!(load(3), Ok(3));
    let values = in_turn(&mut [ByHand::new(load_kept(3)), ByHand::new(load_kept(3))]);
    assert_eq!(values, [Some(Err("3".to_owned())), Some(Err("3".to_owned()))]);
    assert_eq!(load_kept(3).now_or_never(), Some(Err("3".to_owned())), "it is kept");
    let values = in_turn(&mut [ByHand::new(load_async("tom")), ByHand::new(load_async("tom"))]);
    assert_eq!(values, [Some(Err("tom".to_owned())), Some(Err("tom".to_owned()))]);
    for stats in [load::memo().stats(), load_kept::memo().stats(), load_async::memo().stats()] {
        assert_eq!((stats.hook_panics, stats.panics), (1, 0));
    }
}
