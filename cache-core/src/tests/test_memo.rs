//! A memo without its function, for tests of the runtime itself: `u64` to `u64`, in a runtime of its own.

use std::any::TypeId;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::call::future::{DrivenBy, MissStart, Polled};
use crate::call::{Description, NoHook, Prepared, UnansweredCall, blocking, described};
use crate::engine::{Body, LeaderGuard, Miss, Step};
use crate::erased::{Erased, ErasedRef};
use crate::flight::{Flight, Intent};
use crate::key::{self, AsBytes, Bitwise, Exactly, Leaf, NoJson, Shown, Ty};
use crate::memo::{MemoCore, MemoSpec, Predicate, Runtime, Types, When, invalidate_where};
use crate::metadata::EntryMetadata;
use crate::mode::{Async, Blocking};
use crate::policy::Freshness;
use crate::spec::Spec;
use crate::tags::{Name, Severity};
use crate::time::Clock;
use crate::value::{Cloned, OfReturn, OkOnly, Return, ReturnKind};

/// What bodies return.
pub(crate) type Output = Result<u64, Failure>;

/// An error that waiters can share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failure;

/// The shape of keys.
pub(crate) type TestKey = Leaf<Ty<u64>, (AsBytes, Exactly, Shown, NoJson)>;
/// A call of an asynchronous function.
pub(crate) type BoxedCall = Pin<Box<dyn Future<Output = Output> + Send>>;
/// What is decided about the return.
pub(crate) type TestReturn = Return<Output, OkOnly, Bitwise<u64>, Cloned, OfReturn>;

/// Whose an asynchronous computation is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum OwnedBy {
    /// Its caller's.
    Caller,
    /// Its own: an executor may go on with it.
    Owner,
}

/// Whether a key is this one.
pub(crate) fn is(key: u64) -> impl Fn(ErasedRef<'_>) -> bool {
    move |other| key::Part::<TestKey>::matches(&key, other.get())
}

/// A key as it is kept.
pub(crate) fn stored(key: u64) -> Erased {
    Erased::new(key::Part::<TestKey>::own(&key))
}

/// What is kept.
pub(crate) fn number(held: &Erased) -> u64 {
    held.get::<Bitwise<u64>>().0
}

/// A value as it is kept.
fn held(value: u64) -> Erased {
    Erased::new(Bitwise(value))
}

/// Lets an entry carry tags.
fn carry(tags: impl AsRef<[&'static str]>) -> impl Fn(Option<&u64>, &mut EntryMetadata) {
    move |_, metadata| metadata.tags.extend(tags.as_ref().iter().map(|tag| (*tag).into()))
}

/// The same of a call.
pub(crate) fn described_as<D: Fn(Option<&u64>, &mut EntryMetadata)>(
    describe: D,
) -> impl Description + use<D> {
    described(TestReturn::new(Ty::NEW, OkOnly, Ty::NEW, Cloned, OfReturn), describe)
}

/// The metadata of an entry with these tags.
fn metadata(tags: &[&'static str]) -> EntryMetadata {
    let mut metadata = EntryMetadata::default();
    carry(tags)(None, &mut metadata);
    metadata
}

/// A call with this body.
fn computation(tags: &[&'static str], body: impl FnOnce() -> Output) -> impl Computation {
    let call = Prepared { keyed: (), skipped: (), run: move |(), ()| (body, described_as(carry(tags))) };
    UnansweredCall::<Blocking, _, _, _, _, _, _, _, _>::alone(call, ReturnKind::of::<TestReturn>())
}

/// What becomes of such a call.
trait Computation: Body {
    fn output(self) -> Output;
}

impl<Run, D> Computation for UnansweredCall<Blocking, Output, Output, (), (), Run, D, NoHook, NoHook>
where
    Self: Body,
{
    fn output(mut self) -> Output {
        self.outcome.take()
    }
}

/// Computes as the leader of a flight.
pub(crate) fn compute_as_leader(
    leader: LeaderGuard,
    tags: &[&'static str],
    body: impl FnOnce() -> Output,
) -> Output {
    let mut call = computation(tags, body);
    blocking::compute_as_leader(&leader, None, &mut call);
    drop(leader);
    call.output()
}

/// A memo and its runtime, which end together.
pub(crate) struct TestMemo {
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) memo: Arc<MemoCore>,
}

impl TestMemo {
    pub(crate) fn new(spec: Spec) -> Self {
        Self::within(Runtime::new(Clock::System), spec, MemoSpec::new())
    }

    pub(crate) fn within(runtime: Arc<Runtime>, spec: Spec, hooks: MemoSpec<TestReturn, TestKey>) -> Self {
        let id = TypeId::of::<Self>();
        // As that of a function, it is there for ever.
        let spec = Box::leak(Box::new(spec));
        let memo = MemoCore::create(
            spec,
            spec.capacity,
            "stage".into(),
            Types::of::<TestKey, TestReturn>(hooks),
            (0, id),
            &runtime,
        );
        runtime.register(&memo, true);
        memo.follow_runtime();
        Self { runtime, memo }
    }

    pub(crate) fn hash(&self, key: u64) -> u32 {
        crate::table::short(self.memo.long_hash::<TestKey>(&key))
    }

    /// What a call does that was not told to bypass.
    pub(crate) fn call(&self, key: u64, tags: &[&'static str], body: impl FnOnce() -> Output) -> Output {
        self.read(key).map_or_else(|| self.compute(key, Intent::Read, tags, body), Ok)
    }

    /// As a call does, which tells the computation it is part of.
    fn read(&self, key: u64) -> Option<u64> {
        if !self.memo.flags().is_tracked() {
            return self.get(key);
        }
        self.memo.record_dependency(self.hash(key), || stored(key));
        self.memo.get(self.hash(key), &is(key), false).map(|(held, _)| number(&held))
    }

    /// What a call does that finds nothing, or does not look.
    pub(crate) fn compute(
        &self,
        key: u64,
        how: Intent,
        tags: &[&'static str],
        body: impl FnOnce() -> Output,
    ) -> Output {
        let mut call = computation(tags, body);
        blocking::compute(&mut self.miss(key, how), &mut call);
        call.output()
    }

    /// What a call is that was not answered.
    pub(crate) fn miss(&self, key: u64, how: Intent) -> Miss {
        Miss::new(self.memo.handle(), stored(key), self.hash(key), how)
    }

    /// How such a call goes on.
    pub(crate) fn begin(&self, key: u64, how: Intent) -> Step {
        self.memo.begin(&stored(key), self.hash(key), how)
    }

    /// A call of an asynchronous function that was not told to bypass.
    pub(crate) fn call_async(
        &self,
        of: OwnedBy,
        key: u64,
        tags: &[&'static str],
        body: impl Future<Output = Output> + Send + 'static,
    ) -> BoxedCall {
        let (memo, hash, describe) = (self.memo.clone(), self.hash(key), described_as(carry(tags.to_vec())));
        let call = Prepared { keyed: (), skipped: (), run: move |(), ()| (body, describe) };
        Box::pin(async move {
            if let Some((held, _)) = memo.get(hash, &is(key), true) {
                return Ok(number(&held));
            }
            let kind = ReturnKind::of::<TestReturn>();
            let begun = MissStart::Search(Miss::new(memo.handle(), stored(key), hash, Intent::Read));
            let call = Polled::new(UnansweredCall::<Async, _, _, _, _, _, _, _, _>::alone(call, kind));
            match of {
                OwnedBy::Caller => DrivenBy::caller().drive_polled(begun, call).await,
                OwnedBy::Owner => DrivenBy::owner().drive_polled(begun, call).await,
            }
        })
    }

    pub(crate) fn get(&self, key: u64) -> Option<u64> {
        self.memo.get(self.hash(key), &is(key), true).map(|(held, _)| number(&held))
    }

    pub(crate) fn put(&self, key: u64, value: u64, when: When) -> bool {
        self.put_tagged(key, value, &[], when)
    }

    pub(crate) fn put_tagged(&self, key: u64, value: u64, tags: &[&'static str], when: When) -> bool {
        self.memo.put(&stored(key), self.hash(key), &held(value), Some(metadata(tags)), when)
    }

    /// Changes the value that is there, and gives it these tags.
    pub(crate) fn update(
        &self,
        key: u64,
        tags: &[&'static str],
        mut change: impl FnMut(u64) -> u64,
    ) -> Option<u64> {
        let change = |old: Erased| Some((held(change(number(&old))), metadata(tags)));
        self.memo.update(&stored(key), self.hash(key), change).map(|held| number(&held))
    }

    /// What the entry of a key is good for by now; none if it was taken out.
    pub(crate) fn state(&self, key: u64) -> Option<Freshness> {
        let guard = self.memo.shard(self.hash(key)).upgradable();
        let entry = guard.entries.find(self.hash(key), is(key))?;
        Some(self.memo.freshness(*entry, self.memo.clock().now()))
    }

    /// The address of a key.
    pub(crate) fn key(&self, key: u64) -> crate::handles::Key<Output> {
        crate::handles::Key::new(
            self.memo.clone(),
            stored(key),
            self.hash(key),
            ReturnKind::of::<TestReturn>().companion_value,
        )
    }

    /// How many computations are under way.
    pub(crate) fn flights(&self) -> usize {
        self.memo.shards().map(|shard| shard.upgradable().gated().iter().count()).sum()
    }

    /// The computation of a key that callers wait for.
    pub(crate) fn flight(&self, key: u64) -> Option<Arc<Flight>> {
        let guard = self.memo.shard(self.hash(key)).upgradable();
        guard.gated().find(self.hash(key), is(key)).cloned()
    }

    pub(crate) fn invalidate_tag(&self, tag: &'static str) -> usize {
        self.invalidate_tag_as(tag, Severity::Hard)
    }

    pub(crate) fn invalidate_tag_as(&self, tag: &'static str, severity: Severity) -> usize {
        self.runtime.invalidate_tag(&Name::Text(tag.into()), severity).count()
    }

    pub(crate) fn invalidate(&self, key: u64) -> usize {
        self.invalidate_as(key, Severity::Hard)
    }

    pub(crate) fn invalidate_as(&self, key: u64, severity: Severity) -> usize {
        self.memo.invalidate_key(&stored(key), self.hash(key), severity).count()
    }

    /// Invalidates the entries whose values are meant.
    pub(crate) fn invalidate_if(&self, is_selected: impl Fn(u64) -> bool, severity: Severity) -> usize {
        let picks: Predicate<'_> = Box::new(|_, held| is_selected(number(held)));
        invalidate_where(&[(&self.memo, picks)], None, severity).count()
    }
}

impl Drop for TestMemo {
    fn drop(&mut self) {
        // The runtime keeps its memos, and they keep it.
        self.runtime.close();
    }
}
