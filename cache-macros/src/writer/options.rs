//! The options of `#[invalidates]`.

use proc_macro2::{Ident, TokenStream};
use syn::ext::IdentExt as _;
use syn::parse::ParseStream;
use syn::spanned::Spanned as _;
use syn::{Expr, Path, Token};

use crate::attr::{TAGS, as_text, each, items, krate, listed, skip_value, tag, value};
use crate::diagnostics::{Errors, list, nearest};
use crate::options::{Given, ListItem};
use crate::template::Template;

/// What the attribute says.
#[derive(Default)]
pub(super) struct Options {
    pub(super) tags: Option<Given<Vec<ListItem>>>,
    pub(super) entries: Option<Given<Vec<ListItem>>>,
    pub(super) memos: Option<Given<Vec<ListItem>>>,
    pub(super) matching: Option<Given<Vec<Template>>>,
    pub(super) into: Option<Given<Expr>>,
    pub(super) krate: Option<Given<Path>>,
}

const NAMES: [&str; 7] = ["tags", "tag", "entries", "memos", "matching", "into", "crate"];

const ENTRIES: &str = "entries are a list of calls: `entries = [get_cat(name)]`";
const MEMOS: &str = "memos are a list of memoized functions: `memos = [list_cats]`";
const MATCHING: &str = "a pattern of keys is text: `matching = \"*get_cat({name:?}*\"`";

/// Reads the options. What is wrong is noted; what is right is kept.
pub(super) fn read(tokens: TokenStream, errors: &mut Errors) -> Options {
    let mut options = Options::default();
    each(tokens, errors, |input, errors| option(input, &mut options, errors));
    options
}

fn option(input: ParseStream<'_>, options: &mut Options, errors: &mut Errors) -> syn::Result<()> {
    let Ok(name) = input.call(Ident::parse_any) else {
        return Err(input.error("expected an option, such as `entries = [get_cat(name)]`"));
    };
    if NAMES.iter().any(|known| name == known) && !input.peek(Token![=]) {
        return Err(syn::Error::new(name.span(), format!("`{name}` wants a value: `{name} = ..`")));
    }
    match name.to_string().as_str() {
        "tag" => {
            let tag = vec![tag(value(input)?)?];
            set(&mut options.tags, &name, errors, tag);
        }
        "tags" => {
            let tags = items(input, TAGS)?.into_iter().map(tag).collect::<syn::Result<_>>()?;
            set(&mut options.tags, &name, errors, tags);
        }
        "entries" => {
            let entries = items(input, ENTRIES)?.into_iter().map(listed).collect::<syn::Result<_>>()?;
            set(&mut options.entries, &name, errors, entries);
        }
        "memos" => {
            let memos = items(input, MEMOS)?.into_iter().map(listed).collect::<syn::Result<_>>()?;
            set(&mut options.memos, &name, errors, memos);
        }
        "matching" => set(&mut options.matching, &name, errors, matching(input)?),
        "into" => set(&mut options.into, &name, errors, value::<Expr>(input)?),
        "crate" => set(&mut options.krate, &name, errors, krate(input)?),
        unknown => {
            errors.at(name.span(), unknown_option(unknown));
            skip_value(input)?;
        }
    }
    Ok(())
}

fn set<T>(slot: &mut Option<Given<T>>, name: &Ident, errors: &mut Errors, value: T) {
    if slot.is_some() {
        errors.at(name.span(), format!("`{name}` is given twice"));
    } else {
        *slot = Some(Given { span: name.span(), value });
    }
}

fn unknown_option(name: &str) -> String {
    let hint = match name {
        "key" | "keys" | "entry" => "one call is `entries = [get_cat(name)]`".to_owned(),
        "functions" | "all" | "clear" => "all calls of a function are `memos = [list_cats]`".to_owned(),
        "pattern" | "glob" => "write `matching = \"*get_cat({name:?}*\"`".to_owned(),
        "pending" | "tx" | "transaction" => "write `into = pending`".to_owned(),
        _ if crate::options::names(false).contains(&name) => {
            return format!("`{name}` is an option of `#[memoize]`, not of a function that writes");
        }
        _ => match nearest(name, NAMES) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", list(NAMES).replace(" or ", " and ")),
        },
    };
    format!("unknown option `{name}`: {hint}")
}

fn matching(input: ParseStream<'_>) -> syn::Result<Vec<Template>> {
    let given: Expr = value(input)?;
    let patterns = match &given {
        Expr::Array(array) => array.elems.iter().collect(),
        one => vec![one],
    };
    let pattern = |pattern: &Expr| match as_text(pattern) {
        Some(text) => Template::read(text.clone()),
        None => Err(syn::Error::new(pattern.span(), MATCHING)),
    };
    patterns.into_iter().map(pattern).collect()
}
