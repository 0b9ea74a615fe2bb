//! Hooks that write the entry that they run for: without this they would run for ever.

use std::cell::RefCell;

use super::MemoCore;
use crate::erased::Erased;

/// A hook that this thread runs.
struct Running {
    what: &'static str,
    /// Whose entry it is about: the address of the memo.
    memo: usize,
    key: *const (),
}

crate::sync::thread_local! {
    static RUNNING: RefCell<Vec<Running>> = const { RefCell::new(Vec::new()) };
}

impl MemoCore {
    /// Runs a hook about an entry. Where it is run for that entry already, further up this thread's stack, it
    /// panics in place of that, which is counted like any panic of a hook.
    pub(crate) fn run_hook_about<T>(
        &self,
        what: &'static str,
        key: &Erased,
        hook: impl FnOnce() -> T,
    ) -> Option<T> {
        struct Leave;
        impl Drop for Leave {
            fn drop(&mut self) {
                let _ = RUNNING.try_with(|running| running.borrow_mut().pop());
            }
        }
        let memo = std::ptr::from_ref(self).addr();
        let about_it = |running: &Running| running.what == what && running.memo == memo;
        // While the thread is being torn down, nothing can be noted.
        let outer: Vec<*const ()> = RUNNING
            .try_with(|running| {
                let running = running.borrow();
                running.iter().filter(|running| about_it(running)).map(|running| running.key).collect()
            })
            .unwrap_or_default();
        let is_same = |outer: *const ()| {
            // SAFETY: a key of this memo, since memos are told apart by their address for as long as they live,
            // and this one lives. It was borrowed for a call further up this thread's stack, which has not
            // returned: it takes what it has noted off when it does.
            let outer: &Erased = unsafe { &*outer.cast() };
            self.same(outer.by_ref(), key)
        };
        let again = outer.into_iter().any(is_same);
        let this = Running { what, memo, key: std::ptr::from_ref(key).cast() };
        let _ = RUNNING.try_with(|running| running.borrow_mut().push(this));
        let _leave = Leave;
        self.run_hook(|| {
            assert!(!again, "`{what}` of `{}` writes the entry that it is about, without an end", self.name);
            hook()
        })
    }
}
