//! A computation that was handed to the background, for as long as nobody has begun it.

use std::sync::Arc;

use crate::sync::{Mutex, guarded};

/// What is handed to the background.
pub(crate) type Job = Box<dyn FnOnce() + Send>;

/// A job that the background has yet to come to. Whoever waits for its flight may take it instead: the first
/// who does begins it. When nobody holds this any more the job is dropped, which lands the flight.
pub(crate) struct PendingJob(Mutex<Option<Job>>);

impl PendingJob {
    pub(crate) fn new(job: Job) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Some(job))))
    }

    /// Whether nobody has begun it.
    pub(crate) fn is_pending(&self) -> bool {
        self.0.lock().is_some()
    }

    /// Runs it, unless somebody has begun it.
    pub(crate) fn begin(&self) {
        let job = self.0.lock().take();
        if let Some(job) = job {
            // Its panic is counted where it belongs.
            let _ = guarded(job);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn a_job_is_pending_until_somebody_begins_it_and_is_begun_once() {
        let begun = Arc::new(AtomicUsize::new(0));
        let job = PendingJob::new({
            let begun = begun.clone();
            Box::new(move || {
                begun.fetch_add(1, Ordering::Relaxed);
            })
        });
        assert!(job.is_pending());
        job.begin();
        assert!(!job.is_pending());
        job.begin();
        assert_eq!(begun.load(Ordering::Relaxed), 1);
    }
}
