//! `#[invalidates]`: what a function that writes drops. It adds no items, so that it can stand wherever
//! a function can.

mod expand;
mod options;
mod target;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::spanned::Spanned as _;
use syn::{Expr, FnArg, Pat, Path, ReceiverKind, Type, parse_quote};

use crate::diagnostics::Errors;
use crate::fragments;
use crate::function::{Asyncness, Function};
use crate::model::{binds, mentions};
use crate::options::{Given, ListItem};
use crate::template::{Hole, Template};
use crate::valid::holes_of;
use options::Options;

/// The function with the attribute carried out.
pub(crate) fn expand(options: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let mut errors = Errors::default();
    let options = options::read(fragments::open(options), &mut errors);
    match syn::parse2(fragments::open_item(item)) {
        Ok(function) => {
            let writer = Writer::new(options, function, &mut errors);
            errors.finish().map(|()| expand::expand(&writer))
        }
        Err(error) => {
            let message = format!("`#[invalidates]` goes on a function that writes, with its body: {error}");
            errors.at(error.span(), message);
            Err(errors.into_error())
        }
    }
}

/// The function and what it invalidates.
struct Writer {
    function: Function,
    output: Type,
    asyncness: Option<Asyncness>,
    args: Vec<Arg>,
    items: Vec<Item>,
    into: Option<Expr>,
    krate: Path,
}

/// A name that an argument binds.
struct Arg {
    name: Ident,
    access: Access,
}

#[derive(Clone, Copy, PartialEq)]
enum Access {
    /// The body may consume it.
    Owned,
    /// It is visibly `&T`, which can be copied.
    Shared,
    /// It is visibly `&mut T`.
    Exclusive,
}

/// Something that is named.
struct Item {
    named: Named,
    /// It is made of what the call has returned.
    of_value: bool,
    span: Span,
}

enum Named {
    Tag(Template),
    Pattern(Template),
    /// A tag, or by iterator several.
    Tags(TokenStream),
    /// Entries or memos.
    Others(TokenStream),
}

const TWO_VALUES: &str = "`value` is what the function returns where the attribute names it, and an argument is called so too: rename the argument";

impl Writer {
    fn new(options: Options, function: Function, errors: &mut Errors) -> Self {
        let args = args(&function);
        let (output, asyncness) = function.output();
        let Options { tags, entries, memos, matching, into, krate } = options;
        let locals: Vec<Ident> =
            args.iter().map(|arg| arg.name.clone()).chain([value(Span::call_site())]).collect();
        let tags = listed(tags).map(|tag| {
            let form = "a tag is a text, or a value of a type that is one";
            Item::read(tag, Named::Tags, |expr| target::plain(expr, form))
        });
        let entries = listed(entries)
            .map(|entry| Item::read(entry, Named::Others, |expr| target::entry(expr, &locals)));
        let memos =
            listed(memos).map(|memo| Item::read(memo, Named::Others, |expr| target::memo(expr, &locals)));
        let patterns = listed(matching).map(|pattern| {
            let span = pattern.literal.span();
            Ok(Item::new(Named::Pattern(pattern), span))
        });
        let mut items = Vec::new();
        for item in tags.chain(entries).chain(memos).chain(patterns) {
            match item {
                Ok(item) => items.push(item),
                Err(error) => errors.push(error),
            }
        }
        if items.is_empty() && errors.is_empty() {
            errors.at(
                Span::call_site(),
                "nothing to invalidate is named: write `entries = [get_cat(name)]`, `tags = [\"cat:{name}\"]`, `memos = [list_cats]` or `matching = \"*get_cat({name:?}*\"`",
            );
        }
        let writer = Self {
            function,
            output,
            asyncness,
            args,
            items,
            into: into.map(|given| given.value),
            krate: krate.map_or_else(|| parse_quote!(::cache_core), |given| given.value),
        };
        writer.check(errors);
        writer
    }

    /// Rules that need the function.
    fn check(&self, errors: &mut Errors) {
        if let Some(token) = &self.function.sig.constness {
            errors.at(
                token.span(),
                "a `const fn` cannot invalidate: it may run at compile time, where there is no cache",
            );
        }
        if matches!(self.output, Type::Never(_)) {
            errors.at(
                self.output.span(),
                "a function that never returns has no success after which to invalidate",
            );
        }
        let names: Vec<Ident> = self.args.iter().map(|arg| arg.name.clone()).collect();
        for item in &self.items {
            let taken = self.args.iter().find(|arg| arg.name == "value");
            if let (true, Some(taken)) = (item.of_value, taken) {
                errors.at(taken.name.span(), TWO_VALUES);
                return;
            }
            if let Named::Tag(template) | Named::Pattern(template) = &item.named {
                holes_of(&names, template, Some(TWO_VALUES), "argument", errors);
            }
            for arg in self.seen_by(item).filter(|arg| item.of_value && arg.access == Access::Exclusive) {
                errors.at(
                    item.span,
                    format!("`{0}` is `&mut`, and the body has it until `value` is there: name `value` or `{0}`, not both", arg.name),
                );
            }
        }
    }

    /// The arguments that an expression mentions.
    fn seen_by<'w>(&'w self, item: &'w Item) -> impl Iterator<Item = &'w Arg> {
        let tokens = match &item.named {
            Named::Tags(tokens) | Named::Others(tokens) => tokens.clone(),
            // Their holes are filled one by one.
            Named::Tag(_) | Named::Pattern(_) => TokenStream::new(),
        };
        self.args.iter().filter(move |arg| mentions(tokens.clone(), &arg.name))
    }
}

impl Item {
    /// An item of a list; `one` tells what is meant by a single expression.
    fn read(
        listed: ListItem,
        named: fn(TokenStream) -> Named,
        one: impl Fn(&Expr) -> syn::Result<TokenStream>,
    ) -> syn::Result<Self> {
        match listed {
            ListItem::Text(template) => {
                let span = template.literal.span();
                Ok(Self::new(Named::Tag(template), span))
            }
            ListItem::One(expr) => {
                let one = one(&expr)?;
                Ok(Self::new(named(quote!(::core::option::Option::Some(#one))), expr.span()))
            }
            ListItem::Spread(expr) => Ok(Self::new(named(expr.to_token_stream()), expr.span())),
        }
    }

    fn new(named: Named, span: Span) -> Self {
        let of_value = match &named {
            Named::Tag(template) | Named::Pattern(template) => template.holes().any(Hole::is_of_value),
            Named::Tags(tokens) | Named::Others(tokens) => mentions(tokens.clone(), &value(span)),
        };
        Self { named, of_value, span }
    }
}

fn listed<T>(given: Option<Given<Vec<T>>>) -> impl Iterator<Item = T> {
    given.into_iter().flat_map(|given| given.value)
}

/// What the function returns, or the `Ok` of it, as the user calls it.
fn value(span: Span) -> Ident {
    Ident::new("value", span)
}

fn args(function: &Function) -> Vec<Arg> {
    let access = |ty: &Type| match ty {
        Type::Reference(reference) if reference.mutability.is_some() => Access::Exclusive,
        Type::Reference(_) => Access::Shared,
        _ => Access::Owned,
    };
    let inputs = function.sig.inputs.iter().flat_map(|input| match input {
        FnArg::Receiver(receiver) => {
            let access = match &receiver.kind {
                ReceiverKind::Typed(_, ty) => access(ty),
                ReceiverKind::Reference(_, _, Some(_)) => Access::Exclusive,
                ReceiverKind::Reference(..) => Access::Shared,
                _ => Access::Owned,
            };
            vec![Arg { name: Ident::new("self", receiver.self_token.span()), access }]
        }
        FnArg::Typed(typed) => {
            let is_name =
                matches!(&*typed.pat, Pat::Ident(ident) if ident.by_ref.is_none() && ident.subpat.is_none());
            let access = if is_name { access(&typed.ty) } else { Access::Owned };
            binds(&typed.pat).into_iter().map(|name| Arg { name, access }).collect()
        }
    });
    inputs.collect()
}
