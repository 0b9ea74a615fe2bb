//! Versions of a program share a container.

use super::*;

#[test]
fn versions_live_beside_each_other() {
    let envelope = plain();
    let first = envelope.seal(KEY, 1, &part(b"1"), &[]).unwrap();
    assert_eq!(envelope.open(&first, KEY, 2, NOW).unwrap_err(), Unreadable::OtherVersion);
    let second = envelope.seal(KEY, 2, &part(b"2"), &envelope.others(&first, 2, NOW)).unwrap();
    let again = envelope.seal(KEY, 1, &part(b"3"), &envelope.others(&second, 1, NOW)).unwrap();
    let value =
        |stored: &[u8], schema| envelope.value::<u8>(&envelope.open(stored, KEY, schema, NOW).unwrap());
    assert_eq!((value(&second, 1), value(&second, 2)), (Ok(1), Ok(2)));
    assert_eq!((value(&again, 1), value(&again, 2)), (Ok(3), Ok(2)));
    // A part that the writer has read of its own schema is not there twice.
    let twice = envelope.seal(KEY, 1, &part(b"4"), &envelope.others(&again, 9, NOW)).unwrap();
    assert_eq!((value(&twice, 1), envelope.others(&twice, 9, NOW).len()), (Ok(4), 2));
}

#[test]
fn parts_that_have_expired_or_are_damaged_are_not_taken_over() {
    let envelope = plain();
    let first = envelope.seal(KEY, 1, &part(b"1"), &[]).unwrap();
    assert!(envelope.others(&first, 2, NOW + 90_000).is_empty());
    assert!(envelope.others(&first, 2, NOW - 10_000).is_empty(), "from the future");
    let limited = Envelope { max_value: 0, ..plain() };
    assert!(limited.others(&first, 2, NOW).is_empty(), "too large");
    let mut both = envelope.seal(KEY, 2, &part(b"2"), &envelope.others(&first, 2, NOW)).unwrap().to_vec();
    *both.last_mut().unwrap() ^= 1;
    assert!(envelope.others(&both, 2, NOW).is_empty());
    assert_eq!(envelope.open(&both, KEY, 1, NOW).unwrap_err(), Unreadable::Corrupt);
    assert!(envelope.open(&both, KEY, 2, NOW).is_ok(), "the damage of one part is not that of others");
}

#[test]
fn the_number_of_parts_is_bounded_and_the_oldest_go() {
    let envelope = plain();
    let mut stored = Envelope::placeholder();
    for schema in 0..20 {
        let part = Part { created: NOW + schema, ..part(b"1") };
        stored = envelope.seal(KEY, schema, &part, &envelope.others(&stored, schema, NOW)).unwrap();
    }
    let is_there: Vec<_> =
        (0..20).filter(|schema| envelope.open(&stored, KEY, *schema, NOW).is_ok()).collect();
    assert_eq!(is_there, (12..20).collect::<Vec<_>>());
}
