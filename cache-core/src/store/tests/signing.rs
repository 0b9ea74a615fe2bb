//! The first key signs, all of them verify, and nothing else does.

use super::*;

const A: &[u8] = &[1; 32];
const B: &[u8] = &[2; 32];

fn keys(keys: &[&[u8]]) -> SigningKeys {
    SigningKeys::new(keys).unwrap()
}

#[test]
fn keys_can_be_rotated() {
    let (old, both, new) = (keys(&[A]), keys(&[B, A]), keys(&[B]));
    let by_old = old.sign(&[b"value"]);
    let by_both = both.sign(&[b"value"]);
    assert!(both.verify(&[b"value"], &by_old));
    assert!(new.verify(&[b"value"], &by_both), "the first key signs");
    assert!(!old.verify(&[b"value"], &by_both) && !new.verify(&[b"value"], &by_old));
}

#[test]
fn a_signature_is_of_all_bytes_and_is_whole() {
    let keys = keys(&[A]);
    let signature = keys.sign(&[b"some ", b"value"]);
    assert!(keys.verify(&[b"some value"], &signature));
    assert!(!keys.verify(&[b"some valve"], &signature));
    for len in 0..SIGNATURE {
        assert!(!keys.verify(&[b"some value"], &signature[..len]));
    }
}

#[test]
fn it_is_hmac_sha_256() {
    // The first case of RFC 4231, whose key is shorter than ours may be, is the same with zeros behind the key.
    let mut key = [0; 32];
    key[..20].fill(0x0b);
    let expected = [
        0xb0, 0x34, 0x4c, 0x61, 0xd8, 0xdb, 0x38, 0x53, 0x5c, 0xa8, 0xaf, 0xce, 0xaf, 0x0b, 0xf1, 0x2b, 0x88,
        0x1d, 0xc2, 0x00, 0xc9, 0x83, 0x3d, 0xa7, 0x26, 0xe9, 0x37, 0x6c, 0x2e, 0x32, 0xcf, 0xf7,
    ];
    assert_eq!(keys(&[&key]).sign(&[b"Hi There"]), expected);
}

#[test]
fn short_keys_are_refused() {
    let error = SigningKeys::new([A, &[7; 31]]).unwrap_err();
    assert_eq!(error, SigningKeyError::TooShort { position: 1, len: 31 });
    assert_eq!(error.to_string(), "signing key 2 has 31 bytes; it needs at least 32");
    assert_eq!(SigningKeys::new([[0_u8; 0]; 0]).unwrap_err(), SigningKeyError::NoKey);
}

#[test]
fn keys_are_not_shown() {
    assert_eq!(format!("{:?}", keys(&[b"a secret that must not be shown!"])), "SigningKeys(1)");
}
