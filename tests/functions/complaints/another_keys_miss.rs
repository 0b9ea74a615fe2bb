//! A miss of another key holds nobody up.

use super::*;

#[test]
fn holds_up_no_hit_and_no_other_miss() {
    static STARTED: Latch = Latch::new();
    static GO_ON: Latch = Latch::new();
    #[memoize]
    fn slow(n: u32) -> u32 {
        if n == 1000 {
            STARTED.open();
            GO_ON.wait();
        }
        n
    }
    // In every shard.
    for n in 0..200 {
        slow(n);
    }
    let leader = thread::spawn(|| slow(1000));
    STARTED.wait();
    no_hang(|| {
        for n in 0..200 {
            assert_eq!(slow::entry(n).get(), Some(n));
            assert_eq!(slow(n), n);
            assert_eq!(slow(n + 200), n + 200);
        }
        slow::entry(7).invalidate();
        assert!(slow::memo().keys().len() > 200);
    });
    assert!(!slow::key(1000).is_live());
    GO_ON.open();
    assert_eq!(leader.join().unwrap(), 1000);
}

#[test]
fn holds_up_no_hit_and_no_other_miss_of_an_asynchronous_function() {
    let scope = Scope::new();
    let _inside = scope.enter();
    #[memoize(skip(wait))]
    async fn slow(n: u32, wait: Option<oneshot::Receiver<()>>) -> u32 {
        if let Some(wait) = wait {
            wait.await.unwrap();
        }
        n
    }
    #[memoize(skip(wait))]
    async fn borrowed(n: &str, wait: Option<oneshot::Receiver<()>>) -> String {
        if let Some(wait) = wait {
            wait.await.unwrap();
        }
        n.to_owned()
    }
    for n in 0..200 {
        assert_eq!(poll_once(pin!(slow(n, None))), Poll::Ready(n));
        assert!(poll_once(pin!(borrowed(&n.to_string(), None))).is_ready());
    }
    let (go_on, wait) = oneshot::channel();
    let (go_on_too, wait_too) = oneshot::channel();
    let (mut leader, mut leader_too) = (pin!(slow(1000, Some(wait))), pin!(borrowed("1000", Some(wait_too))));
    assert!(poll_once(leader.as_mut()).is_pending() && poll_once(leader_too.as_mut()).is_pending());
    // All of them at their first poll.
    for n in 0..200 {
        assert_eq!(poll_once(pin!(slow(n, None))), Poll::Ready(n));
        assert_eq!(poll_once(pin!(slow(n + 200, None))), Poll::Ready(n + 200));
        assert!(poll_once(pin!(borrowed(&n.to_string(), None))).is_ready());
        assert!(poll_once(pin!(borrowed(&(n + 200).to_string(), None))).is_ready());
    }
    assert_eq!(slow::memo().stats().hits, 200);
    go_on.send(()).unwrap();
    go_on_too.send(()).unwrap();
    assert_eq!((block_on(leader), block_on(leader_too)), (1000, "1000".to_owned()));
}
