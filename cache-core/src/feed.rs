//! Feeds of invalidations: streams and channels that announce changes.

use std::future::poll_fn;
use std::pin::pin;

use futures_core::Stream;

use crate::invalidation::Invalidation;
use crate::sync::guarded;

/// Invalidates what the items of a stream name, one by one, until the stream ends. Returns the number of
/// items.
///
/// Spawn or await the future; dropping it drops the stream. Items can be anything that is
/// [`Into<Invalidation>`](Invalidation): keys, [tags](crate::tag()), memos, or texts from elsewhere by
/// [`Invalidation::key_text`] and the like. An item whose conversion panics is left out and not counted. The
/// items after it are applied.
///
/// ```
/// # use cache_core::{invalidate_on, memoize, tag};
/// # use futures::{StreamExt as _, stream};
/// #[memoize(tags = ["cat:{name}"])]
/// fn lives(name: &str) -> u32 {
///     9
/// }
///
/// # futures::executor::block_on(async {
/// lives("tom");
/// let changed = stream::iter(["tom", "kit"]); // such as the messages of a broker
/// let invalidated = invalidate_on(changed.map(|name| tag(format!("cat:{name}")))).await;
/// assert_eq!(invalidated, 2);
/// assert!(!lives::key("tom").is_live());
/// # });
/// ```
///
/// # Panics
///
/// If the stream does.
pub async fn invalidate_on<S>(stream: S) -> usize
where
    S: Stream,
    S::Item: Into<Invalidation>,
{
    let mut stream = pin!(stream);
    let mut applied = 0;
    while let Some(item) = poll_fn(|cx| stream.as_mut().poll_next(cx)).await {
        applied += usize::from(invalidate(item));
    }
    applied
}

/// Invalidates what the items of an iterator name, one by one, until the iterator ends. Returns the number of
/// items.
///
/// It is [`invalidate_on`] for a thread. The receiver of a channel is such an iterator.
///
/// ```
/// use std::sync::mpsc::channel;
/// use cache_core::{Invalidation, invalidate_on_each, memoize, tag};
///
/// #[memoize(tag = "lives")]
/// fn lives(name: &str) -> u32 {
///     9
/// }
///
/// lives("tom");
/// let (sender, changed) = channel::<Invalidation>();
/// let source = std::thread::spawn(|| invalidate_on_each(changed));
/// sender.send(tag("lives").into()).unwrap();
/// drop(sender);
/// assert_eq!(source.join().unwrap(), 1);
/// assert!(lives::memo().is_empty());
/// ```
///
/// # Panics
///
/// If the iterator does.
pub fn invalidate_on_each<I>(items: I) -> usize
where
    I: IntoIterator,
    I::Item: Into<Invalidation>,
{
    items.into_iter().map(|item| usize::from(invalidate(item))).sum()
}

/// Invalidates what an item names, and returns whether its conversion went well.
fn invalidate(item: impl Into<Invalidation>) -> bool {
    let invalidation = guarded(|| item.into());
    let known = invalidation.is_some();
    Invalidation::apply_all(invalidation);
    known
}
