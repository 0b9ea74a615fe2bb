//! Bytes that were cut off, changed, forged, or made to hurt: each is a miss, and its reason is told.

use super::*;

#[test]
fn what_is_cut_off_anywhere_is_corrupt() {
    for envelope in envelopes() {
        let stored = sealed(&envelope);
        for len in 0..stored.len() {
            assert_eq!(reason(&envelope, &stored[..len]), Unreadable::Corrupt, "{len}");
            assert!(envelope.others(&stored[..len], 0, NOW).is_empty());
        }
        assert_eq!(reason(&envelope, &[&stored[..], b"x"].concat()), Unreadable::Corrupt);
    }
}

#[test]
fn what_is_changed_anywhere_is_never_returned() {
    for envelope in envelopes() {
        let stored = sealed(&envelope);
        for at in 0..stored.len() {
            for bit in 0..8 {
                let mut changed = stored.to_vec();
                changed[at] ^= 1 << bit;
                let expected = match at {
                    0..4 => Unreadable::Foreign,
                    4 => Unreadable::OtherFormat(changed[4]),
                    6..14 => Unreadable::OtherVersion,
                    _ => Unreadable::Corrupt,
                };
                assert_eq!(reason(&envelope, &changed), expected, "byte {at}, bit {bit}");
                assert!(envelope.others(&changed, 0, NOW).is_empty());
            }
        }
    }
}

#[test]
fn forged_bytes_never_panic_and_never_pass_a_signature() {
    for envelope in envelopes() {
        let stored = sealed(&envelope);
        for at in 0..stored.len() - 22 {
            for value in [0, 1, 2, 3, 0x7f, 0x80, 0xff] {
                let changed = forged(&stored, |content| content[at] = value);
                let opened = envelope.open(&changed, KEY, SCHEMA, NOW);
                let is_same = changed == stored;
                if envelope.keys.is_some() && !is_same {
                    assert_eq!(opened.map(|_| ()), Err(Unreadable::Signature));
                } else if let Ok(opened) = opened {
                    let _ = (opened.tags().count(), opened.fresh_until(), opened.serve_until());
                    let _ = envelope.value::<String>(&opened);
                }
                let _ = envelope.others(&changed, 0, NOW);
            }
            let shorter = forged(&stored, |content| content.truncate(at));
            // It may be opened where only its body is shorter, which is then seen by its length.
            let body = envelope.open(&shorter, KEY, SCHEMA, NOW).and_then(|opened| opened.body().map(|_| ()));
            assert!(body.is_err());
        }
    }
}

#[test]
fn what_is_not_ours_is_foreign() {
    for stored in [&b"{\"a\":1}"[..], b"\0", &[0xff; 100], b"\x9cccx123"] {
        assert_eq!(reason(&plain(), stored), Unreadable::Foreign);
    }
    assert_eq!(reason(&plain(), b""), Unreadable::Corrupt);
}

#[test]
fn a_value_is_not_returned_under_another_key() {
    for envelope in envelopes() {
        let stored = sealed(&envelope);
        for key in [&b"shop/v/cats/[2]"[..], b"shop/v/cats/[1]x", b"shop/v/cats/[1", b""] {
            assert_eq!(envelope.open(&stored, key, SCHEMA, NOW).unwrap_err(), Unreadable::OtherKey);
        }
        // To write the other key into it takes a key to sign with.
        if envelope.keys.is_some() {
            let at = stored.windows(KEY.len()).position(|window| window == KEY).unwrap() - 18;
            let replayed = forged(&stored, |content| content[at + KEY.len() - 2] = b'2');
            let opened = envelope.open(&replayed, b"shop/v/cats/[2]", SCHEMA, NOW);
            assert_eq!(opened.unwrap_err(), Unreadable::Signature);
        }
    }
}

#[test]
fn only_known_keys_sign() {
    let (a, b, both) = (signed(&[A]), signed(&[B]), signed(&[B, A]));
    let by_a = sealed(&a);
    assert!(both.open(&by_a, KEY, SCHEMA, NOW).is_ok(), "an older key verifies");
    assert_eq!(reason(&b, &by_a), Unreadable::Signature);
    assert_eq!(reason(&a, &sealed(&both)), Unreadable::Signature);
}

#[test]
fn whether_a_value_must_be_signed_is_not_for_the_value_to_say() {
    let (keyed, plain_stored) = (signed(&[A]), sealed(&plain()));
    assert_eq!(reason(&keyed, &plain_stored), Unreadable::Signature);
    let keyed_stored = sealed(&keyed);
    assert_eq!(reason(&plain(), &keyed_stored), Unreadable::Signature);
    // Nor does it help to take the signature away, or to say that there is none.
    let stripped = forged(&keyed_stored, |content| {
        content[0] = 0;
        content.truncate(content.len() - 32);
    });
    assert!(plain().open(&stripped, KEY, SCHEMA, NOW).is_ok());
    assert_eq!(reason(&keyed, &stripped), Unreadable::Signature);
    let claimed = forged(&plain_stored, |content| content[0] = 1);
    assert_eq!(reason(&keyed, &claimed), Unreadable::Signature);
    let unknown = forged(&plain_stored, |content| content[0] = 2);
    assert_eq!(reason(&plain(), &unknown), Unreadable::Corrupt);
}

#[test]
fn a_signature_covers_the_schema() {
    let keyed = signed(&[A]);
    let mut stored = sealed(&keyed).to_vec();
    stored[13] ^= 1;
    let other = forged(&stored, |_| {});
    assert_eq!(keyed.open(&other, KEY, SCHEMA ^ 1, NOW).unwrap_err(), Unreadable::Signature);
}

#[test]
fn what_is_too_large_takes_no_memory() {
    let limited = Envelope { max_value: 1000, ..plain() };
    let error = limited.seal(KEY, SCHEMA, &part(&[0; 1001]), &[]).unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Refused);
    assert!(error.to_string().contains("1001 bytes"), "{error}");
    assert!(limited.seal(KEY, SCHEMA, &part(&[0; 1000]), &[]).is_ok());
    // Bombs: a megabyte of zeros in a few bytes.
    for envelope in envelopes() {
        let stored = envelope.seal(KEY, SCHEMA, &part(&vec![0; 1 << 20]), &[]).unwrap();
        let limited = Envelope { max_value: 1000, ..envelope };
        assert_eq!(reason(&limited, &stored), Unreadable::TooLarge(1 << 20));
    }
    // And those that lie about it.
    for envelope in envelopes().into_iter().filter(|envelope| envelope.keys.is_none()).skip(1) {
        let stored = envelope.seal(KEY, SCHEMA, &part(&vec![0; 1 << 20]), &[]).unwrap();
        let at = stored.windows(KEY.len()).position(|window| window == KEY).unwrap() - 18 + KEY.len();
        for len in [0_u32, 1, 999, 1 << 26] {
            let lies = forged(&stored, |content| content[at..at + 4].copy_from_slice(&len.to_be_bytes()));
            let opened = envelope.open(&lies, KEY, SCHEMA, NOW).unwrap();
            assert_eq!(opened.body().unwrap_err(), Unreadable::Corrupt);
        }
        let lies = forged(&stored, |content| content[at..at + 4].copy_from_slice(&u32::MAX.to_be_bytes()));
        assert_eq!(reason(&envelope, &lies), Unreadable::TooLarge(u32::MAX as usize));
    }
}

#[test]
fn an_unknown_compression_is_corrupt_and_a_missing_one_is_named() {
    let stored = sealed(&plain());
    let unknown = forged(&stored, |content| content[1] = 9);
    assert_eq!(reason(&plain(), &unknown), Unreadable::Corrupt);
    let zstd = forged(&stored, |content| content[1] = 2);
    if cfg!(feature = "zstd") {
        let opened = plain().open(&zstd, KEY, SCHEMA, NOW).unwrap();
        assert_eq!(opened.body().unwrap_err(), Unreadable::Corrupt);
    } else {
        assert_eq!(reason(&plain(), &zstd), Unreadable::MissingFeature("zstd"));
    }
}
