//! From the attribute's tokens to its options.

mod freshness;

pub(crate) use freshness::{jitter, refresh_ahead};
use proc_macro2::{Ident, Span, TokenStream};
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{Expr, ExprRange, Lit, LitBool, LitStr, Path, RangeLimits, Token, Visibility, parenthesized};

use crate::diagnostics::{Errors, list, nearest};
use crate::duration::{Length, foreign_suffix};
use crate::options::{
    Capacity, Companion, KeyOption, Known, LATER, ListItem, Options, StoreVersion, Ttl, elsewhere, names,
};
use crate::template::Template;

pub(crate) const TAGS: &str = "tags are a list: `tags = [\"cats\", \"cat:{name}\", Owner(value.owner_id)]`; one alone is `tag = \"cats\"`";

/// Reads the options of a function. What is wrong is noted; what is right is kept.
pub(crate) fn read(tokens: TokenStream, errors: &mut Errors) -> Options {
    read_as(tokens, false, errors)
}

/// The same for those of a node.
pub(crate) fn read_of_node(tokens: TokenStream, errors: &mut Errors) -> Options {
    read_as(tokens, true, errors)
}

fn read_as(tokens: TokenStream, of_node: bool, errors: &mut Errors) -> Options {
    let mut options = Options { tokens: tokens.clone(), ..Options::default() };
    each(tokens, errors, |input, errors| option(input, of_node, &mut options, errors));
    options.is_read = errors.is_empty();
    options
}

/// Reads options one by one. After an error it goes on with the next.
pub(crate) fn each(
    tokens: TokenStream,
    errors: &mut Errors,
    mut option: impl FnMut(ParseStream<'_>, &mut Errors) -> syn::Result<()>,
) {
    let parse = |input: ParseStream<'_>| {
        while !input.is_empty() {
            if let Err(error) = option(input, errors) {
                errors.push(error);
                skip_to_comma(input);
            }
            if !input.is_empty() && input.parse::<Token![,]>().is_err() {
                errors.at(input.span(), "expected `,` between options");
                skip_to_comma(input);
                let _: Option<Token![,]> = input.parse().ok();
            }
        }
        Ok(())
    };
    if let Err(error) = parse.parse2(tokens) {
        errors.push(error);
    }
}

/// After an error: on to the next option.
pub(crate) fn skip_to_comma(input: ParseStream<'_>) {
    while !input.is_empty() && !input.peek(Token![,]) {
        if input.parse::<proc_macro2::TokenTree>().is_err() {
            return;
        }
    }
}

fn option(
    input: ParseStream<'_>,
    of_node: bool,
    options: &mut Options,
    errors: &mut Errors,
) -> syn::Result<()> {
    let (name, span) = if let Ok(question) = input.parse::<Token![?]>() {
        let name: Ident = input.parse()?;
        if name != "Send" {
            return Err(syn::Error::new(name.span(), "the only option of this kind is `?Send`"));
        }
        ("?Send".to_owned(), question.span())
    } else if let Ok(name) = input.call(Ident::parse_any) {
        (name.to_string(), name.span())
    } else {
        return Err(input.error("expected an option, such as `ttl = 300`"));
    };
    let Some(known) = Known::find(&name, of_node) else {
        errors.at(span, unknown_option(&name, &names(of_node)));
        return skip_value(input);
    };
    let example = known.example;
    let example = if name == "tag" { "\"cats\"" } else { example };
    if !example.is_empty() && !input.peek(Token![=]) {
        let alone = input.is_empty() || input.peek(Token![,]);
        let wants = if alone { "wants a value" } else { "is followed by `=`" };
        return Err(syn::Error::new(span, format!("`{name}` {wants}: `{name} = {example}`")));
    }
    options.read(&name, span, input, errors)
}

/// Reads over what belongs to an unknown option; a closure's commas are not between options.
pub(crate) fn skip_value(input: ParseStream<'_>) -> syn::Result<()> {
    if input.peek(Token![=]) {
        equals(input)?;
        let fork = input.fork();
        if fork.parse::<Expr>().is_ok() {
            input.parse::<Expr>()?;
        }
    }
    skip_to_comma(input);
    Ok(())
}

fn unknown_option(name: &str, names: &[&str]) -> String {
    if LATER.contains(&name) {
        return format!("`{name}` is not an option of this version");
    }
    let hint = match (elsewhere(name), nearest(name, names.iter().copied())) {
        (Some(hint), _) => hint.to_owned(),
        (None, Some(near)) => format!("did you mean `{near}`?"),
        (None, None) => format!("there are {}", list(names.iter().copied()).replace(" or ", " and ")),
    };
    format!("unknown option `{name}`: {hint}")
}

pub(crate) fn equals(input: ParseStream<'_>) -> syn::Result<()> {
    match input.parse::<Token![=]>() {
        Ok(_) => Ok(()),
        Err(error) => Err(syn::Error::new(error.span(), "expected `=` and a value")),
    }
}

/// `= value`.
pub(crate) fn value<T: Parse>(input: ParseStream<'_>) -> syn::Result<T> {
    equals(input)?;
    let is_module = input.peek(Token![crate]) || input.peek(Token![super]);
    if is_module && !input.peek2(Token![::]) {
        return Err(input.error("expected a value, and this is a module"));
    }
    input.parse()
}

/// Where the runtime is.
pub(crate) fn krate(input: ParseStream<'_>) -> syn::Result<Path> {
    equals(input)?;
    let path: Path = input.parse()?;
    if path.segments.iter().any(|segment| !segment.arguments.is_none()) {
        return Err(syn::Error::new(
            path.span(),
            "a path to `cache_core`, as in a `use`: `crate = toolkit::cache`",
        ));
    }
    Ok(path)
}

pub(crate) fn as_text(expr: &Expr) -> Option<&LitStr> {
    match expr {
        Expr::Lit(lit) => match &lit.lit {
            Lit::Str(text) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

/// An option that is written alone.
pub(crate) fn alone(name: &str, span: Span, input: ParseStream<'_>) -> syn::Result<()> {
    if input.peek(Token![=]) {
        let why = format!("`{name}` takes no value: write it alone, or leave it out");
        return Err(syn::Error::new(span, why));
    }
    Ok(())
}

pub(crate) fn text(input: ParseStream<'_>) -> syn::Result<LitStr> {
    let expr: Expr = value(input)?;
    let form = "a name is text: `name = \"cats::get\"`";
    as_text(&expr).cloned().ok_or_else(|| syn::Error::new(expr.span(), form))
}

/// The alias of a store.
pub(crate) fn alias(input: ParseStream<'_>) -> syn::Result<LitStr> {
    let expr: Expr = value(input)?;
    let form = "a store is named by the alias of a configured cache, in quotes: `store = \"shared\"`";
    let alias = as_text(&expr).filter(|alias| !alias.value().is_empty());
    alias.cloned().ok_or_else(|| syn::Error::new(expr.span(), form))
}

pub(crate) fn store_version(input: ParseStream<'_>) -> syn::Result<StoreVersion> {
    const FORM: &str = "a version is a number, `version = 2`, or `auto`, which follows from the function and the type of its value";
    let expr: Expr = value(input)?;
    match &expr {
        Expr::Path(path) if path.path.is_ident("auto") => Ok(StoreVersion::Auto),
        Expr::Lit(lit) => match &lit.lit {
            Lit::Int(int) if int.suffix().is_empty() => {
                int.base10_parse().map(StoreVersion::Number).map_err(|_| syn::Error::new(expr.span(), FORM))
            }
            _ => Err(syn::Error::new(expr.span(), FORM)),
        },
        _ => Err(syn::Error::new(expr.span(), FORM)),
    }
}

pub(crate) fn flag(input: ParseStream<'_>) -> syn::Result<bool> {
    let expr: Expr = value(input)?;
    match &expr {
        Expr::Lit(lit) => match &lit.lit {
            Lit::Bool(LitBool { value, .. }) => Ok(*value),
            _ => Err(syn::Error::new(expr.span(), "expected `true` or `false`")),
        },
        _ => Err(syn::Error::new(expr.span(), "expected `true` or `false`")),
    }
}

pub(crate) fn seconds(name: &str, input: ParseStream<'_>) -> syn::Result<Length> {
    Length::read(name, value(input)?, true)
}

/// What is usually less than a second.
pub(crate) fn with_unit(name: &str, input: ParseStream<'_>) -> syn::Result<Length> {
    Length::read(name, value(input)?, false)
}

pub(crate) fn ttl(input: ParseStream<'_>) -> syn::Result<Ttl> {
    let expr: Expr = value(input)?;
    match expr {
        Expr::Closure(_) => Ok(Ttl::Closure(expr)),
        expr => {
            let length = Length::read("ttl", expr, true)?;
            if let Length::Fixed(_, span) = length
                && length.is_zero()
            {
                return Err(syn::Error::new(
                    span,
                    "a ttl of 0 keeps nothing: leave `#[memoize]` out instead",
                ));
            }
            Ok(Ttl::Length(length))
        }
    }
}

/// `tag = a`, or `tags = [a, b]`.
pub(crate) fn tags(name: &str, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Vec<ListItem>> {
    if name == "tags" {
        return items(input, TAGS)?.into_iter().map(tag).collect();
    }
    let tag = tag(value(input)?)?;
    if let ListItem::Spread(expr) = &tag {
        errors.at(expr.span(), "this is several tags: `tags = [..iterator]`");
    }
    Ok(vec![tag])
}

/// `= [a, b]`
pub(crate) fn items(input: ParseStream<'_>, form: &str) -> syn::Result<Vec<Expr>> {
    match value(input)? {
        Expr::Array(array) => Ok(array.elems.into_iter().collect()),
        other => Err(syn::Error::new(other.span(), form)),
    }
}

pub(crate) fn tag(expr: Expr) -> syn::Result<ListItem> {
    match (as_text(&expr), &expr) {
        (Some(text), _) => Template::read(text.clone()).map(ListItem::Text),
        (None, Expr::Array(_)) => Err(syn::Error::new(expr.span(), TAGS)),
        (None, Expr::Closure(_)) => Err(syn::Error::new(
            expr.span(),
            "a tag is an expression, not a closure; it sees the arguments and `value` by name: `Owner(value.owner_id)`",
        )),
        (None, _) => listed(expr),
    }
}

/// One, or all of an iterator.
pub(crate) fn listed(expr: Expr) -> syn::Result<ListItem> {
    match expr {
        Expr::Range(ExprRange { start: None, limits: RangeLimits::HalfOpen(dots), end, .. }) => {
            let form = "`..` is followed by an iterator: `..names`";
            Ok(ListItem::Spread(*end.ok_or_else(|| syn::Error::new(dots.span(), form))?))
        }
        expr => Ok(ListItem::One(expr)),
    }
}

pub(crate) fn key(input: ParseStream<'_>) -> syn::Result<KeyOption> {
    let expr: Expr = value(input)?;
    if let Some(text) = as_text(&expr) {
        return Template::read(text.clone()).map(KeyOption::Template);
    }
    match expr {
        Expr::Tuple(tuple) => Ok(KeyOption::Parts(tuple.elems.into_iter().collect())),
        Expr::Closure(closure) => Err(syn::Error::new(
            closure.span(),
            "a key is an expression over the arguments, not a closure: `key = (user.id, lang)`",
        )),
        Expr::Paren(paren) => Ok(KeyOption::Parts(vec![*paren.expr])),
        Expr::Struct(node) => Ok(KeyOption::Node(node)),
        expr => Ok(KeyOption::Parts(vec![expr])),
    }
}

pub(crate) fn skip(input: ParseStream<'_>) -> syn::Result<Vec<Ident>> {
    arguments(input, "write the arguments in parentheses: `skip(pool, trace)`")
}

pub(crate) fn secret(input: ParseStream<'_>) -> syn::Result<Vec<Ident>> {
    arguments(input, "write the arguments in parentheses: `secret(token)`")
}

fn arguments(input: ParseStream<'_>, form: &str) -> syn::Result<Vec<Ident>> {
    if !input.peek(syn::token::Paren) {
        return Err(input.error(form));
    }
    let inside;
    parenthesized!(inside in input);
    let names = Punctuated::<Ident, Token![,]>::parse_terminated_with(&inside, Ident::parse_any);
    let names = names.map_err(|error| syn::Error::new(error.span(), form))?;
    Ok(names.into_iter().collect())
}

pub(crate) fn capacity(input: ParseStream<'_>) -> syn::Result<Capacity> {
    const NO_CAPACITY: &str = "a capacity is a number, of entries or of what `weigh` says, or `unbounded`";
    let expr: Expr = value(input)?;
    match &expr {
        Expr::Path(path) if path.path.is_ident("unbounded") => Ok(Capacity::Unbounded),
        Expr::Lit(lit) => match &lit.lit {
            Lit::Int(int) if int.base10_digits().bytes().all(|digit| digit == b'0') => Err(syn::Error::new(
                expr.span(),
                "a capacity of 0 keeps nothing: leave `#[memoize]` out instead, or write `capacity = unbounded`",
            )),
            Lit::Int(_) if !foreign_suffix(&lit.lit) => Ok(Capacity::Bound(expr)),
            Lit::Str(text) if text.value().replace('_', "").parse::<usize>().is_ok() => {
                let why = format!("a capacity is a number without quotes: `capacity = {}`", text.value());
                Err(syn::Error::new(expr.span(), why))
            }
            // Whatever else a literal is, it is no number of entries.
            _ => Err(syn::Error::new(expr.span(), NO_CAPACITY)),
        },
        Expr::Unary(unary) if matches!(unary.op, syn::UnOp::Neg(_)) => {
            Err(syn::Error::new(expr.span(), NO_CAPACITY))
        }
        _ => Ok(Capacity::Bound(expr)),
    }
}

pub(crate) fn policy(input: ParseStream<'_>) -> syn::Result<Path> {
    const POLICIES: [&str; 2] = ["Adaptive", "Lru"];
    let expr: Expr = value(input)?;
    let name = match &expr {
        Expr::Path(path) => path.path.segments.last().map(|segment| &segment.ident),
        _ => None,
    };
    match (name, &expr) {
        (Some(name), Expr::Path(path)) if POLICIES.iter().any(|policy| name == policy) => {
            Ok(path.path.clone())
        }
        _ => {
            let (text, name) = (as_text(&expr).map(LitStr::value), name.map(ToString::to_string));
            let is_meant = |word: &Option<String>, policy: &&str| {
                word.as_ref().is_some_and(|word| word.eq_ignore_ascii_case(policy))
            };
            let quoted = POLICIES.into_iter().find(|policy| is_meant(&text, policy));
            let why = match (quoted, POLICIES.into_iter().find(|policy| is_meant(&name, policy))) {
                (Some(policy), _) => format!("a policy is a name without quotes: `policy = {policy}`"),
                (None, Some(policy)) => format!("did you mean `{policy}`?"),
                (None, None) => format!("a policy is one of {}", list(POLICIES)),
            };
            Err(syn::Error::new(expr.span(), why))
        }
    }
}

pub(crate) fn companion(input: ParseStream<'_>) -> syn::Result<Companion> {
    equals(input)?;
    if input.peek(LitBool) {
        let flag: LitBool = input.parse()?;
        return if flag.value {
            Err(syn::Error::new(
                flag.span,
                "there is a companion by default; name it, or write `companion = false`",
            ))
        } else {
            Ok(Companion::None)
        };
    }
    match input.parse() {
        Ok(name) => Ok(Companion::Named(name)),
        Err(error) => Err(syn::Error::new(error.span(), "expected a name for the companion, or `false`")),
    }
}

/// A visibility, and nothing after it.
pub(crate) fn companion_vis(input: ParseStream<'_>) -> syn::Result<Visibility> {
    let vis = value(input)?;
    if !input.is_empty() && !input.peek(Token![,]) {
        return Err(input.error("expected a visibility: `companion_vis = pub(crate)`"));
    }
    Ok(vis)
}
