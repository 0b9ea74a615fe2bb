//! Where the entries of a shard lie: in slots, which they never leave while they live, so that everything
//! else can name them by a number.
//!
//! Slots come in chunks, so that growing moves nothing but the first few. A slot is *live* (it has an
//! entry), *gone* (its entry has left, but a queue still goes through it) or free.

use super::cell::{CellType, Cells, Head, LIVE};
use super::entry_ref::{EntryRef, ExtraMetadata, HitRef, MetadataRef, Removed, StoredMetadata};
use super::hashes::LOW;
use super::packed::PackedMetadata;
use crate::erased::{Erased, ErasedRef};
use crate::policy::{NONE, SlotId, SlotState, SlotTable};

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
    free: SlotId,
    live: u32,
}

struct Chunk {
    cells: Cells,
    /// By the slot's place in the chunk; made when the first entry has something of it.
    extra: Option<Box<[Option<Box<ExtraMetadata>>; CHUNK]>>,
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
        self.free == NONE && self.chunks.len() >= MOST / CHUNK && self.slots() >= MOST
    }

    /// The hash of the key in a slot. Of a free slot, that of the last key it had.
    #[inline]
    pub(super) fn hash(&self, slot: SlotId) -> u32 {
        self.head(slot).map_or(0, |head| head.hash)
    }

    #[inline]
    fn head(&self, slot: SlotId) -> Option<&Head> {
        self.chunks.get(slot as usize / CHUNK)?.cells.head(slot as usize % CHUNK)
    }

    fn head_mut(&mut self, slot: SlotId) -> Option<&mut Head> {
        self.chunks.get_mut(slot as usize / CHUNK)?.cells.head_mut(slot as usize % CHUNK)
    }

    /// The key in a slot, if it is live and has this hash.
    #[inline]
    pub(super) fn key(&self, slot: SlotId, hash: u32) -> Option<ErasedRef<'_>> {
        let chunk = self.chunks.get(slot as usize / CHUNK)?;
        let (head, key, _) = chunk.cells.get(slot as usize % CHUNK)?;
        (head.hash == hash).then_some(key)
    }

    /// The entry in a slot, if it is live.
    #[inline]
    pub(super) fn get(&self, slot: SlotId) -> Option<EntryRef<'_>> {
        let chunk = self.chunks.get(slot as usize / CHUNK)?;
        let at = slot as usize % CHUNK;
        let (head, key, value) = chunk.cells.get(at)?;
        let extra = chunk.extra.as_ref().and_then(|extra| extra[at].as_deref());
        Some(EntryRef { key, value, slot, metadata: MetadataRef { head, extra } })
    }

    /// What is noted about the entry in a slot, if it is live.
    #[inline]
    pub(super) fn metadata(&self, slot: SlotId) -> Option<MetadataRef<'_>> {
        let chunk = self.chunks.get(slot as usize / CHUNK)?;
        let at = slot as usize % CHUNK;
        let head = chunk.cells.head(at).filter(|head| head.is_live())?;
        let extra = chunk.extra.as_ref().and_then(|extra| extra[at].as_deref());
        Some(MetadataRef { head, extra })
    }

    /// The key in a slot, and what a hit looks at.
    ///
    /// # Safety
    ///
    /// The slot is live, and the types are those of the cells.
    #[inline]
    pub(super) unsafe fn find_hit<K: 'static, V: 'static>(&self, slot: SlotId) -> (&K, HitRef<'_, V>) {
        let at = slot as usize;
        // SAFETY: a slot that is live is one of its chunk's; the rest is as the caller says.
        unsafe {
            let (head, key, value) = self.chunks.get_unchecked(at / CHUNK).cells.get_typed(at % CHUNK);
            (key, HitRef { value, packed: &head.packed })
        }
    }

    /// The entries in so many slots from one on.
    #[expect(clippy::cast_possible_truncation, reason = "there are no more slots than that")]
    pub(super) fn range(&self, from: usize, count: usize) -> impl Iterator<Item = EntryRef<'_>> {
        let end = from.saturating_add(count).min(self.slots());
        (from..end).filter_map(|slot| self.get(slot as SlotId))
    }

    /// Puts an entry into a slot that is free.
    #[inline]
    pub(super) fn insert(
        &mut self,
        key: &Erased,
        value: &Erased,
        hash: u32,
        metadata: StoredMetadata,
    ) -> SlotId {
        let packed = PackedMetadata::new(&metadata);
        self.put(packed, hash, metadata.extra, |cells, at| cells.fill(at, key, value))
    }

    /// `fill` gives key and value to a cell that has none.
    #[inline]
    fn put(
        &mut self,
        packed: PackedMetadata,
        hash: u32,
        extra: Option<Box<ExtraMetadata>>,
        fill: impl FnOnce(&mut Cells, usize) -> &mut Head,
    ) -> SlotId {
        let slot = if self.free == NONE { self.push() } else { self.free };
        let cells = &mut self.chunks[slot as usize / CHUNK].cells;
        let head = fill(cells, slot as usize % CHUNK);
        self.free = head.link & !LIVE;
        *head = Head { packed, hash, link: LIVE };
        if let Some(extra) = extra {
            self.set_extra(slot, extra);
        }
        self.live += 1;
        slot
    }

    /// Makes another slot, after which no other is free.
    #[cold]
    fn push(&mut self) -> SlotId {
        if self.chunks.last().is_none_or(|chunk| chunk.cells.len() == CHUNK) {
            if self.chunks.len() == self.chunks.capacity() {
                // By an eighth: what is kept of a chunk is small, but there may be many.
                self.chunks.reserve_exact(self.chunks.len() / 8 + 1);
            }
            let capacity = if self.chunks.is_empty() { FIRST } else { FULL };
            self.chunks.push(Chunk { cells: Cells::with_capacity(self.cell, capacity), extra: None });
        }
        let first = (self.chunks.len() - 1) * CHUNK;
        let cells = &mut self.chunks.last_mut().expect("one was pushed").cells;
        #[expect(clippy::cast_possible_truncation, reason = "a chunk is small")]
        if cells.is_full() {
            cells.grow((cells.len() * 4).min(CHUNK) as u32);
        }
        cells.push();
        #[expect(clippy::cast_possible_truncation, reason = "asked before whether it is full")]
        let slot = (first + cells.len() - 1) as SlotId;
        slot
    }

    /// Where that is which most entries do not have.
    fn extra_at(&mut self, slot: SlotId) -> Option<&mut Option<Box<ExtraMetadata>>> {
        let chunk = self.chunks.get_mut(slot as usize / CHUNK)?;
        let all = chunk.extra.get_or_insert_with(|| Box::new([const { None }; CHUNK]));
        all.get_mut(slot as usize % CHUNK)
    }

    fn set_extra(&mut self, slot: SlotId, extra: Box<ExtraMetadata>) {
        if let Some(at) = self.extra_at(slot) {
            *at = Some(extra);
        }
    }

    /// What most entries do not have, of an entry that is there: made if need be.
    pub(super) fn extra_mut(&mut self, slot: SlotId) -> Option<&mut Box<ExtraMetadata>> {
        self.get(slot)?;
        self.extra_at(slot).map(Option::get_or_insert_default)
    }

    /// Gives an entry a new life. What it has had besides is handed out.
    pub(super) fn renew(&mut self, slot: SlotId, metadata: StoredMetadata) -> Option<Box<ExtraMetadata>> {
        let old = self.take_extra(slot);
        self.head_mut(slot)?.packed.renew(&metadata);
        if let Some(extra) = metadata.extra {
            self.set_extra(slot, extra);
        }
        old
    }

    fn take_extra(&mut self, slot: SlotId) -> Option<Box<ExtraMetadata>> {
        let chunk = self.chunks.get_mut(slot as usize / CHUNK)?;
        chunk.extra.as_mut().and_then(|extra| extra[slot as usize % CHUNK].take())
    }

    /// Takes an entry out. Its slot is gone, not free.
    pub(super) fn take(&mut self, slot: SlotId) -> Option<Removed> {
        let extra = self.take_extra(slot);
        let (at, chunk) = (slot as usize % CHUNK, self.chunks.get_mut(slot as usize / CHUNK)?);
        let (key, value) = chunk.cells.take(at)?;
        let head = chunk.cells.head_mut(at)?;
        let packed = std::mem::replace(&mut head.packed, PackedMetadata::none());
        let head = Head { packed, hash: head.hash, link: NONE };
        self.live -= 1;
        Some(Removed { key, value, head, extra })
    }

    /// The same where nobody wants it, and its types need not be dropped. Its slot is free.
    #[inline]
    pub(super) fn forget(&mut self, slot: SlotId) {
        let (at, free) = (slot as usize % CHUNK, self.free);
        let Some(chunk) = self.chunks.get_mut(slot as usize / CHUNK) else { return };
        if let Some(extra) = &mut chunk.extra {
            extra[at] = None;
        }
        chunk.cells.forget(at, free);
        self.free = slot;
        self.live -= 1;
    }

    /// Puts another entry in the place of one, which has been read as often. What has left.
    #[inline]
    pub(super) fn replace(
        &mut self,
        slot: SlotId,
        key: &Erased,
        value: &Erased,
        metadata: StoredMetadata,
    ) -> Option<Removed> {
        let (at, chunk) = (slot as usize % CHUNK, self.chunks.get_mut(slot as usize / CHUNK)?);
        let (key, value) = chunk.cells.replace(at, key, value)?;
        let head = chunk.cells.head_mut(at)?;
        let old_head = Head { packed: head.packed.renew(&metadata), hash: head.hash, link: NONE };
        let old = chunk.extra.as_mut().and_then(|extra| extra[at].take());
        if let Some(extra) = metadata.extra {
            self.set_extra(slot, extra);
        }
        Some(Removed { key, value, head: old_head, extra: old })
    }

    /// The same of the value alone, where nobody wants the one that was there, and it need not be dropped.
    #[inline]
    pub(super) fn overwrite(&mut self, slot: SlotId, value: &Erased, metadata: &StoredMetadata) {
        let Some(chunk) = self.chunks.get_mut(slot as usize / CHUNK) else { return };
        if let Some(head) = chunk.cells.overwrite(slot as usize % CHUNK, value) {
            head.packed.renew(metadata);
        }
    }

    /// Moves an entry to another slab. Its slot is gone.
    pub(super) fn move_to(&mut self, slot: SlotId, other: &mut Self) -> Option<SlotId> {
        let Removed { key, value, head: Head { packed, hash, .. }, extra } = self.take(slot)?;
        Some(other.put(packed, hash, extra, |cells, at| cells.fill_with(at, key, value)))
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
                let extra = chunk.extra.as_mut().and_then(|extra| extra[at].take());
                self.live -= 1;
                return Some(Removed { key, value, head, extra });
            }
        }
        self.free = NONE;
        None
    }
}

impl SlotTable for Slab {
    #[inline]
    fn state(&self, slot: SlotId) -> SlotState {
        let Some(head) = self.head(slot) else { return SlotState { reads: None, hash: 0, next: NONE } };
        let reads = head.is_live().then(|| head.packed.reads());
        SlotState { reads, hash: head.hash, next: head.link & !LIVE }
    }

    fn set_reads(&mut self, slot: SlotId, reads: u8) {
        if let Some(head) = self.head(slot) {
            head.packed.set_reads(reads);
        }
    }

    fn set_next(&mut self, slot: SlotId, next: SlotId) {
        if let Some(head) = self.head_mut(slot) {
            head.link = (head.link & LIVE) | next;
        }
    }

    fn free(&mut self, slot: SlotId) {
        let free = self.free;
        if let Some(head) = self.head_mut(slot) {
            debug_assert!(!head.is_live(), "there is an entry in it");
            head.link = free;
            self.free = slot;
        }
    }
}
