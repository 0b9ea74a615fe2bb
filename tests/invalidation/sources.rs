//! Streams and iterators that say what has changed.

use std::pin::pin;
use std::sync::mpsc;

use cache_core::testing::Scope;
use cache_core::{Invalidation, invalidate_on, invalidate_on_each, memoize, tag};
use futures::executor::block_on;
use futures::{FutureExt as _, StreamExt as _, channel::mpsc as tasks, stream};
use tests::ByHand;

#[memoize(tags = ["n:{n}"])]
fn get(n: u32) -> u32 {
    n
}

fn fill() {
    (0..4).for_each(|n| assert_eq!(get(n), n));
}

fn left() -> Vec<u32> {
    (0..4).filter(|n| get::key(*n).is_live()).collect()
}

#[test]
fn what_a_stream_says_is_invalidated_as_it_comes() {
    let scope = Scope::new();
    let _inside = scope.enter();
    fill();
    let (sender, changed) = tasks::unbounded::<Invalidation>();
    let mut source = ByHand::new(invalidate_on(changed));
    assert!(source.run().is_none());
    assert_eq!(left(), [0, 1, 2, 3]);
    sender.unbounded_send(tag("n:0").into()).unwrap();
    sender.unbounded_send(get::key(1).into()).unwrap();
    assert!(source.run().is_none());
    assert_eq!(left(), [2, 3]);
    sender.unbounded_send(Invalidation::matching("*get(2)")).unwrap();
    drop(sender);
    assert_eq!(source.finish(), 3, "it ends with the stream");
    assert_eq!(left(), [3]);
}

#[test]
fn a_source_can_be_dropped() {
    let scope = Scope::new();
    let _inside = scope.enter();
    fill();
    let (sender, changed) = tasks::unbounded::<cache_core::Tagged>();
    let mut source = ByHand::new(invalidate_on(changed));
    sender.unbounded_send(tag("n:0")).unwrap();
    assert!(source.run().is_none());
    drop(source);
    assert!(sender.unbounded_send(tag("n:1")).is_err());
    assert_eq!(left(), [1, 2, 3]);
}

/// A message that may be nonsense.
struct Message(u32);

impl From<Message> for Invalidation {
    fn from(message: Message) -> Self {
        assert!(message.0 < 4, "nonsense");
        get::key(message.0).into()
    }
}

#[test]
fn an_item_that_panics_loses_none_of_the_others() {
    let scope = Scope::new();
    let _inside = scope.enter();
    fill();
    assert_eq!(block_on(invalidate_on(stream::iter([9, 0, 9, 2]).map(Message))), 2);
    assert_eq!(left(), [1, 3]);
    assert_eq!(invalidate_on_each([9, 1].map(Message)), 1);
    assert_eq!(left(), [3]);
}

#[test]
fn a_channel_of_threads() {
    let scope = Scope::new();
    let (sender, changed) = mpsc::channel();
    let source = std::thread::spawn(|| invalidate_on_each(changed));
    {
        let _inside = scope.enter();
        fill();
        // Made here, it acts here, whatever thread applies it.
        sender.send(Invalidation::key_text("invalidation::sources::get(1)")).unwrap();
        sender.send(tag("n:3").into()).unwrap();
    }
    drop(sender);
    assert_eq!(source.join().unwrap(), 2);
    let _inside = scope.enter();
    assert_eq!(left(), [0, 2]);
}

#[test]
fn a_source_of_a_task_can_be_sent() {
    fn is_send<T: Send>(future: T) -> T {
        future
    }
    let source = is_send(invalidate_on(stream::iter([tag("unheard of")])));
    assert_eq!(pin!(source).now_or_never(), Some(1));
}
