//! Where the entries of a shard lie: in slots, which they never leave while they live, so that everything
//! else can name them by a number.
//!
//! Slots come in chunks, so that growing moves nothing but the first few. A slot is *live* (it has an
//! entry), *gone* (its entry has left, but a queue still goes through it) or free.

use super::cell::{CellType, Cells, Head, LIVE};
use super::entry_ref::{EntryRef, Lease, More, Record, Removed, Spot};
use super::hashes::LOW;
use super::life::Life;
use crate::erased::{Erased, ErasedRef};
use crate::policy::{NONE, Slot, Slots};

/// No more than a table can tell apart.
const MOST: usize = 1 << (LOW - 1);
/// Slots in a chunk. The first grows up to it.
const CHUNK: usize = FULL as usize;
const FULL: u32 = 128;
const FIRST: u32 = 4;

/// See the module.
#[repr(C)]
pub(super) struct Slab {
    chunks: Vec<Chunk>,
    cell: &'static CellType,
    /// The free ones, in a chain.
    free: Slot,
    live: u32,
}

struct Chunk {
    cells: Cells,
    /// By the slot's place in the chunk; made when the first entry has something of it.
    more: Option<Box<[Option<Box<More>>; CHUNK]>>,
}

impl Slab {
    pub(super) const fn new(cell: &'static CellType) -> Self {
        Self { chunks: Vec::new(), cell, free: NONE, live: 0 }
    }

    /// The type of its cells.
    pub(super) fn cell(&self) -> &'static CellType {
        self.cell
    }

    pub(super) fn len(&self) -> usize {
        self.live as usize
    }

    /// How many slots there are; those that are not live among them.
    pub(super) fn slots(&self) -> usize {
        self.chunks.last().map_or(0, |last| (self.chunks.len() - 1) * CHUNK + last.cells.len())
    }

    /// Whether no more fit.
    pub(super) fn is_full(&self) -> bool {
        self.free == NONE && self.slots() >= MOST
    }

    #[inline]
    fn head(&self, slot: Slot) -> Option<&Head> {
        self.chunks.get(slot as usize / CHUNK)?.cells.head(slot as usize % CHUNK)
    }

    fn head_mut(&mut self, slot: Slot) -> Option<&mut Head> {
        self.chunks.get_mut(slot as usize / CHUNK)?.cells.head_mut(slot as usize % CHUNK)
    }

    /// The entry in a slot, if it is live.
    #[inline]
    pub(super) fn get(&self, slot: Slot) -> Option<EntryRef<'_>> {
        let chunk = self.chunks.get(slot as usize / CHUNK)?;
        let at = slot as usize % CHUNK;
        let (head, key, value) = chunk.cells.get(at)?;
        let more = chunk.more.as_ref().and_then(|more| more[at].as_deref());
        Some(EntryRef { key, value, slot, record: Record { life: &head.life, more, hash: head.hash } })
    }

    /// The key in a slot, if it is live.
    #[inline]
    pub(super) fn key(&self, slot: Slot) -> Option<ErasedRef<'_>> {
        let chunk = self.chunks.get(slot as usize / CHUNK)?;
        Some(chunk.cells.get(slot as usize % CHUNK)?.1)
    }

    /// The key in a slot, and what a hit looks at.
    ///
    /// # Safety
    ///
    /// The slot is live, and the types are those of the cells.
    #[inline]
    pub(super) unsafe fn spot<K: 'static, V: 'static>(&self, slot: Slot) -> (&K, Spot<'_, V>) {
        let at = slot as usize;
        // SAFETY: a slot that is live is one of its chunk's; the rest is as the caller says.
        unsafe {
            let (head, key, value) = self.chunks.get_unchecked(at / CHUNK).cells.get_typed(at % CHUNK);
            (key, Spot { value, life: &head.life })
        }
    }

    /// The entries in so many slots from one on.
    #[expect(clippy::cast_possible_truncation, reason = "there are no more slots than that")]
    pub(super) fn range(&self, from: usize, count: usize) -> impl Iterator<Item = EntryRef<'_>> {
        let end = from.saturating_add(count).min(self.slots());
        (from..end).filter_map(|slot| self.get(slot as Slot))
    }

    /// Puts an entry into a slot that is free.
    #[inline]
    pub(super) fn insert(&mut self, key: &Erased, value: &Erased, hash: u32, lease: Lease) -> Slot {
        let head = Head { life: Life::new(&lease), hash, link: NONE };
        self.put(head, key, value, lease.more)
    }

    #[inline]
    fn put(&mut self, mut head: Head, key: &Erased, value: &Erased, more: Option<Box<More>>) -> Slot {
        let slot = self.free;
        let slot = match self.chunks.get_mut(slot as usize / CHUNK) {
            Some(chunk) => {
                let at = slot as usize % CHUNK;
                let free = chunk.cells.head_mut(at).expect("a slot that is free is there");
                std::mem::swap(free, &mut head);
                self.free = head.link;
                chunk.cells.fill(at, key, value);
                slot
            }
            None => self.push(head, key, value),
        };
        if let Some(more) = more {
            self.set_more(slot, more);
        }
        self.live += 1;
        slot
    }

    fn push(&mut self, head: Head, key: &Erased, value: &Erased) -> Slot {
        if self.chunks.last().is_none_or(|chunk| chunk.cells.len() == CHUNK) {
            if self.chunks.len() == self.chunks.capacity() {
                // By an eighth: what is kept of a chunk is small, but there may be many.
                self.chunks.reserve_exact(self.chunks.len() / 8 + 1);
            }
            let room = if self.chunks.is_empty() { FIRST } else { FULL };
            self.chunks.push(Chunk { cells: Cells::with_capacity(self.cell, room), more: None });
        }
        let first = (self.chunks.len() - 1) * CHUNK;
        let cells = &mut self.chunks.last_mut().expect("one was pushed").cells;
        #[expect(clippy::cast_possible_truncation, reason = "a chunk is small")]
        if cells.is_full() {
            cells.grow((cells.len() * 4).min(CHUNK) as u32);
        }
        cells.push(head, key, value);
        #[expect(clippy::cast_possible_truncation, reason = "asked before whether it is full")]
        let slot = (first + cells.len() - 1) as Slot;
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
        self.head_mut(slot)?.life.renew(&lease);
        if let Some(more) = lease.more {
            self.set_more(slot, more);
        }
        old
    }

    fn take_more(&mut self, slot: Slot) -> Option<Box<More>> {
        let chunk = self.chunks.get_mut(slot as usize / CHUNK)?;
        chunk.more.as_mut().and_then(|more| more[slot as usize % CHUNK].take())
    }

    /// Takes an entry out. Its slot is gone, not free.
    pub(super) fn take(&mut self, slot: Slot) -> Option<Removed> {
        let more = self.take_more(slot);
        let (at, chunk) = (slot as usize % CHUNK, self.chunks.get_mut(slot as usize / CHUNK)?);
        let (key, value) = chunk.cells.take(at)?;
        let head = chunk.cells.head_mut(at)?;
        let life = std::mem::replace(&mut head.life, Life::none());
        let hash = head.hash;
        self.live -= 1;
        Some(Removed { key, value, hash, life, more })
    }

    /// The same where nobody wants it, and its types need not be dropped. Its slot is free.
    #[inline]
    pub(super) fn forget(&mut self, slot: Slot) {
        let (at, free) = (slot as usize % CHUNK, self.free);
        let Some(chunk) = self.chunks.get_mut(slot as usize / CHUNK) else { return };
        if let Some(more) = &mut chunk.more {
            more[at] = None;
        }
        chunk.cells.forget(at, free);
        self.free = slot;
        self.live -= 1;
    }

    /// Puts another entry in the place of one, which has been read as often. What has left.
    #[inline]
    pub(super) fn replace(
        &mut self,
        slot: Slot,
        key: &Erased,
        value: &Erased,
        lease: Lease,
    ) -> Option<Removed> {
        let (at, chunk) = (slot as usize % CHUNK, self.chunks.get_mut(slot as usize / CHUNK)?);
        let (key, value) = chunk.cells.replace(at, key, value)?;
        let head = chunk.cells.head_mut(at)?;
        let (hash, life) = (head.hash, head.life.renew(&lease));
        let old = chunk.more.as_mut().and_then(|more| more[at].take());
        if let Some(more) = lease.more {
            self.set_more(slot, more);
        }
        Some(Removed { key, value, hash, life, more: old })
    }

    /// The same where nobody wants what was there, and its types need not be dropped.
    #[inline]
    pub(super) fn overwrite(&mut self, slot: Slot, key: &Erased, value: &Erased, lease: &Lease) {
        let Some(head) = self.head_mut(slot) else { return };
        head.life.renew(lease);
        let at = slot as usize % CHUNK;
        let link = head.link & !LIVE;
        let Some(chunk) = self.chunks.get_mut(slot as usize / CHUNK) else { return };
        chunk.cells.forget(at, link);
        chunk.cells.fill(at, key, value);
    }

    /// Moves an entry to another slab. Its slot is gone.
    pub(super) fn move_to(&mut self, slot: Slot, other: &mut Self) -> Option<Slot> {
        let Removed { key, value, hash, life, more } = self.take(slot)?;
        Some(other.put(Head { life, hash, link: NONE }, &key, &value, more))
    }

    /// Takes everything out, from the end on.
    pub(super) fn pop(&mut self) -> Option<Removed> {
        while let Some(chunk) = self.chunks.last_mut() {
            let Some((head, entry)) = chunk.cells.pop() else {
                self.chunks.pop();
                continue;
            };
            if let Some((key, value)) = entry {
                let at = chunk.cells.len();
                let more = chunk.more.as_mut().and_then(|more| more[at].take());
                self.live -= 1;
                return Some(Removed { key, value, hash: head.hash, life: head.life, more });
            }
        }
        self.free = NONE;
        None
    }
}

impl Slots for Slab {
    fn reads(&self, slot: Slot) -> Option<u8> {
        self.head(slot).filter(|head| head.is_live()).map(|head| head.life.reads())
    }

    fn set_reads(&mut self, slot: Slot, reads: u8) {
        if let Some(head) = self.head(slot) {
            head.life.set_reads(reads);
        }
    }

    /// Also of what was in the slot last.
    fn hash(&self, slot: Slot) -> u32 {
        self.head(slot).map_or(0, |head| head.hash)
    }

    fn next(&self, slot: Slot) -> Slot {
        self.head(slot).map_or(NONE, |head| head.link & !LIVE)
    }

    fn set_next(&mut self, slot: Slot, next: Slot) {
        if let Some(head) = self.head_mut(slot) {
            head.link = (head.link & LIVE) | next;
        }
    }

    fn free(&mut self, slot: Slot) {
        let free = self.free;
        if let Some(head) = self.head_mut(slot) {
            debug_assert!(!head.is_live(), "there is an entry in it");
            head.link = free;
            self.free = slot;
        }
    }
}
