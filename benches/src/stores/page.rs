//! The values that are kept, and what puts them into bytes without a cache.

use std::error::Error;

use cache_core::store::Codec;
use serde_derive::{Deserialize, Serialize};

use crate::Outcome;
use crate::workload::{SEED, mix};

/// How many bytes the values have, roughly, and how that is called.
pub(crate) const SIZES: [(usize, &str); 3] = [(100, "100 B"), (1 << 10, "1 KiB"), (100 << 10, "100 KiB")];
/// The size that is measured where one is enough.
pub(crate) const KIB: usize = SIZES[1].0;

/// Bytes of a page besides its body, roughly.
const HEAD: usize = 40;
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .";

/// A value as programs keep them: some fields, and a text, which no compression makes shorter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Page {
    pub(crate) id: u64,
    views: u32,
    title: String,
    body: String,
}

impl Page {
    pub(crate) fn new(id: usize, size: usize) -> Self {
        let id = id as u64;
        let letter = |at: usize| {
            let drawn = mix(SEED ^ mix(id) ^ at as u64) >> 58;
            char::from(LETTERS[usize::try_from(drawn).unwrap_or_default()])
        };
        let body = (0..size.saturating_sub(HEAD)).map(letter).collect();
        Self { id, views: 12_345, title: format!("Page {id}"), body }
    }

    /// # Errors
    /// It is another page.
    pub(crate) fn expect(&self, id: usize) -> Outcome {
        if self.id == id as u64 { Ok(()) } else { Err(format!("page {} came for page {id}", self.id).into()) }
    }
}

/// # Errors
/// There is no page, or another one.
pub(crate) fn expect(page: Option<&Page>, id: usize) -> Outcome {
    page.ok_or_else(|| format!("page {id} is gone"))?.expect(id)
}

/// How many pages of a size are kept: they fit into what a store on disk keeps in memory.
pub(crate) fn count(size: usize) -> usize {
    if size > 10_000 { 100 } else { 1000 }
}

/// The keys of so many pages.
pub(crate) fn keys(count: usize) -> Vec<String> {
    (0..count).map(|id| format!("page:{id}")).collect()
}

/// Which page is asked for by the call of this number.
pub(crate) fn drawn(call: usize, count: usize) -> usize {
    // The remainder is less than the count.
    usize::try_from(mix(call as u64) % count as u64).unwrap_or_default()
}

#[derive(Clone, Copy)]
pub(crate) enum Coded {
    Json,
    MessagePack,
    Postcard,
}

impl Coded {
    pub(crate) const ALL: [Self; 3] = [Self::Json, Self::MessagePack, Self::Postcard];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Json => "JSON",
            Self::MessagePack => "MessagePack",
            Self::Postcard => "postcard",
        }
    }

    pub(crate) fn codec(self) -> Codec {
        match self {
            Self::Json => Codec::json(),
            Self::MessagePack => Codec::message_pack(),
            Self::Postcard => Codec::postcard(),
        }
    }

    pub(crate) fn encode(self, page: &Page) -> Result<Vec<u8>, Box<dyn Error>> {
        Ok(match self {
            Self::Json => serde_json::to_vec(page)?,
            Self::MessagePack => rmp_serde::to_vec_named(page)?,
            Self::Postcard => postcard::to_stdvec(page)?,
        })
    }

    pub(crate) fn decode(self, bytes: &[u8]) -> Result<Page, Box<dyn Error>> {
        Ok(match self {
            Self::Json => serde_json::from_slice(bytes)?,
            Self::MessagePack => rmp_serde::from_slice(bytes)?,
            Self::Postcard => postcard::from_bytes(bytes)?,
        })
    }
}
