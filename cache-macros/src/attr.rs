//! From the attribute's tokens to its options.

mod freshness;

use proc_macro2::{Ident, Span, TokenStream};
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{Expr, ExprRange, Lit, LitBool, LitStr, Path, RangeLimits, Token, Type, Visibility, parenthesized};

use crate::diagnostics::{Errors, list, nearest};
use crate::duration::{Length, foreign_suffix};
use crate::options::{
    Capacity, Companion, Given, KeyOption, LATER, Listed, NAMES, NAMES_OF_NODE, Options, Ttl, elsewhere,
    example,
};
use crate::template::Template;

pub(crate) const TAGS: &str = "tags are a list: `tags = [\"cats\", \"cat:{name}\", Owner(value.owner_id)]`";

/// Reads the options of a function. What is wrong is noted; what is right is kept.
pub(crate) fn read(tokens: TokenStream, errors: &mut Errors) -> Options {
    read_as(tokens, &NAMES, errors)
}

/// The same for those of a node.
pub(crate) fn read_of_node(tokens: TokenStream, errors: &mut Errors) -> Options {
    read_as(tokens, &NAMES_OF_NODE, errors)
}

fn read_as(tokens: TokenStream, names: &[&str], errors: &mut Errors) -> Options {
    let mut options = Options { tokens: tokens.clone(), ..Options::default() };
    each(tokens, errors, |input, errors| option(input, names, &mut options, errors));
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
    names: &[&str],
    options: &mut Options,
    errors: &mut Errors,
) -> syn::Result<()> {
    if let Ok(question) = input.parse::<Token![?]>() {
        let name: Ident = input.parse()?;
        if name != "Send" {
            return Err(syn::Error::new(name.span(), "the only option of this kind is `?Send`"));
        }
        if options.maybe_send.is_some() {
            errors.at(question.span(), "`?Send` is given twice");
        }
        options.maybe_send = Some(Given { span: question.span(), value: () });
        return Ok(());
    }
    let Ok(name) = input.call(Ident::parse_any) else {
        return Err(input.error("expected an option, such as `ttl = 300`"));
    };
    let span = name.span();
    let alone = [("inherit_tags", &mut options.inherit_tags), ("origin_first", &mut options.origin_first)];
    if let Some((known, slot)) = alone.into_iter().find(|(known, _)| name == known) {
        if input.peek(Token![=]) {
            let why = format!("`{known}` takes no value: write it alone, or leave it out");
            return Err(syn::Error::new(span, why));
        }
        set(slot, &name, errors, ());
        return Ok(());
    }
    let is_option = NAMES.iter().any(|known| name == known) && name != "skip";
    if is_option && !input.peek(Token![=]) {
        return Err(syn::Error::new(
            span,
            format!("`{name}` wants a value: `{name} = {}`", example(&name.to_string())),
        ));
    }
    match name.to_string().as_str() {
        "ttl" => set(&mut options.ttl, &name, errors, ttl(input)?),
        "err_ttl" => set(&mut options.err_ttl, &name, errors, seconds(&name, input)?),
        "none_ttl" => set(&mut options.none_ttl, &name, errors, seconds(&name, input)?),
        "idle" => set(&mut options.idle, &name, errors, seconds(&name, input)?),
        "jitter" => set(&mut options.jitter, &name, errors, freshness::jitter(&value(input)?)?),
        "stale_while_revalidate" => {
            set(&mut options.stale_while_revalidate, &name, errors, seconds(&name, input)?);
        }
        "stale_if_error" => set(&mut options.stale_if_error, &name, errors, seconds(&name, input)?),
        "refresh_ahead" => {
            set(&mut options.refresh_ahead, &name, errors, freshness::refresh_ahead(value(input)?)?);
        }
        "fallback_after" => set(&mut options.fallback_after, &name, errors, with_unit(&name, input)?),
        "fallback_if" => set(&mut options.fallback_if, &name, errors, value::<Expr>(input)?),
        "soft_timeout" => set(&mut options.soft_timeout, &name, errors, with_unit(&name, input)?),
        "timeout" => set(&mut options.timeout, &name, errors, with_unit(&name, input)?),
        "timeout_error" => set(&mut options.timeout_error, &name, errors, value::<Expr>(input)?),
        "tag" => {
            let tag = one_tag(input, errors)?;
            add_tags(options, &name, errors, vec![tag]);
        }
        "tags" => {
            let tags = tags(input)?;
            add_tags(options, &name, errors, tags);
        }
        "key" => set(&mut options.key, &name, errors, key(input)?),
        "skip" => set(&mut options.skip, &name, errors, skip(input)?),
        "capacity" => set(&mut options.capacity, &name, errors, capacity(input)?),
        "weigh" => set(&mut options.weigh, &name, errors, value::<Expr>(input)?),
        "policy" => set(&mut options.policy, &name, errors, policy(input)?),
        "cache_if" => set(&mut options.cache_if, &name, errors, value::<Expr>(input)?),
        "bypass_if" => set(&mut options.bypass_if, &name, errors, value::<Expr>(input)?),
        "refresh_if" => set(&mut options.refresh_if, &name, errors, value::<Expr>(input)?),
        "on_hit" => set(&mut options.on_hit, &name, errors, value::<Expr>(input)?),
        "on_miss" => set(&mut options.on_miss, &name, errors, value::<Expr>(input)?),
        "on_store" => set(&mut options.on_store, &name, errors, value::<Expr>(input)?),
        "on_evict" => set(&mut options.on_evict, &name, errors, value::<Expr>(input)?),
        "share_error" => set(&mut options.share_error, &name, errors, value::<Expr>(input)?),
        "on_error" => set(&mut options.on_error, &name, errors, value::<Expr>(input)?),
        "placeholder" => set(&mut options.placeholder, &name, errors, value::<Expr>(input)?),
        "memo" => set(&mut options.memo, &name, errors, value::<Expr>(input)?),
        "single_flight" => set(&mut options.single_flight, &name, errors, flag(input)?),
        "max_wait" => set(&mut options.max_wait, &name, errors, with_unit(&name, input)?),
        "name" => {
            let text = text(input, "a name is text: `name = \"cats::get\"`")?;
            set(&mut options.name, &name, errors, text);
        }
        "companion" => set(&mut options.companion, &name, errors, companion(input)?),
        "companion_vis" => {
            equals(input)?;
            let vis: Visibility = input.parse()?;
            if !input.is_empty() && !input.peek(Token![,]) {
                return Err(input.error("expected a visibility: `companion_vis = pub(crate)`"));
            }
            set(&mut options.companion_vis, &name, errors, vis);
        }
        "crate" => set(&mut options.krate, &name, errors, krate(input)?),
        "value" if names.contains(&"value") => {
            set(&mut options.value, &name, errors, value::<Type>(input)?);
        }
        unknown => {
            errors.at(span, unknown_option(unknown, names));
            skip_value(input)?;
        }
    }
    Ok(())
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

pub(crate) fn set<T>(slot: &mut Option<Given<T>>, name: &Ident, errors: &mut Errors, value: T) {
    if slot.is_some() {
        errors.at(name.span(), format!("`{name}` is given twice"));
    } else {
        *slot = Some(Given { span: name.span(), value });
    }
}

fn add_tags(options: &mut Options, name: &Ident, errors: &mut Errors, tags: Vec<Listed>) {
    if options.tags.is_some() {
        errors.at(name.span(), "tags are given twice: put them all into `tags = [..]`");
    } else {
        options.tags = Some(Given { span: name.span(), value: tags });
    }
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
    input.parse()
}

/// Where the runtime is.
pub(crate) fn krate(input: ParseStream<'_>) -> syn::Result<Path> {
    let path: Path = value(input)?;
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

fn text(input: ParseStream<'_>, form: &str) -> syn::Result<LitStr> {
    let expr: Expr = value(input)?;
    as_text(&expr).cloned().ok_or_else(|| syn::Error::new(expr.span(), form))
}

fn flag(input: ParseStream<'_>) -> syn::Result<bool> {
    let expr: Expr = value(input)?;
    match &expr {
        Expr::Lit(lit) => match &lit.lit {
            Lit::Bool(LitBool { value, .. }) => Ok(*value),
            _ => Err(syn::Error::new(expr.span(), "expected `true` or `false`")),
        },
        _ => Err(syn::Error::new(expr.span(), "expected `true` or `false`")),
    }
}

fn seconds(name: &Ident, input: ParseStream<'_>) -> syn::Result<Length> {
    Length::read(&name.to_string(), value(input)?, true)
}

/// What is usually less than a second.
fn with_unit(name: &Ident, input: ParseStream<'_>) -> syn::Result<Length> {
    Length::read(&name.to_string(), value(input)?, false)
}

fn ttl(input: ParseStream<'_>) -> syn::Result<Ttl> {
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

fn one_tag(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Listed> {
    let tag = tag(value(input)?)?;
    if let Listed::Spread(expr) = &tag {
        errors.at(expr.span(), "this is several tags: `tags = [..iterator]`");
    }
    Ok(tag)
}

fn tags(input: ParseStream<'_>) -> syn::Result<Vec<Listed>> {
    items(input, TAGS)?.into_iter().map(tag).collect()
}

/// `= [a, b]`
pub(crate) fn items(input: ParseStream<'_>, form: &str) -> syn::Result<Vec<Expr>> {
    match value(input)? {
        Expr::Array(array) => Ok(array.elems.into_iter().collect()),
        other => Err(syn::Error::new(other.span(), form)),
    }
}

pub(crate) fn tag(expr: Expr) -> syn::Result<Listed> {
    match (as_text(&expr), &expr) {
        (Some(text), _) => Template::read(text.clone()).map(Listed::Text),
        (None, Expr::Array(_)) => Err(syn::Error::new(expr.span(), TAGS)),
        (None, Expr::Closure(_)) => Err(syn::Error::new(
            expr.span(),
            "a tag is an expression, not a closure; it sees the arguments and `value` by name: `Owner(value.owner_id)`",
        )),
        (None, _) => listed(expr),
    }
}

/// One, or all of an iterator.
pub(crate) fn listed(expr: Expr) -> syn::Result<Listed> {
    match expr {
        Expr::Range(ExprRange { start: None, limits: RangeLimits::HalfOpen(dots), end, .. }) => {
            let form = "`..` is followed by an iterator: `..names`";
            Ok(Listed::Spread(*end.ok_or_else(|| syn::Error::new(dots.span(), form))?))
        }
        expr => Ok(Listed::One(expr)),
    }
}

fn key(input: ParseStream<'_>) -> syn::Result<KeyOption> {
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

fn skip(input: ParseStream<'_>) -> syn::Result<Vec<Ident>> {
    const FORM: &str = "write the arguments in parentheses: `skip(pool, trace)`";
    if !input.peek(syn::token::Paren) {
        return Err(input.error(FORM));
    }
    let inside;
    parenthesized!(inside in input);
    let names = Punctuated::<Ident, Token![,]>::parse_terminated_with(&inside, Ident::parse_any);
    let names = names.map_err(|error| syn::Error::new(error.span(), FORM))?;
    Ok(names.into_iter().collect())
}

fn capacity(input: ParseStream<'_>) -> syn::Result<Capacity> {
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
            // Whatever else a literal is, it is no number of entries.
            _ => Err(syn::Error::new(expr.span(), NO_CAPACITY)),
        },
        Expr::Unary(unary) if matches!(unary.op, syn::UnOp::Neg(_)) => {
            Err(syn::Error::new(expr.span(), NO_CAPACITY))
        }
        _ => Ok(Capacity::Bound(expr)),
    }
}

fn policy(input: ParseStream<'_>) -> syn::Result<Path> {
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
        _ => Err(syn::Error::new(expr.span(), format!("a policy is one of {}", list(POLICIES)))),
    }
}

fn companion(input: ParseStream<'_>) -> syn::Result<Companion> {
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
    match input.call(Ident::parse_any) {
        Ok(name) => Ok(Companion::Named(name)),
        Err(error) => Err(syn::Error::new(error.span(), "expected a name for the companion, or `false`")),
    }
}

/// Where an option that is looked at elsewhere was given.
pub(crate) fn span_of<T>(given: Option<&Given<T>>) -> Option<Span> {
    given.map(|given| given.span)
}
