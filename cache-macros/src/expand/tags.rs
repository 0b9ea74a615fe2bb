//! Tags: those of the arguments are made before the body, which may consume them; those of the value
//! after it.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Expr, ExprReference, Path, Token};

use super::look;
use crate::model::{Arg, Model, at, local, mention, mentions, mixed, this, without_self};
use crate::options::ListItem;
use crate::template::{Hole, Piece, Template};

/// Code that adds tags to a list called `tags`.
pub(super) struct Tags {
    /// Makes `made`, before the body.
    pub(super) before: Option<TokenStream>,
    /// Goes on where there is a value.
    pub(super) after: TokenStream,
}

/// The list that is made before the body.
pub(super) fn made() -> Ident {
    local("made")
}

/// The list that is being made.
pub(super) fn list() -> Ident {
    local("tags")
}

/// Expressions that are evaluated after the body.
pub(super) fn exprs_of_value(model: &Model) -> impl Iterator<Item = &Expr> {
    all(model).filter(|tag| tag.is_of_value()).filter_map(ListItem::expr)
}

fn all(model: &Model) -> impl Iterator<Item = &ListItem> {
    model.options.tags.iter().flat_map(|given| &given.value)
}

pub(super) fn tags(model: &Model, value: &Ident) -> Tags {
    let (list, mut before, mut after) = (list(), Pieces::default(), TokenStream::new());
    for tag in all(model).filter(|tag| tag.fixed().is_none()) {
        let of_value = tag.is_of_value();
        let code = match tag {
            ListItem::Text(template) if of_value => text_of_value(model, template, value, &mut before),
            ListItem::Text(template) => text_of_arguments(model, template),
            ListItem::One(expr) => {
                // In parentheses only where they are needed: errors point at the expression.
                let tag = ExprReference {
                    attrs: Vec::new(),
                    and_token: Token![&](expr.span()),
                    mutability: None,
                    expr: Box::new(expr.clone()),
                };
                let (see, tag) = (see_value(expr, value), without_self(tag.into_token_stream()));
                quote_spanned!(expr.span()=> #see #list.add(#tag);)
            }
            ListItem::Spread(expr) => {
                let (see, tags) = (see_value(expr, value), without_self(expr.to_token_stream()));
                quote_spanned!(expr.span()=> #see #list.spread(#tags);)
            }
        };
        if of_value { after.extend(code) } else { before.code.extend(code) }
    }
    let before = (!before.code.is_empty()).then(|| {
        let (krate, made) = (&model.krate, made());
        let (see, code) = (see(model), before.code);
        quote_spanned! {model.mixed_site=>
            let #made = #krate::__private::TagList::before(|#list| {
                #see
                #code
            });
        }
    });
    Tags { before, after }
}

/// Code for before the body, and how many parts of templates it keeps for after it.
#[derive(Default)]
struct Pieces {
    code: TokenStream,
    kept: usize,
}

/// Lets expressions see the arguments before the body. What patterns bind is bound there already.
fn see(model: &Model) -> TokenStream {
    let asked: TokenStream = all(model)
        .filter(|tag| !tag.is_of_value())
        .filter_map(ListItem::expr)
        .map(ToTokens::to_token_stream)
        .collect();
    let seen: Vec<&Arg> =
        model.args.iter().filter(|arg| arg.named && mentions(asked.clone(), &arg.name)).collect();
    look::bindings(&seen, |arg| arg.local().into_token_stream(), &model.krate)
}

/// Lets an expression see the value by the name that is written in it: that in another may be from
/// another macro.
fn see_value(expr: &Expr, value: &Ident) -> Option<TokenStream> {
    let written = Ident::new("value", mention(expr.to_token_stream(), "value")?);
    Some(quote_spanned!(mixed()=> #[allow(unused_variables)] let #written = #value;))
}

fn text_of_arguments(model: &Model, template: &Template) -> TokenStream {
    let (list, span) = (list(), template.literal.span());
    let holes: Vec<_> = template.holes().map(|hole| reach(&model.krate, hole, &root(model, hole))).collect();
    let text = text(span, &form(template, |hole| &hole.spec), &holes);
    quote_spanned!(span=> #list.text(#text);)
}

/// What it shows of arguments is made before the body.
fn text_of_value(model: &Model, template: &Template, value: &Ident, before: &mut Pieces) -> TokenStream {
    let (list, made, span, krate) = (list(), made(), template.literal.span(), &model.krate);
    let holes = template.holes().map(|hole| {
        if hole.is_of_value() {
            return reach(&model.krate, hole, value);
        }
        let shown = reach(&model.krate, hole, &root(model, hole));
        let text = text(hole.span, &format!("{{{}}}", hole.spec), &[shown]);
        before.code.extend(quote_spanned!(hole.span=> #list.keep_piece(#text);));
        let index = before.kept;
        before.kept += 1;
        {
            let piece = at(hole.span, quote!(#krate::__private::TagList::piece));
            quote_spanned!(hole.span=> #piece(&#made, #index)?)
        }
    });
    let holes: Vec<_> = holes.collect();
    let form = form(template, |hole| if hole.is_of_value() { &hole.spec } else { "" });
    let text = text(span, &form, &holes);
    quote_spanned!(span=> #list.text(#text);)
}

/// What a hole names, from its root on. Within a closure that returns an `Option`: the end of it where
/// something on the way is `None`.
pub(crate) fn reach(krate: &Path, hole: &Hole, root: &Ident) -> TokenStream {
    let fields = hole.members();
    let reach = at(hole.span, quote!(#krate::__reach!));
    quote_spanned!(hole.span=> #reach(#root #(, #fields)*))
}

/// The argument that a hole names.
pub(super) fn root(model: &Model, hole: &Hole) -> Ident {
    let bound = model.arg(&hole.root).and_then(|arg| arg.binds.iter().find(|name| name.unraw() == hole.root));
    hole.root(bound.map(|name| if name == "self" { this() } else { name.clone() }))
}

/// A closure that fills a template.
fn text(span: Span, form: &str, holes: &[TokenStream]) -> TokenStream {
    let (some, format) = (at(span, quote!(::core::option::Option::Some)), at(span, quote!(::std::format!)));
    quote_spanned!(span=> || #some(#format(#form, #(#holes),*)))
}

/// The `format!` string with a positional hole for each.
pub(crate) fn form<'t>(template: &'t Template, spec: impl Fn(&'t Hole) -> &'t str) -> String {
    template
        .pieces
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => text.replace('{', "{{").replace('}', "}}"),
            Piece::Hole(hole) => format!("{{{}}}", spec(hole)),
        })
        .collect()
}
