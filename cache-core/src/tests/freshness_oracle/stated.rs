//! What a memo was told of the life of its entries, and what follows from that.

use std::time::Duration;

use oracle::Rules;

use crate::policy::Ahead;
use crate::spec::Spec;
use crate::time::Tick;

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

    /// The same, for the oracle.
    pub(super) fn rules(&self) -> Rules {
        let ahead = |ahead| match ahead {
            Ahead::Age(age) => oracle::Ahead::Age(u64::try_from(age.as_millis()).expect("a short one")),
            Ahead::Fraction(part) => oracle::Ahead::Part(part),
            Ahead::XFetch(_) => oracle::Ahead::Chance,
        };
        Rules {
            ttl: self.ttl,
            idle: self.idle,
            jitter: self.jitter,
            while_revalidate: self.while_revalidate,
            if_error: self.if_error,
            ahead: self.ahead.map(ahead),
        }
    }
}
