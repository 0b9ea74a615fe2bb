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
