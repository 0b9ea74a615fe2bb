//! Arguments as JSON from anywhere: a key, or an error; never a panic.

#![no_main]

use cache_core::{memoize, registry};
use libfuzzer_sys::fuzz_target;

#[memoize(name = "subject")]
fn subject(name: &str, counts: &[u32], nested: Option<(i8, f64)>, flag: bool) -> usize {
    name.len() + counts.len() + usize::from(nested.is_some()) + usize::from(flag)
}

fuzz_target!(|text: &str| {
    let _ = subject("tom", &[1], None, true);
    if let Ok(arguments) = serde_json::from_str::<serde_json::Value>(text) {
        match registry().key("subject", &arguments) {
            Ok(key) => {
                let _ = (key.to_string(), key.invalidate());
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
});
