//! The memos of a field: one for each method that keeps its entries there.

use std::any::TypeId;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use super::{AnyMemoRef, Key, Memo};
use crate::erased::Erased;
use crate::key::{KeyRef, Shape};
use crate::memo::slot::{self, Identity, MemoHandle, Slot};
use crate::memo::{MakesSpec, MemoCore, Predicate, Runtime, Types};
use crate::value::{ReturnKind, Returns};

/// The memos of a field: one for each method that keeps its entries there. The list only grows.
pub(super) struct Members<V> {
    first: OnceLock<Box<Member<V>>>,
    /// The capacity that was set, or 0 if none was. Memos that are made later get it. It is set while no memo
    /// is being made.
    pub(super) capacity: AtomicUsize,
    pub(super) disabled: AtomicBool,
}

impl<V> Members<V> {
    pub(super) fn new() -> Self {
        Self { first: OnceLock::new(), capacity: AtomicUsize::new(0), disabled: AtomicBool::new(false) }
    }
}

/// Stands for the address of a slot if the memo belongs to a function. No slot has this address.
const OF_A_FUNCTION: usize = 0;

pub(super) struct Member<V> {
    pub(super) memo: AnyMemoRef,
    /// Makes the value that companions return.
    companion_value: fn(Erased) -> Option<V>,
    /// Identifies its function and the instantiation of that.
    id: (usize, TypeId),
    next: OnceLock<Box<Member<V>>>,
}

impl<V: 'static> Members<V> {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Member<V>> {
        let all = std::iter::successors(self.first.get(), |member| member.next.get());
        all.map(|member| &**member).filter(|member| member.is_here())
    }

    #[inline]
    fn find(&self, id: (usize, TypeId)) -> Option<&MemoCore> {
        Some(&self.iter().find(|member| member.id == id)?.memo.0)
    }

    #[cold]
    fn first_use(
        &self,
        id: (usize, TypeId),
        slot: &'static Slot,
        types: Types,
        name: fn(&str) -> Arc<str>,
        companion_value: fn(Erased) -> Option<V>,
    ) {
        let _making = slot::making();
        if self.find(id).is_some() {
            return;
        }
        // It is made for the capacity that was set, as for one of the attribute.
        let capacity = Some(self.capacity.load(Ordering::Relaxed)).filter(|set| *set > 0);
        let memo = slot.make(types, name, id.1, &Runtime::current(), false, capacity);
        memo.switch(!self.disabled.load(Ordering::Relaxed));
        self.push(Member::new(memo, companion_value, id));
    }

    /// Adds the memo of a function.
    pub(super) fn add_memo_of_function(&self, memo: Arc<MemoCore>, companion_value: fn(Erased) -> Option<V>) {
        self.push(Member::new(memo, companion_value, (OF_A_FUNCTION, TypeId::of::<()>())));
    }

    fn push(&self, member: Member<V>) {
        let mut member = Box::new(member);
        let mut place = &self.first;
        while let Err(back) = place.set(member) {
            member = back;
            place = &place.get().expect("it is taken").next;
        }
    }
}

impl<V: 'static> Member<V> {
    fn new(memo: Arc<MemoCore>, companion_value: fn(Erased) -> Option<V>, id: (usize, TypeId)) -> Self {
        Self { memo: AnyMemoRef(memo), companion_value, id, next: OnceLock::new() }
    }

    pub(super) fn keys<M>(&self) -> impl Iterator<Item = Key<V, M>> {
        let memo = &self.memo.0;
        let keys = memo.live_keys(None).into_iter();
        keys.map(|(key, hash)| Key::new(memo.clone(), key, hash, self.companion_value))
    }

    /// Returns the memo, and a predicate over its stored keys and values.
    pub(super) fn picked_by<'a>(
        &'a self,
        predicate: &'a dyn Fn(&KeyRef<'_>, &V) -> bool,
    ) -> (&'a MemoCore, Predicate<'a>) {
        let memo = &*self.memo.0;
        let picks = move |key: &Erased, stored: &Erased| {
            let value = (self.companion_value)(stored.clone());
            value.is_some_and(|value| memo.key_ref(key, |key| predicate(key, &value)))
        };
        (memo, Box::new(picks))
    }

    /// Whether it belongs to a function, or to the runtime of this thread.
    #[cfg(feature = "testing")]
    #[inline]
    fn is_here(&self) -> bool {
        self.id.0 == OF_A_FUNCTION || crate::memo::scope::is_current(self.memo.0.runtime())
    }

    /// Returns `true`, because there is only one runtime.
    #[cfg(not(feature = "testing"))]
    #[inline]
    #[expect(clippy::unused_self, reason = "there may be several runtimes")]
    fn is_here(&self) -> bool {
        true
    }
}

impl<V, M> Memo<V, M> {
    /// Returns the memo of a method that keeps its entries in this field.
    #[inline]
    pub(crate) fn member<Id, S, R>(
        &self,
        slot: &'static Slot,
        spec: MakesSpec<'_, R, S>,
    ) -> MemoHandle<'_, S::Owned, R::StoredValue>
    where
        V: 'static,
        Id: Identity + ?Sized,
        S: Shape,
        R: Returns<CompanionValue = V>,
    {
        let (members, id) = (&self.members, (slot.address(), slot::id::<Id, S, R>()));
        let memo = if let Some(memo) = members.find(id) {
            memo
        } else {
            let (types, kind) = (Types::of::<S, R>(spec()), ReturnKind::of::<R>());
            members.first_use(id, slot, types, Id::name, kind.companion_value);
            members.find(id).expect("it was made just now")
        };
        // SAFETY: the id is that of these types, and the memo was made for them.
        unsafe { MemoHandle::kept(memo) }
    }
}
