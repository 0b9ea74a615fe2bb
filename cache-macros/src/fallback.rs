//! What is emitted when an attribute is wrong: the errors, and the function as it was written, so
//! that its callers are not reported as well.

use proc_macro2::TokenStream;
use quote::quote;

pub(crate) fn emit(item: &TokenStream, error: &syn::Error) -> TokenStream {
    let error = error.to_compile_error();
    quote!(#error #item)
}
