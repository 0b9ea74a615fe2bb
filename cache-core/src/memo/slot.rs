//! Slots: where a function finds its memo. A slot is a constant static; memos are made on first use.

use std::any::{TypeId, type_name};
use std::hash::BuildHasher as _;
use std::marker::PhantomData;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, Ordering};

use super::{MakesSpec, MemoCore, Runtime, TypedMemo, Types};
use crate::erased::Data;
use crate::key::Shape;
use crate::spec::Spec;
use crate::value::Returns;

/// Chains of memos by hash of their types: a generic function may have many instantiations.
const CHAINS: usize = 8;

/// Where one memoized function finds its memos: one, or one for each instantiation.
pub struct Slot {
    spec: Spec,
    chains: [AtomicPtr<MemoCore>; CHAINS],
}

/// A memo in use: of the process, where it stays for good, or of a field; or of a test's scope.
pub(crate) struct MemoHandle<'a, K, V> {
    memo: HeldMemo<'a>,
    types: PhantomData<fn() -> (K, V)>,
}

enum HeldMemo<'a> {
    Kept(&'a MemoCore),
    #[cfg(feature = "testing")]
    Scoped(Arc<MemoCore>),
}

#[doc(hidden)]
impl<K, V> std::ops::Deref for MemoHandle<'_, K, V> {
    type Target = MemoCore;

    #[inline]
    fn deref(&self) -> &MemoCore {
        match &self.memo {
            HeldMemo::Kept(memo) => memo,
            #[cfg(feature = "testing")]
            HeldMemo::Scoped(memo) => memo,
        }
    }
}

impl<'a, K: Data, V: Data> MemoHandle<'a, K, V> {
    /// # Safety
    ///
    /// The memo was made for these types.
    #[inline]
    pub(crate) unsafe fn kept(memo: &'a MemoCore) -> Self {
        Self { memo: HeldMemo::Kept(memo), types: PhantomData }
    }

    /// # Safety
    ///
    /// The memo was made for these types.
    #[cfg(feature = "testing")]
    unsafe fn scoped(memo: Arc<MemoCore>) -> Self {
        Self { memo: HeldMemo::Scoped(memo), types: PhantomData }
    }

    /// The memo, with its types.
    #[inline]
    pub(crate) fn typed(&self) -> TypedMemo<'_, K, V> {
        // SAFETY: whoever has made this says that the memo was made for these types.
        unsafe { TypedMemo::new(self) }
    }
}

/// What tells instantiations of a function apart, and names them.
pub trait Identity {
    /// Whether its slot has this instantiation alone, so that a call need not look which it has found.
    const ONLY: bool = false;
    /// The registered name.
    fn name(base: &str) -> Arc<str>;
}

/// A function, by its companion type, which carries all type parameters.
pub struct Function<Id: ?Sized>(PhantomData<fn(&Id)>);

/// A function that has one instantiation: its slot tells it apart.
pub struct Only;

/// A method of `T`, with its own type parameters as those of a function pointer.
pub struct Method<T: ?Sized, P>(PhantomData<(fn(&T), P)>);

impl<Id: ?Sized> Identity for Function<Id> {
    fn name(base: &str) -> Arc<str> {
        name_of_function(base, type_name::<Id>())
    }
}

impl Identity for Only {
    const ONLY: bool = true;
    fn name(base: &str) -> Arc<str> {
        base.into()
    }
}

fn name_of_function(base: &str, id: &str) -> Arc<str> {
    match id.split_once('<') {
        Some((_, types)) => format!("{base}<{types}").into(),
        None => base.into(),
    }
}

impl<T: ?Sized, P> Identity for Method<T, P> {
    /// A base of `::get` is a method of the type, one of ` as Repo>::get` of the trait; another is
    /// a name that was given.
    fn name(base: &str) -> Arc<str> {
        name_of_method(base, type_name::<T>(), type_name::<P>())
    }
}

fn name_of_method(base: &str, of: &str, params: &str) -> Arc<str> {
    // What a lifetime is called tells nothing apart, and not all compilers show it.
    let of = of.replace("<'_>", "").replace("'_, ", "").replace("&'_ ", "&");
    let params = params.strip_prefix("fn(").and_then(|rest| rest.strip_suffix(')'));
    let params = params.filter(|params| !params.is_empty());
    let params = params.map(|params| format!("<{params}>")).unwrap_or_default();
    match base.get(..1) {
        Some(":") => format!("{of}{base}{params}").into(),
        Some(" ") => format!("<{of}{base}{params}").into(),
        _ => {
            let types = of.split_once('<').map(|(_, types)| format!("<{types}")).unwrap_or_default();
            format!("{base}{types}{params}").into()
        }
    }
}

/// Memos are made one at a time: two threads that call a function first must not make two.
static MAKING: crate::sync::plain::Mutex<()> = crate::sync::plain::Mutex::new(());

/// No memo is made until this is dropped.
pub(crate) fn hold() -> Box<dyn crate::sync::Locked> {
    crate::sync::held(making(), |_| ())
}

/// Waits until nobody else makes a memo.
pub(crate) fn making() -> crate::sync::plain::MutexGuard<'static, ()> {
    MAKING.lock()
}

/// What tells instantiations apart, with the types of key and value that a memo is made for.
type Instantiation<Id, K, V> = PhantomData<(fn(&Id), K, V)>;

impl Slot {
    /// A slot without memos.
    #[must_use]
    pub const fn new(spec: Spec) -> Self {
        Self { spec, chains: [const { AtomicPtr::new(ptr::null_mut()) }; CHAINS] }
    }

    /// The memo of an instantiation.
    #[inline]
    pub(crate) fn memo<Id, S, R>(
        &'static self,
        spec: MakesSpec<'_, R, S>,
    ) -> MemoHandle<'static, S::Owned, R::StoredValue>
    where
        Id: Identity + ?Sized,
        S: Shape,
        R: Returns,
    {
        let id = id::<Id, S, R>();
        #[cfg(feature = "testing")]
        if let Some(scope) = crate::memo::scope::current() {
            let runtime = scope.runtime();
            let made = || runtime.memo_of(self.address(), id);
            let memo = made().unwrap_or_else(|| {
                // Under no lock: expressions of the attribute are evaluated for it.
                let types = Types::of::<S, R>(spec());
                let _making = making();
                made().unwrap_or_else(|| self.make(types, Id::name, id, runtime, true, None))
            });
            // SAFETY: the runtime finds the memo by the id, which is that of these types.
            return unsafe { MemoHandle::scoped(memo) };
        }
        let memo =
            if let Some(memo) = self.find(id) { memo } else { self.first_use::<S, R>(id, Id::name, spec) };
        // SAFETY: the id is that of these types, and the memo was made for them.
        unsafe { MemoHandle::kept(memo) }
    }

    /// The memo of an instantiation, if it is made, and no test has another.
    #[inline]
    pub(crate) fn made<Id: Identity, S: Shape, R: Returns>(
        &self,
    ) -> Option<MemoHandle<'static, S::Owned, R::StoredValue>> {
        #[cfg(feature = "testing")]
        if crate::memo::scope::current().is_some() {
            return None;
        }
        let id = id::<Id, S, R>();
        let memo = if const { Id::ONLY } {
            // SAFETY: as in `find`.
            let memo = unsafe { self.chains[chain(id)].load(Ordering::Acquire).as_ref::<'static>()? };
            debug_assert!(memo.header.id == id, "there is one instantiation");
            memo
        } else {
            self.find(id)?
        };
        // SAFETY: the id is that of these types, and so is the only one, and the memo was made for them.
        Some(unsafe { MemoHandle::kept(memo) })
    }

    #[inline]
    fn find(&self, id: TypeId) -> Option<&'static MemoCore> {
        let mut next = self.chains[chain(id)].load(Ordering::Acquire);
        loop {
            // SAFETY: pointers in chains come from `install`, which leaks what they point to.
            let memo = unsafe { next.as_ref::<'static>()? };
            if memo.header.id == id {
                return Some(memo);
            }
            next = memo.header.next.load(Ordering::Acquire);
        }
    }

    #[cold]
    fn first_use<S: Shape, R: Returns>(
        &'static self,
        id: TypeId,
        name: fn(&str) -> Arc<str>,
        spec: MakesSpec<'_, R, S>,
    ) -> &'static MemoCore {
        self.install(id, name, Types::of::<S, R>(spec()))
    }

    fn install(&'static self, id: TypeId, name: fn(&str) -> Arc<str>, types: Types) -> &'static MemoCore {
        let _making = making();
        if let Some(memo) = self.find(id) {
            return memo;
        }
        let memo = self.make(types, name, id, Runtime::global(), true, None);
        let raw = Arc::into_raw(memo);
        // SAFETY: just leaked: it is never dropped.
        let memo: &'static MemoCore = unsafe { &*raw };
        memo.note_that_it_stays();
        let chain = &self.chains[chain(id)];
        memo.header.next.store(chain.load(Ordering::Relaxed), Ordering::Relaxed);
        chain.store(raw.cast_mut(), Ordering::Release);
        memo
    }

    /// Makes a memo; the runtime keeps it, or its field does.
    pub(crate) fn make(
        &'static self,
        types: Types,
        name: fn(&str) -> Arc<str>,
        id: TypeId,
        runtime: &Arc<Runtime>,
        kept: bool,
        capacity: Option<usize>,
    ) -> Arc<MemoCore> {
        let capacity = capacity.unwrap_or(self.spec.capacity);
        let name = name(self.spec.name);
        let memo = MemoCore::create(&self.spec, capacity, name, types, (self.address(), id), runtime);
        runtime.register(&memo, kept);
        // The runtime may have been switched while it did not know of the memo.
        memo.follow_runtime();
        memo
    }

    /// What tells slots apart.
    pub(crate) fn address(&self) -> usize {
        ptr::from_ref(self).addr()
    }

    /// The memos that have been used so far, in the current runtime.
    pub(crate) fn memos(&'static self) -> impl Iterator<Item = Arc<MemoCore>> {
        let memos = Runtime::current().memos().into_iter();
        memos.filter(|memo| memo.slot == self.address())
    }
}

/// What an instantiation is told apart by.
#[inline]
pub(crate) fn id<Id: ?Sized, S: Shape, R: Returns>() -> TypeId {
    typeid::of::<Instantiation<Id, S::Owned, R::StoredValue>>()
}

#[inline]
fn chain(id: TypeId) -> usize {
    let hash = foldhash::fast::FixedState::default().hash_one(id);
    usize::try_from(hash % CHAINS as u64).unwrap_or(0)
}
