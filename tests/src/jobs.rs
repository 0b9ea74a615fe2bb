//! Background work that is done when a test says so.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use cache_core::{Executor, Task};

use crate::ByHand;

enum Job {
    Task(Task),
    Work(Box<dyn FnOnce() + Send>),
}

/// An executor that keeps what it is given, of asynchronous functions and of others, until it is told to
/// run it. Copies are the same executor.
#[derive(Clone, Default)]
pub struct Jobs(Arc<Mutex<Vec<Job>>>);

impl std::fmt::Debug for Jobs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Jobs").field(&self.len()).finish()
    }
}

impl Executor for Jobs {
    fn spawn(&self, task: Task) {
        self.0.lock().unwrap().push(Job::Task(task));
    }

    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>) {
        self.0.lock().unwrap().push(Job::Work(work));
    }
}

impl Jobs {
    /// The executor of the scope that this thread is in.
    ///
    /// # Panics
    ///
    /// If that has one.
    #[must_use]
    pub fn here() -> Self {
        let jobs = Self::default();
        cache_core::set_executor(jobs.clone()).expect("the scope has none yet");
        jobs
    }

    /// How many it keeps.
    ///
    /// # Panics
    ///
    /// If another thread panicked in here.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// Whether it keeps none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Does what it keeps. A panic ends the one job. How many there were.
    ///
    /// # Panics
    ///
    /// If another thread panicked in here.
    pub fn run(&self) -> usize {
        let jobs = self.take();
        let count = jobs.len();
        for job in jobs {
            let run = || match job {
                Job::Task(task) => ByHand::new(task).finish(),
                Job::Work(work) => work(),
            };
            let _ = catch_unwind(AssertUnwindSafe(run));
        }
        count
    }

    /// Drops what it keeps. How many there were.
    ///
    /// # Panics
    ///
    /// If another thread panicked in here.
    pub fn refuse(&self) -> usize {
        self.take().len()
    }

    fn take(&self) -> Vec<Job> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}
