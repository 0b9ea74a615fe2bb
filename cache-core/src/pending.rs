//! What a transaction has written, to be invalidated when it is committed.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use crate::invalidation::Invalidation;
use crate::memo::Applied;

/// What a transaction has written: collected while it runs, invalidated when it is committed.
///
/// # Why not at once
///
/// Until a transaction is committed, others read what was there before. If entries are invalidated when a row is
/// written, a reader that comes between that and the commit computes from the old row, and stores it: after the
/// last invalidation, so nothing will ever drop it. The invalidation has to come after the commit.
///
/// It has to come, too, when the commit fails, panics, or is dropped once begun: it may have succeeded, and only
/// its answer been lost. Then too much is dropped, which costs a miss.
///
/// ```
/// use cache_core::{Pending, invalidates, memoize};
/// # #[derive(Clone, Copy)] struct Tx;
/// # impl Tx {
/// #     fn rename(&self, _: u64, _: &str) -> Result<(), String> { Ok(()) }
/// #     fn commit(self) -> Result<(), String> { Ok(()) }
/// # }
/// # fn begin() -> Tx { Tx }
///
/// #[memoize]
/// fn name_of(cat: u64) -> String {
///     format!("cat {cat}")
/// }
///
/// #[invalidates(entries = [name_of(cat)], into = pending)]
/// fn rename(tx: &Tx, pending: &Pending, cat: u64, name: &str) -> Result<(), String> {
///     tx.rename(cat, name)
/// }
///
/// name_of(7);
/// let (tx, pending) = (begin(), Pending::new());
/// rename(&tx, &pending, 7, "tom")?;
/// assert!(name_of::key(7).is_live(), "nobody else can see the new name yet");
/// pending.after_call(|| tx.commit())?;
/// assert!(!name_of::key(7).is_live());
/// # Ok::<(), String>(())
/// ```
///
/// With an asynchronous database it is `pending.after(tx.commit()).await?`.
///
/// # What happens when
///
/// | | |
/// | --- | --- |
/// | the commit succeeds | what was collected is invalidated before `after` or `after_call` returns |
/// | it returns an error, or panics | the same |
/// | the future of `after` is dropped after its first poll | the same |
/// | the commit is never begun: a rollback | nothing |
///
/// A commit that takes effect only after it has reported its failure, or after its future was dropped, cannot be
/// seen from here.
///
/// Copies are the same collection. It is empty after a commit, and can be used for the next transaction.
#[derive(Clone, Default)]
pub struct Pending {
    collected: Arc<crate::sync::plain::Mutex<Vec<Invalidation>>>,
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let collected = self.collected.lock().clone();
        f.debug_tuple("Pending").field(&collected).finish()
    }
}

impl Pending {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Collects something to invalidate after the commit.
    pub fn add(&self, invalidation: impl Into<Invalidation>) {
        let invalidation = invalidation.into();
        self.collected.lock().push(invalidation);
    }

    pub(crate) fn extend(&self, invalidations: Vec<Invalidation>) {
        self.collected.lock().extend(invalidations);
    }

    /// How much was collected. What was added twice counts twice.
    #[must_use]
    pub fn len(&self) -> usize {
        self.collected.lock().len()
    }

    /// Whether nothing was collected.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Commits, then invalidates what was collected: see [above](Self#what-happens-when). Nothing happens before
    /// the future is polled.
    ///
    /// ```
    /// # use cache_core::Pending;
    /// # async fn of(commit: impl Future<Output = Result<(), String>>) -> Result<(), String> {
    /// # let pending = Pending::new();
    /// pending.after(commit).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// If the commit does.
    pub fn after<F: Future>(&self, commit: F) -> impl Future<Output = F::Output> + use<F> {
        let pending = self.clone();
        async move {
            let _begun = ApplyOnDrop(pending);
            commit.await
        }
    }

    /// The same for a commit that is called: `pending.after_call(|| tx.commit())?`.
    ///
    /// # Panics
    ///
    /// If the commit does.
    pub fn after_call<T>(&self, commit: impl FnOnce() -> T) -> T {
        let _begun = ApplyOnDrop(self.clone());
        commit()
    }

    /// Invalidates what was collected, now: for a commit that neither [`after`](Self::after) nor
    /// [`after_call`](Self::after_call) can be given.
    pub fn apply(&self) -> Applied {
        let collected = std::mem::take(&mut *self.collected.lock());
        Invalidation::apply_all(collected)
    }

    /// Forgets what was collected, as after a rollback.
    pub fn discard(&self) {
        let collected = std::mem::take(&mut *self.collected.lock());
        drop(collected);
    }
}

/// A commit was begun: whatever becomes of it, what was collected is invalidated.
struct ApplyOnDrop(Pending);

impl Drop for ApplyOnDrop {
    fn drop(&mut self) {
        self.0.apply();
    }
}
