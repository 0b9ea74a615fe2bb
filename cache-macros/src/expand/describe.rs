//! What an entry answers to: tags, ttl and conditions that are known only when it is computed.
//!
//! What needs arguments alone is made before the body runs, which may consume them; what needs the
//! value, after it.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Type;
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;

use crate::duration::Length;
use crate::model::{Model, at, mentions, mixed, this, without_self};
use crate::options::Ttl;
use crate::template::{Hole, Piece, Template};

/// Code for before and after the body.
pub(super) struct Describe {
    pub(super) before: TokenStream,
    /// The closure that describes a value, or the function that has nothing to say.
    pub(super) after: TokenStream,
}

pub(super) fn describe(model: &Model) -> Describe {
    let Model { krate, options, .. } = model;
    let mixed = mixed();
    let value = Ident::new("value", mixed);
    let draft = Ident::new("draft", mixed);
    let mut before = TokenStream::new();
    // With any outcome, then with a value only.
    let (mut always, mut valued) = (TokenStream::new(), TokenStream::new());

    let templates = options.tags.iter().flat_map(|given| &given.value).filter(|tag| tag.fixed().is_none());
    for (index, template) in templates.enumerate() {
        let tag = tag(model, template, index, &value, &mut before);
        let code = quote_spanned!(mixed=> #draft.rendered(#tag););
        let of_value = template.holes().any(|hole| hole.root == "value");
        if of_value { valued.extend(code) } else { always.extend(code) }
    }
    match options.ttl.as_ref().map(|given| &given.value) {
        Some(Ttl::Length(length @ Length::Expr(expr))) => {
            let (ttl, into_ttl) = (
                without_self(length.tokens()),
                at(expr.span(), quote!(#krate::__private::IntoTtl::into_ttl)),
            );
            valued.extend(quote_spanned!(expr.span()=> #draft.ttl(#into_ttl(#ttl));));
        }
        Some(Ttl::Closure(closure)) => {
            let into_ttl = at(closure.span(), quote!(#krate::__private::IntoTtl::into_ttl));
            let ask = at(closure.span(), quote!(#krate::__private::ask));
            let span = closure.span();
            let closure = without_self(closure.to_token_stream());
            valued.extend(quote_spanned!(span=> #draft.ttl(#into_ttl(#ask(#closure, #value)));));
        }
        _ => {}
    }
    if let Some(given) = &options.none_ttl {
        let ttl = given.value.tokens();
        let is_none = at(given.span, quote!(#krate::__private::IsOption::is_none));
        valued.extend(quote_spanned! {given.span=>
            if #is_none(#value) {
                #draft.ttl(#ttl);
            }
        });
    }
    if let Some(given) = &options.cache_if {
        let (condition, span) = (without_self(given.value.to_token_stream()), given.value.span());
        let (ask, store_if) = (at(span, quote!(#krate::__private::ask)), at(span, quote!(.store_if)));
        valued.extend(quote_spanned!(span=> #draft #store_if(#ask(#condition, #value));));
    }
    let on_error = options.err_ttl.as_ref().map(|given| {
        let ttl = given.value.tokens();
        quote_spanned!(given.span=> #draft.ttl(#ttl);)
    });
    if always.is_empty() && valued.is_empty() && on_error.is_none() {
        return Describe { before, after: quote_spanned!(mixed=> #krate::__private::plain) };
    }
    let shadows = shadows(model, &mut before);
    let valued = if valued.is_empty() && on_error.is_none() {
        quote_spanned!(mixed=> let _ = #value;)
    } else {
        quote_spanned! {mixed=>
            match #value {
                ::core::option::Option::Some(#value) => { #valued let _ = #value; }
                ::core::option::Option::None => { #on_error }
            }
        }
    };
    let after = quote_spanned! {mixed=>
        move |#value: ::core::option::Option<&_>, #draft: &mut #krate::__private::Draft| {
            #shadows
            #always
            #valued
        }
    };
    Describe { before, after }
}

/// A tag from a template: a local made before the body, or an expression for after it.
fn tag(
    model: &Model,
    template: &Template,
    index: usize,
    value: &Ident,
    before: &mut TokenStream,
) -> TokenStream {
    let (mixed, krate) = (mixed(), &model.krate);
    let render = at(template.literal.span(), quote!(#krate::__private::render));
    if template.holes().all(|hole| hole.root != "value") {
        let tag = Ident::new(&format!("tag{index}"), mixed);
        let holes = template.holes().map(|hole| of_argument(model, hole));
        let form = form(template, |hole| hole.spec.clone());
        before.extend(quote_spanned! {template.literal.span()=>
            let #tag = #render(|| ::std::format!(#form, #(#holes),*));
        });
        return quote_spanned!(mixed=> ::core::clone::Clone::clone(&#tag));
    }
    let (mut holes, mut rendered) = (Vec::new(), Vec::new());
    for (at, hole) in template.holes().enumerate() {
        if hole.root == "value" {
            holes.push(hole.path(value));
            continue;
        }
        let name = Ident::new(&format!("tag{index}_{at}"), mixed);
        let (form, path) = (format!("{{{}}}", hole.spec), of_argument(model, hole));
        before.extend(quote_spanned!(hole.span=> let #name = #render(|| ::std::format!(#form, #path));));
        rendered.push(name.clone());
        holes.push(name.into_token_stream());
    }
    let form = form(template, |hole| if hole.root == "value" { hole.spec.clone() } else { String::new() });
    if rendered.is_empty() {
        return quote_spanned!(template.literal.span()=> #render(|| ::std::format!(#form, #(#holes),*)));
    }
    quote_spanned! {template.literal.span()=>
        match (#(&#rendered,)*) {
            (#(::core::option::Option::Some(#rendered),)*) => #render(|| ::std::format!(#form, #(#holes),*)),
            #[allow(unreachable_patterns)]
            _ => ::core::option::Option::None,
        }
    }
}

/// The path of a hole whose root is an argument.
pub(super) fn of_argument(model: &Model, hole: &Hole) -> TokenStream {
    let bound = model.arg(&hole.root).and_then(|arg| arg.binds.iter().find(|name| name.unraw() == hole.root));
    let root = match bound {
        Some(name) if name == "self" => {
            let mut this = this();
            this.set_span(hole.span.resolved_at(this.span()));
            this
        }
        Some(name) => {
            let mut root = name.clone();
            root.set_span(hole.span.resolved_at(name.span()));
            root
        }
        None => Ident::new(&hole.root, hole.span),
    };
    hole.path(&root)
}

/// The `format!` string with a positional hole for each.
pub(crate) fn form(template: &Template, spec: impl Fn(&Hole) -> String) -> String {
    template
        .pieces
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => text.replace('{', "{{").replace('}', "}}"),
            Piece::Hole(hole) => format!("{{{}}}", spec(hole)),
        })
        .collect()
}

/// Arguments that `ttl` or `cache_if` mention and the body may consume: copies of them, under the
/// same names.
fn shadows(model: &Model, before: &mut TokenStream) -> TokenStream {
    let mixed = mixed();
    let mut asked = TokenStream::new();
    if let Some(given) = &model.options.ttl {
        match &given.value {
            Ttl::Closure(expr) | Ttl::Length(Length::Expr(expr)) => expr.to_tokens(&mut asked),
            Ttl::Length(Length::Fixed(..)) => {}
        }
    }
    if let Some(given) = &model.options.cache_if {
        given.value.to_tokens(&mut asked);
    }
    let mut shadows = TokenStream::new();
    // References are copied by the closure itself.
    for arg in model.args.iter().filter(|arg| !matches!(arg.ty, Type::Reference(_))) {
        for name in arg.binds.iter().filter(|name| mentions(asked.clone(), name)) {
            let copy = Ident::new(&format!("copy_of_{}", name.unraw()), mixed);
            let local = if arg.receiver.is_some() { this() } else { name.clone() };
            // What a pattern binds is looked at by reference.
            let of = if arg.named { quote!(&#local) } else { quote!(#local) };
            before.extend(quote_spanned!(name.span()=> let #copy = ::core::clone::Clone::clone(#of);));
            shadows
                .extend(quote!(#[allow(unused_variables)] let #local = ::core::clone::Clone::clone(&#copy);));
        }
    }
    shadows
}
