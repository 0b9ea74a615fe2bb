//! Keys that are declared as structs: what is declared once, and shared by the functions that use it.

mod computing;
mod declared;
mod kinds;

use std::borrow::Cow;
use std::sync::Mutex;
use std::thread;

use cache_core::testing::Scope;
use cache_core::{CacheKey, Cause, KeyRef, LookupErrorKind, Peek, Ttl, memoize, registry, tag};
use futures::executor::block_on;
use serde_json::json;
use tests::{ByHand, Count, Gate, Latch, no_hang, secs, wait_until};

#[derive(Clone, Debug, PartialEq)]
struct Cat {
    name: String,
    owner_id: u64,
}

fn cat(name: &str, owner_id: u64) -> Cat {
    Cat { name: name.to_owned(), owner_id }
}
