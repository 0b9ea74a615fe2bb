//! How a call is looked up. A companion asks with a [`Lookup`], and gets an [`Answer`]. Only [`Lookup::find`] and the
//! methods like it know the types of the key and of the stored value.

use std::any::Any;
use std::marker::PhantomData;

use super::node::{Fields, IsValueOf, Node, OfNode, tell_of_hit};
use crate::done::{Done, Read};
use crate::engine::{CallMode, Cx, Found, LookFlags, MissActions, MissStart, SlowPath};
use crate::erased::Erased;
use crate::handles::{Key, Memo};
use crate::key::{KeyRef, Part, Shape, Ty};
use crate::memo::slot::{Identity, MemoHandle, Slot};
use crate::memo::{MemoRef, MemoSpec};
use crate::value::{ReturnKind, Returns};

/// A hook that sees the key, still borrowed from the call, and the stored value.
pub(crate) type HitHookRef<'a> = &'a dyn Fn(&KeyRef<'_>, &dyn Any);

/// A question about the call with the arguments `KA` of a function that returns `O`. The expansion passes it on to
/// [`find`](Self::find), or a method like it.
pub struct Lookup<'a, KA, O: 'static, V: 'static> {
    /// The arguments. None if the question is about the memo alone.
    keyed: Option<&'a KA>,
    /// None for a glance of which nobody is told. By reference: a look-up goes in registers.
    asked: Option<&'a mut Asked<'a, O, V>>,
}

/// What a look-up asks for, and how.
pub(super) struct Asked<'a, O: 'static, V: 'static> {
    question: Question,
    look: LookFlags,
    on_hit: Option<HitHookRef<'a>>,
    /// Set to what was found if there is no answer. None for a glance.
    unanswered: Option<&'a mut Unanswered<O, V>>,
}

impl<'a, O: 'static, V: 'static> Asked<'a, O, V> {
    /// A fresh entry that is found at once, of which the hook is told.
    #[inline]
    pub(super) fn glance(on_hit: HitHookRef<'a>) -> Self {
        Self { question: Question::Glance, look: LookFlags::USUAL, on_hit: Some(on_hit), unanswered: None }
    }

    /// A fresh value.
    #[inline]
    pub(super) fn get(unanswered: &'a mut Unanswered<O, V>) -> Self {
        Self::whole(Question::Get, LookFlags::USUAL, None, unanswered)
    }

    /// Any question about a call.
    #[inline]
    pub(super) fn whole(
        question: Question,
        look: LookFlags,
        on_hit: Option<HitHookRef<'a>>,
        unanswered: &'a mut Unanswered<O, V>,
    ) -> Self {
        Self { question, look, on_hit, unanswered: Some(unanswered) }
    }
}

/// What a look-up asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Question {
    /// The return, if a fresh entry is found at once.
    Glance,
    /// The return, after a glance has not found it.
    AfterGlance,
    /// The return, without a glance before.
    Call,
    /// The value, for `prefetch`.
    Prefetch,
    /// The value, for `get`.
    Get,
    /// The key alone.
    Key,
    /// The memo alone.
    Memo,
}

/// The answer to a look-up.
pub enum Answer<O, V> {
    /// The return.
    Output(O),
    /// The value, as companions speak of it.
    Value(Option<V>),
    /// There is no answer. Unless it was a glance, an `Unanswered` says what was found.
    Nothing,
}

/// What a look-up without an answer has found.
pub struct Unanswered<O: 'static, V: 'static> {
    slow_path: SlowPath,
    /// In which memo, and how its returns are taken apart. None if nothing was looked up.
    of: Option<(MemoRef, &'static ReturnKind<O, V>)>,
}

impl<O, V> Unanswered<O, V> {
    /// Nothing was looked up.
    #[inline]
    pub(crate) const fn nothing() -> Self {
        Self { slow_path: SlowPath::Bypass(None), of: None }
    }

    #[inline]
    pub(crate) fn memo(&self) -> &MemoRef {
        &self.of().0
    }

    #[inline]
    pub(crate) fn kind(&self) -> &'static ReturnKind<O, V> {
        self.of().1
    }

    /// The memo, and what was found there.
    #[inline]
    pub(crate) fn parts(&mut self) -> (&MemoRef, &mut SlowPath) {
        let Self { slow_path, of: Some((memo, _)) } = self else { unreachable!("{WAS_FOUND}") };
        (memo, slow_path)
    }

    #[inline]
    fn of(&self) -> &(MemoRef, &'static ReturnKind<O, V>) {
        let Some(of) = &self.of else { unreachable!("{WAS_FOUND}") };
        of
    }

    /// The key that was asked for, and its hash.
    #[inline]
    pub(crate) fn key(&self) -> (&Erased, u32) {
        match &self.slow_path {
            SlowPath::Miss(key, hash) => (key, *hash),
            _ => unreachable!("asked for the key, not for the entry"),
        }
    }

    /// Begins a call that was not answered. The error is a return that answers it after all.
    pub(crate) fn start(
        &mut self,
        mode: CallMode,
        actions: Option<&mut dyn MissActions>,
    ) -> Result<MissStart, O> {
        let kind = self.kind();
        let (memo, slow_path) = self.parts();
        memo.start(slow_path, mode, actions).map_err(|mut stored| (kind.join)(&mut stored))
    }

    /// The memo, what was found there, and how its returns are taken apart.
    pub(super) fn into_parts(self) -> (MemoRef, SlowPath, &'static ReturnKind<O, V>) {
        let Self { slow_path, of: Some((memo, kind)) } = self else { unreachable!("{WAS_FOUND}") };
        (memo, slow_path, kind)
    }

    /// The value of a call that only reads.
    #[cold]
    pub(super) fn read(self) -> Read<V> {
        let (memo, slow_path, kind) = self.into_parts();
        #[cfg(feature = "store")]
        if let SlowPath::Miss(key, _) = &slow_path
            && let Some(looking) = memo.looking_behind(key)
        {
            let shown = kind.companion_value;
            return Done::Later(Box::pin(async move { looking.await.and_then(shown) }));
        }
        Done::Now(memo.read(slow_path).and_then(kind.companion_value))
    }

    /// The address of the entry.
    pub(crate) fn into_address<M>(self) -> Key<V, M> {
        let (memo, slow_path, kind) = self.into_parts();
        match slow_path {
            SlowPath::Miss(key, hash) => Key::new(memo.arc(), key, hash, kind.companion_value),
            _ => unreachable!("asked for the key, not for the entry"),
        }
    }
}

impl<'a, KA, O: 'static, V: 'static> Lookup<'a, KA, O, V> {
    /// Asks for a fresh entry that is found at once.
    #[inline]
    pub(super) fn glance(keyed: &'a KA) -> Self {
        Self { keyed: Some(keyed), asked: None }
    }

    #[inline]
    pub(super) fn new(keyed: Option<&'a KA>, asked: &'a mut Asked<'a, O, V>) -> Self {
        Self { keyed, asked: Some(asked) }
    }

    #[inline]
    fn question(&self) -> Question {
        match &self.asked {
            Some(asked) => asked.question,
            None => Question::Glance,
        }
    }

    /// Looks up a call whose key is its arguments.
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn find<Id, S, R>(self, id: Ty<Id>, slot: &'static Slot, shape: S, returns: R) -> Answer<O, V>
    where
        Id: Identity,
        S: Shape,
        KA: Part<S>,
        R: Returns<Output = O, CompanionValue = V>,
    {
        self.find_with(id, slot, shape, returns, no_hooks)
    }

    /// The same where the memo is told of `hooks` when it is made.
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn find_with<Id, S, R, H>(
        mut self,
        _: Ty<Id>,
        slot: &'static Slot,
        _: S,
        _: R,
        hooks: H,
    ) -> Answer<O, V>
    where
        Id: Identity,
        S: Shape,
        KA: Part<S>,
        R: Returns<Output = O, CompanionValue = V>,
        H: Fn(MemoSpec<R, S>) -> MemoSpec<R, S>,
    {
        let question = self.question();
        if let (Question::Glance | Question::Get, Some(keyed)) = (question, self.keyed) {
            if let Some(memo) = slot.made::<Id, S, R>().filter(|memo| memo.flags().is_plain())
                && let Some(stored) = memo.typed().get_at_once::<S, _>(keyed)
            {
                if question == Question::Get {
                    return Answer::Value(R::companion_value(stored));
                }
                if let Some(on_hit) = self.asked.and_then(|asked| asked.on_hit) {
                    memo.run_hook(|| {
                        Cx::<S, R>::tell(&memo, &|key, stored| on_hit(key, stored), keyed, &stored);
                    });
                }
                return Answer::Output(R::join(stored));
            }
            match &mut self.asked {
                Some(asked) if question == Question::Get => asked.look = asked.look.after_glance(),
                _ => return Answer::Nothing,
            }
        }
        self.ask_further::<S, R>(
            || slot.memo::<Id, S, R>(&|| hooks(MemoSpec::new())),
            |keyed, cx: Cx<'_, S, R>| cx.look_up(keyed),
        )
    }

    /// The same where `look` makes the parts of the key and passes them on to [`Cx::find`]. A new memo gets its hooks
    /// from `hooks`.
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
        H: Fn(MemoSpec<R, S>) -> MemoSpec<R, S>,
        L: Fn(&KA, Cx<'_, S, R>) -> Found<R::StoredValue>,
    {
        self.ask::<S, R>(|| slot.memo::<Id, S, R>(&|| hooks(MemoSpec::new())), look)
    }

    /// The same for a function whose memo is in a field.
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
        H: Fn(MemoSpec<R, S>) -> MemoSpec<R, S>,
        L: Fn(&KA, Cx<'_, S, R>) -> Found<R::StoredValue>,
    {
        self.ask::<S, R>(|| field.member::<Id, S, R>(slot, &|| hooks(MemoSpec::new())), look)
    }

    /// The same for a function that uses a node. `look` passes its fields on to [`find_node`](crate::call::node::find_node).
    #[inline]
    pub fn find_node<N, S, R, L>(mut self, _: Ty<N>, _: S, _: R, look: L) -> Answer<O, V>
    where
        N: Node,
        S: Fields<N>,
        R: Returns<Output = O, CompanionValue = V>,
        R::Value: IsValueOf<N::Value>,
        L: Fn(&KA, Cx<'_, S, R>) -> Found<R::StoredValue>,
    {
        // A read is no call, so the node's hook is not told.
        if N::ON_HIT.is_some()
            && let Some(asked) = self.asked.as_mut().filter(|asked| asked.question != Question::Get)
        {
            asked.on_hit.get_or_insert(const { &tell_of_hit::<N, R> });
        }
        self.ask::<S, R>(|| N::slot().memo::<OfNode<N>, S, R>(&MemoSpec::of_node::<N>), look)
    }

    /// Answers any question but a glance.
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
        match self.question() {
            Question::Glance => Answer::Nothing,
            // Where there is no glance, this is the whole of a hit.
            Question::Call => self.ask_at_once::<S, R>(memo, look),
            _ => self.ask_further::<S, R>(memo, look),
        }
    }

    /// A function of its own, so that a hit by a glance has none of its code.
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
        self.ask_at_once::<S, R>(memo, look)
    }

    #[inline]
    fn ask_at_once<'m, S, R>(
        self,
        memo: impl FnOnce() -> MemoHandle<'m, S::Owned, R::StoredValue>,
        look: impl Fn(&KA, Cx<'_, S, R>) -> Found<R::StoredValue>,
    ) -> Answer<O, V>
    where
        S: Shape,
        R: Returns<Output = O, CompanionValue = V>,
    {
        let Self { keyed, asked: Some(asked) } = self else { return Answer::Nothing };
        let Some(unanswered) = &mut asked.unanswered else { return Answer::Nothing };
        let question = asked.question;
        let memo = memo();
        let flags = match question {
            Question::Get => asked.look.or(LookFlags::only_fresh(&memo)),
            Question::AfterGlance => asked.look.after_glance(),
            Question::Key => LookFlags::KEY_ONLY,
            _ => asked.look,
        };
        let on_hit = asked.on_hit;
        let tell = on_hit.map(|on_hit| {
            |key: &KeyRef<'_>, stored: &R::StoredValue| {
                memo.run_hook(|| on_hit(key, stored));
            }
        });
        let tell = tell.as_ref().map(|tell| -> &dyn Fn(&KeyRef<'_>, &R::StoredValue) { tell });
        // Written where it stays: what has just been written is slow to move.
        let slow_path = &mut unanswered.slow_path;
        let found = match keyed {
            Some(keyed) => look(keyed, Cx::new(memo.typed(), flags, slow_path).on_hit(tell)),
            None => Found::Slow,
        };
        match found {
            Found::Hit(stored) if matches!(question, Question::Get | Question::Prefetch) => {
                return Answer::Value(R::companion_value(stored));
            }
            Found::Hit(stored) => return Answer::Output(R::join(stored)),
            Found::Slow => {}
        }
        // Nothing is there yet. It is forgotten, not dropped, since a drop would keep all of this on the stack.
        std::mem::forget(unanswered.of.replace((memo.handle(), ReturnKind::of::<R>())));
        Answer::Nothing
    }
}

/// Why there is a memo after a look-up without an answer.
const WAS_FOUND: &str = "it was answered, or something was found";

/// The memo has no hooks.
#[inline]
pub fn no_hooks<R: Returns, S: Shape>(spec: MemoSpec<R, S>) -> MemoSpec<R, S> {
    spec
}

/// A memoized function, as its calls see it.
pub trait MemoizedFn<KA> {
    /// Whether a call is looked up by a glance first, and then again. Else its key is made once: not of arguments alone.
    const GLANCES: bool;
    /// Its return.
    type Output: 'static;
    /// The value, as its companions speak of it.
    type CompanionValue: 'static;

    /// Looks a call up.
    fn look_up(
        &self,
        lookup: Lookup<'_, KA, Self::Output, Self::CompanionValue>,
    ) -> Answer<Self::Output, Self::CompanionValue>;

    /// Finds the memo, and with arguments the key of a call with them.
    #[inline]
    fn own(&self, keyed: Option<&KA>, found: &mut Unanswered<Self::Output, Self::CompanionValue>) {
        let question = if keyed.is_some() { Question::Key } else { Question::Memo };
        self.look_up(Lookup::new(keyed, &mut Asked::whole(question, LookFlags::USUAL, None, found)));
    }

    /// The key of a call with these arguments.
    fn address<M>(&self, keyed: &KA) -> Key<Self::CompanionValue, M> {
        let mut found = Unanswered::nothing();
        self.own(Some(keyed), &mut found);
        found.into_address()
    }

    /// How its returns are taken apart.
    fn kind(&self) -> &'static ReturnKind<Self::Output, Self::CompanionValue> {
        let mut found = Unanswered::nothing();
        self.own(None, &mut found);
        found.kind()
    }
}

/// A memoized function. `L` looks its calls up.
pub struct Callee<L, O, V, const GLANCES: bool = true> {
    look_up: L,
    types: PhantomData<fn() -> (O, V)>,
}

/// A function whose look-up is a pointer: functions of one signature share the code of a call.
#[inline]
pub fn function<KA, O: 'static, V: 'static>(
    look_up: fn(Lookup<'_, KA, O, V>) -> Answer<O, V>,
) -> Callee<fn(Lookup<'_, KA, O, V>) -> Answer<O, V>, O, V> {
    Callee { look_up, types: PhantomData }
}

/// A function whose look-up is known by type: its call is kept in memory, where a pointer would take room.
#[inline]
pub fn function_of<KA, O: 'static, V: 'static, L: Fn(Lookup<'_, KA, O, V>) -> Answer<O, V>>(
    look_up: L,
) -> Callee<L, O, V> {
    Callee { look_up, types: PhantomData }
}

/// A function whose calls are looked up once: what makes their keys is not to run twice, or its memo is in a field.
#[inline]
pub fn function_once<KA, O: 'static, V: 'static, L: Fn(Lookup<'_, KA, O, V>) -> Answer<O, V>>(
    look_up: L,
) -> Callee<L, O, V, false> {
    Callee { look_up, types: PhantomData }
}

impl<KA, O: 'static, V: 'static, L: Fn(Lookup<'_, KA, O, V>) -> Answer<O, V>, const GLANCES: bool>
    MemoizedFn<KA> for Callee<L, O, V, GLANCES>
{
    const GLANCES: bool = GLANCES;
    type Output = O;
    type CompanionValue = V;

    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn look_up(&self, lookup: Lookup<'_, KA, O, V>) -> Answer<O, V> {
        (self.look_up)(lookup)
    }
}

impl<L, O: 'static, V: 'static, const GLANCES: bool> Callee<L, O, V, GLANCES> {
    /// The key of the call with these arguments.
    pub fn key<KA, M>(&self, keyed: &KA) -> Key<V, M>
    where
        Self: MemoizedFn<KA, Output = O, CompanionValue = V>,
    {
        self.address(keyed)
    }

    /// The memo.
    pub fn memo<KA, M>(&self) -> Memo<V, M>
    where
        Self: MemoizedFn<KA, Output = O, CompanionValue = V>,
    {
        let mut found = Unanswered::nothing();
        MemoizedFn::<KA>::own(self, None, &mut found);
        let (memo, _, kind) = found.into_parts();
        Memo::of(memo.arc(), kind.companion_value)
    }
}
