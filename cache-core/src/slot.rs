//! Slots: where a function finds its memo. A slot is a constant static; memos are made on first use.

use std::any::TypeId;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher};
use std::marker::PhantomData;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, Ordering};

use crate::key::Shape;
use crate::memo::{AnyMemoRef, Header, MemoSpec, TypedMemo};
use crate::spec::Spec;
use crate::value::Returns;
use crate::world::World;

/// Chains of memos by hash of their types: a generic function may have many instantiations.
const CHAINS: usize = 8;

/// Where one memoized function finds its memos: one, or one for each instantiation.
pub struct Slot {
    spec: Spec,
    chains: [AtomicPtr<Header>; CHAINS],
}

/// A memo in use: of the process, where it stays for good, or of a test's scope.
pub(crate) enum Handle<K: 'static, V: 'static> {
    Static(&'static TypedMemo<K, V>),
    #[cfg(feature = "testing")]
    Scoped(Arc<TypedMemo<K, V>>),
}

impl<K, V> std::ops::Deref for Handle<K, V> {
    type Target = TypedMemo<K, V>;

    #[inline]
    fn deref(&self) -> &TypedMemo<K, V> {
        match self {
            Self::Static(memo) => memo,
            #[cfg(feature = "testing")]
            Self::Scoped(memo) => memo,
        }
    }
}

/// Memos are made one at a time: two threads that call a function first must not make two.
static MAKING: parking_lot::Mutex<()> = parking_lot::Mutex::new(());

/// What tells instantiations apart, with the types of key and value that make the cast below sound.
type Identity<Id, K, V> = PhantomData<(fn(&Id), K, V)>;

impl Slot {
    /// A slot without memos.
    #[must_use]
    pub const fn new(spec: Spec) -> Self {
        Self { spec, chains: [const { AtomicPtr::new(ptr::null_mut()) }; CHAINS] }
    }

    /// The memo of an instantiation.
    #[inline]
    pub(crate) fn memo<Id, S, R>(&'static self, hooks: MemoSpec<R>) -> Handle<S::Owned, R::Held>
    where
        Id: ?Sized,
        S: Shape,
        R: Returns,
    {
        let id = typeid::of::<Identity<Id, S::Owned, R::Held>>();
        #[cfg(feature = "testing")]
        if let Some(scope) = crate::testing::current() {
            return Handle::Scoped(scope.memo(self, id, |world| self.make::<Id, S, R>(hooks, id, world)));
        }
        Handle::Static(match self.find::<S::Owned, R::Held>(id) {
            Some(memo) => memo,
            None => self.first_use::<Id, S, R>(hooks, id),
        })
    }

    #[inline]
    fn find<K, V>(&self, id: TypeId) -> Option<&'static TypedMemo<K, V>> {
        let mut next = self.chains[chain(id)].load(Ordering::Acquire);
        loop {
            // SAFETY: pointers in chains come from `first_use`, which leaks what they point to.
            let header = unsafe { next.as_ref::<'static>()? };
            if header.id == id {
                // SAFETY: `id` is that of an `Identity<_, K, V>` (checked by callers, all in this
                // file), so the memo was made as a `TypedMemo<K, V>`, whose first field, under
                // `repr(C)`, is this header; the pointer was made from one to the whole memo.
                #[expect(clippy::cast_ptr_alignment, reason = "it points to a whole memo")]
                return Some(unsafe { &*next.cast_const().cast::<TypedMemo<K, V>>() });
            }
            next = header.next.load(Ordering::Acquire);
        }
    }

    #[cold]
    fn first_use<Id, S, R>(
        &'static self,
        hooks: MemoSpec<R>,
        id: TypeId,
    ) -> &'static TypedMemo<S::Owned, R::Held>
    where
        Id: ?Sized,
        S: Shape,
        R: Returns,
    {
        let _making = MAKING.lock();
        if let Some(memo) = self.find(id) {
            return memo;
        }
        let memo = self.make::<Id, S, R>(hooks, id, World::global());
        let raw = Arc::into_raw(memo);
        let header = raw.cast_mut().cast::<Header>();
        let chain = &self.chains[chain(id)];
        // SAFETY: just leaked, as a whole; the header is its first field. It is not shared yet.
        unsafe {
            (*header).next.store(chain.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        chain.store(header, Ordering::Release);
        // SAFETY: leaked: it is never dropped.
        unsafe { &*raw }
    }

    fn make<Id, S, R>(
        &self,
        hooks: MemoSpec<R>,
        id: TypeId,
        world: &Arc<World>,
    ) -> Arc<TypedMemo<S::Owned, R::Held>>
    where
        Id: ?Sized,
        S: Shape,
        R: Returns,
    {
        let name = crate::memo::instance_name::<Id>(self.spec.name);
        TypedMemo::create::<S, R>(self.spec, name, hooks, (self.address(), id), world)
    }

    /// What tells slots apart.
    pub(crate) fn address(&self) -> usize {
        ptr::from_ref(self).addr()
    }

    /// The memos that have been used so far, in the current world.
    pub(crate) fn memos(&'static self) -> Vec<AnyMemoRef> {
        let memos = World::current().memos().into_iter();
        memos.filter(|memo| memo.slot() == self.address()).map(AnyMemoRef).collect()
    }
}

#[inline]
fn chain(id: TypeId) -> usize {
    // Type ids are hashes: any of their bits will do.
    let hash = BuildHasherDefault::<Bits>::default().hash_one(id);
    usize::try_from(hash % CHAINS as u64).unwrap_or(0)
}

#[derive(Default)]
struct Bits(u64);

impl Hasher for Bits {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
    #[inline]
    fn write_u64(&mut self, bits: u64) {
        self.0 = bits;
    }
}
