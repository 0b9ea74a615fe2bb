//! Memory for the entries of one memo: cells, in chunks, laid out for its types of key and value.
//!
//! A memo has one type of keys and one of values, so the layout of a cell is known when the memo is made. All but
//! a hit find key and value by the offsets that a [`CellType`] tells; a hit knows the types.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error, realloc};
use std::marker::PhantomData;
use std::mem::{MaybeUninit, offset_of};
use std::ptr::{self, NonNull};

use super::packed::PackedMetadata;
use crate::erased::{Data, Erased, ErasedRef, Vtable};
use crate::policy::NONE;

/// In a link: the cell has a key and a value. The rest is the next slot, of a queue or of the free ones.
pub(super) const LIVE: u32 = 1 << 31;

/// How a cell of a memo is laid out.
pub(crate) struct CellType {
    layout: Layout,
    key_at: usize,
    value_at: usize,
    key: &'static Vtable,
    value: &'static Vtable,
}

#[repr(C)]
struct Cell<K, V> {
    head: Head,
    key: MaybeUninit<K>,
    value: MaybeUninit<V>,
}

/// What a cell has whatever its types.
pub(crate) struct Head {
    pub(super) packed: PackedMetadata,
    pub(crate) hash: u32,
    /// Only what holds [`LIVE`] has key and value.
    pub(super) link: u32,
}

impl Head {
    #[inline]
    pub(super) fn is_live(&self) -> bool {
        self.link & LIVE != 0
    }
}

struct CellTypeOf<K, V>(PhantomData<(K, V)>);

impl<K: Data, V: Data> CellTypeOf<K, V> {
    const TYPE: &'static CellType = &CellType {
        layout: Layout::new::<Cell<K, V>>(),
        key_at: offset_of!(Cell<K, V>, key),
        value_at: offset_of!(Cell<K, V>, value),
        key: Vtable::of::<K>(),
        value: Vtable::of::<V>(),
    };
}

impl CellType {
    pub(crate) const fn of<K: Data, V: Data>() -> &'static Self {
        CellTypeOf::<K, V>::TYPE
    }

    /// Whether keys and values are of these types.
    pub(crate) fn is<K: Data, V: Data>(&self) -> bool {
        self.key.is::<K>() && self.value.is::<V>()
    }

    /// Whether dropping an entry may run code of its types.
    pub(crate) fn needs_drop(&self) -> bool {
        self.key.needs_drop() || self.value.needs_drop()
    }

    /// The layout of so many cells.
    fn layout(&self, count: u32) -> Layout {
        let size = self.layout.size().checked_mul(count as usize);
        let layout = size.and_then(|size| Layout::from_size_align(size, self.layout.align()).ok());
        layout.expect("a chunk fits into memory")
    }
}

/// Some cells of one type, one after the other. Each has its head; those that are live have key and value.
pub(super) struct Cells {
    memory: NonNull<u8>,
    cell: &'static CellType,
    len: u32,
    capacity: u32,
}

// SAFETY: keys and values are `Data`, which is `Send`, and so is the rest.
unsafe impl Send for Cells {}
// SAFETY: keys and values are `Data`, which is `Sync`, and so is the rest.
unsafe impl Sync for Cells {}

impl Cells {
    /// None so far, with room for so many, which are not 0.
    pub(super) fn with_capacity(cell: &'static CellType, capacity: u32) -> Self {
        let layout = cell.layout(capacity);
        assert!(layout.size() > 0, "a cell has a head");
        // SAFETY: the size is not 0.
        let memory = unsafe { alloc(layout) };
        let memory = NonNull::new(memory).unwrap_or_else(|| handle_alloc_error(layout));
        Self { memory, cell, len: 0, capacity }
    }

    pub(super) fn len(&self) -> usize {
        self.len as usize
    }

    pub(super) fn is_full(&self) -> bool {
        self.len == self.capacity
    }

    /// Makes room for so many.
    pub(super) fn grow(&mut self, capacity: u32) {
        assert!(capacity > self.capacity, "it grows");
        let (old, new) = (self.cell.layout(self.capacity), self.cell.layout(capacity));
        // SAFETY: the memory was allocated with the old layout, and the new size is greater. Cells may be moved: keys
        // and values are as they are wherever they lie.
        let memory = unsafe { realloc(self.memory.as_ptr(), old, new.size()) };
        self.memory = NonNull::new(memory).unwrap_or_else(|| handle_alloc_error(new));
        self.capacity = capacity;
    }

    /// Where a cell begins.
    ///
    /// # Safety
    ///
    /// There is room for so many.
    #[inline]
    unsafe fn at(&self, at: usize) -> *mut u8 {
        // SAFETY: as the caller says.
        unsafe { self.memory.as_ptr().add(at * self.cell.layout.size()) }
    }

    /// Where its head is.
    ///
    /// # Safety
    ///
    /// There is room for so many.
    #[inline]
    unsafe fn head_at(&self, at: usize) -> *mut Head {
        // SAFETY: as the caller says.
        unsafe { self.at(at).cast() }
    }

    #[inline]
    pub(super) fn head(&self, at: usize) -> Option<&Head> {
        // SAFETY: a cell that there is has its head, at its beginning. This is borrowed as that is.
        (at < self.len()).then(|| unsafe { &*self.head_at(at) })
    }

    #[inline]
    pub(super) fn head_mut(&mut self, at: usize) -> Option<&mut Head> {
        // SAFETY: as in `head`.
        (at < self.len()).then(|| unsafe { &mut *self.head_at(at) })
    }

    /// The head, key and value of a cell that is live.
    #[inline]
    pub(super) fn get(&self, at: usize) -> Option<(&Head, ErasedRef<'_>, ErasedRef<'_>)> {
        let head = self.head(at).filter(|head| head.is_live())?;
        // SAFETY: a cell that is live has a key and a value of these types at these places, and they are borrowed as
        // this is.
        unsafe {
            let cell = self.at(at);
            let key = ErasedRef::at(cell.add(self.cell.key_at), self.cell.key);
            let value = ErasedRef::at(cell.add(self.cell.value_at), self.cell.value);
            Some((head, key, value))
        }
    }

    /// The same where the types are known.
    ///
    /// # Safety
    ///
    /// There is such a cell, it is live, and its types are these.
    #[inline]
    pub(super) unsafe fn get_typed<K, V>(&self, at: usize) -> (&Head, &K, &V) {
        debug_assert!(self.head(at).is_some_and(Head::is_live));
        // SAFETY: as the caller says: so it is laid out as this type, from which the offsets were taken.
        unsafe {
            let cell = &*self.memory.as_ptr().cast::<Cell<K, V>>().add(at);
            (&cell.head, cell.key.assume_init_ref(), cell.value.assume_init_ref())
        }
    }

    /// Adds a cell that has neither key nor value.
    pub(super) fn push(&mut self) {
        assert!(!self.is_full(), "there is room");
        let head = Head { packed: PackedMetadata::none(), hash: 0, link: NONE };
        // SAFETY: there is room for one more, in which nothing is yet.
        unsafe { self.head_at(self.len()).write(head) };
        self.len += 1;
    }

    /// Gives copies of a key and a value to a cell that has none. Its head.
    #[inline]
    pub(super) fn fill(&mut self, at: usize, key: &Erased, value: &Erased) -> &mut Head {
        let cell = self.places(at, key, value);
        // SAFETY: the places are fit for values of these types, and have none.
        unsafe {
            key.by_ref().clone_to(cell.add(self.cell.key_at));
            value.by_ref().clone_to(cell.add(self.cell.value_at));
            Self::filled(cell)
        }
    }

    /// The same with the key and the value themselves.
    pub(super) fn fill_with(&mut self, at: usize, key: Erased, value: Erased) -> &mut Head {
        let cell = self.places(at, &key, &value);
        // SAFETY: as in `fill`.
        unsafe {
            key.move_to(cell.add(self.cell.key_at));
            value.move_to(cell.add(self.cell.value_at));
            Self::filled(cell)
        }
    }

    /// The head of a cell that has its key and value now.
    ///
    /// # Safety
    ///
    /// It is a cell, and has them. It is borrowed for as long as `'a`.
    #[inline]
    unsafe fn filled<'a>(cell: *mut u8) -> &'a mut Head {
        let head: *mut Head = cell.cast();
        // SAFETY: as the caller says.
        let head = unsafe { &mut *head };
        head.link |= LIVE;
        head
    }

    /// A cell that is there, has neither key nor value, and is of these types.
    #[inline]
    fn places(&self, at: usize, key: &Erased, value: &Erased) -> *mut u8 {
        let same = key.is_of(self.cell.key) && value.is_of(self.cell.value);
        assert!(same, "a memo has one type of keys and one of values");
        let is_free = self.head(at).is_some_and(|head| !head.is_live());
        assert!(is_free, "a cell that is free");
        // SAFETY: there is such a cell.
        unsafe { self.at(at) }
    }

    /// Takes key and value out of a cell, if it is live.
    #[inline]
    pub(super) fn take(&mut self, at: usize) -> Option<(Erased, Erased)> {
        let head = self.head_mut(at).filter(|head| head.is_live())?;
        head.link &= !LIVE;
        // SAFETY: it was live, so it has both; it is not live any more, so they are not used again where they lie.
        unsafe {
            let cell = self.at(at);
            let key = Erased::move_from(cell.add(self.cell.key_at), self.cell.key);
            Some((key, Erased::move_from(cell.add(self.cell.value_at), self.cell.value)))
        }
    }

    /// Puts a key and a value in the place of those of a cell, if it is live.
    #[inline]
    pub(super) fn replace(&mut self, at: usize, key: &Erased, value: &Erased) -> Option<(Erased, Erased)> {
        let old = self.take(at)?;
        self.fill(at, key, value);
        Some(old)
    }

    /// Writes a copy of a value over that of a cell, if it is live: it need not be dropped. Its head.
    #[inline]
    pub(super) fn overwrite(&mut self, at: usize, value: &Erased) -> Option<&mut Head> {
        assert!(
            value.is_of(self.cell.value) && !self.cell.value.needs_drop(),
            "a value that is of no matter"
        );
        self.head(at).filter(|head| head.is_live())?;
        // SAFETY: a cell that is live has a value of this type there, of which nothing is to be dropped.
        unsafe { value.by_ref().clone_to(self.at(at).add(self.cell.value_at)) };
        self.head_mut(at)
    }

    /// Takes an entry out of a cell that is live, without a look at it: its types need not be dropped.
    #[inline]
    pub(super) fn forget(&mut self, at: usize, link: u32) {
        debug_assert!(!self.cell.needs_drop());
        if let Some(head) = self.head_mut(at) {
            head.link = link;
        }
    }

    /// Takes the last cell off. Its key and value, if it is live, and its head.
    pub(super) fn pop(&mut self) -> Option<(Head, Option<(Erased, Erased)>)> {
        let last = self.len().checked_sub(1)?;
        let entry = self.take(last);
        self.len -= 1;
        // SAFETY: the cell has its head, which is not used again where it lies.
        let head = unsafe { ptr::read(self.head_at(last)) };
        Some((head, entry))
    }
}

impl Drop for Cells {
    fn drop(&mut self) {
        /// Gives the memory back, also if the drop of an entry panics.
        struct Free(NonNull<u8>, Layout);
        impl Drop for Free {
            fn drop(&mut self) {
                // SAFETY: it was allocated with this layout, and nothing is in it any more that is used.
                unsafe { dealloc(self.0.as_ptr(), self.1) };
            }
        }
        let _free = Free(self.memory, self.cell.layout(self.capacity));
        while self.pop().is_some() {}
    }
}
