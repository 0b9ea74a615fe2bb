//! What a tiered store does with its front.

use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;

use super::TieredStore;
use super::copied::Copied;
use super::stripes::UnderWay;
use crate::store::{Action, Outcome, StoreError, StoreErrorKind, Stored, Write};
use crate::time::{NEVER, Tick, later, ticks};

/// What the front has answered to a read.
pub(super) struct FromFront {
    pub(super) found: Vec<Option<Stored>>,
    /// Which keys have a copy there that may not be used, in ascending order.
    pub(super) unused: Vec<usize>,
    pub(super) has_failed: bool,
    /// The moment at which the read began.
    pub(super) since: u64,
}

/// How long a copy lives.
#[derive(Clone, Copy)]
pub(super) struct Life {
    /// Until when it may be used.
    deadline: Tick,
    /// For how long the front is to keep it.
    ttl: Option<Duration>,
}

impl FromFront {
    /// Whether nothing is left to ask the back for.
    pub(super) fn is_all(&self) -> bool {
        !self.has_failed && self.found.iter().all(Option::is_some)
    }
}

/// Reading from the front.
impl TieredStore {
    /// Takes what may be used from the front's answer to a read that began at a moment.
    pub(super) fn check_front(
        &self,
        keys: &[Bytes],
        answer: Result<Vec<Option<Stored>>, StoreError>,
        since: u64,
    ) -> FromFront {
        let Ok(mut found) = answer.and_then(|found| self.check(&*self.front, found, keys.len())) else {
            self.front_has_failed();
            return FromFront { found: vec![None; keys.len()], unused: Vec::new(), has_failed: true, since };
        };
        let (now, mut unused, mut hits) = (self.clock.now(), Vec::new(), 0);
        for (index, (stored, key)) in found.iter_mut().zip(keys).enumerate() {
            let Some(copy) = stored.take() else { continue };
            *stored = self.usable(key, copy.bytes, since, now);
            match stored {
                Some(_) => hits += 1,
                None => unused.push(index),
            }
        }
        if hits > 0 {
            self.front_hits.fetch_add(hits, Ordering::Relaxed);
        }
        FromFront { found, unused, has_failed: false, since }
    }

    fn usable(&self, key: &[u8], copy: Bytes, since: u64, now: Tick) -> Option<Stored> {
        let Copied { generation, deadline, version, bytes } = Copied::decode(copy)?;
        let left = deadline.checked_sub(now).filter(|left| *left > 0)?;
        let remaining = (deadline != NEVER).then(|| Duration::from_millis(left));
        let is_current = self.stripes.is_current(key, generation, since);
        is_current.then_some(Stored { bytes, version, remaining })
    }
}

/// Writing to the front.
impl TieredStore {
    /// How long a copy lives of what the back keeps for `remaining` from a time after `begin`. [`None`] if it is not to
    /// be copied.
    pub(super) fn life(&self, remaining: Option<Duration>, begin: Tick) -> Option<Life> {
        let deadline = remaining.map_or(NEVER, |remaining| later(begin, ticks(remaining)));
        let left = deadline.saturating_sub(self.clock.now());
        let left = (deadline != NEVER).then(|| Duration::from_millis(left));
        let ttl = left.into_iter().chain(self.front_ttl).min();
        (ttl != Some(Duration::ZERO)).then_some(Life { deadline, ttl })
    }

    /// Changes the front. All requests that these changes belong to end with it.
    pub(super) async fn change_front(&self, changes: Vec<(Write, UnderWay<'_>)>) {
        if changes.is_empty() {
            return;
        }
        let (batch, mut requests): (Vec<Write>, Vec<UnderWay<'_>>) = changes.into_iter().unzip();
        let mut are_done = self.try_front(&batch).await;
        if let Err(StoreErrorKind::Refused | StoreErrorKind::Full) = are_done {
            // What the front does not take, it does not take later either. What it held under these keys is old.
            let removes: Vec<Write> = batch.into_iter().map(|write| Write::remove(write.key)).collect();
            are_done = self.try_front(&removes).await;
            requests.iter_mut().enumerate().for_each(|(at, request)| {
                request.front_has_answered(are_done.as_ref().is_ok_and(|done| done[at]));
            });
            return;
        }
        for (at, request) in requests.iter_mut().enumerate() {
            let is_done = are_done.as_ref().is_ok_and(|done| done[at]);
            let is_promotion =
                is_done && request.is_fetch() && matches!(batch[at].action, Action::Put { .. });
            self.promotions.fetch_add(u64::from(is_promotion), Ordering::Relaxed);
            request.front_has_answered(is_done);
        }
    }

    /// Which writes the front has carried out.
    async fn try_front(&self, batch: &[Write]) -> Result<Vec<bool>, StoreErrorKind> {
        let outcomes = self.front.write(batch).await;
        let outcomes = outcomes.and_then(|outcomes| self.check(&*self.front, outcomes, batch.len()));
        let is_done = |(write, outcome): (&Write, Outcome)| match &write.action {
            Action::Put { .. } => matches!(outcome, Outcome::Put(_)),
            _ => matches!(outcome, Outcome::Removed(_)),
        };
        let done = outcomes.map(|outcomes| batch.iter().zip(outcomes).map(is_done).collect::<Vec<bool>>());
        if done.as_ref().map_or(true, |done| done.contains(&false)) {
            self.front_has_failed();
        }
        done.map_err(|error| error.kind())
    }
}

/// Puts a copy of what the back holds under a key.
pub(super) fn copy(key: &Bytes, stored: &Stored, generation: u64, life: Life) -> Write {
    let Stored { bytes, version, .. } = stored;
    let copied = Copied { generation, deadline: life.deadline, version: *version, bytes: bytes.clone() };
    Write::put(key.clone(), copied.encode(), life.ttl)
}
