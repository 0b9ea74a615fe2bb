//! A memo that is kept while it is used.

use std::ops::Deref;
use std::sync::Arc;

use super::MemoCore;

/// A memo that is kept while this is there. That of a function stays for good, so nothing is counted for it, which all
/// threads that miss would write to.
#[derive(Clone)]
pub(crate) enum MemoRef {
    Static(&'static MemoCore),
    Counted(Arc<MemoCore>),
}

impl MemoCore {
    /// A handle that keeps the memo.
    #[inline]
    pub(crate) fn handle(&self) -> MemoRef {
        match self.stays.get() {
            Some(memo) => MemoRef::Static(memo),
            None => MemoRef::Counted(self.arc()),
        }
    }
}

impl Deref for MemoRef {
    type Target = MemoCore;

    #[inline]
    fn deref(&self) -> &MemoCore {
        match self {
            Self::Static(memo) => memo,
            Self::Counted(memo) => memo,
        }
    }
}
