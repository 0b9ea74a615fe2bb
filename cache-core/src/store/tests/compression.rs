//! Values become shorter and come back whole; hostile ones take no memory.

use super::*;

fn text(len: usize) -> Vec<u8> {
    b"All work and no play makes Jack a dull boy. ".iter().copied().cycle().take(len).collect()
}

fn all() -> Vec<(u8, Compression)> {
    vec![
        (LZ4, Compression::lz4()),
        #[cfg(feature = "zstd")]
        (ZSTD, Compression::zstd(3)),
        #[cfg(feature = "zstd")]
        (ZSTD, Compression::zstd(22)),
        #[cfg(feature = "zstd")]
        (ZSTD, Compression::zstd(1)),
    ]
}

#[test]
fn what_is_compressed_comes_back() {
    for (number, compression) in all() {
        for len in [0, 1, 12, 100, 5000, 1 << 20] {
            let bytes = text(len);
            let (algorithm, stored) = compression.with_threshold(0).compress(&bytes);
            assert_eq!(algorithm, if len < 100 { NONE } else { number }, "{len} {compression:?}");
            assert!(len < 100 || stored.len() < len);
            assert_eq!(decompress(algorithm, &stored, len).unwrap(), bytes);
        }
    }
}

#[test]
fn what_is_short_or_does_not_become_shorter_is_kept_as_it_is() {
    let short = text(Compression::THRESHOLD - 1);
    let mut random = vec![0; 1 << 16];
    fastrand::Rng::with_seed(1).fill(&mut random);
    for (_, compression) in all() {
        assert!(matches!(compression.compress(&short), (NONE, Cow::Borrowed(_))));
        assert!(matches!(compression.compress(&random), (NONE, Cow::Borrowed(_))));
        assert_ne!(compression.compress(&text(Compression::THRESHOLD)).0, NONE);
    }
    assert!(matches!(Compression::none().compress(&text(1 << 16)), (NONE, Cow::Borrowed(_))));
}

#[test]
fn a_length_that_is_wrong_is_corrupt() {
    let bytes = text(5000);
    for (_, compression) in all() {
        let (algorithm, stored) = compression.compress(&bytes);
        for len in [0, 1, 4999, 5001, 60_000] {
            assert_eq!(
                decompress(algorithm, &stored, len),
                Err(Unreadable::Corrupt),
                "{compression:?} {len}"
            );
        }
    }
    assert_eq!(decompress(NONE, &bytes, 4999), Err(Unreadable::Corrupt));
}

#[test]
fn few_bytes_that_claim_to_be_many_are_corrupt() {
    // This would be more than there is memory in any machine.
    assert_eq!(decompress(LZ4, &[0; 100], usize::MAX), Err(Unreadable::Corrupt));
}

#[test]
fn damaged_bytes_are_an_error_or_other_bytes_of_the_same_length() {
    let bytes = text(3000);
    for (_, compression) in all() {
        let (algorithm, stored) = compression.compress(&bytes);
        for at in 0..stored.len() {
            let mut damaged = stored.to_vec();
            damaged[at] ^= 0x55;
            if let Ok(read) = decompress(algorithm, &damaged, bytes.len()) {
                assert_eq!(read.len(), bytes.len());
            }
            assert!(decompress(algorithm, &stored[..at], bytes.len()).is_err());
        }
    }
}

#[test]
fn an_algorithm_that_nobody_knows_is_corrupt() {
    assert_eq!(check(3), Err(Unreadable::Corrupt));
    assert_eq!(decompress(255, b"a", 1), Err(Unreadable::Corrupt));
}

#[cfg(not(feature = "zstd"))]
#[test]
fn zstd_needs_its_feature() {
    assert_eq!(check(ZSTD), Err(Unreadable::MissingFeature("zstd")));
    let error = Compression::named("zstd").unwrap_err().to_string();
    assert!(error.contains("features = [\"zstd\"]"), "{error}");
}

#[test]
fn a_configuration_names_them() {
    assert_eq!(Compression::named("none").unwrap(), Compression::none());
    assert_eq!(Compression::named("lz4").unwrap(), Compression::default());
    #[cfg(feature = "zstd")]
    assert_eq!(Compression::named("zstd").unwrap(), Compression::zstd(3));
    #[cfg(feature = "zstd")]
    assert_eq!(Compression::zstd(1000), Compression::zstd(22));
    assert!(Compression::named("gzip").unwrap_err().to_string().contains("`lz4`"));
}
