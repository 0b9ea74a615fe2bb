//! Configurations of caches from anywhere: aliases, or an error; never a panic. The error is one line, and shows no
//! key. Nothing is opened.

#![no_main]

use std::error::Error;

use cache_core::store::caches;
use cache_core::testing::Scope;
use libfuzzer_sys::fuzz_target;

/// The digits of a key.
const KEY: &str = "5ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e7";

fuzz_target!(|text: &str| {
    let scope = Scope::new();
    let _inside = scope.enter();
    // An input may have the key, as a key and as nothing else.
    let text = text.replace("\"KEYS\"", &format!("\"signing_keys\":[\"hex:{KEY}\"]"));
    match caches().configure(&text) {
        Ok(()) => assert!(caches().aliases().iter().all(|alias| !alias.is_empty())),
        Err(error) => {
            let shown = format!("{error} {error:?}");
            assert!(
                !error.to_string().is_empty() && !shown.contains('\n') && !shown.contains(KEY),
                "{shown:?}"
            );
            assert!(error.source().is_none_or(|source| !source.to_string().is_empty()));
            assert_eq!(caches().aliases(), [""; 0]);
        }
    }
});
