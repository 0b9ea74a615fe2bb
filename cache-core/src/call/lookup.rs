//! Looking a call up: what its companions ask, and what they are answered. The types of the key and of
//! what is stored are known within [`Lookup::find`] alone.

use std::any::Any;
use std::marker::PhantomData;

use crate::address::Key;
use crate::engine::{Cx, Found, LookFlags, SlowPath};
use crate::erased::Erased;
use crate::key::{KeyRef, Part, Shape, Ty};
use crate::memo::{Memo, MemoRef, MemoSpec};
use crate::node::{Fields, IsValueOf, Node, OfNode, tell_of_hit};
use crate::slot::{Identity, MemoHandle, Slot};
use crate::value::{ReturnKind, Returns};

/// A hook that sees the key while it is still borrowed from the call, and the value as it is stored.
pub(crate) type HitHookRef<'a> = &'a dyn Fn(&KeyRef<'_>, &dyn Any);

/// What is asked about the call with the arguments `KA` of a function that returns an `O`. Its expansion
/// passes it on to [`find`](Self::find), or a method like it.
pub struct Lookup<'a, KA, O: 'static, V: 'static> {
    /// None where only the memo is asked for.
    keyed: Option<&'a KA>,
    question: Question,
    look: LookFlags,
    on_hit: Option<HitHookRef<'a>>,
    /// Where it is said what was found instead of an answer. None for a glance.
    unanswered: Option<&'a mut Option<Unanswered<O, V>>>,
}

/// What is wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Question {
    /// The return of a call, if a fresh entry is found at once.
    Glance,
    /// The same after a glance that was not enough.
    AfterGlance,
    /// The return of a call.
    Call,
    /// The value for `prefetch`.
    Prefetch,
    /// The value for `get`.
    Get,
    /// The key alone.
    Key,
    /// The memo alone.
    Memo,
}

/// What a look-up is answered.
pub enum Answer<O, V> {
    /// The return.
    Output(O),
    /// The value that companions speak of.
    Value(Option<V>),
    /// Neither: what was found instead is said elsewhere, unless this was a glance.
    Nothing,
}

/// What was found of a call that was looked up, and not answered.
pub struct Unanswered<O: 'static, V: 'static> {
    pub(crate) memo: MemoRef,
    pub(crate) slow_path: SlowPath,
    pub(crate) kind: &'static ReturnKind<O, V>,
}

impl<O, V> Unanswered<O, V> {
    /// The key that was asked for, and its hash.
    #[inline]
    pub(crate) fn key(&self) -> (&Erased, u32) {
        match &self.slow_path {
            SlowPath::Miss(key, hash) => (key, *hash),
            _ => unreachable!("asked for the key, not for the entry"),
        }
    }

    /// Its address.
    pub(crate) fn into_address<M>(self) -> Key<V, M> {
        match self.slow_path {
            SlowPath::Miss(key, hash) => Key::new(self.memo.arc(), key, hash, self.kind.companion_value),
            _ => unreachable!("asked for the key, not for the entry"),
        }
    }
}

impl<'a, KA, O: 'static, V: 'static> Lookup<'a, KA, O, V> {
    /// Asks for a fresh entry that is found at once.
    #[inline]
    pub(super) fn glance(keyed: &'a KA) -> Self {
        let (keyed, look) = (Some(keyed), LookFlags::USUAL);
        Self { keyed, question: Question::Glance, look, on_hit: None, unanswered: None }
    }

    /// Asks whatever is to be asked of a call. The type of the arguments is all that is known of those of a memo.
    pub(super) fn whole(
        keyed: Option<&'a KA>,
        question: Question,
        look: LookFlags,
        on_hit: Option<HitHookRef<'a>>,
        unanswered: &'a mut Option<Unanswered<O, V>>,
    ) -> Self {
        Self { keyed, question, look, on_hit, unanswered: Some(unanswered) }
    }

    /// Asks for a fresh value.
    #[inline]
    pub(super) fn get(keyed: &'a KA) -> Self {
        Self { question: Question::Get, ..Self::glance(keyed) }
    }

    /// Looks a call up whose key is made of its arguments, and of nothing else.
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn find<Id, S, R>(mut self, id: Ty<Id>, slot: &'static Slot, _: S, returns: R) -> Answer<O, V>
    where
        Id: Identity,
        S: Shape,
        KA: Part<S>,
        R: Returns<Output = O, CompanionValue = V>,
    {
        if let (Question::Glance | Question::Get, Some(keyed)) = (self.question, self.keyed) {
            let memo = slot.made::<Id, S, R>();
            let stored = memo.and_then(|memo| Cx::<S, R>::glance(memo.typed()).look_up(keyed).at_a_glance());
            match (stored, self.question) {
                (Some(stored), Question::Get) => return Answer::Value(R::companion_value(stored)),
                (Some(stored), _) => return Answer::Output(R::join(stored)),
                (None, Question::Glance) => return Answer::Nothing,
                (None, _) => {}
            }
        }
        self.look = self.look.after_glance_if(matches!(self.question, Question::AfterGlance | Question::Get));
        self.find_by(id, slot, returns, no_hooks, |keyed, cx: Cx<'_, S, R>| cx.look_up(keyed))
    }

    /// The same where `look` makes the parts of the key, and passes them on to [`Cx::find`]; `hooks` are what the memo
    /// is told when it is made.
    #[inline]
    pub fn find_by<Id, S, R, H, L>(
        self,
        _: Ty<Id>,
        slot: &'static Slot,
        _: R,
        hooks: H,
        look: L,
    ) -> Answer<O, V>
    where
        Id: Identity,
        S: Shape,
        R: Returns<Output = O, CompanionValue = V>,
        H: Fn(MemoSpec<R>) -> MemoSpec<R>,
        L: Fn(&KA, Cx<'_, S, R>) -> Found<R::StoredValue>,
    {
        self.ask::<S, R>(|| slot.memo::<Id, S, R>(&|| hooks(MemoSpec::new())), look)
    }

    /// The same of a function whose memo is in a field.
    #[inline]
    pub fn find_in<M, Id, S, R, H, L>(
        self,
        field: &Memo<V, M>,
        _: Ty<Id>,
        slot: &'static Slot,
        _: R,
        hooks: H,
        look: L,
    ) -> Answer<O, V>
    where
        Id: Identity,
        S: Shape,
        R: Returns<Output = O, CompanionValue = V>,
        H: Fn(MemoSpec<R>) -> MemoSpec<R>,
        L: Fn(&KA, Cx<'_, S, R>) -> Found<R::StoredValue>,
    {
        self.ask::<S, R>(|| field.member::<Id, S, R>(slot, &|| hooks(MemoSpec::new())), look)
    }

    /// The same of a function that uses a node. `look` passes its fields on to
    /// [`find_node`](crate::node::find_node).
    #[inline]
    pub fn find_node<N, S, R, L>(mut self, _: Ty<N>, _: S, _: R, look: L) -> Answer<O, V>
    where
        N: Node,
        S: Fields<N>,
        R: Returns<Output = O, CompanionValue = V>,
        R::Value: IsValueOf<N::Value>,
        L: Fn(&KA, Cx<'_, S, R>) -> Found<R::StoredValue>,
    {
        // Reads are no calls.
        if const { N::HOOKS.tells_of_hits() } && self.on_hit.is_none() && self.question != Question::Get {
            self.on_hit = Some(const { &tell_of_hit::<N, R> });
        }
        self.ask::<S, R>(|| N::slot().memo::<OfNode<N>, S, R>(&MemoSpec::of_node::<N, S>), look)
    }

    /// Answers whatever is asked, but for a glance.
    #[inline]
    fn ask<'m, S, R>(
        self,
        memo: impl FnOnce() -> MemoHandle<'m, S::Owned, R::StoredValue>,
        look: impl Fn(&KA, Cx<'_, S, R>) -> Found<R::StoredValue>,
    ) -> Answer<O, V>
    where
        S: Shape,
        R: Returns<Output = O, CompanionValue = V>,
    {
        if self.question == Question::Glance { Answer::Nothing } else { self.ask_further::<S, R>(memo, look) }
    }

    /// By itself, so that nothing of it is in the way of a hit by a glance.
    #[cold]
    #[inline(never)]
    fn ask_further<'m, S, R>(
        self,
        memo: impl FnOnce() -> MemoHandle<'m, S::Owned, R::StoredValue>,
        look: impl Fn(&KA, Cx<'_, S, R>) -> Found<R::StoredValue>,
    ) -> Answer<O, V>
    where
        S: Shape,
        R: Returns<Output = O, CompanionValue = V>,
    {
        let Self { keyed, question, look: flags, on_hit, unanswered } = self;
        let memo = memo();
        let flags = match question {
            Question::Get => LookFlags::only_fresh(&memo),
            Question::Key => LookFlags::KEY_ONLY,
            _ => flags,
        };
        let tell = on_hit.map(|on_hit| {
            |key: &KeyRef<'_>, stored: &R::StoredValue| {
                memo.run_hook(|| on_hit(key, stored));
            }
        });
        let tell = tell.as_ref().map(|tell| -> &dyn Fn(&KeyRef<'_>, &R::StoredValue) { tell });
        let found = match keyed {
            Some(keyed) => look(keyed, Cx::new(memo.typed(), flags).on_hit(tell)),
            None => Found::Slow(SlowPath::Bypass(None)),
        };
        match (found, unanswered) {
            (Found::Hit(stored), _) if matches!(question, Question::Get | Question::Prefetch) => {
                Answer::Value(R::companion_value(stored))
            }
            (Found::Hit(stored), _) => Answer::Output(R::join(stored)),
            (Found::Slow(slow_path), Some(unanswered)) => {
                *unanswered =
                    Some(Unanswered { memo: memo.handle(), slow_path, kind: ReturnKind::of::<R>() });
                Answer::Nothing
            }
            (Found::Slow(slow_path), None) => {
                Answer::Value(memo.read(slow_path).and_then(ReturnKind::of::<R>().companion_value))
            }
        }
    }
}

/// The memo is told nothing when it is made.
#[inline]
pub fn no_hooks<R: Returns>(spec: MemoSpec<R>) -> MemoSpec<R> {
    spec
}

/// What is called: a function, by what looks its calls up.
pub trait MemoizedFn<KA> {
    /// What it returns.
    type Output: 'static;
    /// What its companions speak of.
    type CompanionValue: 'static;

    /// Looks a call up.
    fn look_up(
        &self,
        lookup: Lookup<'_, KA, Self::Output, Self::CompanionValue>,
    ) -> Answer<Self::Output, Self::CompanionValue>;

    /// The key of a call with these arguments, and the memo; the memo alone, if there are none.
    #[inline]
    fn own(&self, keyed: Option<&KA>) -> Unanswered<Self::Output, Self::CompanionValue> {
        let question = if keyed.is_some() { Question::Key } else { Question::Memo };
        let mut found = None;
        self.look_up(Lookup::whole(keyed, question, LookFlags::USUAL, None, &mut found));
        let Some(found) = found else { unreachable!("asked for the key, not for the entry") };
        found
    }
}

/// A memoized function, by its `L`, which looks calls up.
pub struct Callee<L, O, V> {
    look_up: L,
    types: PhantomData<fn() -> (O, V)>,
}

/// A function by itself, or a method whose memo is not in a field. What follows is compiled once for all
/// that have such arguments and returns.
#[inline]
pub fn function<KA, O: 'static, V: 'static>(
    look_up: fn(Lookup<'_, KA, O, V>) -> Answer<O, V>,
) -> Callee<fn(Lookup<'_, KA, O, V>) -> Answer<O, V>, O, V> {
    Callee { look_up, types: PhantomData }
}

/// A function whose look-up depends on an instance.
#[inline]
pub fn function_of<KA, O: 'static, V: 'static, L: Fn(Lookup<'_, KA, O, V>) -> Answer<O, V>>(
    look_up: L,
) -> Callee<L, O, V> {
    Callee { look_up, types: PhantomData }
}

impl<KA, O: 'static, V: 'static, L: Fn(Lookup<'_, KA, O, V>) -> Answer<O, V>> MemoizedFn<KA>
    for Callee<L, O, V>
{
    type Output = O;
    type CompanionValue = V;

    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn look_up(&self, lookup: Lookup<'_, KA, O, V>) -> Answer<O, V> {
        (self.look_up)(lookup)
    }
}

impl<L, O: 'static, V: 'static> Callee<L, O, V> {
    /// The key of the call with these arguments.
    pub fn key<KA, M>(&self, keyed: &KA) -> Key<V, M>
    where
        Self: MemoizedFn<KA, Output = O, CompanionValue = V>,
    {
        MemoizedFn::own(self, Some(keyed)).into_address()
    }

    /// The memo.
    pub fn memo<KA, M>(&self) -> Memo<V, M>
    where
        Self: MemoizedFn<KA, Output = O, CompanionValue = V>,
    {
        let Unanswered { memo, kind, .. } = MemoizedFn::<KA>::own(self, None);
        Memo::of(memo.arc(), kind.companion_value)
    }
}
