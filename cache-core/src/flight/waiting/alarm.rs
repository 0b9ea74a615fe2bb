//! Waking a task at some time.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::wake;
use crate::sync::Mutex;
use crate::time::{Clock, Due, Tick, TimerId};

/// The task to wake.
type Alarm = Mutex<Option<Waker>>;

/// Waits as `poll` says, which is asked again at some time.
pub(super) fn alarmed<T>(
    clock: &Clock,
    at: Option<Tick>,
    mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
) -> impl Future<Output = T> {
    let alarm = at.map(|at| AlarmGuard::new(clock, at));
    poll_fn(move |cx| {
        if let Some(set) = &alarm {
            // Cloned before, and dropped after: wakers are the executor's.
            let waker = cx.waker().clone();
            let old = set.alarm.lock().replace(waker);
            drop(old);
        }
        poll(cx)
    })
}

/// An alarm that is set, until it is dropped: most calls end long before it.
struct AlarmGuard<'c> {
    alarm: Arc<Alarm>,
    clock: &'c Clock,
    at: TimerId,
}

impl<'c> AlarmGuard<'c> {
    fn new(clock: &'c Clock, at: Tick) -> Self {
        let alarm = Arc::new(Alarm::new(None));
        let at = clock.call_at(at, Arc::<Alarm>::downgrade(&alarm));
        Self { alarm, clock, at }
    }
}

impl Drop for AlarmGuard<'_> {
    fn drop(&mut self) {
        self.clock.cancel(self.at);
    }
}

impl Due for Alarm {
    fn due(self: Arc<Self>, _: Tick) -> Option<Tick> {
        let waker = self.lock().take();
        waker.into_iter().for_each(wake);
        None
    }
}
