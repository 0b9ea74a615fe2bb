//! What is emitted when an attribute is wrong: the errors, and the item as it was written, so that its
//! callers are not reported as well.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote};

use crate::blocks;

pub(crate) fn emit(item: TokenStream, error: &syn::Error) -> TokenStream {
    let error = error.to_compile_error();
    // Attributes inside a block would report what was reported already.
    let item = blocks::Block::read(&item).map_or(item, |block| block.plain().into_token_stream());
    quote!(#error #item)
}
