//! What is emitted when an attribute is wrong: the errors, and the item as it was written, so that its
//! callers are not reported as well.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens as _, quote};

use crate::blocks;

pub(crate) fn emit(item: TokenStream, error: &syn::Error) -> TokenStream {
    let error = error.to_compile_error();
    // Attributes inside a block would report what was reported already.
    let item = blocks::Block::read(&item).map_or(item, |block| block.plain().into_token_stream());
    quote!(#error #item)
}

/// Whether the attribute is written `#[memoize = ..]`.
pub(crate) fn is_key_value() -> bool {
    let text = Span::call_site().source_text().unwrap_or_default();
    text.split_once('=').is_some_and(|(path, _)| path.trim_end().ends_with("memoize"))
}
