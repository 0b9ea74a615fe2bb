//! What stores of this crate, and caches in them, decide alike: when a write is carried out, when a value expires, what a counter holds.

use std::time::Duration;

use super::clock::Millis;
use super::{Condition, StoreError, StoreErrorKind, Version};

/// The deadline of what does not expire.
pub(crate) const NEVER: Millis = Millis::MAX;

/// When what is kept for `ttl` from `now` expires. Parts of a millisecond are rounded up.
pub(crate) fn deadline(now: Millis, ttl: Option<Duration>) -> Millis {
    let Some(ttl) = ttl else { return NEVER };
    let millis = ttl.as_nanos().div_ceil(1_000_000);
    Millis::try_from(millis).map_or(NEVER, |millis| now.saturating_add(millis))
}

/// Whether what has this deadline is still there.
pub(crate) fn is_alive(deadline: Millis, now: Millis) -> bool {
    now < deadline || deadline == NEVER
}

/// How long what is alive stays, if that ends.
pub(crate) fn remaining(deadline: Millis, now: Millis) -> Option<Duration> {
    (deadline != NEVER).then(|| Duration::from_millis(deadline.saturating_sub(now)))
}

/// Whether a condition holds for a key that has this version, or is absent.
pub(crate) fn holds(condition: Condition, present: Option<Version>) -> bool {
    match condition {
        Condition::Always => true,
        Condition::IfAbsent => present.is_none(),
        Condition::IfPresent => present.is_some(),
        Condition::IfVersion(version) => present == Some(version),
    }
}

/// The number after the one that is written in decimal digits.
///
/// # Errors
///
/// [`StoreErrorKind::NotAnInteger`] if the bytes are no such number, or the largest one.
pub(crate) fn raised(bytes: &[u8], store: &str) -> Result<u64, StoreError> {
    let error = |message: &str| StoreError::new(StoreErrorKind::NotAnInteger, format!("{store}: {message}"));
    let digits = !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit);
    let number: u64 = digits
        .then(|| std::str::from_utf8(bytes).ok()?.parse().ok())
        .flatten()
        .ok_or_else(|| error("the key to raise holds no integer from 0 to 18446744073709551615"))?;
    number.checked_add(1).ok_or_else(|| error("the number to raise is the largest one"))
}

/// A random number: nobody has drawn it before, and nobody can guess it.
///
/// # Errors
///
/// If the system has no random numbers to give.
pub(crate) fn random(drawer: &str) -> Result<u64, StoreError> {
    getrandom::u64().map_err(|error| {
        let message = format!("{drawer}: the system gives no random numbers");
        StoreError::new(StoreErrorKind::Unavailable, message).caused_by(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_are_rounded_up_and_never_overflow() {
        assert_eq!(deadline(5, None), NEVER);
        assert_eq!(deadline(5, Some(Duration::ZERO)), 5);
        assert_eq!(deadline(5, Some(Duration::from_nanos(1))), 6);
        assert_eq!(deadline(5, Some(Duration::from_micros(1001))), 7);
        assert_eq!(deadline(5, Some(Duration::MAX)), NEVER);
        assert_eq!(deadline(5, Some(Duration::from_hours(40 * 24))), 5 + 40 * 86_400_000);
        assert_eq!(deadline(5, Some(Duration::from_millis(u64::MAX))), NEVER);
    }

    #[test]
    fn what_never_expires_is_alive_at_the_end_of_time() {
        assert!(is_alive(NEVER, Millis::MAX));
        assert!(!is_alive(7, 7));
        assert!(is_alive(8, 7));
    }

    #[test]
    fn only_decimal_digits_are_raised() {
        assert_eq!(raised(b"41", "x").unwrap(), 42);
        assert_eq!(raised(b"0041", "x").unwrap(), 42);
        for wrong in
            [&b""[..], b"-1", b"+1", b" 1", b"1.0", b"\xff", b"18446744073709551615", b"99999999999999999999"]
        {
            assert_eq!(raised(wrong, "x").unwrap_err().kind(), StoreErrorKind::NotAnInteger, "{wrong:?}");
        }
    }
}
