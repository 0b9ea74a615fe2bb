//! From samples to figures: medians, and ratios between entrants.

use super::{Entrant, Role, Samples, float};

/// Median, and the quartiles around it.
#[derive(Clone, Copy)]
pub(crate) struct Quartiles {
    pub(crate) lower: f64,
    pub(crate) median: f64,
    pub(crate) upper: f64,
}

impl Quartiles {
    pub(crate) fn of(samples: &[f64]) -> Self {
        let mut sorted = samples.to_vec();
        sorted.sort_by(f64::total_cmp);
        Self { lower: at(&sorted, 1), median: at(&sorted, 2), upper: at(&sorted, 3) }
    }
}

/// The value a number of quarters into the sorted samples; between two of them, their weighted mean.
fn at(sorted: &[f64], quarters: usize) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let (index, rest) = (last * quarters / 4, last * quarters % 4);
    let weight = [0.0, 0.25, 0.5, 0.75][rest];
    let next = sorted[(index + 1).min(last)];
    sorted[index] * (1.0 - weight) + next * weight
}

/// The largest part of misses among the timed calls that still lets their time pass for a hit's.
/// A few are natural to a cache that spreads its capacity over sets; more, and what was timed is
/// something else: a function that is not cached at all would beat the limit.
const TOLERATED: f64 = 0.001;

/// Whether too many calls missed for what was measured of them to be that of hits.
pub(crate) fn void(misses: u64, calls: u64) -> bool {
    float(misses) > TOLERATED * float(calls)
}

/// One entrant's figures, and how it compares. Void figures, those of an entrant that missed, and
/// all ratios to them, are not a number.
pub(crate) struct Standing {
    pub(crate) nanos: Quartiles,
    pub(crate) least: f64,
    /// This entrant's time over the limit's.
    pub(crate) to_limit: f64,
    /// Our time over this entrant's.
    pub(crate) ours_to_this: f64,
    pub(crate) misses: u64,
    /// How many of a hundred calls did not miss.
    pub(crate) hit_percent: f64,
    pub(crate) unready: u64,
}

/// The standings, in the order of the entrants.
///
/// A ratio is the median of the rounds' ratios, not the ratio of the medians: what slows a round
/// slows both its parts, and falls out.
pub(crate) fn standings<K>(entrants: &[Entrant<K>], samples: &[Samples]) -> Vec<Standing> {
    let valid: Vec<Vec<f64>> = samples.iter().map(valid_nanos).collect();
    let nanos_of = |role| {
        let place = entrants.iter().position(|entrant| entrant.role == role);
        place.map_or(&[][..], |place| &valid[place])
    };
    let (limit, ours) = (nanos_of(Role::Limit), nanos_of(Role::Ours));
    samples
        .iter()
        .zip(&valid)
        .map(|(samples, nanos)| Standing {
            nanos: Quartiles::of(nanos),
            least: nanos.iter().copied().fold(f64::NAN, f64::min),
            to_limit: median_ratio(nanos, limit),
            ours_to_this: median_ratio(ours, nanos),
            misses: samples.misses,
            hit_percent: 100.0 * (1.0 - float(samples.misses) / float(samples.calls)),
            unready: samples.unready,
        })
        .collect()
}

/// The samples, or as many that are not a number if too many calls missed that should not.
fn valid_nanos(samples: &Samples) -> Vec<f64> {
    if !samples.may_miss && void(samples.misses, samples.calls) {
        vec![f64::NAN; samples.nanos.len()]
    } else {
        samples.nanos.clone()
    }
}

/// How far the limit may slow down between one thread and several before the machine must be taken
/// for busy. It shares nothing, so on free cores it does not.
const BUSY: f64 = 1.25;

/// How many times slower the limit is here than among the standings of one thread, if that is too
/// much: other programs had the cores, so the threads took turns and hardly met. Entrants that
/// contend then look as if they did not.
pub(crate) fn busy<K>(entrants: &[Entrant<K>], single: &[Standing], several: &[Standing]) -> Option<f64> {
    let limit = entrants.iter().position(|entrant| entrant.role == Role::Limit)?;
    let slowdown = several[limit].nanos.median / single[limit].nanos.median;
    (slowdown > BUSY).then_some(slowdown)
}

/// The median of the rounds' ratios.
pub(crate) fn median_ratio(upper: &[f64], lower: &[f64]) -> f64 {
    let ratios: Vec<f64> = upper.iter().zip(lower).map(|(upper, lower)| upper / lower).collect();
    Quartiles::of(&ratios).median
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these figures are exact in binary")]
mod tests {
    use super::{Quartiles, Samples, median_ratio, valid_nanos};

    #[test]
    fn quartiles_fall_on_samples_or_between_two() {
        let odd = Quartiles::of(&[5.0, 1.0, 4.0, 2.0, 3.0]);
        assert_eq!([odd.lower, odd.median, odd.upper], [2.0, 3.0, 4.0]);
        let even = Quartiles::of(&[4.0, 1.0, 3.0, 2.0]);
        assert_eq!([even.lower, even.median, even.upper], [1.75, 2.5, 3.25]);
    }

    #[test]
    fn a_slow_round_falls_out_of_a_ratio() {
        let calm = median_ratio(&[2.0, 2.0, 2.0], &[1.0, 1.0, 1.0]);
        let busy = median_ratio(&[2.0, 20.0, 40.0], &[1.0, 10.0, 20.0]);
        assert_eq!([calm, busy], [2.0, 2.0]);
    }

    #[test]
    fn what_missed_has_no_figures_and_no_ratios() {
        let samples = Samples { nanos: vec![1.0, 1.0], misses: 10, unready: 0, calls: 10, may_miss: false };
        let missed = valid_nanos(&samples);
        assert!(Quartiles::of(&missed).median.is_nan());
        assert!(median_ratio(&[2.0, 2.0], &missed).is_nan());
        assert!(median_ratio(&missed, &[2.0, 2.0]).is_nan());
        assert_eq!(valid_nanos(&Samples { may_miss: true, ..samples }), [1.0, 1.0]);
    }
}
