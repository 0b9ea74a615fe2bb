//! Invalidations of a transaction, which are applied when it is committed.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use crate::invalidation::Invalidation;
use crate::memo::Applied;

/// The invalidations of a transaction. They are collected while it runs, and applied when it is committed.
///
/// # Why not at once
///
/// Until a transaction is committed, other readers see the old rows. Suppose that an entry is invalidated
/// when its row is written. A call between the invalidation and the commit computes from the old row and
/// stores the result, and nothing will drop it later. So the invalidation has to come after the commit.
///
/// It also has to come if the commit fails, panics, or is dropped after it has begun. The commit may have
/// succeeded and only its answer been lost. If it did not succeed, the unnecessary drop costs a miss.
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
/// With an asynchronous database, write `pending.after(tx.commit()).await?`.
///
/// # What happens when
///
/// | | |
/// | --- | --- |
/// | the commit succeeds | everything collected is invalidated before `after` or `after_call` returns |
/// | it returns an error, or panics | the same |
/// | the future of `after` is dropped after its first poll | the same |
/// | the commit is never begun: a rollback | nothing |
///
/// A commit that takes effect later, after it has reported a failure or after its future was dropped, cannot
/// be noticed here.
///
/// Clones share one collection. It is empty after a commit and can be used for the next transaction.
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
    /// Makes an empty collection.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds something to invalidate after the commit.
    pub fn add(&self, invalidation: impl Into<Invalidation>) {
        let invalidation = invalidation.into();
        self.collected.lock().push(invalidation);
    }

    pub(crate) fn extend(&self, invalidations: Vec<Invalidation>) {
        self.collected.lock().extend(invalidations);
    }

    /// Returns the number of collected invalidations. One that was added twice counts twice.
    #[must_use]
    pub fn len(&self) -> usize {
        self.collected.lock().len()
    }

    /// Returns whether nothing was collected.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Awaits the commit, then invalidates everything collected: see [above](Self#what-happens-when). Nothing
    /// happens before the future is polled.
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

    /// Calls the commit, then invalidates everything collected: `pending.after_call(|| tx.commit())?`.
    ///
    /// # Panics
    ///
    /// If the commit does.
    pub fn after_call<T>(&self, commit: impl FnOnce() -> T) -> T {
        let _begun = ApplyOnDrop(self.clone());
        commit()
    }

    /// Invalidates everything collected, now. It is for commits that cannot be passed to
    /// [`after`](Self::after) or [`after_call`](Self::after_call).
    pub fn apply(&self) -> Applied {
        let collected = std::mem::take(&mut *self.collected.lock());
        Invalidation::apply_all(collected)
    }

    /// Forgets everything collected, as after a rollback.
    pub fn discard(&self) {
        let collected = std::mem::take(&mut *self.collected.lock());
        drop(collected);
    }
}

/// A commit has begun. However it ends, everything collected is invalidated.
struct ApplyOnDrop(Pending);

impl Drop for ApplyOnDrop {
    fn drop(&mut self) {
        self.0.apply();
    }
}
