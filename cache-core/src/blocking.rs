//! The driver for synchronous functions: does what the engine decides, and blocks where it must.

use std::sync::Arc;

use crate::draft::Draft;
use crate::engine::{After, Begin, Lead, Next, Pursuit};
use crate::flight::under;
use crate::key::Shape;
use crate::memo::{Data, TypedMemo};
use crate::value::Returns;

/// Computes, or waits for who does.
#[inline(never)]
pub(crate) fn miss<S, R, B, D>(
    memo: &TypedMemo<S::Owned, R::Held>,
    key: &S::Owned,
    hash: u32,
    begin: Begin,
    prepare: impl FnOnce() -> (B, D),
) -> R::Output
where
    S: Shape,
    R: Returns,
    B: FnOnce() -> R::Output,
    D: Fn(Option<&R::Value>, &mut Draft),
{
    let max_wait = memo.spec.max_wait;
    let mut pursuit = Pursuit::new(memo, key, hash, begin);
    let mut _place = None;
    loop {
        let joined = match pursuit.next() {
            Next::Hit(held) => return R::join(held),
            Next::Lead(lead) => return fly::<R, _, _, B, D>(lead, prepare),
            Next::InPlace => break,
            Next::Wait(joined) => joined,
        };
        let waited = joined.flight.wait(memo.clock(), max_wait);
        match pursuit.after::<R>(&joined, waited) {
            After::Answer(output) => return output,
            After::Again => {}
            After::TakePlace => _place = Some(joined.flight.take_place(memo.clock(), max_wait)),
            After::InPlace => break,
        }
    }
    let (body, describe) = prepare();
    let output = body();
    memo.on_error(key, R::error(&output));
    memo.hand_up_unstored::<R>((key, hash), output, describe)
}

/// Computes for a call that touches nothing, but for what is computed from its return.
pub(crate) fn bypass<R, K, V, B, D>(
    told: Option<(Arc<TypedMemo<K, V>>, K, u32)>,
    (body, describe): (B, D),
) -> R::Output
where
    K: Data,
    V: Data,
    R: Returns<Held = V>,
    B: FnOnce() -> R::Output,
    D: Fn(Option<&R::Value>, &mut Draft),
{
    let output = body();
    match told {
        Some((memo, key, hash)) => memo.hand_up_unstored::<R>((&key, hash), output, describe),
        None => output,
    }
}

/// Computes as the leader of a flight.
pub(crate) fn fly<R, K, V, B, D>(lead: Lead<K, V>, prepare: impl FnOnce() -> (B, D)) -> R::Output
where
    K: Data,
    V: Data,
    R: Returns<Held = V>,
    B: FnOnce() -> R::Output,
    D: Fn(Option<&R::Value>, &mut Draft),
{
    // Until it lands, others wait for whatever runs here: descriptions and weighers as well.
    under(Some(lead.flight.ancestry.clone()), || {
        let (body, describe) = prepare();
        lead.settle::<R>(body(), describe).map_or_else(|output| output, R::join)
    })
}
