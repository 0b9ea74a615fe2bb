//! The function and every choice made about it. From here on nothing is decided.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned as _;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Attribute, Expr, FnArg, GenericArgument, GenericParam, Pat, Path, PathArguments, ReturnType, Signature,
    Type, TypeParam, Visibility, WherePredicate, parse_quote,
};

use crate::diagnostics::Errors;
use crate::options::{Companion, KeyOption, Options};

/// A function, its body unread.
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    pub(crate) body: Group,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        let sig = input.parse()?;
        let body = match input.parse()? {
            TokenTree::Group(body) => body,
            other => return Err(syn::Error::new(other.span(), "it has no body")),
        };
        Ok(Self { attrs, vis, sig, body })
    }
}

/// Reads the function.
pub(crate) fn function(item: TokenStream, errors: &mut Errors) -> Option<Function> {
    match syn::parse2(item) {
        Ok(function) => Some(function),
        Err(error) => {
            let span = error.span();
            errors
                .push(syn::Error::new(span, format!("`#[memoize]` goes on a function with a body: {error}")));
            None
        }
    }
}

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
pub(crate) enum Face {
    /// The `Ok` of a visible `Result`.
    Value(Box<Type>),
    /// The return.
    Return,
}

/// The function and every choice made about it.
pub(crate) struct Model {
    pub(crate) options: Options,
    pub(crate) function: Function,
    pub(crate) args: Vec<Arg>,
    /// The parts of the key; `None` if these are simply the arguments that are not skipped.
    pub(crate) parts: Option<Vec<Part>>,
    pub(crate) output: Type,
    pub(crate) face: Face,
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
    pub(crate) fn new(options: Options, function: Function, errors: &mut Errors) -> Self {
        let (mut args, anonymous) = arguments(&function.sig, &options, errors);
        let parts = parts(&options, &mut args, errors);
        let output = match &function.sig.output {
            ReturnType::Default => parse_quote!(()),
            ReturnType::Type(_, ty) => (**ty).clone(),
        };
        let face = visible_ok(&output).map_or(Face::Return, |ok| Face::Value(Box::new(ok)));
        let krate =
            options.krate.as_ref().map_or_else(|| parse_quote!(::cache_core), |krate| krate.value.clone());
        let ident = &function.sig.ident;
        let (companion, hidden) = match options.companion.as_ref().map(|given| &given.value) {
            None => (ident.clone(), false),
            Some(Companion::Named(name)) => (name.clone(), false),
            Some(Companion::None) => {
                (Ident::new(&format!("__{}_companion", ident.unraw()), ident.span()), true)
            }
        };
        let companion_vis = match &options.companion_vis {
            _ if hidden => Visibility::Inherited,
            Some(given) => given.value.clone(),
            None => function.vis.clone(),
        };
        let (identity, incidental, predicates) = generics(&function.sig, &args, &anonymous, &output);
        let anonymous = anonymous.into_iter().map(|param| param.ident).collect();
        Self {
            options,
            function,
            args,
            parts,
            output,
            face,
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

fn arguments(sig: &Signature, options: &Options, errors: &mut Errors) -> (Vec<Arg>, Vec<TypeParam>) {
    let mut anonymous = Anonymous { params: Vec::new() };
    let skip = options.skip.as_ref().map_or(&[][..], |given| &given.value);
    let mut args = Vec::new();
    for input in &sig.inputs {
        let FnArg::Typed(typed) = input else { continue };
        let mut ty = (*typed.ty).clone();
        anonymous.visit_type_mut(&mut ty);
        let named = match &*typed.pat {
            Pat::Ident(ident) if ident.by_ref.is_none() && ident.subpat.is_none() => {
                Some(ident.ident.clone())
            }
            _ => None,
        };
        let name =
            named.clone().unwrap_or_else(|| Ident::new(&format!("arg{}", args.len()), typed.pat.span()));
        let mut binds = Binds(Vec::new());
        syn::visit::Visit::visit_pat(&mut binds, &typed.pat);
        let skipped = named.as_ref().is_some_and(|name| skip.contains(name));
        let is_lint = |attr: &&Attribute| {
            ["allow", "warn", "deny", "forbid", "expect"].iter().any(|level| attr.path().is_ident(level))
        };
        args.push(Arg {
            pat: (*typed.pat).clone(),
            ty,
            named: named.is_some(),
            name,
            binds: binds.0,
            skipped,
            lints: typed.attrs.iter().filter(is_lint).cloned().collect(),
        });
    }
    for (i, name) in skip.iter().enumerate() {
        if skip[..i].contains(name) {
            errors.at(name.span(), format!("`{name}` is skipped twice"));
        } else if !args.iter().any(|arg| arg.named && arg.name == *name) {
            let names =
                args.iter().filter(|arg| arg.named).map(|arg| arg.name.to_string()).collect::<Vec<_>>();
            let known = crate::diagnostics::list(names.iter().map(String::as_str));
            errors.at(name.span(), format!("there is no argument `{name}` to skip, only {known}"));
        }
    }
    (args, anonymous.params)
}

/// Gives `impl Trait` among arguments a name, so that companions can speak of it.
struct Anonymous {
    params: Vec<TypeParam>,
}

impl VisitMut for Anonymous {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        visit_mut::visit_type_mut(self, ty);
        if let Type::ImplTrait(bounds) = ty {
            let ident = Ident::new(&format!("Impl{}", self.params.len()), bounds.span());
            let bounds = &bounds.bounds;
            self.params.push(parse_quote!(#ident: #bounds));
            *ty = parse_quote!(#ident);
        }
    }
}

struct Binds(Vec<Ident>);

impl<'ast> syn::visit::Visit<'ast> for Binds {
    fn visit_pat_ident(&mut self, pat: &'ast syn::PatIdent) {
        self.0.push(pat.ident.clone());
        syn::visit::visit_pat_ident(self, pat);
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
    }
    let mentioned = |arg: &Arg| {
        arg.binds.iter().any(|name| {
            parts.iter().any(|part| match part {
                Part::Arg(_) => false,
                Part::Expr(expr) => mentions(expr.to_token_stream(), name),
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
            if rest.is_some() {
                others.push(Part::Arg(index));
            } else {
                errors.at(
                    arg.pat.span(),
                    format!(
                        "`{0}` is neither part of the key nor skipped, so calls that differ in it would share an entry: add it to `key`, end `key` with `..`, or write `skip({0})`",
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

/// Whether an expression is just this name.
pub(crate) fn is_name(expr: &Expr, name: &Ident) -> bool {
    matches!(expr, Expr::Path(path) if path.qself.is_none() && path.path.is_ident(name))
}

/// Whether tokens mention a name: as an identifier that is not a field, or in a text as `{name`.
pub(crate) fn mentions(tokens: TokenStream, name: &Ident) -> bool {
    // One dot before a name makes it a field; two make a range.
    let mut dots = 0;
    tokens.into_iter().any(|token| {
        let found = match &token {
            TokenTree::Ident(ident) => dots != 1 && ident == name,
            TokenTree::Group(group) => mentions(group.stream(), name),
            TokenTree::Literal(literal) => captures(&literal.to_string(), &name.unraw().to_string()),
            TokenTree::Punct(_) => false,
        };
        dots = if matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '.') { dots + 1 } else { 0 };
        found
    })
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

/// Parts the type and const parameters: those that tell memos apart, those that only skipped arguments
/// use, and what is asked of either.
fn generics(
    sig: &Signature,
    args: &[Arg],
    anonymous: &[TypeParam],
    output: &Type,
) -> (Vec<GenericParam>, Vec<GenericParam>, Vec<WherePredicate>) {
    let mut predicates: Vec<WherePredicate> = Vec::new();
    let mut unsized_params: Vec<Ident> = Vec::new();
    if let Some(clause) = &sig.generics.where_clause {
        predicates.extend(clause.predicates.iter().cloned());
    }
    let declared = sig.generics.params.iter().cloned();
    let params = declared.chain(anonymous.iter().cloned().map(GenericParam::Type));
    let (mut identity, mut incidental) = (Vec::new(), Vec::new());
    for mut param in params {
        let ident = match &mut param {
            GenericParam::Lifetime(_) => continue,
            GenericParam::Const(param) => {
                param.default = None;
                param.ident.clone()
            }
            GenericParam::Type(param) => {
                let ident = param.ident.clone();
                let bounds = std::mem::take(&mut param.bounds);
                param.colon_token = None;
                let (relaxed, bounds): (Vec<_>, Vec<_>) = bounds.into_iter().partition(is_relaxed);
                if !relaxed.is_empty() {
                    unsized_params.push(ident.clone());
                    param.bounds = relaxed.into_iter().collect();
                }
                if !bounds.is_empty() {
                    predicates.push(parse_quote!(#ident: #(#bounds)+*));
                }
                ident
            }
        };
        let used_by = |skipped: bool| {
            args.iter().any(|arg| arg.skipped == skipped && mentions(arg.ty.to_token_stream(), &ident))
        };
        let tells = used_by(false) || mentions(output.to_token_stream(), &ident) || !used_by(true);
        if tells { identity.push(param) } else { incidental.push(param) }
    }
    // `where T: ?Sized` belongs to the parameter, not to its users.
    for predicate in &mut predicates {
        if let WherePredicate::Type(predicate) = predicate
            && predicate.bounds.iter().any(is_relaxed)
        {
            let bounds = std::mem::take(&mut predicate.bounds);
            let (relaxed, bounds): (Vec<_>, Vec<_>) = bounds.into_iter().partition(is_relaxed);
            predicate.bounds = bounds.into_iter().collect();
            let of = predicate.bounded_ty.to_token_stream().to_string();
            for param in identity.iter_mut().chain(&mut incidental) {
                if let GenericParam::Type(param) = param
                    && param.ident == of
                {
                    param.bounds.extend(relaxed.iter().cloned());
                }
            }
        }
    }
    (identity, incidental, predicates)
}

fn is_relaxed(bound: &syn::TypeParamBound) -> bool {
    bound.to_token_stream().to_string().replace(' ', "").starts_with("?Sized")
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
