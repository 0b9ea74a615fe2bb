//! The driver for synchronous functions: does what the engine decides, and blocks where it must.

use crate::engine::{Begin, Cx, Draft, Found, JOINS, Lead, OnHit, Step};
use crate::flight::{Landing, Waited, under};
use crate::key::{KeyRef, Shape};
use crate::memo::TypedMemo;
use crate::plan::{Bound, HitHook, MissHook, Plan};
use crate::value::Returns;

/// Answers a call from the cache, or computes.
#[inline]
pub(crate) fn call<Id, KA, S, R, L, SA, Run, B, D, Hit, Miss>(
    bound: Bound<Plan<Id, KA, S, R, L>, KA, SA, Run, Hit, Miss>,
) -> R::Output
where
    Id: ?Sized,
    S: Shape,
    R: Returns,
    L: Fn(&KA, Cx<'_, S, R>) -> Found<S::Owned, R::Held>,
    Run: FnOnce(KA, SA) -> (B, D),
    B: FnOnce() -> R::Output,
    D: FnOnce(Option<&R::Value>, &mut Draft),
    Hit: HitHook<KA, SA, R::Value>,
    Miss: MissHook<KA, SA>,
{
    let Bound { plan, keyed, skipped, run, on_hit, on_miss, bypass, refresh } = bound;
    let handle = plan.handle();
    let memo = &*handle;
    if bypass || memo.is_disabled() {
        memo.counters.bypasses.add();
        return run(keyed, skipped).0();
    }
    let tell = |key: &KeyRef<'_>, held: &R::Held| {
        if let Some(value) = R::value(held) {
            memo.run_hook(|| on_hit.hit(&keyed, &skipped, key, value));
        }
    };
    let tell: Option<OnHit<'_, R::Held>> = if Hit::SET { Some(&tell) } else { None };
    // One look-up, so that it is compiled into this place.
    match plan.look(&keyed, Cx::read(memo, tell).unless(refresh)) {
        Found::Hit(held) => {
            memo.count_hit();
            R::join(held)
        }
        Found::Miss(key, hash) => {
            let begin = if refresh {
                memo.counters.refreshes.add();
                Begin::Refresh
            } else {
                memo.count_miss();
                if Miss::SET {
                    memo.run_hook(|| memo.key_ref(&key, |key| on_miss.miss(&keyed, &skipped, key)));
                }
                Begin::Read
            };
            miss::<S, R, B, D>(memo, &key, hash, begin, || run(keyed, skipped))
        }
    }
}

/// Computes, or waits for who does.
#[inline(never)]
pub(crate) fn miss<S, R, B, D>(
    memo: &TypedMemo<S::Owned, R::Held>,
    key: &S::Owned,
    hash: u32,
    mut begin: Begin,
    prepare: impl FnOnce() -> (B, D),
) -> R::Output
where
    S: Shape,
    R: Returns,
    B: FnOnce() -> R::Output,
    D: FnOnce(Option<&R::Value>, &mut Draft),
{
    let max_wait = memo.spec.max_wait;
    let mut joins = 0;
    let mut place = None;
    loop {
        let (flight, joined) = match memo.begin(key, hash, begin) {
            Step::Hit(held) => return R::join(held),
            Step::Lead(lead) => return fly::<S, R, B, D>(memo, lead, prepare),
            Step::InPlace => return prepare().0(),
            Step::Join(flight, joined) => (flight, joined),
        };
        if joins == 0 {
            memo.counters.waits.add();
        }
        let Some(wait) = memo.world().waits.begin(&flight.ancestry) else {
            memo.counters.in_place.add();
            return prepare().0();
        };
        let waited = flight.wait(memo.clock(), max_wait);
        drop(wait);
        match waited {
            Waited::LetGo => {
                memo.counters.in_place.add();
                return prepare().0();
            }
            Waited::Landed(Landing::Value(held, seen)) => {
                if memo.may_take(&flight, joined, seen.as_ref()) {
                    return R::join(held);
                }
            }
            Waited::Landed(Landing::Error(shared)) => {
                let error = shared.and_then(|error| R::unshare_error(&*error));
                match error {
                    // What the error may have been invalidated by is not known: it has no tags.
                    Some(output) if joined == flight.born => return output,
                    _ => {
                        // Together with the others, not one behind the other.
                        place = Some(flight.take_place(memo.clock(), max_wait));
                        begin = Begin::Alone;
                    }
                }
            }
            Waited::Landed(Landing::Crashed) => {}
        }
        joins += 1;
        if joins >= JOINS && place.is_none() {
            begin = Begin::Alone;
        }
    }
}

/// Computes as the leader of a flight.
fn fly<S, R, B, D>(
    memo: &TypedMemo<S::Owned, R::Held>,
    lead: Lead<S::Owned, R::Held>,
    prepare: impl FnOnce() -> (B, D),
) -> R::Output
where
    S: Shape,
    R: Returns,
    B: FnOnce() -> R::Output,
    D: FnOnce(Option<&R::Value>, &mut Draft),
{
    // Until it lands, others wait for whatever runs here: descriptions and weighers as well.
    under(Some(lead.flight.ancestry.clone()), || {
        let (body, describe) = prepare();
        match R::split(body()) {
            Ok(held) => {
                let draft = memo.draft(|draft| describe(R::value(&held), draft));
                memo.land(lead, held.clone(), draft);
                R::join(held)
            }
            Err(output) => {
                lead.fail(memo.run_hook(|| R::share_error(&output)).flatten());
                output
            }
        }
    })
}
