//! Times to live, as callers and configurations write them.

use std::time::Duration;

use super::{StoreError, StoreErrorKind};

/// How long something lives: a [`Duration`], a number of seconds, or a text such as `"5m"` or `"1h30m"`.
///
/// The units of a text are ns, us, ms, s, m, h, d and w. Zero means that a value is not stored, and
/// [`Duration::MAX`] that it lives for ever.
pub trait TimeToLive: sealed::Sealed {
    /// The duration.
    ///
    /// # Errors
    ///
    /// If a text is not a duration.
    fn into_ttl(self) -> Result<Duration, StoreError>;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for std::time::Duration {}
    impl Sealed for u64 {}
    impl Sealed for &str {}
    impl Sealed for &String {}
}

impl TimeToLive for Duration {
    fn into_ttl(self) -> Result<Duration, StoreError> {
        Ok(self)
    }
}

impl TimeToLive for u64 {
    fn into_ttl(self) -> Result<Duration, StoreError> {
        Ok(Duration::from_secs(self))
    }
}

impl TimeToLive for &str {
    fn into_ttl(self) -> Result<Duration, StoreError> {
        parse(self).map_err(|why| StoreError::new(StoreErrorKind::Invalid, why))
    }
}

impl TimeToLive for &String {
    fn into_ttl(self) -> Result<Duration, StoreError> {
        self.as_str().into_ttl()
    }
}

const FORM: &str = "write it like \"1h30m\" or \"250ms\"; units are ns, us, ms, s, m, h, d and w";

const SECOND: u128 = 1_000_000_000;

/// In nanoseconds.
const UNITS: [(&str, u128); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", SECOND),
    ("m", 60 * SECOND),
    ("h", 3_600 * SECOND),
    ("d", 86_400 * SECOND),
    ("w", 604_800 * SECOND),
];

/// Reads a duration such as "1h30m" or "1.5s". The error says how to write one.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a duration: {FORM}");
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(format!("an empty duration: {FORM}"));
    }
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        let after = after.trim_start();
        let letters = after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len());
        let (name, next) = after.split_at(letters);
        let (_, unit) = UNITS.iter().find(|(unit, _)| *unit == name).ok_or_else(wrong)?;
        let nanos = nanos(number, *unit).ok_or_else(wrong)?;
        let seconds = u64::try_from(nanos / SECOND).map_err(|_| wrong())?;
        let part = Duration::new(seconds, u32::try_from(nanos % SECOND).map_err(|_| wrong())?);
        total = total.checked_add(part).ok_or_else(wrong)?;
        rest = next.trim_start();
    }
    Ok(total)
}

/// So many of a unit, in nanoseconds. Nine places of a fraction count.
fn nanos(number: &str, unit: u128) -> Option<u128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let fraction = fraction.get(..9).unwrap_or(fraction);
    let places = u32::try_from(fraction.len()).ok()?;
    let whole = whole.parse::<u128>().ok()?.checked_mul(unit)?;
    let part = fraction.parse::<u128>().ok()?.checked_mul(unit)? / 10_u128.pow(places);
    whole.checked_add(part)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_the_attribute_reads_them() {
        let millis = |text| parse(text).map(|length| length.as_millis());
        assert_eq!(millis("1h30m"), Ok(5_400_000));
        assert_eq!(millis("250ms"), Ok(250));
        assert_eq!(millis("1.5 s"), Ok(1500));
        assert_eq!(millis("2 d 1 s"), Ok(172_801_000));
        assert_eq!(millis(&format!("{}s", u64::MAX)), Ok(u128::from(u64::MAX) * 1000));
    }

    #[test]
    fn what_is_no_duration_is_refused_with_the_form() {
        for wrong in
            ["", " ", "5", "h", "1h30", "-1s", "1.2.3s", "5 parsecs", "1e3s", "99999999999999999999999s"]
        {
            assert!(parse(wrong).is_err_and(|why| why.contains("1h30m")), "{wrong:?} was read");
        }
    }
}
