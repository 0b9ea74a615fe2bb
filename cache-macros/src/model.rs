//! The function and every choice made about it. From here on nothing is decided.

mod args;
mod capture;
mod generics;

use proc_macro2::{Group, Ident, Spacing, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{
    Attribute, Expr, GenericArgument, GenericParam, Pat, Path, PathArguments, Receiver, Type, TypeParam,
    TypePath, Visibility, WherePredicate, parse_quote_spanned,
};

use crate::diagnostics::Errors;
use crate::function::{Asyncness, Function, is_static_param, owns_everything};
use crate::options::{Companion, KeyOption, Options};
use args::arguments;
pub(crate) use args::binds;
pub(crate) use capture::Capture;
pub(crate) use generics::without_names;
use generics::{asked_of_callers, generics};

/// An argument.
pub(crate) struct Arg {
    /// As the body binds it.
    pub(crate) pat: Pat,
    pub(crate) ty: Type,
    /// Its name in the signatures of companions.
    pub(crate) name: Ident,
    /// Whether that is what the user calls it, and not made up for a pattern.
    pub(crate) named: bool,
    /// Every name that the pattern binds.
    pub(crate) binds: Vec<Ident>,
    /// Not part of the key.
    pub(crate) skipped: bool,
    /// Lints that the user has set for it.
    pub(crate) lints: Vec<Attribute>,
    /// It is `self`.
    pub(crate) receiver: Option<Receiver>,
}

impl Arg {
    /// Its name in code that is generated: `self` can be the name of nothing else.
    pub(crate) fn local(&self) -> Ident {
        if self.receiver.is_some() { this() } else { self.name.clone() }
    }
}

/// A local of generated code. Its name is hygienic, but as a pattern it would still mean a constant or unit struct
/// of the user's that is called so; nobody calls one by two underscores.
pub(crate) fn local(name: &str) -> Ident {
    Ident::new(&format!("__{name}"), mixed())
}

/// What `self` is called where it is an argument among others.
pub(crate) fn this() -> Ident {
    local("this")
}

/// The same expression, or template, with `self` by its other name.
pub(crate) fn without_self(tokens: TokenStream) -> TokenStream {
    let mut tokens = tokens.into_iter().peekable();
    let renamed = std::iter::from_fn(|| {
        let token = tokens.next()?;
        Some((token, tokens.peek().is_some_and(is_joint_colon)))
    });
    let renamed = renamed.map(|(token, begins_path)| match token {
        TokenTree::Ident(ident) if ident == "self" && !begins_path => {
            let mut this = this();
            this.set_span(ident.span().resolved_at(this.span()));
            TokenTree::Ident(this)
        }
        TokenTree::Group(group) => {
            let mut renamed = Group::new(group.delimiter(), without_self(group.stream()));
            renamed.set_span(group.span());
            TokenTree::Group(renamed)
        }
        other => other,
    });
    renamed.collect()
}

/// Where a function stands.
#[derive(Clone)]
pub(crate) enum Place {
    /// By itself.
    Free,
    /// In an `impl` of a type. Whether the type visibly lives as long as it likes is known only where the attribute
    /// stands on the `impl` too; whether it visibly borrows, also where the source is seen.
    Inherent { is_static: bool, borrows: bool },
    /// In the `impl` of a trait, or in a trait: its companions are in a trait of their own.
    Extended {
        /// That trait.
        companions: TokenStream,
        /// As it is registered, beside the type's name.
        of: String,
        /// What makes the methods of the trait known where the body is, as they are in its `impl`.
        scope: TokenStream,
        is_static: bool,
        borrows: bool,
    },
}

/// What companions and what belongs to them are called.
pub(crate) struct Names {
    pub(crate) entry: Ident,
    pub(crate) key: Ident,
    /// The same, asked of an instance.
    pub(crate) of_instance: Ident,
    pub(crate) memo: Ident,
    pub(crate) slot: Ident,
    /// Looks a call up.
    pub(crate) look_up: Ident,
    pub(crate) body: Ident,
    pub(crate) lead: Ident,
    pub(crate) detached: Ident,
}

/// A part of the key.
pub(crate) enum Part {
    /// An argument, by its index among all arguments.
    Arg(usize),
    /// An expression over arguments.
    Expr(Expr),
    /// A hole of a template.
    Hole(crate::template::Hole),
}

/// What companions speak of.
pub(crate) enum CompanionValue {
    /// The `Ok` of a visible `Result`.
    Value(Box<Type>),
    /// The return.
    Return,
}

/// Whose the entries are.
pub(crate) enum EntryOwner {
    /// The function's.
    Own,
    /// A node's: its key is one.
    Node(Box<Type>),
    /// It is a node: its arguments are fields.
    Itself,
}

/// The function and every choice made about it.
pub(crate) struct Model {
    /// The span of generated code that names nothing of the user's, shown where the attribute is.
    pub(crate) mixed_site: Span,
    /// The span of generated code that may name what is the user's, likewise.
    pub(crate) call_site: Span,
    pub(crate) options: Options,
    pub(crate) function: Function,
    pub(crate) args: Vec<Arg>,
    /// The parts of the key; `None` if these are simply the arguments that are not skipped.
    pub(crate) parts: Option<Vec<Part>>,
    pub(crate) whose: EntryOwner,
    pub(crate) output: Type,
    pub(crate) companion_value: CompanionValue,
    pub(crate) place: Place,
    pub(crate) names: Names,
    pub(crate) asyncness: Option<Asyncness>,
    /// What its future borrows from.
    pub(crate) capture: Capture,
    /// The type that it is a method of visibly lives as long as it likes; or there is none.
    pub(crate) is_static: bool,
    /// Its computation owns all it needs, and belongs to its flight.
    pub(crate) owned: bool,
    pub(crate) krate: Path,
    pub(crate) companion: Ident,
    /// There is none to be seen.
    pub(crate) hidden: bool,
    pub(crate) companion_vis: Visibility,
    /// Type and const parameters that the companion type carries.
    pub(crate) identity: Vec<GenericParam>,
    /// Type and const parameters that only skipped arguments use.
    pub(crate) incidental: Vec<GenericParam>,
    /// Names of parameters that stand for `impl Trait`: not to be named by callers.
    pub(crate) anonymous: Vec<Ident>,
    pub(crate) predicates: Vec<WherePredicate>,
}

impl Model {
    pub(crate) fn new(
        options: Options,
        span: Span,
        function: Function,
        place: Place,
        errors: &mut Errors,
    ) -> Self {
        let (mut args, anonymous) = arguments(&function, &options, errors);
        let parts = parts(&options, &mut args, errors);
        let whose = match options.key.as_ref().map(|given| &given.value) {
            Some(KeyOption::Node(node)) => {
                let (qself, path) = (node.qself.clone(), node.path.clone());
                EntryOwner::Node(Box::new(Type::Path(TypePath { attrs: Vec::new(), qself, path })))
            }
            _ => EntryOwner::Own,
        };
        let (output, mut asyncness) = function.output();
        if let Some(asyncness) = &mut asyncness {
            asyncness.sends &= options.maybe_send.is_none();
        }
        let in_trait = matches!(place, Place::Extended { .. });
        let capture = capture::capture(&function.sig, asyncness, in_trait);
        let is_static = match &place {
            Place::Free => true,
            Place::Inherent { is_static, .. } | Place::Extended { is_static, .. } => *is_static,
        };
        let sends = asyncness.is_some_and(|asyncness| asyncness.sends);
        let owned = sends && is_static && owns_everything(&function.sig);
        let companion_value =
            visible_ok(&output).map_or(CompanionValue::Return, |ok| CompanionValue::Value(Box::new(ok)));
        let krate = options.krate.as_ref().map_or_else(
            || parse_quote_spanned!(Span::call_site().located_at(span)=> ::cache_core),
            |krate| krate.value.clone(),
        );
        let ident = &function.sig.ident;
        let (companion, hidden) = match options.companion.as_ref().map(|given| &given.value) {
            None => (ident.clone(), false),
            Some(Companion::Named(name)) => (name.clone(), false),
            Some(Companion::None) => {
                (Ident::new(&format!("__{}_companion", ident.unraw()), ident.span()), true)
            }
        };
        let names = names(&place, &companion);
        let companion_vis = match &options.companion_vis {
            _ if matches!(place, Place::Extended { .. }) => Visibility::Inherited,
            _ if hidden => Visibility::Inherited,
            Some(given) => given.value.clone(),
            None => function.vis.clone(),
        };
        let (identity, incidental, mut predicates) = generics(&function.sig, &args, &anonymous, &output);
        if asyncness.is_none() && matches!(place, Place::Inherent { .. }) {
            predicates.extend(asked_of_callers(&function.sig.generics, &output));
        }
        let anonymous = anonymous.into_iter().map(|param| param.ident).collect();
        Self {
            mixed_site: mixed().located_at(span),
            call_site: Span::call_site().located_at(span),
            options,
            function,
            args,
            parts,
            whose,
            output,
            companion_value,
            place,
            names,
            asyncness,
            capture,
            is_static,
            owned,
            krate,
            companion,
            hidden,
            companion_vis,
            identity,
            incidental,
            anonymous,
            predicates,
        }
    }

    /// The node that its key is.
    pub(crate) fn node(&self) -> Option<&Type> {
        match &self.whose {
            EntryOwner::Node(node) => Some(node),
            EntryOwner::Own | EntryOwner::Itself => None,
        }
    }

    /// What its arguments are to its user.
    pub(crate) fn argument(&self) -> &'static str {
        if self.is_node() { "field" } else { "argument" }
    }

    pub(crate) fn is_node(&self) -> bool {
        matches!(self.whose, EntryOwner::Itself)
    }

    pub(crate) fn is_free(&self) -> bool {
        matches!(self.place, Place::Free)
    }

    /// Whether a type names a parameter that need not be `'static`.
    pub(crate) fn may_end(&self, ty: &Type) -> bool {
        let (tokens, generics) = (ty.to_token_stream(), &self.function.sig.generics);
        let ends =
            |param: &TypeParam| !is_static_param(generics, param) && mentions(tokens.clone(), &param.ident);
        let anonymous = self.anonymous.iter().any(|name| mentions(tokens.clone(), name));
        anonymous || generics.type_params().any(ends)
    }

    /// Its `self`.
    pub(crate) fn receiver(&self) -> Option<&Arg> {
        self.args.first().filter(|arg| arg.receiver.is_some())
    }

    /// Whether an argument is a part of the key as it is.
    pub(crate) fn is_part_of_key(&self, index: usize) -> bool {
        match &self.parts {
            None => !self.args[index].skipped,
            Some(parts) => parts.iter().any(|part| matches!(part, Part::Arg(at) if *at == index)),
        }
    }

    /// Its future, if it has one, can be sent to other threads.
    pub(crate) fn sends(&self) -> bool {
        self.asyncness.is_none_or(|asyncness| asyncness.sends)
    }

    pub(crate) fn keyed(&self) -> impl Iterator<Item = &Arg> {
        self.args.iter().filter(|arg| !arg.skipped)
    }

    pub(crate) fn skipped(&self) -> impl Iterator<Item = &Arg> {
        self.args.iter().filter(|arg| arg.skipped)
    }

    /// An argument by a name that it binds.
    pub(crate) fn arg(&self, name: &str) -> Option<&Arg> {
        self.args.iter().find(|arg| arg.binds.iter().any(|bound| bound.unraw() == name))
    }
}

fn names(place: &Place, companion: &Ident) -> Names {
    let span = companion.span();
    if let Place::Free = place {
        // Where the function's name is: there editors lead to.
        let name = |name: &str| Ident::new(name, span.resolved_at(mixed()));
        let (entry, key, memo) = (name("entry"), name("key"), name("memo"));
        let of_instance = name("__key");
        let (slot, look_up, body) = (name("__slot"), name("__look_up"), name("__body"));
        let (lead, detached) = (name("__lead"), name("__detached"));
        return Names { entry, key, of_instance, memo, slot, look_up, body, lead, detached };
    }
    let name = |suffix: &str| format_ident!("{}_{suffix}", companion.unraw(), span = span);
    let hidden = |suffix: &str| format_ident!("__{}_{suffix}", companion.unraw(), span = span);
    // In the `impl` of a trait all of these are errors: the names of those that come first appear in the report.
    let first = |suffix: &str| match place {
        Place::Inherent { is_static: false, .. } => {
            hidden(&format!("{suffix}__in_the_impl_of_a_trait_write_memoize_on_the_impl_too"))
        }
        _ => hidden(suffix),
    };
    Names {
        entry: name("entry"),
        key: name("key"),
        of_instance: hidden("key"),
        memo: name("memo"),
        slot: first("slot"),
        look_up: first("look_up"),
        body: hidden("body"),
        lead: hidden("lead"),
        detached: hidden("detached"),
    }
}

/// The parts of the key, where `key` is given; checks that no argument is forgotten.
fn parts(options: &Options, args: &mut [Arg], errors: &mut Errors) -> Option<Vec<Part>> {
    let key = options.key.as_ref()?;
    let mut parts = Vec::new();
    let mut rest = None;
    match &key.value {
        KeyOption::Template(template) => {
            for hole in template.holes() {
                if !hole.spec.is_empty() {
                    errors.at(
                        hole.span,
                        format!(
                            "a key is compared by what its holes name, not by their text: write `{{{}}}`, or an expression `key = (..)`",
                            hole.text()
                        ),
                    );
                }
                let whole = args.iter().position(|arg| arg.named && arg.name.unraw() == hole.root);
                parts.push(match whole {
                    Some(index) if hole.fields.is_empty() => Part::Arg(index),
                    _ => Part::Hole(hole.clone()),
                });
            }
        }
        KeyOption::Parts(exprs) => {
            for expr in exprs {
                if matches!(expr, Expr::Range(range) if range.start.is_none() && range.end.is_none()) {
                    if rest.is_some() {
                        errors.at(expr.span(), "`..` stands for all other arguments: once is enough");
                    }
                    rest = Some(parts.len());
                } else if let Some(index) = args.iter().position(|arg| arg.named && is_name(expr, &arg.name))
                {
                    parts.push(Part::Arg(index));
                } else {
                    parts.push(Part::Expr(expr.clone()));
                }
            }
        }
        KeyOption::Node(node) => parts.push(Part::Expr(Expr::Struct(node.clone()))),
    }
    let mentioned = |arg: &Arg| {
        arg.binds.iter().any(|name| {
            parts.iter().any(|part| match part {
                Part::Arg(_) => false,
                Part::Expr(expr) => mentions(values(expr), name),
                Part::Hole(hole) => name.unraw() == hole.root,
            })
        })
    };
    let mut others = Vec::new();
    for (index, arg) in args.iter().enumerate() {
        let is_part = parts.iter().any(|part| matches!(part, Part::Arg(i) if *i == index));
        let used = is_part || mentioned(arg);
        if arg.skipped {
            if used {
                errors.at(key.span, format!("`{}` is both part of the key and skipped", arg.name));
            }
        } else if !used {
            let names_nothing = matches!(&key.value, KeyOption::Template(text) if text.fixed().is_some());
            if arg.receiver.is_some() || names_nothing {
                // Reported where methods without `key` are, too; and as what it is.
            } else if rest.is_some() {
                others.push(Part::Arg(index));
            } else {
                let add = match &key.value {
                    KeyOption::Node(_) => "let a field of the node tell it",
                    _ => "add it to `key`, end `key` with `..`",
                };
                errors.at(
                    arg.pat.span(),
                    format!(
                        "`{0}` is neither part of the key nor skipped, so calls that differ in it would share an entry: {add}, or write `skip({0})`",
                        arg.name
                    ),
                );
            }
        }
    }
    if let Some(at) = rest {
        let tail = parts.split_off(at);
        parts.extend(others);
        parts.extend(tail);
    }
    if parts.len() > 12 {
        errors.at(key.span, "a key has at most 12 parts: put some into a tuple or a struct");
    }
    Some(parts)
}

/// What an expression computes with: of a struct the values of its fields, whose names are no one's.
fn values(expr: &Expr) -> TokenStream {
    match expr {
        Expr::Struct(of) => {
            let fields = of.fields.iter().map(|field| &field.expr);
            let values: Vec<&Expr> = fields.chain(of.rest.as_deref()).collect();
            quote!(#(#values),*)
        }
        expr => expr.to_token_stream(),
    }
}

/// Whether an expression is just this name.
pub(crate) fn is_name(expr: &Expr, name: &Ident) -> bool {
    matches!(expr, Expr::Path(path) if path.qself.is_none() && path.path.is_ident(name))
}

/// Whether tokens mention a name: as an identifier that is no field and not within a path, or in a text as
/// `{name`.
pub(crate) fn mentions(tokens: TokenStream, name: &Ident) -> bool {
    mention(tokens, &name.to_string()).is_some()
}

/// The same; where they do so first.
pub(crate) fn mention(tokens: TokenStream, name: &str) -> Option<Span> {
    // One dot before a name makes it a field, and two make a range; two colons make it part of a path.
    let (mut dots, mut colons) = (0, 0);
    let mut tokens = tokens.into_iter().peekable();
    std::iter::from_fn(|| {
        let token = tokens.next()?;
        // `self::NAME` is a path, too; but `T::Item` is about `T`.
        Some((token, name == "self" && tokens.peek().is_some_and(is_joint_colon)))
    })
    .find_map(|(token, begins_path)| {
        let found = match &token {
            TokenTree::Ident(ident) => {
                (dots != 1 && colons != 2 && !begins_path && ident == name).then(|| ident.span())
            }
            TokenTree::Group(group) => mention(group.stream(), name),
            TokenTree::Literal(literal) => {
                let name = name.strip_prefix("r#").unwrap_or(name);
                captures(&literal.to_string(), name).then(|| literal.span())
            }
            TokenTree::Punct(_) => None,
        };
        let is = |char| matches!(&token, TokenTree::Punct(punct) if punct.as_char() == char);
        dots = if is('.') { dots + 1 } else { 0 };
        colons = if is(':') { colons + 1 } else { 0 };
        found
    })
}

/// The first half of `::`.
fn is_joint_colon(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == ':' && punct.spacing() == Spacing::Joint)
}

/// Whether a format string captures a name: `{name}`, `{name:?}`.
fn captures(text: &str, name: &str) -> bool {
    text.split('{').skip(1).any(|hole| {
        hole.trim_start()
            .strip_prefix(name)
            .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    })
}

/// The `T` of a visible `Result<T, ..>`.
fn visible_ok(output: &Type) -> Option<Type> {
    let Type::Path(path) = output else { return None };
    let last = path.path.segments.last()?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    if last.ident != "Result" {
        return None;
    }
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty.clone()),
        _ => None,
    })
}

/// The same tokens, which name what they named, as if they had been written at `span`: errors in what
/// they expand to are shown there.
pub(crate) fn at(span: Span, tokens: TokenStream) -> TokenStream {
    let moved = tokens.into_iter().map(|mut token| {
        if let TokenTree::Group(group) = &token {
            let mut group = Group::new(group.delimiter(), at(span, group.stream()));
            group.set_span(span);
            return TokenTree::Group(group);
        }
        token.set_span(span.resolved_at(token.span()));
        token
    });
    moved.collect()
}

/// A span of generated code that names nothing of the user's.
pub(crate) fn mixed() -> Span {
    Span::mixed_site()
}
