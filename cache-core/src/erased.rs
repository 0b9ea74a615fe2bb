//! Keys and values whose types are forgotten: what the core of a memo works with.
//!
//! An [`Erased`] owns its value, in place if it is small, else in a box. An [`ErasedRef`] borrows one, wherever it
//! lies. Both carry the table of their type, so that they can be cloned, dropped and asked for their type.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::any::TypeId;
use std::cell::UnsafeCell;
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::ptr::{self, NonNull};

/// What keys and values are in the store: their `Clone` runs no user code.
pub(crate) trait Data: Clone + Send + Sync + 'static {}
impl<T: Clone + Send + Sync + 'static> Data for T {}

/// So many words of a value lie in place: two strings that are shared fit.
const WORDS: usize = 4;

/// Where a small value lies, or the pointer to a large one.
type Words = MaybeUninit<[u64; WORDS]>;

/// What is known of a type of keys or values.
pub(crate) struct Vtable {
    layout: Layout,
    /// Whether values lie in place.
    is_small: bool,
    /// Whether nothing is to be done when one is dropped: neither by its type, nor to give memory back.
    is_trivial: bool,
    id: TypeId,
    /// Clones the value at the first pointer to the second, which has no value.
    clone: unsafe fn(*const u8, *mut u8),
    /// None where dropping does nothing.
    drop: Option<unsafe fn(*mut u8)>,
}

/// # Safety
///
/// `from` points to a `T`, and `to` to memory that is fit for one.
unsafe fn clone<T: Clone>(from: *const u8, to: *mut u8) {
    // SAFETY: as the caller says.
    unsafe { to.cast::<T>().write((*from.cast::<T>()).clone()) }
}

/// # Safety
///
/// `value` points to a `T`, which is not used again.
unsafe fn drop_in_place<T>(value: *mut u8) {
    // SAFETY: as the caller says.
    unsafe { value.cast::<T>().drop_in_place() }
}

impl Vtable {
    pub(crate) const fn of<T: Data>() -> &'static Self {
        const {
            let is_small = size_of::<T>() <= size_of::<Words>() && align_of::<T>() <= align_of::<Words>();
            let needs_drop = std::mem::needs_drop::<T>();
            &Self {
                layout: Layout::new::<T>(),
                is_small,
                is_trivial: is_small && !needs_drop,
                id: TypeId::of::<T>(),
                clone: clone::<T>,
                drop: if needs_drop { Some(drop_in_place::<T>) } else { None },
            }
        }
    }

    #[inline]
    pub(crate) fn is<T: 'static>(&self) -> bool {
        self.id == TypeId::of::<T>()
    }

    pub(crate) fn needs_drop(&self) -> bool {
        self.drop.is_some()
    }

    /// Moves the bytes of a value.
    ///
    /// # Safety
    ///
    /// `from` points to a value of this type, which is not used again there, and `to` to other memory that is fit
    /// for one.
    #[inline]
    unsafe fn copy(&self, from: *const u8, to: *mut u8) {
        const WORD: usize = size_of::<u64>();
        // SAFETY: as the caller says. Most values are a word, which is copied without a call. It is not read as a
        // number: it may be a pointer, or have padding.
        unsafe {
            if self.layout.size() == WORD {
                ptr::copy_nonoverlapping(from, to, WORD);
            } else {
                ptr::copy_nonoverlapping(from, to, self.layout.size());
            }
        }
    }
}

/// A value whose type is forgotten.
pub struct Erased {
    /// In a cell: a value may have cells in it, which are written through a shared reference.
    words: UnsafeCell<Words>,
    vtable: &'static Vtable,
}

// SAFETY: it is only made of `Data`, which is `Send`.
unsafe impl Send for Erased {}
// SAFETY: it is only made of `Data`, which is `Sync`.
unsafe impl Sync for Erased {}

impl Erased {
    #[inline]
    pub(crate) fn new<T: Data>(value: T) -> Self {
        let value = ManuallyDrop::new(value);
        // SAFETY: this is a value of that type, and it is neither used nor dropped here again.
        unsafe { Self::move_from(ptr::from_ref(&value).cast(), Vtable::of::<T>()) }
    }

    /// Takes another value instead of the one that it has. A small one stays where it is put: what has just been
    /// written is slow to move.
    #[inline]
    pub(crate) fn set<T: Data>(&mut self, value: T) {
        let vtable = Vtable::of::<T>();
        if !(self.vtable.is_trivial && vtable.is_small) {
            *self = Self::new(value);
            return;
        }
        // SAFETY: it fits, since it is small. What was here need not be dropped.
        unsafe { self.words.get().cast::<T>().write(value) };
        self.vtable = vtable;
    }

    /// Moves a value out of where it lies.
    ///
    /// # Safety
    ///
    /// A value of the type of `vtable` lies there, and is not used again where it lies.
    #[inline]
    pub(crate) unsafe fn move_from(from: *const u8, vtable: &'static Vtable) -> Self {
        let this = Self::room_for(vtable);
        // SAFETY: as the caller says; there is room for one.
        unsafe { vtable.copy(from, this.as_ptr()) };
        ManuallyDrop::into_inner(this)
    }

    /// Moves the value to where it is to lie.
    ///
    /// # Safety
    ///
    /// `to` points to memory that is fit for a value of this type.
    #[inline]
    pub(crate) unsafe fn move_to(self, to: *mut u8) {
        // SAFETY: as the caller says; this is not dropped, and the value is not used in it again.
        unsafe {
            self.vtable.copy(self.as_ptr(), to);
            self.free();
        }
        std::mem::forget(self);
    }

    /// One without a value, which must be written before it may be used or dropped.
    #[inline]
    fn room_for(vtable: &'static Vtable) -> ManuallyDrop<Self> {
        let mut words = Words::uninit();
        if !vtable.is_small {
            // What is of no size is small, unless its alignment is large.
            let memory = match vtable.layout.size() {
                0 => ptr::without_provenance_mut(vtable.layout.align()),
                // SAFETY: the size is not 0.
                _ => unsafe { alloc(vtable.layout) },
            };
            let memory = NonNull::new(memory).unwrap_or_else(|| handle_alloc_error(vtable.layout));
            // SAFETY: a pointer fits.
            unsafe { words.as_mut_ptr().cast::<NonNull<u8>>().write(memory) };
        }
        ManuallyDrop::new(Self { words: UnsafeCell::new(words), vtable })
    }

    /// Gives the memory of a large value back, which has been moved or dropped.
    ///
    /// # Safety
    ///
    /// This is not used again.
    #[inline]
    unsafe fn free(&self) {
        if !self.vtable.is_small && self.vtable.layout.size() > 0 {
            // SAFETY: it was allocated by `room_for`, with this layout.
            unsafe { dealloc(self.as_ptr(), self.vtable.layout) };
        }
    }

    /// Where the value lies, or is to lie.
    #[inline]
    fn as_ptr(&self) -> *mut u8 {
        if self.vtable.is_small {
            self.words.get().cast()
        } else {
            // SAFETY: a large value has a pointer here.
            unsafe { self.words.get().cast::<*mut u8>().read() }
        }
    }

    /// Whether it is of the type of a table, of which there may be several.
    #[inline]
    pub(crate) fn is_of(&self, vtable: &'static Vtable) -> bool {
        ptr::eq(self.vtable, vtable) || self.vtable.id == vtable.id
    }

    #[inline]
    pub(crate) fn by_ref(&self) -> ErasedRef<'_> {
        // SAFETY: its value lies there as long as it is borrowed.
        unsafe { ErasedRef::at(self.as_ptr(), self.vtable) }
    }

    /// The value.
    ///
    /// # Panics
    ///
    /// If it is of another type.
    pub(crate) fn get<T: 'static>(&self) -> &T {
        self.by_ref().get()
    }

    /// The value.
    ///
    /// # Panics
    ///
    /// If it is of another type.
    #[inline]
    pub(crate) fn into<T: 'static>(mut self) -> T {
        self.take()
    }

    /// Takes the value out; nothing is left.
    ///
    /// # Panics
    ///
    /// If it is of another type.
    #[inline]
    pub(crate) fn take<T: 'static>(&mut self) -> T {
        // SAFETY: its value is read once, and its memory given back. It has none from here on.
        unsafe {
            let value = ptr::read(self.get::<T>());
            self.free();
            self.vtable = Vtable::of::<()>();
            value
        }
    }
}

const WRONG: &str = "a memo has one type of keys and one of values";

impl Default for Erased {
    /// Of no size.
    #[inline]
    fn default() -> Self {
        Self::new(())
    }
}

impl Clone for Erased {
    #[inline]
    fn clone(&self) -> Self {
        self.by_ref().to_owned()
    }

    /// A small value is cloned to where it stays: one that has just been written is slow to move.
    #[inline]
    fn clone_from(&mut self, other: &Self) {
        if !(self.vtable.is_trivial && other.vtable.is_small) {
            *self = other.clone();
            return;
        }
        // What is here need not be dropped, and if cloning panics nothing is here.
        self.vtable = Vtable::of::<()>();
        // SAFETY: it fits, since it is small, and it is what this has from here on.
        unsafe { other.by_ref().clone_to(self.words.get().cast()) };
        self.vtable = other.vtable;
    }
}

impl Drop for Erased {
    #[inline]
    fn drop(&mut self) {
        /// Also if the value's drop panics.
        struct Free<'a>(&'a Erased);
        impl Drop for Free<'_> {
            fn drop(&mut self) {
                // SAFETY: the value was dropped.
                unsafe { self.0.free() };
            }
        }
        if self.vtable.is_trivial {
            return;
        }
        let this = Free(self);
        if let Some(drop) = this.0.vtable.drop {
            // SAFETY: it has a value of this type, which is not used again.
            unsafe { drop(this.0.as_ptr()) };
        }
    }
}

/// A borrowed value whose type is forgotten.
#[derive(Clone, Copy)]
pub(crate) struct ErasedRef<'a> {
    value: NonNull<u8>,
    vtable: &'static Vtable,
    borrowed: PhantomData<&'a ()>,
}

impl<'a> ErasedRef<'a> {
    /// The value that lies there.
    ///
    /// # Safety
    ///
    /// A value of this type lies there, and nobody changes it, for as long as `'a`.
    #[inline]
    pub(crate) unsafe fn at(value: *const u8, vtable: &'static Vtable) -> Self {
        // SAFETY: as the caller says.
        let value = unsafe { NonNull::new_unchecked(value.cast_mut()) };
        Self { value, vtable, borrowed: PhantomData }
    }

    /// The value.
    ///
    /// # Panics
    ///
    /// If it is of another type.
    #[inline]
    pub(crate) fn get<T: 'static>(self) -> &'a T {
        assert!(self.vtable.is::<T>(), "{WRONG}");
        // SAFETY: it is a `T`, borrowed for as long as `'a`.
        unsafe { self.value.cast::<T>().as_ref() }
    }

    /// Clones the value to where the clone is to lie.
    ///
    /// # Safety
    ///
    /// `to` points to memory that is fit for a value of this type, and has none.
    #[inline]
    pub(crate) unsafe fn clone_to(self, to: *mut u8) {
        // SAFETY: the value is of that type; the rest is as the caller says.
        unsafe { (self.vtable.clone)(self.value.as_ptr(), to) };
    }

    #[inline]
    pub(crate) fn to_owned(self) -> Erased {
        let clone = Erased::room_for(self.vtable);
        // SAFETY: there is room for one, which is not used if cloning panics.
        unsafe { self.clone_to(clone.as_ptr()) };
        ManuallyDrop::into_inner(clone)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// Moves, clones and drops are those of the value, and none is lost or made twice.
    fn is_itself<T: Data + PartialEq + std::fmt::Debug>(value: &T) {
        let erased = Erased::new(value.clone());
        assert_eq!(erased.get::<T>(), value);
        let (one, other) = (erased.clone(), erased.by_ref().to_owned());
        drop(erased);
        assert_eq!(&one.into::<T>(), value);
        let mut place = MaybeUninit::<T>::uninit();
        // SAFETY: it is of that type, and read back once.
        let moved = unsafe {
            other.move_to(place.as_mut_ptr().cast());
            Erased::move_from(place.as_ptr().cast(), Vtable::of::<T>())
        };
        assert_eq!(moved.get::<T>(), value);
        // Over what it has been, small or not.
        for before in [Erased::new(()), Erased::new("a text".to_owned()), Erased::new([1_u64; 9])] {
            let (mut set, mut cloned) = (before.clone(), before);
            set.set(value.clone());
            cloned.clone_from(&moved);
            assert_eq!((set.get::<T>(), cloned.get::<T>()), (value, value));
            assert_eq!(&set.take::<T>(), value);
            assert!(set.is_of(Vtable::of::<()>()));
        }
    }

    #[derive(Clone, Copy, Debug, PartialEq)]
    #[repr(align(64))]
    struct Aligned(u8);

    #[derive(Clone, Copy, Debug, PartialEq)]
    #[repr(align(64))]
    struct AlignedNothing;

    #[test]
    fn values_of_all_sizes_stay_what_they_are() {
        is_itself(&());
        is_itself(&7_u8);
        is_itself(&7_u64);
        is_itself(&u128::MAX);
        is_itself(&[1_u8; 31]);
        is_itself(&(7_u32, 7_u8));
        is_itself(&None::<u32>);
        is_itself(&[7_u64; 4]);
        is_itself(&[7_u64; 5]);
        is_itself(&[7_u8; 1000]);
        is_itself(&Aligned(7));
        is_itself(&AlignedNothing);
        is_itself(&"tom".to_owned());
        is_itself(&(Some("tom".to_owned()), "pixie".to_owned(), 7_u64));
        let shared = Arc::new(7);
        is_itself(&shared.clone());
        is_itself(&(shared.clone(), [shared.clone(), shared.clone(), shared.clone(), shared.clone()]));
        assert_eq!(Arc::strong_count(&shared), 1);
    }

    #[test]
    fn a_value_whose_drop_panics_leaves_nothing_behind() {
        #[derive(Clone)]
        struct Panics(#[expect(dead_code, reason = "to make it large")] [Arc<()>; 5]);
        impl Drop for Panics {
            fn drop(&mut self) {
                panic!("dropped");
            }
        }
        let alive = Arc::new(());
        let erased = Erased::new(Panics(std::array::from_fn(|_| alive.clone())));
        assert!(crate::sync::guarded(|| drop(erased)).is_none());
        assert_eq!(Arc::strong_count(&alive), 1);
    }

    #[test]
    fn nothing_is_left_of_a_clone_that_panics() {
        struct Panics(#[expect(dead_code, reason = "to be counted")] Arc<()>);
        impl Clone for Panics {
            fn clone(&self) -> Self {
                panic!("cloned");
            }
        }
        let alive = Arc::new(());
        let erased = Erased::new(Panics(alive.clone()));
        let mut other = Erased::new(7_u64);
        assert!(crate::sync::guarded(|| other.clone_from(&erased)).is_none());
        assert!(other.is_of(Vtable::of::<()>()));
        drop((erased, other));
        assert_eq!(Arc::strong_count(&alive), 1);
    }

    #[test]
    #[should_panic = "one type of keys"]
    fn another_type_is_refused() {
        let _: u32 = Erased::new(7_u64).into();
    }
}
