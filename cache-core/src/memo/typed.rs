//! A memo whose types are known: what a hit needs, and nothing else.

use std::cell::Cell;
use std::marker::PhantomData;

use super::MemoCore;
use crate::erased::Data;
use crate::key::{Part, Shape};
use crate::table::short;

// The address of a memo in which a look-up at once has just found no entry; 0 if there is none. It is not told by the
// return: a hit would have to put that aside.
crate::sync::thread_local! {
    static NOTHING_FOUND: Cell<usize> = const { Cell::new(0) };
}

/// A memo of keys `K` and values `V`.
pub(crate) struct TypedMemo<'m, K, V> {
    memo: &'m MemoCore,
    types: PhantomData<fn() -> (K, V)>,
}

impl<K, V> Clone for TypedMemo<'_, K, V> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V> Copy for TypedMemo<'_, K, V> {}

impl<K, V> std::ops::Deref for TypedMemo<'_, K, V> {
    type Target = MemoCore;

    #[inline]
    fn deref(&self) -> &MemoCore {
        self.memo
    }
}

impl MemoCore {
    /// What tells memos apart.
    #[inline]
    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// Whether this thread has just looked a call up at once, which it now looks up further, and has found no entry. It
    /// is told once.
    #[inline]
    pub(crate) fn has_just_found_nothing(&self) -> bool {
        NOTHING_FOUND.try_with(|found| found.replace(0) == self.address()).unwrap_or(false)
    }
}

impl<'m, K: Data, V: Data> TypedMemo<'m, K, V> {
    /// # Safety
    ///
    /// The memo was made for these types.
    #[inline]
    pub(crate) unsafe fn new(memo: &'m MemoCore) -> Self {
        debug_assert!(memo.cell().is::<K, V>());
        Self { memo, types: PhantomData }
    }

    /// The memo itself.
    #[inline]
    pub(crate) fn memo(self) -> &'m MemoCore {
        self.memo
    }

    /// Looks a fresh entry up. The whole of a hit: one shared access, nothing allocated. For memos without
    /// further rules (see [`Flags`](super::flags::Flags)). What takes longer than usual is left to
    /// [`get`](MemoCore::get): nothing is called here but `Part::matches` and, for some values, `clone`, so there is nothing to
    /// put aside meanwhile. It is one function for all that have such keys and values.
    #[inline(never)]
    pub(crate) fn get_at_once<S, P>(self, parts: &P) -> Option<V>
    where
        S: Shape<Owned = K>,
        P: Part<S>,
    {
        let memo = self.memo;
        let thread = crate::sync::mine()?;
        let long_hash = memo.long_hash(parts);
        let guard = memo.shards.made_at(short(long_hash))?.read_at_once(thread)?;
        // SAFETY: the memo was made for these types, and so were its shards.
        let found = unsafe { guard.entries.find_hit::<K, V>(long_hash, |key| parts.matches(key)) };
        let Some(hit) = found else {
            let _ = NOTHING_FOUND.try_with(|found| found.set(memo.address()));
            return None;
        };
        let times = hit.unexpired(memo.limit()?)?;
        if !hit.is_valid_at(memo.revision.current()) || !memo.counters.hits.add_at_once(thread) {
            return None;
        }
        hit.touch(times);
        Some(hit.value.clone())
    }
}
