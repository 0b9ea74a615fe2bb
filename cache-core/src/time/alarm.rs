//! Waking a task at some time.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::{Clock, Due, Tick, TimerId};
use crate::sync::{Mutex, wake};

/// The task to wake.
type Target = Mutex<Option<Waker>>;

/// Wakes a task at some time, unless it is dropped before: most calls end long before it.
pub(crate) struct Alarm {
    target: Arc<Target>,
    clock: Clock,
    at: TimerId,
}

impl Alarm {
    pub(crate) fn new(clock: &Clock, at: Tick) -> Self {
        let target = Arc::new(Target::new(None));
        let at = clock.call_at(at, Arc::<Target>::downgrade(&target));
        Self { target, clock: clock.clone(), at }
    }

    /// Sets whom to wake, in place of whom was set before.
    pub(crate) fn set(&self, waker: &Waker) {
        // Cloned before, and dropped after: wakers are the executor's.
        let waker = waker.clone();
        let old = self.target.lock().replace(waker);
        drop(old);
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        self.clock.cancel(self.at);
    }
}

impl Due for Target {
    fn due(self: Arc<Self>, _: Tick) -> Option<Tick> {
        let waker = self.lock().take();
        waker.into_iter().for_each(wake);
        None
    }
}

/// Waits as `poll` says, which is asked again at some time.
pub(crate) fn alarmed<T>(
    clock: &Clock,
    at: Option<Tick>,
    mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
) -> impl Future<Output = T> {
    let alarm = at.map(|at| Alarm::new(clock, at));
    poll_fn(move |cx| {
        if let Some(alarm) = &alarm {
            alarm.set(cx.waker());
        }
        poll(cx)
    })
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::pin::pin;

    use super::super::Manual;
    use super::*;

    #[test]
    fn an_alarm_that_was_dropped_leaves_no_timer_behind() {
        let time = Arc::new(Manual::default());
        let clock = Clock::Manual(time.clone());
        let alarm = Alarm::new(&clock, 5);
        let waits = alarmed(&clock, Some(7), |_| Poll::<()>::Pending);
        assert_eq!(time.timers.run(0), Some(5));
        drop(alarm);
        assert_eq!(time.timers.run(0), Some(7));
        assert!(pin!(waits).poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert_eq!(time.timers.run(0), None);
    }
}
