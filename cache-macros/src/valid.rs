//! Rules that need more than one option, or the function.

mod bounds;
mod closures;
mod freshness;
mod place;
mod store;

use proc_macro2::{Ident, Span};
use quote::ToTokens as _;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Expr, Type};

use crate::diagnostics::{Errors, list, nearest};
use crate::expand::background_call::refused;
use crate::model::{Arg, Model, Part, Place, is_name, mention, mentions};
use crate::options::{Capacity, Given, ListItem, example};
use crate::shape::{borrows, names_self_type, shape};
use crate::surroundings::Surroundings;
use crate::template::Template;
use syn::ext::IdentExt as _;

pub(crate) use place::standing;

/// `surroundings`: what stands around the attribute, if that is seen.
pub(crate) fn check(model: &Model, surroundings: Option<&Surroundings>, errors: &mut Errors) {
    kind(model, errors);
    node(model, errors);
    receiver(model, errors);
    futures(model, errors);
    output(model, errors);
    arguments(model, errors);
    bounds::arguments(model, errors);
    bounds::futures(model, errors);
    options(model, errors);
    freshness::check(model, errors);
    store::check(model, errors);
    templates(model, errors);
    flags(model, errors);
    place::companions(model, surroundings, errors);
}

/// The same for a node, whose arguments are fields.
pub(crate) fn check_node(model: &Model, errors: &mut Errors) {
    options(model, errors);
    freshness::check(model, errors);
    templates(model, errors);
}

/// What is about the entries of a node is declared there.
fn node(model: &Model, errors: &mut Errors) {
    let Some(node) = model.node() else { return };
    let node = node.to_token_stream().to_string().replace(' ', "");
    for (option, span) in model.options.given() {
        if let Some(why) = option.on_function_of(&node) {
            errors.at(span, why);
        }
    }
}

/// What kind of function it is.
fn kind(model: &Model, errors: &mut Errors) {
    let sig = &model.function.sig;
    if let Some(token) = &sig.constness {
        errors.at(
            token.span(),
            "a `const fn` cannot be memoized: it may run at compile time, where there is no cache",
        );
    }
    let safety = sig.safety.to_token_stream();
    if !safety.is_empty() {
        errors.at(
            safety.span(),
            "an `unsafe fn` cannot be memoized: who answers for a call that is answered from the cache? Memoize a safe function around it",
        );
    }
    if let Some(abi) = &sig.abi {
        errors.at(abi.span(), "an `extern fn` cannot be memoized: memoize a Rust function around it");
    }
    let is_track_caller = |attr: &&syn::Attribute| attr.path().is_ident("track_caller");
    if let Some(attr) = model.function.attrs.iter().find(is_track_caller) {
        errors.at(
            attr.span(),
            "a memoized function cannot be `#[track_caller]`: its body runs for all who ask for the same, and so has no one caller. Leave it out, or take a `&'static Location` as an argument",
        );
    }
    if let Some(variadic) = &sig.variadic {
        errors.at(variadic.span(), "a variadic function cannot be memoized");
    }
}

/// `self` tells instances apart, or it does not: which of them is for the user to say.
fn receiver(model: &Model, errors: &mut Errors) {
    let options = &model.options;
    if let Some(memo) = &options.memo {
        let name = Ident::new("self", Span::call_site());
        if model.receiver().is_none() {
            errors.at(
                memo.span,
                "`memo` names a field of `self`, and there is none here: leave it out, or make this a method",
            );
        } else if !mentions(memo.value.to_token_stream(), &name) {
            errors.at(memo.value.span(), "`memo` names a field of `self`: `memo = self.cats`");
        }
        let mut others = model.args.iter().filter(|arg| arg.receiver.is_none()).flat_map(|arg| &arg.binds);
        if let Some(seen) = others.find(|bound| mentions(memo.value.to_token_stream(), bound)) {
            errors.at(
                memo.value.span(),
                format!("`memo` does not see `{seen}`, only `self`: there is one memo for all calls of an instance"),
            );
        }
    }
    let Some(arg) = model.receiver() else { return };
    let in_key = match &model.parts {
        None => false,
        Some(parts) => parts.iter().any(|part| match part {
            Part::Arg(index) => model.args[*index].receiver.is_some(),
            Part::Expr(expr) => mentions(expr.to_token_stream(), &arg.name),
            Part::Hole(hole) => hole.root == "self",
        }),
    };
    if !arg.skipped && !in_key {
        let form = arg.receiver.to_token_stream().to_string();
        let form = [("& ", "&"), (" :", ":"), (" < ", "<"), (" >", ">")]
            .iter()
            .fold(form, |form, (from, to)| form.replace(from, to));
        errors.at(
            arg.receiver.span(),
            format!("`{form}` is neither part of the key nor skipped: say what tells instances apart, `key = (self.id, ..)`; or keep the entries in the instance, `memo = self.cats`; or write `skip(self)`, for one entry for all instances"),
        );
    }
}

/// Rules about futures, and what is computed in the background.
fn futures(model: &Model, errors: &mut Errors) {
    let options = &model.options;
    // One mistake, whatever number of them there is.
    let in_background = options.in_background();
    if let (Some((name, span)), Place::Extended { is_static: false, .. }) = (in_background, &model.place) {
        errors.at(
            span,
            format!("`{name}` computes in the background, which a type that may borrow cannot do: in the `impl` of a trait let type parameters be `'static` and name no lifetimes; in a trait leave it out"),
        );
    }
    match (&options.maybe_send, model.asyncness) {
        (Some(maybe), None) => {
            errors.at(
                maybe.span,
                "`?Send` is about futures, and this function is not asynchronous: leave it out",
            );
        }
        (_, Some(_)) if !model.sends() => {
            if let Some((name, span)) = in_background {
                errors.at(
                    span,
                    format!("`{name}` needs a future that is `Send`, to compute it in the background: leave `?Send` out, or write `dyn Future + Send`"),
                );
            }
        }
        _ => {
            if let Some((span, why)) = refused(model) {
                errors.at(span, why);
            }
        }
    }
}

/// What it returns.
fn output(model: &Model, errors: &mut Errors) {
    struct Opaque(Option<proc_macro2::Span>);
    impl<'ast> Visit<'ast> for Opaque {
        fn visit_type_impl_trait(&mut self, ty: &'ast syn::TypeImplTrait) {
            self.0.get_or_insert(ty.span());
            visit::visit_type_impl_trait(self, ty);
        }
    }
    let mut opaque = Opaque(None);
    opaque.visit_type(&model.output);
    if let Some(span) = opaque.0 {
        errors.at(
            span,
            "an `impl Trait` return cannot be kept, since its type has no name: return a type that has one, or `impl Future<Output = T>`",
        );
    } else if matches!(model.output, Type::Never(_)) {
        errors.at(model.output.span(), "a function that never returns has nothing to cache");
    } else if borrows(&model.output) || is_self_that_borrows(model) {
        errors.at(
            model.output.span(),
            "a borrowed return cannot be kept: it would outlive what it borrows from. Return an owned value, or an `Arc` of it",
        );
    } else {
        bounds::output(model, errors);
    }
}

/// Whether it returns `Self`, and that is a type that visibly borrows.
fn is_self_that_borrows(model: &Model) -> bool {
    let borrows = match model.place {
        Place::Free => false,
        Place::Inherent { borrows, .. } | Place::Extended { borrows, .. } => borrows,
    };
    borrows && names_self_type(model.output.to_token_stream())
}

/// What it takes.
fn arguments(model: &Model, errors: &mut Errors) {
    if model.keyed().count() > 12 && model.parts.is_none() {
        errors.at(
            model.function.sig.inputs.span(),
            "a key has at most 12 parts: leave arguments out with `skip(..)`, or put some into a tuple or a struct",
        );
    }
    for (index, arg) in model.args.iter().enumerate() {
        let name = &arg.name;
        if arg.receiver.is_some() && !arg.skipped && model.parts.is_none() {
            // Reported as what it is.
            continue;
        }
        if mutable(&arg.ty) && !arg.skipped {
            errors.at(
                arg.ty.span(),
                format!("`{name}` is `&mut`: what a call does to it would not happen on a hit. Take it by value or by `&`, or write `skip({name})` if that is fine"),
            );
            continue;
        }
        if model.is_part_of_key(index) && shape(&arg.ty, &model.krate, name.span()).is_err() {
            errors.at(
                arg.ty.span(),
                format!("`{name}` borrows in a way that cannot be kept in a key: say what identifies it, `key = ({name}.id, ..)`, or leave it out, `skip({name})`"),
            );
        }
    }
}

/// Whether there is a `&mut` in a type.
fn mutable(ty: &Type) -> bool {
    struct Finder(bool);
    impl<'ast> Visit<'ast> for Finder {
        fn visit_type_reference(&mut self, reference: &'ast syn::TypeReference) {
            self.0 |= reference.mutability.is_some();
            visit::visit_type_reference(self, reference);
        }
        fn visit_type_fn_ptr(&mut self, _: &'ast syn::TypeFnPtr) {}
    }
    let mut finder = Finder(false);
    finder.visit_type(ty);
    finder.0
}

/// Options that need or exclude each other.
fn options(model: &Model, errors: &mut Errors) {
    let options = &model.options;
    if let Some(weigh) = &options.weigh {
        match &options.capacity {
            None if options.is_read => errors
                .at(weigh.span, "`weigh` needs a `capacity` in its units: `capacity = 64 * 1024 * 1024`"),
            Some(Given { value: Capacity::Unbounded, .. }) => {
                errors
                    .at(weigh.span, "`weigh` has no use with `capacity = unbounded`: leave one of them out");
            }
            None | Some(_) => {}
        }
    }
    if let (Some(policy), Some(Given { value: Capacity::Unbounded, .. })) =
        (&options.policy, &options.capacity)
    {
        errors.at(policy.span, "`policy` has no use with `capacity = unbounded`, where nothing makes room: leave one of them out");
    }
    if let Some(Given { value: false, .. }) = options.single_flight {
        for name in ["max_wait", "share_error"] {
            let Some(span) = options.span_of(name) else { continue };
            errors.at(
                span,
                format!("`{name}` has no use with `single_flight = false`, where nobody waits: leave one of them out"),
            );
        }
    }
    if let Some(wait) = &options.max_wait
        && wait.value.is_zero()
    {
        errors.at(wait.span, "`max_wait` of 0 lets nobody wait: write `single_flight = false`");
    }
    if let Some(err_ttl) = &options.err_ttl
        && err_ttl.value.is_zero()
    {
        errors.at(err_ttl.span, "errors are not cached by default: leave `err_ttl` out");
    }
    if let (true, Some(span)) = (model.hidden, options.span_of("companion_vis")) {
        errors.at(span, "`companion_vis` has no use with `companion = false`: leave one of them out");
    }
    if let Some(name) = &options.name
        && name.value.value().trim().is_empty()
    {
        errors.at(name.value.span(), "a name cannot be empty");
    }
    for (name, given) in [
        ("cache_if", &options.cache_if),
        ("weigh", &options.weigh),
        ("fallback_if", &options.fallback_if),
        ("share_error", &options.share_error),
    ] {
        let Some(Given { value: expr, .. }) = given else { continue };
        // Other macros may well be functions.
        let is_bool = match expr {
            Expr::Macro(of) => of.mac.path.is_ident("matches"),
            Expr::Binary(_) => true,
            Expr::Unary(unary) => matches!(unary.op, syn::UnOp::Not(_)),
            _ => false,
        };
        if is_bool || matches!(expr, Expr::Lit(_)) {
            let form = example(name);
            errors.at(
                expr.span(),
                format!("`{name}` takes a closure or a path to a function: `{name} = {form}`"),
            );
        }
    }
    for hook in [&options.on_hit, &options.on_miss, &options.on_store, &options.on_evict, &options.on_error]
        .into_iter()
        .flatten()
    {
        if let Expr::Lit(lit) = &hook.value {
            errors.at(lit.span(), "a hook is a closure or a path to a function");
        }
    }
    for (name, given) in [("bypass_if", &options.bypass_if), ("refresh_if", &options.refresh_if)] {
        if let Some(Given { value: Expr::Closure(closure), .. }) = given {
            errors.at(
                closure.span(),
                format!("`{name}` is no closure, but an expression that sees the arguments by name: `{name} = {}`", example(name)),
            );
        }
    }
    if let Some(given) = &options.placeholder
        && let Expr::Closure(closure) = &given.value
    {
        errors.at(
            closure.span(),
            "a placeholder is a value, which sees the arguments by name: `placeholder = Cat::unknown(name)`",
        );
    }
    closures::check(model, errors);
}

/// Holes name arguments, or the value where there is one.
fn templates(model: &Model, errors: &mut Errors) {
    for tag in model.options.tags.iter().flat_map(|given| &given.value) {
        match tag {
            ListItem::Text(template) => holes(model, template, true, errors),
            ListItem::One(expr) | ListItem::Spread(expr) => tag_expr(model, expr, errors),
        }
    }
    if let Some(Given { value: crate::options::KeyOption::Template(template), span }) = &model.options.key {
        if template.fixed().is_some() {
            errors.at(*span, "this text names no argument, so all calls would share one entry: write `key = (user.id, lang)`, or `key = ()` if that is meant");
        }
        holes(model, template, false, errors);
    }
}

fn two_values(model: &Model) -> String {
    let article = if model.is_node() { "a" } else { "an" };
    let argument = model.argument();
    format!(
        "`value` is the stored value here, and {article} {argument} is called so too: rename the {argument}"
    )
}

/// What an expression of a tag sees.
fn tag_expr(model: &Model, expr: &Expr, errors: &mut Errors) {
    let tokens = expr.to_token_stream();
    if let Some(span) = mention(tokens.clone(), "value") {
        if model.arg("value").is_some() {
            errors.at(span, two_values(model));
        }
        let gone =
            |arg: &&Arg| mutable(&arg.ty) && arg.binds.iter().any(|name| mentions(tokens.clone(), name));
        if let Some(arg) = model.args.iter().find(gone) {
            errors.at(
                expr.span(),
                format!("`{}` is `&mut`, so where there is a value it is no longer at hand: make one tag of the value, and another of the argument", arg.name),
            );
        }
    } else if let Expr::Path(path) = expr
        && let Some(name) = path.path.get_ident()
        && model.arg(&name.unraw().to_string()).is_none()
        && name.to_string().starts_with(char::is_lowercase)
    {
        let known = known(model, true);
        let hint = nearest(&name.to_string(), known.iter().map(String::as_str)).map_or_else(
            || format!("a text is in quotes, `\"{name}\"`"),
            |near| format!("did you mean `{near}`?"),
        );
        errors.at(expr.span(), format!("`{name}` names no {}: {hint}", model.argument()));
    }
}

/// What a template or expression can name.
fn known(model: &Model, has_value: bool) -> Vec<String> {
    let names = model.args.iter().flat_map(|arg| &arg.binds).map(|name| name.unraw().to_string());
    names.chain(has_value.then(|| "value".to_owned())).collect()
}

fn holes(model: &Model, template: &Template, has_value: bool, errors: &mut Errors) {
    let names: Vec<Ident> = model.args.iter().flat_map(|arg| arg.binds.iter().cloned()).collect();
    let two_values = has_value.then(|| two_values(model));
    holes_of(&names, template, two_values.as_deref(), model.argument(), errors);
}

/// Each hole names one of these, arguments or fields, or the value where there is one. `two_values` says
/// what is wrong where one of them is called so as well.
pub(crate) fn holes_of(
    args: &[Ident],
    template: &Template,
    two_values: Option<&str>,
    argument: &str,
    errors: &mut Errors,
) {
    let names: Vec<String> = args.iter().map(|name| name.unraw().to_string()).collect();
    for hole in template.holes() {
        let is_arg = names.contains(&hole.root);
        if let Some(two_values) = two_values
            && hole.is_of_value()
        {
            if is_arg {
                errors.at(hole.span, two_values);
            }
            continue;
        }
        if !is_arg {
            let value = two_values.is_some().then_some("value");
            let known = || names.iter().map(String::as_str).chain(value);
            let hint = nearest(&hole.root, known()).map_or_else(
                || format!("there are {}", list(known())),
                |near| format!("did you mean `{near}`?"),
            );
            let what = if hole.is_of_value() { "there is no value yet when the key is made" } else { "" };
            let message = if what.is_empty() {
                format!("`{{{}}}` names no {argument}: {hint}", hole.text())
            } else {
                format!("`{{{}}}`: {what}", hole.text())
            };
            errors.at(hole.span, message);
        }
    }
}

/// A flag that only says how to call must not tell entries apart.
fn flags(model: &Model, errors: &mut Errors) {
    for (name, given) in [("refresh_if", &model.options.refresh_if), ("bypass_if", &model.options.bypass_if)]
    {
        let Some(given) = given else { continue };
        let flag = match &given.value {
            Expr::Unary(unary) if matches!(unary.op, syn::UnOp::Not(_)) => &unary.expr,
            other => other,
        };
        let bare = model.args.iter().find(|arg| arg.named && is_name(flag, &arg.name));
        if let Some(arg) = bare
            && !arg.skipped
            && matches!(&arg.ty, Type::Path(path) if path.path.is_ident("bool"))
        {
            errors.at(
                given.value.span(),
                format!("`{0}` is part of the key, so a call with `{0} = true` has an entry of its own, and `{name}` never touches the other: write `skip({0})`", arg.name),
            );
        }
    }
}
