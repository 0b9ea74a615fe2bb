//! Where the entries of a shard lie: in slots, which they never leave while they live, so that everything
//! else can name them by a number.
//!
//! Slots come in chunks, so that growing moves nothing but the first few. A slot is *live* (it has an
//! entry), *gone* (its entry has left, but a queue still goes through it) or free.

use std::mem::MaybeUninit;

use super::hashes::LOW;
use super::life::Life;
use super::resident::{Lease, More, Record, Removed, Resident, Spot};
use crate::policy::{NONE, Slot, Slots};

/// No more than a table can tell apart.
const MOST: usize = 1 << (LOW - 1);
/// Slots in a chunk. The first grows up to it.
const CHUNK: usize = 128;
const FIRST: usize = 4;

/// In a slot's link: it is live. The rest is the next slot, of a queue or of the free ones.
const LIVE: u32 = 1 << 31;

/// See the module.
#[repr(C)]
pub(super) struct Slab<K, V> {
    chunks: Vec<Chunk<K, V>>,
    /// The free ones, in a chain.
    free: Slot,
    live: u32,
}

struct Chunk<K, V> {
    slots: Vec<Cell<K, V>>,
    /// By the slot's place in the chunk; made when the first entry has something of it.
    more: Option<Box<[Option<Box<More>>; CHUNK]>>,
}

struct Cell<K, V> {
    key: MaybeUninit<K>,
    value: MaybeUninit<V>,
    life: Life,
    hash: u32,
    /// Only what holds [`LIVE`] has key and value.
    link: u32,
}

impl<K, V> Cell<K, V> {
    #[inline]
    fn is_live(&self) -> bool {
        self.link & LIVE != 0
    }
}

impl<K, V> Slab<K, V> {
    pub(super) const fn new() -> Self {
        Self { chunks: Vec::new(), free: NONE, live: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.live as usize
    }

    /// How many slots there are; those that are not live among them.
    pub(super) fn slots(&self) -> usize {
        self.chunks.last().map_or(0, |last| (self.chunks.len() - 1) * CHUNK + last.slots.len())
    }

    /// Whether no more fit.
    pub(super) fn is_full(&self) -> bool {
        self.free == NONE && self.slots() >= MOST
    }

    #[inline]
    fn chunk(&self, slot: Slot) -> Option<&Chunk<K, V>> {
        self.chunks.get(slot as usize / CHUNK)
    }

    #[inline]
    fn cell(&self, slot: Slot) -> Option<&Cell<K, V>> {
        self.chunk(slot)?.slots.get(slot as usize % CHUNK)
    }

    fn cell_mut(&mut self, slot: Slot) -> Option<&mut Cell<K, V>> {
        self.chunks.get_mut(slot as usize / CHUNK)?.slots.get_mut(slot as usize % CHUNK)
    }

    /// The entry in a slot, if it is live.
    #[inline]
    pub(super) fn get(&self, slot: Slot) -> Option<Resident<'_, K, V>> {
        let chunk = self.chunk(slot)?;
        let at = slot as usize % CHUNK;
        let cell = chunk.slots.get(at).filter(|cell| cell.is_live())?;
        let more = chunk.more.as_ref().and_then(|more| more[at].as_deref());
        // SAFETY: a live slot has key and value.
        let (key, value) = unsafe { (cell.key.assume_init_ref(), cell.value.assume_init_ref()) };
        Some(Resident { key, value, slot, record: Record { life: &cell.life, more, hash: cell.hash } })
    }

    /// The key in a slot, and what a hit looks at.
    ///
    /// # Safety
    ///
    /// The slot is live.
    #[inline]
    pub(super) unsafe fn spot(&self, slot: Slot) -> (&K, Spot<'_, V>) {
        let at = slot as usize;
        debug_assert!(self.cell(slot).is_some_and(Cell::is_live));
        // SAFETY: a slot that is live is one of its chunk's, and has key and value.
        unsafe {
            let cell = self.chunks.get_unchecked(at / CHUNK).slots.get_unchecked(at % CHUNK);
            let (key, value) = (cell.key.assume_init_ref(), cell.value.assume_init_ref());
            (key, Spot { value, slot, life: &cell.life })
        }
    }

    /// The entries in so many slots from one on.
    #[expect(clippy::cast_possible_truncation, reason = "there are no more slots than that")]
    pub(super) fn range(&self, from: usize, count: usize) -> impl Iterator<Item = Resident<'_, K, V>> {
        let end = from.saturating_add(count).min(self.slots());
        (from..end).filter_map(|slot| self.get(slot as Slot))
    }

    /// Puts an entry into a slot that is free.
    pub(super) fn insert(&mut self, key: K, value: V, hash: u32, lease: Lease) -> Slot {
        let life = Life::new(&lease);
        self.put(Removed { key, value, hash, life, more: More::of(lease) })
    }

    fn put(&mut self, entry: Removed<K, V>) -> Slot {
        let Removed { key, value, hash, life, more } = entry;
        let (key, value) = (MaybeUninit::new(key), MaybeUninit::new(value));
        let cell = Cell { key, value, life, hash, link: LIVE | NONE };
        let slot = self.free;
        let slot = match self.cell_mut(slot) {
            Some(free) => {
                let next = free.link;
                *free = cell;
                self.free = next;
                slot
            }
            None => self.push(cell),
        };
        if let Some(more) = more {
            self.set_more(slot, more);
        }
        self.live += 1;
        slot
    }

    fn push(&mut self, cell: Cell<K, V>) -> Slot {
        if self.chunks.last().is_none_or(|chunk| chunk.slots.len() == CHUNK) {
            if self.chunks.len() == self.chunks.capacity() {
                // By an eighth: what is kept of a chunk is small, but there may be many.
                self.chunks.reserve_exact(self.chunks.len() / 8 + 1);
            }
            let room = if self.chunks.is_empty() { FIRST } else { CHUNK };
            self.chunks.push(Chunk { slots: Vec::with_capacity(room), more: None });
        }
        let first = (self.chunks.len() - 1) * CHUNK;
        let slots = &mut self.chunks.last_mut().expect("one was pushed").slots;
        if slots.len() == slots.capacity() {
            slots.reserve_exact((slots.len() * 3).min(CHUNK - slots.len()));
        }
        slots.push(cell);
        #[expect(clippy::cast_possible_truncation, reason = "asked before whether it is full")]
        let slot = (first + slots.len() - 1) as Slot;
        slot
    }

    /// Where that is which most entries do not have.
    fn more_at(&mut self, slot: Slot) -> Option<&mut Option<Box<More>>> {
        let chunk = self.chunks.get_mut(slot as usize / CHUNK)?;
        let all = chunk.more.get_or_insert_with(|| Box::new([const { None }; CHUNK]));
        all.get_mut(slot as usize % CHUNK)
    }

    fn set_more(&mut self, slot: Slot, more: Box<More>) {
        if let Some(at) = self.more_at(slot) {
            *at = Some(more);
        }
    }

    /// What most entries do not have, of an entry that is there: made if need be.
    pub(super) fn more_mut(&mut self, slot: Slot) -> Option<&mut Box<More>> {
        self.get(slot)?;
        self.more_at(slot).map(Option::get_or_insert_default)
    }

    /// Gives an entry a new life. What it has had besides is handed out.
    pub(super) fn renew(&mut self, slot: Slot, lease: Lease) -> Option<Box<More>> {
        let old = self.take_more(slot);
        self.cell_mut(slot)?.life.renew(&lease);
        if let Some(more) = More::of(lease) {
            self.set_more(slot, more);
        }
        old
    }

    fn take_more(&mut self, slot: Slot) -> Option<Box<More>> {
        let chunk = self.chunks.get_mut(slot as usize / CHUNK)?;
        chunk.more.as_mut().and_then(|more| more[slot as usize % CHUNK].take())
    }

    /// Takes an entry out. Its slot is gone, not free.
    pub(super) fn take(&mut self, slot: Slot) -> Option<Removed<K, V>> {
        let more = self.take_more(slot);
        let cell = self.cell_mut(slot).filter(|cell| cell.is_live())?;
        cell.link &= !LIVE;
        // SAFETY: it was live, so it has key and value; they are moved out, and it is not live any more.
        let (key, value) = unsafe { (cell.key.assume_init_read(), cell.value.assume_init_read()) };
        let life = std::mem::replace(&mut cell.life, Life::none());
        let hash = cell.hash;
        self.live -= 1;
        Some(Removed { key, value, hash, life, more })
    }

    /// Moves an entry to another slab. Its slot is gone.
    pub(super) fn move_to(&mut self, slot: Slot, other: &mut Self) -> Option<Slot> {
        Some(other.put(self.take(slot)?))
    }

    /// Takes everything out, from the end on.
    pub(super) fn pop(&mut self) -> Option<Removed<K, V>> {
        while let Some(chunk) = self.chunks.last_mut() {
            let Some(cell) = chunk.slots.pop() else {
                self.chunks.pop();
                continue;
            };
            let at = chunk.slots.len();
            if cell.is_live() {
                let more = chunk.more.as_mut().and_then(|more| more[at].take());
                self.live -= 1;
                // SAFETY: a live slot has key and value; the slot itself is gone.
                let (key, value) = unsafe { (cell.key.assume_init(), cell.value.assume_init()) };
                return Some(Removed { key, value, hash: cell.hash, life: cell.life, more });
            }
        }
        self.free = NONE;
        None
    }
}

impl<K, V> Drop for Slab<K, V> {
    fn drop(&mut self) {
        while self.pop().is_some() {}
    }
}

impl<K, V> Slots for Slab<K, V> {
    fn reads(&self, slot: Slot) -> Option<u8> {
        self.cell(slot).filter(|cell| cell.is_live()).map(|cell| cell.life.reads())
    }

    fn set_reads(&mut self, slot: Slot, reads: u8) {
        if let Some(cell) = self.cell(slot) {
            cell.life.set_reads(reads);
        }
    }

    /// Also of what was in the slot last.
    fn hash(&self, slot: Slot) -> u32 {
        self.cell(slot).map_or(0, |cell| cell.hash)
    }

    fn next(&self, slot: Slot) -> Slot {
        self.cell(slot).map_or(NONE, |cell| cell.link & !LIVE)
    }

    fn set_next(&mut self, slot: Slot, next: Slot) {
        if let Some(cell) = self.cell_mut(slot) {
            cell.link = (cell.link & LIVE) | next;
        }
    }

    fn free(&mut self, slot: Slot) {
        let free = self.free;
        if let Some(cell) = self.cell_mut(slot) {
            debug_assert!(!cell.is_live(), "there is an entry in it");
            cell.link = free;
            self.free = slot;
        }
    }
}
