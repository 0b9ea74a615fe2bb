//! From the writer to code: what is named before the body runs, the body, and what is named after it.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::parse::Parser as _;
use syn::spanned::Spanned as _;
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Type, parse_quote};

use super::{Access, Arg, Item, Named, Writer, value};
use crate::expand::{allow_bound_again, form, reach};
use crate::fragments;
use crate::function::AsyncForm;
use crate::model::{at, local, mixed, this, without_self};
use crate::template::{Hole, Template};

pub(super) fn expand(writer: &Writer) -> TokenStream {
    let (mixed, krate) = (mixed(), &writer.krate);
    let (attrs, vis, sig) = (&writer.function.attrs, &writer.function.vis, &writer.function.sig);
    let (inner, body) = body(&writer.function.body);
    // Errors and lints about the body as a whole are shown where it was.
    let within = |tokens: TokenStream| {
        let mut block = Group::new(Delimiter::Brace, tokens);
        block.set_span(writer.function.body.span());
        block
    };
    let before = before(writer);
    let (kept, settle) = after(writer);
    let output = without_impl(&writer.output);
    let call = if let Some(AsyncForm::Fn) = writer.asyncness.map(|asyncness| asyncness.form) {
        // An `async` block does not say what it is to return.
        let fixed = quote_spanned! {mixed=>
            if let ::core::option::Option::Some(__no) = #krate::__private::no::<#output>() {
                return __no;
            }
        };
        let fixed = at(writer.output.span(), fixed);
        let body = within(quote!(#fixed #body));
        quote_spanned!(mixed=> #krate::__private::writing(__writes, async move #body, #settle).await)
    } else {
        let returns: Type = match &sig.output {
            syn::ReturnType::Default => parse_quote!(()),
            syn::ReturnType::Type(_, ty) => without_impl(ty),
        };
        let body = within(body);
        let body = quote_spanned!(mixed=> #krate::__private::begin(move || -> #returns #body));
        match writer.asyncness.map(|asyncness| asyncness.form) {
            None => quote_spanned!(mixed=> #krate::__private::wrote(__writes, #body, #settle)),
            Some(AsyncForm::Boxed) => {
                quote_spanned!(mixed=> ::std::boxed::Box::pin(#krate::__private::writing(__writes, #body, #settle)))
            }
            Some(_) => quote_spanned!(mixed=> #krate::__private::writing(__writes, #body, #settle)),
        }
    };
    let edition = crate::expand::edition(krate, sig.ident.span());
    let body = within(quote!(#(#inner)* #edition #before #kept #call));
    // The call has another span than the block in which it is.
    quote!(#(#attrs)* #[allow(clippy::implicit_return)] #vis #sig #body)
}

/// What is named before the body runs, which may consume the arguments.
fn before(writer: &Writer) -> TokenStream {
    let (mixed, krate) = (mixed(), &writer.krate);
    let new = match &writer.into {
        None => quote_spanned!(mixed=> #krate::__private::Writes::new()),
        Some(pending) => {
            let into = at(pending.span(), quote_spanned!(mixed=> #krate::__private::Writes::into));
            quote_spanned!(pending.span()=> #into(&(#pending)))
        }
    };
    let items = || writer.items.iter().filter(|item| !item.of_value);
    if items().next().is_none() {
        return quote_spanned!(mixed=> let __writes = #new;);
    }
    let is_seen = |arg: &&Arg| items().any(|item| writer.seen_by(item).any(|seen| seen.name == arg.name));
    let seen = writer.args.iter().filter(|arg| arg.name != "self").filter(is_seen).filter_map(|arg| {
        let name = &arg.name;
        match arg.access {
            Access::Owned => Some(quote!(let #name = #krate::__see!(#name);)),
            Access::Exclusive => Some(quote!(let #name = &*#name;)),
            Access::Shared => None,
        }
    });
    let named = items().map(|item| match &item.named {
        Named::Tags(tags) => add(item, "tags", tags),
        Named::Others(others) => add(item, "add", others),
        Named::Tag(template) => {
            let holes = template.holes().map(|hole| reach(krate, hole, &root(hole, writer)));
            let text = text(template, holes, |hole| &hole.spec);
            add(item, "tags", &quote!(::core::option::Option::Some(#text)))
        }
        Named::Pattern(template) => {
            let holes = template.holes().map(|hole| shown(hole, &root(hole, writer), writer));
            matching(item, &text(template, holes, |_| ""))
        }
    });
    let allow = allow();
    quote_spanned! {mixed=>
        let mut __writes = #new;
        #allow {
            let __writes = &mut __writes;
            #(#seen)*
            #(#named)*
        }
    }
}

/// What is named after success, since it is made of the value: what it needs of the arguments, which is
/// kept before the body runs, and the closure that names it.
fn after(writer: &Writer) -> (TokenStream, TokenStream) {
    let (mixed, krate) = (mixed(), &writer.krate);
    let settled = |capture: Option<TokenStream>, name: TokenStream| {
        quote_spanned! {mixed=>
            #capture |__writes, __output| __writes.settle(#krate::__success!(__output), __output, #name)
        }
    };
    let items: Vec<&Item> = writer.items.iter().filter(|item| item.of_value).collect();
    if items.is_empty() {
        return (TokenStream::new(), settled(None, quote!(|_, _| ())));
    }
    let is_consumed = |arg: &&Arg| {
        arg.access == Access::Owned
            && items.iter().any(|item| writer.seen_by(item).any(|seen| seen.name == arg.name))
    };
    let copies = writer.args.iter().filter(is_consumed).map(|arg| {
        let (name, copy) = (&arg.name, copy_of(&arg.name));
        let clone = at(name.span(), quote_spanned!(mixed=> ::core::clone::Clone::clone));
        quote_spanned!(mixed=> let #copy = #krate::__private::keep(|| #clone(&#name));)
    });
    let mut kept: TokenStream = copies.collect();
    let mut named = TokenStream::new();
    for (index, item) in items.iter().enumerate() {
        let mut keep = |at: usize, code: TokenStream| {
            let name = local(&format!("text{index}_{at}"));
            kept.extend(quote_spanned!(mixed=> let #name = #code;));
            name
        };
        let value = local("value");
        let code = of_value(writer, item, &value, &mut keep);
        // Only an expression sees it by the name that the user has written.
        let seen = matches!(item.named, Named::Tags(_) | Named::Others(_)).then(|| {
            let written = self::value(item.span);
            quote_spanned!(mixed=> let #written = #value;)
        });
        let allow = allow();
        named.extend(quote_spanned!(mixed=> #allow { #seen #code }));
    }
    (kept, settled(Some(quote!(move)), quote_spanned!(mixed=> |__writes, __value| { #named })))
}

/// Names an item that is made of the value. `keep` lets it have a text that is made before the body runs.
fn of_value(
    writer: &Writer,
    item: &Item,
    value: &Ident,
    keep: &mut impl FnMut(usize, TokenStream) -> Ident,
) -> TokenStream {
    let krate = &writer.krate;
    match &item.named {
        Named::Tags(tags) => with_copies(writer, item, add(item, "tags", tags)),
        Named::Others(others) => with_copies(writer, item, add(item, "add", others)),
        Named::Tag(template) => {
            let holes = template.holes().enumerate().map(|(at, hole)| {
                if hole.is_of_value() {
                    return reach(krate, hole, value);
                }
                let (spec, reached) = (format!("{{{}}}", hole.spec), reach(krate, hole, &root(hole, writer)));
                let some = self::at(hole.span, quote!(::core::option::Option::Some));
                let format = self::at(hole.span, quote!(::std::format!));
                let text = keep(
                    at,
                    quote_spanned! {hole.span=>
                        #krate::__private::keep_piece(|| #some(#format(#spec, #reached)))
                    },
                );
                quote!(::core::option::Option::as_ref(&#text)?)
            });
            let text = text(template, holes, |hole| if hole.is_of_value() { &hole.spec } else { "" });
            add(item, "tags", &quote!(::core::option::Option::Some(#text)))
        }
        Named::Pattern(template) => {
            let holes = template.holes().enumerate().map(|(at, hole)| {
                if hole.is_of_value() {
                    return shown(hole, value, writer);
                }
                keep(at, shown(hole, &root(hole, writer), writer)).into_token_stream()
            });
            matching(item, &text(template, holes, |_| ""))
        }
    }
}

/// Lets an expression see copies of what the body may have consumed, if they could be made.
fn with_copies(writer: &Writer, item: &Item, code: TokenStream) -> TokenStream {
    let krate = &writer.krate;
    writer.seen_by(item).filter(|arg| arg.access == Access::Owned).fold(code, |code, arg| {
        let (copy, is_self) = (copy_of(&arg.name), arg.name == "self");
        let (name, code) = if is_self { (this(), without_self(code)) } else { (arg.name.clone(), code) };
        quote_spanned! {mixed()=>
            if let ::core::option::Option::Some(__copy) = &#copy {
                let #name = #krate::__see!(*__copy);
                #code
            }
        }
    })
}

fn copy_of(name: &Ident) -> Ident {
    local(&format!("copy_of_{}", name.unraw()))
}

/// Expressions may not use all that they can see.
fn allow() -> TokenStream {
    let bound_again = allow_bound_again();
    quote!(#[allow(unused_variables)] #bound_again)
}

fn add(item: &Item, how: &str, made: &TokenStream) -> TokenStream {
    let (writes, how) = (local("writes"), Ident::new(how, item.span));
    quote_spanned!(item.span=> #writes.#how(|| #made);)
}

fn matching(item: &Item, pattern: &TokenStream) -> TokenStream {
    let writes = local("writes");
    quote_spanned!(item.span=> #writes.matching(#pattern);)
}

/// A hole of a pattern as text, whatever its `Display` does.
fn shown(hole: &Hole, root: &Ident, writer: &Writer) -> TokenStream {
    let (krate, path) = (&writer.krate, hole.path(root));
    let spec = format!("{{{}}}", hole.spec);
    let format = at(hole.span, quote!(::std::format!));
    quote_spanned!(hole.span=> #krate::__private::hole(|| #format(#spec, #path)))
}

/// A template with its holes filled.
fn text<'t>(
    template: &'t Template,
    holes: impl Iterator<Item = TokenStream>,
    spec: impl Fn(&'t Hole) -> &'t str,
) -> TokenStream {
    let span = template.literal.span();
    if let Some(text) = template.fixed() {
        return quote_spanned!(span=> #text);
    }
    let form = form(template, spec);
    let format = at(span, quote!(::std::format!));
    quote_spanned!(span=> #format(#form, #(#holes),*))
}

/// The argument that a hole names.
fn root(hole: &Hole, writer: &Writer) -> Ident {
    let arg = writer.args.iter().find(|arg| arg.name.unraw() == hole.root);
    hole.root(arg.map(|arg| arg.name.clone()))
}

/// Attributes that a body begins with, and the rest of it.
fn body(body: &Group) -> (Vec<Attribute>, TokenStream) {
    let mut begin = body.stream().into_iter();
    if !matches!((begin.next(), begin.next()), (Some(TokenTree::Punct(hash)), Some(TokenTree::Punct(bang)))
        if hash.as_char() == '#' && bang.as_char() == '!')
    {
        return (Vec::new(), body.stream());
    }
    let body = fragments::open(body.stream());
    let parts = |input: syn::parse::ParseStream<'_>| Ok((Attribute::parse_inner(input)?, input.parse()?));
    parts.parse2(body.clone()).unwrap_or((Vec::new(), body))
}

/// The type, as far as it has a name.
fn without_impl(ty: &Type) -> Type {
    struct Infer;
    impl VisitMut for Infer {
        fn visit_type_mut(&mut self, ty: &mut Type) {
            if let Type::ImplTrait(_) = ty {
                *ty = parse_quote!(_);
            } else {
                visit_mut::visit_type_mut(self, ty);
            }
        }
    }
    let mut ty = ty.clone();
    Infer.visit_type_mut(&mut ty);
    ty
}
