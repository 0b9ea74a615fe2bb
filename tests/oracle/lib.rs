//! What a cache may answer, when operations come one after the other: a plain map with times, that is told of each
//! operation and what came of it. It knows what must be there, what may be, and what must not.
//!
//! The one oracle of the tests that draw operations at random: `cache-core/src/aging` (any policy of freshness),
//! `tests/random/reference` (several functions, with tags) and `fuzz/fuzz_targets/operations.rs`. What is under way on
//! several threads at once has no order that a map could follow: that is judged by `tests::history`.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// Milliseconds.
pub type Time = u64;

/// Later than any time.
pub const NEVER: Time = Time::MAX;

/// What an entry is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// An answer.
    Fresh,
    /// An answer within its windows.
    Stale,
    /// None.
    Dead,
}

/// When a fresh entry is computed anew.
#[derive(Clone, Copy, Debug)]
pub enum Ahead {
    /// So long after it was stored.
    Age(Time),
    /// After this part of its life.
    Part(f64),
    /// When chance has it.
    Chance,
}

/// What is stated of the life of entries.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rules {
    /// How long they are fresh.
    pub ttl: Option<Time>,
    /// How long without being read.
    pub idle: Option<Time>,
    /// The part of the ttl that may be missing.
    pub jitter: f64,
    /// How long afterwards they are answers while the next is computed.
    pub while_revalidate: Time,
    /// How long afterwards they are answers if that fails.
    pub if_error: Time,
    /// Whether they are computed anew before.
    pub ahead: Option<Ahead>,
}

/// What is known of an entry.
#[derive(Clone, Copy, Debug)]
pub struct Life<V> {
    /// Its value.
    pub value: V,
    /// Differs where entries differ, though they may have the same value.
    pub id: u64,
    /// When it was stored.
    pub created: Time,
    /// From when on it is no longer fresh.
    pub deadline: Time,
    /// When it was last an answer.
    pub read: Time,
    /// Whether it was marked as stale.
    pub marked: bool,
    /// How often in a row it could not be replaced.
    pub failures: u32,
    /// Until when that is not tried again.
    pub rest: Time,
    /// Whether it may have made room for others.
    pub may_have_left: bool,
}

impl Rules {
    fn is_alive<V>(&self, life: &Life<V>, now: Time) -> bool {
        self.idle.is_none_or(|idle| now < life.read.saturating_add(idle))
    }

    /// Whether it is an answer for everybody.
    #[must_use]
    pub fn is_fresh<V>(&self, life: &Life<V>, now: Time) -> bool {
        self.is_alive(life, now) && now < life.deadline && !life.marked
    }

    /// Whether it is to be computed anew though it is fresh; none if that is left to chance.
    #[must_use]
    pub fn is_due<V>(&self, life: &Life<V>, now: Time) -> Option<bool> {
        match self.ahead {
            None => Some(false),
            Some(Ahead::Age(age)) => Some(now >= life.created.saturating_add(age)),
            Some(_) if life.deadline == NEVER => Some(false),
            #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
            Some(Ahead::Part(part)) => {
                let ttl = life.deadline.saturating_sub(life.created) as f64;
                Some(now as f64 >= life.created as f64 + (ttl * part).floor())
            }
            Some(Ahead::Chance) => None,
        }
    }

    /// Whether it is an answer that nobody had to compute.
    #[must_use]
    pub fn answers<V>(&self, life: &Life<V>, now: Time) -> bool {
        let within = |window: Time| window > 0 && now < life.deadline.saturating_add(window);
        let rests = now < life.rest && within(self.if_error);
        self.is_alive(life, now) && (self.is_fresh(life, now) || within(self.while_revalidate) || rests)
    }

    /// Whether it is an answer where the computation has failed.
    #[must_use]
    pub fn stands_in<V>(&self, life: &Life<V>, now: Time) -> bool {
        let within = self.if_error > 0 && now < life.deadline.saturating_add(self.if_error);
        self.is_alive(life, now) && (self.is_fresh(life, now) || within)
    }

    /// What it is good for.
    #[must_use]
    pub fn phase<V>(&self, life: &Life<V>, now: Time) -> Phase {
        let window = self.while_revalidate.max(self.if_error);
        if self.is_fresh(life, now) {
            Phase::Fresh
        } else if self.is_alive(life, now) && now < life.deadline.saturating_add(window) {
            Phase::Stale
        } else {
            Phase::Dead
        }
    }

    /// Whether a value that was stored now, to live so long, may have this deadline.
    #[must_use]
    pub fn may_end_at(&self, deadline: Time, ttl: Option<Time>, now: Time) -> bool {
        let Some(ttl) = ttl else { return deadline == NEVER };
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let shortest = ttl as f64 * (1.0 - self.jitter) - 1.0;
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let lasts = deadline.saturating_sub(now) as f64;
        (now..=now.saturating_add(ttl)).contains(&deadline) && lasts >= shortest
    }
}

/// The entries of one function.
#[derive(Clone, Debug, Default)]
pub struct Oracle<K, V> {
    /// What is stated of their life.
    pub rules: Rules,
    /// Whether there may be more keys than entries.
    is_bounded: bool,
    lives: BTreeMap<K, Life<V>>,
    next: u64,
}

impl<K: Ord + Copy, V: Copy> Oracle<K, V> {
    /// Nothing is stored.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        Self { rules, is_bounded: false, lives: BTreeMap::new(), next: 0 }
    }

    /// From now on there is room for all keys, or not.
    pub fn bound(&mut self, is_bounded: bool) {
        self.is_bounded = is_bounded;
        if is_bounded {
            self.lives.values_mut().for_each(|life| life.may_have_left = true);
        }
    }

    /// All that may be there, whether or not it is good for something.
    pub fn all(&self) -> impl Iterator<Item = (K, &Life<V>)> {
        self.lives.iter().map(|(key, life)| (*key, life))
    }

    /// What is known of the entry of a key, whether or not it is good for something.
    #[must_use]
    pub fn life(&self, key: K) -> Option<Life<V>> {
        self.lives.get(&key).copied()
    }

    /// Changes what is known of the entry of a key, if there is one.
    pub fn change(&mut self, key: K, change: impl FnOnce(&mut Life<V>)) {
        self.lives.get_mut(&key).map(change);
    }

    /// The entry of a key, if it is fresh, and has not left.
    #[must_use]
    pub fn fresh(&self, key: K, now: Time) -> Option<Life<V>> {
        self.life(key).filter(|life| self.rules.is_fresh(life, now))
    }

    /// Learns whether somebody has found a fresh entry. It, if so.
    ///
    /// # Panics
    ///
    /// If that cannot be.
    pub fn learn(&mut self, key: K, now: Time, found: bool) -> Option<Life<V>> {
        let known = self.fresh(key, now);
        if found {
            assert!(known.is_some(), "found what must not be there: {}", self.known_as(key, now));
            self.change(key, |life| (life.may_have_left, life.read) = (false, now));
            return known;
        }
        assert!(
            known.is_none_or(|life| life.may_have_left),
            "did not find what must be there: {}",
            self.known_as(key, now)
        );
        if known.is_some() {
            self.lives.remove(&key);
        }
        None
    }

    fn known_as(&self, key: K, now: Time) -> String {
        let Some(life) = self.lives.get(&key) else { return "nothing".to_owned() };
        let Life { created, deadline, may_have_left, .. } = life;
        format!("at {now}, of {created} until {deadline}, may have left: {may_have_left}")
    }

    /// A value is stored, and fresh until a deadline. Others may have made room for it.
    pub fn store(&mut self, key: K, value: V, now: Time, deadline: Time) {
        if self.is_bounded {
            self.lives.values_mut().for_each(|life| life.may_have_left = true);
        }
        self.next += 1;
        let life = Life {
            value,
            id: self.next,
            created: now,
            deadline,
            read: now,
            marked: false,
            failures: 0,
            rest: 0,
            may_have_left: false,
        };
        self.lives.insert(key, life);
    }

    /// A value is stored that lives as long as is stated.
    pub fn store_for_ttl(&mut self, key: K, value: V, now: Time) {
        self.store(key, value, now, self.rules.ttl.map_or(NEVER, |ttl| now.saturating_add(ttl)));
    }

    /// A fresh entry is given another life.
    pub fn set_ttl(&mut self, key: K, now: Time, ttl: Time, only_later: bool) {
        if self.fresh(key, now).is_some() {
            let deadline = now.saturating_add(ttl);
            self.change(key, |life| {
                life.deadline = if only_later { life.deadline.max(deadline) } else { deadline }
            });
        }
    }

    /// The entry of a key is gone.
    pub fn remove(&mut self, key: K) {
        self.lives.remove(&key);
    }

    /// The entries that an invalidation hits are gone.
    pub fn invalidate(&mut self, hit: impl Fn(K, &V) -> bool) {
        self.lives.retain(|key, life| !hit(*key, &life.value));
    }

    /// The entry of a key is marked as stale; where there are no windows, it is gone.
    pub fn mark(&mut self, key: K, now: Time) {
        if self.rules.while_revalidate.max(self.rules.if_error) == 0 {
            return self.remove(key);
        }
        self.change(key, |life| {
            life.deadline = if life.marked { life.deadline } else { life.deadline.min(now) };
            life.marked = true;
        });
    }

    /// It could not be replaced, and rests.
    pub fn rest(&mut self, key: K, now: Time) {
        self.change(key, |life| {
            life.failures += 1;
            life.rest = now + (100_u64 << (life.failures - 1).min(20)).min(30_000);
        });
    }

    /// How many of some fresh entries there must be at least, and may be at most.
    pub fn count(&self, now: Time, of: impl Fn(K, &V) -> bool) -> RangeInclusive<usize> {
        let live = self.all().filter(|(key, life)| self.rules.is_fresh(life, now) && of(*key, &life.value));
        let (certain, all) = live
            .fold((0, 0), |(certain, all), (_, life)| (certain + usize::from(!life.may_have_left), all + 1));
        certain..=all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_must_be_there_and_what_may() {
        let mut oracle = Oracle::new(Rules { ttl: Some(10), ..Rules::default() });
        oracle.store_for_ttl(1, "one", 0);
        oracle.store_for_ttl(2, "two", 5);
        assert_eq!(oracle.count(5, |_, _| true), 2..=2);
        assert_eq!(oracle.learn(1, 9, true).map(|life| life.value), Some("one"));
        assert_eq!(oracle.count(10, |_, _| true), 1..=1, "one is past its ttl");
        oracle.bound(true);
        assert_eq!(oracle.count(10, |_, _| true), 0..=1);
        oracle.store_for_ttl(3, "three", 10);
        assert_eq!(oracle.count(10, |_, _| true), 1..=2);
        assert!(oracle.learn(2, 10, false).is_none());
        oracle.invalidate(|key, _| key == 3);
        assert_eq!(oracle.count(10, |_, _| true), 0..=0);
    }

    #[test]
    #[should_panic(expected = "found what must not be there")]
    fn nothing_is_found_past_its_ttl() {
        let mut oracle = Oracle::new(Rules { ttl: Some(10), ..Rules::default() });
        oracle.store_for_ttl(1, "one", 0);
        oracle.learn(1, 10, true);
    }

    #[test]
    #[should_panic(expected = "did not find what must be there")]
    fn nothing_is_lost_where_there_is_room() {
        let mut oracle = Oracle::new(Rules::default());
        oracle.store_for_ttl(1, "one", 0);
        oracle.learn(1, 1_000, false);
    }
}
