//! What a memo was told of the life of its entries, and what follows from that.

use std::time::Duration;

use crate::policy::{Ahead, State};
use crate::spec::Spec;
use crate::time::{NEVER, Tick};

/// What is known of the entry of a key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Life {
    pub(super) value: u64,
    /// Differs where entries differ, though they may have the same value.
    pub(super) id: u64,
    pub(super) created: Tick,
    pub(super) deadline: Tick,
    pub(super) read: Tick,
    pub(super) marked: bool,
    pub(super) failures: u32,
    pub(super) rest: Tick,
}

/// What a memo was told of the life of its entries.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stated {
    pub(super) ttl: Option<Tick>,
    pub(super) idle: Option<Tick>,
    pub(super) jitter: f64,
    pub(super) while_revalidate: Tick,
    pub(super) if_error: Tick,
    pub(super) ahead: Option<Ahead>,
    pub(super) capacity: Option<usize>,
    pub(super) single_flight: bool,
    /// Its clock is not to be relied on.
    pub(super) goes_back: bool,
}

impl Stated {
    pub(super) fn draw(random: &mut fastrand::Rng) -> Self {
        let window = |random: &mut fastrand::Rng| match random.u8(0..4) {
            0 | 1 => 0,
            2 => random.u64(1..50),
            _ => random.u64(50..2_000),
        };
        Self {
            ttl: match random.u8(0..5) {
                0 => None,
                1 | 2 => Some(random.u64(1..30)),
                _ => Some(random.u64(30..3_000)),
            },
            idle: random.bool().then(|| random.u64(1..500)).filter(|_| random.bool()),
            jitter: if random.bool() { 0.0 } else { random.f64() * 0.9 },
            while_revalidate: window(random),
            if_error: window(random),
            ahead: match random.u8(0..6) {
                0 => Some(Ahead::Fraction(random.f64())),
                1 => Some(Ahead::Age(Duration::from_millis(random.u64(0..100)))),
                2 => Some(Ahead::XFetch(random.f64() * 10.0)),
                _ => None,
            },
            capacity: (random.u8(0..4) == 0).then(|| random.usize(1..4)),
            single_flight: random.bool(),
            goes_back: random.u8(0..4) == 0,
        }
    }

    pub(super) fn spec(&self) -> Spec {
        let mut spec =
            Spec::new("stage", &["key"]).jitter(self.jitter).capacity(self.capacity.unwrap_or(100));
        let millis = Duration::from_millis;
        spec = spec.stale_while_revalidate(millis(self.while_revalidate));
        spec = spec.stale_if_error(millis(self.if_error)).single_flight(self.single_flight);
        spec = self.ttl.map_or(spec, |ttl| spec.ttl(millis(ttl)));
        spec = self.idle.map_or(spec, |idle| spec.idle(millis(idle)));
        self.ahead.map_or(spec, |ahead| spec.refresh_ahead(ahead))
    }

    pub(super) fn is_alive(&self, life: &Life, now: Tick) -> bool {
        self.idle.is_none_or(|idle| now < life.read.saturating_add(idle))
    }

    pub(super) fn is_fresh(&self, life: &Life, now: Tick) -> bool {
        self.is_alive(life, now) && now < life.deadline && !life.marked
    }

    /// Whether it is to be computed anew though it is fresh; none if that is left to chance.
    pub(super) fn is_due(&self, life: &Life, now: Tick) -> Option<bool> {
        match self.ahead {
            None => Some(false),
            Some(Ahead::Age(age)) => Some(u128::from(now) >= u128::from(life.created) + age.as_millis()),
            Some(_) if life.deadline == NEVER => Some(false),
            #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
            Some(Ahead::Fraction(part)) => {
                let ttl = life.deadline.saturating_sub(life.created) as f64;
                Some(now as f64 >= life.created as f64 + (ttl * part).floor())
            }
            Some(Ahead::XFetch(_)) => None,
        }
    }

    /// Whether it is an answer that nobody had to compute.
    pub(super) fn answers(&self, life: &Life, now: Tick) -> bool {
        let within = |window: Tick| window > 0 && now < life.deadline.saturating_add(window);
        let rests = now < life.rest && within(self.if_error);
        self.is_alive(life, now) && (self.is_fresh(life, now) || within(self.while_revalidate) || rests)
    }

    /// Whether it is an answer where the computation has failed.
    pub(super) fn stands_in(&self, life: &Life, now: Tick) -> bool {
        let within = self.if_error > 0 && now < life.deadline.saturating_add(self.if_error);
        self.is_alive(life, now) && (self.is_fresh(life, now) || within)
    }

    pub(super) fn state(&self, life: &Life, now: Tick) -> State {
        let window = self.while_revalidate.max(self.if_error);
        if self.is_fresh(life, now) {
            State::Fresh
        } else if self.is_alive(life, now) && now < life.deadline.saturating_add(window) {
            State::Stale
        } else {
            State::Dead
        }
    }
}
